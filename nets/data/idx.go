package data

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// idxClasses is how many classes MNIST and the data sets in its format have.
const idxClasses = 10

// An idx is an array of bytes as an IDX file holds it: two zeros, the type (8: unsigned bytes),
// the number of dimensions, each dimension as 32 bits with the highest first, and the values
// (LeCun, Cortes and Burges, "The MNIST database", file formats).
type idx struct {
	dims []int
	data []byte
}

func isIDX(dir string) bool { return len(idxSets(dir)) > 0 }

// idxSets returns how the names of the files of each set in dir begin: with nothing for MNIST's, with emnist-letters- and
// the like for EMNIST's.
func idxSets(dir string) (sets []string) {
	if slices.ContainsFunc(spellings(dir, "train", "images", 3), isFile) {
		sets = append(sets, "")
	}
	found, _ := fs.Glob(os.DirFS(dir), "emnist-*-train-images-idx3-ubyte*") // of which the pattern is sound
	for _, name := range found {
		set, _, _ := strings.Cut(name, "train-")
		if !slices.Contains(sets, set) {
			sets = append(sets, set)
		}
	}
	return sets
}

// loadIDX reads train-images-idx3-ubyte and its like, with or without .gz; the older spelling with
// a dot before idx is read too. Of a folder of several sets the path is that of the images to train on.
func loadIDX(path string, _ Options) (*Set, error) {
	dir, sets := path, idxSets(path)
	if isFile(path) {
		set, _, _ := strings.Cut(filepath.Base(path), "train-images")
		dir, sets = filepath.Dir(path), []string{set}
	}
	if len(sets) > 1 {
		return nil, fmt.Errorf("%s has the sets of %strain-images-idx3-ubyte: say which, by the path of that file",
			dir, strings.Join(sets, "train-images-idx3-ubyte, "))
	}
	s := &Set{Classes: idxClasses, Channels: 1}
	test := sets[0] + "t10k"
	emnist := strings.HasPrefix(sets[0], "emnist-")
	if emnist {
		s.Classes, test = 0, sets[0]+"test"
	}
	size, train, err := loadIDXPart(dir, sets[0]+"train")
	if err != nil {
		return nil, err
	}
	s.Train, s.Height, s.Width = train, size[0], size[1]
	tests := append(spellings(dir, test, "images", 3), spellings(dir, test, "labels", 1)...)
	if slices.ContainsFunc(tests, isFile) {
		if size, s.Test, err = loadIDXPart(dir, test); err != nil {
			return nil, err
		}
		if want := []int{s.Height, s.Width}; !slices.Equal(size, want) {
			return nil, fmt.Errorf("%s: test images of %s, want %s as the training images", dir, sizes(size), sizes(want))
		}
	}
	if emnist {
		s.transpose()
		s.note("EMNIST's files hold images with rows for columns: they are turned upright")
	}
	return s, nil
}

// transpose takes rows for columns in images of one channel.
func (s *Set) transpose() {
	d := s.Height * s.Width
	for _, p := range []*Split{s.Train, s.Test} {
		if p == nil {
			continue
		}
		for i := 0; i < len(p.Pixels); i += d {
			lying := slices.Clone(p.Pixels[i:][:d])
			for k, v := range lying {
				p.Pixels[i+k%s.Width*s.Height+k/s.Width] = v
			}
		}
	}
	s.Height, s.Width = s.Width, s.Height
}

// loadIDXPart returns the height and width of the images too.
func loadIDXPart(dir, part string) (size []int, s *Split, err error) {
	pixels, from, err := openIDX(3, spellings(dir, part, "images", 3))
	if err != nil {
		return nil, nil, fmt.Errorf("images: %w", err)
	}
	labels, labelsFrom, err := openIDX(1, spellings(dir, part, "labels", 1))
	if err != nil {
		return nil, nil, fmt.Errorf("labels: %w", err)
	}
	if len(labels.data) != pixels.dims[0] {
		return nil, nil, fmt.Errorf("%s has %d images and %s %d labels, want as many",
			from, pixels.dims[0], labelsFrom, len(labels.data))
	}
	s = &Split{Pixels: pixels.data, Labels: make([]int, len(labels.data))}
	for i, l := range labels.data {
		s.Labels[i] = int(l)
	}
	return pixels.dims[1:], s, nil
}

