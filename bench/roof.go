package bench

import (
	"fmt"
	"slices"

	"hebb/compute"
)

// A Roof is what a device reaches at its best, measured. Zeros are not known.
type Roof struct {
	Flops  float64 `json:"flops"` // a second
	By     string  `json:"by"`    // the case that reached it
	Bytes  float64 `json:"bytes"` // a second, by a copy: reads and writes together
	CopyOf string  `json:"copy_of"`
}

// seconds is how long c takes at least, and whether arithmetic or memory is what takes so long.
func (r Roof) seconds(c compute.Cost) (s float64, boundBy string) {
	arithmetic, memory := float64(c.Flops)/r.Flops, float64(c.Bytes)/r.Bytes
	if arithmetic >= memory {
		return arithmetic, "compute"
	}
	return memory, "memory"
}

// A chain is a case that is all arithmetic.
type chain struct{ n, rounds int }

func (c chain) Op() string            { return "fma" }
func (c chain) Kind() string          { return "fma" }
func (c chain) Sizes() map[string]int { return map[string]int{"n": c.n, "rounds": c.rounds} }
func (c chain) terms() int            { return 64 * c.rounds }

func (c chain) build(step *compute.Step) (compute.Op, []*compute.Tensor) {
	// The chain runs to its fixed point, ½, and never to a subnormal.
	op := compute.FMA{Out: step.Tensor(c.n), X: step.Tensor(c.n), A: 0.5, B: 0.25, Rounds: c.rounds}
	return op, []*compute.Tensor{op.X}
}

// A Move is a copy of N numbers: a case that is all memory.
type Move struct {
	N int `json:"n"`
}

func (m Move) Op() string            { return "copy" }
func (m Move) Kind() string          { return "copy" }
func (m Move) Sizes() map[string]int { return map[string]int{"n": m.N} }
func (m Move) terms() int            { return 1 }

func (m Move) build(step *compute.Step) (compute.Op, []*compute.Tensor) {
	op := compute.Copy{Dst: step.Tensor(m.N), Src: step.Tensor(m.N)}
	return op, []*compute.Tensor{op.Src}
}

// A ladder is one kind of work, larger at each rung. It is climbed until a rung takes long enough
// to be judged by.
type ladder struct {
	rungs  []Case
	first  int     // the rung that a GPU which is hardware starts on: it does those below in a moment
	until  float64 // seconds
	record func(*Roof, Result)
}

// of are the rungs for a device.
func (l ladder) of(i compute.Info) []Case {
	if i.Backend != "gpu" || i.Software {
		return l.rungs
	}
	return l.rungs[min(l.first, len(l.rungs)-1):]
}

// roofs are the ladders whose top rungs are a device's peaks. A square product stands beside the
// chain of multiply-adds, since on some devices the product's hand-written kernel is the faster. A
// peak is the fastest sample, not the median: it is what the device can do.
func roofs() []ladder {
	best := func(work int64, r Result) float64 { return float64(work) / slices.Min(r.times) }
	arithmetic := func(f *Roof, r Result) {
		if v := best(r.Flops, r); v > f.Flops {
			f.Flops, f.By = v, r.Case
		}
	}
	bandwidth := func(f *Roof, r Result) { f.Bytes, f.CopyOf = best(r.Bytes, r), r.Case }
	fma := ladder{nil, 5, 0.004, arithmetic}
	chains := func(c chain) {
		fma.rungs = append(fma.rungs, Case{"roof", fmt.Sprintf("fma %d×%d", c.n, c.rounds), true, c})
	}
	for n := 1 << 10; n <= 1<<24; n *= 4 {
		chains(chain{n, 512})
	}
	// A device that does even those in a moment spends a sixth of it on memory (an H100: 128 flops a byte against the 20
	// where its roofs meet): more rounds rather than more elements.
	for n := 1 << 20; n <= 1<<24; n *= 4 {
		chains(chain{n, 8192})
	}
	square := ladder{nil, 3, 0.02, arithmetic}
	for n := 256; n <= 4096; n *= 2 {
		p := Product{Batch: 1, M: n, N: n, K: n}
		square.rungs = append(square.rungs, Case{"roof", fmt.Sprintf("NN %d³", n), true, p})
	}
	copies := ladder{nil, 1, 0.02, bandwidth} // the largest counts, not the fastest: that one fits a cache
	for n := 1 << 22; n <= 1<<26; n *= 4 {
		copies.rungs = append(copies.rungs, Case{"roof", fmt.Sprintf("copy %d", n), true, Move{n}})
	}
	return []ladder{fma, square, copies}
}
