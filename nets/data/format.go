package data

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A format is a way in which data sets are published.
type format struct {
	looks string                          // description, for messages
	holds func(path string) bool          // whether path looks so
	load  func(path string) (*Set, error) // Classes is 0 where the labels say it
}

// formats are tried in this order; the folder of images is last, since any folder with folders
// looks like one.
var formats = []format{
	{"train-images-idx3-ubyte[.gz] (IDX)", isIDX, loadIDX},
	{"data_batch_1.bin (CIFAR-10)", isCIFAR10, loadCIFAR10},
	{"train.bin and test.bin (CIFAR-100)", isCIFAR100, loadCIFAR100},
	{"images in train/CLASS/ or CLASS/ (PNG, JPEG)", isFolder, loadFolder},
}

// formatOf recognises a format by the files, not by the name of the folder.
func formatOf(path string) (format, error) {
	info, err := os.Stat(path)
	if err != nil {
		return format{}, err
	}
	if !info.IsDir() {
		if !strings.EqualFold(filepath.Ext(path), ".npz") {
			return format{}, fmt.Errorf("%s is a file, want an .npz file or a folder", path)
		}
		return format{load: loadNPZ}, nil
	}
	looks := make([]string, len(formats))
	for k, f := range formats {
		if f.holds(path) {
			return f, nil
		}
		looks[k] = f.looks
	}
	return format{}, fmt.Errorf("%s holds no data: none of %s", path, strings.Join(looks, ", "))
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && !info.IsDir()
}
