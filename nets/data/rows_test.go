package data

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hebb/internal/must"
)

// partsOf reads an array in two parts of its rows, cut at each place, and returns its checksum.
func partsOf(t *testing.T, path string, a Array) (checksum string) {
	t.Helper()
	rows, cols := a.Rows()
	for cut := range rows + 1 {
		for _, of := range [][2]int{{0, cut}, {cut, rows}} {
			p := must.Get(ReadRows(path, func(n int) (lo, hi int) {
				if n != rows {
					t.Errorf("%s has %d rows, want %d", path, n, rows)
				}
				return of[0], of[1]
			}))(t)
			want := Part{rows, cols, of[0], of[1], a.Values[of[0]*cols : of[1]*cols], p.Checksum}
			if !slices.Equal(p.Values, want.Values) || fmt.Sprint(p) != fmt.Sprint(want) {
				t.Errorf("%s: %+v, want rows %v of %v", path, p, of, a)
			}
			if checksum == "" {
				checksum = p.Checksum
			}
			if p.Checksum != checksum {
				t.Errorf("%s: rows %v have the checksum %s, others %s", path, of, p.Checksum, checksum)
			}
		}
	}
	return checksum
}

// TestReadRows: the parts of an array are its rows in either order, compressed or not; the checksum is of all, and of
// nothing else.
func TestReadRows(t *testing.T) {
	dir := t.TempDir()
	seen := map[string]string{}
	values := []float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	for name, b := range map[string][]byte{
		"c.npy":      npyFile("<f4", "(3, 2, 2)", values),
		"f.npy":      fortran(npyFile("<f4", "(3, 2, 2)", values)),
		"line.npy":   npyFile("<f4", "(12,)", values),
		"column.npy": fortran(npyFile("<f4", "(12, 1)", values)), "wide.npy": fortran(npyFile("<f4", "(2, 6)", values)),
		"other.npy": npyFile("<f4", "(3, 2, 2)", append([]float32{0}, values[1:]...)),
	} {
		path := filepath.Join(dir, name)
		must.Do(t, os.WriteFile(path, b, 0o666))
		a := must.Get(ReadArray(path))(t)
		sum := partsOf(t, path, a)
		if other := seen[sum]; other != "" {
			t.Errorf("%s and %s have one checksum", name, other)
		}
		seen[sum] = name
		packed := filepath.Join(dir, name+".npz")
		must.Do(t, os.WriteFile(packed, npzFile(t, map[string][]byte{"x": b, "y": b[:len(b)-1]}), 0o666))
		if s := partsOf(t, packed+":x", a); s != sum {
			t.Errorf("%s has the checksum %s in an archive, and %s alone", name, s, sum)
		}
	}
	whole := func(rows int) (lo, hi int) { return 0, rows }
	good, odd := npyFile("<i8", "(2, 2)", []int64{1, 2, 3, 4}), npyFile("<i8", "(2, 2)", []int64{1, 1<<53 + 1, 3, 4})
	for name, c := range map[string]struct {
		bytes []byte
		want  string
	}{
		"cut.npy":    {good[:len(good)-1], "cut short: 3 values of the 4"},
		"long.npy":   {append(slices.Clone(good), 0), "more than the 4 values"},
		"absurd.npy": {npyFile("<f8", "(1000000000,)", []float64{1, 2}), "values of the 1000000000"},
		"i53.npy":    {odd, "value 1 is 9007199254740993, which float64 would round"},
		"text.npy":   {[]byte("1 2 3 4 5 6"), "starts with"},
	} {
		path := filepath.Join(dir, name)
		must.Do(t, os.WriteFile(path, c.bytes, 0o666))
		if p, err := ReadRows(path, whole); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %+v, %v, want %q", name, p, err, c.want)
		}
	}
	second := func(int) (lo, hi int) { return 1, 2 }
	if p := must.Get(ReadRows(filepath.Join(dir, "i53.npy"), second))(t); !slices.Equal(p.Values, []float64{3, 4}) {
		t.Errorf("the second row is %v", p.Values)
	}
}
