package develop

import (
	"math"
	"math/rand/v2"
	"testing"

	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/tasks"
)

// correlated returns n rows of d numbers with a mean, the same for all, and the covariance exp(−(i − j)²/2s²) of filtered white
// noise, and that covariance.
func correlated(rnd *rand.Rand, n, d int, s, mean float64) (rows []float32, q [][]float64) {
	filter := make([]float64, 6*int(s)+1)
	power := 0.
	for k := range filter {
		x := float64(k - 3*int(s))
		filter[k] = math.Exp(-x * x / (s * s))
		power += filter[k] * filter[k]
	}
	for range n {
		noise := lab.Normals(rnd, d+len(filter)-1)
		for i := range d {
			x := mean
			for k, f := range filter {
				x += f * float64(noise[i+k]) / math.Sqrt(power)
			}
			rows = append(rows, float32(x))
		}
	}
	for i := range d {
		q = append(q, make([]float64, d))
		for j := range d {
			for k, f := range filter {
				if at := k + i - j; 0 <= at && at < len(filter) {
					q[i][j] += f * filter[at] / power
				}
			}
		}
	}
	return rows, q
}

// TestCovariance: on 20000 rows of filtered white noise with a mean of 2, an update by the covariance rule is along Q·w, |cos| above
// 0.999, and Hebb's is not. At a rate of a million, nothing but the update is left of the weights.
func TestCovariance(t *testing.T) {
	const n, d = 20000, 40
	for seed := range uint64(5) {
		rows, q := correlated(rand.New(rand.NewPCG(seed, 7)), n, d, 4, 2)
		for name, system := range map[string]func() nets.System{
			"covariance": func() nets.System { return &Covariance{Units: 1, MeanRate: 1} },
			"hebb":       func() nets.System { return &Hebb{Units: 1} },
		} {
			task := func() nets.Task { return &tasks.Samples{Rows: rows, In: nets.Row(d), Batch: n} }
			s := lab.Make(t, lab.CPU(t), nets.Run{System: system, Task: task, Seed: seed, Rate: 1e6}, 0)
			before := learned(t, s)[0]
			lab.On(t, s, 1)
			after := learned(t, s)[0]
			want, got := make([]float64, d), make([]float64, d)
			for i := range d {
				got[i] = float64(after[i])
				for j := range d {
					want[i] += q[i][j] * float64(before[j])
				}
			}
			cos := math.Abs(lab.Dot(got, want)) / lab.Norm(got) / lab.Norm(want)
			if ok := cos > 0.999; ok != (name == "covariance") {
				t.Errorf("%s, seed %d: |cos| with Q·w is %.5f", name, seed, cos)
			}
		}
	}
}

// TestGrowth: the length that weights would have without scaling is that of (I + ηC)ᵗ·w, and so its logarithm grows by ln(1 + ηλ₁)
// a moment in the end. Rounding moves each logarithm by a few 2⁻²⁴, and the direction of w, by as much, those that follow.
func TestGrowth(t *testing.T) {
	const rate, steps = 0.5, 60
	rows, _ := known(64, spectrum...)
	p := analyse(t, rows, len(spectrum))
	for _, system := range []Components{&Hebb{Units: 3}, &Covariance{Units: 3, MeanRate: 1}} {
		r := runOf(system, rows, 64, steps, rate)
		r.Schedule = nets.Schedule{}
		s := lab.Make(t, lab.CPU(t), r, 0)
		w := learned(t, s)[0]
		want := 0.
		for u := range 3 {
			var before, after float64
			for k, e := range p.Vectors {
				c := 0.
				for i := range e {
					c += e[i] * float64(w[u*len(e)+i])
				}
				before += c * c
				after += c * c * math.Pow(1+rate/spectrum[0]*p.Values[k], 2*steps)
			}
			want += math.Log(after/before) / 2 / 3
		}
		lab.On(t, s, steps)
		m := lab.Metrics(t, s)
		if got := steps * m.Get("growth").Mean(); !(math.Abs(got-want) <= steps*16*0x1p-24) {
			t.Errorf("%T: the logarithm of the length grows by %.9g, want %.9g", system, got, want)
		}
		lab.On(t, s, 1)
		if got, want := lab.Metrics(t, s).Get("growth").Mean(), math.Log(1+rate/spectrum[0]*p.Values[0]); !(math.Abs(got-want) <= 16*0x1p-24) {
			t.Errorf("%T: in the end a moment adds %.9g, want %.9g", system, got, want)
		}
	}
}
