package data

import (
	"archive/zip"
	"fmt"
	"io"
	"slices"
	"strings"
)

// loadNPZ reads the arrays x, y and, if both are there, x_test and y_test.
func loadNPZ(path string) (*Set, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("%s: want an NPZ file, which is a zip archive: %w", path, err)
	}
	defer z.Close()
	s, err := readNPZ(&z.Reader)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

func readNPZ(z *zip.Reader) (*Set, error) {
	train, dims, err := readNPZPart(z, "x", "y")
	if err != nil {
		return nil, err
	}
	s := &Set{Height: 1, Width: 1, Train: train}
	switch size := dims[1:]; len(size) {
	case 1:
		s.Channels = size[0]
	case 2:
		s.Height, s.Width, s.Channels = size[0], size[1], 1
	case 3:
		s.Height, s.Width, s.Channels = size[0], size[1], size[2]
	}
	if entry(z, "x_test") == nil && entry(z, "y_test") == nil {
		return s, nil
	}
	test, testDims, err := readNPZPart(z, "x_test", "y_test")
	if err != nil {
		return nil, err
	}
	if !slices.Equal(testDims[1:], dims[1:]) || (test.Pixels == nil) != (train.Pixels == nil) {
		return nil, fmt.Errorf("x_test is %s and x %s, want them alike but for the first dimension, and both bytes or both floats",
			sizes(testDims), sizes(dims))
	}
	s.Test = test
	return s, nil
}

// readNPZPart returns the dimensions of x too.
func readNPZPart(z *zip.Reader, x, y string) (s *Split, dims []int, err error) {
	s = new(Split)
	err = readEntry(z, x, func(a npy, r io.Reader) (err error) {
		dims = a.dims
		switch {
		case len(dims) < 2 || len(dims) > 4:
			return fmt.Errorf("shape %s, want N×D, N×H×W or N×H×W×C", a)
		case a.typ() == "u1":
			s.Pixels, err = readAll(r, a.n, a)
		case a.typ() == "f4" || a.typ() == "f8":
			s.Floats, err = a.floats(r)
		default:
			return fmt.Errorf("type %s, want u1 (uint8), f4 or f8 (float32 or float64)", a.typ())
		}
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	err = readEntry(z, y, func(a npy, r io.Reader) (err error) {
		switch {
		case len(a.dims) != 1 || a.dims[0] != dims[0]:
			return fmt.Errorf("shape %s, want %d, a label for each example of %s (%s)", a, dims[0], x, sizes(dims))
		case !slices.Contains([]string{"i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"}, a.typ()):
			return fmt.Errorf("type %s, want integers", a.typ())
		}
		s.Labels, err = a.ints(r)
		return err
	})
	return s, dims, err
}

func entry(z *zip.Reader, name string) *zip.File {
	for _, f := range z.File {
		if f.Name == name+".npy" {
			return f
		}
	}
	return nil
}

// readEntry calls read with the header of an array and its data.
func readEntry(z *zip.Reader, name string, read func(npy, io.Reader) error) error {
	f := entry(z, name)
	if f == nil {
		var have []string
		for _, f := range z.File {
			have = append(have, strings.TrimSuffix(f.Name, ".npy"))
		}
		return fmt.Errorf("has no array %s, only %s", name, strings.Join(have, ", "))
	}
	r, err := f.Open()
	if err != nil {
		return fmt.Errorf("array %s: %w", name, err)
	}
	defer r.Close()
	a, err := readNPYHeader(r)
	if err == nil {
		err = read(a, r)
	}
	if err != nil {
		return fmt.Errorf("array %s: %w", name, err)
	}
	return nil
}
