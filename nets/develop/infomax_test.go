package develop

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/tasks"
)

// spectra are the eigenvalues of two covariances, and b_c of each.
var spectra = []struct {
	values []float32
	bc     float64
}{
	{[]float32{4, 2, 1, 0.7, 0.4, 0.1}, 8},
	{[]float32{3, 1.5, 1, 0.9, 0.8, 0.6, 0.4, 0.2, 0.1}, 6},
}

func ofSpectrum(values []float32) func() nets.Task {
	return func() nets.Task { return &tasks.Spectrum{Values: values} }
}

// weightsNow returns the weights of each learner.
func weightsNow(t *testing.T, l lab.Lab, s *nets.Session) []float64 {
	t.Helper()
	for _, n := range s.Tensors() {
		if n.Name == "weight" {
			return l.Values(t, n.Value)
		}
	}
	t.Fatal("no weights")
	return nil
}

// TestInfomaxIdentity: from diversity to redundancy |cos| is min(1, b/b_c), with both units in the plane of the first two
// eigenvectors.
func TestInfomaxIdentity(t *testing.T) {
	l := lab.Bare(t)
	for _, c := range spectra {
		for _, f := range []float64{0.25, 0.75, 1.5} {
			r := nets.Run{System: func() nets.System { return &Infomax{Noise: float32(f * c.bc)} }, Task: ofSpectrum(c.values), Learners: 3, Rate: 0.2}
			s := lab.Make(t, l.Device, r, 1500)
			lab.Metrics(t, s)
			lab.On(t, s, 1)
			m := lab.Metrics(t, s)
			for k, cos := range m.Get("cosine").Each {
				if want := math.Min(1, f); !(math.Abs(cos-want) <= 1e-3) {
					t.Errorf("λ %v, b %g·b_c, seed %d: |cos| is %.5f, want %.5f", c.values[:2], f, k, cos, want)
				}
			}
			d := len(c.values)
			w, x := weightsNow(t, l, s), lab.Values(t, s)["task.x"]
			for u := range 6 { // examples 0 and 2 are along the first two eigenvectors
				plane := 0.0
				for k, scale := range []float64{math.Sqrt(float64(d) * float64(c.values[0])), math.Sqrt(float64(d) * float64(c.values[1]))} {
					along := 0.0
					for j := range d {
						along += w[u*d+j] * float64(x[u/2*2*d*d+2*k*d+j]) / scale
					}
					plane += along * along
				}
				if !(math.Abs(plane-1) <= 1e-4) {
					t.Errorf("λ %v, b %g·b_c: %.6f of unit %d is in the plane, want 1", c.values[:2], f, plane, u)
				}
			}
		}
	}
}

// TestInformation holds the closed form of R, with ρ, and the metric to the determinant.
func TestInformation(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		half := mat.NewDense(2, 3, nil)
		half.Apply(func(_, _ int, _ float64) float64 { return rnd.NormFloat64() }, half)
		var v mat.Dense
		v.Mul(half, half.T())
		b := rnd.ExpFloat64() + 0.1
		v1, v2 := v.At(0, 0), v.At(1, 1)
		rho2 := v.At(0, 1) * v.At(0, 1) / (v1 * v2)
		closed := 0.5 * math.Log((b*b+b*(v1+v2)+v1*v2*(1-rho2))/(b*b))
		noisy := mat.NewDense(2, 2, []float64{1 + v1/b, v.At(0, 1) / b, v.At(1, 0) / b, 1 + v2/b})
		if want := 0.5 * math.Log(mat.Det(noisy)); !(math.Abs(closed-want) <= 1e-12*(1+want)) {
			t.Errorf("R is %.17g by variances and correlation, %.17g by the determinant", closed, want)
		}
	}
	values := []float32{4, 2, 1}
	l := lab.Bare(t)
	s := lab.Make(t, l.Device, nets.Run{System: func() nets.System { return &Infomax{Noise: 0.5} }, Task: ofSpectrum(values)}, 0)
	c := covarianceOf(lab.Values(t, s)["task.x"], 3)
	w := mat.NewDense(2, 3, weightsNow(t, l, s))
	lab.On(t, s, 1)
	var wc, v mat.Dense
	wc.Mul(w, c)
	v.Mul(&wc, w.T())
	v.Scale(2, &v)
	want := 0.5 * math.Log((1+v.At(0, 0))*(1+v.At(1, 1))-v.At(0, 1)*v.At(1, 0))
	if got := lab.Metrics(t, s).Get("information").Mean(); !(math.Abs(got-want) <= 64*0x1p-24*(1+want)) { // some 30 roundings
		t.Errorf("the information is %.9g, want %.9g", got, want)
	}
}

// covarianceOf is the mean of x⊗x in float64.
func covarianceOf(x []float32, d int) *mat.Dense {
	all := mat.NewDense(len(x)/d, d, nil)
	all.Apply(func(i, j int, _ float64) float64 { return float64(x[i*d+j]) }, all)
	c := mat.NewDense(d, d, nil)
	c.Mul(all.T(), all)
	c.Scale(float64(d)/float64(len(x)), c)
	return c
}

