package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A catalogued data set can be asked for by name.
type catalogued struct {
	name        string
	install     string // how to come by it, for the message that it is not there
	sub         string // the folder that its archive unpacks to, if it is an archive
	train, test int    // how many examples the whole set has
	classes     []string
	mirrors     []string // base addresses, the preferred one first
	files       []remote // below each of the mirrors
}

// A remote is a file as its publisher describes it.
type remote struct {
	name string
	size int64
	md5  string
	// holds lists the files in a .tar.gz; nil for a file that is not unpacked.
	holds map[string]int64
}

var digits = []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}

// catalogue: sizes and MD5 sums as the publishers, and torchvision after them, give them.
var catalogue = []catalogued{
	{
		name: "fashion-mnist", install: "apt install dataset-fashion-mnist, or fetch it", train: 60000, test: 10000,
		classes: []string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"},
		mirrors: []string{
			"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
			"https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
		},
		files: []remote{
			{name: "train-images-idx3-ubyte.gz", size: 26421880, md5: "8d4fb7e6c68d591d4c3dfef9ec88bf0d"},
			{name: "train-labels-idx1-ubyte.gz", size: 29515, md5: "25c81989df183df01b3e8a0aad5dffbe"},
			{name: "t10k-images-idx3-ubyte.gz", size: 4422102, md5: "bef4ecab320f06d8554ea6380940ec79"},
			{name: "t10k-labels-idx1-ubyte.gz", size: 5148, md5: "bb300cfdad3c16e7a12a480ee83cd310"},
		},
	},
	{
		name: "mnist", install: "fetch it, or put its four IDX files into one of these folders", train: 60000, test: 10000, classes: digits,
		mirrors: []string{
			"https://ossci-datasets.s3.amazonaws.com/mnist/",
			"https://storage.googleapis.com/cvdf-datasets/mnist/",
		},
		files: []remote{
			{name: "train-images-idx3-ubyte.gz", size: 9912422, md5: "f68b3c2dcbeaaa9fbdd348bbdeb94873"},
			{name: "train-labels-idx1-ubyte.gz", size: 28881, md5: "d53e105ee54ea40749a09fcbcd1e9432"},
			{name: "t10k-images-idx3-ubyte.gz", size: 1648877, md5: "9fb629c4189551a2d022fa330f9573f3"},
			{name: "t10k-labels-idx1-ubyte.gz", size: 4542, md5: "ec29112dd5afa0611ce80d1b7f02629c"},
		},
	},
	{
		name: "kmnist", install: "fetch it, or put its four IDX files into one of these folders", train: 60000, test: 10000,
		classes: []string{"o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"},
		mirrors: []string{
			"https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
			"http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
		},
		files: []remote{
			{name: "train-images-idx3-ubyte.gz", size: 18165135, md5: "bdb82020997e1d708af4cf47b453dcf7"},
			{name: "train-labels-idx1-ubyte.gz", size: 29497, md5: "e144d726b3acfaa3e44228e80efcd344"},
			{name: "t10k-images-idx3-ubyte.gz", size: 3041136, md5: "5c965bf0a639b31b8f53240b1b52f4d7"},
			{name: "t10k-labels-idx1-ubyte.gz", size: 5120, md5: "7320c461ea6c1c855c0b718fb2a4b134"},
		},
	},
	{
		name: "cifar10", install: "fetch it, or unpack cifar-10-binary.tar.gz into one of these folders", sub: "cifar-10-batches-bin",
		train: 50000, test: 10000,
		classes: []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"},
		mirrors: []string{"https://www.cs.toronto.edu/~kriz/"},
		files: []remote{{name: "cifar-10-binary.tar.gz", size: 170052171, md5: "c32a1d4ab5d03f1284b67883e8d87530", holds: map[string]int64{
			"data_batch_1.bin": 10000 * 3073, "data_batch_2.bin": 10000 * 3073, "data_batch_3.bin": 10000 * 3073,
			"data_batch_4.bin": 10000 * 3073, "data_batch_5.bin": 10000 * 3073, "test_batch.bin": 10000 * 3073,
		}}},
	},
	{
		name: "cifar100", install: "fetch it, or unpack cifar-100-binary.tar.gz into one of these folders", sub: "cifar-100-binary",
		train: 50000, test: 10000,
		mirrors: []string{"https://www.cs.toronto.edu/~kriz/"},
		files: []remote{{name: "cifar-100-binary.tar.gz", size: 168513733, md5: "03b5dce01913d631647c71ecec9e9cb8", holds: map[string]int64{
			"train.bin": 50000 * 3074, "test.bin": 10000 * 3074,
		}}},
	},
}

