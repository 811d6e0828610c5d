package data

import (
	"fmt"
	"math"
)

// Normalise is x ← (x − Mean[c])/SD[c] for each value x of channel c, bytes being divided by 255
// before. Each of the three operations is rounded to float32, as torchvision's ToTensor and Normalize
// do. The zero value leaves x as it is.
type Normalise struct {
	Mean, SD []float32 // Channels each
}

// check reports values that do not suit the number of channels.
func (n Normalise) check(channels int) error {
	if n.Mean == nil && n.SD == nil {
		return nil
	}
	if len(n.Mean) != channels || len(n.SD) != channels {
		return fmt.Errorf("Normalise has %d means and %d standard deviations, want %d of each, one for a channel",
			len(n.Mean), len(n.SD), channels)
	}
	for c := range channels {
		if m := n.Mean[c]; !(m >= -math.MaxFloat32 && m <= math.MaxFloat32) {
			return fmt.Errorf("Normalise.Mean[%d] is %g, want a finite number", c, m)
		}
		if sd := n.SD[c]; !(sd > 0 && sd <= math.MaxFloat32) {
			return fmt.Errorf("Normalise.SD[%d] is %g, want a finite number above 0", c, sd)
		}
	}
	return nil
}

// Normalisations lists the names that [Set.Normalisation] accepts.
var Normalisations = []string{"channel", "signed", "none"}

// Normalisation returns the Normalise of a name: "channel", by Measure, which makes mean 0 and variance 1 of each channel of the
// training part; "signed", 0 to 1 becoming −1 to 1; or "none", which any other name is.
func (s *Set) Normalisation(name string) Normalise {
	switch name {
	case "channel":
		return s.Measure()
	case "signed":
		n := Normalise{make([]float32, s.Channels), make([]float32, s.Channels)}
		for c := range s.Channels {
			n.Mean[c], n.SD[c] = 0.5, 0.5
		}
		return n
	}
	return Normalise{}
}

// Measure returns the mean and the standard deviation (of the population: divided by n) of each
// channel of the training part, on the scale of 0 to 1 for bytes. Those of bytes are exact but for
// the rounding of the results, since their sums are of whole numbers; those of floats are summed in
// float64, in two passes, in the order of the examples, and so repeat to the bit. A channel that is
// the same everywhere gets an SD of 1, and so becomes 0. Of sequences all moments up to their ends count.
func (s *Set) Measure() Normalise {
	floats := s.Train.Floats
	if s.Sequences != nil {
		floats = nil
		for i, end := range s.Train.Ends() {
			floats = append(floats, s.Train.Floats[i*s.Values():][:end*s.Channels]...)
		}
	}
	n := Normalise{make([]float32, s.Channels), make([]float32, s.Channels)}
	for c := range s.Channels {
		var mean, sd float64
		if s.Train.Pixels != nil {
			mean, sd = measureBytes(s.Train.Pixels, c, s.Channels)
		} else {
			mean, sd = measureFloats(floats, c, s.Channels)
		}
		n.Mean[c], n.SD[c] = float32(mean), float32(sd)
		if n.SD[c] == 0 {
			n.SD[c] = 1
		}
	}
	return n
}

// measureBytes counts how often each byte is there. With maxValues values of up to 255² the sums stay
// below 2⁴⁷, and n·Σx² and (Σx)² below 2⁷⁸, so that their difference is taken around the mean.
func measureBytes(x []byte, first, step int) (mean, sd float64) {
	var count [256]uint64
	for i := first; i < len(x); i += step {
		count[x[i]]++
	}
	var n, sum uint64
	for v, k := range count {
		n += k
		sum += uint64(v) * k
	}
	mean = float64(sum) / float64(n)
	squares := 0.0 // 256 terms, none negative: nothing cancels
	for v, k := range count {
		squares += float64(k) * (float64(v) - mean) * (float64(v) - mean)
	}
	return mean / 255, math.Sqrt(squares/float64(n)) / 255
}

func measureFloats(x []float32, first, step int) (mean, sd float64) {
	n := 0
	for i := first; i < len(x); i += step {
		mean += float64(x[i])
		n++
	}
	mean /= float64(n)
	squares := 0.0
	for i := first; i < len(x); i += step {
		squares += (float64(x[i]) - mean) * (float64(x[i]) - mean)
	}
	return mean, math.Sqrt(squares / float64(n))
}

// A scaler turns the stored values of a part into network inputs.
type scaler struct {
	split    *Split
	channels int
	Normalise
	table [][256]float32 // of each channel, for bytes of few channels
	black []float32      // Channels: the value of a stored 0
}

// maxTables is the most channels for which tables of bytes are kept: more would leave the cache.
const maxTables = 16

func newScaler(split *Split, channels int, n Normalise) *scaler {
	s := &scaler{split: split, channels: channels, Normalise: n, black: make([]float32, channels)}
	for c := range channels {
		s.black[c] = s.scale(c, 0)
	}
	if split.Pixels != nil && channels <= maxTables {
		s.table = make([][256]float32, channels)
		for c := range channels {
			for v := range 256 {
				s.table[c][v] = s.scale(c, float32(v)/255)
			}
		}
	}
	return s
}

func (s *scaler) scale(c int, x float32) float32 {
	if s.Mean == nil {
		return x
	}
	return (x - s.Mean[c]) / s.SD[c]
}

// pixels fills to with the pixels that start at value from, which is the first of a pixel.
func (s *scaler) pixels(to []float32, from int) {
	switch {
	case len(s.table) == 1:
		table := &s.table[0]
		for i, v := range s.split.Pixels[from:][:len(to)] {
			to[i] = table[v]
		}
	case s.table != nil:
		for c := range s.table {
			table, x := &s.table[c], s.split.Pixels[from:][:len(to)]
			for i := c; i < len(x); i += s.channels {
				to[i] = table[x[i]]
			}
		}
	case s.split.Pixels != nil:
		s.each(to, func(i int) float32 { return float32(s.split.Pixels[from+i]) / 255 })
	case s.Mean == nil:
		copy(to, s.split.Floats[from:])
	default:
		s.each(to, func(i int) float32 { return s.split.Floats[from+i] })
	}
}

func (s *scaler) each(to []float32, at func(i int) float32) {
	for i := 0; i < len(to); i += s.channels {
		for c := range s.channels {
			to[i+c] = s.scale(c, at(i+c))
		}
	}
}
