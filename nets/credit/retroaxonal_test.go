package credit_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/credit"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/tasks"
)

// retro returns a network with three labile units of six; its first period begins after the reference is full.
func retro(keep string) *credit.Retroaxonal {
	return &credit.Retroaxonal{Units: 6, Labile: 3, Keep: keep, Noise: 1, Warmup: 2, Length: 2, Periods: 2, Reference: 8, Decay: 0.125}
}

var retroIn = nets.Row(4)

func retroBatch() nets.Task {
	x, labels := lab.Batch(retroIn)
	return &tasks.Batch{In: retroIn, X: x, Out: 3, Classes: true, Want: labels}
}

// A retroTwin runs the equations of Retroaxonal, unit by unit.
type retroTwin struct {
	r               *credit.Retroaxonal
	x               [][]float64
	labels          []int
	w, stable       [][]float64
	v               [][]float64 // classes × units
	c, mean, gain   []float64
	labile, started []float64
	drawn           [][]float64
}

func (n *retroTwin) draw() (x []float64) {
	x, n.drawn = n.drawn[0], n.drawn[1:]
	return x
}

// measure uses the batch in place of the reference, which is the same batch twice.
func (n *retroTwin) measure() {
	count := float64(len(n.x))
	for j, w := range n.w {
		n.mean[j] = 0
		for _, x := range n.x {
			n.mean[j] += lab.Dot(w, x) / count
		}
		middle, variance := 0.0, 0.0
		for _, x := range n.x {
			middle += math.Max(lab.Dot(w, x)-n.mean[j], 0) / count
		}
		for _, x := range n.x {
			d := math.Max(lab.Dot(w, x)-n.mean[j], 0) - middle
			variance += d * d / count
		}
		if n.gain[j] = 0; variance > 0 {
			n.gain[j] = 1 / math.Sqrt(variance)
		}
	}
}

func (n *retroTwin) strengths() []float64 {
	s := make([]float64, n.r.Units)
	for _, row := range n.v {
		for j, v := range row {
			s[j] += v * v
		}
	}
	return s
}

// lowest marks the lowest count of some numbers.
func lowest(u []float64, count int) []float64 {
	sorted := slices.Sorted(slices.Values(u))
	out := make([]float64, len(u))
	for j, x := range u {
		if count > 0 && x <= sorted[count-1] {
			out[j] = 1
		}
	}
	return out
}

func (n *retroTwin) step(k int, rate float64) {
	r := n.r
	since := k - r.Warmup
	active := r.Keep != "none" && since >= 0 && since < r.Periods*r.Length
	if active && since%r.Length == 0 {
		n.labile = lowest(n.draw(), r.Labile)
		noise := n.draw()
		for j := range n.w {
			n.w[j] = slices.Clone(n.stable[j])
			if n.labile[j] == 0 {
				continue
			}
			for i := range n.w[j] {
				n.w[j][i] += float64(r.Noise) * noise[j*len(n.w[j])+i] / math.Sqrt(float64(len(n.w[j])))
			}
			length := lab.Norm(n.w[j])
			for i := range n.w[j] {
				n.w[j][i] /= length
			}
		}
		n.started = n.strengths()
	}
	n.measure()
	n.learn(rate)
	if active && since%r.Length == r.Length-1 {
		n.decide()
	}
}

func (n *retroTwin) learn(rate float64) {
	count := float64(len(n.x))
	gradV, gradC := make([][]float64, 3), make([]float64, 3)
	for e, x := range n.x {
		h := make([]float64, n.r.Units)
		for j, w := range n.w {
			h[j] = n.gain[j] * math.Max(lab.Dot(w, x)-n.mean[j], 0)
		}
		z, sum := make([]float64, 3), 0.0
		for k := range z {
			z[k] = math.Exp(lab.Dot(n.v[k], h) + n.c[k])
			sum += z[k]
		}
		for k := range z {
			delta := z[k] / sum
			if k == n.labels[e] {
				delta--
			}
			gradC[k] += delta / count
			if gradV[k] == nil {
				gradV[k] = make([]float64, n.r.Units)
			}
			for j := range h {
				gradV[k][j] += delta * h[j] / count
			}
		}
	}
	for k := range n.v {
		n.c[k] -= rate * gradC[k]
		for j := range n.v[k] {
			n.v[k][j] -= rate * (gradV[k][j] + float64(n.r.Decay)*n.v[k][j])
		}
	}
}

func (n *retroTwin) decide() {
	now, keep, grown := n.strengths(), make([]float64, n.r.Units), 0
	for j, l := range n.labile {
		up := now[j] > n.started[j]
		if l == 1 && up {
			grown++
		}
		if l == 1 && (n.r.Keep == "all" || n.r.Keep == "grown" && up || n.r.Keep == "shrunk" && !up) {
			keep[j] = 1
		}
	}
	if n.r.Keep == "shuffled" {
		u := n.draw()
		for j := range u {
			u[j] += 2 * (1 - n.labile[j])
		}
		keep = lowest(u, grown)
	}
	for j := range keep {
		if keep[j] == 1 {
			n.stable[j] = n.w[j]
		}
		n.w[j] = slices.Clone(n.stable[j])
	}
	n.measure()
}