func spellings(dir, part, kind string, dims int) (names []string) {
	for _, sep := range []string{"-", "."} {
		name := filepath.Join(dir, fmt.Sprintf("%s-%s%sidx%d-ubyte", part, kind, sep, dims))
		names = append(names, name, name+".gz")
	}
	return names
}

// openIDX reads the first file of names that exists.
func openIDX(dims int, names []string) (idx, string, error) {
	for _, name := range names {
		f, err := os.Open(name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return idx{}, name, err
		}
		defer f.Close()
		a, err := readIDX(f, dims)
		if err != nil {
			return idx{}, name, fmt.Errorf("%s: %w", name, err)
		}
		return a, name, nil
	}
	return idx{}, "", fmt.Errorf("none of %s", strings.Join(names, ", "))
}

// readIDX reads one array of the given number of dimensions, compressed by gzip or not. It trusts
// nothing that the header says: memory grows with what is really read.
func readIDX(r io.Reader, dims int) (idx, error) {
	plain, err := unzipped(r)
	if err != nil {
		return idx{}, err
	}
	a, n, err := readIDXHeader(plain, dims)
	if err != nil {
		return idx{}, err
	}
	a.data, err = readAll(plain, n, a)
	return a, err
}

// readAll reads the n values that are all that is left of r; a stands for the array in messages.
func readAll(r io.Reader, n int, a fmt.Stringer) ([]byte, error) {
	var data bytes.Buffer
	got, err := io.Copy(&data, io.LimitReader(r, int64(n)+1)) // one more, to see the end
	switch {
	case err != nil:
		return nil, fmt.Errorf("damaged after %d of %d values: %w", got, n, err)
	case got < int64(n):
		return nil, fmt.Errorf("cut short: %d values of the %d that its header announces (%s)", got, n, a)
	case got > int64(n):
		return nil, fmt.Errorf("more than the %d values that its header announces (%s)", n, a)
	}
	return data.Bytes(), nil
}

// unzipped looks at the contents, since names lie about them.
func unzipped(r io.Reader) (io.Reader, error) {
	b := bufio.NewReader(r)
	if head, _ := b.Peek(2); !bytes.Equal(head, []byte{0x1f, 0x8b}) {
		return b, nil
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		return nil, fmt.Errorf("damaged gzip header: %w", err)
	}
	return z, nil
}

// readIDXHeader returns an array without its values, and how many they should be.
func readIDXHeader(r io.Reader, dims int) (a idx, n int, err error) {
	head := make([]byte, 4+4*dims)
	got, err := io.ReadFull(r, head)
	if want := []byte{0, 0, 8, byte(dims)}; got >= 4 && !bytes.Equal(head[:4], want) {
		return a, 0, fmt.Errorf("starts with % x, want % x: an IDX file of unsigned bytes in %d dimensions%s",
			head[:4], want, dims, mistaken(head))
	}
	switch {
	case got == 0 && errors.Is(err, io.EOF):
		return a, 0, errors.New("empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return a, 0, fmt.Errorf("cut short: %d bytes, want a header of %d", got, len(head))
	case err != nil:
		return a, 0, fmt.Errorf("damaged within the header: %w", err)
	}
	for k := range dims {
		a.dims = append(a.dims, int(binary.BigEndian.Uint32(head[4+4*k:])))
	}
	n, ok := product(a.dims)
	if !ok || n == 0 {
		return a, 0, fmt.Errorf("header announces %v values, want dimensions of at least 1 and at most %d values", a, maxValues)
	}
	return a, n, nil
}

// product returns the number of values of an array, and whether it is at most maxValues.
func product(dims []int) (n int, ok bool) {
	n = 1
	for _, d := range dims {
		if d < 0 || d > 0 && n > maxValues/d {
			return 0, false
		}
		n *= d
	}
	return n, true
}

// mistaken describes a file with another beginning.
func mistaken(head []byte) string {
	switch {
	case head[0] == 0 && head[1] == 0 && head[2] == 8 && head[3] == 1:
		return "; it looks like labels"
	case head[0] == 0 && head[1] == 0 && head[2] == 8 && head[3] == 3:
		return "; it looks like images"
	}
	return ""
}

func (a idx) String() string { return sizes(a.dims) }

// sizes writes dimensions as 2×3×4.
func sizes(dims []int) string {
	s := make([]string, len(dims))
	for k, d := range dims {
		s[k] = fmt.Sprint(d)
	}
	return strings.Join(s, "×")
}
