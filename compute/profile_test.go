package compute_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hebb/compute"
	"hebb/internal/must"
)

// A clocked is a Backend whose device takes made-up times: op number i takes takes(i), from pause after the end of
// the one before. Timings arrive as a GPU's do: late, and from another goroutine.
type clocked struct {
	*machine
	now   time.Time // on the device
	takes func(i int) time.Duration
	parts int
	fails bool // the next op

	ops  int
	late []compute.Timing
	tell func(compute.Timing)
}

const pause = 3 * time.Microsecond

func (c *clocked) TimeOps(f func(compute.Timing)) error {
	c.tell = f
	return nil
}

var errBroken = errors.New("broken")

func (c *clocked) Run(op compute.Op) error {
	if c.fails {
		c.fails = false
		return errBroken
	}
	t := compute.Timing{Op: op, Start: c.now.Add(pause), Took: c.takes(c.ops)}
	for i := range c.parts {
		t.Parts = append(t.Parts, compute.Part{Name: fmt.Sprint("part", i), Took: t.Took / time.Duration(c.parts)})
	}
	c.ops++
	c.now = t.Start.Add(t.Took)
	if c.late = append(c.late, t); len(c.late) > 5 {
		c.deliver(3)
	}
	return c.machine.Run(op)
}

func (c *clocked) Sync() error  { c.deliver(len(c.late)); return nil }
func (c *clocked) Close() error { return c.Sync() }

// deliver hands on the n oldest timings.
func (c *clocked) deliver(n int) {
	done := make(chan bool)
	go func() {
		for _, t := range c.late[:n] {
			c.tell(t)
		}
		close(done)
	}()
	<-done
	c.late = c.late[n:]
}

// profiled returns a Profiler of c with a Device around it.
func profiled(t *testing.T, c *clocked, keep int) (*compute.Profiler, *compute.Device) {
	t.Helper()
	c.now = time.Now()
	p := must.Get(compute.Profile(c, keep))(t)
	return p, compute.New(p)
}

// steps does ops until all is done.
func steps(t *testing.T, d *compute.Device, f func(s *compute.Step)) {
	t.Helper()
	err := d.Step(func(s *compute.Step) error { f(s); return nil })
	must.Do(t, errors.Join(err, d.Sync()))
}

// copies does n copies of three numbers until all is done.
func copies(t *testing.T, d *compute.Device, n int) {
	t.Helper()
	steps(t, d, func(s *compute.Step) {
		x, y := s.Tensor(3), s.Tensor(3)
		for range n {
			s.Do(compute.Copy{Dst: y, Src: x})
		}
	})
}

