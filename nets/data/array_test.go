package data

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hebb/internal/must"
)

// TestReadArray: numbers of every type, shape and order, alone or in an archive.
func TestReadArray(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, b []byte) string {
		t.Helper()
		path := filepath.Join(dir, name)
		must.Do(t, os.WriteFile(path, b, 0o666))
		return path
	}
	big := npyFile(">i2", "(2,)", []int16{0, 0})
	binary.BigEndian.PutUint16(big[len(big)-4:], 0xfffe)
	binary.BigEndian.PutUint16(big[len(big)-2:], 300)
	archive := npzFile(t, map[string][]byte{"a": npyFile("<f4", "(2, 1)", []float32{0.5, -3}), "b:c": npyFile("|u1", "(1, 3)", []byte{7, 8, 255})})
	for _, c := range []struct {
		path       string
		want       []float64
		rows, cols int
	}{
		{put("f4.npy", npyFile("<f4", "(2, 2)", []float32{1, float32(math.Inf(1)), 0.1, -4})), []float64{1, math.Inf(1), float64(float32(0.1)), -4}, 2, 2},
		{put("f8.npy", npyFile("<f8", "(3,)", []float64{0.1, 1e300, -0})), []float64{0.1, 1e300, 0}, 3, 1},
		{put("i8.npy", npyFile("<i8", "(2, 1, 2)", []int64{-1, 1 << 40, math.MinInt64, 5})), []float64{-1, 1 << 40, math.MinInt64, 5}, 2, 2},
		{put("u8.npy", npyFile("<u8", "(1,)", []uint64{1 << 63})), []float64{0x1p63}, 1, 1},
		{put("f2.npy", npyFile("<f2", "(5,)", []uint16{0x3c00, 0xc500, 0x0001, 0x7bff, 0x7c00})), []float64{1, -5, 0x1p-24, 65504, math.Inf(1)}, 5, 1},
		{put("bool.npy", npyFile("|b1", "(3,)", []byte{1, 0, 1})), []float64{1, 0, 1}, 3, 1},
		{put("matlab.npy", fortran(npyFile("<f8", "(2, 3)", []float64{1, 4, 2, 5, 3, 6}))), []float64{1, 2, 3, 4, 5, 6}, 2, 3},
		{put("cube.npy", fortran(npyFile("<f4", "(2, 2, 2)", []float32{1, 5, 3, 7, 2, 6, 4, 8}))), []float64{1, 2, 3, 4, 5, 6, 7, 8}, 2, 4},
		{put("column.npy", fortran(npyFile("<f8", "(3, 1)", []float64{1, 2, 3}))), []float64{1, 2, 3}, 3, 1},
		{put("i1.npy", npyFile("|i1", "(2,)", []int8{-128, 127})), []float64{-128, 127}, 2, 1},
		{put("big.npy", big), []float64{-2, 300}, 2, 1},
		{put("one.npz", npzFile(t, map[string][]byte{"a": npyFile("<u2", "(1, 2)", []uint16{1, 65535})})), []float64{1, 65535}, 1, 2},
		{put("two.npz", archive) + ":a", []float64{0.5, -3}, 2, 1},
		{put("with:colon.npy", npyFile("<f4", "(1,)", []float32{2})), []float64{2}, 1, 1},
	} {
		a, err := ReadArray(c.path)
		if err != nil {
			t.Error(err)
			continue
		}
		if rows, cols := a.Rows(); !slices.Equal(a.Values, c.want) || rows != c.rows || cols != c.cols {
			t.Errorf("%s: %v of %d×%d, want %v of %d×%d", c.path, a.Values, rows, cols, c.want, c.rows, c.cols)
		}
	}

	bad := slices.Clone(archive)
	bad[60] ^= 0xff // within what is left of a by deflate
	for _, c := range []struct{ path, want string }{
		{filepath.Join(dir, "none.npy"), "none.npy: no such file"},
		{filepath.Join(dir, "absent.npz:a"), "absent.npz:a: no such file"},
		{dir, "a folder, want an NPY or an NPZ file"},
		{filepath.Join(dir, "two.npz"), "two.npz: has 2 arrays, a, b:c: say which, as in FILE.npz:a"},
		{filepath.Join(dir, "two.npz:x"), "two.npz: has no array x, only a, b:c"},
		{filepath.Join(dir, "f4.npy:x"), "f4.npy: not an NPZ file, and so without an array x"},
		{put("none.npz", npzFile(t, nil)), "an NPZ file without arrays"},
		{put("cut.npz", archive[:len(archive)-30]), "damaged NPZ file"},
		{put("bad.npz", bad) + ":a", "array a: "},
		{put("text.npy", []byte("1 2 3 4 5 6")), "starts with"},
		{put("c8.npy", npyFile("<c8", "(1,)", []float32{1, 2})), "type c8, want f2, f4 or f8 (float16 to float64), integers, i1 to i8 or u1 to u8, or b1"},
		{put("i53.npy", npyFile("<i8", "(2,)", []int64{1 << 53, 1<<53 + 1})), "value 1 is 9007199254740993, which float64 would round"},
		{put("u64.npy", npyFile("<u8", "(1,)", []uint64{math.MaxUint64})), "value 0 is 18446744073709551615, which float64 would round"},
		{put("f0.npy", npyFile("<f0", "(1,)", []byte{})), "type f0"},
		{put("cut.npy", npyFile("<f8", "(1000000000,)", []float64{1, 2})), "cut short: 2 values of the 1000000000"},
	} {
		if a, err := ReadArray(c.path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v, want %q", c.path, a, err, c.want)
		}
	}
}
