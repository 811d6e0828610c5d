package gpu

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"hebb/compute"
	"hebb/compute/computetest"
	"hebb/internal/must"
	"hebb/shaders"
)

// A paper is a backend that plans every op and runs none: its buffers keep their contents.
type paper struct {
	*planner
	plans []*plan
	bad   []error
}

type sheet struct{ x []float32 }

func (s *sheet) Write(off int, src []float32) error { copy(s.x[off:], src); return nil }
func (s *sheet) Read(off int, dst []float32) error  { copy(dst, s.x[off:]); return nil }
func (s *sheet) Free()                              {}

func (p *paper) Info() compute.Info                  { return compute.Info{Backend: "paper"} }
func (p *paper) Alloc(n int) (compute.Buffer, error) { return &sheet{make([]float32, n)}, nil }
func (p *paper) Sync() error                         { return nil }
func (p *paper) Close() error                        { return nil }

func (p *paper) Run(op compute.Op) error {
	l, err := p.plan(op)
	if err != nil {
		return err
	}
	p.plans = append(p.plans, l)
	for _, d := range l.dispatches {
		if err := p.sound(l, &d); err != nil {
			p.bad = append(p.bad, fmt.Errorf("%T: %s %v: %w", op, d.file, d.list(), err))
		}
	}
	return errPlanned
}

// errPlanned ends a case whose op is planned: there is no result to judge.
var errPlanned = errors.New("planned")

// sound reports properties that no dispatch of any plan may have.
func (p *paper) sound(l *plan, d *dispatch) error {
	for i, g := range d.groups {
		if g < 1 || g > p.maxGroups[i] {
			return fmt.Errorf("groups %v, want 1 to %v", d.groups, p.maxGroups)
		}
	}
	for i, b := range d.binds {
		if b.mem == (memory{}) {
			continue
		}
		whole := 0
		if b.mem.scratch > 0 {
			whole = l.scratch[b.mem.scratch-1]
		} else {
			whole = len(b.mem.buf.(*sheet).x)
		}
		whole = (whole + 3) / 4 * 4
		first, last := d.addressed(i)
		if d.ofHalves(i) {
			first, last = first/2, last/2
		}
		switch {
		case b.from%p.align != 0 || b.n%4 != 0:
			return fmt.Errorf("binding %d: %d numbers from %d, want multiples of 4 and of %d", i, b.n, b.from, p.align)
		case 4*b.n > p.maxBlock:
			return fmt.Errorf("binding %d: %d bytes, want at most %d", i, 4*b.n, p.maxBlock)
		case b.from < 0 || b.from+b.n > whole || first < 0 || last >= b.n:
			return fmt.Errorf("binding %d: %d numbers from %d, used from %d to %d, of a memory of %d", i, b.n, b.from, first, last, whole)
		}
	}
	return nil
}

// ofHalves reports whether the window at binding point i has halves.
func (d *dispatch) ofHalves(i int) bool {
	if d.file == "convert" {
		return (i == 0) == slices.Contains(d.list(), "NARROW")
	}
	return i == 1 && slices.Contains(d.list(), "A_F16") || i == 2 && slices.Contains(d.list(), "B_F16")
}

// desk returns a planner with the limits of an H200, as changed by set.
func desk(rung string, set func(*planner)) *planner {
	fit, err := usable(rung, 48<<10, 1024)
	if err != nil {
		panic(err) // see TestTiles
	}
	p := &planner{rung: rung, maxBlock: maxWindow, align: 64, maxGroups: [3]int{1<<31 - 1, 65535, 65535}, processors: 132, chip: measuredChip, tiles: fit,
		pairTiles: usablePairs(rung, 48<<10, 1024)}
	if set != nil {
		set(p)
	}
	return p
}

