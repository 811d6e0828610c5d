package bench

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime/debug"
	"slices"
	"time"

	"hebb/compute"
)

// Options say what to run and for how long.
type Options struct {
	Suites  []string       // some of Suites; none: all, but of layers and training only what Quick has
	Quick   bool           // a handful of cases from each suite
	Only    *regexp.Regexp // if not nil, the cases whose suite and name match
	Batch   int            // images at a time in layers and training; 0: as suits the devices
	Seed    uint64         // of the inputs
	Allow   compute.Leeway // of all ops
	MaxCase time.Duration  // the longest that one case may take on one device, or a rule of training four times; 0: 5 s, or 1.5 s if Quick
	Peer    *Peer          // another program to compare with, or nil

	// Began is called before each case, and Done after it with all of its results; either may be nil.
	Began func(Progress)
	Done  func(Progress, []Result)

	gpu, software bool // there is a GPU; there is one that is a program on the CPU

	now     func() time.Time
	roofs   []ladder
	courses []Training // of the suite training
}

// A Progress says how far a run has come.
type Progress struct {
	Case  Case
	Index int // of Case
	Total int
}

// A Report is what a run found out.
type Report struct {
	Devices     []Device
	Results     []Result // roofs, transfers, then case by case
	Peer        *PeerInfo
	PeerError   error // why the peer was not asked any more
	Options     Options
	Start       time.Time
	Took        time.Duration
	Version     string
	Interrupted bool
	Command     string // that asked for it; the caller may set it
}

// A Device is what was measured on, and its roof.
type Device struct {
	compute.Info
	Roof Roof
}

// Wrong returns the results that are outside their bounds, and those that could not be had.
func (r *Report) Wrong() []Result {
	return slices.DeleteFunc(slices.Clone(r.Results), func(r Result) bool { return r.Status != Failed && r.Status != Broken })
}

// Run measures the cases on all backends, and on the peer. When ctx is done it ends after the
// current case, or in the middle of a training. An error means that nothing could be run; what went wrong in a case is in its
// Result. The backends stay open.
func Run(ctx context.Context, backends []compute.Backend, o Options) (*Report, error) {
	o = o.withDefaults(backends)
	cases, err := Cases(o)
	if err != nil {
		return nil, err
	}
	if len(backends) == 0 {
		return nil, errors.New("bench: no device to measure")
	}
	r := newRunner(backends, o)
	for _, d := range r.devices {
		r.measureRoof(ctx, d)
		r.measureTransfers(ctx, d)
	}
	for i, c := range cases {
		if ctx.Err() != nil {
			break
		}
		p := Progress{c, i, len(cases)}
		if o.Began != nil {
			o.Began(p)
		}
		r.rehearse(cases, i)
		if t, ok := c.Work.(Training); ok {
			r.finish(p, r.train(ctx, c, t, o.Peer))
		} else {
			r.finish(p, r.measure(c, r.devices, o.Peer))
		}
	}
	r.Interrupted = ctx.Err() != nil
	r.Took = o.now().Sub(r.Start)
	for i, d := range r.devices {
		r.Devices[i].Roof = d.roof
	}
	if o.Peer != nil {
		r.Peer, r.PeerError = &o.Peer.PeerInfo, o.Peer.err
	}
	return &r.Report, nil
}

func (o Options) withDefaults(backends []compute.Backend) Options {
	for _, b := range backends {
		i := b.Info()
		o.gpu = o.gpu || i.Backend == "gpu"
		o.software = o.software || i.Software
	}
	if o.MaxCase == 0 {
		o.MaxCase = 5 * time.Second
		if o.Quick {
			o.MaxCase = 1500 * time.Millisecond
		}
	}
	if o.now == nil {
		o.now = time.Now
	}
	if o.roofs == nil {
		o.roofs = roofs()
	}
	return o
}

// Version returns the version of hebb that is running, with its revision where it is known.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" || v == "(devel)" {
		v = "devel"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			v += " " + s.Value[:12]
		}
	}
	return v
}

// A runner is a run under way.
type runner struct {
	Report
	devices []*device
}

// A device is one of ours, with what the run has learnt about it so far. Outside of a case it holds
// no memory.
type device struct {
	*compute.Device
	backend compute.Backend
	info    compute.Info
	clock   *stopwatch
	roof    Roof
	share   map[string]float64 // of the roof that the last case of a kind reached
	lost    error              // its first failure: it does nothing any more
}

func newRunner(backends []compute.Backend, o Options) *runner {
	r := &runner{}
	r.Report = Report{Options: o, Start: o.now(), Version: Version()}
	for _, b := range backends {
		i := b.Info()
		r.devices = append(r.devices, &device{Device: o.open(b), backend: b, info: i, clock: stopwatchOf(i, o.now), share: map[string]float64{}})
		r.Report.Devices = append(r.Report.Devices, Device{Info: i})
	}
	return r
}

// open is a device on b as the ops of a run are to be run.
func (o Options) open(b compute.Backend) *compute.Device {
	d := compute.New(b)
	d.Allow(o.Allow)
	return d
}

// allowed is the leeway of a case: roofs and transfers have no use for any.
func (o Options) allowed(c Case) string {
	if c.Suite == "roof" || c.Suite == "transfer" {
		return ""
	}
	return o.Allow.String()
}

// rehearse has the devices make ready for cases that come some time after the i-th.
func (r *runner) rehearse(cases []Case, i int) {
	from, to := compute.Ahead(i, len(cases))
	for _, d := range r.devices {
		if !compute.Rehearse(d.backend, nil) {
			continue
		}
		for _, c := range cases[from:to] {
			if p, err := newProblem(c, r.Options.Seed, r.Options.Allow); err == nil { // not of a training, which is one by one
				compute.Rehearse(d.backend, p.ops)
			}
		}
	}
}

