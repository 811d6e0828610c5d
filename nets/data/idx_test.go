package data

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hebb/internal/must"
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
	must.Do(t, z.Close())
	return out.Bytes()
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
		"more than memory":          {encode(nil, 1<<31-1, 1<<31-1, 1<<31-1), "at most 2147483647 values"},
		"sizes that overflow":       {encode(nil, 1<<32-1, 1<<32-1, 1<<32-1), "at most 2147483647 values"},
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

// TestEMNIST: images lie in EMNIST's files with rows for columns; of several sets in a folder one is to be chosen.
func TestEMNIST(t *testing.T) {
	dir := t.TempDir()
	lying := []byte{1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16} // two images of 3 columns of 2
	for _, part := range []string{"train", "test"} {
		put(t, dir, "emnist-letters-"+part+"-images-idx3-ubyte", encode(lying, 2, 3, 2))
		put(t, dir, "emnist-letters-"+part+"-labels-idx1-ubyte.gz", zipped(t, encode([]byte{26, 1}, 2)))
	}
	want := []byte{1, 3, 5, 2, 4, 6, 11, 13, 15, 12, 14, 16}
	check := func(path string) {
		t.Helper()
		s := must.Get(Load(path, Options{}))(t)
		if s.Height != 2 || s.Width != 3 || !bytes.Equal(s.Train.Pixels, want) || !bytes.Equal(s.Test.Pixels, want) || s.Classes != 27 {
			t.Errorf("%s: %d×%d, %d classes, %v and %v", path, s.Height, s.Width, s.Classes, s.Train.Pixels, s.Test.Pixels)
		}
		wantNotes(t, path, s, "turned upright", "no training examples of 0, 2 to 25 in the classes 0 to 26")
	}
	check(dir)
	putIDX(t, dir, "emnist-digits-train", 2, []byte{0, 1}, "-", ".gz")
	putIDX(t, dir, "train", 2, []byte{0, 1}, "-", "")
	_, err := Load(dir, Options{})
	wantIn(t, "three sets", err, "the sets of train-images-idx3-ubyte, emnist-digits-train-images-idx3-ubyte, emnist-letters-train-images-idx3-ubyte: say which")
	check(filepath.Join(dir, "emnist-letters-train-images-idx3-ubyte"))
	for name, height := range map[string]int{"train-images-idx3-ubyte": 3, "emnist-digits-train-images-idx3-ubyte.gz": 2} {
		if s, err := Load(filepath.Join(dir, name), Options{}); err != nil || s.Height != height || s.Test != nil {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

// idxFolder writes a small data set of images of 3×2 and returns its folder.
func idxFolder(t testing.TB, n int, labels []byte, sep, ext string) string {
	t.Helper()
	dir := t.TempDir()
	putIDX(t, dir, "train", n, labels, sep, ext)
	return dir
}

func putIDX(t testing.TB, dir, part string, n int, labels []byte, sep, ext string) {
	t.Helper()
	pixels := make([]byte, n*6)
	for i := range pixels {
		pixels[i] = byte(i * i)
	}
	for name, b := range map[string][]byte{
		part + "-images" + sep + "idx3-ubyte": encode(pixels, n, 3, 2),
		part + "-labels" + sep + "idx1-ubyte": encode(labels, len(labels)),
	} {
		if ext == ".gz" {
			b = zipped(t, b)
		}
		put(t, dir, name+ext, b)
	}
}

func put(t testing.TB, dir, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	must.Do(t, os.MkdirAll(filepath.Dir(path), 0o777))
	must.Do(t, os.WriteFile(path, b, 0o666))
	return path
}

func TestLoadIDX(t *testing.T) {
	for _, sep := range []string{"-", "."} {
		for _, ext := range []string{"", ".gz"} {
			dir := idxFolder(t, 4, []byte{0, 9, 1, 2}, sep, ext)
			s, err := Load(dir, Options{})
			if err != nil {
				t.Errorf("spelled %q %q: %v", sep, ext, err)
				continue
			}
			if s.Height != 3 || s.Width != 2 || s.Channels != 1 || s.Classes != 10 || s.Test != nil ||
				s.Train.N() != 4 || s.Train.Labels[1] != 9 || s.Train.Pixels[3] != 9 {
				t.Errorf("spelled %q %q: %+v, %+v", sep, ext, s, s.Train)
			}
			putIDX(t, dir, "t10k", 2, []byte{3, 4}, sep, ext)
			s, err = Load(dir, Options{})
			if err != nil || s.Test.N() != 2 || s.Test.Labels[1] != 4 || s.Test.Pixels[5] != 25 {
				t.Errorf("spelled %q %q, with a test part: %+v, %v", sep, ext, s, err)
			}
		}
	}
}

func TestLoadIDXErrors(t *testing.T) {
	halfTest := idxFolder(t, 4, []byte{1, 2, 3, 4}, "-", "")
	put(t, halfTest, "t10k-labels-idx1-ubyte", encode([]byte{1}, 1))
	other := idxFolder(t, 4, []byte{1, 2, 3, 4}, "-", "")
	put(t, other, "t10k-labels-idx1-ubyte", encode([]byte{1}, 1))
	put(t, other, "t10k-images-idx3-ubyte", encode(make([]byte, 6), 1, 2, 3))
	for name, c := range map[string]struct {
		dir  string
		want []string
	}{
		"fewer labels":      {idxFolder(t, 4, []byte{1, 2, 3}, "-", ""), []string{"train-images", "4 images", "3 labels"}},
		"a label of 10":     {idxFolder(t, 4, []byte{1, 2, 10, 3}, "-", ""), []string{"training part", "label 10 of example 2", "0 to 9"}},
		"half a test part":  {halfTest, []string{"t10k-images-idx3-ubyte.gz", "t10k-images.idx3-ubyte"}},
		"test images wider": {other, []string{"test images of 2×3", "want 3×2"}},
		"empty labels":      {idxFolder(t, 4, nil, "-", ""), []string{"train-labels", "at least 1"}},
		"empty folder":      {t.TempDir(), []string{"train-images-idx3-ubyte", "data_batch_1.bin", "CLASS"}},
	} {
		_, err := Load(c.dir, Options{})
		wantIn(t, name, err, c.want...)
	}
}

func wantIn(t testing.TB, what string, err error, want ...string) {
	t.Helper()
	for _, w := range want {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("%s: error is %v, want %q in it", what, err, w)
		}
	}
}
