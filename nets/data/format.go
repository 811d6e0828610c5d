package data

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A format is a way in which data sets are published.
type format struct {
	looks string                                     // description, for messages
	holds func(path string) bool                     // whether path looks so
	load  func(path string, o Options) (*Set, error) // Classes is 0 where the labels say it
}

const npzLooks = "an NPZ file"

var folderLooks = "images in train/CLASS/ or CLASS/ (" + strings.Join(imageTypes, ", ") + ")"

// formats are tried in this order; the folder of images is last, since any folder with folders
// looks like one.
var formats = []format{
	{"train-images-idx3-ubyte[.gz] (IDX)", isIDX, loadIDX},
	{"data_batch_1.bin (CIFAR-10)", isCIFAR10, loadCIFAR10},
	{"train.bin and test.bin (CIFAR-100)", isCIFAR100, loadCIFAR100},
	{folderLooks, isFolder, loadFolder},
}

// sayIdle notes options that are for another format.
func (f format) sayIdle(s *Set, o Options) {
	if o.Layout != "" && f.looks != npzLooks {
		s.note("layout %s is for NPZ files, and changes nothing", o.Layout)
	}
	if (o.Resize != "" || o.Alpha != "") && f.looks != folderLooks {
		s.note("resize and alpha are for folders of images, and change nothing")
	}
}

// formatOf recognises a format by the files, not by the name of the folder.
func formatOf(path string) (format, error) {
	info, err := os.Stat(path)
	if err != nil {
		return format{}, err
	}
	switch {
	case info.IsDir():
	case strings.EqualFold(filepath.Ext(path), ".npz"):
		return format{looks: npzLooks, load: loadNPZ}, nil
	case strings.Contains(filepath.Base(path), "train-images"):
		return format{load: loadIDX}, nil
	default:
		return format{}, noData{fmt.Errorf("%s is a file, want an .npz file, an IDX file of train-images or a folder", path)}
	}
	looks := make([]string, len(formats))
	for k, f := range formats {
		if f.holds(path) {
			return f, nil
		}
		looks[k] = f.looks
	}
	return format{}, noData{fmt.Errorf("%s holds no data: none of %s", path, strings.Join(looks, ", "))}
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && !info.IsDir()
}
