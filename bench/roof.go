package bench

import (
	"fmt"
	"slices"

	"hebb/compute"
)

// A Roof has the highest rates of a device, measured; zeros are not known.
type Roof struct {
	Flops  float64 `json:"flops"` // a second
	By     string  `json:"by"`    // the case that reached it
	Bytes  float64 `json:"bytes"` // a second, by a copy: reads and writes together
	CopyOf string  `json:"copy_of"`
}

func (r Roof) known() bool { return r.Flops > 0 && r.Bytes > 0 }

// seconds is the shortest time for c, and whether arithmetic or memory bounds it: max(Flops/f.Flops, Bytes/f.Bytes).
func (r Roof) seconds(c compute.Cost) (s float64, boundBy string) {
	arithmetic, memory := float64(c.Flops)/r.Flops, float64(c.Bytes)/r.Bytes
	if arithmetic >= memory {
		return arithmetic, "compute"
	}
	return memory, "memory"
}

// A ladder has cases of one kind, larger at each rung. It is climbed until a rung takes long enough for a
// rate to be read off it.
type ladder struct {
	rungs  []Case
	first  int     // the rung that a GPU which is hardware starts on: it does those below in a moment
	until  float64 // seconds
	record func(*Roof, Result)
}

// of returns the rungs for a device.
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
	fma, square := ladder{nil, 5, 0.004, arithmetic}, ladder{nil, 3, 0.02, arithmetic}
	copies := ladder{nil, 1, 0.02, bandwidth} // the largest counts, not the fastest: that one fits a cache
	add := func(l *ladder, c Case) {
		c.Suite, c.Quick = "roof", true
		l.rungs = append(l.rungs, c)
	}
	for n := 1 << 10; n <= 1<<24; n *= 4 {
		add(&fma, chain(n, 512))
	}
	// A device that does even those in a moment spends a sixth of it on memory (an H100: 128 flops a byte against the 20
	// where its roofs meet): more rounds rather than more elements.
	for n := 1 << 20; n <= 1<<24; n *= 4 {
		add(&fma, chain(n, 8192))
	}
	for n := 256; n <= 4096; n *= 2 {
		add(&square, Case{Name: cube(1, n).name(), Build: cube(1, n).build})
	}
	for n := 1 << 22; n <= 1<<26; n *= 4 {
		add(&copies, copyOf(n))
	}
	return []ladder{fma, square, copies}
}

// chain is a case that is all arithmetic: it runs to its fixed point, ½, and never to a subnormal.
func chain(n, rounds int) Case {
	return Case{Name: fmt.Sprintf("fma %d×%d", n, rounds), Build: func(s *compute.Step) compute.Op {
		return compute.FMA{Out: s.Tensor(n), X: s.Tensor(n), A: 0.5, B: 0.25, Rounds: rounds}
	}}
}
