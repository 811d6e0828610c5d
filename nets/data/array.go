package data

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// An Array is a NumPy array of numbers.
type Array struct {
	Shape  []int
	Values []float64 // in C order
}

// Rows returns a as a matrix: of one dimension, its values are rows of one; of more than two, those after
// the first lie in a row.
func (a Array) Rows() (rows, cols int) { return a.Shape[0], len(a.Values) / a.Shape[0] }

// ReadArray reads an NPY file of float16, float32, float64, integers or bool, in C or in Fortran order; or an array of
// an NPZ file: the only one, or with file.npz:name the named one. An integer that float64 would round is an error. The
// error wraps [ErrNoData] if there is no such array, and [ErrUnfit] if it is damaged or does not hold numbers.
func ReadArray(path string) (a Array, err error) {
	err = openArray(path, func(h npy, r io.Reader, size int64) error {
		a.Shape = h.dims
		a.Values, err = numbers(h, r, size/int64(max(1, h.size)), func(x float64) (float64, error) { return x, nil })
		return err
	})
	return a, err
}

// openArray calls read with the header of the array of that path, and its values, which are at most size bytes.
func openArray(path string, read func(h npy, r io.Reader, size int64) error) error {
	file, name := path, ""
	f, err := os.Open(file)
	if i := strings.LastIndexByte(path, ':'); errors.Is(err, fs.ErrNotExist) && i > 0 {
		file, name = path[:i], path[i+1:]
		if g, err2 := os.Open(file); err2 == nil {
			f, err = g, nil
		}
	}
	if err != nil {
		return err // which names the file
	}
	defer f.Close()
	if err := arrayIn(f, name, read); err != nil {
		return unfit(fmt.Errorf("%s: %w", file, err))
	}
	return nil
}

func arrayIn(f *os.File, name string, read func(h npy, r io.Reader, size int64) error) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.IsDir() {
		return noData{errors.New("a folder, want an NPY or an NPZ file")}
	}
	r := bufio.NewReaderSize(f, 1<<16)
	if magic, _ := r.Peek(4); string(magic) != "PK\x03\x04" && string(magic) != "PK\x05\x06" {
		if name != "" {
			return noData{fmt.Errorf("not an NPZ file, and so without an array %s", name)}
		}
		h, err := readNPYHeader(r)
		if err != nil {
			return err
		}
		return read(h, r, info.Size())
	}
	z, err := zip.NewReader(f, info.Size())
	if err != nil {
		return fmt.Errorf("damaged NPZ file: %w", err)
	}
	if name, err = only(z, name); err != nil {
		return err
	}
	size := 1032 * info.Size() // deflate makes no more of a byte
	if f := entry(z, name); f != nil {
		size = int64(min(f.UncompressedSize64, uint64(size)))
	}
	return readEntry(z, name, func(h npy, r io.Reader) error { return read(h, r, size) })
}

// only is name, or that of the only array of z.
func only(z *zip.Reader, name string) (string, error) {
	var have []string
	for _, f := range z.File {
		if s, ok := strings.CutSuffix(f.Name, ".npy"); ok {
			have = append(have, s)
		}
	}
	switch {
	case name != "": // if it is missing, readEntry lists the others
		return name, nil
	case len(have) == 0:
		return "", noData{errors.New("an NPZ file without arrays")}
	case len(have) > 1:
		return "", noData{fmt.Errorf("has %d arrays, %s: say which, as in FILE.npz:%s", len(have), strings.Join(have, ", "), have[0])}
	}
	return have[0], nil
}
