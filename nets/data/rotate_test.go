package data

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// tents is value (y, x, c) of an image turned by an angle: every pixel, and all the black around, weighed by how near it
// is to where this one comes from.
func tents(s *Set, from []float32, black float32, degrees float64, y, x, c int) (v, most float64) {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	midY, midX := float64(s.Height-1)/2, float64(s.Width-1)/2
	up, right := midY-float64(y), float64(x)-midX // as on paper
	fromX, fromY := midX+(cos*right+sin*up), midY-(cos*up-sin*right)
	left := 1.0
	for sy := range s.Height {
		for sx := range s.Width {
			w := max(0, 1-math.Abs(fromY-float64(sy))) * max(0, 1-math.Abs(fromX-float64(sx)))
			p := float64(from[(sy*s.Width+sx)*s.Channels+c])
			v += w * p
			left -= w
			most = max(most, math.Abs(p))
		}
	}
	return v + left*float64(black), max(most, math.Abs(float64(black)))
}

// TestRotate holds every value of turned images against the definition: weights of float32 err by 2⁻²³ or so, and each is
// of a value no larger than the largest.
func TestRotate(t *testing.T) {
	for _, size := range [][3]int{{1, 1, 1}, {1, 5, 1}, {4, 4, 1}, {3, 7, 3}, {6, 5, 2}} {
		for _, degrees := range []float64{0, 15, -45, 45, 90, 137.5, 180, -90, 270, 360} {
			for _, normalised := range []bool{false, true} {
				t.Run(fmt.Sprint(size, degrees, normalised), func(t *testing.T) {
					s := made(5, size[0], size[1], size[2], false)
					o := LoaderOptions{Batch: 5, Seed: 3}
					if normalised {
						o.Normalise = s.Measure()
					}
					upright := kept(next(t, open(t, s, o)))
					o.Rotate.Degrees = degrees
					turned := next(t, open(t, s, o))
					black := newScaler(s.Train, s.Channels, o.Normalise).black
					for i, got := range turned.X {
						c, x, y := i%s.Channels, i/s.Channels%s.Width, i/s.Channels/s.Width%s.Height
						want, most := tents(s, upright.X[i/s.Values()*s.Values():][:s.Values()], black[c], degrees, y, x, c)
						if math.Abs(float64(got)-want) > 16*0x1p-23*most {
							t.Fatalf("value %d, (%d, %d, %d), is %g, want %g", i, y, x, c, got, want)
						}
					}
					if degrees == 0 || degrees == 360 {
						if !slices.Equal(turned.X, upright.X) {
							t.Error("a whole turn has changed something")
						}
					}
				})
			}
		}
	}
}

// TestRotateWithin: angles are drawn from all within the bounds, and follow from seed and example alone.
func TestRotateWithin(t *testing.T) {
	s := made(60, 8, 8, 1, false)
	o := LoaderOptions{Batch: 7, Seed: 3, Workers: 1, Rotate: Rotation{Within: 45}}
	collect := func(o LoaderOptions) map[int][]float32 {
		all, l := map[int][]float32{}, open(t, s, o)
		for len(all) < 60 {
			b := next(t, l)
			for k, i := range b.Examples {
				all[i] = slices.Clone(b.X[k*64:][:64])
			}
		}
		return all
	}
	equal := func(a, b map[int][]float32) (n int) {
		for i := range a {
			if slices.Equal(a[i], b[i]) {
				n++
			}
		}
		return n
	}
	first := collect(o)
	other := o
	other.Batch, other.Workers, other.Shuffle = 4, 3, true
	if n := equal(first, collect(other)); n != 60 {
		t.Errorf("in other batches %d of 60 examples are the same", n)
	}
	other.Seed++
	if n := equal(first, collect(other)); n > 2 {
		t.Errorf("with another seed %d of 60 examples are the same", n)
	}
	const n = 20000
	rnd, mean, squares := newStream(), 0.0, 0.0
	for i := range n {
		rnd.at(3, 0, uint64(i))
		a := Rotation{Degrees: 10, Within: 45}.angle(rnd.Rand) - 10
		if math.Abs(a) > 45 {
			t.Fatalf("an angle of %g", a)
		}
		mean += a / n
		squares += a * a / n
	}
	// Of an even distribution to a: variances of a²/3 and, of its square, 4a⁴/45.
	if sd := 45 / math.Sqrt(3*n); math.Abs(mean) > 6*sd {
		t.Errorf("the mean angle is %g, want 0 ± %g", mean, 6*sd)
	}
	if sd := 2 * 45 * 45 / math.Sqrt(45*n); math.Abs(squares-45*45/3) > 6*sd {
		t.Errorf("the mean square is %g, want %g ± %g", squares, 45*45/3.0, 6*sd)
	}
}

func TestRotateRefusals(t *testing.T) {
	s := made(4, 3, 3, 1, false)
	for _, r := range []Rotation{{Degrees: 361}, {Degrees: math.NaN()}, {Within: -1}, {Within: 181}, {Within: math.NaN()}} {
		_, err := NewLoader(s, s.Train, LoaderOptions{Batch: 2, Rotate: r})
		if err == nil || !strings.Contains(err.Error(), "rotation") {
			t.Errorf("%+v: %v", r, err)
		}
	}
}
