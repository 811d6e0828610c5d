package nets

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// encode is the IDX file of those dimensions and values.
func encode(data []byte, dims ...int) []byte {
	b := []byte{0, 0, 8, byte(len(dims))}
	for _, d := range dims {
		b = binary.BigEndian.AppendUint32(b, uint32(d))
	}
	return append(b, data...)
}

func zipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestReadIDX(t *testing.T) {
	data := []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	plain := encode(data, 2, 3, 2)
	for name, file := range map[string][]byte{"plain": plain, "gzip": zipped(t, plain)} {
		a, err := readIDX(bytes.NewReader(file), 3)
		if err != nil || a.String() != "2×3×2" || !bytes.Equal(a.data, data) {
			t.Errorf("%s: %v %v, %v", name, a, a.data, err)
		}
	}
}

func TestDamagedIDX(t *testing.T) {
	images := encode(make([]byte, 12), 2, 3, 2)
	packed := zipped(t, images)
	flipped := bytes.Clone(packed)
	flipped[len(flipped)-6] ^= 0xff // the checksum
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":                     {nil, "empty"},
		"half a magic number":       {images[:2], "cut short: 2 bytes, want a header of 16"},
		"half a header":             {images[:9], "cut short: 9 bytes, want a header of 16"},
		"no values":                 {images[:16], "0 values of the 12"},
		"a value short":             {images[:27], "11 values of the 12 that its header announces (2×3×2)"},
		"a value too many":          {append(bytes.Clone(images), 7), "more than the 12 values"},
		"a picture":                 {[]byte("\x89PNG\r\n\x1a\n"), "starts with 89 50 4e 47, want 00 00 08 03"},
		"labels":                    {encode(make([]byte, 9), 9), "it looks like labels"},
		"floats":                    {append([]byte{0, 0, 0xd, 3}, images[4:]...), "want 00 00 08 03"},
		"no images":                 {encode(nil, 0, 3, 2), "dimensions of at least 1"},
		"more than memory":          {encode(nil, 1<<31-1, 1<<31-1, 1<<31-1), "at most 2147483648 values"},
		"sizes that overflow":       {encode(nil, 1<<32-1, 1<<32-1, 1<<32-1), "at most 2147483648 values"},
		"a large lie":               {encode(make([]byte, 100), 60000, 28, 28), "100 values of the 47040000"},
		"gzip cut in its header":    {packed[:5], "damaged gzip header"},
		"gzip cut in its data":      {packed[:len(packed)-12], "damaged"},
		"gzip with a wrong sum":     {flipped, "damaged after 12 of 12 values"},
		"gzip with nothing in it":   {zipped(t, nil), "empty"},
		"gzip of a truncated array": {zipped(t, images[:20]), "4 values of the 12"},
	} {
		_, err := readIDX(bytes.NewReader(c.file), 3)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want %q in it", name, err, c.want)
		}
	}
}

// FuzzReadIDX: whatever the file, reading ends in an error or in as many values as the dimensions
// say, and what was read encodes to the file again.
func FuzzReadIDX(f *testing.F) {
	images := encode(make([]byte, 12), 2, 3, 2)
	f.Add(images)
	f.Add(zipped(f, images))
	f.Add(images[:17])
	f.Add(zipped(f, images)[:20])
	f.Add(encode(nil, 1<<31-1, 1<<31-1, 3))
	f.Add([]byte{0x1f, 0x8b})
	f.Fuzz(func(t *testing.T, file []byte) {
		a, err := readIDX(bytes.NewReader(file), 3)
		if err != nil {
			return
		}
		if len(a.dims) != 3 || a.dims[0]*a.dims[1]*a.dims[2] != len(a.data) || len(a.data) == 0 {
			t.Fatalf("dimensions %v and %d values", a.dims, len(a.data))
		}
		again, err := readIDX(bytes.NewReader(encode(a.data, a.dims...)), 3)
		if err != nil || !bytes.Equal(again.data, a.data) {
			t.Fatalf("what was read does not read again: %v", err)
		}
	})
}

