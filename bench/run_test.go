package bench

import (
	"context"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"hebb/compute"
	"hebb/internal/must"
)

// Every case has its own name, and each suite has some.
func TestCases(t *testing.T) {
	for _, quick := range []bool{true, false} {
		cases := mustCases(t, Options{Suites: Suites, Quick: quick, Batch: 2})
		for _, l := range roofs() {
			cases = append(cases, l.rungs...)
		}
		seen, suites := map[string]bool{}, map[string]int{}
		for _, c := range cases {
			if seen[c.Suite+c.Name] {
				t.Errorf("%s %s is there twice", c.Suite, c.Name)
			}
			seen[c.Suite+c.Name] = true
			suites[c.Suite]++
		}
		for _, s := range Suites {
			if suites[s] < 5 && s != "training" || suites[s] < 2 {
				t.Errorf("quick %v: %d cases in %s", quick, suites[s], s)
			}
		}
	}
	if _, err := Cases(Options{Suites: []string{"gramm"}}); err == nil || !strings.Contains(err.Error(), "[product hebbian gram hsic pointwise small layers training]") {
		t.Errorf("unknown suite: %v, want the list of suites", err)
	}
}

// A run that names no suite has all of the products, and of the sampled suites as many as a quick one.
func TestDefaultCases(t *testing.T) {
	count := func(o Options) map[string]int {
		n := map[string]int{}
		for _, c := range mustCases(t, o) {
			n[c.Suite]++
		}
		return n
	}
	none, quick, all := count(Options{}), count(Options{Quick: true}), count(Options{Suites: Suites})
	for _, s := range Suites {
		want := all[s]
		if slices.Contains(sampled, s) {
			want = quick[s]
		}
		if none[s] != want || quick[s] >= all[s] {
			t.Errorf("%s: %d cases by default, %d quick ones, %d in all", s, none[s], quick[s], all[s])
		}
	}
}

// A run on devices of known speed finds just these speeds.
func TestRun(t *testing.T) {
	t.Parallel()
	_, gpu, cpu := world()
	o := Options{Suites: []string{"product", "hebbian", "gram", "layers"}, Quick: true, Batch: 4, Seed: 7, MaxCase: 5 * time.Second}
	r := mustRun(t, context.Background(), o, gpu, cpu)
	if wrong := r.Wrong(); len(wrong) > 0 {
		t.Fatalf("%d wrong results, the first: %+v", len(wrong), wrong[0])
	}
	for i, want := range []*fake{gpu, cpu} {
		f := r.Devices[i].Roof
		if math.Abs(f.Flops/want.flops-1) > 0.03 || math.Abs(f.Bytes/want.rate-1) > 0.03 {
			t.Errorf("%s: roof is %+v, want %g and %g", want.name, f, want.flops, want.rate)
		}
	}
	timed := 0
	for _, c := range r.Results {
		if !slices.Contains(Suites, c.Suite) || c.Status != OK {
			continue
		}
		timed++
		f := map[string]*fake{"gpu": gpu, "cpu": cpu}[c.Backend]
		arithmetic, memory := float64(c.Flops)/f.flops, float64(c.Bytes)/f.rate
		want := f.launch.Seconds() + math.Max(arithmetic, memory)
		if math.Abs(c.Seconds-want) > 2e-9+1e-6*want || c.Spread > 1e-3 {
			t.Errorf("%s on %s took %g ± %g, want %g", c.Case, c.Backend, c.Seconds, c.Spread, want)
		}
		if bound := map[bool]string{true: "compute", false: "memory"}[arithmetic >= memory]; c.BoundBy != bound {
			t.Errorf("%s on %s is bound by %s, want %s", c.Case, c.Backend, c.BoundBy, bound)
		}
		if c.Samples < fewest || c.Verified < 2*64-2 && c.Op != "gemm" || c.Worst > 1 || c.Share > 1.03 {
			t.Errorf("%s on %s: %+v", c.Case, c.Backend, c)
		}
		if (c.Speedup > 0) != (c.Backend == "gpu") {
			t.Errorf("%s on %s has speed-up %g", c.Case, c.Backend, c.Speedup)
		}
	}
	if cases := mustCases(t, o); timed != 2*len(cases) {
		t.Errorf("%d results, want two of %d cases", timed, len(cases))
	}
}

