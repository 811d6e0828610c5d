package data

import (
	"bufio"
	"cmp"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // decoders of images
	_ "image/jpeg"
	_ "image/png"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"
)

// maxSide is the longest side of an image that is decoded: the decoders allocate what a header says.
const maxSide = 4096

// imageTypes are the ends of the names of images.
var imageTypes = []string{".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp"}

// Names of folders that are parts of a set, in small letters. Of those that test, the first that is there is the test part.
var (
	trainNames = []string{"train", "training"}
	testNames  = []string{"test", "testing", "val", "valid", "validation"}
)

// A labelled image, not yet read.
type labelled struct {
	file  string
	class int
}

// A folder is a set of images under way.
type folder struct {
	Set
	size  image.Point // of all images; 0: that of the first
	crop  bool
	alpha string
	deep  bool     // an image has 16 bits a channel
	left  []string // files that are no images
	clear int      // images with transparent pixels
	turns int      // images that are to be shown turned
}

func isFolder(dir string) bool {
	classes, err := subfolders(dir)
	return err == nil && len(classes) > 0
}

// loadFolder reads train/CLASS/… and test/CLASS/…, or CLASS/….
func loadFolder(dir string, o Options) (*Set, error) {
	trainDir, testDir, err := parts(dir)
	if err != nil {
		return nil, err
	}
	classes, err := subfolders(trainDir)
	if err != nil {
		return nil, err
	}
	if len(classes) == 0 {
		return nil, fmt.Errorf("%s has no folders, want one of images for each class", trainDir)
	}
	f := &folder{Set: Set{Classes: len(classes), ClassNames: classes}, crop: o.CropCentre, alpha: cmp.Or(o.Alpha, Alphas[0])}
	if f.size, err = o.size(); err != nil {
		return nil, err
	}
	train, err := f.list(trainDir, classes)
	if err != nil {
		return nil, err
	}
	var test []labelled
	if testDir != "" {
		if test, err = f.list(testDir, classes); err != nil {
			return nil, err
		}
	}
	if err := f.sayLeft(dir, trainDir, testDir); err != nil {
		return nil, err
	}
	if err := f.measureFolder(append(slices.Clone(train), test...)); err != nil {
		return nil, err
	}
	if f.Train, err = f.readImages(train); err != nil {
		return nil, err
	}
	if len(test) > 0 {
		f.Test, err = f.readImages(test)
	}
	if f.clear > 0 && o.Alpha == "" {
		f.note("images with transparent pixels: %d, of which the colours beneath are taken (alpha drop; or black, white or keep)", f.clear)
	}
	if f.turns > 0 {
		f.note("images that viewers would turn, by their EXIF orientation: %d, which are read as they are stored", f.turns)
	}
	return &f.Set, err
}

// parts returns the folders of the training and of the test part, which may be none.
func parts(dir string) (train, test string, err error) {
	folders, err := subfolders(dir)
	if err != nil {
		return "", "", err
	}
	named := func(names []string) (found []string) {
		for _, name := range names {
			for _, f := range folders {
				if strings.ToLower(f) == name {
					found = append(found, filepath.Join(dir, f))
				}
			}
		}
		return found
	}
	trains, tests := named(trainNames), named(testNames)
	withClasses := slices.IndexFunc(tests, isFolder)
	switch {
	case len(trains) > 0:
		train = trains[0]
	case withClasses >= 0 || len(tests) > 0 && len(tests) == len(folders):
		return "", "", fmt.Errorf("%s has a folder %s, want a folder train too", dir, filepath.Base(tests[max(0, withClasses)]))
	default:
		return dir, "", nil
	}
	if withClasses >= 0 {
		test = tests[withClasses]
	}
	return train, test, nil
}

// sayLeft notes what is in the set's folder and not read.
func (f *folder) sayLeft(dir, train, test string) error {
	if test != "" && !strings.HasPrefix(strings.ToLower(filepath.Base(test)), testNames[0]) {
		f.note("%s is the test part, since there is no folder test with one for each class", test)
	}
	folders, err := subfolders(dir)
	if err != nil {
		return err
	}
	for _, name := range folders {
		if path := filepath.Join(dir, name); train != dir && path != train && path != test {
			f.note("left out: %s, which is not one of the parts, or has no folder for each class", path)
		}
	}
	for _, part := range []string{train, test} {
		if part == "" {
			continue
		}
		entries, err := os.ReadDir(part)
		if err != nil {
			return err
		}
		entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return e.IsDir() || !isImage(e.Name()) })
		if len(entries) > 0 {
			f.note("left out: images right in %s, which are of no class: %d", part, len(entries))
		}
	}
	const most = 3
	if n := len(f.left); n > 0 {
		names := strings.Join(f.left[:min(n, most)], ", ")
		if n > most {
			names += fmt.Sprintf(", … (%d in all)", n)
		}
		f.note("left out: files that are no images (%s): %s", strings.Join(imageTypes, ", "), names)
	}
	return nil
}

