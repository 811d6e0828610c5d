package data

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestWriteNPZ: what is written is read back, value by value, and lies where NumPy wants it.
func TestWriteNPZ(t *testing.T) {
	path := filepath.Join(t.TempDir(), "all.npz")
	floats := Floats{0, -1.5, math.MaxFloat32, float32(math.SmallestNonzeroFloat32), float32(math.Inf(1)), 7}
	ints := Ints{0, -1, 1 << 40}
	var b bytes.Buffer
	err := WriteNPZ(&b, Output{"floats", []int{3, 1, 2}, floats}, Output{"ints", []int{3}, ints}, Output{"texts", []int{2}, Texts{"Ankle boot", "Øl"}})
	if err == nil {
		err = os.WriteFile(path, b.Bytes(), 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	a, err := ReadArray(path + ":floats")
	if err != nil || !slices.Equal(a.Shape, []int{3, 1, 2}) {
		t.Fatal(a.Shape, err)
	}
	for i, v := range floats {
		if a.Values[i] != float64(v) {
			t.Errorf("value %d is %g, want %g", i, a.Values[i], v)
		}
	}
	if a, err = ReadArray(path + ":ints"); err != nil || !slices.Equal(a.Values, []float64{0, -1, 1 << 40}) || !slices.Equal(a.Shape, []int{3}) {
		t.Error(a, err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	f, err := entry(z, "texts").Open()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	begin := 10 + int(binary.LittleEndian.Uint16(raw[8:]))
	if head := string(raw[:begin]); begin%64 != 0 || !strings.Contains(head, "'descr': '<U10'") || !strings.Contains(head, "'shape': (2,)") || !strings.HasSuffix(head, "\n") {
		t.Errorf("the header is %q", head)
	}
	text := make([]rune, 20)
	if n, err := binary.Decode(raw[begin:], binary.LittleEndian, text); err != nil || n != len(raw)-begin || string(text) != "Ankle boot"+"Øl"+strings.Repeat("\x00", 8) {
		t.Errorf("the texts are %q, %d of %d bytes, %v", string(text), n, len(raw)-begin, err)
	}
	if err := WriteNPY(io.Discard, Output{"x", []int{2, 2}, Floats{1, 2, 3}}); err == nil || !strings.Contains(err.Error(), "3 values for the shape 2×2") {
		t.Error(err)
	}
}