// TestProfileSums: times, counts, flops and bytes by kind are the sums of the ops', and kinds are distinguished by the
// features of their work, and by nothing else.
func TestProfileSums(t *testing.T) {
	c := &clocked{machine: plain(), takes: func(i int) time.Duration { return time.Duration(i+1) * time.Microsecond }}
	p, d := profiled(t, c, 0)
	one := compute.Epilogue{Alpha: 1}
	double, scale := compute.Pointwise(compute.Add(compute.Var(0), compute.Var(0))), compute.Pointwise(compute.Mul(compute.Const(2), compute.Var(0)))
	steps(t, d, func(s *compute.Step) {
		x, y, z := s.Tensor(4, 4), s.Tensor(4, 4), s.Tensor(4, 8)
		for range 4 { // ops 1, 2, 3 and 4: 10 µs in all, the lower median 2 µs
			s.Do(compute.Gemm{C: y, A: x, B: x, Epilogue: one})
		}
		s.Do(compute.Gemm{C: y, A: x, B: x, TransB: true, Epilogue: one})                                           // 5
		s.Do(compute.Gemm{C: y, A: x, B: x, Epilogue: compute.Epilogue{Alpha: 0.5, Act: compute.ReLU}})             // 6
		s.Do(compute.Gemm{C: z, A: x, B: s.Tensor(4, 8), Epilogue: one})                                            // 7
		s.Do(compute.Map{Out: y, In: []*compute.Tensor{x}, F: double})                                              // 8
		s.Do(compute.Map{Out: y, In: []*compute.Tensor{x}, F: scale})                                               // 9
		s.Do(compute.Map{Out: y, In: []*compute.Tensor{x}, F: scale.WithConsts(7)})                                 // 10
		s.Do(compute.Random{Out: y, Law: compute.Normal(0, 1), Seed: 1, Stream: 1})                                 // 11
		s.Do(compute.Random{Out: y, Law: compute.Normal(0, 2), Seed: 1, Stream: 2})                                 // 12
		s.Do(compute.Random{Out: y, Law: compute.Uniform(0, 2), Seed: 1, Stream: 2})                                // 13
		s.Do(compute.Gram{K: s.Tensor(1, 4, 4), X: x, Kernel: compute.Gaussian, Sigma: []float32{1}, PerDim: true}) // 14
	})
	const us = time.Microsecond
	for _, want := range []compute.OpTime{
		{Op: "Random Distribution normal", Operands: "[4 4] ←", Count: 2, Total: 23 * us, Median: 11 * us},
		{Op: "Map c*x0", Operands: "[4 4] ← [4 4]", Count: 2, Total: 19 * us, Median: 9 * us, Flops: 32, Bytes: 256},
		{Op: "Gram Kernel gaussian PerDim", Operands: "[1 4 4] ← [4 4]", Count: 1, Total: 14 * us, Median: 14 * us},
		{Op: "Random", Operands: "[4 4] ←", Count: 1, Total: 13 * us, Median: 13 * us},
		{Op: "Gemm", Operands: "[4 4] ← [4 4] [4 4]", Count: 4, Total: 10 * us, Median: 2 * us, Flops: 4 * 128, Bytes: 4 * 192},
		{Op: "Map x0 + x0", Operands: "[4 4] ← [4 4]", Count: 1, Total: 8 * us, Median: 8 * us, Flops: 16, Bytes: 128},
		{Op: "Gemm", Operands: "[4 8] ← [4 4] [4 8]", Count: 1, Total: 7 * us, Median: 7 * us, Flops: 256, Bytes: 320},
		{Op: "Gemm Act relu", Operands: "[4 4] ← [4 4] [4 4]", Count: 1, Total: 6 * us, Median: 6 * us, Flops: 128, Bytes: 192},
		{Op: "Gemm TransB", Operands: "[4 4] ← [4 4] [4 4]", Count: 1, Total: 5 * us, Median: 5 * us, Flops: 128, Bytes: 192},
	} {
		ops := p.Ops()
		i := slices.IndexFunc(ops, func(o compute.OpTime) bool { return o.Op == want.Op && o.Operands == want.Operands })
		if i < 0 {
			t.Errorf("%s %s is not in %+v", want.Op, want.Operands, ops)
			continue
		}
		got := ops[i]
		if got.Count != want.Count || got.Total != want.Total || !near(got.Median, want.Median) ||
			want.Flops > 0 && (got.Flops != want.Flops || got.Bytes != want.Bytes) {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	ops := p.Ops()
	if len(ops) != 9 || !slices.IsSortedFunc(ops, func(a, b compute.OpTime) int { return int(b.Total - a.Total) }) {
		t.Errorf("%d kinds, want 9, the longest first: %+v", len(ops), ops)
	}
}

// near reports whether got is as close to a median as a Profiler's must be.
func near(got, want time.Duration) bool {
	return math.Abs(float64(got-want)) <= 0.008*float64(want)
}

// TestMedian: the median is within 0.8 % of the lower of the middle two, of any durations.
func TestMedian(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ds := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) time.Duration {
			return time.Duration(rapid.Int64Range(0, 1<<rapid.IntRange(1, 60).Draw(t, "bits")).Draw(t, "ns"))
		}), 1, 30).Draw(t, "durations")
		got := compute.Median(ds...)
		slices.Sort(ds)
		if want := ds[(len(ds)-1)/2]; !near(got, want) {
			t.Fatalf("the median of %v is %v, got %v", ds, want, got)
		}
	})
	if compute.Median() != 0 {
		t.Error("a median of nothing")
	}
}

func TestRates(t *testing.T) {
	o := compute.OpTime{Total: 2 * time.Microsecond, Flops: 4000, Bytes: 1000}
	if o.Gflops() != 2 || o.Gbps() != 0.5 {
		t.Errorf("%g GFLOP/s, %g GB/s", o.Gflops(), o.Gbps())
	}
	for _, c := range []struct{ flops, bytes, want float64 }{
		{4e9, 100e9, 0.5}, // 1 µs of arithmetic
		{400e9, 1e9, 0.5}, // 1 µs of memory
		{2e9, 0.5e9, 1},   // both
		{1e9, 0.125e9, 4}, // a cache
	} {
		if got := o.Share(compute.Peak{Flops: c.flops, Bytes: c.bytes}); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("of %+v: %g", c, got)
		}
	}
}

