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

// ladders returns the cases of [Ladder]: small ones in a quick run, and for an OpenGL that is a program on the CPU.
func (o Options) ladders() []Case {
	one, batch := cube(1, 4096), cube(256, 128)
	u, g := update{networks: 1, units: 4096, inputs: 4096, n: 256}, gram{batch: 1, n: 4096, d: 512}
	conv := convolution{n: 64, h: 16, w: 16, c: 128, k: 128, r: 3, stride: 1, pad: 1}
	if o.Quick || o.software {
		one, batch = cube(1, 256), cube(8, 64)
		u.units, u.inputs, u.n, g.n, g.d = 256, 256, 64, 256, 64
		conv.n, conv.h, conv.w, conv.c, conv.k = 2, 8, 8, 32, 32
	}
	g.kernel, g.sigma = compute.Gaussian, threeWidths
	cases := []Case{{Name: one.name(), Build: one.build}, {Name: batch.name(), Build: batch.build}}
	for _, u.rule = range []string{"hebb", "oja"} {
		cases = append(cases, Case{Name: fmt.Sprintf("%s %d×%d n=%d", u.rule, u.units, u.inputs, u.n), Build: u.build})
	}
	cases = append(cases, Case{Name: g.name(), Build: g.build})
	for _, pass := range passes {
		cases = append(cases, Case{Name: conv.name(pass), Build: conv.builder(pass)})
	}
	for i := range cases {
		cases[i].Suite, cases[i].Quick = "ladder", true
	}
	return slices.DeleteFunc(cases, func(c Case) bool { return !o.matches(c) })
}

// ladderLimit is how many times Options.MaxCase all rungs of a case may take.
const ladderLimit = 4

// Ladder measures a few cases in every way in which a device can run them: the one way of naive, which is the same device
// without other kernels, and all ways of t. Each is verified before it is timed, for up to ladderLimit·o.MaxCase a case, and
// the choices of t stay as they are. Results are in the order of a ladder: naive, then from slow to fast.
func Ladder(ctx context.Context, t, naive compute.Tuner, o Options) (*Report, error) {
	o = o.withDefaults([]compute.Backend{t})
	cases := o.ladders()
	if len(cases) == 0 {
		return nil, fmt.Errorf("no case of the ladder matches %v", o.Only)
	}
	r := newRunner(ctx, []compute.Backend{t}, o)
	d, below := r.devices[0], o.open(naive)
	r.total = len(o.roofs) + len(cases)
	r.measureRoofs(d)
	r.Devices[0].Roof = d.roof
	r.first, r.began = r.index, r.spent()
	var err error
	for _, c := range cases {
		if !r.begin(c) {
			err = ctx.Err()
			break
		}
		var results []Result
		if results, err = r.climb(ctx, d, below, t, naive, c); len(results) > 0 {
			r.finish(c, results)
		}
		r.index++
		if err != nil {
			break
		}
	}
	if ctx.Err() != nil {
		r.Interrupted, err = true, nil
	}
	r.Took = r.spent()
	return &r.Report, err
}

// climb is a case on every rung.
func (r *runner) climb(ctx context.Context, d *device, below *compute.Device, t, naive compute.Tuner, c Case) ([]Result, error) {
	options := compute.TuneOptions{Limit: ladderLimit * r.Options.MaxCase, Keep: true, Now: r.Options.now}
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
		rungs = append(rungs, r.rung(d, all, a, a.Way))
		rungs[i].Chosen = i == 0
	}
	slices.SortStableFunc(rungs, func(a, b Result) int { return cmp.Compare(heightOf(b), heightOf(a)) })
	for _, a := range low.Attempts {
		rungs = slices.Insert(rungs, 0, r.rung(d, all, a, "naive"))
	}
	if left := all.Ways - len(all.Attempts); left > 0 {
		res := r.rung(d, all, compute.Attempt{}, fmt.Sprintf("%d more", left))
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

// rung is the result of one attempt at the case of t on d.
func (r *runner) rung(d *device, t Tuned, a compute.Attempt, name string) Result {
	res := r.result(t.Case, t.description, t.Cost, d.info)
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
		res.Times, res.Samples, res.Spread = nil, a.Laps, a.Spread
		if d.roof.Known() {
			s, by := d.roof.seconds(t.Cost)
			res.Share, res.BoundBy = s/res.Seconds, by
		}
	}
	return res
}

// ladderTable has a row for each rung of each case.
func (r *Report) ladderTable() table {
	s := table{Title: "ladder: every way to run a case, verified", Head: []string{"case", "rung", "time", "GFLOP/s", "of roof", "× the rung below", "verified", "worst"}}
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
