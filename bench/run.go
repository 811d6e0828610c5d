package bench

import (
	"context"
	"errors"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"hebb/compute"
)

// Options choose the cases of a run and limit its time.
type Options struct {
	Suites  []string       // some of Suites; none: all, but of small, layers and training only the quick cases
	Quick   bool           // a handful of cases from each suite
	Only    *regexp.Regexp // if not nil, the cases whose suite and name match
	Batch   int            // images at a time in layers and training; 0: as suits the devices
	Seed    uint64         // of the inputs
	Allow   compute.Leeway // of all ops
	MaxCase time.Duration  // the longest that one case may take on one device, or a rule of training four times; 0: 5 s, or 1.5 s if Quick
	Peer    *Peer          // another program to compare with, or nil
	Again   int            // how often a case below 0.95 of the peer's speed is measured again, see [Result.Again]
	Budget  time.Duration  // no case, nor the measurement of a roof, begins later than that after the start, and quick cases come first; 0: no limit
	All     bool           // all cases also on a GPU that is a program on the CPU, which beside another device gets the quick ones alone

	Settings string // what else was asked for that changes how fast ops are, in words that results keep: "rung=naive"

	// Began is called before each case, Done after it with all of its results; either may be nil. The roofs of the devices
	// and their transfers come first, and are cases too.
	Began func(Progress)
	Done  func(Progress, []Result)

	gpu, software bool // there is a GPU; there is one that is a program on the CPU

	now      func() time.Time
	roofs    []ladder
	networks []Training // of the suite training
}

// A Progress is a case and its place among the steps of a run: of each device the peak of each kind, and transfers, and then
// each case. A peak takes several cases, larger and larger.
type Progress struct {
	Case  Case
	Index int // of the step
	Total int
	Left  time.Duration // about, until the end; 0: not known, before the first case is done
}

// A Report has the results of one run or of several ([Collect]).
type Report struct {
	Devices     []Device
	Results     []Result // roofs, transfers, then case by case
	Peer        *PeerInfo
	PeerError   error // that ended the peer
	Options     Options
	Start       time.Time
	Took        time.Duration
	LeftOut     int // cases that Options.Budget had no time for
	Version     string
	Interrupted bool
	Command     string // line that started the run; the caller may set it
}

// A Device is a measured device and its roof.
type Device struct {
	compute.Info
	Roof Roof

	roofs int // runs that have measured it, where there were several
}

// Wrong returns the results outside their bounds and the results of cases that could not run.
func (r *Report) Wrong() []Result {
	return slices.DeleteFunc(slices.Clone(r.Results), func(r Result) bool { return r.Status != Failed && r.Status != Broken })
}