// Names returns the names of the data sets that [Load] and [Fetch] know.
func Names() (names []string) {
	for _, c := range catalogue {
		names = append(names, c.name)
	}
	return names
}

func lookUp(name string) (catalogued, bool) {
	for _, c := range catalogue {
		if c.name == name {
			return c, true
		}
	}
	return catalogued{}, false
}

// ErrNoData is wrapped if a data set is not found, or is none.
var ErrNoData = errors.New("no such data")

// A noData is an error in place of [ErrNoData], which says why in words of its own.
type noData struct{ error }

func (noData) Is(target error) bool { return target == ErrNoData }

// ErrUnfit is wrapped if a file is damaged, or its contents cannot be used; not if it cannot be read, as on a disk that
// fails.
var ErrUnfit = errors.New("unfit data")

// An unfitError is an error that wraps [ErrUnfit] too.
type unfitError struct{ error }

func (unfitError) Is(target error) bool { return target == ErrUnfit }
func (e unfitError) Unwrap() error      { return e.error }

// unfit marks err as [ErrUnfit], unless the system failed.
func unfit(err error) error {
	if system := (*fs.PathError)(nil); err == nil || errors.As(err, &system) {
		return err
	}
	return unfitError{err}
}

// Find returns the folder of a data set given by name, or the path itself where there is something. A
// name is looked for in /usr/share/datasets (Debian's packages), the user's cache, where [Fetch] puts
// it, and ./data.
func Find(nameOrPath string) (path string, err error) { return find(nameOrPath, "") }

// find looks into first too, if there is one.
func find(nameOrPath, first string) (string, error) {
	if c, ok := lookUp(nameOrPath); ok {
		places := c.places(first)
		for _, dir := range places {
			if c.in(dir) {
				return dir, nil
			}
		}
		return "", fmt.Errorf("%w: %s is not in %s: %s", ErrNoData, c.name, strings.Join(places, ", "), c.install)
	}
	if isDir(nameOrPath) || isFile(nameOrPath) {
		return nameOrPath, nil
	}
	return "", fmt.Errorf("%w: %q is neither a folder with images nor an NPZ file nor one of %s (%s: %s)",
		ErrNoData, nameOrPath, strings.Join(Names(), ", "), catalogue[0].name, catalogue[0].install)
}

// in reports whether dir holds the set, whole or not: an empty folder, or one with half a download,
// does not hide another.
func (c catalogued) in(dir string) bool {
	switch {
	case c.name == "cifar10":
		return isCIFAR10(dir)
	case c.name == "cifar100":
		return isCIFAR100(dir)
	}
	return isIDX(dir)
}

// places are the folders in which a data set may lie.
func (c catalogued) places(first string) (dirs []string) {
	roots := []string{filepath.Join("/usr/share/datasets", c.name)}
	if cache, err := cacheDir(c.name); err == nil {
		roots = append(roots, cache)
	}
	roots = append(roots, filepath.Join("data", c.name))
	if first != "" {
		roots = append([]string{first}, roots...)
	}
	for _, dir := range roots {
		dirs = append(dirs, dir)
		if c.sub != "" {
			dirs = append(dirs, filepath.Join(dir, c.sub))
		}
	}
	return dirs
}

// cacheDir is where [Fetch] puts a data set.
func cacheDir(name string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "hebb", "data", name), nil
}

// complete names the set's classes, where its files do not, and reports examples that are missing.
func (c catalogued) complete(s *Set, path string) error {
	if s.ClassNames == nil && len(c.classes) == s.Classes {
		s.ClassNames = c.classes
	}
	test := 0
	if s.Test != nil {
		test = s.Test.N()
	}
	if s.Train.N() != c.train || test != c.test {
		return fmt.Errorf("%s has %d images to train on and %d to test, want the %d and %d of %s; is a file missing?",
			path, s.Train.N(), test, c.train, c.test, c.name)
	}
	return nil
}