// subfolders returns the names of the folders in dir, sorted; hidden ones are nobody's class.
func subfolders(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && isDir(filepath.Join(dir, e.Name())) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// list returns the images of each class in the order of their names. A part has folders of the known
// classes only, and images in each of its own.
func (f *folder) list(dir string, classes []string) (all []labelled, err error) {
	folders, err := subfolders(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range folders {
		class, at := slices.Index(classes, name), filepath.Join(dir, name)
		if class < 0 {
			return nil, fmt.Errorf("%s is of no class that has training images: want one of %s", at, strings.Join(classes, ", "))
		}
		files, err := f.images(at)
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("%s has no images (%s), want some of class %s", at, strings.Join(imageTypes, ", "), name)
		}
		below, err := subfolders(at)
		if err != nil {
			return nil, err
		}
		if len(classes) == 1 && len(below) > 1 && filepath.Dir(files[0]) != at {
			return nil, fmt.Errorf("%s has the folder %s alone, which has %s: is %s meant?", dir, name, strings.Join(below, ", "), at)
		}
		for _, file := range files {
			all = append(all, labelled{file, class})
		}
	}
	return all, nil
}

// images returns the images in dir and in the folders below it; other files are left.
func (f *folder) images(dir string) (files []string, err error) {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case e.IsDir():
			below, err := f.images(path)
			if err != nil {
				return nil, err
			}
			files = append(files, below...)
		case isImage(e.Name()):
			files = append(files, path)
		default:
			f.left = append(f.left, path)
		}
	}
	return files, err
}

func isImage(name string) bool {
	return !strings.HasPrefix(name, ".") && slices.Contains(imageTypes, strings.ToLower(filepath.Ext(name)))
}

// measureFolder takes the size of the first image and asks it of all others, unless all are brought to one; it looks at
// headers only.
func (f *folder) measureFolder(images []labelled) error {
	f.Channels = 1
	f.Height, f.Width = f.size.Y, f.size.X
	for _, im := range images {
		c, aside, err := imageConfig(im.file, maxSide)
		if err != nil {
			return err
		}
		if aside {
			f.turns++
		}
		if f.Height == 0 {
			f.Height, f.Width = c.Height, c.Width
		}
		if f.size == (image.Point{}) && (c.Height != f.Height || c.Width != f.Width) {
			return fmt.Errorf("%s is %d high and %d wide, want %d and %d as %s; resize brings all to one size",
				im.file, c.Height, c.Width, f.Height, f.Width, images[0].file)
		}
		switch c.ColorModel {
		case color.GrayModel:
		case color.Gray16Model:
			f.deep = true
		case color.RGBA64Model, color.NRGBA64Model:
			f.deep = true
			f.Channels = 3
		default:
			f.Channels = 3
		}
	}
	if f.alpha == "keep" {
		f.Channels = 4
	}
	if _, ok := product([]int{len(images), f.Height, f.Width, f.Channels}); !ok {
		return fmt.Errorf("%d images of %d×%d×%d, want at most %d values", len(images), f.Height, f.Width, f.Channels, maxValues)
	}
	return nil
}

// imageConfig also says whether the image is to be shown turned. Sides above most are an error.
func imageConfig(file string, most int) (c image.Config, aside bool, err error) {
	f, err := os.Open(file)
	if err != nil {
		return c, false, err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<16+64) // as long as EXIF can be
	if head, _ := r.Peek(2); string(head) == "\xff\xd8" {
		head, _ = r.Peek(r.Size())
		aside = turned(head)
	}
	c, _, err = image.DecodeConfig(r)
	if err != nil {
		return c, false, fmt.Errorf("%s: %w", file, err)
	}
	if c.Height < 1 || c.Width < 1 || c.Height > most || c.Width > most {
		return c, false, fmt.Errorf("%s is %d high and %d wide, want sides from 1 to %d", file, c.Height, c.Width, most)
	}
	return c, aside, nil
}

func (f *folder) readImages(images []labelled) (*Split, error) {
	p := &Split{Labels: make([]int, len(images))}
	for i, im := range images {
		p.Labels[i] = im.class
		m, err := decode(im.file)
		if err != nil {
			return nil, err
		}
		if size := m.Bounds().Size(); f.size == (image.Point{}) && (size.X != f.Width || size.Y != f.Height) {
			return nil, fmt.Errorf("%s is %d high and %d wide, want %d and %d as its header said", im.file, size.Y, size.X, f.Height, f.Width)
		}
		c, err := f.painted(m)
		if err != nil {
			return nil, fmt.Errorf("%s %w", im.file, err)
		}
		f.add(p, f.resized(c))
	}
	return p, nil
}

func decode(file string) (image.Image, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, _, err := image.Decode(bufio.NewReader(f))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return m, nil
}