// dataset writes a small data set and returns its folder.
func dataset(t testing.TB, n int, labels []byte, sep, ext string) string {
	t.Helper()
	dir := t.TempDir()
	put := func(name string, b []byte) {
		if ext == ".gz" {
			b = zipped(t, b)
		}
		if err := os.WriteFile(filepath.Join(dir, name+ext), b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	pixels := make([]byte, n*6)
	for i := range pixels {
		pixels[i] = byte(i * i)
	}
	put("train-images"+sep+"idx3-ubyte", encode(pixels, n, 3, 2))
	put("train-labels"+sep+"idx1-ubyte", encode(labels, len(labels)))
	return dir
}

func TestLoad(t *testing.T) {
	for _, sep := range []string{"-", "."} {
		for _, ext := range []string{"", ".gz"} {
			im, err := Load(dataset(t, 4, []byte{0, 9, 1, 2}, sep, ext), Train)
			if err != nil || im.N != 4 || im.Rows != 3 || im.Cols != 2 || im.Labels[1] != 9 || im.Pixels[3] != 9 {
				t.Errorf("spelled %q %q: %v, %v", sep, ext, im, err)
			}
		}
	}
}

func TestLoadErrors(t *testing.T) {
	for name, c := range map[string]struct {
		dir  string
		part Part
		want []string
	}{
		"fewer labels":   {dataset(t, 4, []byte{1, 2, 3}, "-", ""), Train, []string{"train-images", "4 images", "3 labels"}},
		"a label of 10":  {dataset(t, 4, []byte{1, 2, 10, 3}, "-", ""), Train, []string{"train-labels", "label 10 of image 2", "0 to 9"}},
		"a missing part": {dataset(t, 4, []byte{1, 2, 3, 4}, "-", ""), Test, []string{"t10k-images-idx3-ubyte.gz", "t10k-images.idx3-ubyte"}},
		"empty labels":   {dataset(t, 4, nil, "-", ""), Train, []string{"train-labels", "at least 1"}},
		"empty folder":   {t.TempDir(), Train, []string{"train-images-idx3-ubyte"}},
	} {
		_, err := Load(c.dir, c.part)
		for _, w := range c.want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%s: error is %v, want %q in it", name, err, w)
			}
		}
	}
}

func TestFind(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("HOME", cache)
	t.Setenv("LocalAppData", cache)
	t.Chdir(t.TempDir())
	if _, err := Find("mnist"); !errors.Is(err, ErrNoData) || !strings.Contains(err.Error(), cache) {
		t.Errorf("mnist is nowhere: error is %v, want the places in it", err)
	}
	if _, err := Find("cifar"); !errors.Is(err, ErrNoData) || !strings.Contains(err.Error(), "fashion-mnist, mnist") {
		t.Errorf("an unknown name: error is %v, want the known ones in it", err)
	}
	if err := os.MkdirAll(filepath.Join("data", "mnist"), 0o777); err != nil {
		t.Fatal(err)
	}
	if dir, err := Find("mnist"); err != nil || dir != filepath.Join("data", "mnist") {
		t.Errorf("mnist is in ./data: found %q, %v", dir, err)
	}
	if dir, err := Find(cache); err != nil || dir != cache {
		t.Errorf("a folder: found %q, %v", dir, err)
	}
}

func TestCentred(t *testing.T) {
	im := Images{N: 3, Rows: 1, Cols: 2, Pixels: []byte{0, 255, 51, 255, 255, 0}}
	s := im.Centred(2)
	want := []float32{-0.1, 0, 0.1, 0}
	if s.N != 2 || s.D != 2 {
		t.Fatalf("%d samples of %d values", s.N, s.D)
	}
	for i, w := range want {
		if s.X[i] != w {
			t.Errorf("value %d is %g, want %g", i, s.X[i], w)
		}
	}
	if all := im.Centred(0); all.N != 3 {
		t.Errorf("0 takes %d images, want all 3", all.N)
	}
}