// A traceFile is the contents of a trace, read back.
type traceFile struct {
	TraceEvents []struct {
		Name, Ph, Cat string
		Pid, Tid      int
		Ts, Dur       *float64
		Args          map[string]any
	}
	OtherData map[string]struct {
		Ops     []compute.OpTime
		Dropped int64 `json:"dropped_events"`
		Calls   int64 `json:"calls_of_run"`
	}
}

func readTrace(t *testing.T, ps ...*compute.Profiler) (f traceFile) {
	t.Helper()
	var b bytes.Buffer
	must.Do(t, compute.WriteTrace(&b, ps...))
	if err := json.Unmarshal(b.Bytes(), &f); err != nil {
		t.Fatalf("%v:\n%s", err, &b)
	}
	return f
}

// TestTraceFile: the trace is JSON in which every op is once on the host and once on the device, at its time, with its
// parts inside it and its cost.
func TestTraceFile(t *testing.T) {
	c := &clocked{machine: plain(), takes: func(i int) time.Duration { return 4 * time.Microsecond }, parts: 2}
	p, d := profiled(t, c, 0)
	began := c.now
	const n = 17
	copies(t, d, n)
	took := float64(time.Since(began)) / 1e3
	var host, device, parts, syncs int
	for _, e := range readTrace(t, p).TraceEvents {
		if e.Ph == "M" {
			continue
		}
		if e.Ph != "X" || e.Pid != 1 || e.Ts == nil || e.Dur == nil || *e.Ts < -1 || *e.Dur < 0 {
			t.Fatalf("%+v", e)
		}
		end := *e.Ts + *e.Dur
		switch {
		case e.Name == "Sync" && e.Tid == 1:
			syncs++
		case e.Tid == 1:
			if host++; e.Name != "Copy" || end > took {
				t.Errorf("%+v ends at %g µs", e, end)
			}
		case e.Cat == "op":
			want := 7*float64(device) + 3 // since the clock was set, which is up to a few ms before the Profiler was made
			if device++; math.Abs(*e.Ts-want) > 1e5 || *e.Dur != 4 || e.Name != "Copy" || e.Args["operands"] != "[3] ← [3]" || e.Args["bytes"] != 24.0 ||
				fmt.Sprint(e.Args["kernels"]) != "[part0 part1]" {
				t.Errorf("%+v at %g for %g µs, want about %g", e, *e.Ts, *e.Dur, want)
			}
		default:
			if parts++; e.Cat != "launch" || e.Name != fmt.Sprint("part", (parts+1)%2) || *e.Dur != 2 {
				t.Errorf("%+v", e)
			}
		}
	}
	if host != n || device != n || parts != 2*n || syncs != 1 {
		t.Errorf("%d calls, %d ops, %d parts, %d waits, want %d, %d, %d, 1", host, device, parts, syncs, n, n, 2*n)
	}
}

// TestNested: on the device's track events follow each other, and parts fill their op.
func TestNested(t *testing.T) {
	c := &clocked{machine: plain(), takes: func(i int) time.Duration { return time.Duration(1+i%3) * 6 * time.Microsecond }, parts: 3}
	p, d := profiled(t, c, 0)
	copies(t, d, 20)
	var opEnd, partEnd float64 = math.Inf(-1), math.Inf(-1)
	for _, e := range readTrace(t, p).TraceEvents {
		const rounding = 1e-6
		switch {
		case e.Cat == "op" && e.Tid == 2:
			if *e.Ts < opEnd-rounding || !math.IsInf(opEnd, 0) && math.Abs(partEnd-opEnd) > rounding {
				t.Fatalf("%+v at %g: the op before ends at %g, its parts at %g", e, *e.Ts, opEnd, partEnd)
			}
			opEnd, partEnd = *e.Ts+*e.Dur, *e.Ts
		case e.Cat == "launch":
			if math.Abs(*e.Ts-partEnd) > rounding {
				t.Fatalf("%+v at %g, want %g", e, *e.Ts, partEnd)
			}
			partEnd = *e.Ts + *e.Dur
		}
	}
}