// planned plans the suite in all the ways in which TestOps runs it, and on an H200.
var planned = sync.OnceValues(func() (map[string]*paper, error) {
	all := map[string]*paper{}
	for name, p := range map[string]*planner{
		"auto":          desk("", nil),
		"few":           desk("", func(p *planner) { p.processors = 2 }),
		"split":         desk("", func(p *planner) { p.splits = 3 }),
		"naive split":   desk("naive", func(p *planner) { p.splits = 3 }),
		"squares":       desk("32x32", func(p *planner) { p.stored = 3000 }),
		"bands":         desk("32x32x32/4x4/1", func(p *planner) { p.byBands, p.stored = true, 3000 }),
		"walk":          desk("64x32", func(p *planner) { p.maxGroups = [3]int{2, 1, 1} }),
		"windows":       desk("", func(p *planner) { p.maxBlock, p.align = 32<<10, 4 }),
		"naive windows": desk("naive", func(p *planner) { p.maxBlock, p.align = 16<<10, 64 }),
		"half":          desk("", func(p *planner) { p.halves = []string{"HALF_AMD", "HALF_FMA"} }),
		"half, no fma":  desk("", func(p *planner) { p.processors, p.halves = 2, []string{"HALF_AMD"} }),
		"winograd":      desk("", func(p *planner) { p.winograd = true }),
		"its windows":   desk("", func(p *planner) { p.winograd, p.maxBlock, p.align = true, 16<<10, 4 }),
		"its walk":      desk("naive", func(p *planner) { p.winograd, p.maxGroups = true, [3]int{2, 1, 1} }),
	} {
		all[name] = &paper{planner: p}
	}
	for _, rung := range Rungs() {
		all[rung] = &paper{planner: desk(rung, nil)}
	}
	for _, p := range all {
		dev := compute.New(p)
		dev.Allow(compute.Half) // all but two of them have it
		if p.winograd {
			dev.Allow(compute.Winograd)
		}
		for _, c := range computetest.Cases(computetest.Quick) {
			if _, err := c.Check(1, dev); !errors.Is(err, errPlanned) {
				return nil, err
			}
		}
	}
	return all, nil
})

// TestSound plans the suite within every set of limits: windows lie within their memory and within
// the block size, grids within the device's.
func TestSound(t *testing.T) {
	papers := must.Get(planned())(t)
	for name, paper := range papers {
		if len(paper.plans) < 100 {
			t.Errorf("%s: %d plans, want those of all cases", name, len(paper.plans))
		}
		for _, err := range paper.bad[:min(3, len(paper.bad))] {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestShaders compiles shaders of the suite's plans with a second compiler: each as it is but for its tile on one tile at least, and
// each file on every tile.
func TestShaders(t *testing.T) {
	glslang, err := exec.LookPath("glslangValidator")
	if err != nil {
		if os.Getenv("NEED_GPU") != "" {
			t.Fatal("glslangValidator is not installed: package glslang-tools")
		}
		t.Skip(err)
	}
	kernels := map[kernel]bool{}
	papers, err := planned()
	if err != nil {
		t.Fatal(err)
	}
	for _, paper := range papers {
		for _, l := range paper.plans {
			for _, d := range l.dispatches {
				kernels[d.kernel] = true
			}
		}
	}
	dir := t.TempDir()
	var files []string
	for _, k := range covering(kernels) {
		text := must.Get(shaders.Source(k.file, k.list()...))(t)
		if strings.Contains(k.defines, "HALF") { // glslang has the functions of the extension from this version on
			text = strings.Replace(text, "#version 430", "#version 450", 1)
		}
		f := filepath.Join(dir, fmt.Sprintf("%s-%d.comp", k.file, len(files)))
		must.Do(t, os.WriteFile(f, []byte(text), 0o600))
		files = append(files, f)
	}
	t.Logf("%d of %d specialisations", len(files), len(kernels))
	for some := range slices.Chunk(files, 50) {
		if out, err := exec.Command(glslang, some...).CombinedOutput(); err != nil {
			t.Errorf("%v: %.2000s", err, out)
		}
	}
}

// covering returns kernels that have between them all tiles of each file and, tiles apart, all defines.
func covering(kernels map[kernel]bool) (some []kernel) {
	all := slices.SortedFunc(maps.Keys(kernels), func(a, b kernel) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.defines, b.defines))
	})
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] }) // or most have the first tile
	seen := map[kernel]bool{}
	for _, k := range all {
		tile, rest := k, k
		tile.defines = tileLines.FindString(k.defines)
		rest.defines = tileLines.ReplaceAllString(k.defines, "")
		if !seen[tile] || !seen[rest] {
			some = append(some, k)
		}
		seen[tile], seen[rest] = true, true
	}
	return some
}

// planOf returns p's plan of op.
func planOf(t *testing.T, p *planner, op compute.Op) *plan {
	t.Helper()
	l := must.Get(p.plan(op))(t)
	return l
}

// tensors returns a function that makes tensors on paper.
func tensors(t *testing.T) func(shape ...int) *compute.Tensor {
	return tensorsOn(t, compute.New(&paper{planner: desk("", nil)}))
}

// tensorsOn returns a function that makes tensors of dev.
func tensorsOn(t testing.TB, dev *compute.Device) func(shape ...int) *compute.Tensor {
	return func(shape ...int) *compute.Tensor {
		t.Helper()
		x := must.Get(dev.Tensor(shape...))(t)
		return x
	}
}

