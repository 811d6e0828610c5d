package stack

import (
	"encoding/json"
	"math"

	"hebb/compute"
)

// Degrees are an angle; NaN, null in JSON, is none.
type Degrees float64

// MarshalJSON writes null for NaN.
func (d Degrees) MarshalJSON() ([]byte, error) {
	if d != d {
		return []byte("null"), nil
	}
	return json.Marshal(float64(d))
}

// UnmarshalJSON reads null as NaN.
func (d *Degrees) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*d = Degrees(math.NaN())
		return nil
	}
	return json.Unmarshal(text, (*float64)(d))
}

// An Angle compares what a rule does at a layer with what backprop would do, in degrees and as lengths.
type Angle struct {
	Layer        string  `json:"layer"`
	Weights      Degrees `json:"weights"`    // between W and B; NaN where there is no B of that shape
	Delta        Degrees `json:"delta"`      // between the rule\'s delta at the pre-activation and backprop\'s
	NormW        float64 `json:"norm_w"`     // ‖W‖
	NormB        float64 `json:"norm_b"`     // ‖B‖
	NormDelta    float64 `json:"norm_delta"` // of the rule's
	NormBackprop float64 `json:"norm_bp"`
}

var none = compute.Pointwise(compute.Scale(0, compute.Var(0)))

var square = compute.Pointwise(compute.Mul(compute.Var(0), compute.Var(0)))

// Angles compares the rule with backprop on a batch, layer by layer, both from the same forward pass and
// with the same statistics and dropout as the next step. It changes nothing, and waits for the device.
func (t *Trainer) Angles(x, labels []float32) ([]Angle, error) {
	ws := t.Net.Weights
	const each = 6
	out := make([]float32, each*len(ws))
	err := t.pass(x, labels, func(p *Pass, in, classes *compute.Tensor) {
		p.Training, p.quiet, p.meter = true, true, t.aside
		for _, w := range ws {
			w.Delta = nil
		}
		delta := t.judge(p, t.aside, t.Net.Forward(p, in), classes, true).delta
		rule, exact := make([]*compute.Tensor, len(ws)), make([]*compute.Tensor, len(ws))
		deltas := func(r Rule, into []*compute.Tensor) {
			p.rule = r
			t.Net.Backward(p, delta)
			for i, w := range ws {
				into[i] = w.Delta
			}
		}
		deltas(t.Net.Rule, rule)
		p.whole = true
		deltas(Backprop{}, exact)
		sums := p.Tensor(len(out))
		for i, w := range ws {
			if w.B != nil && w.B.Len() == w.W.Len() {
				p.products(sums, each*i, w.W, w.B)
			} else {
				p.products(sums, each*i, w.W, w.W) // for its norm alone
			}
			if rule[i] == nil { // of a block that does not learn
				rule[i] = p.Map(none, exact[i])
			}
			p.products(sums, each*i+3, rule[i], exact[i])
		}
		p.Read(sums, out)
	})
	if err != nil {
		return nil, err
	}
	angles := make([]Angle, len(ws))
	for i, w := range ws {
		v := out[each*i:]
		a := Angle{Layer: w.Name, Weights: angle(v[0], v[1], v[2]), Delta: angle(v[3], v[4], v[5])}
		if w.B == nil || w.B.Len() != w.W.Len() {
			a.Weights, v[2] = Degrees(math.NaN()), 0
		}
		a.NormW, a.NormB = math.Sqrt(float64(v[1])), math.Sqrt(float64(v[2]))
		a.NormDelta, a.NormBackprop = math.Sqrt(float64(v[4])), math.Sqrt(float64(v[5]))
		angles[i] = a
	}
	return angles, nil
}

// products puts a·b, a·a and b·b into sums at i.
func (p *Pass) products(sums *compute.Tensor, i int, a, b *compute.Tensor) {
	p.Do(compute.Reduce{Out: p.View(sums, i, 1), In: []*compute.Tensor{a, p.View(b, 0, b.Len())}, F: times, Along: compute.AlongAll, Alpha: 1})
	for k, t := range []*compute.Tensor{a, b} {
		p.Do(compute.Reduce{Out: p.View(sums, i+1+k, 1), In: []*compute.Tensor{t}, F: square, Along: compute.AlongAll, Alpha: 1})
	}
}

// angle is that between two vectors, given their products, in degrees.
func angle(ab, aa, bb float32) Degrees {
	c := float64(ab) / math.Sqrt(float64(aa)*float64(bb))
	return Degrees(math.Acos(math.Max(-1, math.Min(1, c))) * 180 / math.Pi)
}