// infomaxTwin makes steps in float64: W + η·(b + 1)·(b·I + W·C·Wᵀ)⁻¹·W·C, each row scaled to length 1.
func infomaxTwin(w *mat.Dense, c *mat.Dense, b, rate float64, steps int) {
	for range steps {
		var wc, v, inverse, g mat.Dense
		wc.Mul(w, c)
		v.Mul(&wc, w.T())
		v.Set(0, 0, v.At(0, 0)+b)
		v.Set(1, 1, v.At(1, 1)+b)
		if err := inverse.Inverse(&v); err != nil {
			panic(err)
		}
		g.Mul(&inverse, &wc)
		g.Scale(rate*(b+1), &g)
		w.Add(w, &g)
		unitRows(w)
	}
}

func unitRows(w *mat.Dense) {
	rows, _ := w.Dims()
	for u := range rows {
		row := w.RowView(u).(*mat.VecDense)
		row.ScaleVec(1/mat.Norm(row, 2), row)
	}
}

// TestInfomaxTwin holds the weights after some steps to the equations.
func TestInfomaxTwin(t *testing.T) {
	const b, rate, steps = 1.5, 0.25, 5
	x := heavy(16, 3)
	system := func() nets.System { return &Infomax{Noise: b} }
	twins(t, nets.Run{System: system, Task: shown(x, 3, 2), Rate: rate}, steps, func(w *mat.Dense) {
		infomaxTwin(w, covarianceOf(x, 3), b, rate, steps)
	})
}

// heavy draws n rows of d numbers with heavy tails and a skew.
func heavy(n, d int) (x []float32) {
	rnd := rand.New(rand.NewPCG(8, 1))
	for range n * d {
		z := rnd.NormFloat64()
		x = append(x, float32(z*math.Abs(z)+0.3*z*z-0.3))
	}
	return x
}

// shown is a task that shows rows of d numbers at every moment, to so many units.
func shown(x []float32, d, units int) func() nets.Task {
	return func() nets.Task {
		return &tasks.Batch{In: nets.Row(d), X: x, Out: units, Want: make([]float32, len(x)/d*units)}
	}
}

// twins holds the weights of a run after some steps to those that twin makes of the first ones: in float64 and, within
// bounds that follow from the ops, in float32 on every backend.
func twins(t *testing.T, r nets.Run, steps int, twin func(w *mat.Dense)) {
	t.Helper()
	var want lab.Results
	f := func(t *testing.T, l lab.Lab) lab.Results {
		s, err := r.Open(l.Device)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if want == nil {
			first := weightsNow(t, l, s)
			d := s.Spec.In.Len()
			w := mat.NewDense(len(first)/d, d, first)
			twin(w)
			want = lab.Results{"weight": w.RawMatrix().Data}
		}
		lab.On(t, s, steps)
		return lab.Results{"weight": weightsNow(t, l, s)}
	}
	got := f(t, lab.Exact(t))
	_, bound := lab.Spread(t, lab.Float64ulp, 0x1p-24, 24, f)
	lab.Agree(t, "float64", got, want, bound, 2)
	_, bound = lab.Spread(t, lab.Float32s, 0x1p-24, 24, f)
	lab.Telling(t, "float32", want, bound, 1e-3)
	lab.Agree(t, "cpu", f(t, lab.Single(t)), want, bound, 1)
	t.Run("gpu", func(t *testing.T) { lab.Agree(t, "gpu", f(t, lab.GPU(t)), want, bound, 1) })
}

func TestInfomaxPromises(t *testing.T) {
	nettest.System(t, func() nets.System { return &Infomax{Noise: 1} }, ofSpectrum([]float32{4, 2, 1}))
}

// TestInfomaxRefuses: settings and tasks that cannot be.
func TestInfomaxRefuses(t *testing.T) {
	for says, r := range map[string]nets.Run{
		"noise 0":             {System: func() nets.System { return &Infomax{} }, Task: ofSpectrum([]float32{2, 1})},
		"noise NaN":           {System: func() nets.System { return &Infomax{Noise: float32(math.NaN())} }, Task: ofSpectrum([]float32{2, 1})},
		"2 units for 1 input": {System: func() nets.System { return &Infomax{Noise: 1} }, Task: ofSpectrum([]float32{2})},
		"the task wants":      {System: func() nets.System { return &Infomax{Noise: 1} }, Task: func() nets.Task { return &tasks.XOR{} }},
		"values []":           {System: func() nets.System { return &Infomax{Noise: 1} }, Task: ofSpectrum(nil)},
		"values [0 0]":        {System: func() nets.System { return &Infomax{Noise: 1} }, Task: ofSpectrum([]float32{0, 0})},
	} {
		if _, err := r.Open(lab.CPU(t)); err == nil || !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}
