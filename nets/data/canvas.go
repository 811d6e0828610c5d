package data

import "fmt"

// largestCanvas is the longest side of a canvas.
const largestCanvas = 4096

// A Shift moves every image by so many pixels, up and left where they are below 0. What it moves beyond the border is lost,
// and black, a stored 0, takes its place.
type Shift struct {
	Down  int `json:"down"`
	Right int `json:"right"`
}

// Check reports a shift that leaves nothing of images of a size.
func (m Shift) Check(height, width int) error {
	if max(m.Down, -m.Down) >= height || max(m.Right, -m.Right) >= width {
		return fmt.Errorf("a shift by %d down and %d right of images of %d×%d, want less than their sides", m.Down, m.Right, height, width)
	}
	return nil
}

// enlarge puts every image into the middle of a black square, see [Options.Canvas].
func (s *Set) enlarge(side int) error {
	what, n := fmt.Sprintf("a canvas of %d×%d", side, side), s.Train.N()
	if s.Test != nil {
		n = max(n, s.Test.N())
	}
	switch {
	case side == 0:
		return nil
	case s.Sequences != nil:
		return fmt.Errorf("%s for sequences, want images", what)
	case s.Height == 1 && s.Width == 1:
		return fmt.Errorf("%s for rows of %d numbers, want images", what, s.Channels)
	case side < s.Height || side < s.Width:
		return fmt.Errorf("%s for images of %d×%d, want at least their longer side", what, s.Height, s.Width)
	case n*side*side*s.Channels > maxValues:
		return fmt.Errorf("%s for %d images, %d values, want at most %d", what, n, n*side*side*s.Channels, maxValues)
	}
	for _, part := range []*Split{s.Train, s.Test} {
		if part != nil {
			part.Pixels, part.Floats = enlarged(s, part.Pixels, side), enlarged(s, part.Floats, side)
		}
	}
	s.Height, s.Width = side, side
	return nil
}

// enlarged returns images of s on a canvas. What is left is halved, and an odd pixel is below and on the right.
func enlarged[T byte | float32](s *Set, from []T, side int) []T {
	if from == nil {
		return nil
	}
	row, wide := s.Width*s.Channels, side*s.Channels
	first := (side-s.Height)/2*wide + (side-s.Width)/2*s.Channels
	to := make([]T, len(from)/s.Values()*side*wide)
	for at := 0; at < len(from); at += row {
		image, y := at/s.Values(), at%s.Values()/row
		copy(to[image*side*wide+first+y*wide:], from[at:][:row])
	}
	return to
}
