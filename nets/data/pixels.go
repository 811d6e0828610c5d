package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"strings"

	scaling "golang.org/x/image/draw"
)

// Alphas are what transparent pixels can become: the colour beneath ("drop"), what shows on black or on white, or a fourth
// channel of all images ("keep").
var Alphas = []string{"drop", "black", "white", "keep"}

// size is that of Resize: width and height, 0 where there is none.
func (o Options) size() (p image.Point, err error) {
	if o.Resize == "" {
		return p, nil
	}
	var rest string
	n, _ := fmt.Sscanf(strings.ReplaceAll(o.Resize, "×", "x")+" end", "%dx%d %s", &p.Y, &p.X, &rest)
	if n != 3 || rest != "end" || min(p.X, p.Y) < 1 || max(p.X, p.Y) > maxSide {
		return image.Point{}, fmt.Errorf("resize %q, want HEIGHTxWIDTH as 32x32, sides from 1 to %d", o.Resize, maxSide)
	}
	return p, nil
}

// canvas is room for an image: opaque, or with an alpha channel that is not multiplied into the colours.
func (f *folder) canvas(size image.Point) draw.Image {
	r := image.Rectangle{Max: size}
	switch {
	case f.alpha == "keep" && f.deep:
		return image.NewNRGBA64(r)
	case f.alpha == "keep":
		return image.NewNRGBA(r)
	case f.deep:
		return image.NewRGBA64(r)
	}
	return image.NewRGBA(r)
}

// painted is m on a canvas, what is transparent dealt with.
func (f *folder) painted(m image.Image) (draw.Image, error) {
	b := m.Bounds()
	c := f.canvas(b.Size())
	opaque, ok := m.(interface{ Opaque() bool })
	clear := !ok || !opaque.Opaque()
	if clear {
		f.clear++
	}
	switch {
	case !clear:
		draw.Draw(c, c.Bounds(), m, b.Min, draw.Src)
	case f.alpha == "black" || f.alpha == "white":
		beneath := map[string]color.Color{"black": color.Black, "white": color.White}[f.alpha]
		draw.Draw(c, c.Bounds(), image.NewUniform(beneath), image.Point{}, draw.Src)
		draw.Draw(c, c.Bounds(), m, b.Min, draw.Over)
	default:
		return c, f.copyStraight(c, m)
	}
	return c, nil
}

// copyStraight copies colours as they are stored, and alpha if it is kept. An image that shows by its alpha alone would be
// lost.
func (f *folder) copyStraight(c draw.Image, m image.Image) error {
	b := m.Bounds()
	first := straight(m.At(b.Min.X, b.Min.Y))
	flat, even := true, true // one colour, one alpha
	for y := range b.Dy() {
		for x := range b.Dx() {
			p := straight(m.At(b.Min.X+x, b.Min.Y+y))
			even = even && p.A == first.A
			flat = flat && p.R == first.R && p.G == first.G && p.B == first.B
			if f.alpha == "drop" {
				p.A = 0xffff
			}
			if f.deep {
				c.Set(x, y, p)
			} else {
				c.Set(x, y, color.NRGBA{byte(p.R >> 8), byte(p.G >> 8), byte(p.B >> 8), byte(p.A >> 8)})
			}
		}
	}
	if f.alpha == "drop" && flat && !even {
		return errors.New("is of one colour, and shows by its transparency alone: want alpha black, white or keep, not drop")
	}
	return nil
}

// straight is a colour that is not multiplied by its alpha; conversion loses those of transparent pixels, unless they are
// stored so.
func straight(c color.Color) color.NRGBA64 {
	if n, ok := c.(color.NRGBA); ok {
		return color.NRGBA64{uint16(n.R) * 0x101, uint16(n.G) * 0x101, uint16(n.B) * 0x101, uint16(n.A) * 0x101}
	}
	return color.NRGBA64Model.Convert(c).(color.NRGBA64)
}

// resized brings an image to the size that all are to have, its middle alone if it is cropped.
func (f *folder) resized(c draw.Image) draw.Image {
	r := c.Bounds()
	if f.crop {
		w, h := r.Dx(), r.Dy()
		if w*f.Height > h*f.Width {
			w = max(1, (2*h*f.Width+f.Height)/(2*f.Height)) // rounded
		} else {
			h = max(1, (2*w*f.Height+f.Width)/(2*f.Width))
		}
		r.Min = image.Pt((r.Dx()-w)/2, (r.Dy()-h)/2)
		r.Max = r.Min.Add(image.Pt(w, h))
	}
	if r == image.Rect(0, 0, f.Width, f.Height) {
		return c
	}
	to := f.canvas(image.Pt(f.Width, f.Height))
	scaling.BiLinear.Scale(to, to.Bounds(), c, r, scaling.Src, nil)
	return to
}

// add appends an image's pixels, channels last: bytes, or floats from 0 to 1 where images are deep.
func (f *folder) add(p *Split, c draw.Image) {
	var pix []byte
	switch c := c.(type) {
	case *image.RGBA:
		pix = c.Pix
	case *image.NRGBA:
		pix = c.Pix
	case *image.RGBA64:
		pix = c.Pix
	case *image.NRGBA64:
		pix = c.Pix
	}
	if !f.deep {
		for i := 0; i < len(pix); i += 4 {
			p.Pixels = append(p.Pixels, pix[i:][:f.Channels]...)
		}
		return
	}
	for i := 0; i < len(pix); i += 8 {
		for k := range f.Channels {
			p.Floats = append(p.Floats, float32(binary.BigEndian.Uint16(pix[i+2*k:]))/0xffff)
		}
	}
}
