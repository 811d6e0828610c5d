// Package figure writes drawings as SVG and PNG.
package figure

import (
	"image/color"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// A Figure is a drawing with a width and a height.
type Figure struct {
	Width, Height vg.Length
	Draw          func(draw.Canvas)
}

// SVG writes the figure without a background, unless it draws one.
func (f Figure) SVG(w io.Writer) error {
	c := vgsvg.NewWith(vgsvg.UseWH(f.Width, f.Height))
	f.Draw(draw.New(c))
	_, err := c.WriteTo(w)
	return err
}

// PNG writes the figure on white, at 120 dots per inch.
func (f Figure) PNG(w io.Writer) error {
	c := vgimg.NewWith(vgimg.UseWH(f.Width, f.Height), vgimg.UseDPI(120), vgimg.UseBackgroundColor(color.White))
	f.Draw(draw.New(c))
	_, err := vgimg.PngCanvas{Canvas: c}.WriteTo(w)
	return err
}

// Sans sets the texts of p in a sans-serif font, in sizes of points; 0 leaves a size as it is.
func Sans(p *plot.Plot, title, label, tick vg.Length) {
	texts := map[*draw.TextStyle]vg.Length{&p.Title.TextStyle: title, &p.Legend.TextStyle: tick}
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		texts[&a.Label.TextStyle], texts[&a.Tick.Label] = label, tick
	}
	for style, size := range texts {
		style.Font.Variant = "Sans"
		if size > 0 {
			style.Font.Size = size
		}
	}
}
