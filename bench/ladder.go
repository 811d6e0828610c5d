package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"hebb/compute"
)

// ladders are the cases of which every rung is measured: small ones in a quick run and beside a program on the CPU.
func (o Options) ladders() []Case {
	cube, batch, units, n, rows, d := 4096, Product{Batch: 256, M: 128, N: 128, K: 128}, 4096, 256, 4096, 512
	conv := Convolution{N: 64, H: 16, W: 16, C: 128, K: 128, R: 3, Stride: 1, Pad: 1}
	if o.Quick || o.software {
		cube, batch, units, n, rows, d = 256, Product{Batch: 8, M: 64, N: 64, K: 64}, 256, 64, 256, 64
		conv.N, conv.H, conv.W, conv.C, conv.K = 2, 8, 8, 32, 32
	}
	update := func(rule string) Update { return Update{Networks: 1, Units: units, Inputs: units, N: n, Rule: rule} }
	cases := []Case{
		{Name: fmt.Sprintf("NN %d³", cube), Work: Product{Batch: 1, M: cube, N: cube, K: cube}},
		{Name: "NN " + times(batch.Batch, fmt.Sprintf("%d³", batch.M)), Work: batch},
		{Name: fmt.Sprintf("hebb %d×%d n=%d", units, units, n), Work: update("hebb")},
		{Name: fmt.Sprintf("oja %d×%d n=%d", units, units, n), Work: update("oja")},
		{Name: fmt.Sprintf("gaussian 3 widths %d×%d", rows, d),
			Work: Similarity{Batch: 1, N: rows, D: d, Kernel: compute.Gaussian, Sigma: []float32{0.5, 1, 2}}},
	}
	for _, conv.Pass = range Passes {
		name := fmt.Sprintf("3×3 %d×%d×%d×%d→%d %s", conv.N, conv.H, conv.W, conv.C, conv.K, conv.Pass)
		cases = append(cases, Case{Name: name, Work: conv})
	}
	for i := range cases {
		cases[i].Suite, cases[i].Quick = "ladder", true
	}
	return slices.DeleteFunc(cases, func(c Case) bool { return o.Only != nil && !o.Only.MatchString(c.Suite+" "+c.Name) })
}

// Ladder measures a handful of cases on every rung: the one of naive, which is the same device with no other, and every way
// that t has. Each is verified before it is timed, for patience times o.MaxCase a case, and what t has learned stays as
// it is. Results are in the order of a ladder: naive, then from slow to fast.
func Ladder(ctx context.Context, t, naive compute.Tuner, o Options) (*Report, error) {
	o = o.withDefaults([]compute.Backend{t})
	cases := o.ladders()
	if len(cases) == 0 {
		return nil, fmt.Errorf("no case of the ladder matches %v", o.Only)
	}
	r := newRunner([]compute.Backend{t}, o)
	d, below := r.devices[0], o.open(naive)
	r.measureRoof(ctx, d)
	r.Devices[0].Roof = d.roof
	var err error
	for i, c := range cases {
		if err = ctx.Err(); err != nil {
			break
		}
		p := Progress{c, i, len(cases)}
		if o.Began != nil {
			o.Began(p)
		}
		var results []Result
		if results, err = r.climb(ctx, d, below, t, naive, c); len(results) > 0 {
			r.finish(p, results)
		}
		if err != nil {
			break
		}
	}
	if errors.Is(err, context.Canceled) {
		r.Interrupted, err = true, nil
	}
	r.Took = o.now().Sub(r.Start)
	return &r.Report, err
}

// climb is a case on every rung.
func (r *runner) climb(ctx context.Context, d *device, below *compute.Device, t, naive compute.Tuner, c Case) ([]Result, error) {
	options := compute.TuneOptions{Limit: patience * r.Options.MaxCase, Keep: true, Now: r.Options.now}
	all, err := tuneCase(ctx, d.Device, t, c, r.Options.Seed, options)
	d.Trim()
	if err != nil {
		return nil, err
	}
	options.Extra = []string{""} // its only way has no name
	low, err := tuneCase(ctx, below, naive, c, r.Options.Seed, options)
	below.Trim()
	var rungs []Result
	for i, a := range all.Attempts {
		rungs = append(rungs, r.rung(d, c, all.Cost, a, a.Way))
		rungs[i].Chosen = i == 0
	}
	slices.SortStableFunc(rungs, func(a, b Result) int { return cmp.Compare(heightOf(b), heightOf(a)) })
	for _, a := range low.Attempts {
		rungs = slices.Insert(rungs, 0, r.rung(d, c, all.Cost, a, "naive"))
	}
	if left := all.Ways - len(all.Attempts); left > 0 {
		res := r.rung(d, c, all.Cost, compute.Attempt{}, fmt.Sprintf("%d more", left))
		res.stop(Skipped, fmt.Sprintf("%d ways that promise less were not tried within %v", left, options.Limit))
		rungs = append(rungs, res)
	}
	for i := 1; i < len(rungs); i++ {
		if a, b := rungs[i-1].Seconds, rungs[i].Seconds; a > 0 && b > 0 {
			rungs[i].VsBelow = a / b
		}
	}
	return rungs, err
}

// heightOf orders rungs: those that have no time are the lowest.
func heightOf(r Result) float64 {
	if r.Seconds == 0 {
		return math.Inf(1)
	}
	return r.Seconds
}

// rung is the result of one attempt at c on d.
func (r *runner) rung(d *device, c Case, cost compute.Cost, a compute.Attempt, name string) Result {
	res := r.result(c, cost, d.info)
	res.Rung = name
	res.judge(a.Tally)
	res.Sample = fmt.Sprintf("%d elements, on whole numbers", a.Tally.Judged)
	switch {
	case errors.Is(a.Err, compute.ErrWrong):
		res.stop(Failed, name+": "+a.Err.Error())
	case a.Err != nil:
		res.stop(Broken, name+": "+a.Err.Error())
	case a.Laps > 0:
		res.rate([]float64{a.Seconds})
		res.Samples, res.Spread = a.Laps, a.Spread
		if d.roof.Flops > 0 && d.roof.Bytes > 0 {
			s, by := d.roof.seconds(cost)
			res.Share, res.BoundBy = s/res.Seconds, by
		}
	}
	return res
}

// ladderSheet has a row for each rung of each case.
func (r *Report) ladderSheet() sheet {
	s := sheet{Title: "ladder: every way to run a case, verified", Head: []string{"case", "rung", "time", "GFLOP/s", "of roof", "× the rung below", "verified", "worst"}}
	last := ""
	for i := range r.Results {
		c := &r.Results[i]
		if c.Suite != "ladder" {
			continue
		}
		name, rung := c.Case, c.Rung
		if name == last {
			name = ""
		}
		last = c.Case
		if c.Chosen {
			rung += " (taken)"
		}
		if c.Status != OK {
			s.Rows = append(s.Rows, []string{name, rung, string(c.Status), "", "", "", "", ""})
			s.Notes = append(s.Notes, c.note())
			continue
		}
		s.Rows = append(s.Rows, []string{name, rung, c.took(), figures(c.Gflops), c.ofRoof(), ratioIf(c.VsBelow),
			fmt.Sprint(c.Verified), fmt.Sprintf("%.2f", float64(c.Worst))})
	}
	return s
}