// A GPU in software gets quick cases alone beside another device, and a run ends when its budget is spent, quick cases first.
func TestLess(t *testing.T) {
	t.Parallel()
	o := Options{Only: regexp.MustCompile("hebbian hebb (64×64|256×784|32 × 32×64)"), MaxCase: 50 * time.Millisecond}
	const quick, all = 2, 3
	try := func(o Options, software bool) (r *Report, began []time.Duration) {
		now, gpu, cpu := world()
		start := *now
		gpu.software = software
		o.Began = func(p Progress) {
			if isCase(p) {
				began = append(began, now.Sub(start))
			}
		}
		return mustRun(t, t.Context(), o, gpu, cpu), began
	}
	whole, began := try(o, false)
	slow, _ := try(o, true)
	asked := o
	asked.All = true
	slowAll, _ := try(asked, true)
	for i, r := range []*Report{whole, slow, slowAll} {
		want := []int{all, quick, all}[i]
		if gpu, cpu := len(of(r, "hebbian", "gpu")), len(of(r, "hebbian", "cpu")); gpu != want || cpu != all || r.LeftOut != 0 {
			t.Errorf("run %d: %d cases on gpu and %d on cpu, want %d and %d", i, gpu, cpu, want, all)
		}
	}
	asked.Budget = began[quick-1]
	r, began := try(asked, false)
	cases := of(r, "hebbian", "cpu")
	if len(cases) != quick || r.LeftOut != all-quick || began[quick-1] > asked.Budget || !strings.Contains(cases[1].Case, "32 × 32×64") {
		t.Errorf("%d cases began at %v in a budget of %v, and %d were left out", len(cases), began, asked.Budget, r.LeftOut)
	}
}

// What is wrong in one element, or not written, is reported and never timed, and the other device
// goes on.
func TestWrong(t *testing.T) {
	t.Parallel()
	for name, wrong := range map[string]func(op compute.Op, i int, x float32) float32{
		"the last element is lost": func(op compute.Op, i int, x float32) float32 {
			if outs, _ := compute.Operands(op); i == outs[0].Len()-1 {
				return float32(math.NaN())
			}
			return x
		},
		"one term of 1 is counted twice": func(op compute.Op, i int, x float32) float32 {
			if _, ok := op.(compute.Gemm); ok && i == 0 && x == float32(math.Trunc(float64(x))) {
				return x + 1
			}
			return x
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, gpu, cpu := world()
			gpu.wrong = wrong
			r := mustRun(t, context.Background(), Options{Suites: []string{"product"}, Quick: true, MaxCase: 5 * time.Second}, gpu, cpu)
			for _, c := range of(r, "product", "cpu") {
				if c.Status != OK || c.Speedup != 0 {
					t.Errorf("%s on cpu: %s %s, speed-up %g", c.Case, c.Status, c.Note, c.Speedup)
				}
			}
			for _, c := range of(r, "product", "gpu") {
				if c.Status != Failed || c.Seconds != 0 || c.Samples != 0 || c.Speedup != 0 || !strings.Contains(c.Note, "want") {
					t.Errorf("%s on gpu: %s %q, %d samples, speed-up %g; want it to fail untimed", c.Case, c.Status, c.Note, c.Samples, c.Speedup)
				}
			}
			if len(r.Wrong()) == 0 {
				t.Error("nothing is wrong, says the report")
			}
		})
	}
}

// A backend that runs nothing leaves the poison behind.
func TestNothingWritten(t *testing.T) {
	t.Parallel()
	_, gpu, _ := world()
	r := mustRun(t, context.Background(), Options{Suites: []string{"gram", "layers"}, Quick: true, Batch: 1}, gpu)
	if len(r.Wrong()) > 0 {
		t.Fatal("the fake itself is wrong")
	}
	_, gpu, _ = world()
	o := Options{Suites: []string{"gram", "layers"}, Quick: true, Batch: 1, now: func() time.Time { return *gpu.now }, roofs: lowRoofs()}
	r = must.Get(Run(context.Background(), []compute.Backend{&idle{gpu}}, o))(t)
	for _, c := range append(of(r, "gram", "gpu"), of(r, "layers", "gpu")...) {
		if c.Status != Failed {
			t.Errorf("%s: %s, want it to fail", c.Case, c.Status)
		}
	}
}

// An idle is a Backend whose Run does nothing.
type idle struct{ *fake }

