package bench

import (
	"fmt"
	"slices"

	"hebb/compute"
)

// A Roof has the highest rates of a device, measured; zeros are not known. Its method Shortest defines all that is called
// "of roof": on a terminal, in JSON (share_of_peak), on pages, in profiles.
type Roof struct {
	compute.Peak
	By     string // the case that reached Flops
	CopyOf string // the case that reached Bytes, reads and writes together
}

// seconds is the shortest time for c.
func (r Roof) seconds(c compute.Cost) (s float64, boundBy string) {
	return r.Shortest(float64(c.Flops), float64(c.Bytes))
}

// roofOf finds the roof of a backend among results: the best arithmetic of all, and the bandwidth of the largest copy, since
// the fastest one fits a cache. A rate is by the fastest sample, not the median: it is what the device can do. Of results
// without samples, as old files have, it is by the median.
func roofOf(backend string, results []Result) (f Roof) {
	largest := int64(0)
	for _, c := range results {
		if c.Suite != "roof" || c.Backend != backend || c.Seconds == 0 {
			continue
		}
		least := c.Seconds
		if len(c.Times) > 0 {
			least = slices.Min(c.Times)
		}
		switch flops := float64(c.Flops) / least; {
		case c.Op == "copy" && c.Bytes > largest:
			largest, f.Bytes, f.CopyOf = c.Bytes, float64(c.Bytes)/least, c.Case
		case c.Op != "copy" && flops > f.Flops:
			f.Flops, f.By = flops, c.Case
		}
	}
	return f
}

// A ladder has cases of one kind, larger at each rung. It is climbed until a rung takes long enough for a
// rate to be read off it.
type ladder struct {
	rungs []Case
	first int     // the rung that a GPU which is hardware starts on: it does those below in a moment
	until float64 // seconds
}

// of returns the rungs for a device.
func (l ladder) of(i compute.Info) []Case {
	if i.Backend != "gpu" || i.Software {
		return l.rungs
	}
	return l.rungs[min(l.first, len(l.rungs)-1):]
}

// roofs are the ladders whose top rungs are a device's peaks. A square product stands beside the
// chain of multiply-adds, since on some devices the product's hand-written kernel is the faster.
func roofs() []ladder {
	fma, square, copies := ladder{nil, 5, 0.004}, ladder{nil, 3, 0.02}, ladder{nil, 1, 0.02}
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
