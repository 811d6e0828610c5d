package develop

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/tasks"
)

// known returns n rows whose covariance has exactly these eigenvalues, and its eigenvectors as
// rows: x_i = Σ_k √(2·λ_k)·cos(2π·k·(i+½)/n)·e_k, since those cosines are orthogonal, have no mean
// and a mean square of ½.
func known(n int, values ...float64) ([]float32, *mat.Dense) {
	d := len(values)
	r := rand.New(rand.NewPCG(3, 4))
	random := mat.NewDense(d, d, nil)
	random.Apply(func(_, _ int, _ float64) float64 { return r.NormFloat64() }, random)
	var qr mat.QR
	qr.Factorize(random)
	var q mat.Dense
	qr.QTo(&q)
	rows := make([]float32, n*d)
	for i := range n {
		for j := range d {
			x := 0.0
			for k, v := range values {
				x += math.Sqrt(2*v) * math.Cos(2*math.Pi*float64(k+1)*(float64(i)+0.5)/float64(n)) * q.At(k, j)
			}
			rows[i*d+j] = float32(x)
		}
	}
	return rows, &q
}

var spectrum = []float64{8, 5, 3, 2, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05}

func analyse(t *testing.T, rows []float32, d int) *PCA {
	t.Helper()
	p := must.Get(NewPCA(rows, d))(t)
	return p
}

// TestPCA: rounding the rows to float32 moves the covariance by at most (2u+u²)·tr C with
// u = 2⁻²⁴, an eigenvalue by no more than that (Weyl), and an eigenvector by that over the gap to
// the next eigenvalue (Davis and Kahan 1970).
func TestPCA(t *testing.T) {
	rows, q := known(400, spectrum...)
	p := analyse(t, rows, len(spectrum))
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
		cos := math.Abs(mat.Dot(q.RowView(k), mat.NewVecDense(len(spectrum), p.Vectors[k])))
		if sin := math.Sqrt(max(0, 1-cos*cos)); !(sin <= 2*moved/gap+1e-7) { // √ of the rounding of cos²
			t.Errorf("eigenvector %d is off by an angle of sine %g, want at most %g", k, sin, 2*moved/gap)
		}
	}
	for want, rows := range map[string][]float32{"all rows alike": make([]float32, 8), "at least one row": make([]float32, 7)} {
		if _, err := NewPCA(rows, 4); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: the error is %v, want %q in it", rows, err, want)
		}
	}
}

// systems are all systems of components, of so many units.
func systems(units int) []Components {
	return []Components{&Sanger{Units: units}, &Subspace{Units: units}, &Oja{Units: units}, &Hebb{Units: units}, &Covariance{Units: units, MeanRate: 0.1}}
}

// runOf is a run of a system on rows of the spectrum, whose test shows them too.
func runOf(system Components, rows []float32, batch, epochs int, rate float64) nets.Run {
	task := func() nets.Task { return &tasks.Samples{Rows: rows, In: nets.Row(len(spectrum)), Batch: batch} }
	fresh := func() nets.System {
		s := reflect.New(reflect.TypeOf(system).Elem())
		s.Elem().Set(reflect.ValueOf(system).Elem())
		return s.Interface().(nets.System)
	}
	return nets.Run{System: fresh, Task: task, Test: task, Rate: rate / spectrum[0], Schedule: nets.Schedule{Kind: "inverse"}, Epochs: epochs}
}

// learned returns the weights of each learner.
func learned(t *testing.T, s *nets.Session) [][]float32 {
	t.Helper()
	values := must.Get(s.Read(s.Tensors()[:1]))(t)
	return slices.Collect(slices.Chunk(values[0], len(values[0])/s.Learners))
}

func TestSystemsFindComponents(t *testing.T) {
	rows, _ := known(512, spectrum...)
	p := analyse(t, rows, len(spectrum))
	for _, system := range systems(4) {
		r := runOf(system, rows, 32, 60, 0.3)
		r.Learners = 3
		s := lab.Make(t, lab.CPU(t), r, 0)
		for l, w := range learned(t, s) {
			a := must.Get(system.Agreement(p, w))(t)
			if least(a) > 0.9 || a.Captured > 0.9 {
				t.Errorf("%T, seed %d: random weights have |cos| of at least %.3f and capture %.3f", system, l, least(a), a.Captured)
			}
		}
		lab.On(t, s, s.Total())
		for l, w := range learned(t, s) {
			a := must.Get(system.Agreement(p, w))(t)
			if len(a.Components) != 4 || !(least(a) >= 0.99) || !(a.Captured >= 0.99) || a.Captured > 1+1e-9 {
				t.Errorf("%T, seed %d: %+v, want four with |cos| of at least 0.99 that capture as much", system, l, a)
			}
		}
	}
}