// Run measures the cases on all backends, and on the peer. When ctx is done it begins no other run of an op. An error means
// that nothing could be run; the failure of a case is in its Result. The backends stay open.
func Run(ctx context.Context, backends []compute.Backend, o Options) (*Report, error) {
	o = o.withDefaults(backends)
	cases, err := Cases(o)
	if err != nil {
		return nil, err
	}
	if len(backends) == 0 {
		return nil, errors.New("bench: no device to measure")
	}
	r := newRunner(ctx, backends, o)
	r.total = len(r.devices)*(len(o.roofs)+1) + len(cases)
	for _, d := range r.devices {
		r.measureRoofs(d)
		r.measureTransfers(d)
		r.index++
	}
	r.first, r.began = r.index, r.spent()
	for i, c := range cases {
		if !r.begin(c) {
			if ctx.Err() == nil {
				r.LeftOut = len(cases) - i
			}
			break
		}
		r.rehearse(cases, i)
		r.finish(c, r.again(c, r.run(c, r.devicesFor(c))))
		r.index++
	}
	r.Interrupted = ctx.Err() != nil
	r.Took = r.spent()
	for i, d := range r.devices {
		r.Devices[i].Roof = d.roof
	}
	if o.Peer != nil {
		r.Peer = &o.Peer.PeerInfo
		if !r.Interrupted {
			r.PeerError = o.Peer.err
		}
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
	devices      []*device
	over         func() error  // errInterrupted once the run is to end before its time
	index, total int           // steps, see Progress
	first        int           // the first step that is no roof
	began        time.Duration // when that was, after the start; 0: not yet
}

// A device is a compute.Device with its roof and its speed so far. Between cases it holds no memory.
type device struct {
	*compute.Device
	backend compute.Backend
	info    compute.Info
	clock   *stopwatch
	roof    Roof
	share   map[string]float64 // of the roof that the last case of a kind reached
	lost    error              // its first failure, after which it is not used any more
}

func newRunner(ctx context.Context, backends []compute.Backend, o Options) *runner {
	r := &runner{over: func() error {
		if ctx.Err() != nil {
			return errInterrupted
		}
		return nil
	}}
	r.Report = Report{Options: o, Start: o.now(), Version: Version()}
	for _, b := range backends {
		i := b.Info()
		clock := stopwatchOf(i, o.now)
		clock.over = r.over
		r.devices = append(r.devices, &device{Device: o.open(b), backend: b, info: i, clock: clock, share: map[string]float64{}})
		r.Report.Devices = append(r.Report.Devices, Device{Info: i})
	}
	return r
}

// watch returns the results of measure with the share of the machine's cores that other programs had meanwhile, where that is
// known and the time was long enough to tell.
func (r *runner) watch(measure func() []Result) []Result {
	peer := 0
	if r.Options.Peer != nil && r.Options.Peer.cmd != nil && r.Options.Peer.cmd.Process != nil {
		peer = r.Options.Peer.cmd.Process.Pid
	}
	start := time.Now()
	before, ok := others(peer)
	results := measure()
	mhz := clock()
	for i := range results {
		results[i].Clock = mhz
	}
	after, also := others(peer)
	took := time.Since(start)
	if !ok || !also || took < 200*time.Millisecond {
		return results
	}
	share := min(1, max(0, (after-before).Seconds()/took.Seconds()/float64(runtime.NumCPU())))
	for i := range results {
		results[i].Others = &share
	}
	return results
}

// Busy returns the mean share of the machine's cores that other programs had while cases were measured, or 0 where that is
// not known.
func (r *Report) Busy() float64 {
	sum, n := 0.0, 0
	for _, c := range r.Results {
		if c.Others != nil {
			sum += *c.Others
			n++
		}
	}
	return sum / float64(max(n, 1))
}

// devicesFor returns the devices that a case is measured on, see Options.All. Networks have many kernels to compile.
func (r *runner) devicesFor(c Case) []*device {
	if r.Options.All || c.Quick && c.Training == nil {
		return r.devices
	}
	fast := slices.DeleteFunc(slices.Clone(r.devices), func(d *device) bool { return d.info.Software })
	if len(fast) == 0 {
		return r.devices
	}
	return fast
}

// run measures a case on devices and peer.
func (r *runner) run(c Case, on []*device) []Result {
	return r.watch(func() []Result {
		if c.Training != nil {
			return r.train(c, on, r.Options.Peer)
		}
		return r.measure(c, on, r.Options.Peer)
	})
}

// open makes a Device on b that allows the leeway of o.
func (o Options) open(b compute.Backend) *compute.Device {
	d := compute.New(b)
	d.Allow(o.Allow)
	return d
}

// allowed is the leeway of a case, in words: roofs and transfers have no use for any.
func (o Options) allowed(c Case) string {
	if c.Suite == "roof" || c.Suite == "transfer" {
		return ""
	}
	return o.Allow.String()
}

// rehearse has the devices prepare for cases that come some time after the i-th.
func (r *runner) rehearse(cases []Case, i int) {
	from, to := compute.Ahead(i, len(cases))
	for _, d := range r.devices {
		if !compute.Rehearse(d.backend, nil) {
			continue
		}
		for _, c := range cases[from:to] {
			if !slices.Contains(r.devicesFor(c), d) {
				continue
			}
			if p, err := newProblem(c, r.Options.Seed, r.Options.Allow); err == nil { // not of a training, which is one by one
				compute.Rehearse(d.backend, p.run)
			}
		}
	}
}

var errInterrupted = errors.New("interrupted")

// may reports whether a case may begin: the run is not over, and its budget not spent.
func (r *runner) may() bool {
	return r.over() == nil && (r.Options.Budget == 0 || r.spent() <= r.Options.Budget)
}

// begin tells of a case that begins, and reports whether it may.
func (r *runner) begin(c Case) bool {
	if !r.may() {
		return false
	}
	if r.Options.Began != nil {
		r.Options.Began(r.progress(c))
	}
	return true
}

// finish keeps the results of a case and hands them on.
func (r *runner) finish(c Case, results []Result) {
	r.Results = append(r.Results, results...)
	if r.Options.Done != nil {
		r.Options.Done(r.progress(c), results)
	}
}

func (r *runner) spent() time.Duration { return r.Options.now().Sub(r.Start) }

// progress has the cases that are left take as long as those before, roofs aside, and no longer than the budget.
func (r *runner) progress(c Case) Progress {
	p := Progress{Case: c, Index: r.index, Total: r.total}
	if done := r.index - r.first; r.began > 0 && done > 0 {
		p.Left = (r.spent() - r.began) / time.Duration(done) * time.Duration(r.total-r.index)
		if budget := r.Options.Budget; budget > 0 {
			p.Left = max(0, min(p.Left, budget-r.spent()))
		}
	}
	return p
}

// measureRoofs climbs the ladders of roofs on d.
func (r *runner) measureRoofs(d *device) {
	for _, l := range r.Options.roofs {
		r.measureRoof(d, l)
		r.index++
	}
}

func (r *runner) measureRoof(d *device, l ladder) {
	for _, c := range l.of(d.info) {
		if d.lost != nil || !r.begin(c) {
			return
		}
		res := r.watch(func() []Result { return r.measure(c, []*device{d}, nil) })
		r.finish(c, res)
		if res[0].Status != OK {
			return
		}
		d.roof = roofOf(d.info.Backend, r.Results)
		if res[0].Seconds >= l.until {
			return
		}
	}
}

// result is an empty result of c, which is as d says, on info.
func (r *runner) result(c Case, d description, cost compute.Cost, info compute.Info) Result {
	return Result{
		Suite: c.Suite, Case: c.Name, Op: d.op, Kind: d.kind, Sizes: d.sizes,
		Backend: info.Backend, Device: info.Device, Driver: info.Driver, Software: info.Software,
		Status: OK, Flops: cost.Flops, Bytes: cost.Bytes, PeerTF32: r.Options.Peer != nil && r.Options.Peer.TF32, Allow: r.Options.allowed(c),
		Date: r.Options.now().UTC().Truncate(time.Second), Version: r.Version,
		Go: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH, Procs: runtime.GOMAXPROCS(0), Settings: r.Options.Settings,
	}
}

// mistaken is the result of a case that cannot be made.
func (r *runner) mistaken(c Case, err error) []Result {
	res := r.result(c, description{}, compute.Cost{}, r.devices[0].info)
	res.Status, res.Note = Broken, err.Error()
	return []Result{res}
}

// measure verifies and times one case on devices and peer.
func (r *runner) measure(c Case, devices []*device, peer *Peer) []Result {
	p, err := newProblem(c, r.Options.Seed, r.Options.Allow)
	if err != nil {
		return r.mistaken(c, err)
	}
	trials := make([]*trial, len(devices))
	for i, d := range devices {
		trials[i] = &trial{p: p, timing: timing{device: d, limit: r.Options.MaxCase, Result: r.result(c, p.description, p.cost, d.info)}}
		trials[i].forecast()
	}
	r.inside(trials, func() { r.verifyAndTime(p, trials, peer) })
	results := make([]Result, 0, len(trials)+1)
	for _, t := range trials {
		results = append(results, t.finish())
	}
	if peer != nil {
		if res := peer.take(); res != nil {
			results = append(results, *res)
		}
	}
	relate(results)
	return results
}

// inside calls f within a Step on the device of every trial that is still OK.
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
	err := t.device.Step(func(s *compute.Step) error {
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

// verifyAndTime verifies all trials on whole numbers and on real ones, and then times them and the peer in turns.
func (r *runner) verifyAndTime(p *problem, trials []*trial, peer *Peer) {
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
		peer.load(p, r.result(p.Case, p.description, p.cost, peer.info()))
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

// relate fills in the ratios between the results of one case.
func relate(results []Result) {
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
