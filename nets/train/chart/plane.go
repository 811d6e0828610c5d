package chart

import (
	"fmt"
	"image"
	"image/color"
	"math"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	canvas "gonum.org/v1/plot/vg/draw"

	"hebb/internal/figure"
	"hebb/nets/train"
)

// Plane draws the answers all over a plane, red above the middle of the wanted values and blue below, and the examples
// as dots in the colours of their wanted values.
type Plane struct {
	Title string
	train.Plane
}

const planeSide = 5 * vg.Inch

// Figure returns the drawing.
func (p Plane) Figure() figure.Figure {
	return figure.Figure{Width: planeSide + sheetLeft + barWidth, Height: planeSide + sheetTop + 24, Draw: p.on}
}

// scale returns the middle of the wanted values, and their largest distance from it.
func (p Plane) scale() (middle, top float64) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, w := range p.Wanted {
		low, high = min(low, float64(w)), max(high, float64(w))
	}
	return (low + high) / 2, max((high-low)/2, 1e-6)
}

// bitmap draws the answers.
func (p Plane) bitmap(shade func(float64) color.Color) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, p.Side, p.Side))
	for i, v := range p.Answers {
		m.Set(i%p.Side, i/p.Side, shade(float64(v)))
	}
	return m
}

// shade returns the colours of answers.
func (p Plane) shade() func(float64) color.Color {
	middle, top := p.scale()
	colours := diverging(top)
	return func(x float64) color.Color { return colours(x - middle) }
}

func (p Plane) on(c canvas.Canvas) {
	middle, top := p.scale()
	shade := p.shade()
	corner := vg.Point{X: c.Min.X + sheetLeft, Y: c.Min.Y + 24}
	c.DrawImage(vg.Rectangle{Min: corner, Max: corner.Add(vg.Point{X: planeSide, Y: planeSide})}, p.bitmap(shade))
	place := func(x [2]float32) vg.Point {
		share := func(k int) vg.Length { return vg.Length((float64(x[k])-p.Low[k])/(p.High[k]-p.Low[k])) * planeSide }
		return corner.Add(vg.Point{X: share(0), Y: share(1)})
	}
	for i, x := range p.Points {
		c.DrawGlyph(canvas.GlyphStyle{Color: color.Black, Radius: 3.2, Shape: canvas.CircleGlyph{}}, place(x))
		c.DrawGlyph(canvas.GlyphStyle{Color: shade(float64(p.Wanted[i])), Radius: 2.4, Shape: canvas.CircleGlyph{}}, place(x))
	}
	style := newKey(9).TextStyle
	title := style
	title.Font.Size, title.YAlign = 11, text.YTop
	c.FillText(title, vg.Point{X: corner.X, Y: c.Max.Y - 6}, p.Title)
	c.FillText(title, vg.Point{X: corner.X, Y: c.Max.Y - 21}, "colours: answers; dots: examples, in the colours of what they want")
	p.ends(c, corner, style)
	bar{lo: middle - top, hi: middle + top, shade: shade, format: "%.3g"}.on(c, corner.Add(vg.Point{X: planeSide + 16, Y: planeSide}), style)
}

// ends writes the numbers at the ends of both axes.
func (p Plane) ends(c canvas.Canvas, corner vg.Point, style text.Style) {
	below, left := style, style
	below.YAlign, left.XAlign = text.YTop, text.XRight
	for end := range 2 {
		at := vg.Length(end) * planeSide
		value := func(k int) string { return fmt.Sprintf("%.3g", [2]float64{p.Low[k], p.High[k]}[end]) }
		below.XAlign = []text.XAlignment{text.XLeft, text.XRight}[end]
		left.YAlign = []text.YAlignment{text.YBottom, text.YTop}[end]
		c.FillText(below, corner.Add(vg.Point{X: at, Y: -4}), value(0))
		c.FillText(left, corner.Add(vg.Point{X: -4, Y: at}), value(1))
	}
}
