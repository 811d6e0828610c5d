package nets

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Images are labelled pictures of one size, a byte a pixel.
type Images struct {
	N, Rows, Cols int
	Pixels        []byte // N × Rows × Cols
	Labels        []byte // N, each below Classes
}

// Classes is how many classes MNIST and the data sets in its format have.
const Classes = 10

// A Part of a data set, by the stem of its files' names.
type Part string

const (
	Train Part = "train"
	Test  Part = "t10k"
)

// A catalogued data set can be asked for by name.
type catalogued struct {
	name, install string
}

var catalogue = []catalogued{
	{"fashion-mnist", "apt install dataset-fashion-mnist"},
	{"mnist", "put its four IDX files into one of these folders"},
}

// Names returns the data sets that [Find] knows by name.
func Names() (names []string) {
	for _, c := range catalogue {
		names = append(names, c.name)
	}
	return names
}

// ErrNoData is wrapped where a data set is not there.
var ErrNoData = errors.New("no such data")

// Find returns the folder of a data set, given by name or by folder.
func Find(data string) (dir string, err error) {
	for _, c := range catalogue {
		if c.name != data {
			continue
		}
		for _, dir := range places(data) {
			if isDir(dir) {
				return dir, nil
			}
		}
		return "", fmt.Errorf("%w: %s is not in %s: %s", ErrNoData, data, strings.Join(places(data), ", "), c.install)
	}
	if isDir(data) {
		return data, nil
	}
	return "", fmt.Errorf("%w: %q is neither a folder with the four IDX files nor one of %s (%s: %s)",
		ErrNoData, data, strings.Join(Names(), ", "), catalogue[0].name, catalogue[0].install)
}

// places are the folders in which a data set may lie.
func places(name string) []string {
	dirs := []string{filepath.Join("/usr/share/datasets", name)} // Debian's packages
	if cache, err := os.UserCacheDir(); err == nil {
		dirs = append(dirs, filepath.Join(cache, "hebb", "data", name))
	}
	return append(dirs, filepath.Join("data", name))
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// Load reads one part of the data set in dir: train-images-idx3-ubyte and train-labels-idx1-ubyte,
// with or without .gz; the older spelling with a dot before idx is read too.
func Load(dir string, part Part) (Images, error) {
	pixels, from, err := openIDX(3, spellings(dir, part, "images", 3))
	if err != nil {
		return Images{}, fmt.Errorf("images: %w", err)
	}
	labels, labelsFrom, err := openIDX(1, spellings(dir, part, "labels", 1))
	if err != nil {
		return Images{}, fmt.Errorf("labels: %w", err)
	}
	if len(labels.data) != pixels.dims[0] {
		return Images{}, fmt.Errorf("%s has %d images and %s %d labels, want as many",
			from, pixels.dims[0], labelsFrom, len(labels.data))
	}
	for i, l := range labels.data {
		if l >= Classes {
			return Images{}, fmt.Errorf("%s: label %d of image %d, want 0 to %d", labelsFrom, l, i, Classes-1)
		}
	}
	return Images{pixels.dims[0], pixels.dims[1], pixels.dims[2], pixels.data, labels.data}, nil
}

func spellings(dir string, part Part, kind string, dims int) (names []string) {
	for _, sep := range []string{"-", "."} {
		name := filepath.Join(dir, fmt.Sprintf("%s-%s%sidx%d-ubyte", part, kind, sep, dims))
		names = append(names, name, name+".gz")
	}
	return names
}

// Samples are rows of values with a mean of zero.
type Samples struct {
	N, D int
	X    []float32 // N × D
}

// Row returns sample i.
func (s Samples) Row(i int) []float32 { return s.X[i*s.D:][:s.D] }

// Centred returns the first n images (0: all) as rows of brightness from 0 to 1, less their mean:
// without that the first component is little but the mean image.
func (im Images) Centred(n int) Samples {
	if n <= 0 || n > im.N {
		n = im.N
	}
	s := Samples{N: n, D: im.Rows * im.Cols}
	sum := make([]float64, s.D)
	for i := range n {
		for j, p := range im.Pixels[i*s.D:][:s.D] {
			sum[j] += float64(p)
		}
	}
	s.X = make([]float32, n*s.D)
	for i := range n {
		row := s.Row(i)
		for j, p := range im.Pixels[i*s.D:][:s.D] {
			row[j] = float32((float64(p) - sum[j]/float64(n)) / 255)
		}
	}
	return s
}
