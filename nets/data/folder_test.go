package data

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hebb/internal/must"

	"golang.org/x/image/bmp"
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

// webp is a lossless image of 1×1.
const webp = "RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00/\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"

func pngFile(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	must.Do(t, png.Encode(&b, m))
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
	s := must.Get(Load(dir, Options{}))(t)
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

func TestJPEG(t *testing.T) {
	dir := t.TempDir()
	for class, c := range map[string]color.NRGBA{"red": {250, 0, 0, 255}, "blue": {0, 0, 250, 255}} {
		m := image.NewNRGBA(image.Rect(0, 0, 16, 8))
		for i := range 16 * 8 {
			m.Set(i%16, i/16, c)
		}
		var b bytes.Buffer
		must.Do(t, jpeg.Encode(&b, m, nil))
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

// lying is a JPEG image with an EXIF orientation, after another segment.
func lying(t testing.TB, order binary.AppendByteOrder, orientation uint16) []byte {
	t.Helper()
	var b bytes.Buffer
	must.Do(t, jpeg.Encode(&b, grey(1), nil))
	tiff := []byte{'M', 'M', 0, 42, 0, 0, 0, 8}
	if order == binary.AppendByteOrder(binary.LittleEndian) {
		tiff = []byte{'I', 'I', 42, 0, 8, 0, 0, 0}
	}
	tiff = order.AppendUint16(tiff, 2)
	for _, tag := range []uint16{256, 274} { // each a short number, of which there is one
		tiff = order.AppendUint32(order.AppendUint16(order.AppendUint16(tiff, tag), 3), 1)
		tiff = append(order.AppendUint16(tiff, orientation*(tag/274)), 0, 0)
	}
	exif := append([]byte("Exif\x00\x00"), tiff...)
	file := append([]byte{0xff, 0xd8, 0xff, 0xe0, 0, 4, 7, 7, 0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(2+len(exif)))...)
	return append(append(file, exif...), b.Bytes()[2:]...)
}

func TestOrientation(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
		for _, orientation := range []uint16{0, 1, 3, 6} {
			dir := t.TempDir()
			put(t, dir, "a/1.jpg", lying(t, order, orientation))
			s := must.Get(Load(dir, Options{}))(t)
			var want []string
			if orientation > 1 {
				want = []string{"by their EXIF orientation: 1"}
			}
			wantNotes(t, fmt.Sprint(order, orientation), s, want...)
		}
	}
	whole := lying(t, binary.BigEndian, 6)
	for n := range whole {
		if turned(whole[:n]) != (n >= 8+4+6+8+2+2*12) { // the end of the segment
			t.Errorf("turned by its first %d bytes: %t", n, turned(whole[:n]))
		}
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
		"no images":         {map[string][]byte{"a/1.png": whole, "b/2.ppm": whole}, []string{"b has no images (.png, .jpg,", "class b"}},
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

// TestFolderParts: which folders are parts and classes, and what is said of others.
func TestFolderParts(t *testing.T) {
	one := pngFile(t, grey(1))
	for _, c := range []struct {
		files       []string
		train, test int
		classes     string
		notes       []string
	}{
		{[]string{"a/1.png", "b/x/1.png", "b/x/y/2.png"}, 3, 0, "a b", nil},
		{[]string{"train/a/1.png", "val/a/1.png"}, 1, 1, "a", []string{"val is the test part, since there is no folder test"}},
		{[]string{"train/a/1.png", "valid/a/1.png"}, 1, 1, "a", []string{"valid is the test part"}},
		{[]string{"Training/a/1.png", "Testing/a/1.png"}, 1, 1, "a", nil},
		{[]string{"train/a/1.png", "train/b/1.png", "test/1.png"}, 2, 0, "a b", []string{"test, which is not one of the parts, or has no folder for each class"}},
		{[]string{"train/a/1.png", "test/1.png", "validation/a/1.png"}, 1, 1, "a", []string{"validation is the test part", "left out: "}},
		{[]string{"train/a/1.png", "test/a/1.png", "val/a/1.png", "extra/a/1.png"}, 1, 1, "a", []string{"extra, which", "val, which"}},
		{[]string{"valid/1.png", "invalid/1.png"}, 2, 0, "invalid valid", nil},
		{[]string{"a/1.png", "b/1.png", "3.png"}, 2, 0, "a b", []string{"images right in"}},
		{[]string{"a/1.png", "b/1.png", "a/2.ppm", "a/z/3.txt", "a/.hidden"}, 2, 0, "a b", []string{"left out: files that are no images"}},
	} {
		dir := t.TempDir()
		for _, file := range c.files {
			put(t, dir, file, one)
		}
		s, err := Load(dir, Options{})
		if err != nil {
			t.Errorf("%s: %v", c.files, err)
			continue
		}
		test := 0
		if s.Test != nil {
			test = s.Test.N()
		}
		if s.Train.N() != c.train || test != c.test || strings.Join(s.ClassNames, " ") != c.classes {
			t.Errorf("%s: %d to train on, %d to test, in %s", c.files, s.Train.N(), test, s.ClassNames)
		}
		wantNotes(t, fmt.Sprint(c.files), s, c.notes...)
	}
	for what, files := range map[string][]string{
		"want a folder train too":                   {"val/a/1.png", "b/1.png"},
		"folder data alone, which has cat, dog: is": {"data/cat/1.png", "data/dog/1.png"},
	} {
		dir := t.TempDir()
		for _, file := range files {
			put(t, dir, file, one)
		}
		_, err := Load(dir, Options{})
		wantIn(t, what, err, what)
	}
}

// TestWebP: WebP images are read among others; the round trips cannot write them.
func TestWebP(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a/1.png", pngFile(t, grey(50)))
	put(t, dir, "a/2.webp", []byte(webp))
	if s, err := Load(dir, Options{Resize: "2x3"}); err != nil || s.Train.N() != 2 || s.Train.Pixels[0] != 50 {
		t.Errorf("%v, %v", s, err)
	}
}

// TestDeepImages: images of 16 bits keep them, and those of 8 beside them have the value that they always have.
func TestDeepImages(t *testing.T) {
	deep := image.NewGray16(frame)
	for i := range 6 {
		deep.SetGray16(i%3, i/3, color.Gray16{Y: uint16(i) * 40}) // all of which 8 bits have as 0
	}
	colours := image.NewNRGBA64(frame)
	for i := range 6 {
		colours.SetNRGBA64(i%3, i/3, color.NRGBA64{R: uint16(i), G: 7, B: 65535, A: uint16(i) * 13107}) // some are transparent
	}
	dir := t.TempDir()
	put(t, dir, "a/1.png", pngFile(t, deep))
	put(t, dir, "b/1.png", pngFile(t, grey(200)))
	s, err := Load(dir, Options{})
	if err != nil || s.Channels != 1 || len(s.Train.Floats) != 12 {
		t.Fatalf("%+v, %v", s, err)
	}
	for i := range 6 {
		if a, b := s.Train.Floats[i], s.Train.Floats[6+i]; a != float32(40*i)/65535 || b != float32(200+i)/255 {
			t.Errorf("values %d are %g and %g", i, a, b)
		}
	}
	put(t, dir, "b/2.png", pngFile(t, colours))
	if s, err = Load(dir, Options{}); err != nil || s.Channels != 3 || len(s.Notes) != 1 {
		t.Fatalf("%+v, %v", s, err)
	}
	for i, x := 0, s.Train.Floats[36:]; i < 6; i++ {
		if x[3*i] != float32(i)/65535 || x[3*i+1] != 7./65535 || x[3*i+2] != 1 {
			t.Errorf("pixel %d is %g", i, x[3*i:][:3])
		}
	}
}

// TestAlpha: what transparent pixels become is a choice, and an image that would be lost is refused.
func TestAlpha(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 3, 1))
	copy(m.Pix, []byte{100, 0, 50, 0, 100, 0, 50, 255, 0, 200, 0, 51}) // 51 is a fifth
	ink := image.NewNRGBA(image.Rect(0, 0, 3, 1))
	ink.Pix[3], ink.Pix[7] = 255, 128 // black on nothing
	for alpha, want := range map[string][]byte{
		"":      {100, 0, 50, 100, 0, 50, 0, 200, 0},
		"drop":  {100, 0, 50, 100, 0, 50, 0, 200, 0},
		"black": {0, 0, 0, 100, 0, 50, 0, 40, 0},
		"white": {255, 255, 255, 100, 0, 50, 204, 244, 204},
		"keep":  {100, 0, 50, 0, 100, 0, 50, 255, 0, 200, 0, 51},
	} {
		dir := t.TempDir()
		put(t, dir, "a/1.png", pngFile(t, m))
		s, err := Load(dir, Options{Alpha: alpha})
		if err != nil || !slices.Equal(s.Train.Pixels, want) || s.Channels != len(want)/3 || (len(s.Notes) == 1) != (alpha == "") {
			t.Errorf("alpha %q: %v, %v, want %v", alpha, s, err, want)
		}
		put(t, dir, "a/2.png", pngFile(t, ink))
		s, err = Load(dir, Options{Alpha: alpha})
		switch {
		case alpha == "" || alpha == "drop":
			wantIn(t, "ink", err, "2.png is of one colour, and shows by its transparency alone")
		case err != nil:
			t.Error(err)
		case alpha == "white" && !slices.Equal(s.Train.Pixels[9:], []byte{0, 0, 0, 127, 127, 127, 255, 255, 255}):
			t.Errorf("ink on white is %v", s.Train.Pixels[9:])
		}
	}
}

// TestResize holds scaled images against the definition of bilinear scaling: a mean with weights that fall linearly to 0
// over one pixel of the larger grid.
func TestResize(t *testing.T) {
	for _, c := range []struct {
		h, w   int
		size   string
		crop   bool
		y, x   int // of the part that is scaled
		ph, pw int
		th, tw int
	}{
		{4, 6, "2x3", false, 0, 0, 4, 6, 2, 3}, {2, 3, "4×5", false, 0, 0, 2, 3, 4, 5}, {5, 5, "5x5", false, 0, 0, 5, 5, 5, 5},
		{4, 8, "2x2", true, 0, 2, 4, 4, 2, 2}, {9, 4, "3x2", true, 1, 0, 6, 4, 3, 2}, {3, 7, "3x3", true, 0, 2, 3, 3, 3, 3},
	} {
		m := image.NewGray(image.Rect(0, 0, c.w, c.h))
		for i := range m.Pix {
			m.Pix[i] = byte(i * 37)
		}
		dir := t.TempDir()
		put(t, dir, "a/1.png", pngFile(t, m))
		put(t, dir, "a/2.png", pngFile(t, image.NewGray(image.Rect(0, 0, 2, 9))))
		s, err := Load(dir, Options{Resize: c.size, CropCentre: c.crop})
		if err != nil || s.Height != c.th || s.Width != c.tw || s.Train.N() != 2 {
			t.Errorf("%+v: %v, %v", c, s, err)
			continue
		}
		for i := range c.th * c.tw {
			sum, weights := 0.0, 0.0
			for k := range c.ph * c.pw {
				weight := near(i/c.tw, k/c.pw, c.th, c.ph) * near(i%c.tw, k%c.pw, c.tw, c.pw)
				weights += weight
				sum += weight * float64(m.GrayAt(c.x+k%c.pw, c.y+k/c.pw).Y)
			}
			if got, want := float64(s.Train.Pixels[i]), sum/weights; math.Abs(got-want) > 1 {
				t.Errorf("%+v: pixel %d is %g, want %g", c, i, got, want)
			}
		}
	}
	for _, size := range []string{"32", "0x4", "4x4x4", "4097x1", "axb", "-1x2"} {
		_, err := Load(t.TempDir(), Options{Resize: size})
		wantIn(t, size, err, "want HEIGHTxWIDTH")
	}
	_, err := Load(t.TempDir(), Options{CropCentre: true})
	wantIn(t, "a crop alone", err, "want resize too")
}

// near is the weight of pixel k of n for pixel i of m.
func near(i, k, m, n int) float64 {
	scale := float64(n) / float64(m)
	return max(0, 1-math.Abs((float64(i)+0.5)*scale-0.5-float64(k))/max(1, scale))
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
	must.Do(f, jpeg.Encode(&b, picture(image.NewNRGBA(frame)), nil))
	f.Add(bytes.Clone(b.Bytes()))
	f.Add([]byte(webp))
	f.Add(lying(f, binary.BigEndian, 6))
	f.Add([]byte("\xff\xd8\xff0\x00\x0000")) // a segment shorter than its length
	for _, encode := range []func(io.Writer, image.Image) error{bmp.Encode, inTIFF, inGIF} {
		for _, m := range []image.Image{grey(1), picture(image.NewNRGBA(frame))} {
			b.Reset()
			must.Do(f, encode(&b, m))
			f.Add(bytes.Clone(b.Bytes()))
		}
	}
	dir := f.TempDir()
	must.Do(f, os.Mkdir(filepath.Join(dir, "a"), 0o777))
	name := filepath.Join(dir, "a", "1.png")
	f.Fuzz(func(t *testing.T, file []byte) {
		if c, _, err := image.DecodeConfig(bytes.NewReader(file)); err == nil && c.Width*c.Height > 1<<12 {
			t.Skip("large sizes cost time and show nothing new")
		}
		must.Do(t, os.WriteFile(name, file, 0o666))
		s, err := Load(dir, Options{})
		if err == nil && (s.Train.N() != 1 || s.Train.values() != s.Values() || s.Values() == 0) {
			t.Fatalf("%d values, %d×%d×%d", s.Train.values(), s.Height, s.Width, s.Channels)
		}
	})
}
