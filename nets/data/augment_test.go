package data

import (
	"fmt"
	"math"
	"testing"
)

// TestAugment holds every value of every image against the definition, written again pixel by pixel.
func TestAugment(t *testing.T) {
	for _, size := range [][3]int{{1, 1, 1}, {1, 5, 1}, {5, 1, 2}, {4, 4, 1}, {3, 7, 3}, {6, 5, 17}} {
		for _, floats := range []bool{false, true} {
			for _, a := range []Augment{{}, {Pad: 1}, {Pad: max(size[0], size[1])}, {Flip: true}, {Cutout: 1}, {Cutout: 2}, {Cutout: 2 * max(size[0], size[1])}, {Pad: 1, Flip: true, Cutout: 2}} {
				for _, normalised := range []bool{false, true} {
					t.Run(fmt.Sprint(size, floats, a, normalised), func(t *testing.T) {
						s := made(9, size[0], size[1], size[2], floats)
						o := LoaderOptions{Batch: 4, Seed: 3, Shuffle: true, Augment: a}
						if normalised {
							o.Normalise = s.Measure()
						}
						l := open(t, s, o)
						for range 9 {
							judge(t, s, o, next(t, l))
						}
					})
				}
			}
		}
	}
}

func judge(t *testing.T, s *Set, o LoaderOptions, b *Batch) {
	t.Helper()
	rnd := newStream()
	for k, i := range b.Examples {
		rnd.at(o.Seed, uint64(b.Epoch), uint64(i))
		d := o.Augment.draw(rnd.Rand, s.Height, s.Width)
		for y := range s.Height {
			for x := range s.Width {
				for c := range s.Channels {
					got, want := b.X[((k*s.Height+y)*s.Width+x)*s.Channels+c], naive(s, o, d, i, y, x, c)
					if math.Float32bits(got) != math.Float32bits(want) {
						t.Fatalf("epoch %d, example %d, %+v: value (%d, %d, %d) is %g, want %g", b.Epoch, i, d, y, x, c, got, want)
					}
				}
			}
		}
	}
}

// naive is value (y, x, c) of example i changed by d.
func naive(s *Set, o LoaderOptions, d drawn, i, y, x, c int) float32 {
	half := o.Augment.Cutout / 2
	if y >= d.cy-half && y < d.cy-half+o.Augment.Cutout && x >= d.cx-half && x < d.cx-half+o.Augment.Cutout {
		return 0
	}
	if d.flip {
		x = s.Width - 1 - x
	}
	y, x = y-d.dy, x-d.dx
	v := float32(0)
	if y >= 0 && y < s.Height && x >= 0 && x < s.Width {
		at := ((i*s.Height+y)*s.Width+x)*s.Channels + c
		if s.Train.Pixels != nil {
			v = float32(s.Train.Pixels[at]) / 255
		} else {
			v = s.Train.Floats[at]
		}
	}
	if n := o.Normalise; n.Mean != nil {
		v = (v - n.Mean[c]) / n.SD[c]
	}
	return v
}

// TestDraws: every shift, side and centre is as likely as the others: each count lies within five
// standard deviations of its binomial distribution. The streams are those of 40 epochs of 1000 examples.
func TestDraws(t *testing.T) {
	a := Augment{Pad: 2, Flip: true, Cutout: 4}
	counts := map[string]int{}
	rnd := newStream()
	const n = 40 * 1000
	for epoch := range uint64(40) {
		for i := range uint64(1000) {
			rnd.at(1, epoch, i)
			d := a.draw(rnd.Rand, 3, 4)
			counts[fmt.Sprint("crop ", d.dy, d.dx)]++
			counts[fmt.Sprint("flip ", d.flip)]++
			counts[fmt.Sprint("flip after an even row ", d.flip, d.dy%2 == 0)]++
			counts[fmt.Sprint("centre ", d.cy, d.cx)]++
		}
	}
	check := func(key string, p float64) {
		t.Helper()
		if far := math.Abs(float64(counts[key])-n*p) / math.Sqrt(n*p*(1-p)); !(far <= 5) {
			t.Errorf("%s: %d times of %d, %.1f standard deviations from %g", key, counts[key], n, far, n*p)
		}
		delete(counts, key)
	}
	for dy := -2; dy <= 2; dy++ {
		for dx := -2; dx <= 2; dx++ {
			check(fmt.Sprint("crop ", dy, dx), 1./25)
		}
	}
	for cy := range 3 {
		for cx := range 4 {
			check(fmt.Sprint("centre ", cy, cx), 1./12)
		}
	}
	for _, flip := range []bool{false, true} {
		check(fmt.Sprint("flip ", flip), 1./2)
		check(fmt.Sprint("flip after an even row ", flip, true), 3./10)
		check(fmt.Sprint("flip after an even row ", flip, false), 2./10)
	}
	if len(counts) > 0 {
		t.Errorf("what should never be: %v", counts)
	}
}

// TestStreams: no two of (seed, epoch, index) start alike.
func TestStreams(t *testing.T) {
	seen := map[[2]uint64]string{}
	s := newStream()
	for _, seed := range []uint64{0, 1, 2, math.MaxUint64} {
		for epoch := range uint64(30) {
			for _, index := range []uint64{0, 1, 2, 3, 59999, ofOrder} {
				s.at(seed, epoch, index)
				start := [2]uint64{s.Uint64(), s.Uint64()}
				what := fmt.Sprint(seed, epoch, index)
				if before, ok := seen[start]; ok {
					t.Fatalf("%s starts as %s", what, before)
				}
				seen[start] = what
			}
		}
	}
}

func TestMeasure(t *testing.T) {
	s := &Set{Height: 1, Width: 2, Channels: 3, Train: &Split{Pixels: []byte{0, 51, 9, 255, 51, 9, 0, 102, 9, 255, 0, 9}, Labels: []int{0, 0}}}
	n := s.Measure()
	// 0, 255, 0, 255 and 51, 51, 102, 0 and four times 9.
	wantMean, wantSD := []float32{0.5, 0.2, float32(9. / 255)}, []float32{0.5, float32(math.Sqrt(0.02)), 1}
	for c := range 3 {
		if n.Mean[c] != wantMean[c] || n.SD[c] != wantSD[c] {
			t.Errorf("channel %d of bytes: %g and %g, want %g and %g", c, n.Mean[c], n.SD[c], wantMean[c], wantSD[c])
		}
	}
	s.Train = &Split{Floats: []float32{1e6, 2, 5, 1e6 + 1, 2, 5, 1e6 + 2, 4, 5, 1e6 + 3, 4, 5}, Labels: []int{0, 0}}
	n = s.Measure()
	// A sum of squares less the square of the sum would lose all of the first.
	wantMean, wantSD = []float32{1e6 + 1.5, 3, 5}, []float32{float32(math.Sqrt(1.25)), 1, 1}
	for c := range 3 {
		if n.Mean[c] != wantMean[c] || n.SD[c] != wantSD[c] {
			t.Errorf("channel %d of floats: %g and %g, want %g and %g", c, n.Mean[c], n.SD[c], wantMean[c], wantSD[c])
		}
	}
}