// TestDropped: a run longer than its trace keeps the first events, without a gap, counts the others, says so in the
// table and in the trace, and loses none of the sums.
func TestDropped(t *testing.T) {
	c := &clocked{machine: plain(), takes: func(i int) time.Duration { return time.Microsecond }}
	p, d := profiled(t, c, 50)
	const n = 1000
	copies(t, d, n)
	const dropped = 2*n + 1 - 50 // each op is an event on either track, and there was one Sync
	if ops := p.Ops(); p.Dropped() != dropped || len(ops) != 1 || ops[0].Count != n || ops[0].Total != n*time.Microsecond || ops[0].Bytes != n*24 {
		t.Errorf("dropped %d, %+v", p.Dropped(), ops)
	}
	f := readTrace(t, p)
	timed, said := 0, false
	for _, e := range f.TraceEvents {
		switch e.Ph {
		case "X":
			timed++
		case "i":
			said = strings.Contains(e.Name, fmt.Sprint(dropped))
		}
	}
	if other := f.OtherData[p.Info().String()]; timed != 50 || !said || other.Dropped != dropped || other.Calls != n || other.Ops[0].Count != n {
		t.Errorf("%d events, said: %v, %+v", timed, said, other)
	}
	var table bytes.Buffer
	if err := p.Table(&table); err != nil || !strings.Contains(table.String(), fmt.Sprintf("after 50 events: %d later ones were dropped", dropped)) {
		t.Errorf("%v:\n%s", err, &table)
	}
}

// TestShapesWithoutEnd: a program whose shapes never repeat does not take ever more rows.
func TestShapesWithoutEnd(t *testing.T) {
	c := &clocked{machine: plain(), takes: func(i int) time.Duration { return time.Microsecond }}
	p, d := profiled(t, c, 1)
	const more = 10
	for n := 1; n <= compute.MostKinds+more; n++ {
		steps(t, d, func(s *compute.Step) { s.Do(compute.Copy{Dst: s.Tensor(n), Src: s.Tensor(n)}) })
	}
	ops := p.Ops()
	if rest := ops[0]; len(ops) != compute.MostKinds+1 || rest.Operands != "other shapes" || rest.Count != more {
		t.Errorf("%d kinds, the first %+v", len(ops), rest)
	}
}

// TestFailedOp: an op that failed has a call and no time.
func TestFailedOp(t *testing.T) {
	c := &clocked{machine: plain(), takes: func(i int) time.Duration { return time.Microsecond }}
	p, d := profiled(t, c, 0)
	c.fails = true
	err := d.Step(func(s *compute.Step) error {
		s.Do(compute.Copy{Dst: s.Tensor(3), Src: s.Tensor(3)})
		return nil
	})
	if !errors.Is(err, errBroken) || d.Sync() != nil || len(p.Ops()) != 0 {
		t.Errorf("%v, %+v", err, p.Ops())
	}
	var table bytes.Buffer
	if err := p.Table(&table); err != nil || !strings.Contains(table.String(), "no op was timed") {
		t.Errorf("%v:\n%s", err, &table)
	}
	readTrace(t, p)
}

// TestNotTimed: a time that cannot be measured is reported as missing, and never counted as 0.
func TestNotTimed(t *testing.T) {
	if _, err := compute.Profile(plain(), 0); !errors.Is(err, compute.ErrUnsupported) || !strings.Contains(err.Error(), "machine") {
		t.Error(err)
	}
	if _, err := compute.Profile(compute.Verify(plain(), 0), 0); !errors.Is(err, compute.ErrUnsupported) {
		t.Error(err)
	}
	c := &clocked{machine: plain(), takes: func(i int) time.Duration { return 0 }} // a clock that stands still
	p, d := profiled(t, c, 0)
	copies(t, d, 1)
	var table bytes.Buffer
	if err := p.Table(&table); err != nil || !strings.Contains(table.String(), "worth nothing") || strings.Contains(table.String(), "NaN") {
		t.Errorf("%v:\n%s", err, &table)
	}
}

// TestProfileComposes: under, over and between other wrappers every op is timed once, and two Profilers see the same.
func TestProfileComposes(t *testing.T) {
	must := func(b compute.Backend) *compute.Profiler {
		p := must.Get(compute.Profile(b, 0))(t)
		return p
	}
	c := &clocked{machine: plain(), now: time.Now(), takes: func(i int) time.Duration { return time.Microsecond }}
	var lines bytes.Buffer
	inner := must(compute.Trace(c, &lines, false))
	v := compute.Verify(inner, 0)
	outer := must(compute.Trace(v, &lines, false))
	d := compute.New(outer)
	steps(t, d, func(s *compute.Step) {
		x := s.Tensor(3)
		s.Write(x, []float32{1, 2, 3})
		for range 9 {
			s.Do(compute.Copy{Dst: s.Tensor(3), Src: x})
		}
	})
	in, out := fmt.Sprint(inner.Ops()), fmt.Sprint(outer.Ops())
	if in != out || inner.Ops()[0].Count != 9 || v.Judged != 27 || strings.Count(lines.String(), "compute.Copy") != 18 {
		t.Errorf("%s\n%s\n%+v\n%s", in, out, v.Tally, &lines)
	}
}

