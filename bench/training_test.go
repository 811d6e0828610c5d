package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"hebb/compute"
	"hebb/internal/must"
	"hebb/nets"
)

// A computing is a fake with true memory, on which ops build on each other: each is evaluated by its
// definition, all of it.
type computing struct {
	*fake
	wrongAfter int // ops that fake.wrong leaves alone
}

type memory struct {
	f    *fake
	data []float32
}

func (s *computing) Alloc(n int) (compute.Buffer, error) {
	if s.memory > 0 && s.used+n > s.memory {
		return nil, errFull
	}
	s.used += n
	b := &memory{s.fake, make([]float32, n)}
	for i := range b.data {
		b.data[i] = float32(math.NaN()) // what is not written is seen
	}
	return b, nil
}

func (b *memory) Free() { b.f.used -= len(b.data) }

func (b *memory) Write(off int, src []float32) error {
	b.f.moved(len(src))
	copy(b.data[off:], src)
	return nil
}

func (b *memory) Read(off int, dst []float32) error {
	b.f.moved(len(dst))
	copy(dst, b.data[off:])
	return b.f.Sync()
}

func (s *computing) Run(op compute.Op) error {
	s.ops++
	*s.now = s.now.Add(s.takes(compute.CostOf(op)))
	outs, ins := compute.Operands(op)
	before := compute.Contents{}
	for _, t := range append(ins, outs...) {
		before[t] = slices.Clone(t.Buffer().(*memory).data[t.Offset() : t.Offset()+t.Len()])
	}
	define := compute.Define(op, before)
	for o, t := range outs {
		data := t.Buffer().(*memory).data[t.Offset():]
		for i := range t.Len() {
			x := float32(define(o, i).X)
			if s.wrong != nil && s.ops > s.wrongAfter {
				x = s.wrong(op, i, x)
			}
			data[i] = x
		}
	}
	return nil
}

// tiny has as many classes as examples, so that what a new network keeps is as long as what the
// steps of another have left.
var tiny = Training{"mlp:6-5-8", nets.Shape{Height: 1, Width: 1, Channels: 6}, 8, 8, []string{"bp", "sa", "aa", "kp", "fa"}}

// computers are two of them.
func computers() (gpu, cpu *computing) {
	_, g, c := world()
	return &computing{fake: g}, &computing{fake: c}
}

// train runs tiny on both.
func train(t *testing.T, o Options, gpu, cpu *computing) *Report {
	t.Helper()
	o.Suites, o.Quick, o.networks = []string{"training"}, true, []Training{tiny}
	o.now, o.roofs = func() time.Time { return *gpu.now }, []ladder{}
	if o.MaxCase == 0 {
		o.MaxCase = time.Second
	}
	r := must.Get(Run(context.Background(), []compute.Backend{gpu, cpu}, o))(t)
	return r
}