func (i *idle) Run(op compute.Op) error {
	outs, _ := compute.Operands(op)
	b := outs[0].Buffer().(*fakeBuffer)
	data := b.data // what was written stays
	b.at = func(i int) float32 {
		if d, ok := data[i]; ok {
			return d[0]
		}
		return 0
	}
	return nil
}

func TestTooSlow(t *testing.T) {
	t.Parallel()
	now, gpu, cpu := world()
	cpu.flops, cpu.rate = 1e7, 1e8
	start := *now
	r := mustRun(t, context.Background(), Options{Suites: []string{"product"}, Quick: true, MaxCase: time.Second}, gpu, cpu)
	ran, left := 0, 0
	for _, c := range of(r, "product", "cpu") {
		if c.Seconds*runs > 1.1 {
			t.Errorf("%s was run, %g s an op", c.Case, c.Seconds)
		}
		if want := float64(c.Flops) / cpu.flops; c.Status == OK {
			ran++
		} else if left++; c.Status != Skipped || !strings.Contains(c.Note, "would take about") || runs*want < 0.25 {
			t.Errorf("%s, of %g s: %s %q", c.Case, want, c.Status, c.Note)
		}
	}
	if ran < 2 || left < 3 || len(r.Wrong()) > 0 {
		t.Errorf("%d cases were run and %d left out, %d wrong", ran, left, len(r.Wrong()))
	}
	if took := now.Sub(start); took > 10*time.Minute {
		t.Errorf("the run took %v", took)
	}
}

func TestTooLarge(t *testing.T) {
	_, gpu, cpu := world()
	gpu.memory = 1 << 17
	r := mustRun(t, context.Background(), Options{Suites: []string{"product"}, Quick: true}, gpu, cpu)
	if len(r.Wrong()) > 0 {
		t.Fatalf("wrong: %+v", r.Wrong()[0])
	}
	ran := map[Status]int{}
	for _, c := range of(r, "product", "gpu") {
		if ran[c.Status]++; c.Status == Skipped && !strings.Contains(c.Note, errFull.Error()) {
			t.Errorf("%s: %q", c.Case, c.Note)
		}
	}
	if ran[OK] == 0 || ran[Skipped] == 0 {
		t.Errorf("%v on the small device, want some run and some not", ran)
	}
	if gpu.used != 0 {
		t.Errorf("%d values are still held", gpu.used)
	}
}

// A device that is lost takes its cases with it, and no other's.
func TestLost(t *testing.T) {
	t.Parallel()
	_, gpu, cpu := world()
	r := mustRun(t, context.Background(), Options{Suites: []string{"hebbian"}, Quick: true, Began: func(p Progress) {
		if p.Case.Name == "plain 16×784 n=128" {
			gpu.lostAfter = gpu.ops + 20
		}
	}}, gpu, cpu)
	var seen []Status
	for _, c := range of(r, "hebbian", "gpu") {
		seen = append(seen, c.Status)
	}
	for _, c := range of(r, "hebbian", "cpu") {
		if c.Status != OK {
			t.Errorf("%s on cpu: %s %s", c.Case, c.Status, c.Note)
		}
	}
	seen = slices.Compact(seen)
	if !slices.Equal(seen, []Status{OK, Broken, Skipped}) {
		t.Errorf("the lost device's cases were %v", seen)
	}
}

func TestInterrupt(t *testing.T) {
	t.Parallel()
	_, gpu, cpu := world()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	cases := 0
	r := mustRun(t, ctx, Options{Suites: []string{"gram"}, Quick: true, Done: func(p Progress, _ []Result) {
		if isCase(p) {
			if cases++; cases == 2 {
				stop()
			}
		}
	}}, gpu, cpu)
	n := 0
	for _, c := range append(of(r, "gram", "gpu"), of(r, "gram", "cpu")...) {
		if c.Status == OK {
			n++
		}
	}
	if !r.Interrupted || cases != 2 || n != 4 || !strings.Contains(r.summary(), "interrupted") {
		t.Errorf("interrupted %v after %d cases with %d results: %s", r.Interrupted, cases, n, r.summary())
	}
}

