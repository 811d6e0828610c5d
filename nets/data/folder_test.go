package data

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// picture fills an image of 3×2 (wide × high): pixel (x, y) has red 10x, green 10y, blue 200.
func picture(m interface {
	image.Image
	Set(x, y int, c color.Color)
}) image.Image {
	for y := range 2 {
		for x := range 3 {
			m.Set(x, y, color.NRGBA{byte(10 * x), byte(10 * y), 200, 255})
		}
	}
	return m
}

var frame = image.Rect(0, 0, 3, 2)

func pngFile(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func grey(v byte) image.Image {
	m := image.NewGray(frame)
	for i := range m.Pix {
		m.Pix[i] = v + byte(i)
	}
	return m
}

func TestLoadFolder(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "train/dog/2.png", pngFile(t, grey(20)))
	put(t, dir, "train/dog/1.PNG", pngFile(t, grey(10)))
	put(t, dir, "train/cat/a.png", pngFile(t, grey(30)))
	put(t, dir, "train/cat/notes.txt", []byte("not an image"))
	put(t, dir, "train/.cache/b.png", []byte("not an image"))
	put(t, dir, "test/dog/x.png", pngFile(t, grey(40)))
	s, err := Load(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s.Height != 2 || s.Width != 3 || s.Channels != 1 || s.Classes != 2 || !slices.Equal(s.ClassNames, []string{"cat", "dog"}) {
		t.Errorf("%+v", s)
	}
	if !slices.Equal(s.Train.Labels, []int{0, 1, 1}) || !slices.Equal(s.Test.Labels, []int{1}) {
		t.Errorf("labels %v and %v", s.Train.Labels, s.Test.Labels)
	}
	for i, first := range []byte{30, 10, 20} {
		if got := s.Train.Pixels[6*i:][:6]; got[0] != first || got[5] != first+5 {
			t.Errorf("image %d is %v", i, got)
		}
	}
}

// TestColours: every kind of image gives the same pixels.
func TestColours(t *testing.T) {
	translucent := picture(image.NewNRGBA(frame)).(*image.NRGBA)
	translucent.Pix[3] = 0 // the first pixel's alpha
	var all color.Palette
	for x := range 3 {
		for y := range 2 {
			all = append(all, color.NRGBA{byte(10 * x), byte(10 * y), 200, 255})
		}
	}
	for name, m := range map[string]image.Image{
		"RGBA": picture(image.NewRGBA(frame)), "NRGBA": picture(image.NewNRGBA(frame)), "RGBA64": picture(image.NewRGBA64(frame)),
		"paletted": picture(image.NewPaletted(frame, all)), "with alpha": translucent,
	} {
		dir := t.TempDir()
		put(t, dir, "a/1.png", pngFile(t, m))
		put(t, dir, "b/1.png", pngFile(t, grey(7))) // grey among colours
		s, err := Load(dir, Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := []byte{0, 0, 200, 10, 0, 200, 20, 0, 200, 0, 10, 200, 10, 10, 200, 20, 10, 200, 7, 7, 7, 8, 8, 8}
		if s.Channels != 3 || !slices.Equal(s.Train.Pixels[:24], want) {
			t.Errorf("%s: %d channels, %v, want %v", name, s.Channels, s.Train.Pixels, want)
		}
	}
}

func TestJPEG(t *testing.T) {
	dir := t.TempDir()
	for class, c := range map[string]color.NRGBA{"red": {250, 0, 0, 255}, "blue": {0, 0, 250, 255}} {
		m := image.NewNRGBA(image.Rect(0, 0, 16, 8))
		for i := range 16 * 8 {
			m.Set(i%16, i/16, c)
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, m, nil); err != nil {
			t.Fatal(err)
		}
		put(t, dir, class+"/1.jpeg", b.Bytes())
		put(t, dir, class+"/2.jpg", b.Bytes())
	}
	s, err := Load(dir, Options{Holdout: 0.5})
	if err != nil || s.Channels != 3 || s.Height != 8 || s.Width != 16 || s.Train.N() != 2 || s.Test.N() != 2 {
		t.Fatalf("%+v, %v", s, err)
	}
	// JPEG is not exact, but blue is blue and comes first.
	if p := s.Test.Pixels; p[2] < 230 || p[0] > 20 || p[3*16*8] < 230 || p[3*16*8+2] > 20 {
		t.Errorf("the first pixels are %v and %v", p[:3], p[3*16*8:][:3])
	}
}

func TestFolderErrors(t *testing.T) {
	whole := pngFile(t, grey(1))
	tall := pngFile(t, image.NewGray(image.Rect(0, 0, 2, 3)))
	huge := pngFile(t, image.NewGray(image.Rect(0, 0, 1, 2)))
	copy(huge[16:], []byte{0x7f, 0xff, 0xff, 0xff}) // the width; then the header's checksum is wrong too
	for name, c := range map[string]struct {
		files map[string][]byte
		want  []string
	}{
		"two sizes":         {map[string][]byte{"a/1.png": whole, "b/2.png": tall}, []string{"2.png is 3 high and 2 wide, want 2 and 3 as", "1.png"}},
		"cut":               {map[string][]byte{"a/1.png": whole[:len(whole)-20]}, []string{"1.png", "EOF"}},
		"cut in the header": {map[string][]byte{"a/1.png": whole[:20]}, []string{"1.png", "EOF"}},
		"empty":             {map[string][]byte{"a/1.png": nil}, []string{"1.png", "unknown format"}},
		"text":              {map[string][]byte{"a/1.jpg": []byte("hello")}, []string{"1.jpg", "unknown format"}},
		"huge":              {map[string][]byte{"a/1.png": huge}, []string{"1.png"}},
		"no images":         {map[string][]byte{"a/1.png": whole, "b/2.gif": whole}, []string{"has no .png, .jpg or .jpeg files", "class b"}},
		"a new class":       {map[string][]byte{"train/a/1.png": whole, "test/b/1.png": whole}, []string{"no class that has training images", "want one of a"}},
		"test alone":        {map[string][]byte{"test/b/1.png": whole}, []string{"want a folder train too"}},
		"train empty":       {map[string][]byte{"train/1.png": whole}, []string{"has no folders"}},
	} {
		dir := t.TempDir()
		for file, b := range c.files {
			put(t, dir, file, b)
		}
		_, err := Load(dir, Options{})
		wantIn(t, name, err, c.want...)
	}
}

// TestSideLimit: a sound header of an image that nobody should decode.
func TestSideLimit(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a/1.png", pngFile(t, image.NewGray(image.Rect(0, 0, maxSide+1, 1))))
	_, err := Load(dir, Options{})
	wantIn(t, "one pixel too wide", err, "4097 wide, want sides from 1 to 4096")
}

// FuzzLoadFolder: whatever an image file holds, reading ends in an error or in as many pixels as the
// size says.
func FuzzLoadFolder(f *testing.F) {
	f.Add(pngFile(f, grey(1)))
	f.Add(pngFile(f, picture(image.NewNRGBA(frame))))
	f.Add(pngFile(f, grey(1))[:40])
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture(image.NewNRGBA(frame)), nil); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	dir := f.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "a"), 0o777); err != nil {
		f.Fatal(err)
	}
	name := filepath.Join(dir, "a", "1.png")
	f.Fuzz(func(t *testing.T, file []byte) {
		if c, _, err := image.DecodeConfig(bytes.NewReader(file)); err == nil && c.Width*c.Height > 1<<12 {
			t.Skip("large sizes cost time and show nothing new")
		}
		if err := os.WriteFile(name, file, 0o666); err != nil {
			t.Fatal(err)
		}
		s, err := Load(dir, Options{})
		if err == nil && (s.Train.N() != 1 || len(s.Train.Pixels) != s.Values() || s.Values() == 0) {
			t.Fatalf("%d pixels, %d×%d×%d", len(s.Train.Pixels), s.Height, s.Width, s.Channels)
		}
	})
}