// TestRetroaxonal holds weights to the equations over two periods and more, in float64 and float32.
func TestRetroaxonal(t *testing.T) {
	const steps, rate = 7, 0.5
	for _, keep := range credit.Keeps {
		t.Run(keep, func(t *testing.T) {
			f := func(t *testing.T, l lab.Lab) lab.Results {
				return retroState(t, l, keep, steps, rate)
			}
			l := lab.Exact(t)
			start := retroState(t, lab.Exact(t), keep, 0, rate)
			got := f(t, l)
			x, labels := lab.Batch(retroIn)
			n := &retroTwin{r: retro(keep), drawn: l.Drawn(), c: make([]float64, 3), mean: make([]float64, 6), gain: make([]float64, 6)}
			n.x, n.labels = examplesOf(x, labels, retroIn)
			for j := range 6 {
				n.stable = append(n.stable, start["stable"][4*j:][:4])
				n.w = append(n.w, slices.Clone(n.stable[j]))
			}
			for range 3 {
				n.v = append(n.v, make([]float64, 6))
			}
			for k := range steps {
				n.step(k, rate)
			}
			want := lab.Results{"w": slices.Concat(n.w...), "stable": slices.Concat(n.stable...), "v": slices.Concat(n.v...), "c": n.c, "mean": n.mean, "gain": n.gain}
			_, bound := lab.Spread(t, lab.Float64ulp, 0x1p-24, 24, f)
			lab.Agree(t, "float64", got, want, bound, 2)
			_, bound = lab.Spread(t, lab.Float32s, 0x1p-24, 24, f)
			lab.Telling(t, "float32", want, bound, 0.02)
			lab.Agree(t, "float32", f(t, lab.Single(t)), want, bound, 1)
			t.Run("gpu", func(t *testing.T) { lab.Agree(t, "gpu", f(t, lab.GPU(t)), want, bound, 1) })
		})
	}
}

// retroState holds the state of a network after some steps.
func retroState(t *testing.T, l lab.Lab, keep string, steps int, rate float64) lab.Results {
	t.Helper()
	s, err := nets.Run{System: func() nets.System { return retro(keep) }, Task: retroBatch, Rate: rate, Moments: 100}.Open(l.Device)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range steps {
		if err := s.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	out := lab.Results{}
	for _, n := range s.Tensors() {
		if slices.Contains([]string{"w", "stable", "v", "c", "mean", "gain"}, n.Name) {
			out[n.Name] = l.Values(t, n.Value)
		}
	}
	return out
}

// TestRetroaxonalSystem holds the system to the promises of every system.
func TestRetroaxonalSystem(t *testing.T) {
	nettest.System(t, func() nets.System { return retro("shuffled") }, retroBatch)
}

// TestRetroaxonalSelects: in a network with orthonormal features and squared error with a ridge λ, unit j gets another feature,
// and the output weights are at their optimum before and after. The loss falls by (1 + λ)/2 times the growth r_j of Σ_k V_kj²,
// so that Keep=grown keeps exactly the changes that help.
func TestRetroaxonalSelects(t *testing.T) {
	const examples, units, classes, lambda = 40, 5, 3, 0.25
	rnd := rand.New(rand.NewPCG(3, 1))
	normal := func(r, c int) *mat.Dense { // by Gram and Schmidt's steps its columns then become orthonormal
		d := mat.NewDense(r, c, nil)
		d.Apply(func(_, _ int, _ float64) float64 { return rnd.NormFloat64() }, d)
		return d
	}
	var qr mat.QR
	qr.Factorize(normal(examples, units+1))
	var q mat.Dense
	qr.QTo(&q)
	y := normal(examples, classes)
	for j := range units {
		loss, strength := [2]float64{}, [2]float64{}
		for after := range 2 {
			h := mat.NewDense(examples, units, nil)
			for u := range units {
				from := u
				if u == j && after == 1 {
					from = units // the new feature, orthogonal to all
				}
				h.SetCol(u, mat.Col(nil, from, &q))
			}
			var v, answer mat.Dense // the optimum of ½|H·V − Y|² + ½λ|V|²
			v.Mul(h.T(), y)
			v.Scale(1/(1+lambda), &v)
			answer.Mul(h, &v)
			answer.Sub(&answer, y)
			loss[after] = (math.Pow(mat.Norm(&answer, 2), 2) + lambda*math.Pow(mat.Norm(&v, 2), 2)) / 2
			strength[after] = math.Pow(mat.Norm(v.RowView(j), 2), 2)
		}
		fell, r := loss[0]-loss[1], strength[1]-strength[0]
		if math.Abs(fell-(1+lambda)/2*r) > 1e-12 || (fell > 0) != (r > 0) {
			t.Errorf("unit %d: the loss fell by %g, want (1+λ)/2·r = %g", j, fell, (1+lambda)/2*r)
		}
	}
}

// TestRetroaxonalRefuses: invalid settings and unsuitable tasks are refused.
func TestRetroaxonalRefuses(t *testing.T) {
	for says, change := range map[string]func(r *credit.Retroaxonal){
		"labile units of": func(r *credit.Retroaxonal) { r.Labile = 7 },
		"keep=some":       func(r *credit.Retroaxonal) { r.Keep = "some" },
		"reference":       func(r *credit.Retroaxonal) { r.Reference = 1 },
		"noise NaN":       func(r *credit.Retroaxonal) { r.Noise = float32(math.NaN()) },
		"decay -1":        func(r *credit.Retroaxonal) { r.Decay = -1 },
	} {
		r := retro("grown")
		change(r)
		if err := r.Check(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
	numbers := func() nets.Task { return &tasks.Sines{Period: 40, Outputs: 1, Cue: 5} }
	_, err := nets.Run{System: func() nets.System { return retro("grown") }, Task: numbers}.Open(compute.New(&compute.Stage{}))
	if err == nil || !strings.Contains(err.Error(), "task of classes") {
		t.Errorf("a task of numbers: %v", err)
	}
}
