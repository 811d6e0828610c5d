package gpu

import (
	"fmt"
	"math"
)

// A tile is a shape of the tiled product: a group makes bm×bn of the result from bk terms at a
// time, a thread tm×tn of it.
type tile struct {
	name               string
	bm, bn, bk, tm, tn int

	// share is the part of peak arithmetic that a processor full of such groups is assumed to
	// reach. A thread with tm×tn sums reads tm+tn numbers of shared memory for tm·tn
	// multiply-adds: small tiles live from shared memory, large ones from registers.
	share float64
}

// tiles are the shapes there are, largest first. The shares are those of the ladder of public SGEMMs
// (69 to 85 % of cuBLAS at 8×8 sums a thread, 37 % at 8×1), to be replaced by
// measurements; only their order of magnitude matters to the choice.
var tiles = []tile{
	{"128x128", 128, 128, 16, 8, 8, 0.80},
	{"128x64", 128, 64, 16, 8, 8, 0.75},
	{"64x64", 64, 64, 16, 8, 8, 0.65},
	{"64x32", 64, 32, 16, 8, 4, 0.50},
	{"32x32", 32, 32, 32, 4, 4, 0.35},
}

// Rungs names what Options.Rung may be, from the lowest rung up.
func Rungs() []string {
	names := []string{"naive"}
	for i := len(tiles) - 1; i >= 0; i-- {
		names = append(names, tiles[i].name)
	}
	return names
}

func (t tile) threads() int { return t.bm / t.tm * t.bn / t.tn }

// shared is the shared memory of a group, in bytes: slices of A and B with padded rows.
func (t tile) shared() int { return 4 * t.bk * (t.bm + 4 + t.bn + 4) }

// check reports what would leave a part of the tile without a thread, or give it two.
func (t tile) check() error {
	gx, gy := t.bn/t.tn, t.bm/t.tm
	switch {
	case t.tm%4 != 0 || t.tn%4 != 0 || t.bk%4 != 0:
		return fmt.Errorf("gpu: tile %s: %d×%d sums a thread and %d terms, want multiples of 4", t.name, t.tm, t.tn, t.bk)
	case gx*t.tn != t.bn || gy*t.tm != t.bm:
		return fmt.Errorf("gpu: tile %s: %d×%d threads of %d×%d sums do not cover it", t.name, gy, gx, t.tm, t.tn)
	case gx%8 != 0 || gy%4 != 0:
		return fmt.Errorf("gpu: tile %s: %d×%d threads, want whole warps of 4×8", t.name, gy, gx)
	}
	return nil
}

func (d *dispatch) tile(t tile) {
	for _, x := range []struct {
		name string
		n    int
	}{{"BM", t.bm}, {"BN", t.bn}, {"BK", t.bk}, {"TM", t.tm}, {"TN", t.tn}, {"THREADS", t.threads()}} {
		d.defines += fmt.Sprintf("%s %d\n", x.name, x.n)
	}
}

// usable returns the tiles that fit a device, or the one asked for.
func usable(rung string, shared, threads int) ([]tile, error) {
	var fit []tile
	for _, t := range tiles {
		if err := t.check(); err != nil {
			return nil, err
		}
		switch ok := t.shared() <= shared && t.threads() <= threads; {
		case rung == t.name && !ok:
			return nil, fmt.Errorf("gpu: tile %s wants %d bytes of shared memory and %d threads a group, this device has %d and %d",
				t.name, t.shared(), t.threads(), shared, threads)
		case ok && (rung == t.name || rung == "" || rung == "naive"):
			fit = append(fit, t)
		}
	}
	if len(fit) == 0 {
		return nil, fmt.Errorf("gpu: no tile fits %d bytes of shared memory and %d threads a group", shared, threads)
	}
	return fit, nil
}

const (
	// A processor works at its best with at least this many threads: one group of few hides no waiting.
	fullThreads = 256

	// A slice of terms is no shorter, and there are no more of them.
	minSlice, maxSplits = 256, 64

	// With so many groups a processor, all are busy until nearly the end, and slices gain nothing.
	enoughGroups = 8

	// In units of one multiply-add of one processor, what the second pass of a split costs: for each
	// partial sum, written and read, and for its launch. They follow from an H200: 128 multiply-adds
	// a cycle and processor at 1.8 GHz, 4.8 TB/s, 3 µs.
	costPartial, costPass = 0.4, 700e3
)

// choose returns the tile, and into how many slices its terms are cut, of the least time in this
// model: groups are spread evenly over the processors, and the time is that of the processor with most of them,
//
//	q · bm·bn·slice / (share · min(1, q·threads/fullThreads)),   q = ⌈groups/processors⌉
//
// and the second pass of a split comes on top. It trades three things: small tiles leave fewer processors
// idle, large ones feed their arithmetic better, and slices make many groups of few but cost memory.
func (p *planner) choose(batch, m, n, k int32) (best tile, splits int) {
	least := math.Inf(1)
	for _, t := range p.tiles {
		made := float64(batch) * float64(groups(m, t.bm)) * float64(groups(n, t.bn))
		for s := 1; s == 1 || s <= maxSplits && int(k)/s >= minSlice && made*float64(s) <= enoughGroups*float64(p.processors); s *= 2 {
			q := math.Ceil(made * float64(s) / float64(p.processors))
			time := q * float64(t.bm*t.bn) * float64(groups(k, s)) / (t.share * math.Min(1, q*float64(t.threads())/fullThreads))
			if s > 1 {
				time += costPass + costPartial*float64(s)*float64(batch)*float64(m)*float64(n)
			}
			if time < least {
				least, best, splits = time, t, s
			}
		}
	}
	return best, splits
}
