package data

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hebb/internal/must"
)

// npyFile is an array as NumPy saves it.
func npyFile(descr, shape string, values any) []byte {
	head := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape)
	head += strings.Repeat(" ", 63-(10+len(head))%64) + "\n"
	b := append([]byte("\x93NUMPY\x01\x00"), byte(len(head)), byte(len(head)>>8))
	b, err := binary.Append(append(b, head...), binary.LittleEndian, values)
	if err != nil {
		panic(err) // the test is wrong
	}
	return b
}

// fortran says that the values of an array are in Fortran order.
func fortran(array []byte) []byte { return bytes.Replace(array, []byte("False"), []byte("True "), 1) }

// npzFile is an archive of arrays, the names being without .npy.
func npzFile(t testing.TB, arrays map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(arrays)) {
		w, err := z.Create(name + ".npy")
		if err == nil {
			_, err = w.Write(arrays[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	must.Do(t, z.Close())
	return out.Bytes()
}

// TestNumPyFiles reads what NumPy 1.24 wrote.
func TestNumPyFiles(t *testing.T) {
	s, err := Load(filepath.Join("testdata", "numpy.npz"), Options{Layout: "NHWC"}) // 3×2×3 may be either
	if err != nil {
		t.Fatal(err)
	}
	if s.Height != 3 || s.Width != 2 || s.Channels != 3 || s.Classes != 5 || s.Name != "numpy.npz" ||
		!slices.Equal(s.Train.Labels, []int{0, 4}) || !slices.Equal(s.Test.Labels, []int{2}) {
		t.Errorf("%+v: labels %v and %v", s, s.Train.Labels, s.Test.Labels)
	}
	for i, p := range s.Train.Pixels {
		if int(p) != i {
			t.Fatalf("value %d is %d", i, p)
		}
	}
	s, err = Load(filepath.Join("testdata", "floats.npz"), Options{})
	if err != nil || s.Height != 1 || s.Width != 1 || s.Channels != 3 || s.Test != nil ||
		!slices.Equal(s.Train.Floats, []float32{1.5, -2, 1e-40, 3, 4, 5}) {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestDamagedNPZ(t *testing.T) {
	x, y := npyFile("|u1", "(2, 1, 3)", make([]byte, 6)), npyFile("<i8", "(2,)", []int64{0, 1})
	for name, c := range map[string]struct {
		arrays map[string][]byte
		want   string
	}{
		"no arrays":            {nil, "has no array x"},
		"no y":                 {map[string][]byte{"x": x, "labels": y}, "has no array y, only labels, x"},
		"x_test alone":         {map[string][]byte{"x": x, "y": y, "x_test": x}, "has no array y_test"},
		"not an array":         {map[string][]byte{"x": []byte("hello, world"), "y": y}, "starts with 68 65 6c"},
		"a short header":       {map[string][]byte{"x": x[:20], "y": y}, "cut short within its header"},
		"a header of nonsense": {map[string][]byte{"x": []byte("\x93NUMPY\x01\x00\x02\x00{}"), "y": y}, `header "{}"`},
		"a header of 4 GB":     {map[string][]byte{"x": []byte("\x93NUMPY\x02\x00\xff\xff\xff\xff"), "y": y}, "header of 4294967295 bytes"},
		"version 9":            {map[string][]byte{"x": []byte("\x93NUMPY\x09\x00\x02\x00{}"), "y": y}, "version 9.0"},
		"cut":                  {map[string][]byte{"x": x[:len(x)-1], "y": y}, "5 values of the 6"},
		"too long":             {map[string][]byte{"x": append(bytes.Clone(x), 1), "y": y}, "more than the 6 values"},
		"floats cut":           {map[string][]byte{"x": npyFile("<f4", "(2, 3)", make([]float32, 5)), "y": y}, "5 values of the 6"},
		"floats too long":      {map[string][]byte{"x": npyFile("<f4", "(2, 2)", make([]float32, 5)), "y": y}, "more than the 4 values"},
		"a large lie":          {map[string][]byte{"x": npyFile("<f8", "(2000000000, 1)", []float64{1}), "y": y}, "1 values of the 2000000000"},
		"overflow":             {map[string][]byte{"x": npyFile("<f8", "(4294967296, 4294967296)", []float64{1}), "y": y}, "at most 2147483647"},
		"beyond an int":        {map[string][]byte{"x": npyFile("<f8", "(99999999999999999999,)", []float64{1}), "y": y}, "shape (99999999999999999999,)"},
		"no examples":          {map[string][]byte{"x": npyFile("<f8", "(0, 3)", []float64{}), "y": y}, "at least 1"},
		"a scalar":             {map[string][]byte{"x": npyFile("<f8", "()", []float64{1}), "y": y}, "at least 1"},
		"one dimension":        {map[string][]byte{"x": npyFile("<f8", "(2,)", []float64{1, 2}), "y": y}, "want N×D"},
		"complex numbers":      {map[string][]byte{"x": npyFile("<c8", "(1, 1)", []float64{1}), "y": y}, "type c8"},
		"objects":              {map[string][]byte{"x": npyFile("|O", "(1, 1)", []float64{1}), "y": y}, "want descr of a number"},
		"labels of halves":     {map[string][]byte{"x": x, "y": npyFile("<f4", "(2,)", []float32{0, 0.5})}, "value 1 is 0.5, want integers"},
		"one-hot labels":       {map[string][]byte{"x": x, "y": npyFile("|u1", "(2, 2)", []byte{0, 1, 1, 0})}, "y.argmax(1)"},
		"examples last":        {map[string][]byte{"x": npyFile("|u1", "(4, 4, 3)", make([]byte, 48)), "y": npyFile("|u1", "(3,)", []byte{0, 1, 0})}, "np.moveaxis(x, -1, 0)"},
		"three labels":         {map[string][]byte{"x": x, "y": npyFile("|u1", "(3,)", []byte{0, 1, 2})}, "shape 3, want 2"},
		"a negative label":     {map[string][]byte{"x": x, "y": npyFile("|i1", "(2,)", []int8{0, -1})}, "label -1 of example 1"},
		"a huge label":         {map[string][]byte{"x": x, "y": npyFile("<u8", "(2,)", []uint64{0, 1 << 24})}, "labels up to 16777216 of 2 training examples, want classes from 0 on"},
		"a label beyond int64": {map[string][]byte{"x": x, "y": npyFile("<u8", "(2,)", []uint64{0, 1 << 63})}, "beyond an int"},
		"a NaN":                {map[string][]byte{"x": npyFile("<f4", "(2, 2)", []float32{0, 1, 2, float32(math.NaN())}), "y": y}, "value 1 of example 1 is NaN"},
		"an infinity":          {map[string][]byte{"x": npyFile("<f8", "(2, 1)", []float64{math.Inf(-1), 0}), "y": y}, "value 0 of example 0 is -Inf"},
		"beyond float32":       {map[string][]byte{"x": npyFile("<f8", "(2, 1)", []float64{0, 1e39}), "y": y}, "value 1 is 1e+39, beyond float32"},
		"3×2×3 images":         {map[string][]byte{"x": npyFile("|u1", "(2, 3, 2, 3)", make([]byte, 36)), "y": y}, "may be 3×2 with 3 channels, layout NHWC, or 2×3 with 3 channels, layout NCHW"},
		"tests of other size":  {map[string][]byte{"x": x, "y": y, "x_test": npyFile("|u1", "(2, 3, 1)", make([]byte, 6)), "y_test": y}, "x_test is 2×3×1 and x 2×1×3"},
		"tests of other type":  {map[string][]byte{"x": x, "y": y, "x_test": npyFile("<f4", "(2, 1, 3)", make([]float32, 6)), "y_test": y}, "both bytes or both floats"},
	} {
		path := put(t, t.TempDir(), "a.npz", npzFile(t, c.arrays))
		_, err := Load(path, Options{})
		wantIn(t, name, err, path, c.want)
	}
	whole := npzFile(t, map[string][]byte{"x": x, "y": y})
	for name, file := range map[string][]byte{"cut": whole[:len(whole)-30], "empty": nil, "text": []byte("hello")} {
		path := put(t, t.TempDir(), "a.npz", file)
		_, err := Load(path, Options{})
		wantIn(t, name, err, path, "want an NPZ file")
	}
	flipped := bytes.Replace(whole, []byte("'<i8'"), []byte("'<u8'"), 1)
	if bytes.Equal(flipped, whole) { // it was compressed
		i := bytes.Index(whole, []byte("y.npy")) + 20
		flipped[i] ^= 0x10
	}
	if _, err := Load(put(t, t.TempDir(), "a.npz", flipped), Options{}); err == nil {
		t.Error("an archive with a changed byte was read")
	}
	_, err := Load(put(t, t.TempDir(), "a.txt", nil), Options{})
	wantIn(t, "another file", err, "a.txt is a file, want an .npz file")
}

// TestLayouts: dimensions that can be of one layout alone are read so, and said where they are not the usual; others are
// refused.
func TestLayouts(t *testing.T) {
	for _, c := range []struct {
		dims   []int
		layout string
		want   string // of the images; "": refused
		said   bool
	}{
		{[]int{8, 8, 3}, "", "8×8×3", false}, {[]int{3, 8, 8}, "", "8×8×3", true}, {[]int{1, 28, 28}, "", "28×28×1", true},
		{[]int{3, 9, 8}, "", "9×8×3", true}, {[]int{4, 9, 8}, "", "9×8×4", true}, {[]int{9, 8, 3}, "", "9×8×3", false}, {[]int{6, 6, 16}, "", "6×6×16", false},
		{[]int{16, 6, 6}, "", "6×6×16", true}, {[]int{4, 4, 3}, "", "4×4×3", false}, {[]int{1, 1, 7}, "", "1×1×7", false},
		{[]int{1, 1, 1}, "", "1×1×1", false}, {[]int{5, 1, 3}, "", "5×1×3", false},
		{[]int{3, 2, 3}, "", "", false}, {[]int{3, 4, 4}, "", "", false}, {[]int{8, 8, 8}, "", "", false},
		{[]int{1, 9, 8}, "", "", false}, {[]int{6, 7, 5}, "", "", false}, {[]int{7, 1, 1}, "", "", false},
		{[]int{3, 8, 8}, "NHWC", "3×8×8", false}, {[]int{3, 2, 3}, "NCHW", "2×3×3", false}, {[]int{8, 8, 8}, "NHWC", "8×8×8", false},
	} {
		n := c.dims[0] * c.dims[1] * c.dims[2]
		x := make([]byte, 2*n)
		for i := range x {
			x[i] = byte(i)
		}
		shape := fmt.Sprintf("(2, %d, %d, %d)", c.dims[0], c.dims[1], c.dims[2])
		file := npzFile(t, map[string][]byte{"x": npyFile("|u1", shape, x), "y": npyFile("|u1", "(2,)", []byte{0, 1})})
		s, err := Load(put(t, t.TempDir(), "a.npz", file), Options{Layout: c.layout})
		if c.want == "" {
			wantIn(t, shape, err, "say which")
			continue
		}
		if err != nil {
			t.Errorf("%s %s: %v", shape, c.layout, err)
			continue
		}
		if got := sizes([]int{s.Height, s.Width, s.Channels}); got != c.want || (len(s.Notes) > 0) != c.said {
			t.Errorf("%s %s: images of %s, %q, want %s", shape, c.layout, got, s.Notes, c.want)
		}
		last := c.layout == "NHWC" || c.layout == "" && !c.said
		for i := range 2 * n { // the last index of each layout runs fastest
			h, w, ch := i%n/(s.Width*s.Channels), i/s.Channels%s.Width, i%s.Channels
			want := i
			if !last {
				want = i/n*n + (ch*s.Height+h)*s.Width + w
			}
			if s.Train.Pixels[i] != byte(want) {
				t.Fatalf("%s %s: value %d is %d, want %d", shape, c.layout, i, s.Train.Pixels[i], byte(want))
			}
		}
	}
}

// TestPartNames: parts under the names of others; what is left out, and how labels are meant, is said.
func TestPartNames(t *testing.T) {
	x := func(v byte) []byte { return npyFile("|u1", "(2, 1)", []byte{v, v}) }
	y := npyFile("|u1", "(2, 1)", []byte{0, 1}) // a column, as Keras has for CIFAR
	for _, c := range []struct {
		arrays map[string][]byte
		test   int // the value of the test part, −1: none
		notes  []string
	}{
		{map[string][]byte{"x": x(1), "y": y, "x_test": x(2), "y_test": y}, 2, nil},
		{map[string][]byte{"x_train": x(1), "y_train": y, "x_test": x(2), "y_test": y}, 2, nil},
		{map[string][]byte{"X_train": x(1), "y_train": y, "X_test": x(2), "y_test": y}, 2, nil},
		{map[string][]byte{"train_images": x(1), "train_labels": y, "val_images": x(3), "val_labels": y, "test_images": x(2), "test_labels": y}, 2,
			[]string{"left out: the arrays val_images, val_labels"}},
		{map[string][]byte{"x_train": x(1), "y_train": y, "x_val": x(3), "y_val": y}, 3, []string{"x_val is the test part, since there is no x_test"}},
		{map[string][]byte{"x": x(1), "y": npyFile("<f8", "(1, 2)", []float64{0, 1})}, -1, nil}, // a row, as scipy.io.loadmat has
		{map[string][]byte{"x": x(1), "y": npyFile("|b1", "(2,)", []byte{0, 1}), "ids": y}, -1, []string{"left out: the arrays ids"}},
		{map[string][]byte{"x": x(1), "y": npyFile("|u1", "(2,)", []byte{0, 7})}, -1, []string{"no training examples of 1 to 6 in the classes 0 to 7"}},
		{map[string][]byte{"x": x(1), "y": npyFile("|u1", "(2,)", []byte{2, 1})}, -1, []string{"no training examples of 0 in the classes 0 to 2"}},
		{map[string][]byte{"x": npyFile("<i8", "(2, 1)", []int64{1, 1}), "y": y}, -1, []string{"x is of type i8: its numbers are taken as they are"}},
	} {
		s, err := Load(put(t, t.TempDir(), "a.npz", npzFile(t, c.arrays)), Options{})
		names := slices.Sorted(maps.Keys(c.arrays))
		if err != nil {
			t.Errorf("%v: %v", names, err)
			continue
		}
		first := func(p *Split) int {
			switch {
			case p == nil:
				return -1
			case p.Pixels == nil:
				return int(p.Floats[0])
			}
			return int(p.Pixels[0])
		}
		if first(s.Train) != 1 || first(s.Test) != c.test || len(s.Train.Labels) != 2 {
			t.Errorf("%v: %d and %d, labels %v", names, first(s.Train), first(s.Test), s.Train.Labels)
		}
		wantNotes(t, fmt.Sprint(names), s, c.notes...)
	}
}

// wantNotes asks for as many notes, with these words in them.
func wantNotes(t *testing.T, what string, s *Set, want ...string) {
	t.Helper()
	ok := len(s.Notes) == len(want)
	for i := 0; ok && i < len(want); i++ {
		ok = strings.Contains(s.Notes[i], want[i])
	}
	if !ok {
		t.Errorf("%s: notes are %q, want %q", what, s.Notes, want)
	}
}

// FuzzReadNPY: whatever the file, reading ends in an error or in as many values as the header says.
func FuzzReadNPY(f *testing.F) {
	f.Add(npyFile("|u1", "(2, 1, 3)", make([]byte, 6)))
	f.Add(npyFile("<f8", "(2, 3)", make([]float64, 6)))
	f.Add(npyFile("<i4", "(3,)", []int32{1, -2, 3}))
	f.Add([]byte("\x93NUMPY\x02\x00\xff\xff\xff\xff"))
	f.Add([]byte("\x93NUMPY\x01\x00\x02\x00{}"))
	f.Fuzz(func(t *testing.T, file []byte) {
		r := bytes.NewReader(file)
		a, err := readNPYHeader(r)
		if err != nil {
			return
		}
		n := 0
		switch a.typ() {
		case "f2", "f4", "f8", "b1":
			var v []float32
			v, err = a.floats(r)
			n = len(v)
		case "u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8":
			var v []int
			v, err = a.ints(r)
			n = len(v)
		default:
			return
		}
		if err == nil && (n != a.n || r.Len() != 0) {
			t.Fatalf("%d values, want %d of %s; %d bytes are left", n, a.n, a, r.Len())
		}
	})
}

// FuzzReadNPZ: whatever the archive, reading ends in an error or in a part that holds together.
func FuzzReadNPZ(f *testing.F) {
	f.Add(npzFile(f, map[string][]byte{"x": npyFile("|u1", "(2, 1, 3)", make([]byte, 6)), "y": npyFile("|u1", "(2,)", []byte{0, 1})}))
	f.Add(npzFile(f, map[string][]byte{"x": npyFile("<f4", "(1, 2)", make([]float32, 2)), "y": npyFile("|u1", "(1,)", []byte{0})})[:200])
	f.Fuzz(func(t *testing.T, file []byte) {
		z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return
		}
		s, err := readNPZ(z, Options{Layout: Layouts[len(file)%2]})
		if err != nil {
			return
		}
		if s.Train.values() != s.Train.N()*s.Values() || s.Train.N() == 0 {
			t.Fatalf("%d values, %d labels, %d×%d×%d", s.Train.values(), s.Train.N(), s.Height, s.Width, s.Channels)
		}
	})
}