// TestPlan spells a few plans out.
func TestPlan(t *testing.T) {
	mat := tensors(t)
	win := func(x *compute.Tensor, from, n int, write bool) bind {
		return bind{memory{buf: x.Buffer()}, from, n, write}
	}
	own := func(which, n int, write bool) bind { return bind{memory{scratch: which + 1}, 0, n, write} }
	c, a, b, bias := mat(3, 65, 132), mat(8, 65), mat(3, 132, 8), mat(132)
	w, y, x := mat(100, 784), mat(4096, 100), mat(4096, 784)
	naive := kernel{"gemm", "LAYER\nTRANS_A\nTRANS_B\nNAIVE\n"}
	for _, test := range []struct {
		name string
		p    *planner
		op   compute.Op
		want []dispatch
	}{
		{"batch, bias and transpositions", desk("naive", func(p *planner) { p.maxGroups[2] = 2 }),
			compute.Gemm{C: c, A: a, B: b, TransA: true, TransB: true, Epilogue: compute.Epilogue{Alpha: 2, Act: compute.Tanh, Bias: bias}},
			[]dispatch{{naive,
				[]bind{win(c, 0, 3*65*132, true), win(a, 0, 520, false), win(b, 0, 3*132*8, false), win(bias, 0, 132, false), {}, {}, {}, {}},
				args{M: 65, N: 132, K: 8, Batch: 3, Splits: 1, Slice: 8, Widths: 1, Alpha: 2, Act: 2, Bound: 0b1111,
					Ld: [2][4]int32{{132, 65, 8}}, Skip: [2][4]int32{{65 * 132, 0, 132 * 8}}},
				[3]int{5 * 9, 1, 2}}}},
		{"Oja of a small layer and a long batch, cut into slices", desk("64x64x16/8x8/1", func(p *planner) { p.splits = 8 }),
			compute.Hebbian{W: w, Y: y, X: x, G: y, Mask: compute.Diagonal, Rate: 0.5, Lo: -1, Hi: 1},
			[]dispatch{
				{kernel{"reduce", "SUM\nCOLUMNS\nFORMULA precise CELL t0 = INPUT(0); precise CELL t1 = t0 * t0; return t1;\nVARS 1\nVEC\n"},
					[]bind{own(scratchPartial, 900, true), win(y, 0, 409600, false), {}, {}, {}, {}, {}, {}},
					args{M: 100, N: 1, K: 4096, Batch: 1, Splits: 8, Slice: 512, Widths: 1, Alpha: 1, Bound: 0b10,
						Ld: [2][4]int32{{0, 100}}, Skip: [2][4]int32{{100}}, Lanes: 16, Slot: 1},
					[3]int{2, 8, 1}},
				{kernel{"gather", "SUM\n"},
					[]bind{own(scratch1, 100, true), own(scratchPartial, 900, true), {}, {}, {}, {}, {}, {}},
					args{M: 100, N: 1, K: 8, Batch: 1, Splits: 8, Slice: 4096, Widths: 1, Alpha: 1, Bound: 0b1,
						Skip: [2][4]int32{{100, 100}}, Lanes: 32, Slot: 1},
					[3]int{4, 1, 1}},
				{kernel{"hebbian", "PARTIAL\nTRANS_A\nBM 64\nBN 64\nBK 16\nTM 8\nTN 8\nTHREADS 64\nLOADS 2\nSTAGES 1\nVEC\n"},
					[]bind{{}, win(y, 0, 409600, false), win(x, 0, 4096*784, false), {}, {}, own(scratchPartial, 8*78400, true), {}, {}},
					args{M: 100, N: 784, K: 4096, Batch: 1, Splits: 8, Slice: 512, Widths: 1, Alpha: 0.5 / 4096, Beta: 1, Lo: -1, Hi: 1, Bound: 0b1111,
						Ld: [2][4]int32{{784, 100, 784}, {0, 784}}, Skip: [2][4]int32{{0, 0, 0, 100}, {0, 78400}}},
					[3]int{2 * 13, 8, 1}},
				{kernel{"sum", "HEBBIAN\nVEC\n"},
					[]bind{win(w, 0, 78400, true), {}, {}, own(scratch1, 100, false), {}, own(scratchPartial, 8*78400, false), {}, {}},
					args{M: 100, N: 784, K: 4096, Batch: 1, Splits: 8, Slice: 4096, Widths: 1, Alpha: 0.5 / 4096, Beta: 1, Lo: -1, Hi: 1, Bound: 0b1001,
						Ld: [2][4]int32{{784}, {0, 784}}, Skip: [2][4]int32{{0, 0, 0, 100}, {0, 78400}}},
					[3]int{4, 25, 1}},
			}},
	} {
		if got := planOf(t, test.p, test.op).dispatches; !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", test.name, got, test.want)
		}
	}
}

