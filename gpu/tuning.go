package gpu

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// A shape is the key of tuning: the kind of a product and of its operands, and the powers of two that its sizes reach.
// Products of one shape run in one way.
type shape struct {
	kind           string // "GEMM NT", "GEMM NT PATCHES_A", "HEBBIAN TN scalar"
	batch, m, n, k int    // the least e with 2^e at least the size
}

func (s shape) String() string {
	return fmt.Sprintf("%s %d×%d×%d×%d", s.kind, 1<<s.batch, 1<<s.m, 1<<s.n, 1<<s.k)
}

// shapeOf returns the shape of the product w, of which d is a piece.
func shapeOf(d *dispatch, w product) shape {
	letter := map[bool]string{false: "N", true: "T"}
	kind := []string{w.pass, letter[w.transA] + letter[w.transB]}
	kind = append(kind, w.defines...)
	if w.images != nil {
		kind = append(kind, w.images.defines...)
	}
	if w.symmetric {
		kind = append(kind, "SYMMETRIC")
	}
	if w.half {
		kind = append(kind, "HALF")
	}
	if w.a.half {
		kind = append(kind, "A_F16")
	}
	if w.b.half {
		kind = append(kind, "B_F16")
	}
	if !d.fours(w) {
		kind = append(kind, "scalar")
	}
	if w.fast != nil { // a result with leeway does not serve ops without
		kind = append(kind, "winograd")
	}
	a := &d.args
	return shape{strings.Join(kind, " "), ceilLog2(a.Batch), ceilLog2(a.M), ceilLog2(a.N), ceilLog2(a.K)}
}

func ceilLog2(n int32) int { return bits.Len32(uint32(max(n, 1) - 1)) }

// A recipe is a way to run a product: a tile, and the number of slices of its terms; or, for a convolution, the same
// for the products of Winograd's transforms.
type recipe struct {
	tile     tile
	splits   int
	winograd bool
}

// String returns the tile's name and, if there are several, the slices: "64x64x16/8x8/2 in 4", "winograd
// 64x64x16/8x8/2".
func (w recipe) String() string {
	name := w.tile.name()
	if w.winograd {
		name = "winograd " + name
	}
	if w.splits == 1 {
		return name
	}
	return fmt.Sprintf("%s in %d", name, w.splits)
}

// recipeOf is the inverse of String.
func recipeOf(name string) (recipe, error) {
	name, slices, several := strings.Cut(name, " in ")
	w := recipe{splits: 1}
	name, w.winograd = strings.CutPrefix(name, "winograd ")
	if several {
		n, err := strconv.Atoi(slices)
		if err != nil || n < 1 {
			return w, fmt.Errorf("gpu: %q slices, want a whole number from 1 up", slices)
		}
		w.splits = n
	}
	for _, t := range tiles {
		if t.name() == name {
			w.tile = t
			return w, nil
		}
	}
	return w, fmt.Errorf("gpu: no tile %q", name)
}

// recipe returns the recipe of the product w, of which d is a piece: the best one measured for its shape or, if there
// is none, the model's choice.
func (l *plan) recipe(d *dispatch, w product) recipe {
	if w.by != nil {
		return *w.by
	}
	s := shapeOf(d, w)
	a := &d.args
	if work := float64(a.Batch) * float64(a.M) * float64(a.N) * float64(a.K); work > l.most {
		l.most, l.main, l.mainArgs, l.mainFast = work, s, *a, w.tiling()
	}
	if r, ok := l.found(s, w); ok {
		return r
	}
	if w.a.half || w.b.half { // the best for float32s is likely to be the best for halves
		wide := w
		wide.a.half, wide.b.half = false, false
		if r, ok := l.found(shapeOf(d, wide), w); ok {
			return r
		}
	}
	best := l.ways(a, w.tiling())[0]
	if w.fast != nil && !best.winograd {
		w.fast = nil
		if r, ok := l.found(shapeOf(d, w), w); ok { // measured with ops without leeway
			return r
		}
	}
	return best
}

// found returns the measured recipe of w, of shape s, if w may be run so.
func (l *plan) found(s shape, w product) (recipe, bool) {
	r, ok := l.tuned[s]
	return r, ok && l.rung == "" && l.usable(r.tile) && (w.fast != nil || !r.winograd)
}

func (p *planner) usable(t tile) bool {
	for _, u := range p.tiles {
		if u == t {
			return true
		}
	}
	return false
}
