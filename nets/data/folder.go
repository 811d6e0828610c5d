package data

import (
	"bufio"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/jpeg" // decoders of images
	_ "image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxSide is the longest side of an image that is decoded: the decoders allocate what a header says.
const maxSide = 4096

// A labelled image, not yet read.
type labelled struct {
	file  string
	class int
}

func isFolder(dir string) bool {
	classes, err := subfolders(dir)
	return err == nil && len(classes) > 0
}

// loadFolder reads train/CLASS/… and test/CLASS/…, or CLASS/….
func loadFolder(dir string) (*Set, error) {
	trainDir, testDir := filepath.Join(dir, "train"), filepath.Join(dir, "test")
	if !isDir(trainDir) {
		if isDir(testDir) {
			return nil, fmt.Errorf("%s has a folder test, want a folder train too", dir)
		}
		trainDir = dir
	}
	classes, err := subfolders(trainDir)
	if err != nil {
		return nil, err
	}
	if len(classes) == 0 {
		return nil, fmt.Errorf("%s has no folders, want one of images for each class", trainDir)
	}
	train, err := list(trainDir, classes)
	if err != nil {
		return nil, err
	}
	var test []labelled
	if trainDir != dir && isDir(testDir) {
		if test, err = list(testDir, classes); err != nil {
			return nil, err
		}
	}
	s := &Set{Classes: len(classes), ClassNames: classes}
	if err := s.measureFolder(append(slices.Clone(train), test...)); err != nil {
		return nil, err
	}
	if s.Train, err = s.readImages(train); err != nil {
		return nil, err
	}
	if len(test) > 0 {
		s.Test, err = s.readImages(test)
	}
	return s, err
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
func list(dir string, classes []string) (all []labelled, err error) {
	folders, err := subfolders(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range folders {
		class := slices.Index(classes, name)
		if class < 0 {
			return nil, fmt.Errorf("%s is of no class that has training images: want one of %s", filepath.Join(dir, name), strings.Join(classes, ", "))
		}
		entries, err := os.ReadDir(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		before := len(all)
		for _, e := range entries {
			if isImage(e.Name()) && !e.IsDir() {
				all = append(all, labelled{filepath.Join(dir, name, e.Name()), class})
			}
		}
		if len(all) == before {
			return nil, fmt.Errorf("%s has no .png, .jpg or .jpeg files, want images of class %s", filepath.Join(dir, name), name)
		}
	}
	return all, nil
}

func isImage(name string) bool {
	ext := strings.ToLower(filepath.Ext(name))
	return !strings.HasPrefix(name, ".") && (ext == ".png" || ext == ".jpg" || ext == ".jpeg")
}

// measureFolder takes the size of the first image and asks it of all others; it looks at headers only.
func (s *Set) measureFolder(images []labelled) error {
	s.Channels = 1
	for i, im := range images {
		c, err := imageConfig(im.file)
		if err != nil {
			return err
		}
		if i == 0 {
			s.Height, s.Width = c.Height, c.Width
		}
		if c.Height != s.Height || c.Width != s.Width {
			return fmt.Errorf("%s is %d high and %d wide, want %d and %d as %s", im.file, c.Height, c.Width, s.Height, s.Width, images[0].file)
		}
		if c.ColorModel != color.GrayModel && c.ColorModel != color.Gray16Model {
			s.Channels = 3
		}
	}
	if _, ok := product([]int{len(images), s.Height, s.Width, s.Channels}); !ok {
		return fmt.Errorf("%d images of %d×%d×%d, want at most %d values", len(images), s.Height, s.Width, s.Channels, maxValues)
	}
	return nil
}

func imageConfig(file string) (c image.Config, err error) {
	f, err := os.Open(file)
	if err != nil {
		return c, err
	}
	defer f.Close()
	c, _, err = image.DecodeConfig(bufio.NewReader(f))
	if err != nil {
		return c, fmt.Errorf("%s: %w", file, err)
	}
	if c.Height < 1 || c.Width < 1 || c.Height > maxSide || c.Width > maxSide {
		return c, fmt.Errorf("%s is %d high and %d wide, want sides from 1 to %d", file, c.Height, c.Width, maxSide)
	}
	return c, nil
}

func (s *Set) readImages(images []labelled) (*Split, error) {
	p := &Split{Pixels: []byte{}, Labels: make([]int, len(images))}
	rgba := image.NewRGBA(image.Rect(0, 0, s.Width, s.Height))
	for i, im := range images {
		p.Labels[i] = im.class
		m, err := decode(im.file)
		if err != nil {
			return nil, err
		}
		if size := m.Bounds().Size(); size.X != s.Width || size.Y != s.Height {
			return nil, fmt.Errorf("%s is %d high and %d wide, want %d and %d as its header said", im.file, size.Y, size.X, s.Height, s.Width)
		}
		p.Pixels = s.appendPixels(p.Pixels, m, rgba)
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

// appendPixels appends the image's pixels, channels last, an alpha channel left out as if all were
// opaque. rgba is room to work in.
func (s *Set) appendPixels(to []byte, m image.Image, rgba *image.RGBA) []byte {
	b := m.Bounds()
	if opaque, ok := m.(interface{ Opaque() bool }); ok && opaque.Opaque() {
		draw.Draw(rgba, rgba.Rect, m, b.Min, draw.Src) // fast for the decoders' types, but multiplies by alpha
	} else {
		for y := range s.Height {
			for x := range s.Width {
				c := color.NRGBAModel.Convert(m.At(b.Min.X+x, b.Min.Y+y)).(color.NRGBA)
				rgba.SetRGBA(x, y, color.RGBA{c.R, c.G, c.B, 255})
			}
		}
	}
	for y := range s.Height {
		for x := range s.Width {
			at := rgba.Pix[rgba.PixOffset(x, y):]
			to = append(to, at[:s.Channels]...)
		}
	}
	return to
}
