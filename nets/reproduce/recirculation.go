package reproduce

import (
	"context"
	"math"
	"time"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/targets"
	"hebb/nets/tasks"
)

// recirculation learns the codes of eight bits by three hidden units.
var recirculation = Experiment{
	Name:    "recirculation",
	Systems: map[string]string{"recirculation": "recirculation"},
	About:   "the 8-3-8 encoder by recirculation, whose reverse weights become the transposes by themselves",
	Source:  "figures of the equations in float64 (numpy), after Hinton, McClelland 1988, \"Learning representations by recirculation\"; ten seeds",
	Scales: []Scale{
		{Name: "cpu", About: "the whole of it", Takes: 10 * time.Second, Parts: []Part{encoder(10)}},
		{Name: "small", About: "three seeds", Takes: 5 * time.Second, Parts: []Part{encoder(3)}},
	},
}

const (
	solvedAt    Quantity = "epochs until all outputs are within 0.4"
	cosineFirst Quantity = "cosine of W and the transpose of V at first"
	cosineEnd   Quantity = "cosine of W and the transpose of V at the end"
)

func encoder(seeds int) Part {
	sd := math.Sqrt(1./10 + 1/float64(seeds)) // of the difference between two means, in standard deviations of a seed
	within := 200.
	if seeds < 10 {
		within = 4 * 194 * sd
	}
	p := Part{Name: "8-3-8", About: "sigmoid units, λ = 0.75, η = 0.5 of the sum over the patterns, until all outputs are within 0.4, looked at every 50 epochs"}
	p.Runs = []Run{{Name: "recirculation", Seeds: seeds, Make: Program(encode), Figures: []Figure{
		{What: solvedAt, Published: 890, Within: within}, {What: cosineFirst, Published: 0.02, Within: 4 * 0.18 * sd}, {What: cosineEnd, Published: 0.963, Within: 0.023},
	}}}
	p.Check = []Claim{{"every seed solves it", func(rows Rows) bool {
		v := rows.Of("recirculation", solvedAt)
		return len(v) > 0 && v.Count(func(x float64) bool { return x > 0 }) == len(v)
	}}}
	return p
}

// encode learns until all seeds have solved it. A seed without a solution after 5000 epochs has figures of NaN.
func encode(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
	task := func() nets.Task { return &tasks.Codes{Bits: 8} }
	s, err := nets.Run{System: func() nets.System { return &targets.Recirculation{Units: 3, Keep: 0.75, Gain: 0.5} }, Task: task, Test: task,
		Learners: seeds.N, Seed: seeds.First, Rate: 0.5 * 8}.Open(dev)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	f := Figures{}
	if f[cosineFirst], err = transposed(s); err != nil {
		return nil, err
	}
	for _, q := range []Quantity{solvedAt, cosineEnd} {
		for range seeds.N {
			f[q] = append(f[q], math.NaN())
		}
	}
	for left := seeds.N; left > 0 && s.Number() < 5000; {
		for range 50 {
			if err := s.Step(ctx); err != nil {
				return nil, err
			}
		}
		m, err := s.Evaluate(ctx, nil)
		if err != nil {
			return nil, err
		}
		now, err := transposed(s)
		if err != nil {
			return nil, err
		}
		for l, x := range m.Get("near").Each {
			if x == 1 && math.IsNaN(f[solvedAt][l]) {
				f[solvedAt][l], f[cosineEnd][l] = float64(s.Number()), now[l]
				left--
			}
		}
	}
	return f, nil
}

// transposed returns the cosine of W and Vᵀ for each learner.
func transposed(s *nets.Session) (v Values, err error) {
	all, err := read(s, "w", "v")
	if err != nil {
		return nil, err
	}
	const bits, units = 8, 3
	for at := 0; at < len(all["w"]); at += bits * units {
		var dot, a, b float64
		for i := range bits * units {
			x, y := float64(all["w"][at+i]), float64(all["v"][at+i%bits*units+i/bits])
			dot, a, b = dot+x*y, a+x*x, b+y*y
		}
		v = append(v, dot/math.Sqrt(a*b))
	}
	return v, nil
}
