package nets

import "fmt"

// A Shape is the shape of one example: an image or, with Height and Width 1, a row of numbers.
type Shape struct {
	Height   int `json:"height" toml:"height"`
	Width    int `json:"width" toml:"width"`
	Channels int `json:"channels" toml:"channels"`
}

// Len returns the number of elements of an example.
func (s Shape) Len() int { return s.Height * s.Width * s.Channels }

func (s Shape) String() string {
	if s.Height == 1 && s.Width == 1 {
		return fmt.Sprint(s.Channels)
	}
	return fmt.Sprintf("%d×%d×%d", s.Height, s.Width, s.Channels)
}

// Row returns the Shape of a row of n numbers.
func Row(n int) Shape { return Shape{1, 1, n} }

// Of returns the dimensions of a tensor of n examples: n × channels for a row, otherwise as Image.
func (s Shape) Of(n int) []int {
	if s.Height == 1 && s.Width == 1 {
		return []int{n, s.Channels}
	}
	return s.Image(n)
}

// Image returns the dimensions of a tensor of n images: n × height × width × channels.
func (s Shape) Image(n int) []int { return []int{n, s.Height, s.Width, s.Channels} }
