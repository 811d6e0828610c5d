package chart

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"hebb/internal/figure"
)

// Confusion is a square of examples by class, in lines, and by what they are taken for. The shade is the share of the line.
// Of up to twenty classes the numbers stand in the squares.
type Confusion struct {
	Title   string
	Classes []string
	Counts  [][]int
}

const mostNumbered = 20 // classes

// Figure returns the drawing.
func (m Confusion) Figure() figure.Figure {
	n := vg.Length(len(m.Classes))
	cell := max(2, min(30, 560/n))
	name := newKey(9).TextStyle
	name.XAlign, name.YAlign = text.XRight, text.YCenter
	room := vg.Length(0) // of the longest name
	for _, c := range m.Classes {
		room = max(room, name.Width(c))
	}
	left, top := room+30, room+48
	wide := max(left+n*cell+barWidth, name.Width(m.Title)*12/9+20)
	return figure.Figure{Width: wide, Height: top + max(n*cell, barHeight) + 10, Draw: func(c draw.Canvas) {
		m.on(c, vg.Point{X: c.Min.X + left, Y: c.Max.Y - top}, cell, name)
	}}
}

// on draws the matrix with its top left corner at a point.
func (m Confusion) on(c draw.Canvas, at vg.Point, cell vg.Length, name text.Style) {
	title, turned := name, name
	title.Font.Size, title.XAlign, title.YAlign = 11, text.XLeft, text.YTop
	c.FillText(title, vg.Point{X: c.Min.X + 10, Y: c.Max.Y - 6}, m.Title)
	title.Font.Size, title.XAlign = 10, text.XCenter
	n := vg.Length(len(m.Classes))
	c.FillText(title, vg.Point{X: at.X + n*cell/2, Y: c.Max.Y - 24}, "taken for")
	title.Rotation = math.Pi / 2
	c.FillText(title, vg.Point{X: c.Min.X + 8, Y: at.Y - n*cell/2}, "class")
	turned.Rotation, turned.XAlign = math.Pi/2, text.XLeft
	for i := 0; i < len(m.Classes); i += stride(11, cell) {
		middle := (vg.Length(i) + 0.5) * cell
		c.FillText(name, vg.Point{X: at.X - 4, Y: at.Y - middle}, m.Classes[i])
		c.FillText(turned, vg.Point{X: at.X + middle, Y: at.Y + 4}, m.Classes[i])
	}
	number := name
	number.XAlign, number.Font.Size = text.XCenter, min(9, cell*0.34)
	for i, row := range m.Counts {
		sum := 0
		for _, k := range row {
			sum += k
		}
		for j, k := range row {
			share := float64(k) / float64(max(1, sum))
			lo := vg.Point{X: at.X + vg.Length(j)*cell, Y: at.Y - vg.Length(i+1)*cell}
			c.FillPolygon(blues(share), []vg.Point{lo, {X: lo.X + cell, Y: lo.Y}, {X: lo.X + cell, Y: lo.Y + cell}, {X: lo.X, Y: lo.Y + cell}})
			if number.Color = color.Black; share > 0.5 {
				number.Color = color.White
			}
			if k > 0 && len(m.Classes) <= mostNumbered {
				c.FillText(number, lo.Add(vg.Point{X: cell / 2, Y: cell / 2}), fmt.Sprint(k))
			}
		}
	}
	percent := func(x float64) color.Color { return blues(x / 100) }
	bar{lo: 0, hi: 100, shade: percent, format: "%.0f %%"}.on(c, vg.Point{X: at.X + n*cell + 16, Y: at.Y}, name)
}

// blues is from nearly white, of 0, to dark blue, of 1.
func blues(share float64) color.Color {
	mix := func(a, b float64) uint8 { return uint8(a + (b-a)*share) }
	return color.RGBA{mix(246, 8), mix(249, 48), mix(253, 107), 255}
}
