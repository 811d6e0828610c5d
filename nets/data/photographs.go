package data

import (
	"fmt"
	"hash/crc32"
	"image"
	"image/draw"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxPhotographSide is the longest side of a photograph, of which one at a time is in memory.
const maxPhotographSide = 1 << 14

// MatePhotographs is where Debian's package mate-backgrounds (GPL-2+) has photographs of nature.
const MatePhotographs = "/usr/share/backgrounds/mate/nature"

// A Photograph is a grey image.
type Photograph struct {
	Name          string
	Height, Width int
	Grey          []float32 // Height × Width
}

// Photographs returns the paths of the images in a folder, without its subfolders, by name: all, or the given names in their
// order. There is at least one. Its error wraps [ErrNoData] where the folder or a name is not there, or has no images.
func Photographs(dir string, names []string) (paths []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, noData{fmt.Errorf("photographs: %w; want a folder of images, as Debian's package mate-backgrounds has at %s", err, MatePhotographs)}
	}
	var there []string
	for _, e := range entries {
		if isImage(e.Name()) && !e.IsDir() {
			there = append(there, e.Name())
		}
	}
	if len(there) == 0 {
		return nil, noData{fmt.Errorf("photographs: %s has no images (%s)", dir, strings.Join(imageTypes, ", "))}
	}
	if len(names) == 0 {
		names = there
	}
	for _, name := range names {
		if !slices.Contains(there, name) {
			return nil, noData{fmt.Errorf("photographs: %s has no image %s (%s); its images are %s", dir, name, strings.Join(imageTypes, ", "), strings.Join(there, ", "))}
		}
		paths = append(paths, filepath.Join(dir, name))
	}
	return paths, nil
}

// PhotographsChecksum returns a checksum of the contents of files.
func PhotographsChecksum(paths []string) (uint32, error) {
	sum := crc32.NewIEEE()
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			return 0, fmt.Errorf("photographs: %w", err)
		}
		sum.Write(raw)
	}
	return sum.Sum32(), nil
}

// ReadPhotograph reads an image as the retina might hand it on, so that patches of different photographs can be learned from
// together: with R, G and B from 0 to 255 (transparent pixels on black),
//
//	g = 0.299·R + 0.587·G + 0.114·B
//	g ← its means over squares of 2×2 pixels, which halves each side (an odd row or column at the end is left out)
//	g ← ln(1 + g)
//	g ← (g − mean)/sd, over the photograph
//
// A photograph of one grey is an error.
func ReadPhotograph(path string) (*Photograph, error) {
	c, _, err := imageConfig(path, maxPhotographSide)
	if err != nil {
		return nil, unfit(err)
	}
	if c.Height < 2 || c.Width < 2 {
		return nil, unfit(fmt.Errorf("%s is %d high and %d wide, want at least 2", path, c.Height, c.Width))
	}
	m, err := decode(path)
	if err != nil {
		return nil, unfit(err)
	}
	p := greyed(m)
	p.Name = filepath.Base(path)
	if !p.standardise() {
		return nil, unfit(fmt.Errorf("%s is of one grey all over, want a photograph", path))
	}
	return p, nil
}

// greyed returns ln(1 + g) of the means over squares of 2×2 pixels.
func greyed(m image.Image) *Photograph {
	b := m.Bounds()
	c := image.NewRGBA(image.Rectangle{Max: b.Size()})
	draw.Draw(c, c.Bounds(), m, b.Min, draw.Src)
	p := &Photograph{Height: b.Dy() / 2, Width: b.Dx() / 2}
	p.Grey = make([]float32, p.Height*p.Width)
	for i := range p.Grey {
		sum := 0.0
		for k := range 4 {
			rgb := c.Pix[c.PixOffset(i%p.Width*2+k%2, i/p.Width*2+k/2):]
			sum += 0.299*float64(rgb[0]) + 0.587*float64(rgb[1]) + 0.114*float64(rgb[2])
		}
		p.Grey[i] = float32(math.Log1p(sum / 4))
	}
	return p
}

// standardise makes the mean 0 and the standard deviation 1; false if all are alike.
func (p *Photograph) standardise() bool {
	mean, squares := 0.0, 0.0
	for _, v := range p.Grey {
		mean += float64(v) / float64(len(p.Grey))
	}
	for _, v := range p.Grey {
		squares += (float64(v) - mean) * (float64(v) - mean) / float64(len(p.Grey))
	}
	for i, v := range p.Grey {
		p.Grey[i] = float32((float64(v) - mean) / math.Sqrt(squares))
	}
	return squares > 1e-12
}