func least(a Agreement) float64 {
	return slices.MinFunc(a.Components, func(a, b Component) int { return int(math.Copysign(1, a.Cos-b.Cos)) }).Cos
}

// TestAgreement on weights that are known: the eigenvectors themselves, scaled and turned round, and two units that learned
// the same.
func TestAgreement(t *testing.T) {
	rows, _ := known(64, 4, 2, 1)
	p := analyse(t, rows, 3)
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
		of       func([]float32) (Agreement, error)
		w        []float32
		cos      []float64
		captured float64
	}{
		{"in order", p.Ordered, weights(-3, 0, 1), []float64{1, 1}, 1},
		{"out of order", p.Ordered, weights(1, 1, 0), []float64{0, 0}, 1},
		{"a span needs no order", p.Spanned, weights(1, 1, 0), []float64{1, 1}, 1},
		{"two alike", p.Ordered, weights(1, 0, 0), []float64{1, 0}, 4.0 / 6},
		{"the wrong one", p.Leading, weights(1, 0, 2), []float64{1, 0}, (1 + 0.25) / 2},
	} {
		a, err := c.of(c.w)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		for k, comp := range a.Components {
			if !(math.Abs(comp.Cos-c.cos[k]) <= u*10) {
				t.Errorf("%s: |cos| of unit %d is %g, want %g", c.name, k+1, comp.Cos, c.cos[k])
			}
		}
		if !(math.Abs(a.Captured-c.captured) <= u*10) {
			t.Errorf("%s: captured %g, want %g", c.name, a.Captured, c.captured)
		}
		for want, w := range map[string][]float32{
			"unit 2 have the length 0": append(weights(1, 0), 0, 0, 0), "unit 1 have the length NaN": {float32(math.NaN()), 0, 0},
			"5 weights": make([]float32, 5), "12 weights": make([]float32, 12), "0 weights": nil,
		} {
			if _, err := c.of(w); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: of the weights %v the error is %v, want %q in it", c.name, w, err, want)
			}
		}
	}
}

func TestPromises(t *testing.T) {
	rows, _ := known(128, spectrum...)
	for _, system := range systems(3) {
		r := runOf(system, rows, 16, 3, 0.3)
		t.Run(fmt.Sprintf("%T", system), func(t *testing.T) { nettest.System(t, r.System, r.Task) })
	}
}

// TestDivergence: at a rate far above 2/λ₁ metrics and weights are lost, and no others are found sound.
func TestDivergence(t *testing.T) {
	rows, _ := known(128, spectrum...)
	for _, system := range systems(3)[:3] {
		s := lab.Make(t, lab.CPU(t), runOf(system, rows, 16, 20, 50), 50)
		if err := s.Sound(); !errors.Is(err, nets.ErrDiverged) || !strings.Contains(err.Error(), "the weights weight are not finite after step 50; want a rate below ") {
			t.Errorf("%T: the weights are found to be %v, want them lost by step 50", system, err)
		}
		if _, err := s.Metrics(); !errors.Is(err, nets.ErrDiverged) {
			t.Errorf("%T: the metrics say %v, want that training diverged", system, err)
		}
	}
}

func TestWrongSettings(t *testing.T) {
	rows, _ := known(64, spectrum...)
	for want, units := range map[string]int{"0 units": 0, "11 units for 10 inputs": 11} {
		for _, system := range systems(units) {
			if _, err := runOf(system, rows, 16, 1, 0.3).Open(lab.CPU(t)); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%T of %d units: the error is %v, want %q in it", system, units, err, want)
			}
		}
	}
}

func TestVerify(t *testing.T) {
	rows, _ := known(64, spectrum...)
	for _, system := range systems(3) {
		r := runOf(system, rows, 16, 3, 0.3)
		r.Learners = 2
		t.Run(fmt.Sprintf("%T", system), func(t *testing.T) { lab.Verify(t, r, 12) })
	}
}
