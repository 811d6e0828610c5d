package bench

import (
	"fmt"
	"math"
	"time"

	"hebb/compute"
)

// A timing is the measurement of one case on one device. Its Status leaves OK at the first failure, after which it does
// nothing more.
type timing struct {
	Result
	device *device
	limit  time.Duration
	seen   []float64 // samples, in seconds
}

// runs is the least number of runs of a case: two to verify it, the others are samples.
const runs = 2 + fewest

// tooSlow stops t if seconds for one op or step are too many.
func (t *timing) tooSlow(what string, seconds float64, verb string) {
	if all := seconds * runs; all > t.limit.Seconds() {
		t.stop(Skipped, fmt.Sprintf("one %s %s about %s on this device, and %d of them more than the limit of %v",
			what, verb, roughly(seconds), runs, t.limit))
	}
}

// stopIfLost stops t if its device has failed before.
func (t *timing) stopIfLost() {
	if t.device.lost != nil {
		t.stop(Skipped, "the device has failed before: "+t.device.lost.Error())
	}
}

// conclude turns the samples into the result, beside the shortest time that the roof allows.
func (t *timing) conclude(under func(Roof) (seconds float64, boundBy string)) {
	if t.Status != OK || len(t.seen) == 0 {
		return
	}
	t.rate(t.seen)
	if t.device.roof.Known() {
		s, by := under(t.device.roof)
		t.Share, t.BoundBy = s/t.Seconds, by
	}
}

// A trial is the timing of one op.
type trial struct {
	timing
	p      *problem
	step   *compute.Step
	op     compute.Op
	ops    []compute.Op // that run for it
	inputs []*compute.Tensor
	tally  compute.Tally
	checks int // verified runs so far
}

// forecast stops t if it would take too long, predicted from the roof and from the share of it that the last case of its
// kind reached.
func (t *trial) forecast() {
	if t.stopIfLost(); !t.device.roof.Known() {
		return
	}
	share, ok := t.device.share[t.Kind]
	if !ok {
		share = 0.3
	}
	s, _ := t.device.roof.seconds(t.p.cost)
	t.tooSlow("op", s/share, "would take")
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
	t.op, t.ops = t.p.ops(s)
	t.inputs = inputsOf(t.op)
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
	took, err := t.device.clock.lap(t.run, 1)
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
	t.checkSpeed(took)
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
		err = t.device.Sync()
	}
	t.fail(err)
}

// compiling is the longest that a driver may take to compile the programs of an op, in its first run.
const compiling = 10 * time.Second

// checkSpeed stops t if its run was far too slow. The first one may have compiled a shader or touched
// memory for the first time, so that only the second is taken at its word.
func (t *trial) checkSpeed(took time.Duration) {
	if t.checks++; t.checks > 1 {
		took, err := t.device.clock.rerun(t.run, took, t.limit/runs)
		t.fail(err)
		t.tooSlow("op", took.Seconds(), "takes")
	} else if took > max(5*t.limit, compiling) {
		t.stop(Skipped, fmt.Sprintf("its first run took %v, far more than the limit of %v", roughly(took.Seconds()), t.limit))
	}
}

// inPlace reports whether op reads its output.
func inPlace(op compute.Op) bool {
	h, ok := op.(compute.Hebbian)
	return ok && h.Keeps()
}

// poison puts a NaN into each element of the sample, so that an element that is not written is seen.
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

// run runs the case n times and waits for the device.
func (t *trial) run(n int) error {
	for range n {
		for _, op := range t.ops {
			t.step.Do(op)
		}
	}
	if err := t.step.Err(); err != nil {
		return err
	}
	return t.device.Sync()
}

// time takes one round of samples.
func (t *trial) time() {
	s, err := t.device.clock.round(t.run, t.limit/rounds, enough/rounds)
	t.seen = append(t.seen, s...)
	t.fail(err)
}

// finish gives back the memory of the case, and returns its result.
func (t *trial) finish() Result {
	t.device.Trim()
	if t.device.lost == nil && t.Status == Broken {
		t.device.lost = t.device.Sync() // an error of now leaves nothing behind; one of later stays
	}
	t.conclude(func(r Roof) (float64, string) { return r.seconds(t.p.cost) })
	if t.Share > 0 && t.Seconds >= 1e-3 { // else it says more about launching than about the kind
		t.device.share[t.Kind] = t.Share
	}
	return t.Result
}
