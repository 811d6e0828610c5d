package data

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hebb/internal/must"
)

// elsewhere gives a test a home, a cache and a working folder of its own.
func elsewhere(t *testing.T) (cache string) {
	t.Helper()
	cache = t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("HOME", cache)
	t.Setenv("LocalAppData", cache)
	t.Chdir(t.TempDir())
	return cache
}

func TestFind(t *testing.T) {
	cache := elsewhere(t)
	if _, err := Find("mnist"); !errors.Is(err, ErrNoData) || !strings.Contains(err.Error(), cache) {
		t.Errorf("mnist is nowhere: error is %v, want the places in it", err)
	}
	if _, err := Find("cifar"); !errors.Is(err, ErrNoData) || !strings.Contains(err.Error(), "fashion-mnist, mnist, kmnist, cifar10, cifar100") {
		t.Errorf("an unknown name: error is %v, want the known ones in it", err)
	}
	must.Do(t, os.MkdirAll(filepath.Join(cache, "hebb", "data", "mnist"), 0o777))
	put(t, filepath.Join("data", "mnist"), "train-images-idx3-ubyte.gz", nil)
	if dir, err := Find("mnist"); err != nil || dir != filepath.Join("data", "mnist") {
		t.Errorf("mnist is in ./data, and an empty folder in the cache: found %q, %v", dir, err)
	}
	if dir, err := Find(cache); err != nil || dir != cache {
		t.Errorf("a folder: found %q, %v", dir, err)
	}
	put(t, filepath.Join("given", "cifar-10-batches-bin"), "data_batch_1.bin", nil)
	if dir, err := find("cifar10", "given"); err != nil || dir != filepath.Join("given", "cifar-10-batches-bin") {
		t.Errorf("cifar10 as its archive unpacks, in a given folder: found %q, %v", dir, err)
	}
}

// TestIncomplete: by name, a set must be whole; as a folder it may be any.
func TestIncomplete(t *testing.T) {
	elsewhere(t)
	dir := filepath.Join("data", "kmnist")
	putIDX(t, dir, "train", 4, []byte{0, 9, 1, 2}, "-", "")
	_, err := Load("kmnist", Options{})
	wantIn(t, "four images by name", err, dir, "4 images to train on and 0 to test", "60000 and 10000")
	if s, err := Load(dir, Options{}); err != nil || s.Name != "kmnist" || s.ClassNames != nil {
		t.Errorf("four images by folder: %+v, %v", s, err)
	}
}

// TestFashionMNIST reads the real set where Debian's package is installed.
func TestFashionMNIST(t *testing.T) {
	s, err := Load("fashion-mnist", Options{})
	if errors.Is(err, ErrNoData) {
		t.Skip("needs Fashion-MNIST (apt install dataset-fashion-mnist): ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	count := make([]int, s.Classes)
	for _, l := range s.Train.Labels {
		count[l]++
	}
	if s.Height != 28 || s.Width != 28 || s.Channels != 1 || s.ClassNames[9] != "Ankle boot" || slices.Min(count) != 6000 || slices.Max(count) != 6000 {
		t.Errorf("%d×%d×%d, class 9 is %q, images of a class: %v", s.Height, s.Width, s.Channels, s.ClassNames[9], count)
	}
	// The figures that its users normalise with.
	n := s.Measure()
	if mean, sd := n.Mean[0], n.SD[0]; mean < 0.28595 || mean > 0.28605 || sd < 0.35295 || sd > 0.35305 {
		t.Errorf("mean %g and deviation %g, want 0.2860 and 0.3530", mean, sd)
	}
}

func TestOptions(t *testing.T) {
	dir := idxFolder(t, 4, []byte{0, 9, 1, 12}, "-", "")
	if s, err := Load(dir, Options{Classes: 13}); err != nil || s.Classes != 13 {
		t.Errorf("13 classes: %+v, %v", s, err)
	}
	for what, o := range map[string]Options{
		"a share of -0.1":  {Holdout: -0.1},
		"a share of 1":     {Holdout: 1},
		"-1 classes":       {Classes: -1},
		"20000000 classes": {Classes: 20000000},
		"label 12":         {},
	} {
		_, err := Load(dir, o)
		wantIn(t, what, err, what)
	}
}

// TestHoldout: of each class the last ones, and at least one example on each side.
func TestHoldout(t *testing.T) {
	labels := []byte{0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 0, 1} // five of 0, seven of 1, one of 2
	s, err := Load(idxFolder(t, 13, labels, "-", ""), Options{Holdout: 0.4})
	if err != nil {
		t.Fatal(err)
	}
	// round(2), round(2.8), round(0.4): examples 3 and 11; 8, 9 and 12; none.
	if want := []int{0, 1, 1, 0, 1}; !slices.Equal(s.Test.Labels, want) {
		t.Errorf("test labels %v, want %v", s.Test.Labels, want)
	}
	for k, i := range []int{3, 8, 9, 11, 12} {
		if s.Test.Pixels[k*6+1] != byte((i*6+1)*(i*6+1)) {
			t.Errorf("test example %d is not example %d", k, i)
		}
	}
	if s.Train.N() != 8 || len(s.Train.Pixels) != 8*6 || s.Train.Labels[7] != 2 {
		t.Errorf("training part: %+v", s.Train)
	}
	_, err = Load(idxFolder(t, 2, []byte{0, 1}, "-", ""), Options{Holdout: 0.4})
	wantIn(t, "too few to hold out", err, "leaves 2 examples to train on and 0 to test")
	whole := idxFolder(t, 4, []byte{0, 9, 1, 2}, "-", "")
	putIDX(t, whole, "t10k", 2, []byte{3, 4}, "-", "")
	if s, err := Load(whole, Options{Holdout: 0.5}); err != nil || s.Train.N() != 4 || s.Test.N() != 2 || !slices.ContainsFunc(s.Notes, func(n string) bool { return strings.Contains(n, "nothing is held out") }) {
		t.Errorf("with a test part: %+v, %v", s, err)
	}
}
