package bench

import (
	"fmt"
	"math"
	"time"

	"hebb/compute"
)

// A trial is one case on one device. Its Status leaves OK at the first thing that goes wrong, and
// from then on it does nothing.
type trial struct {
	Result
	dev   *device
	p     *problem
	clock *stopwatch
	limit time.Duration

	step   *compute.Step
	op     compute.Op
	ops    []compute.Op // which is run as these
	inputs []*compute.Tensor
	tally  compute.Tally
	looks  int       // runs so far that were verified
	seen   []float64 // samples, in seconds
}

// runs is how often a case is run at the least: to verify it twice, and to sample it.
const runs = 2 + fewest

// forecast leaves out what would take too long, as far as can be told beforehand: from the roof,
// and from how close to it the last case of its kind came.
func (t *trial) forecast() {
	if t.dev.lost != nil {
		t.stop(Skipped, "the device has failed before: "+t.dev.lost.Error())
		return
	}
	if t.dev.roof.Flops == 0 || t.dev.roof.Bytes == 0 {
		return
	}
	share, ok := t.dev.share[t.Kind]
	if !ok {
		share = 0.3
	}
	s, _ := t.dev.roof.seconds(t.p.cost)
	t.tooSlow(s/share, "would take")
}

// tooSlow stops t if seconds for one op are too many.
func (t *trial) tooSlow(seconds float64, verb string) {
	if all := seconds * runs; all > t.limit.Seconds() {
		t.stop(Skipped, fmt.Sprintf("one op %s about %s on this device, and its %d runs more than the limit of %v",
			verb, roughly(seconds), runs, t.limit))
	}
}

// roughly is a duration in two figures.
func roughly(seconds float64) time.Duration {
	d := seconds * float64(time.Second)
	unit := math.Pow(10, math.Floor(math.Log10(max(d, 1)))-1)
	return time.Duration(math.Round(d/unit) * unit)
}

// prepare makes the tensors of the case within s.
func (t *trial) prepare(s *compute.Step) {
	t.step = s
	t.op, t.inputs = t.p.work.build(s)
	t.ops = stepsOf(t.p.work, t.op, s)
	t.fail(s.Err())
}

// verify runs the case once, on the problem's present inputs, and judges its sample.
func (t *trial) verify() {
	outs, _ := compute.Operands(t.op)
	out := outs[t.p.out]
	t.load(out)
	if t.Status != OK {
		return
	}
	took, err := t.clock.lap(t.run, 1)
	if err != nil {
		t.fail(err)
		return
	}
	for k, got := range t.read(out) {
		if i, want := t.p.at[k], t.p.want[k]; !t.tally.Judge(want, got) {
			t.stop(Failed, fmt.Sprintf("element %d of %v is %g, want %g ± %.2g", i, out, got, want.X, want.Err))
		}
	}
	if t.Status == OK && t.tally.Judged == 0 {
		t.stop(Failed, "no element of the sample has a bound, so nothing was verified")
	}
	t.Result.judge(t.tally)
	t.Sample = fmt.Sprintf("%d of %d elements, first and last among them, on whole and on real numbers", len(t.p.at), out.Len())
	t.glance(took)
}

// load writes the inputs, spoils the output and waits.
func (t *trial) load(out *compute.Tensor) {
	for k, in := range t.inputs {
		t.step.Write(in, t.p.before[t.p.inputs[k]])
	}
	if !inPlace(t.op) {
		t.poison(out)
	}
	err := t.step.Err()
	if err == nil {
		err = t.dev.Sync()
	}
	t.fail(err)
}

// compiling is what a driver may take to make the programs of an op, in its first run.
const compiling = 10 * time.Second

// glance stops t if its run was far too slow. The first one may have compiled a shader or touched
// memory for the first time, so that only the second is taken at its word.
func (t *trial) glance(took time.Duration) {
	if t.looks++; t.looks > 1 {
		took, err := t.clock.awake(t.run, took, t.limit/runs)
		t.fail(err)
		t.tooSlow(took.Seconds(), "takes")
	} else if took > max(5*t.limit, compiling) {
		t.stop(Skipped, fmt.Sprintf("its first run took %v, far more than the limit of %v", roughly(took.Seconds()), t.limit))
	}
}

// inPlace reports whether op reads its output.
func inPlace(op compute.Op) bool {
	h, ok := op.(compute.Hebbian)
	return ok && h.Keeps()
}

// poison puts a NaN where the sample will be read, so that what is not written is seen.
func (t *trial) poison(out *compute.Tensor) {
	for _, i := range t.p.at {
		t.step.Write(t.step.View(out, i, 1), []float32{float32(math.NaN())})
	}
}

// read returns the sample. A small output is read whole, which is quicker.
func (t *trial) read(out *compute.Tensor) []float32 {
	got := make([]float32, len(t.p.at))
	if out.Len() <= 1<<12 {
		all := make([]float32, out.Len())
		t.step.Read(out, all)
		for k, i := range t.p.at {
			got[k] = all[i]
		}
	} else {
		for k, i := range t.p.at {
			t.step.Read(t.step.View(out, i, 1), got[k:k+1])
		}
	}
	if err := t.step.Err(); err != nil {
		t.fail(err)
		return nil
	}
	return got
}

// run is what is timed.
func (t *trial) run(n int) error {
	for range n {
		for _, op := range t.ops {
			t.step.Do(op)
		}
	}
	if err := t.step.Err(); err != nil {
		return err
	}
	return t.dev.Sync()
}

// time takes one round of samples.
func (t *trial) time() {
	s, err := t.clock.round(t.run, t.limit/rounds, enough/rounds)
	t.seen = append(t.seen, s...)
	t.fail(err)
}

// conclude turns the samples into the result.
func (t *trial) conclude() {
	if t.dev.lost == nil && t.Status == Broken {
		t.dev.lost = t.dev.Sync() // an error of now leaves nothing behind; one of later stays
	}
	if t.Status != OK || len(t.seen) == 0 {
		return
	}
	t.rate(t.seen)
	if t.dev.roof.Flops == 0 || t.dev.roof.Bytes == 0 {
		return
	}
	s, by := t.dev.roof.seconds(t.p.cost)
	t.Share, t.BoundBy = s/t.Seconds, by
	if t.Seconds >= 1e-3 { // else it says more about launching than about the kind
		t.dev.share[t.Kind] = t.Share
	}
}
