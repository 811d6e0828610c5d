package components

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"hebb/compute"
)

// known returns n samples whose covariance has exactly these eigenvalues, and its eigenvectors as
// rows: x_i = Σ_k √(2·λ_k)·cos(2π·k·(i+½)/n)·e_k, since those cosines are orthogonal, have no mean
// and a mean square of ½.
func known(n int, values ...float64) (Samples, *mat.Dense) {
	d := len(values)
	r := rand.New(rand.NewPCG(3, 4))
	random := mat.NewDense(d, d, nil)
	random.Apply(func(_, _ int, _ float64) float64 { return r.NormFloat64() }, random)
	var qr mat.QR
	qr.Factorize(random)
	var q mat.Dense
	qr.QTo(&q)
	s := Samples{N: n, D: d, X: make([]float32, n*d)}
	for i := range n {
		for j := range d {
			x := 0.0
			for k, v := range values {
				x += math.Sqrt(2*v) * math.Cos(2*math.Pi*float64(k+1)*(float64(i)+0.5)/float64(n)) * q.At(k, j)
			}
			s.X[i*d+j] = float32(x)
		}
	}
	return s, &q
}

var spectrum = []float64{8, 5, 3, 2, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05}

// TestPCA: rounding the samples to float32 moves the covariance by at most (2u+u²)·tr C with
// u = 2⁻²⁴, an eigenvalue by no more than that (Weyl), and an eigenvector by that over the gap to
// the next eigenvalue (Davis and Kahan 1970).
func TestPCA(t *testing.T) {
	s, q := known(400, spectrum...)
	p, err := NewPCA(s)
	if err != nil {
		t.Fatal(err)
	}
	trace := 0.0
	for _, v := range spectrum {
		trace += v
	}
	moved := 3 * 0x1p-24 * trace // the third covers the arithmetic in float64
	for k, v := range spectrum {
		if d := math.Abs(p.Values[k] - v); !(d <= moved) {
			t.Errorf("eigenvalue %d is %g, want %g ± %g", k, p.Values[k], v, moved)
		}
		gap := math.Inf(1)
		if k > 0 {
			gap = spectrum[k-1] - v
		}
		if k+1 < len(spectrum) {
			gap = min(gap, v-spectrum[k+1])
		}
		cos := math.Abs(mat.Dot(q.RowView(k), mat.NewVecDense(s.D, p.Vectors[k])))
		if sin := math.Sqrt(max(0, 1-cos*cos)); !(sin <= 2*moved/gap+1e-7) { // √ of the rounding of cos²
			t.Errorf("eigenvector %d is off by an angle of sine %g, want at most %g", k, sin, 2*moved/gap)
		}
	}
}

func TestRulesFindComponents(t *testing.T) {
	s, _ := known(512, spectrum...)
	p, err := NewPCA(s)
	if err != nil {
		t.Fatal(err)
	}
	for rule := range Rule(len(ruleNames)) {
		for seed := range uint64(3) {
			c := Components{Rule: rule, Units: 4, Batch: 32, Epochs: 60, Rate: 0.3, Seed: seed}
			w, err := c.Train(t.Context(), open(t), s, p.Values[0], nil)
			if err != nil {
				t.Fatal(err)
			}
			j, err := p.Judge(rule, w)
			if err != nil {
				t.Fatal(err)
			}
			for _, comp := range j.Components {
				if !(comp.Cos >= 0.99) {
					t.Errorf("%v, seed %d: unit %d has |cos| %.4f with eigenvector %d, want 0.99",
						rule, seed, comp.Unit, comp.Cos, comp.Eigenvector)
				}
			}
			if len(j.Components) != 4 || !(j.Captured >= 0.99) || j.Captured > 1+1e-9 {
				t.Errorf("%v, seed %d: %d components capture %.4f", rule, seed, len(j.Components), j.Captured)
			}
		}
	}
}

// TestRandomWeightsFail: the judgement must be able to say no.
func TestRandomWeightsFail(t *testing.T) {
	s, _ := known(512, spectrum...)
	p, err := NewPCA(s)
	if err != nil {
		t.Fatal(err)
	}
	c := Components{Units: 4}
	w := c.start(rand.New(rand.NewPCG(1, 1)), s.D)
	for rule := range Rule(len(ruleNames)) {
		j, err := p.Judge(rule, w)
		if err != nil {
			t.Fatal(err)
		}
		worst := slices.MinFunc(j.Components, func(a, b Component) int { return int(math.Copysign(1, a.Cos-b.Cos)) })
		if worst.Cos > 0.9 || j.Captured > 0.9 {
			t.Errorf("%v: random weights have |cos| of at least %.3f and capture %.3f", rule, worst.Cos, j.Captured)
		}
	}
}