// TestInterruptAtOnce: after a Ctrl-C no device works for longer than one sample, whatever it measures, and nothing is blamed.
func TestInterruptAtOnce(t *testing.T) {
	t.Parallel()
	for _, at := range []int{1, 30, 3000} {
		now, gpu, cpu := world()
		ctx, stop := context.WithCancel(t.Context())
		var stopped time.Time
		gpu.ran = func() {
			if stopped.IsZero() && gpu.ops+cpu.ops >= at {
				stopped = *now
				stop()
			}
		}
		cpu.ran = gpu.ran
		r := mustRun(t, ctx, Options{Only: regexp.MustCompile("gram gaussian 128×64"), Quick: true, MaxCase: time.Second}, gpu, cpu)
		stop()
		if late := now.Sub(stopped); stopped.IsZero() || late > 100*time.Millisecond || !r.Interrupted || len(r.Wrong()) > 0 {
			t.Errorf("stopped in op %d: interrupted %v, ended %v later, wrong: %+v", at, r.Interrupted, late, r.Wrong())
		}
	}
}

// TestProgress: the first step begins at once, since roofs and transfers are steps too, and no estimate is beyond the budget,
// which is theirs too.
func TestProgress(t *testing.T) {
	t.Parallel()
	const steps, cases = 2 * 4, 17
	for _, budget := range []time.Duration{20 * time.Millisecond, 2 * time.Second} {
		now, gpu, cpu := world()
		end := now.Add(budget)
		var all []Progress
		r := mustRun(t, t.Context(), Options{Suites: []string{"hebbian"}, Quick: true, MaxCase: 500 * time.Millisecond, Budget: budget, Began: func(p Progress) {
			all = append(all, p)
			if last := all[max(0, len(all)-2)]; p.Index < last.Index || p.Total != steps+cases || now.Add(p.Left).After(end) {
				t.Errorf("budget %v: after step %d comes %d of %d, with %v left of %v", budget, last.Index, p.Index, p.Total, p.Left, end.Sub(*now))
			}
		}}, gpu, cpu)
		if first := all[0]; first.Index != 0 || first.Case.Suite != "roof" || first.Left != 0 {
			t.Errorf("budget %v: the first step is %+v", budget, first)
		}
		if last := all[len(all)-1]; (last.Left > 0) != (last.Index > steps) {
			t.Errorf("budget %v: at step %d %v is left", budget, last.Index, last.Left)
		}
		if last := all[len(all)-1]; r.LeftOut == 0 || (r.LeftOut == cases) != (last.Index < steps) || r.LeftOut < cases && last.Index+1+r.LeftOut != steps+cases {
			t.Errorf("budget %v: %d cases were left out after step %d", budget, r.LeftOut, last.Index)
		}
	}
}

func TestOverheads(t *testing.T) {
	t.Parallel()
	_, gpu, cpu := world()
	r := mustRun(t, context.Background(), Options{Suites: []string{"hebbian"}, Quick: true}, gpu, cpu)
	ratios := r.overheads()
	cases := mustCases(t, Options{Suites: []string{"hebbian"}, Quick: true})
	if want := 2 * 13; len(cases) != 17 || len(ratios) != want {
		t.Errorf("%d ratios of %d cases, want %d", len(ratios), len(cases), want)
	}
	for _, o := range ratios {
		if o.times < 0.99 {
			t.Errorf("%s on %s takes %g of the plain product, which it contains", o.Case, o.Backend, o.times)
		}
	}
}

// The inputs of a case are its own: the same in any selection, others with another seed.
func TestFill(t *testing.T) {
	const n = 1 << 16
	a, b, c := make([]float32, n), make([]float32, n), make([]float32, n)
	real.fill(a, caseSeed(1, "x"), 0)
	real.fill(b, caseSeed(1, "x"), 0)
	real.fill(c, caseSeed(2, "x"), 0)
	if !slices.Equal(a, b) || slices.Equal(a, c) {
		t.Error("the seed does not decide the inputs")
	}
	var sum, squares float64
	for _, x := range a {
		if x < -1 || x >= 1 {
			t.Fatalf("%g is outside [-1, 1)", x)
		}
		sum += float64(x)
		squares += float64(x) * float64(x)
	}
	// The mean of n uniform numbers strays by 1/√(3n); six of these are as good as never.
	if s := 6 / math.Sqrt(3*n); math.Abs(sum/n) > s || math.Abs(squares/n-1.0/3) > s {
		t.Errorf("mean %g and mean square %g of uniform numbers", sum/n, squares/n)
	}
	whole.fill(a, 3, 0)
	slices.Sort(a)
	if got := slices.Compact(a); !slices.Equal(got, []float32{-2, -1, 0, 1, 2}) {
		t.Errorf("whole numbers are %v", got)
	}
}
