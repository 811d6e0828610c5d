package data

import (
	"slices"
	"testing"
)

// TestCanvas: every image stands in the middle of its canvas, and a shift moves it there without a loss.
func TestCanvas(t *testing.T) {
	for _, floats := range []bool{false, true} {
		s := made(3, 2, 3, 2, floats)
		small := kept(next(t, open(t, s, LoaderOptions{Batch: 3})))
		s.Test = s.Train.first(2, s.Values())
		if err := s.enlarge(6); err != nil || s.Height != 6 || s.Width != 6 {
			t.Fatalf("%d×%d, %v", s.Height, s.Width, err)
		}
		if err := s.Test.check(s); err != nil {
			t.Error(err)
		}
		for _, shift := range []Shift{{}, {2, 2}, {-2, -1}} {
			got := next(t, open(t, s, LoaderOptions{Batch: 3, Shift: shift}))
			want := make([]float32, 3*6*6*2)
			for i, x := range small.X {
				n, y, col, c := i/12, i/6%2, i/2%3, i%2
				want[((n*6+2+y+shift.Down)*6+1+col+shift.Right)*2+c] = x
			}
			if !slices.Equal(got.X, want) {
				t.Errorf("floats %t, shift %+v: %v, want %v", floats, shift, got.X, want)
			}
		}
	}
}

func TestCanvasRefusals(t *testing.T) {
	images := func(o Options) error {
		_, err := Load(idxFolder(t, 4, []byte{0, 9, 1, 2}, "-", ""), o)
		return err
	}
	rows := made(3, 1, 1, 5, false)
	_, sequences := sequencesOf(t, map[string][]byte{"y": npyFile("<i8", "(3,)", []int64{0, 1, 0})}, Options{Canvas: 9})
	many := &Set{Height: 1, Width: 2, Channels: 200, Train: &Split{Labels: make([]int, 1<<10)}}
	s := made(3, 4, 4, 1, false)
	_, far := NewLoader(s, s.Train, LoaderOptions{Batch: 1, Shift: Shift{Down: 1, Right: -4}})
	for want, err := range map[string]error{
		"a canvas of 2×2 for images of 3×2, want at least their longer side": images(Options{Canvas: 2}),
		"a canvas of -1×-1, want 0 (none) to 4096":                           images(Options{Canvas: -1}),
		"a canvas of 5000×5000, want":                                        images(Options{Canvas: 5000}),
		"a canvas of 9×9 for rows of 5 numbers, want images":                 rows.enlarge(9),
		"a canvas of 9×9 for sequences, want images":                         sequences,
		"a canvas of 4096×4096 for 1024 images, 3435973836800 values":        many.enlarge(4096),
		"a shift by 1 down and -4 right of images of 4×4":                    far,
	} {
		wantIn(t, want, err, want)
	}
}
