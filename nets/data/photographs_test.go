package data

import (
	"errors"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hebb/internal/must"
)

// writePNG writes an image of so many pixels.
func writePNG(t *testing.T, path string, width, height int, pixel func(x, y int) color.Color) {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.Set(x, y, pixel(x, y))
		}
	}
	f := must.Get(os.Create(path))(t)
	must.Do(t, errors.Join(png.Encode(f, m), f.Close()))
}

// TestPhotograph: of 5×4 pixels 2×2 means remain, of which the logarithms have mean 0 and standard deviation 1.
func TestPhotograph(t *testing.T) {
	dir := t.TempDir()
	pixel := func(x, y int) color.Color { return color.NRGBA{uint8(40 * x), uint8(60 * y), uint8(10*x + 20*y), 255} }
	writePNG(t, filepath.Join(dir, "b.png"), 5, 4, pixel)
	writePNG(t, filepath.Join(dir, "a.PNG"), 4, 4, func(_, _ int) color.Color { return color.NRGBA{9, 9, 9, 255} })
	must.Do(t, os.WriteFile(filepath.Join(dir, "c.txt"), nil, 0o666))
	paths := must.Get(Photographs(dir, nil))(t)
	if len(paths) != 2 || filepath.Base(paths[0]) != "a.PNG" || filepath.Base(paths[1]) != "b.png" {
		t.Errorf("the photographs are %v, want a.PNG and b.png", paths)
	}
	p := must.Get(ReadPhotograph(paths[1]))(t)
	if p.Name != "b.png" || p.Height != 2 || p.Width != 2 || len(p.Grey) != 4 {
		t.Fatalf("%s is %d high and %d wide, want 2 and 2", p.Name, p.Height, p.Width)
	}
	want, mean, squares := make([]float64, 4), 0.0, 0.0
	for i := range want {
		sum := 0.0
		for k := range 4 {
			x, y := float64(i%2*2+k%2), float64(i/2*2+k/2)
			sum += 0.299*40*x + 0.587*60*y + 0.114*(10*x+20*y)
		}
		want[i] = math.Log(1 + sum/4)
		mean += want[i] / 4
	}
	for _, v := range want {
		squares += (v - mean) * (v - mean) / 4
	}
	for i, v := range want {
		if want := (v - mean) / math.Sqrt(squares); !(math.Abs(float64(p.Grey[i])-want) <= 1e-5) { // logarithms of up to 6 in float32
			t.Errorf("pixel %d is %g, want %g", i, p.Grey[i], want)
		}
	}
}

// TestWrongPhotographs: folders and files that are none.
func TestWrongPhotographs(t *testing.T) {
	dir, empty := t.TempDir(), t.TempDir()
	writePNG(t, filepath.Join(dir, "flat.png"), 4, 4, func(_, _ int) color.Color { return color.Black })
	writePNG(t, filepath.Join(dir, "thin.png"), 1, 9, func(_, _ int) color.Color { return color.Black })
	must.Do(t, os.WriteFile(filepath.Join(dir, "no.jpg"), []byte("no"), 0o666))
	for want, of := range map[string]func() error{
		"mate-backgrounds":        func() error { _, err := Photographs(filepath.Join(dir, "none"), nil); return err },
		"has no images":           func() error { _, err := Photographs(empty, nil); return err },
		"has no image x.png":      func() error { _, err := Photographs(dir, []string{"flat.png", "x.png"}); return err },
		"of one grey all over":    func() error { _, err := ReadPhotograph(filepath.Join(dir, "flat.png")); return err },
		"9 high and 1 wide":       func() error { _, err := ReadPhotograph(filepath.Join(dir, "thin.png")); return err },
		"no.jpg: image: unknown ": func() error { _, err := ReadPhotograph(filepath.Join(dir, "no.jpg")); return err },
	} {
		err := of()
		if err == nil || !strings.Contains(err.Error(), want) || errors.Is(err, ErrNoData) == errors.Is(err, ErrUnfit) {
			t.Errorf("%v, want %q, either ErrNoData or ErrUnfit", err, want)
		}
	}
}
