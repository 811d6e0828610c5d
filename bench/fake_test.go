package bench

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"hebb/compute"
	"hebb/internal/must"
)

// A fake is a Backend whose results are the definition itself, evaluated where they are read, and
// whose time is made up: each op takes what its cost takes on a device of these speeds. Ops do not
// build on each other, which verification does not ask for.
type fake struct {
	software    bool
	name        string
	now         *time.Time
	flops, rate float64 // flops and bytes a second
	launch      time.Duration
	memory      int                                           // float32s; 0: any number
	wrong       func(op compute.Op, i int, x float32) float32 // what an element is instead of x; nil: x
	lostAfter   int                                           // ops until the device is lost; 0: never
	slowFirst   int                                           // ops that take six times as long
	uneven      bool                                          // every third op takes a quarter longer
	ran         func()                                        // called after each op; nil: nothing is

	ops  int
	used int
}

func (f *fake) Info() compute.Info {
	return compute.Info{Backend: f.name, Device: "fake " + f.name, Driver: "none", Software: f.software, Limits: []compute.Limit{{Name: "patience", Value: 3}}}
}

type fakeBuffer struct {
	f    *fake
	data map[int][]float32 // what was written, by offset
	n    int
	at   func(i int) float32 // what was computed since; nil: nothing
}

var errFull = errors.New("no more memory")

func (f *fake) Alloc(n int) (compute.Buffer, error) {
	if f.memory > 0 && f.used+n > f.memory {
		return nil, errFull
	}
	f.used += n
	return &fakeBuffer{f: f, n: n, data: map[int][]float32{}}, nil
}

func (b *fakeBuffer) Free() { b.f.used -= b.n }

// moved takes the time of a transfer.
func (f *fake) moved(n int) {
	*f.now = f.now.Add(f.launch + time.Duration(1e9*4*float64(n)/f.rate))
}

func (b *fakeBuffer) Write(off int, src []float32) error {
	b.f.moved(len(src))
	b.data[off], b.at = append([]float32(nil), src...), nil
	return nil
}

func (b *fakeBuffer) Read(off int, dst []float32) error {
	if err := b.f.Sync(); err != nil {
		return err
	}
	b.f.moved(len(dst))
	for i := range dst {
		if b.at != nil {
			dst[i] = b.at(off + i)
		} else {
			dst[i] = b.data[off][i]
		}
	}
	return nil
}

var errLost = errors.New("the device fell off the bus")

func (f *fake) Sync() error {
	if f.lostAfter > 0 && f.ops >= f.lostAfter {
		return errLost
	}
	return nil
}

func (f *fake) Close() error { return nil }

// takes is how long an op takes.
func (f *fake) takes(c compute.Cost) time.Duration {
	return f.launch + time.Duration(1e9*math.Max(float64(c.Flops)/f.flops, float64(c.Bytes)/f.rate))
}

func (f *fake) Run(op compute.Op) error {
	f.ops++
	took := f.takes(compute.CostOf(op))
	if f.ops <= f.slowFirst {
		took *= 6
	}
	if f.uneven && f.ops%3 == 0 {
		took += took / 4
	}
	*f.now = f.now.Add(took)
	if f.ran != nil {
		f.ran()
	}
	outs, ins := compute.Operands(op)
	before := compute.Contents{}
	for _, t := range append(ins, outs...) {
		before[t] = t.Buffer().(*fakeBuffer).data[0]
		if words := before[t]; t.Type() == compute.Float16 && 2*len(words) >= t.Len() {
			before[t] = make([]float32, t.Len())
			compute.Widen(before[t], words)
		}
		if len(before[t]) < t.Len() { // poison, which no definition asks for
			before[t] = make([]float32, t.Len())
		}
	}
	var define func(out, i int) compute.Val // made when it is first needed, for most runs are only timed
	for o, t := range outs {
		t.Buffer().(*fakeBuffer).at = func(i int) float32 {
			if define == nil {
				define = compute.Define(op, before)
			}
			x := float32(define(o, i).X)
			if f.wrong != nil {
				x = f.wrong(op, i, x)
			}
			return x
		}
	}
	return nil
}

// alwaysOff is wrong everywhere.
func alwaysOff(_ compute.Op, _ int, x float32) float32 { return x + 1 + x }

// world is a clock, a GPU and a CPU on it: slow ones, so that their roofs are low and soon found.
func world() (now *time.Time, gpu, cpu *fake) {
	t := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	gpu = &fake{name: "gpu", now: &t, flops: 8e9, rate: 8e9, launch: 20 * time.Microsecond}
	cpu = &fake{name: "cpu", now: &t, flops: 2e9, rate: 4e9, launch: 20 * time.Microsecond}
	return &t, gpu, cpu
}

// contenders are backends for Run.
func contenders(fs ...*fake) (all []compute.Backend) {
	for _, f := range fs {
		all = append(all, f)
	}
	return all
}

// lowRoofs are the lowest rungs of roofs: enough for a fake, whose speed does not depend on size.
func lowRoofs() []ladder {
	low := roofs()
	low[1].rungs = low[1].rungs[:1]
	low[2].rungs = []Case{copyOf(1 << 20)}
	low[2].rungs[0].Suite = "roof"
	return low
}

func mustCases(t *testing.T, o Options) []Case {
	t.Helper()
	cases := must.Get(Cases(o))(t)
	return cases
}

// of returns the results of a suite on a backend, in their order.
func of(r *Report, suite, backend string) []Result {
	return slices.DeleteFunc(slices.Clone(r.Results), func(c Result) bool { return c.Suite != suite || c.Backend != backend })
}

// isCase reports whether it is of neither a roof nor a transfer.
func isCase(p Progress) bool { return slices.Contains(Suites, p.Case.Suite) }

func mustRun(t *testing.T, ctx context.Context, o Options, fs ...*fake) *Report {
	t.Helper()
	o.now, o.roofs = func() time.Time { return *fs[0].now }, lowRoofs()
	r := must.Get(Run(ctx, contenders(fs...), o))(t)
	return r
}
