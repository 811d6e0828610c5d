package data

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A record of CIFAR's binary version is its labels, of which the last is the finest, and then 32×32
// reds, greens and blues (https://www.cs.toronto.edu/~kriz/cifar.html, "Binary version").
const (
	cifarSide   = 32
	cifarPixels = cifarSide * cifarSide
	cifarValues = 3 * cifarPixels
)

func isCIFAR10(dir string) bool { return isFile(filepath.Join(dir, "data_batch_1.bin")) }

func isCIFAR100(dir string) bool {
	return isFile(filepath.Join(dir, "train.bin")) && isFile(filepath.Join(dir, "test.bin"))
}

// loadCIFAR10 reads the training batches up to the last of an unbroken row of numbers.
func loadCIFAR10(dir string, _ Options) (*Set, error) {
	found, err := fs.Glob(os.DirFS(dir), "data_batch_*.bin")
	if err != nil {
		return nil, err
	}
	var names []string
	for k := range found {
		names = append(names, filepath.Join(dir, fmt.Sprintf("data_batch_%d.bin", k+1)))
	}
	return loadCIFAR(dir, cifarFiles{names, "test_batch.bin", "batches.meta.txt", 1, 10})
}

func loadCIFAR100(dir string, _ Options) (*Set, error) {
	return loadCIFAR(dir, cifarFiles{[]string{filepath.Join(dir, "train.bin")}, "test.bin", "fine_label_names.txt", 2, 100})
}

type cifarFiles struct {
	train       []string
	test, names string
	labels      int // labels of a record
	classes     int
}

func loadCIFAR(dir string, files cifarFiles) (*Set, error) {
	s := &Set{Height: cifarSide, Width: cifarSide, Channels: 3, Classes: files.classes, Train: new(Split)}
	for _, name := range files.train {
		if err := s.Train.addCIFAR(name, files); err != nil {
			return nil, err
		}
	}
	test := new(Split)
	switch err := test.addCIFAR(filepath.Join(dir, files.test), files); {
	case err == nil:
		s.Test = test
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	names, err := os.ReadFile(filepath.Join(dir, files.names))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	s.ClassNames = strings.Fields(string(names))
	if len(s.ClassNames) != s.Classes {
		return nil, fmt.Errorf("%s has %d names, want %d", filepath.Join(dir, files.names), len(s.ClassNames), s.Classes)
	}
	return s, nil
}

// addCIFAR appends the records of a file.
func (s *Split) addCIFAR(name string, files cifarFiles) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	s.Pixels = slices.Grow(s.Pixels, int(min(info.Size(), maxValues)))
	if err := s.readCIFAR(bufio.NewReaderSize(f, 1<<20), files.labels, files.classes); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// readCIFAR appends the records of r, which hold that many labels each, channels last.
func (s *Split) readCIFAR(r io.Reader, labels, classes int) error {
	record := make([]byte, labels+cifarValues)
	for n := 0; ; n++ {
		got, err := io.ReadFull(r, record)
		switch {
		case errors.Is(err, io.EOF) && n > 0:
			return nil
		case errors.Is(err, io.EOF):
			return errors.New("empty")
		case errors.Is(err, io.ErrUnexpectedEOF):
			return fmt.Errorf("cut short, or not of this format: %d records of %d bytes, then %d bytes", n, len(record), got)
		case err != nil:
			return err
		}
		if len(s.Pixels) > maxValues-cifarValues {
			return fmt.Errorf("more than %d values", maxValues)
		}
		label := int(record[labels-1])
		if label >= classes {
			return fmt.Errorf("label %d of record %d, want 0 to %d", label, n, classes-1)
		}
		s.Labels = append(s.Labels, label)
		start := len(s.Pixels)
		s.Pixels = slices.Grow(s.Pixels, cifarValues)[:start+cifarValues]
		pixels, reds, greens, blues := s.Pixels[start:], record[labels:], record[labels+cifarPixels:], record[labels+2*cifarPixels:]
		for i := range cifarPixels {
			pixels[3*i], pixels[3*i+1], pixels[3*i+2] = reds[i], greens[i], blues[i]
		}
	}
}
