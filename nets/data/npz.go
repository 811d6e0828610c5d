package data

import (
	"archive/zip"
	"fmt"
	"io"
	"slices"
	"strings"

	"hebb/internal/count"
)

// arrays are the names of a part's examples and labels.
type arrays struct{ x, y string }

// partNames are the names of the parts of a set. The first that tests is the test part.
type partNames struct {
	train arrays
	tests []arrays
}

// npzNames are the names under which the parts of a set are found, in capitals too.
var npzNames = []partNames{
	{arrays{"x", "y"}, []arrays{{"x_test", "y_test"}, {"x_val", "y_val"}}},
	{arrays{"x_train", "y_train"}, []arrays{{"x_test", "y_test"}, {"x_val", "y_val"}}},                               // Keras
	{arrays{"train_images", "train_labels"}, []arrays{{"test_images", "test_labels"}, {"val_images", "val_labels"}}}, // MedMNIST
}

// loadNPZ reads the arrays of the training part and, if both are there, those of a test part.
func loadNPZ(path string, o Options) (*Set, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("%s: want an NPZ file, which is a zip archive: %w", path, err)
	}
	defer z.Close()
	s, err := readNPZ(&z.Reader, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// namesIn returns the names that the arrays of z have.
func namesIn(z *zip.Reader) partNames {
	for _, n := range npzNames {
		if entry(z, n.train.x) != nil {
			return n
		}
	}
	return npzNames[0]
}

// testNames returns the names of the test part, if there is one.
func (s *Set) testNames(z *zip.Reader, names partNames) (n arrays, ok bool) {
	for _, n := range names.tests {
		if entry(z, n.x) == nil && entry(z, n.y) == nil {
			continue
		}
		if n != names.tests[0] {
			s.note("%s is the test part, since there is no %s", n.x, names.tests[0].x)
		}
		return n, true
	}
	return n, false
}

func readNPZ(z *zip.Reader, o Options) (*Set, error) {
	if o.Sequences {
		return readSequences(z)
	}
	names, s := namesIn(z), &Set{Height: 1, Width: 1}
	var dims, testDims []int
	var err error
	if s.Train, dims, err = s.readNPZPart(z, names.train); err != nil {
		return nil, err
	}
	planes, err := s.shape(names.train.x, dims, o.Layout)
	if err != nil {
		return nil, err
	}
	read := []string{names.train.x, names.train.y}
	if n, ok := s.testNames(z, names); ok {
		if s.Test, testDims, err = s.readNPZPart(z, n); err != nil {
			return nil, err
		}
		if !slices.Equal(testDims[1:], dims[1:]) || (s.Test.Pixels == nil) != (s.Train.Pixels == nil) {
			return nil, fmt.Errorf("%s is %s and %s %s, want them alike but for the first dimension, and both bytes or both floats",
				n.x, sizes(testDims), names.train.x, sizes(dims))
		}
		read = append(read, n.x, n.y)
	}
	if planes {
		s.channelsLast(s.Train)
		s.channelsLast(s.Test)
	}
	s.sayUnread(z, read)
	return s, nil
}

// sayUnread notes arrays that are in z, and no part of s.
func (s *Set) sayUnread(z *zip.Reader, read []string) {
	var left []string
	for _, name := range entries(z) {
		if !slices.ContainsFunc(read, func(r string) bool { return strings.EqualFold(r, name) }) {
			left = append(left, name)
		}
	}
	if len(left) > 0 {
		s.note("left out: the arrays %s", strings.Join(left, ", "))
	}
}

// readNPZPart returns the dimensions of x too.
func (s *Set) readNPZPart(z *zip.Reader, names arrays) (p *Split, dims []int, err error) {
	p = new(Split)
	err = readEntry(z, names.x, func(a npy, r io.Reader) (err error) {
		dims = a.dims
		switch {
		case len(dims) < 2 || len(dims) > 4:
			return fmt.Errorf("shape %s, want N×D, N×H×W or N×H×W×C", a)
		case a.typ() == "u1":
			p.Pixels, err = readAll(r, a.n, a)
			if err == nil {
				p.Pixels = inC(a, p.Pixels)
			}
			return err
		case a.kind != 'f':
			s.note("%s is of type %s: its numbers are taken as they are, since those of u1 (uint8) alone stand for 0 to 1", names.x, a.typ())
		}
		p.Floats, err = a.floats(r)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	err = readEntry(z, names.y, func(a npy, r io.Reader) (err error) {
		if err := checkLabels(a, names.x, dims); err != nil {
			return err
		}
		p.Labels, err = a.ints(r)
		return err
	})
	return p, dims, err
}

// checkLabels reports labels that are not one number for each example: a row or a column of them will do.
func checkLabels(a npy, x string, dims []int) error {
	if a.n == slices.Max(a.dims) && a.n == dims[0] {
		return nil
	}
	advice := ""
	switch last := len(dims) - 1; {
	case a.n == slices.Max(a.dims) && a.n == dims[last]:
		advice = "; examples seem to lie last, as in MATLAB: save np.moveaxis(x, -1, 0)"
	case len(a.dims) == 2 && a.dims[0] == dims[0]:
		advice = "; of a column for each class, save y.argmax(1)"
	}
	return fmt.Errorf("shape %s, want %d, a label for each example of %s (%s)%s", a, dims[0], x, sizes(dims), advice)
}

// shape sets the size of an example, and reports whether its channels lie in planes, before height and width.
func (s *Set) shape(x string, dims []int, layout string) (planes bool, err error) {
	switch d := dims[1:]; len(d) {
	case 1:
		s.Channels = d[0]
	case 2:
		s.Height, s.Width, s.Channels = d[0], d[1], 1
	case 3:
		if planes, err = inPlanes(d, layout); err != nil {
			return planes, fmt.Errorf("array %s: %w", x, err)
		}
		s.Height, s.Width, s.Channels = d[0], d[1], d[2]
		if planes {
			s.Height, s.Width, s.Channels = d[1], d[2], d[0]
		}
		if planes && layout == "" {
			s.note("%s is %s: taken for N×C×H×W, images of %d×%d with %s (else say layout NHWC)",
				x, sizes(dims), s.Height, s.Width, count.Of(s.Channels, "channel"))
		}
	}
	return planes, nil
}

// Layouts are the orders of dimensions that an array of images can have.
var Layouts = []string{"NHWC", "NCHW"}

// inPlanes reports whether images of a×b×c are C×H×W. Images are mostly square, and have few channels; where that speaks for
// both orders, or for none, it is an error unless the layout is given.
func inPlanes(d []int, layout string) (bool, error) {
	a, b, c := d[0], d[1], d[2]
	last := c <= 4 || a == b
	first := a == 3 || a == 4 || b == c
	switch {
	case layout != "":
		return layout == "NCHW", nil
	case last && (!first || a == b && (b != c || c == 1)):
		return false, nil
	case first && !last:
		return true, nil
	}
	return false, fmt.Errorf("examples of %s may be %d×%d with %s, layout NHWC, or %d×%d with %s, layout NCHW: say which",
		sizes(d), a, b, count.Of(c, "channel"), b, c, count.Of(a, "channel"))
}

// channelsLast turns the values of a part from N×C×H×W, if there is one.
func (s *Set) channelsLast(p *Split) {
	if p != nil {
		p.Pixels = channelsLast(p.Pixels, s.Height*s.Width, s.Channels)
		p.Floats = channelsLast(p.Floats, s.Height*s.Width, s.Channels)
	}
}

func channelsLast[T any](v []T, pixels, channels int) []T {
	if v == nil {
		return nil
	}
	all, each := make([]T, len(v)), pixels*channels
	for i := range all {
		example, pixel, channel := i/each, i%each/channels, i%channels
		all[i] = v[example*each+channel*pixels+pixel]
	}
	return all
}

// entry is an array of that name, or of the same in other capitals.
func entry(z *zip.Reader, name string) (like *zip.File) {
	for _, f := range z.File {
		if f.Name == name+".npy" {
			return f
		}
		if strings.EqualFold(f.Name, name+".npy") {
			like = f
		}
	}
	return like
}

func entries(z *zip.Reader) (names []string) {
	for _, f := range z.File {
		names = append(names, strings.TrimSuffix(f.Name, ".npy"))
	}
	return names
}

// readEntry calls read with the header of an array and its data.
func readEntry(z *zip.Reader, name string, read func(npy, io.Reader) error) error {
	f := entry(z, name)
	if f == nil {
		return noData{fmt.Errorf("has no array %s, only %s", name, strings.Join(entries(z), ", "))}
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
