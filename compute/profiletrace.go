package compute

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// An event is a line in the trace. Times count from the start of the Profiler.
type event struct {
	kind     *kind  // of op; nil: a wait
	name     string // of a part of an op, or of a wait
	on       int    // a track
	at, took time.Duration
}

// The tracks of a Profiler, as the trace numbers them.
const (
	onHost   = 1
	onDevice = 2
)

// record keeps e while there is room. After the first dropped event it drops all, so that the kept ones have no gap.
func (p *Profiler) record(e event) {
	if p.dropped > 0 || len(p.events) >= p.keep {
		p.dropped++
		return
	}
	p.events = append(p.events, e)
}

// WriteTrace writes all events with their times, for Perfetto (ui.perfetto.dev) or chrome://tracing: a JSON object of
// the Trace Event Format, ts and dur in µs. Each Profiler is a process with two tracks: calls of Run and Sync on the
// host, and ops on the device, inside each its launches, if there were several. "otherData" has the sums of all ops,
// and the number of dropped events; if any were dropped, an instant event says so where the trace breaks off.
func WriteTrace(w io.Writer, ps ...*Profiler) error {
	t := tracefile{w: bufio.NewWriter(w)}
	var zero time.Time
	for _, p := range ps {
		p.count()
		if zero.IsZero() || p.start.Before(zero) {
			zero = p.start
		}
	}
	t.text(`{"displayTimeUnit":"ns","traceEvents":[`)
	for i, p := range ps {
		t.process(i+1, p, p.start.Sub(zero))
	}
	t.text("\n],\"otherData\":")
	sums := map[string]any{}
	for _, p := range ps {
		sums[p.Info().String()] = map[string]any{"ops": p.Ops(), "dropped_events": p.dropped, "host_ns_in_run": p.host, "calls_of_run": p.calls}
	}
	t.value(sums)
	t.text("}\n")
	if t.err == nil {
		t.err = t.w.Flush()
	}
	return t.err
}

// A traceEvent is one of the Trace Event Format. Times are in µs.
type traceEvent struct {
	Name  string         `json:"name"`
	Phase string         `json:"ph"`
	Cat   string         `json:"cat,omitempty"`
	Scope string         `json:"s,omitempty"`
	Pid   int            `json:"pid"`
	Tid   int            `json:"tid"`
	Ts    float64        `json:"ts"`
	Dur   *float64       `json:"dur,omitempty"`
	Args  map[string]any `json:"args,omitempty"`
}

// A tracefile is a trace being written; its first error sticks.
type tracefile struct {
	w    *bufio.Writer
	more bool // events before this one
	err  error
}

func (t *tracefile) text(s string) {
	if t.err == nil {
		_, t.err = t.w.WriteString(s)
	}
}

func (t *tracefile) value(v any) {
	text, err := json.Marshal(v)
	if t.err == nil {
		t.err = err
	}
	t.text(string(text))
}

func (t *tracefile) event(e traceEvent) {
	if t.more {
		t.text(",")
	}
	t.more = true
	t.text("\n")
	t.value(e)
}

// process writes the events of p, which started late after the time 0 of the trace.
func (t *tracefile) process(pid int, p *Profiler, late time.Duration) {
	named := func(what string, tid int, name string) {
		t.event(traceEvent{Name: what, Phase: "M", Pid: pid, Tid: tid, Args: map[string]any{"name": name}})
	}
	named("process_name", 0, p.Info().String())
	named("thread_name", onHost, "host: calls of Run")
	named("thread_name", onDevice, "device: ops")
	var end time.Duration
	for _, e := range p.events {
		dur := micros(e.took)
		out := traceEvent{Name: e.name, Phase: "X", Pid: pid, Tid: e.on, Ts: micros(late + e.at), Dur: &dur}
		if end = max(end, e.at+e.took); e.kind != nil {
			out.describe(&e.kind.OpTime)
		}
		t.event(out)
	}
	if p.dropped > 0 {
		t.event(traceEvent{Name: fmt.Sprintf("the trace breaks off here: %d later events were dropped", p.dropped), Phase: "i", Scope: "p",
			Pid: pid, Tid: onHost, Ts: micros(late + end)})
	}
}

// describe fills in e for an op of that kind, or, if e has a name, for a part of it.
func (e *traceEvent) describe(k *OpTime) {
	if e.Name != "" {
		e.Cat = "launch"
		return
	}
	e.Name, e.Cat = k.Op, "op"
	e.Args = map[string]any{"operands": k.Operands}
	if n := float64(k.Count); n > 0 {
		e.Args["flops"], e.Args["bytes"] = k.Flops/n, k.Bytes/n
	}
	if k.Kernels != nil {
		e.Args["kernels"] = k.Kernels
	}
}

func micros(d time.Duration) float64 { return float64(d) / 1e3 }
