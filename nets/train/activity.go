package train

import (
	"math"
	"slices"

	"hebb/compute"
	"hebb/internal/float"
	"hebb/nets"
	"hebb/nets/stack"
)

// An Activity is statistics of a layer's outputs, with their activation, over all examples of an evaluation. A unit is a
// channel of a convolution, at all places, or a number of another layer.
type Activity struct {
	Layer    string       `json:"layer"`
	Out      nets.Shape   `json:"out"`
	Mean     float.OrNull `json:"mean"`
	SD       float.OrNull `json:"sd"`       // about each unit's mean: √(mean over the units of their variances)
	Zeros    float.OrNull `json:"zeros"`    // share of the numbers that are 0
	Constant int          `json:"constant"` // units with one value for all examples, such as silent ones
	Units    int          `json:"units"`
}

// A census collects the statistics of the layers of one network, learner by learner, each over the units.
type census struct {
	names  []stack.NamedLayer // in the order of the forward pass
	counts map[string]*[5][]float64
	rows   map[string]float64 // numbers of a unit
}

var (
	squareOf  = compute.Formula("x*x", "x")
	isZero    = compute.Formula("where(abs(x), 0, 1)", "x")
	minusOf   = compute.Formula("-x", "x")
	countedBy = [5]compute.Reduce{ // of a unit: Σ x, Σ x², zeros, the largest, and minus the smallest
		{}, {F: squareOf}, {F: isZero}, {Fold: compute.FoldMax}, {F: minusOf, Fold: compute.FoldMax},
	}
)

// see adds the outputs of a layer for a batch.
func (c *census) see(p *stack.Pass, l stack.NamedLayer, y *compute.Tensor) {
	if p.Device().Staged() {
		return
	}
	units := l.Out.Channels
	rows := y.Len() / p.Learners / units
	y = p.View(y, 0, p.Learners, rows, units)
	of, ok := c.counts[l.Name]
	if !ok {
		of = &[5][]float64{}
		for i, r := range countedBy {
			none := 0.0
			if r.Fold == compute.FoldMax {
				none = math.Inf(-1)
			}
			of[i] = slices.Repeat([]float64{none}, p.Learners*units)
		}
		c.names, c.counts[l.Name] = append(c.names, l), of
	}
	c.rows[l.Name] += float64(rows)
	n := p.Learners * units
	out, batch := p.Tensor(len(countedBy), n), make([]float32, len(countedBy)*n)
	for i, r := range countedBy {
		r.Out, r.In, r.Along, r.Alpha = p.View(out, i*n, p.Learners, 1, units), []*compute.Tensor{y}, compute.AlongRows, 1
		p.Do(r)
	}
	p.Read(out, batch)
	for i, r := range countedBy {
		for k, x := range batch[i*n:][:n] {
			if r.Fold == compute.FoldMax {
				of[i][k] = math.Max(of[i][k], float64(x))
			} else {
				of[i][k] += float64(x)
			}
		}
	}
}

// of returns the statistics of learner l.
func (c *census) of(l int) (all []Activity) {
	for _, layer := range c.names {
		units, n := layer.Out.Channels, c.rows[layer.Name]
		a := Activity{Layer: layer.Name, Out: layer.Out, Units: units}
		var mean, variance, zeros float64
		for u := l * units; u < (l+1)*units; u++ {
			of := c.counts[layer.Name]
			m := of[0][u] / n
			mean, variance, zeros = mean+m, variance+math.Max(0, of[1][u]/n-m*m), zeros+of[2][u]/n
			if of[3][u] == -of[4][u] {
				a.Constant++
			}
		}
		k := float64(units)
		a.Mean, a.SD, a.Zeros = float.OrNull(mean/k), float.OrNull(math.Sqrt(variance/k)), float.OrNull(zeros/k)
		all = append(all, a)
	}
	return all
}

// takeCensus has networks count what their layers do, and returns a function that tells it of each learner.
func takeCensus(networks []*stack.Net, learners int) func() [][]Activity {
	all := make([]*census, len(networks))
	for i, n := range networks {
		all[i] = &census{counts: map[string]*[5][]float64{}, rows: map[string]float64{}}
		n.WatchAll(all[i].see)
	}
	return func() (each [][]Activity) {
		side := learners / len(all) // by side, in each network
		for l := range learners {
			each = append(each, all[l/side].of(l%side))
		}
		return each
	}
}
