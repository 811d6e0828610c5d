package data

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hebb/internal/must"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"pgregory.net/rapid"
)

// Writers of their own, value by value from an index, hold every reader to random files: what was written is what is read, or an
// error for what was cut.

// A written array is one as NumPy saves it, with the values that it stands for, in C order.
type written struct {
	file   []byte
	dims   []int
	values []float64
}

// types are NumPy's, with the bytes of a whole number from 0 to 100.
var types = map[string]func(order binary.ByteOrder, v int) []byte{
	"b1": func(_ binary.ByteOrder, v int) []byte { return []byte{byte(v % 2)} },
	"u1": func(_ binary.ByteOrder, v int) []byte { return []byte{byte(v)} },
	"i1": func(_ binary.ByteOrder, v int) []byte { return []byte{byte(v)} },
	"u2": wide(2), "i2": wide(2), "u4": wide(4), "i4": wide(4), "u8": wide(8), "i8": wide(8),
	"f2": func(o binary.ByteOrder, v int) []byte {
		if v == 0 {
			return wide(2)(o, 0)
		}
		exp := int(math.Log2(float64(v)))
		return wide(2)(o, (exp+15)<<10|(v<<10>>exp)&1023)
	},
	"f4": func(o binary.ByteOrder, v int) []byte { return wide(4)(o, int(math.Float32bits(float32(v)))) },
	"f8": func(o binary.ByteOrder, v int) []byte { return wide(8)(o, int(math.Float64bits(float64(v)))) },
}

func wide(n int) func(binary.ByteOrder, int) []byte {
	return func(o binary.ByteOrder, v int) []byte {
		b := make([]byte, n)
		for k := range b {
			at := k
			if o == binary.BigEndian {
				at = n - 1 - k
			}
			b[at] = byte(v >> (8 * k))
		}
		return b
	}
}

// drawArray writes an array of those dimensions, of a random type, byte order and order of dimensions.
func drawArray(t *rapid.T, name string, dims []int, value func(i int) int, kinds ...string) written {
	typ := rapid.SampledFrom(kinds).Draw(t, name+" type")
	big, inFortran := rapid.Bool().Draw(t, name+" big"), rapid.Bool().Draw(t, name+" Fortran")
	w := written{dims: dims}
	var order binary.ByteOrder = binary.LittleEndian
	sign := "<"
	if big {
		order, sign = binary.BigEndian, ">"
	}
	n := 1
	for _, d := range dims {
		n *= d
	}
	raw := make([][]byte, n)
	for i := range n { // an index in C order, and where its value lies in the file
		v := value(i)
		if typ == "b1" {
			v %= 2
		}
		at, rest, step := i, i, 1
		if inFortran {
			at = 0
			index := make([]int, len(dims))
			for d := len(dims) - 1; d >= 0; d-- {
				index[d], rest = rest%dims[d], rest/dims[d]
			}
			for d := range dims {
				at += index[d] * step
				step *= dims[d]
			}
		}
		raw[at] = types[typ](order, v)
		w.values = append(w.values, float64(v))
	}
	shape := strings.Trim(strings.ReplaceAll(fmt.Sprint(dims), " ", ", "), "[]") + ","
	w.file = npyFile(sign+typ, "("+shape+")", bytes.Join(raw, nil))
	if inFortran {
		w.file = fortran(w.file)
	}
	return w
}

var allTypes = slices.Sorted(maps.Keys(types))

func TestArraysRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npy")
	rapid.Check(t, func(t *rapid.T) {
		dims := rapid.SliceOfN(rapid.IntRange(1, 5), 1, 4).Draw(t, "dims")
		seed := rapid.IntRange(0, 99).Draw(t, "seed")
		w := drawArray(t, "a", dims, func(i int) int { return (i*7 + seed) % 101 }, allTypes...)
		cut := rapid.IntRange(-2, len(w.file)-1).Draw(t, "cut") // to so many bytes; −1: one more, −2: as it is
		file := w.file
		switch {
		case cut == -1:
			file = append(bytes.Clone(file), 0)
		case cut >= 0:
			file = file[:cut]
		}
		must.Do(t, os.WriteFile(path, file, 0o666))
		a, err := ReadArray(path)
		if cut > -2 {
			if err == nil {
				t.Fatalf("cut to %d of %d bytes, it is read as %v", cut, len(w.file), a)
			}
			return
		}
		if err != nil || !slices.Equal(a.Shape, dims) || !slices.Equal(a.Values, w.values) {
			t.Fatalf("%v of %v, %v, want %v of %v", a.Values, a.Shape, err, w.values, dims)
		}
	})
}

