package data

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Rotation turns images about their centre, anticlockwise by Degrees and by an angle that is drawn evenly from
// −Within to Within. What is drawn follows from (Seed, epoch, example) alone, as augmentation does. A pixel is the
// bilinear mean of the four that it comes from, and what lies outside the image is black, a stored 0. The zero value
// turns nothing.
type Rotation struct {
	Degrees float64
	Within  float64
}

// Check reports angles that cannot be.
func (r Rotation) Check() error {
	if !(math.Abs(r.Degrees) <= 360) || !(0 <= r.Within && r.Within <= 180) {
		return fmt.Errorf("a rotation by %g° and within %g°, want from −360 to 360 and from 0 to 180", r.Degrees, r.Within)
	}
	return nil
}

// angle is the angle of an image, in degrees.
func (r Rotation) angle(rnd *rand.Rand) float64 {
	if r.Within == 0 {
		return r.Degrees
	}
	return r.Degrees + r.Within*(2*rnd.Float64()-1)
}

// rotate fills to with the image from, turned. Row and column of a pixel are the coordinates of its centre.
func (s *Set) rotate(to, from []float32, degrees float64, black []float32) {
	sin, cos := turn(degrees)
	midY, midX := float64(s.Height-1)/2, float64(s.Width-1)/2
	at := 0
	for y := range s.Height {
		for x := range s.Width {
			// Back, clockwise, to where it comes from; rows go down.
			dy, dx := float64(y)-midY, float64(x)-midX
			s.sample(to[at:][:s.Channels], from, midY+sin*dx+cos*dy, midX+cos*dx-sin*dy, black)
			at += s.Channels
		}
	}
}

// turn is the sine and cosine of an angle in degrees, exact for quarter turns.
func turn(degrees float64) (sin, cos float64) {
	quarters := math.Round(degrees / 90)
	sin, cos = math.Sincos((degrees - 90*quarters) * math.Pi / 180)
	switch int(quarters) & 3 {
	case 1:
		return cos, -sin
	case 2:
		return -sin, -cos
	case 3:
		return -cos, sin
	}
	return sin, cos
}

// sample fills to with the bilinear mean at row y and column x of an image.
func (s *Set) sample(to, from []float32, y, x float64, black []float32) {
	top, left := math.Floor(y), math.Floor(x)
	down, right := float32(y-top), float32(x-left)
	row, col := int(top), int(left)
	clear(to)
	for _, part := range [...]struct {
		y, x   int
		weight float32
	}{
		{row, col, (1 - down) * (1 - right)}, {row, col + 1, (1 - down) * right},
		{row + 1, col, down * (1 - right)}, {row + 1, col + 1, down * right},
	} {
		if part.weight == 0 {
			continue
		}
		of := black
		if part.y >= 0 && part.y < s.Height && part.x >= 0 && part.x < s.Width {
			of = from[(part.y*s.Width+part.x)*s.Channels:]
		}
		for c := range to {
			to[c] += part.weight * of[c]
		}
	}
}