// finish keeps the results of a case and hands them on.
func (r *runner) finish(p Progress, results []Result) {
	r.Results = append(r.Results, results...)
	if r.Options.Done != nil {
		r.Options.Done(p, results)
	}
}

// measureRoof climbs the ladders of roofs on d.
func (r *runner) measureRoof(ctx context.Context, d *device) {
	for _, l := range r.Options.roofs {
		for _, c := range l.of(d.info) {
			if ctx.Err() != nil || d.lost != nil {
				return
			}
			res := r.measure(c, []*device{d}, nil)
			r.finish(Progress{Case: c}, res)
			if res[0].Status != OK {
				break
			}
			l.record(&d.roof, res[0])
			if res[0].Seconds >= l.until {
				break
			}
		}
	}
}

// result is an empty result of c on info.
func (r *runner) result(c Case, cost compute.Cost, info compute.Info) Result {
	return Result{
		Suite: c.Suite, Case: c.Name, Op: c.Op(), Kind: c.Kind(), Sizes: c.Sizes(),
		Backend: info.Backend, Device: info.Device, Driver: info.Driver, Software: info.Software,
		Status: OK, Flops: cost.Flops, Bytes: cost.Bytes, PeerTF32: r.Options.Peer != nil && r.Options.Peer.TF32, Allow: r.Options.allowed(c),
		Date: r.Options.now().UTC().Truncate(time.Second), Version: r.Version,
	}
}

// measure verifies and times one case on devices and peer.
func (r *runner) measure(c Case, devices []*device, peer *Peer) []Result {
	p, err := newProblem(c, r.Options.Seed, r.Options.Allow)
	if err != nil { // a mistake in the case itself
		res := r.result(c, compute.Cost{}, devices[0].info)
		res.Status, res.Note = Broken, err.Error()
		return []Result{res}
	}
	trials := make([]*trial, len(devices))
	for i, d := range devices {
		trials[i] = &trial{dev: d, p: p, clock: d.clock, limit: r.Options.MaxCase, Result: r.result(c, p.cost, d.info)}
		trials[i].forecast()
	}
	r.inside(trials, func() { r.contend(p, trials, peer) })
	results := make([]Result, 0, len(trials)+1)
	for _, t := range trials {
		t.dev.Trim()
		t.conclude()
		results = append(results, t.Result)
	}
	if peer != nil {
		if res := peer.take(); res != nil {
			results = append(results, *res)
		}
	}
	compare(results)
	return results
}

// inside calls f within a Step on the device of every trial that is still in the running.
func (r *runner) inside(trials []*trial, f func()) {
	if len(trials) == 0 {
		f()
		return
	}
	t := trials[0]
	if t.Status != OK {
		r.inside(trials[1:], f)
		return
	}
	entered := false
	err := t.dev.Step(func(s *compute.Step) error {
		entered = true
		t.prepare(s)
		r.inside(trials[1:], f)
		return s.Err()
	})
	t.fail(err)
	if !entered {
		r.inside(trials[1:], f)
	}
}

// contend verifies everyone on whole numbers and on real ones, and then times them in turns.
func (r *runner) contend(p *problem, trials []*trial, peer *Peer) {
	running := func() []*trial {
		return slices.DeleteFunc(slices.Clone(trials), func(t *trial) bool { return t.Status != OK })
	}
	for _, f := range []filling{whole, real} {
		if len(running()) == 0 {
			return
		}
		p.set(f)
		for _, t := range running() {
			t.verify()
		}
	}
	if len(running()) == 0 {
		return
	}
	if peer != nil {
		peer.load(p, r.result(p.Case, p.cost, peer.info()))
		defer peer.drop()
	}
	for range rounds {
		for _, t := range running() {
			t.time()
		}
		if peer != nil {
			peer.time(r.Options.MaxCase / rounds)
		}
	}
}

// compare puts ratios on the lines of those who stand in them.
func compare(results []Result) {
	for i := range results {
		a := &results[i]
		for _, b := range results {
			switch {
			case a.Seconds == 0 || b.Seconds == 0 || a.Expr != "": // a peer has no ratios of its own
			case b.Expr != "":
				a.VsPeer = b.Seconds / a.Seconds
			case a.Backend == "gpu" && b.Backend == "cpu":
				a.Speedup = b.Seconds / a.Seconds
			}
		}
	}
}

// Ratio returns how many times longer each Hebbian update takes than the plain product of its
// shape on the same device.
func Ratio(results []Result) []Overhead {
	key := func(r Result) string {
		s := r.Sizes
		if r.Op == "gemm" {
			s = map[string]int{"networks": s["batch"], "units": s["m"], "inputs": s["n"], "n": s["k"]}
		}
		return fmt.Sprint(r.Backend, r.Device, s)
	}
	plain := map[string]Result{}
	var ratios []Overhead
	for _, r := range results {
		if r.Suite != "hebbian" || r.Seconds == 0 || r.aside() {
			continue
		}
		if r.Op == "gemm" {
			plain[key(r)] = r
		} else if p, ok := plain[key(r)]; ok {
			ratios = append(ratios, Overhead{r, r.Seconds / p.Seconds})
		}
	}
	return ratios
}

// An Overhead is a Hebbian update beside the plain product of its shape.
type Overhead struct {
	Result
	Times float64 // the update's seconds / the product's
}
