package data

import (
	"fmt"
	"math/rand/v2"
)

// Augment changes each training image at random, in this order: crop, flip, normalise, cutout. The
// zero value changes nothing.
type Augment struct {
	// Pad is p of a random crop: p black pixels are put around the image, and H×W cut out at one of the
	// (2p+1)² places, each as likely. He, Zhang, Ren and Sun 2015 take p = 4 for CIFAR.
	Pad int
	// Flip mirrors left and right with probability ½.
	Flip bool
	// Cutout is the side s of a square that is set to 0 after normalisation: rows y−⌊s/2⌋ to
	// y−⌊s/2⌋+s−1 and columns likewise around a centre that is each of the H×W pixels as likely, so that
	// part of it may lie outside (DeVries and Taylor 2017, "Improved regularization … with cutout").
	Cutout int
}

func (a Augment) check(s *Set) error {
	if a.Pad < 0 || a.Pad > max(s.Height, s.Width) {
		return fmt.Errorf("Augment.Pad is %d, want 0 to %d, the longer side", a.Pad, max(s.Height, s.Width))
	}
	if a.Cutout < 0 || a.Cutout > 2*max(s.Height, s.Width) {
		return fmt.Errorf("Augment.Cutout is %d, want 0 to %d, twice the longer side", a.Cutout, 2*max(s.Height, s.Width))
	}
	return nil
}

// drawn is how one image is changed.
type drawn struct {
	dy, dx int // from the corner of the crop to that of the image: −p to p
	flip   bool
	cy, cx int // the centre of the cutout
}

func (a Augment) draw(r *rand.Rand, height, width int) (d drawn) {
	if a.Pad > 0 {
		d.dy, d.dx = r.IntN(2*a.Pad+1)-a.Pad, r.IntN(2*a.Pad+1)-a.Pad
	}
	if a.Flip {
		d.flip = r.IntN(2) == 1
	}
	if a.Cutout > 0 {
		d.cy, d.cx = r.IntN(height), r.IntN(width)
	}
	return d
}

// render fills to, Height × Width × Channels, with example i changed by d.
func (s *Set) render(to []float32, from *scaler, i int, a Augment, d drawn) {
	if d.dy == 0 && d.dx == 0 {
		from.pixels(to, i*s.Values())
	} else {
		s.crop(to, from, i, d)
	}
	row := s.Width * s.Channels
	if d.flip {
		for y := range s.Height {
			flip(to[y*row:][:row], s.Channels)
		}
	}
	if a.Cutout > 0 {
		top, left := d.cy-a.Cutout/2, d.cx-a.Cutout/2
		x0, x1 := max(0, left), min(s.Width, left+a.Cutout)
		for y := max(0, top); y < min(s.Height, top+a.Cutout); y++ {
			clear(to[y*row+x0*s.Channels : y*row+x1*s.Channels])
		}
	}
}

// crop is render's shift: pixel (y, x) of to is pixel (y−dy, x−dx) of the image, or black.
func (s *Set) crop(to []float32, from *scaler, i int, d drawn) {
	row := s.Width * s.Channels
	lo, hi := min(max(0, d.dx), s.Width), max(min(s.Width, s.Width+d.dx), 0) // the columns that are of the image
	for y := range s.Height {
		out := to[y*row:][:row]
		if y-d.dy < 0 || y-d.dy >= s.Height || lo >= hi {
			from.blacken(out)
			continue
		}
		from.blacken(out[:lo*s.Channels])
		from.pixels(out[lo*s.Channels:hi*s.Channels], i*s.Values()+(y-d.dy)*row+(lo-d.dx)*s.Channels)
		from.blacken(out[hi*s.Channels:])
	}
}

func (s *scaler) blacken(to []float32) {
	for ; len(to) > 0; to = to[s.channels:] {
		copy(to, s.black)
	}
}

// flip mirrors a row of pixels in place.
func flip(row []float32, channels int) {
	for i, j := 0, len(row)-channels; i < j; i, j = i+channels, j-channels {
		for c := range channels {
			row[i+c], row[j+c] = row[j+c], row[i+c]
		}
	}
}