// TestPieces: the boxes of an op cover it once, terms innermost.
func TestPieces(t *testing.T) {
	p := &planner{maxBlock: 256, align: 4}
	size := extent{2, 3, 9, 50, 70}
	a := operand{mem: memory{scratch: 1}, off: 5, stride: extent{0, 630, 70, 0, 1}}
	b := operand{mem: memory{scratch: 2}, stride: extent{0, 0, 0, 1, 50}}
	c := operand{mem: memory{scratch: 3}, stride: extent{1350, 450, 50, 1, 0}}
	boxes := must.Get(p.pieces(size, a, b, c))(t)
	done, last := map[extent]int{}, box{}
	for i, x := range boxes {
		for _, o := range []operand{a, b, c} {
			if w, off := p.window(o, x); 4*w.n > p.maxBlock || w.from%4 != 0 || w.from+off != o.start(x.at) {
				t.Fatalf("window %+v of %+v", w, x)
			}
		}
		if follows := x.at; x.at[axisTerm] > 0 {
			if follows[axisTerm] = last.at[axisTerm]; follows != last.at || last.at[axisTerm]+last.n[axisTerm] != x.at[axisTerm] {
				t.Fatalf("box %d, %v, does not continue the sums of %v", i, x, last)
			}
		}
		last = x
		var at func(e extent, a axis)
		at = func(e extent, a axis) {
			if a == axes {
				done[e]++
				return
			}
			for s := range x.n[a] {
				e[a] = x.at[a] + s
				at(e, a+1)
			}
		}
		at(extent{}, 0)
	}
	for e, n := range done {
		if n != 1 {
			t.Fatalf("%v is done %d times", e, n)
		}
	}
	if want := 2 * 3 * 9 * 50 * 70; len(done) != want || len(boxes) < 2 {
		t.Errorf("%d boxes do %d of %d steps", len(boxes), len(done), want)
	}
	if _, err := (&planner{maxBlock: 8, align: 4}).pieces(size, a); err == nil {
		t.Error("no error where not even one number fits")
	}
}

// TestChoose: the model's answers where there is no doubt.
func TestChoose(t *testing.T) {
	p := desk("", nil)
	for _, test := range []struct {
		batch, m, n, k int32
		tile           string
		split          bool
	}{
		{1, 8192, 8192, 8192, "128x128", false},
		{1, 64, 64, 64, "32x32", false},
		{1, 512, 512, 1 << 17, "", true}, // a weight gradient: few tiles, many terms
		{1024, 256, 256, 1 << 13, "128x128", false},
	} {
		best := p.ways(&args{Batch: test.batch, M: test.m, N: test.n, K: test.k}, tiling{})[0]
		if test.tile != "" && !best.tile.is(test.tile) || (best.splits > 1) != test.split {
			t.Errorf("%+v: tile %s in %d slices", test, best.tile.name(), best.splits)
		}
	}
}

// TestChip: of a device that was not measured the model of time asks what registers and shared memory are enough for,
// and how many threads of a group are too few; of a measured one it does not.
func TestChip(t *testing.T) {
	named := func(name string) *tile {
		return &tiles[slices.IndexFunc(tiles, func(t tile) bool { return t.name() == name })]
	}
	for _, test := range []struct {
		tile string
		want float64 // threads at a time, of any number of groups
	}{
		{"256x128x16/16x8/1", 256},  // registers: 216 × 256 threads of 65536
		{"128x128x16/8x8/1", 512},   // registers: 120 × 256
		{"128x128x16/8x8/2", 256},   // shared memory: 32.5 KiB of 64
		{"64x64x64/8x4/0", 128},     // shared memory: 33 KiB
		{"32x32x32/4x4/2", 3 * 64},  // shared memory: 17 KiB
		{"64x32x16/8x4/1", 10 * 64}, // registers: 96 × 64, or shared memory: 6.25 KiB
	} {
		x := *named(test.tile)
		if got := otherChip.busy(x, 100); got != test.want {
			t.Errorf("%s: %v threads at a time, want %v", x.name(), got, test.want)
		}
		if got := otherChip.busy(x, 1); got != float64(x.threads()) {
			t.Errorf("%s: %v threads of a group, want %d", x.name(), got, x.threads())
		}
		if got := measuredChip.busy(x, 100); got != float64(100*x.threads()) {
			t.Errorf("%s on a measured device: %v threads, want all", x.name(), got)
		}
	}
	other := func(p *planner) { p.chip = otherChip }
	for _, test := range []struct {
		p    *planner
		n    int32
		want string
	}{
		{desk("", nil), 256, "32x32x32/4x4/1"},
		{desk("", other), 256, "64x64x16/4x4/2"}, // with four times the threads
		{desk("64x64x64", nil), 1 << 13, "64x64x64/8x4/0"},
		{desk("64x64x64", other), 1 << 13, "64x64x64/4x4/0"}, // with one group at a time, twice the threads
	} {
		if best := test.p.ways(&args{Batch: 1, M: test.n, N: test.n, K: test.n}, tiling{})[0]; best.tile.name() != test.want {
			t.Errorf("%d³ with %+v: %s, want %s", test.n, test.p.chip, best, test.want)
		}
	}
	for device, want := range map[string]chip{"NVIDIA H100 80GB HBM3/PCIe/SSE2": measuredChip, "AMD Radeon RX 6800 (navi21, LLVM 15.0.6)": otherChip} {
		if got := chipOf(compute.Info{Device: device}); got != want {
			t.Errorf("%s: %+v, want %+v", device, got, want)
		}
	}
	if got := chipOf(compute.Info{Device: "llvmpipe", Software: true}); got != measuredChip {
		t.Errorf("a CPU: %+v, want no limits", got)
	}
}

