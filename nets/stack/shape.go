package stack

import "fmt"

// A Shape is that of one example: an image or, with Height and Width 1, a row of numbers.
type Shape struct {
	Height   int `json:"height" toml:"height"`
	Width    int `json:"width" toml:"width"`
	Channels int `json:"channels" toml:"channels"`
}

// Len returns how many numbers that is.
func (s Shape) Len() int { return s.Height * s.Width * s.Channels }

func (s Shape) String() string {
	if s.Height == 1 && s.Width == 1 {
		return fmt.Sprint(s.Channels)
	}
	return fmt.Sprintf("%d×%d×%d", s.Height, s.Width, s.Channels)
}

// of returns the shape of a tensor of n such examples.
func (s Shape) of(n int) []int {
	if s.Height == 1 && s.Width == 1 {
		return []int{n, s.Channels}
	}
	return []int{n, s.Height, s.Width, s.Channels}
}

// image is of, with all four dimensions.
func (s Shape) image(n int) []int { return []int{n, s.Height, s.Width, s.Channels} }
