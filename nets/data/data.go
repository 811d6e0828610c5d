// Package data reads labelled images from the formats they are published in, and hands them out in
// batches: in a seeded order, cropped, mirrored and normalised, ahead of time.
package data

import (
	"errors"
	"fmt"
	"image"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"hebb/internal/count"
)

// A Set is labelled images (or vectors of features: images of 1×1 with a channel a feature), all of
// one size, in classes numbered from 0.
type Set struct {
	Name                    string
	Height, Width, Channels int
	Classes                 int
	ClassNames              []string // Classes, or nil where the data do not name them
	Train                   *Split
	Test                    *Split     // nil where there is none
	Sequences               *Sequences // what sequences want; nil of images
	Notes                   []string   // what was left out, or taken for what it may not be: lines for people
}

func (s *Set) note(format string, args ...any) {
	s.Notes = append(s.Notes, fmt.Sprintf(format, args...))
}

// A Split is a part of a [Set]: its values, channels last (N × Height × Width × Channels), as the
// files hold them, and its labels. One of Pixels and Floats is nil.
type Split struct {
	Pixels []byte    // 0 to 255, which stand for 0 to 1
	Floats []float32 // as they are
	Labels []int     // N, each from 0 to Classes−1; all 0 of sequences that want anything but a class at their ends
	Want   *Wanted   // of sequences; nil of images
}

// N returns the number of examples.
func (s *Split) N() int { return len(s.Labels) }

// values returns how many values there are.
func (s *Split) values() int { return len(s.Pixels) + len(s.Floats) }

// Values returns the number of values of an example: Height × Width × Channels.
func (s *Set) Values() int { return s.Height * s.Width * s.Channels }

// Options say how to read a [Set]. The zero value takes the data as they are.
type Options struct {
	// Holdout is the share of each class, from 0 to below 1, that becomes Test where the data have
	// no test part: of its n examples the last round(Holdout·n), whatever the seed of a run, so that
	// no run is tested on what another learned from. Where there is a test part it changes nothing.
	Holdout float64
	// Classes is the number of classes; 0 takes the format's own: 10 for IDX files and CIFAR-10, 100
	// for CIFAR-100, as many as there are folders, and for NPZ files and EMNIST the largest label and 1.
	Classes int
	// Layout is the order of dimensions of an NPZ file's images, one of [Layouts]; "" finds out, or is an error where it
	// could be either.
	Layout string
	// Resize, as 32x32 (height, then width), brings the images of a folder to one size, bilinearly; "" takes them as they
	// are.
	Resize string
	// CropCentre cuts the largest part of Resize's proportions out of the middle first.
	CropCentre bool
	// Alpha says what transparent pixels of a folder's images become, one of [Alphas]; "" is "drop".
	Alpha string
	// Canvas is the side of a black square, a stored 0, that every image is put into the middle of; 0 is none.
	Canvas int
	// Sequences reads an NPZ file as sequences, see [Load].
	Sequences bool
	// Dir is looked into first for data asked for by name.
	Dir string
}

// maxLabel is the last whole number up to which float32, in which batches hold labels, has them all.
const maxLabel = 1<<24 - 1

// maxValues is the most values a part may have: a header that announces more is damaged.
const maxValues = 1<<31 - 1

