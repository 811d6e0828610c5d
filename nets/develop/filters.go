package develop

import (
	"image"
	"image/color"
	"image/draw"
	"math"
)

// DrawFilters draws the weights of units, rows × cols each, as a contact sheet, in order from the top left: red is
// positive, blue negative and white zero, each unit on its own scale. It is enlarged to about 900 pixels of width.
func DrawFilters(w []float32, rows, cols int) image.Image {
	units := len(w) / (rows * cols)
	across := int(math.Ceil(math.Sqrt(float64(units))))
	down := (units + across - 1) / across
	zoom := max(1, 900/(across*(cols+2)))
	gap := max(2, zoom)
	cell := image.Pt(cols*zoom+gap, rows*zoom+gap)

	sheet := image.NewRGBA(image.Rect(0, 0, across*cell.X+gap, down*cell.Y+gap))
	draw.Draw(sheet, sheet.Bounds(), image.NewUniform(color.Gray{70}), image.Point{}, draw.Src)
	for u := range units {
		filter := w[u*rows*cols:][:rows*cols]
		at := image.Pt(gap+u%across*cell.X, gap+u/across*cell.Y)
		drawFilter(sheet, at, zoom, filter, cols)
	}
	return sheet
}

func drawFilter(sheet draw.Image, at image.Point, zoom int, filter []float32, cols int) {
	top := 0.0
	for _, v := range filter {
		top = math.Max(top, math.Abs(float64(v)))
	}
	for i, v := range filter {
		x := 0.0
		if top > 0 {
			x = float64(v) / top
		}
		corner := at.Add(image.Pt(i%cols*zoom, i/cols*zoom))
		pixel := image.Rectangle{corner, corner.Add(image.Pt(zoom, zoom))}
		draw.Draw(sheet, pixel, image.NewUniform(diverging(x)), image.Point{}, draw.Src)
	}
}

// The ends and the quarters of ColorBrewer's RdBu, which people with any colour vision can read.
var (
	red  = [3]color.RGBA{{247, 247, 247, 255}, {244, 165, 130, 255}, {178, 24, 43, 255}}
	blue = [3]color.RGBA{{247, 247, 247, 255}, {146, 197, 222, 255}, {33, 102, 172, 255}}
)

// diverging maps −1 … 1 to blue … white … red.
func diverging(x float64) color.RGBA {
	side := red
	if x < 0 {
		side, x = blue, -x
	}
	if x <= 0.5 {
		return between(side[0], side[1], 2*x)
	}
	return between(side[1], side[2], math.Min(1, 2*x-1))
}

func between(a, b color.RGBA, x float64) color.RGBA {
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + x*(float64(b)-float64(a)))) }
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}