// TestSetsRoundTrip: images in an NPZ file, in either layout, with labels of every kind, under all names.
func TestSetsRoundTrip(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		draw := func(name string, lo, hi int) int { return rapid.IntRange(lo, hi).Draw(rt, name) }
		n, h, w, c := draw("n", 1, 5), draw("h", 1, 9), draw("w", 1, 9), draw("c", 1, 5)
		planes := rapid.Bool().Draw(rt, "planes")
		dims := []int{n, h, w, c}
		if planes {
			dims = []int{n, c, h, w}
		}
		pixel := func(e, y, x, ch int) int { return (e*31 + y*7 + x*3 + ch) % 101 }
		x := drawArray(rt, "x", dims, func(i int) int {
			if planes {
				return pixel(i/(c*h*w), i/w%h, i%w, i/(h*w)%c)
			}
			return pixel(i/(h*w*c), i/(w*c)%h, i/c%w, i%c)
		}, allTypes...)
		labelDims := [][]int{{n}, {n, 1}, {1, n}}[draw("column", 0, 2)]
		y := drawArray(rt, "y", labelDims, func(i int) int { return i % 3 }, "u1", "i1", "u2", "i4", "i8", "u8", "f4", "f8", "f2")
		names := npzNames[draw("names", 0, len(npzNames)-1)].train
		path := put(t, dir, "a.npz", npzFile(t, map[string][]byte{names.x: x.file, names.y: y.file}))

		s := must.Get(Load(path, Options{Layout: map[bool]string{true: "NCHW", false: "NHWC"}[planes]}))(rt)
		checkImages(rt, s, n, h, w, c, x.values, pixel)
		if s, err := Load(path, Options{}); err == nil && (s.Height != h || s.Width != w || s.Channels != c) && h == w && c != h && (c < 5 || h > 5) && h > 4 {
			rt.Fatalf("square images of %d×%d×%d, planes %t, are taken for %d×%d×%d", h, w, c, planes, s.Height, s.Width, s.Channels)
		}
	})
}

// checkImages holds the training part against the function that it was made by; booleans are one of two.
func checkImages(t *rapid.T, s *Set, n, h, w, c int, values []float64, pixel func(e, y, x, ch int) int) {
	if s.Train.N() != n || s.Height != h || s.Width != w || s.Channels != c {
		t.Fatalf("%d of %d×%d×%d, want %d of %d×%d×%d", s.Train.N(), s.Height, s.Width, s.Channels, n, h, w, c)
	}
	large := func(v float64) bool { return v > 1 }
	boolean := s.Train.Pixels == nil && !slices.ContainsFunc(values, large)
	for i := range n * h * w * c {
		e, y, x, ch := i/(h*w*c), i/(w*c)%h, i/c%w, i%c
		want := float32(pixel(e, y, x, ch))
		if boolean {
			want = float32(int(want) % 2)
		}
		got := float32(0)
		if s.Train.Pixels != nil {
			got = float32(s.Train.Pixels[i])
		} else {
			got = s.Train.Floats[i]
		}
		if got != want || s.Train.Labels[e] != e%3 {
			t.Fatalf("value %d of example %d, label %d: %g, want %g", i, e, s.Train.Labels[e], got, want)
		}
	}
}

func TestIDXRoundTrip(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		draw := func(name string, lo, hi int) int { return rapid.IntRange(lo, hi).Draw(rt, name) }
		n, h, w := draw("n", 1, 5), draw("h", 1, 7), draw("w", 1, 7)
		emnist, ext := rapid.Bool().Draw(rt, "EMNIST"), rapid.SampledFrom([]string{"", ".gz"}).Draw(rt, "ext")
		pixels, labels := make([]byte, n*h*w), make([]byte, n)
		pixel := func(e, y, x, _ int) int { return e*31 + y*7 + x*3 }
		for i := range pixels {
			e, y, x := i/(h*w), i/w%h, i%w
			if emnist { // the file has columns of w images, each of h
				e, x, y = i/(h*w), i/h%w, i%h
			}
			pixels[i] = byte(pixel(e, y, x, 0))
		}
		for i := range labels {
			labels[i] = byte(i % 3)
		}
		dims, set := []int{n, h, w}, ""
		if emnist {
			dims, set = []int{n, w, h}, "emnist-mnist-"
		}
		at := filepath.Join(dir, fmt.Sprint(emnist, ext))
		for name, b := range map[string][]byte{"images-idx3": encode(pixels, dims...), "labels-idx1": encode(labels, n)} {
			if ext == ".gz" {
				b = zipped(t, b)
			}
			put(t, at, set+"train-"+name+"-ubyte"+ext, b)
		}
		s := must.Get(Load(at, Options{}))(rt)
		checkImages(rt, s, n, h, w, 1, nil, pixel)
	})
}