// TestTiles: threads cover every tile, and no tile exceeds the limits of GPUs; of every kind there are some within the
// 32 KiB that OpenGL 4.3 guarantees.
func TestTiles(t *testing.T) {
	for _, x := range tiles {
		if err := x.check(); err != nil {
			t.Error(err)
		}
		if x.threads() > 1024 || x.shared() > 48<<10 {
			t.Errorf("tile %s: %d threads and %d bytes of shared memory, want at most 1024 and 48 KiB", x.name(), x.threads(), x.shared())
		}
	}
	for _, bad := range []tile{{128, 128, 16, 6, 8, 1, 1}, {100, 128, 16, 8, 8, 1, 1}, {32, 32, 16, 8, 8, 1, 1}, {64, 64, 16, 8, 8, 3, 1}} {
		if bad.check() == nil {
			t.Errorf("%+v passes", bad)
		}
	}
	if _, err := usable("128x128", 1<<14, 1024); err == nil {
		t.Error("a tile larger than shared memory")
	}
	if fit, err := usable("", 1<<14, 1024); err != nil || len(fit) == 0 || len(fit) == len(tiles) {
		t.Errorf("%d tiles fit 16 KiB: %v", len(fit), err)
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []Options{{Context: "vulkan"}, {Rung: "7x7"}, {Device: 1}, {Device: 2, Context: "glfw"}} {
		if _, err := Open(o); err == nil || errors.Is(err, compute.ErrUnavailable) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// TestStd140 lays the block of args.glsl out by the rules of std140 and compares it with args.
func TestStd140(t *testing.T) {
	text := must.Get(os.ReadFile("../shaders/args.glsl"))(t)
	_, body, _ := strings.Cut(string(text), "{")
	body, _, _ = strings.Cut(body, "}")
	body = regexp.MustCompile(`//.*`).ReplaceAllString(body, "")
	type field struct {
		name string
		off  uintptr
		typ  string
	}
	var want, got []field
	off := uintptr(0)
	for _, decl := range strings.Split(strings.TrimSpace(body), ";") {
		typ, names, ok := strings.Cut(strings.TrimSpace(decl), " ")
		if !ok {
			continue
		}
		align := map[string]uintptr{"int": 4, "float": 4, "ivec4": 16, "vec4": 16}[typ]
		for _, name := range strings.Split(names, ",") {
			name, n, array := strings.Cut(strings.Trim(name, " ]"), "[")
			size, gotype := align, map[string]string{"int": "int32", "float": "float32", "ivec4": "[4]int32", "vec4": "[4]float32"}[typ]
			if array {
				size, gotype = align*uintptr(n[0]-'0'), "["+n+"]"+gotype
			}
			off = (off + align - 1) / align * align
			want = append(want, field{name, off, gotype})
			off += size
		}
	}
	typ := reflect.TypeFor[args]()
	for i := range typ.NumField() {
		f := typ.Field(i)
		got = append(got, field{strings.ToLower(f.Name), f.Offset, f.Type.String()})
	}
	if !reflect.DeepEqual(got, want) || off != typ.Size() {
		t.Errorf("Go   %v %d\nGLSL %v %d", got, typ.Size(), want, off)
	}
}