// Load reads a data set by name (see [Names]), looked for as [Find] does, or from a path:
//
//   - a folder of IDX files, the format of MNIST: train-images-idx3-ubyte, train-labels-idx1-ubyte and
//     the same with t10k, plain or .gz (LeCun, Cortes and Burges, "The MNIST database");
//   - a folder of CIFAR's binary version: data_batch_1.bin, … and test_batch.bin, or train.bin and
//     test.bin of CIFAR-100 with its fine labels (Krizhevsky 2009, "Learning multiple layers of features");
//   - EMNIST's IDX files, emnist-letters-train-images-idx3-ubyte and so on; its images are turned upright. In a folder of
//     several such sets, give the path of this file;
//   - an NPZ file of NumPy with arrays x, N×H×W×C, N×C×H×W, N×H×W or N×D, of numbers, and y, N whole
//     numbers; x_test and y_test likewise, or neither. x_train and y_train, or train_images and train_labels, will do;
//   - with [Options.Sequences], an NPZ file with x, examples × time × features, and y: a class of each example, N integers,
//     or of each moment, N×T, or numbers to predict, N×K or N×T×K floats. A mask, N×T, is 1 at moments that count, or
//     lengths, N, says how many moments each example has; what is wanted of an example is wanted at its last moment. The
//     test part has mask_test or lengths_test;
//   - a folder of images: train/CLASS/… and test/CLASS/…, or val, or CLASS/…, as deep as there are folders. Classes and files
//     are numbered in the order of their names. Grey where all are, else red, green and blue; floats, 0 to 1, where one has
//     16 bits.
//
// The set's Notes list what Load left out, and what it may have mistaken for something else.
//
// Its error wraps [ErrNoData] if there is nothing of that name, and otherwise [ErrUnfit]; then it names the damaged
// file, and says what was found and what was wanted.
func Load(nameOrPath string, o Options) (*Set, error) {
	s, err := load(nameOrPath, o)
	return s, unfit(err)
}

func load(nameOrPath string, o Options) (*Set, error) {
	if err := o.Check(); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	path, err := find(nameOrPath, o.Dir)
	if err != nil {
		return nil, err
	}
	f, err := formatOf(path)
	if err != nil {
		return nil, err
	}
	if o.Sequences && f.looks != npzLooks {
		return nil, fmt.Errorf("%s: sequences are read from NPZ files, want one", path)
	}
	s, err := f.load(path, o)
	if err != nil {
		return nil, err
	}
	s.Name = filepath.Base(path)
	f.sayIdle(s, o)
	if err := s.settle(path, o); err != nil {
		return nil, err
	}
	if c, ok := lookUp(nameOrPath); ok {
		s.Name, err = c.name, c.complete(s, path)
	}
	if e := s.enlarge(o.Canvas); e != nil && err == nil {
		err = fmt.Errorf("%s: %w", path, e)
	}
	return s, err
}

// Check reports options that cannot be.
func (o Options) Check() error {
	if !(o.Holdout >= 0 && o.Holdout < 1) {
		return fmt.Errorf("a share of %g to hold out, want from 0 to below 1", o.Holdout)
	}
	if o.Classes < 0 || o.Classes > maxLabel+1 {
		return fmt.Errorf("%d classes, want 0 (as the data say) to %d", o.Classes, maxLabel+1)
	}
	if o.Layout != "" && !slices.Contains(Layouts, o.Layout) {
		return fmt.Errorf("layout %q, want one of %s", o.Layout, strings.Join(Layouts, ", "))
	}
	if o.Canvas < 0 || o.Canvas > largestCanvas {
		return fmt.Errorf("a canvas of %d×%d, want 0 (none) to %d", o.Canvas, o.Canvas, largestCanvas)
	}
	if o.Alpha != "" && !slices.Contains(Alphas, o.Alpha) {
		return fmt.Errorf("alpha %q, want one of %s", o.Alpha, strings.Join(Alphas, ", "))
	}
	size, err := o.size()
	if err == nil && o.CropCentre && size == (image.Point{}) {
		err = errors.New("a crop of the centre, and no size that it is for: want resize too")
	}
	return err
}

// manyClasses is how many there may be whatever the number of examples.
const manyClasses = 1 << 16

