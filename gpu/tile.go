package gpu

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"hebb/compute"
)

// A tile is a shape of the tiled product: a group makes bm×bn of the result from bk terms at a time, a thread tm×tn of
// it. With one stage the next terms are loaded while the last are multiplied; with two they also go into shared memory
// while others still read the last; with none they are loaded when they are needed.
type tile struct {
	bm, bn, bk, tm, tn, stages int

	// share is the assumed part of peak arithmetic that a processor full of such groups reaches. A thread with tm×tn
	// sums reads tm+tn numbers of shared memory for tm·tn multiply-adds: small tiles are bound by shared memory, large
	// ones by registers.
	share float64
}

// tiles are all tiles, largest first. Shares were measured with a product of 4096³ on an H100, of its 66.9 TFLOP/s
// (docs/performance.md); for tiles of 64 and more terms, which are for short sums, they are guesses.
var tiles = []tile{
	{256, 128, 16, 16, 8, 1, 0.64},
	{256, 128, 8, 16, 8, 2, 0.66},
	{128, 256, 8, 8, 16, 2, 0.64},
	{128, 128, 16, 16, 8, 0, 0.60},
	{128, 128, 8, 16, 8, 2, 0.66},
	{128, 128, 16, 8, 8, 0, 0.67},
	{128, 128, 16, 8, 8, 1, 0.68},
	{128, 128, 16, 8, 8, 2, 0.65},
	{128, 128, 32, 8, 8, 0, 0.60},
	{128, 64, 16, 8, 8, 0, 0.58},
	{128, 64, 16, 8, 8, 1, 0.56},
	{128, 64, 32, 8, 8, 0, 0.55},
	{64, 128, 16, 8, 8, 1, 0.65},
	{64, 64, 16, 8, 8, 0, 0.60},
	{64, 64, 16, 8, 8, 1, 0.63},
	{64, 64, 32, 8, 8, 0, 0.55},
	{64, 64, 64, 8, 4, 0, 0.45},
	{64, 64, 64, 4, 4, 0, 0.45},
	{64, 64, 32, 4, 4, 0, 0.45},
	{64, 64, 16, 4, 4, 2, 0.52},
	{64, 64, 32, 8, 4, 1, 0.56},
	{128, 32, 16, 8, 4, 1, 0.55},
	{64, 32, 16, 8, 4, 1, 0.55},
	{32, 32, 32, 4, 4, 1, 0.45},
	{32, 32, 32, 4, 4, 2, 0.36},
}

// name returns bm×bn×bk, the sums of a thread, and the number of stages: "128x128x16/8x8/2".
func (t tile) name() string {
	return fmt.Sprintf("%dx%dx%d/%dx%d/%d", t.bm, t.bn, t.bk, t.tm, t.tn, t.stages)
}

// is reports whether a name means t: its own, or a prefix of that, "128x128" or "128x128x16/8x8".
func (t tile) is(name string) bool {
	rest, ok := strings.CutPrefix(t.name(), name)
	return ok && (rest == "" || rest[0] == 'x' || rest[0] == '/')
}

// rungIs reports whether a rung has that name.
func rungIs(name string) bool {
	return name == "" || name == "naive" || slices.ContainsFunc(tiles, func(t tile) bool { return t.is(name) })
}

// Rungs returns the values of Options.Rung, from the lowest rung up.
func Rungs() []string {
	names := []string{"naive"}
	for i := len(tiles) - 1; i >= 0; i-- {
		names = append(names, tiles[i].name())
	}
	return names
}

func (t tile) threads() int { return t.bm / t.tm * t.bn / t.tn }

// shared returns the shared memory of a group, in bytes: slices of A and B, and two vec4s after every four terms of
// each.
func (t tile) shared() int { return 4 * max(1, t.stages) * t.bk * (t.bm + t.bn + 4) }

// loads returns the number of 4×4 blocks of a slice that a thread loads.
func (t tile) loads() int { return (t.bk*(t.bm+t.bn)/16 + t.threads() - 1) / t.threads() }

// check reports a part of the tile that would have no thread, or two.
func (t tile) check() error {
	gx, gy := t.bn/t.tn, t.bm/t.tm
	switch {
	case t.tm%4 != 0 || t.tn%4 != 0 || t.bk%4 != 0:
		return fmt.Errorf("gpu: tile %s: %d×%d sums a thread and %d terms, want multiples of 4", t.name(), t.tm, t.tn, t.bk)
	case gx*t.tn != t.bn || gy*t.tm != t.bm:
		return fmt.Errorf("gpu: tile %s: %d×%d threads of %d×%d sums do not cover it", t.name(), gy, gx, t.tm, t.tn)
	case gx%8 != 0 || gy%4 != 0:
		return fmt.Errorf("gpu: tile %s: %d×%d threads, want whole warps of 4×8", t.name(), gy, gx)
	case t.stages < 0 || t.stages > 2:
		return fmt.Errorf("gpu: tile %s: want none, one or two stages", t.name())
	}
	return nil
}

func (d *dispatch) tile(t tile) {
	for _, x := range []struct {
		name string
		n    int
	}{{"BM", t.bm}, {"BN", t.bn}, {"BK", t.bk}, {"TM", t.tm}, {"TN", t.tn}, {"THREADS", t.threads()}, {"LOADS", t.loads()}, {"STAGES", t.stages}} {
		d.defines += fmt.Sprintf("%s %d\n", x.name, x.n)
	}
}

