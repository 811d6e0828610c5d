package anticipation

import (
	"math"
	"testing"
)

// demo shows a learner steps of the authors' demonstration: a predictor at 500 of each 1000, and until step 100000 a
// reflex at 525. It returns the weights at steps 99999, 100999 and 149999.
func demo(l *Learner) (stop, after, end []float64) {
	for t := range 150000 {
		x := [2]float64{}
		if t%1000 == 525 && t < 100000 {
			x[0] = 1
		}
		if t%1000 == 500 {
			x[1] = 1
		}
		l.Step(Shown{x[:], 1, 1})
		switch t {
		case 99999:
			stop = append(stop, l.W...)
		case 100999:
			after = append(after, l.W...)
		}
	}
	return stop, after, l.W
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s is %.17g, want %.17g ± %g", what, got, want, within)
	}
}

// TestDemo: the weights of the demonstration are, to twelve digits of the largest, what the responses of the filters
// give, pair by pair, and they have all digits that another program in float64 printed; those of ICO stay to the bit
// when the reflex is gone.
func TestDemo(t *testing.T) {
	one := New(0.01, 0.01, 0.6, 1, 1)
	one.Mu = 1e-6
	stop, _, end := demo(one)
	near(t, "the weight of one filter", stop[0], 0.00310977345445, 5e-15)
	reflex := NewFilter(0.01, 0.6)
	near(t, "in units of 100·μ·K(25)", stop[0]/(1e-4*one.Examples[0].Bank[0].K(reflex, 25, 1000)), 1, 1e-12)
	if end[0] != stop[0] {
		t.Errorf("without a reflex the weight becomes %.17g, want %.17g", end[0], stop[0])
	}
	ten := New(0.01, 0.1, 0.6, 10, 1)
	ten.Mu = 1e-4
	stop, _, end = demo(ten)
	for j, w := range []struct{ want, digit float64 }{{6.0243e-9, 1e-13}, {-2.3913705e-4, 1e-11}, {-6.2874262e-4, 1e-11}, {1.1122719e-2, 1e-9},
		{4.4115957e-2, 1e-9}, {9.4482382e-2, 1e-9}, {0.15328851, 1e-8}, {0.21234622, 1e-8}, {0.26598740, 1e-8}, {0.31097735, 1e-8}} {
		near(t, "a weight of ten", stop[j], w.want, 0.51*w.digit)
		near(t, "in units of 100·μ·K(25)", stop[j]-1e-2*ten.Examples[0].Bank[j].K(reflex, 25, 1000), 0, 1e-13)
		if end[j] != stop[j] {
			t.Errorf("without a reflex weight %d becomes %.17g, want %.17g", j, end[j], stop[j])
		}
	}
}

// TestOdd: K is the difference of two autocorrelations R, odd about −½, and largest at 16.
func TestOdd(t *testing.T) {
	const n, most = 700, 200
	f := NewFilter(0.01, 0.6)
	k, peak, at := map[int]float64{}, 0., 0
	for T := -most - 1; T <= most; T++ {
		if k[T] = f.K(f, T, n); k[T] > peak {
			peak, at = k[T], T
		}
	}
	near(t, "the largest K", peak, 34.895978, 5e-7)
	near(t, "its lag", float64(at), 16, 0)
	h := make([]float64, n)
	for i := range h {
		h[i] = f.Response(i)
	}
	r := func(T int) (sum float64) {
		for i := range n - T {
			sum += h[i] * h[i+T]
		}
		return sum
	}
	near(t, "R(0)", r(0), 1343.49, 5e-3)
	for T := range most + 1 {
		near(t, "K(T) + K(−1−T)", k[T]+k[-1-T], 0, 5e-13)
		near(t, "K(T) − R(T) + R(T+1)", k[T]-r(T)+r(T+1), 0, 5e-12)
	}
}

// TestDrift: without a reflex the weight of a single filter of ISO grows by one factor an impulse, which is 1 + μ·S/2
// to first order in μ.
func TestDrift(t *testing.T) {
	growth := func(mu float64) float64 {
		l := New(0.01, 0.01, 0.6, 1, 1)
		l.ISO, l.Mu, l.W[0] = true, mu, 1
		l.Step(Shown{[]float64{0, 1}, 1, 1})
		for range 998 {
			l.Step(Shown{[]float64{0, 0}, 1, 1})
		}
		return l.W[0]
	}
	f, s := NewFilter(0.01, 0.6), 0.
	for n := range 998 {
		d := f.Response(n) - f.Response(n-1)
		s += d * d
	}
	near(t, "S", s, 5.29731, 5e-6)
	for mu, want := range map[float64]float64{1e-5: 1.299e-3, 1e-4: 1.314e-2, 3e-4: 4.040e-2, 1e-3: 0.1475} {
		l := New(0.01, 0.01, 0.6, 1, 1)
		l.ISO, l.Mu = true, mu
		_, after, end := demo(l)
		near(t, "drift", end[0]/after[0]-1, want, 0.01*want)
		near(t, "49 impulses", end[0]/after[0], math.Pow(growth(mu), 49), 1e-12)
		near(t, "(g − 1)/(μ·S/2)", (growth(mu)-1)/(mu*s/2), 1, 100*mu)
	}
}