// settle checks the set as a whole, and holds out a test part.
func (s *Set) settle(path string, o Options) error {
	if o.Classes > 0 && o.Classes != s.Classes {
		s.Classes, s.ClassNames = o.Classes, nil
	}
	if s.Classes == 0 {
		s.Classes = 1 + max(s.Train.largestLabel(), s.Test.largestLabel())
		if n := s.Train.N(); s.Classes > manyClasses && s.Classes > 10*n {
			return fmt.Errorf("%s: labels up to %d of %d training examples, want classes from 0 on: these look like numbers of another kind", path, s.Classes-1, n)
		}
	}
	for _, part := range []struct {
		name string
		*Split
	}{{"training", s.Train}, {"test", s.Test}} {
		if part.Split == nil {
			continue
		}
		if err := part.check(s); err != nil {
			return fmt.Errorf("%s: %s part: %w", path, part.name, err)
		}
	}
	if q := s.Sequences; o.Classes == 0 && (q == nil || *q == Sequences{}) {
		s.sayMissing()
	}
	switch {
	case o.Holdout == 0:
		return nil
	case s.Test != nil:
		s.note("there is a test part, and nothing is held out for another")
		return nil
	}
	s.Train, s.Test = s.Train.holdOut(o.Holdout, s.Classes, s.Values())
	if s.Train.N() == 0 || s.Test.N() == 0 {
		return fmt.Errorf("%s: holding out %g of each class leaves %s to train on and %d to test, want at least 1",
			path, o.Holdout, count.Of(s.Train.N(), "example"), s.Test.N())
	}
	return nil
}

// sayMissing notes classes that have no example to train on.
func (s *Set) sayMissing() {
	have := make([]bool, s.Classes+1)
	for _, l := range s.Train.Labels {
		have[l] = true
	}
	have[s.Classes] = true // a class that would end the last range
	var missing []string
	for c, from := 0, 0; c <= s.Classes; c++ {
		switch {
		case !have[c]:
			continue
		case c-from == 1:
			missing = append(missing, fmt.Sprint(from))
		case c > from:
			missing = append(missing, fmt.Sprintf("%d to %d", from, c-1))
		}
		from = c + 1
	}
	const most = 10
	if n := len(missing); n > most {
		missing = append(missing[:most], "…")
	}
	if missing != nil {
		s.note("no training examples of %s in the classes 0 to %d: labels count from 0 to the largest", strings.Join(missing, ", "), s.Classes-1)
	}
}

// check reports a label, a count or a value that cannot be.
func (s *Split) check(set *Set) error {
	if (s.Pixels == nil) == (s.Floats == nil) {
		return fmt.Errorf("%d bytes and %d floats, want one of the two", len(s.Pixels), len(s.Floats))
	}
	if s.N() == 0 || s.values()%s.N() != 0 || s.values()/s.N() != set.Values() {
		return fmt.Errorf("%d values and %d labels, want at least one label and %d×%d×%d values for each",
			s.values(), s.N(), set.Height, set.Width, set.Channels)
	}
	for i, l := range s.Labels {
		if l < 0 || l >= set.Classes || l > maxLabel {
			return fmt.Errorf("label %d of example %d, want 0 to %d", l, i, min(set.Classes-1, maxLabel))
		}
	}
	for i, v := range s.Floats {
		if !(v >= -math.MaxFloat32 && v <= math.MaxFloat32) { // a NaN is neither
			return fmt.Errorf("value %d of example %d is %g, want finite numbers", i%set.Values(), i/set.Values(), v)
		}
	}
	return nil
}

func (s *Split) largestLabel() (most int) {
	if s == nil {
		return 0
	}
	for _, l := range s.Labels {
		most = max(most, l)
	}
	return most
}

// holdOut parts s by [Options.Holdout].
func (s *Split) holdOut(share float64, classes, d int) (train, test *Split) {
	left := make([]int, classes) // of each class, how many more are for training
	for _, l := range s.Labels {
		left[l]++
	}
	for c, n := range left {
		left[c] = n - int(math.Round(share*float64(n)))
	}
	train, test = new(Split), new(Split)
	for i, l := range s.Labels {
		to := test
		if left[l] > 0 {
			to = train
			left[l]--
		}
		to.add(s, i, d)
	}
	return train, test
}
