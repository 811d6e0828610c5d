package compute

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Profile returns b with a count of its ops' device times by kind: an op's type, settings and shapes. It keeps up to
// keep events for [WriteTrace] (0: 200 000, some 10 MB) and counts the events it dropped; sums cover all ops, however
// long the run. It knows no op, and does not change results.
//
// It is an error if b cannot time its ops ([TimeOps]). Wrap b itself, and let other wrappers wrap the Profiler:
// Verify(Profile(b)) times the ops alone, on the host too.
func Profile(b Backend, keep int) (*Profiler, error) {
	if keep <= 0 {
		keep = 200_000
	}
	p := &Profiler{Backend: b, keep: keep, start: time.Now(), kinds: map[string]*kind{}}
	if err := TimeOps(b, p.hear); err != nil {
		return nil, err
	}
	return p, nil
}

// A Profiler is a Backend that times the ops of another one. Its results cover the ops that are done: call
// [Profiler.Sync] first.
type Profiler struct {
	Backend
	Peak Peak // of the device; zero if not measured

	keep    int
	start   time.Time
	kinds   map[string]*kind
	name    namer // of keys
	events  []event
	dropped int64
	calls   int64
	host    time.Duration // in calls of Run
	first   time.Time     // start of the first op on the device
	last    time.Time     // end of the last one

	mu      sync.Mutex
	arrived []Timing // not yet counted
	also    func(Timing)
}

// A Peak is the best speed of a device; zeros are unknown.
type Peak struct {
	Flops float64 // a second
	Bytes float64 // a second, read and written
}

// Known reports whether both speeds are known.
func (p Peak) Known() bool { return p.Flops > 0 && p.Bytes > 0 }

// Shortest returns the time that an op of so many flops and bytes takes under the roof of p, and what bounds it there,
// "compute" or "memory". The roof (Williams, Waterman and Patterson, "Roofline", CACM 52(4), 2009) is a speed, of an op of
// intensity I = flops/bytes
//
//	roof(I) = min(p.Flops, I·p.Bytes), so the time is flops/roof(I) = max(flops/p.Flops, bytes/p.Bytes).
//
// Ops that run one after the other take the sum of their times. What bench and profiles call "of roof" is this time over the
// measured one; it exceeds 1 where operands stay in a cache or an op takes fewer flops than its [Cost] counts.
func (p Peak) Shortest(flops, bytes float64) (seconds float64, boundBy string) {
	arithmetic, memory := flops/p.Flops, bytes/p.Bytes
	if arithmetic >= memory {
		return arithmetic, "compute"
	}
	return memory, "memory"
}

// An OpTime sums up the device time of the ops of one kind.
type OpTime struct {
	Op       string        `json:"op"`       // its type and settings: "Gemm TransB Act relu"
	Operands string        `json:"operands"` // "[128 500] ← [128 784] [500 784]": outputs ← other inputs
	Kernels  []string      `json:"kernels,omitempty"`
	Count    int64         `json:"count"`
	Total    time.Duration `json:"total_ns"`
	Median   time.Duration `json:"median_ns"` // within 0.8 %
	Flops    float64       `json:"flops"`     // of all together, as in their [Cost]
	Bytes    float64       `json:"bytes"`     // of all together

	parts []OpTime // the kinds that a row of a table sums up
}

// Gflops returns 10⁹ flops per second of the ops' time.
func (o OpTime) Gflops() float64 { return o.Flops / float64(o.Total) }

// Gbps returns 10⁹ bytes of operands per second, each operand counted once.
func (o OpTime) Gbps() float64 { return o.Bytes / float64(o.Total) }

// Share returns the share of the roof of p that the ops reached: their shortest time, [Peak.Shortest], over the measured one.
func (o OpTime) Share(p Peak) float64 { return o.shortest(p) / o.Total.Seconds() }

func (o OpTime) shortest(p Peak) (seconds float64) {
	if o.parts == nil {
		seconds, _ = p.Shortest(o.Flops, o.Bytes)
	}
	for _, part := range o.parts {
		seconds += part.shortest(p)
	}
	return seconds
}