// kinds are images by how they are made and stored: a pixel of colour c is read as want says.
var kinds = []struct {
	name   string
	make   func(r image.Rectangle) settable
	encode func(w io.Writer, m image.Image) error
	grey   bool
	deep   bool
}{
	{"grey.png", func(r image.Rectangle) settable { return image.NewGray(r) }, png.Encode, true, false},
	{"grey16.png", func(r image.Rectangle) settable { return image.NewGray16(r) }, png.Encode, true, true},
	{"rgba.png", func(r image.Rectangle) settable { return image.NewNRGBA(r) }, png.Encode, false, false},
	{"rgba64.png", func(r image.Rectangle) settable { return image.NewNRGBA64(r) }, png.Encode, false, true},
	{"grey.bmp", func(r image.Rectangle) settable { return image.NewGray(r) }, bmp.Encode, false, false}, // stored with a palette
	{"rgb.bmp", func(r image.Rectangle) settable { return image.NewRGBA(r) }, bmp.Encode, false, false},
	{"grey.tiff", func(r image.Rectangle) settable { return image.NewGray(r) }, inTIFF, true, false},
	{"grey16.tif", func(r image.Rectangle) settable { return image.NewGray16(r) }, inTIFF, true, true},
	{"rgba.tif", func(r image.Rectangle) settable { return image.NewNRGBA(r) }, inTIFF, false, false},
	{"palette.gif", func(r image.Rectangle) settable { return image.NewPaletted(r, someColours) }, inGIF, false, false},
}

type settable interface {
	image.Image
	Set(x, y int, c color.Color)
}

func inTIFF(w io.Writer, m image.Image) error { return tiff.Encode(w, m, nil) }
func inGIF(w io.Writer, m image.Image) error  { return gif.Encode(w, m, nil) }

var someColours = color.Palette{color.NRGBA{1, 2, 3, 255}, color.NRGBA{200, 100, 0, 255}, color.NRGBA{9, 9, 9, 255}}

// TestFoldersRoundTrip: images of every kind at random places below the folders of their classes.
func TestFoldersRoundTrip(t *testing.T) {
	root := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(root, "")
		if err != nil {
			rt.Fatal(err)
		}
		defer os.RemoveAll(dir)
		draw := func(name string, lo, hi int) int { return rapid.IntRange(lo, hi).Draw(rt, name) }
		r := image.Rect(0, 0, draw("w", 1, 6), draw("h", 1, 6))
		want := map[string]image.Image{}
		grey, deep, others := true, false, 0
		for i := range draw("images", 1, 6) {
			k := kinds[draw("kind", 0, len(kinds)-1)]
			m := k.make(r)
			for p := range r.Dx() * r.Dy() {
				v := uint16(draw("value", 0, 65535))
				a := rapid.SampledFrom([]uint16{65535, 65535, 65535, 0, 0x7f7f}).Draw(rt, "alpha")
				if !strings.HasPrefix(k.name, "rgba") {
					a = 65535
				}
				m.Set(p%r.Dx(), p/r.Dx(), color.NRGBA64{v, v ^ 0x5555, v ^ 0x3333, a})
			}
			below := rapid.SampledFrom([]string{"", "x", "x/y"}).Draw(rt, "below")
			path := filepath.Join(dir, fmt.Sprint(i%2), below, fmt.Sprint(i, "-", k.name))
			var b bytes.Buffer
			must.Do(rt, k.encode(&b, m))
			put(t, filepath.Dir(path), filepath.Base(path), b.Bytes())
			want[path], grey, deep = m, grey && k.grey, deep || k.deep
			if rapid.Bool().Draw(rt, "other") {
				put(t, filepath.Dir(path), fmt.Sprint(i, ".txt"), nil)
				others = 1
			}
		}
		s, err := Load(dir, Options{Alpha: "drop"})
		if err != nil {
			if strings.Contains(err.Error(), "by its transparency alone") {
				rt.Skip("an image of one colour")
			}
			rt.Fatal(err)
		}
		if len(s.Notes) != others || s.Train.N() != len(want) || (s.Channels == 1) != grey || (s.Train.Floats != nil) != deep {
			rt.Fatalf("%d images of %d channels, notes %q, want %d, grey %t, of 16 bits %t", s.Train.N(), s.Channels, s.Notes, len(want), grey, deep)
		}
		checkFolder(rt, s, want)
	})
}

// checkFolder holds every value against that of the image that was written, in the order of the paths.
func checkFolder(t *rapid.T, s *Set, want map[string]image.Image) {
	i := 0
	for _, path := range slices.SortedFunc(maps.Keys(want), byFolder) {
		for p := range s.Height * s.Width {
			c := straight(want[path].At(p%s.Width, p/s.Width))
			for _, v := range []uint16{c.R, c.G, c.B}[:s.Channels] {
				ok := false
				if s.Train.Floats != nil {
					ok = s.Train.Floats[i] == float32(v)/65535
				} else {
					ok = s.Train.Pixels[i] == byte(v>>8)
				}
				if !ok {
					t.Fatalf("%s, pixel %d: value %d is not %d of 65535", path, p, i, v)
				}
				i++
			}
		}
	}
}

// byFolder compares paths part by part, as folders are read.
func byFolder(a, b string) int {
	return slices.Compare(strings.Split(a, string(filepath.Separator)), strings.Split(b, string(filepath.Separator)))
}