// A full is a disk without room.
type full struct{}

func (full) Write(p []byte) (int, error) { return 0, errBroken }

func TestTraceOnFullDisk(t *testing.T) {
	p, _ := profiled(t, &clocked{machine: plain()}, 0)
	if err := errors.Join(compute.WriteTrace(full{}, p)); !errors.Is(err, errBroken) {
		t.Error(err)
	}
	if err := p.Table(full{}); !errors.Is(err, errBroken) {
		t.Error(err)
	}
}

// TestTable: the longest first, rows cut off are summed, and shares of the peak where there is one.
func TestTable(t *testing.T) {
	c := &clocked{machine: plain(), takes: func(i int) time.Duration { return time.Duration(100-i) * time.Microsecond }}
	p, d := profiled(t, c, 0)
	steps(t, d, func(s *compute.Step) {
		for n := range 40 {
			s.Do(compute.Copy{Dst: s.Tensor(n + 1), Src: s.Tensor(n + 1)})
		}
	})
	p.Peak = compute.Peak{Flops: 1e9, Bytes: 1e6} // 8 bytes in 100 µs are 8 % of 1 MB/s
	var b bytes.Buffer
	must.Do(t, p.Table(&b))
	lines := strings.Split(b.String(), "\n")
	for i, want := range [][]string{
		{"profile", "machine"},
		{"op", "count", "total", "share", "median µs", "GFLOP/s", "GB/s", "of roof"},
		{"Copy  [1] ← [1] ", " 1 ", "100.0 µs", "3.1 %", " 8e-05 ", "8.0 %"}, // 100 µs of 3220
	} {
		for _, w := range want {
			if !strings.Contains(lines[i], w) {
				t.Errorf("line %d lacks %q: %s", i, w, lines[i])
			}
		}
	}
	if want := "10 more kinds "; !strings.Contains(lines[32], want) || !strings.Contains(lines[33], "3.22 ms") {
		t.Errorf("%s\n%s", lines[32], lines[33])
	}
}

// A row that sums up several kinds has the sum of their shortest times over its own: all at the roof are at the roof.
func TestRoofOfAll(t *testing.T) {
	const n, rounds = 1000, 50 // 8 KB by a copy, 100 000 flops by a chain
	peak := compute.Peak{Flops: 1e9, Bytes: 1e9}
	c := &clocked{machine: plain(), takes: func(i int) time.Duration { return []time.Duration{8, 100}[i%2] * time.Microsecond }}
	p, d := profiled(t, c, 0)
	p.Peak = peak
	steps(t, d, func(s *compute.Step) {
		x, y := s.Tensor(n), s.Tensor(n)
		s.Do(compute.Copy{Dst: y, Src: x})
		s.Do(compute.FMA{Out: y, X: x, A: 0.5, B: 0.25, Rounds: rounds})
	})
	var b bytes.Buffer
	must.Do(t, p.Table(&b))
	for _, line := range strings.Split(b.String(), "\n")[2:5] {
		if !strings.HasSuffix(line, "  100.0 %") {
			t.Errorf("not at its roof: %s", line)
		}
	}
}

// BenchmarkProfiler measures the time that a Profiler adds to an op on the host: the op itself does nothing.
func BenchmarkProfiler(b *testing.B) {
	p := must.Get(compute.Profile(&idler{machine: plain()}, 0))(b)
	for name, backend := range map[string]compute.Backend{"without": &idler{machine: plain()}, "with": p} {
		d := compute.New(backend)
		x, _ := d.Tensor(128, 784)
		w, _ := d.Tensor(500, 784)
		y := must.Get(d.Tensor(128, 500))(b)
		b.Run(name, func(b *testing.B) {
			d.Step(func(s *compute.Step) error {
				for b.Loop() {
					s.Do(compute.Gemm{C: y, A: x, B: w, TransB: true, Epilogue: compute.Epilogue{Alpha: 1, Act: compute.ReLU}})
				}
				return nil
			})
		})
	}
}

// An idler does nothing, in no time.
type idler struct {
	*machine
	tell func(compute.Timing)
}

func (i *idler) TimeOps(f func(compute.Timing)) error { i.tell = f; return nil }

func (i *idler) Run(op compute.Op) error {
	if i.tell != nil {
		i.tell(compute.Timing{Op: op, Took: time.Microsecond})
	}
	return nil
}