// Steps on devices of known speed take just as long, ask for no memory and are compared with
// backprop's. All memory is given back.
func TestTraining(t *testing.T) {
	t.Parallel()
	gpu, cpu := computers()
	r := train(t, Options{}, gpu, cpu)
	if wrong := r.Wrong(); len(wrong) > 0 {
		t.Fatalf("%d wrong results, the first: %+v", len(wrong), wrong[0])
	}
	k := must.Get(newTrainingProblem(Case{Suite: "training", Name: "any", Training: &tiny}, 1, 0))(t)
	if k.parameters != 5*7+8*6 {
		t.Errorf("%d parameters", k.parameters)
	}
	for _, dev := range []*computing{gpu, cpu} {
		results, first := of(r, "training", dev.name), 0.0
		if len(results) != len(tiny.Rules) {
			t.Fatalf("%d results on %s, want %d", len(results), dev.name, len(tiny.Rules))
		}
		for i, c := range results {
			var want time.Duration
			for _, op := range k.costs[tiny.Rules[i]] {
				want += dev.takes(op)
			}
			want += 2*dev.launch + time.Duration(1e9*4*float64(len(k.x))/dev.rate) + time.Duration(1e9*4*float64(len(k.y))/dev.rate)
			if i == 0 {
				first = want.Seconds()
			}
			if c.Status != OK || c.Case != fmt.Sprint("mlp:6-5-8 6 n=8 ", tiny.Rules[i]) || c.Samples < enough ||
				math.Abs(c.Seconds/want.Seconds()-1) > 1e-6 || math.Abs(c.Images*c.Seconds-8) > 1e-9 {
				t.Errorf("%s: %+v, want %v", dev.name, c, want)
			}
			if ratio := want.Seconds() / first; (i == 0) != (c.VsBackprop == 0) || i > 0 && math.Abs(c.VsBackprop/ratio-1) > 1e-6 {
				t.Errorf("%s on %s takes %g of backprop's steps, want %g", c.Case, dev.name, c.VsBackprop, ratio)
			}
			if c.Allocs == nil || *c.Allocs != 0 || c.Verified < 30 || c.Worst > 1 || c.Flops != k.costs[tiny.Rules[i]].total().Flops {
				t.Errorf("%s on %s: %+v", c.Case, dev.name, c)
			}
			if (c.Speedup > 1) != (dev == gpu) {
				t.Errorf("%s on %s has speed-up %g", c.Case, dev.name, c.Speedup)
			}
		}
		if dev.used != 0 {
			t.Errorf("%d values are still held on %s", dev.used, dev.name)
		}
	}
	var table, page bytes.Buffer
	must.Do(t, errors.Join(r.Table(&table), r.HTML(&page)))
	for _, want := range []string{"mlp:6-5-8 6 n=8 kp", "images/s", "gpu step/bp", "allocs", "gpu/cpu"} {
		if !strings.Contains(table.String(), want) || !strings.Contains(page.String(), want) {
			t.Errorf("no %q in\n%s", want, table.String())
		}
	}
}

// A run that is interrupted does not finish its training, and leaves nothing behind.
func TestTrainingInterrupted(t *testing.T) {
	gpu, cpu := computers()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	o := Options{Suites: []string{"training"}, Quick: true, MaxCase: time.Second, networks: []Training{tiny}, roofs: []ladder{}}
	o.now = func() time.Time { return *gpu.now }
	steps := 0
	gpu.wrong = func(_ compute.Op, _ int, x float32) float32 {
		if steps++; steps == 1000 {
			stop()
		}
		return x
	}
	r := must.Get(Run(ctx, []compute.Backend{gpu, cpu}, o))(t)
	for _, c := range append(of(r, "training", "gpu"), of(r, "training", "cpu")...) {
		if c.Status != Skipped || c.Note != "interrupted" {
			t.Errorf("%s on %s: %s %s", c.Case, c.Backend, c.Status, c.Note)
		}
	}
	if !r.Interrupted || gpu.used != 0 || cpu.used != 0 {
		t.Errorf("interrupted %v, %d and %d values are still held", r.Interrupted, gpu.used, cpu.used)
	}
}

// What one device gets wrong is reported and not timed, and the other is left alone.
func TestTrainingFaults(t *testing.T) {
	lost := func(gpu *computing) { gpu.lostAfter = gpu.ops + 30 }
	for name, c := range map[string]struct {
		set    func(gpu *computing)
		status Status
		note   string
	}{
		"a wrong element": {func(gpu *computing) { gpu.wrong = alwaysOff }, Failed, "want"},
		"no finite loss": {func(gpu *computing) {
			gpu.wrong = func(compute.Op, int, float32) float32 { return float32(math.Inf(1)) }
			gpu.wrongAfter = 10000
		}, Failed, "diverged"},
		"too slow":      {func(gpu *computing) { gpu.launch = time.Second }, Skipped, "takes about"},
		"small memory":  {func(gpu *computing) { gpu.memory = 500 }, Skipped, errFull.Error()},
		"a lost device": {lost, Broken, errLost.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gpu, cpu := computers()
			c.set(gpu)
			r := train(t, Options{}, gpu, cpu)
			for i, res := range of(r, "training", "gpu") {
				if i > 0 && c.status == Broken {
					if res.Status != Skipped || !strings.Contains(res.Note, "failed before") {
						t.Errorf("%s on the lost device: %s %s", res.Case, res.Status, res.Note)
					}
				} else if res.Status != c.status || !strings.Contains(res.Note, c.note) {
					t.Errorf("%s: %s %q, want %s", res.Case, res.Status, res.Note, c.status)
				}
				if res.Seconds != 0 || res.Speedup != 0 {
					t.Errorf("%s has a time", res.Case)
				}
			}
			for _, res := range of(r, "training", "cpu") {
				if res.Status != OK || res.Seconds == 0 {
					t.Errorf("%s on cpu: %s %s", res.Case, res.Status, res.Note)
				}
			}
			if gpu.used != 0 {
				t.Errorf("%d values are still held", gpu.used)
			}
		})
	}
}