// kind is a Profiler's record of the ops of one kind.
type kind struct {
	OpTime
	classes histogram
}

// mostKinds bounds the memory of a run: a program whose shapes never repeat has the rest in one row for each type.
const mostKinds = 4096

// of returns the kind of op.
func (p *Profiler) of(op Op) *kind {
	n := &p.name
	n.text = n.text[:0]
	n.kind(op)
	n.operands(op)
	k := p.kinds[string(n.text)]
	if k != nil {
		return k
	}
	k = &kind{classes: histogram{}}
	key := string(n.text)
	if len(p.kinds) < mostKinds {
		full := namer{pretty: true}
		full.kind(op)
		k.Op, full.text = string(full.text), full.text[:0]
		full.operands(op)
		k.Operands = string(full.text)
	} else {
		key, _, _ = strings.Cut(key, " ")
		if p.kinds[key] != nil {
			return p.kinds[key]
		}
		k.Op, k.Operands = key, "other shapes"
	}
	p.kinds[key] = k
	return k
}

// Run runs op, times the call, and counts the timings that have arrived.
func (p *Profiler) Run(op Op) error {
	start := time.Now()
	err := p.Backend.Run(op)
	took := time.Since(start)
	p.calls++
	p.host += took
	p.record(event{kind: p.of(op), on: onHost, at: start.Sub(p.start), took: took})
	p.count()
	return err
}

// Sync waits for all ops, then counts them all.
func (p *Profiler) Sync() error {
	start := time.Now()
	err := p.Backend.Sync()
	p.record(event{name: "Sync", on: onHost, at: start.Sub(p.start), took: time.Since(start)})
	p.count()
	return err
}

// Close closes the Backend; the counts remain.
func (p *Profiler) Close() error {
	err := p.Backend.Close()
	p.count()
	return err
}

// TimeOps passes timings on to f as well.
func (p *Profiler) TimeOps(f func(Timing)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.also = f
	return nil
}

// Rehearse is that of the profiled Backend.
func (p *Profiler) Rehearse(ops []Op) bool { return Rehearse(p.Backend, ops) }

// hear stores a timing. The Backend calls it, perhaps on the goroutine that feeds the device, so it does no more.
func (p *Profiler) hear(t Timing) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.arrived = append(p.arrived, t)
	if p.also != nil {
		p.also(t)
	}
}

// count adds the timings that have arrived to their kinds.
func (p *Profiler) count() {
	p.mu.Lock()
	arrived := p.arrived
	p.arrived = nil
	p.mu.Unlock()
	for _, t := range arrived {
		p.add(t)
	}
}

func (p *Profiler) add(t Timing) {
	k, cost := p.of(t.Op), t.Op.cost()
	k.Count++
	k.Total += t.Took
	k.Flops += float64(cost.Flops)
	k.Bytes += float64(cost.Bytes)
	k.classes.add(t.Took)
	if k.Kernels == nil {
		for _, part := range t.Parts {
			k.Kernels = append(k.Kernels, part.Name)
		}
	}
	if p.first.IsZero() {
		p.first = t.Start
	}
	p.last = t.Start.Add(t.Took)
	at := t.Start.Sub(p.start)
	p.record(event{kind: k, on: onDevice, at: at, took: t.Took})
	if len(t.Parts) < 2 {
		return
	}
	for _, part := range t.Parts {
		p.record(event{kind: k, name: part.Name, on: onDevice, at: at, took: part.Took})
		at += part.Took
	}
}

// Ops returns the times by kind, the kind with the most time first.
func (p *Profiler) Ops() []OpTime {
	p.count()
	var all []OpTime
	for _, k := range p.kinds {
		if k.Count == 0 {
			continue // it failed, or is not done
		}
		o := k.OpTime
		o.Median = k.classes.median()
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, b OpTime) int {
		return cmp.Or(cmp.Compare(b.Total, a.Total), cmp.Compare(a.Op, b.Op), cmp.Compare(a.Operands, b.Operands))
	})
	return all
}

// Dropped returns the number of events missing from the output of [WriteTrace].
func (p *Profiler) Dropped() int64 { return p.dropped }