// TestJudge on weights whose judgement is known: the eigenvectors themselves, scaled and turned
// round, and two units that learned the same.
func TestJudge(t *testing.T) {
	s, _ := known(64, 4, 2, 1)
	p, err := NewPCA(s)
	if err != nil {
		t.Fatal(err)
	}
	weights := func(scale float64, ks ...int) (w []float32) {
		for _, k := range ks {
			for _, v := range p.Vectors[k] {
				w = append(w, float32(scale*v))
			}
		}
		return w
	}
	const u = 0x1p-22 // float32 weights are off by half of 2⁻²³ each
	for _, c := range []struct {
		name     string
		rule     Rule
		w        []float32
		cos      []float64
		captured float64
	}{
		{"in order", Sanger, weights(-3, 0, 1), []float64{1, 1}, 1},
		{"out of order", Sanger, weights(1, 1, 0), []float64{0, 0}, 1},
		{"a span needs no order", Subspace, weights(1, 1, 0), []float64{1, 1}, 1},
		{"two alike", Sanger, weights(1, 0, 0), []float64{1, 0}, 4.0 / 6},
		{"the wrong one", Oja, weights(1, 0, 2), []float64{1, 0}, (1 + 0.25) / 2},
	} {
		j, err := p.Judge(c.rule, c.w)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		for k, comp := range j.Components {
			if !(math.Abs(comp.Cos-c.cos[k]) <= u*10) {
				t.Errorf("%s: |cos| of unit %d is %g, want %g", c.name, k+1, comp.Cos, c.cos[k])
			}
		}
		if !(math.Abs(j.Captured-c.captured) <= u*10) {
			t.Errorf("%s: captured %g, want %g", c.name, j.Captured, c.captured)
		}
	}
	if _, err := p.Judge(Sanger, make([]float32, 6)); err == nil {
		t.Error("weights of zero were judged, want an error")
	}
}

func TestSameSeedSameBits(t *testing.T) {
	s, _ := known(128, spectrum...)
	run := func(seed uint64) []float32 {
		c := Components{Rule: Sanger, Units: 3, Batch: 16, Epochs: 3, Rate: 0.3, Seed: seed}
		w, err := c.Train(t.Context(), open(t), s, spectrum[0], nil)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	if !slices.Equal(run(7), run(7)) {
		t.Error("two runs from one seed differ")
	}
	if slices.Equal(run(7), run(8)) {
		t.Error("another seed gives the same weights")
	}
}

func TestDivergence(t *testing.T) {
	s, _ := known(128, spectrum...)
	for _, rule := range []Rule{Sanger, Subspace, Oja} {
		c := Components{Rule: rule, Units: 3, Batch: 16, Epochs: 20, Rate: 50, Seed: 1}
		_, err := c.Train(t.Context(), open(t), s, spectrum[0], nil)
		if err == nil || !strings.Contains(err.Error(), "diverged") || !strings.Contains(err.Error(), "step 50 of 160") {
			t.Errorf("%v at a rate of 50/λ₁: error is %v, want the step where it diverged", rule, err)
		}
	}
}

func TestInterrupted(t *testing.T) {
	s, _ := known(128, spectrum...)
	ctx, cancel := context.WithCancel(t.Context())
	c := Components{Rule: Oja, Units: 2, Batch: 16, Epochs: 100, Rate: 0.3}
	_, err := c.Train(ctx, open(t), s, spectrum[0], func(step int) {
		if step == 5 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "step 6 of 800") {
		t.Errorf("error is %v, want the step at which it was stopped", err)
	}
}

func TestWrongParameters(t *testing.T) {
	s, _ := known(64, spectrum...)
	good := Components{Rule: Oja, Units: 2, Batch: 16, Epochs: 1, Rate: 0.3}
	for want, change := range map[string]func(c *Components){
		"0 units":       func(c *Components) { c.Units = 0 },
		"1 to 10":       func(c *Components) { c.Units = 11 },
		"batches of 65": func(c *Components) { c.Batch = 65 },
		"0 epochs":      func(c *Components) { c.Epochs = 0 },
		"rate NaN":      func(c *Components) { c.Rate = math.NaN() },
		"rate -1":       func(c *Components) { c.Rate = -1 },
		"Rule(9)":       func(c *Components) { c.Rule = 9 },
	} {
		c := good
		change(&c)
		if _, err := c.Train(t.Context(), open(t), s, 1, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q in it", err, want)
		}
	}
	if _, err := good.Train(t.Context(), open(t), s, 0, nil); err == nil || !strings.Contains(err.Error(), "eigenvalue") {
		t.Errorf("samples without variance: error is %v", err)
	}
}

// TestVerifiedTraining: a whole run with every element of every op held against its definition.
func TestVerifiedTraining(t *testing.T) {
	s, _ := known(64, spectrum...)
	for rule := range Rule(len(ruleNames)) {
		v := compute.Verify(cpuBackend(t), 0)
		dev := compute.New(v)
		c := Components{Rule: rule, Units: 3, Batch: 16, Epochs: 3, Rate: 0.3, Seed: 2}
		if _, err := c.Train(t.Context(), dev, s, spectrum[0], nil); err != nil {
			t.Errorf("%v: %v", rule, err)
		}
		if want := c.Steps(s.N) * 3 * (16 + s.D); v.Judged != want || v.Unbounded != 0 {
			t.Errorf("%v: %d elements judged and %d not, want %d", rule, v.Judged, v.Unbounded, want)
		}
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestSchedule: constant for half of the steps, then falling as 1/t to a 26th, as documented.
func TestSchedule(t *testing.T) {
	c := Components{Rate: 0.5}
	for _, p := range []struct {
		step int
		want float64
	}{{0, 0.125}, {500, 0.125}, {520, 0.125 / 2}, {750, 0.125 / 13.5}, {1000, 0.125 / 26}} {
		if got := c.rate(p.step, 1000, 4); !(math.Abs(got-p.want) <= 1e-15) {
			t.Errorf("the rate at step %d of 1000 is %g, want %g", p.step, got, p.want)
		}
	}
}