// A step that asks for memory after the first ones fails.
func TestTrainingAllocates(t *testing.T) {
	gpu, _ := computers()
	o := Options{MaxCase: time.Second, now: func() time.Time { return *gpu.now }}
	r := newRunner(t.Context(), []compute.Backend{gpu}, o)
	c := Case{Suite: "training", Name: "any", Training: &tiny}
	k := must.Get(newTrainingProblem(c, 1, 0))(t)
	l := r.compareRules(c, k, r.devices[0])
	k.x, k.y = k.x[:4*6], k.y[:4] // tensors of lengths that nothing has asked for yet
	l.round()
	results := collect([]*ruleComparison{l}, nil)
	if res := results[0]; res.Status != Failed || !strings.Contains(res.Note, "memory was asked for") || res.Seconds != 0 || *res.Allocs == 0 {
		t.Errorf("%+v", res)
	}
}

// The networks of the suite can be made, and the first of their rules is backprop.
func TestTrainings(t *testing.T) {
	for _, c := range (Options{Batch: 1}).trainings() {
		w, first := *c.Training, *c.Training
		first.Rules, c.Training = w.Rules[:1], &first
		k, err := newTrainingProblem(c, 1, 0)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		if total := k.costs["bp"].total(); w.Rules[0] != "bp" || total.Flops < 6*int64(k.parameters)-1e6 || w.N != 1 && !slices.Contains(w.Rules, "predsim") {
			t.Errorf("%s: %d parameters, a step costs %+v", c.Name, k.parameters, total)
		}
	}
	for o, want := range map[*Options]int{{}: 64, {gpu: true}: 64, {gpu: true, software: true}: 2} {
		if got := o.trainings()[2].Training.N; got != want {
			t.Errorf("%+v: %d images for resnet18, want %d", o, got, want)
		}
	}
}

// torch's networks are ours: as many parameters, and steps that run.
func TestTorchTraining(t *testing.T) {
	p, err := OpenTorch(context.Background(), PeerOptions{Device: "cpu", Threads: 1})
	skipWithout(t, err)
	defer p.Close()
	r := newRunner(t.Context(), nil, Options{}.withDefaults(nil))
	for _, c := range (Options{Batch: 2}).trainings() {
		w := *c.Training
		w.Rules, c.Training = w.Rules[:1], &w
		k := must.Get(newTrainingProblem(c, 1, 0))(t)
		p.loadTraining(k, "bp", r.trainingResult(c, k, "bp", p.info()))
		p.time(time.Millisecond)
		p.drop()
		res := p.take()
		forms := 1 + len(res.Alternatives)
		if want := map[bool]int{true: 1, false: 2}[strings.HasPrefix(w.Net, "mlp")]; res.Status == OK && forms != want {
			t.Errorf("%s: %d ways of writing it, want %d", c.Name, forms, want)
		}
		if res.Status != OK || res.Seconds <= 0 || !strings.Contains(res.Expr, "backward()") {
			t.Errorf("%s: %s %s; %g s", c.Name, res.Status, res.Note, res.Seconds)
		}
	}
}

// A peer with another network has no time.
func TestOtherNetwork(t *testing.T) {
	p := shellPeer(t, "cpu", `read x
		echo '{"tried":[{"expr":"0","values":[54]}],"chosen":0}'; while read x; do echo '{"seconds":[1,1,1]}'; done`)
	gpu, cpu := computers()
	r := train(t, Options{Peer: p}, gpu, cpu)
	res := of(r, "training", "torch-cpu")
	if len(res) != 1 || res[0].Status != Failed || res[0].Seconds != 0 || !strings.Contains(res[0].Note, "is 54, want 83") {
		t.Errorf("%+v", res)
	}
	for _, c := range append(of(r, "training", "gpu"), of(r, "training", "cpu")...) {
		if c.Status != OK || c.VsPeer != 0 {
			t.Errorf("%s on %s: %s, %g of the peer", c.Case, c.Backend, c.Status, c.VsPeer)
		}
	}
}