// usable returns the tiles that fit a device, or only those that rung names.
func usable(rung string, shared, threads int) ([]tile, error) {
	var fit []tile
	for _, t := range tiles {
		if err := t.check(); err != nil {
			return nil, err
		}
		switch ok := t.shared() <= shared && t.threads() <= threads; {
		case rung == t.name() && !ok:
			return nil, fmt.Errorf("gpu: tile %s wants %d bytes of shared memory and %d threads a group, this device has %d and %d",
				t.name(), t.shared(), t.threads(), shared, threads)
		case ok && (rung == "" || rung == "naive" || t.is(rung)):
			fit = append(fit, t)
		}
	}
	if len(fit) == 0 {
		return nil, fmt.Errorf("gpu: no tile fits %d bytes of shared memory and %d threads a group", shared, threads)
	}
	return fit, nil
}

// registers returns about how many registers a thread of a product takes: its sums; the numbers that it multiplies, and
// the next ones; four rows of four of each block on its way to shared memory; and addresses. It was fitted to what
// Mesa's compiler says for AMD's GPUs, since OpenGL tells none, and is off by an eighth at most (docs/performance.md;
// TestRegisters holds a quarter, for other versions of Mesa).
func (t tile) registers() int { return t.tm*t.tn + 2*(t.tm+t.tn) + 16*t.loads() + 8 }

// A chip is a processor of a device, as the model of time has it.
type chip struct {
	threads   int // with at least so many it works at its best: one group of few hides no latency
	registers int // of all its threads; 0: no limit
	shared    int // bytes, of all its groups
}

var (
	// measuredChip is an H100's processor. Shares were measured there, so what its registers and its shared memory do to
	// them they know already.
	measuredChip = chip{threads: 192}

	// otherChip is for devices of which nothing was measured: four SIMDs with a wave of 64 each, and 256 KiB of
	// registers, as AMD's have had since GCN and, of waves of 32, NVIDIA's; and the shared memory of AMD's, which is not
	// more than NVIDIA's.
	otherChip = chip{threads: 256, registers: 64 << 10, shared: 64 << 10}
)

// chipOf returns the chip of a device. A CPU, which a software renderer runs on, has none of the limits.
func chipOf(i compute.Info) chip {
	if i.Software || comesTuned(i.Device) {
		return measuredChip
	}
	return otherChip
}

// busy returns how many threads of q groups a processor has at the same time: as many as its registers and its shared
// memory are enough for.
func (c chip) busy(t tile, q float64) float64 {
	if c.registers > 0 {
		q = math.Min(q, float64(max(1, min(c.registers/(t.registers()*t.threads()), c.shared/t.shared()))))
	}
	return q * float64(t.threads())
}

const (
	// The least length of a slice of terms, and the largest number of slices.
	minSlice, maxSplits = 256, 64

	// With that many groups a processor, all are busy until nearly the end, and slices gain nothing.
	enoughGroups = 8

	// The cost of the second pass of a split, in units of one multiply-add of one processor: for each partial sum,
	// written and read, and for its launch. They follow from an H100: 128 multiply-adds a cycle and processor at 1.8
	// GHz, 2.5 TB/s, and some 9 µs from one dispatch to another that waits for it.
	costPartial, costPass = 0.75, 2e6
)

// A guess is a recipe and its predicted time.
type guess struct {
	recipe
	time float64
}

// ways returns all recipes for a product of arguments a, also by the transforms of a tiling if there is one, in the
// order of their predicted times.
func (p *planner) ways(a *args, v tiling) []recipe {
	all := p.guess(a.Batch, a.M, a.N, a.K)
	switch {
	case v == tiling{}:
	case p.winograd:
		all = p.guessTiled(v)
	default:
		all = append(all, p.guessTiled(v)...)
	}
	return inOrder(all)
}

func inOrder(all []guess) (ways []recipe) {
	slices.SortStableFunc(all, func(a, b guess) int { return cmp.Compare(a.time, b.time) })
	for _, g := range all {
		ways = append(ways, g.recipe)
	}
	return ways
}

// guess returns all tiles and numbers of slices for a product.
func (p *planner) guess(batch, m, n, k int32) (all []guess) {
	for _, t := range p.tiles {
		made := float64(batch) * float64(groups(m, t.bm)) * float64(groups(n, t.bn))
		for s := 1; s == 1 || s <= maxSplits && int(k)/s >= minSlice && made*float64(s) <= enoughGroups*float64(p.processors); s *= 2 {
			w := recipe{tile: t, splits: s}
			all = append(all, guess{w, p.predict(w, made, float64(batch)*float64(m)*float64(n), k)})
		}
	}
	return all
}

// predict returns the time of a product whose results are computed by made groups, in units of a multiply-add of one
// processor: groups are spread evenly over the processors, and the time is that of the processor with most of them,
//
//	q · bm·bn·slice / (share · min(1, busy/threads)),   q = ⌈groups/processors⌉
//
// busy being the threads that it has at the same time, and threads as many as it needs ([chip]); plus the second pass
// of a split. It trades three things: small tiles leave fewer processors idle, large ones feed their arithmetic better,
// and slices make many groups of few but cost memory.
func (p *planner) predict(w recipe, made, results float64, k int32) float64 {
	t, s := w.tile, float64(w.splits)
	q := math.Ceil(made * s / float64(p.processors))
	time := q * float64(t.bm*t.bn) * float64(groups(k, w.splits)) / (t.share * math.Min(1, p.chip.busy(t, q)/float64(p.chip.threads)))
	if s > 1 {
		time += costPass + costPartial*s*results
	}
	return time
}
