package chart

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	canvas "gonum.org/v1/plot/vg/draw"

	"hebb/internal/figure"
)

// Arbors are a contact sheet of the weights of cells whose synapses have places in a plane, a dot for each synapse, on one scale:
// red is positive, blue negative. Cells stand in lines from the top left.
type Arbors struct {
	Title  string
	Unit   string    // of the places
	X, Y   []float32 // places of the synapses, the same for all cells
	Values [][]float32
	Words  []string // one below each cell; or nil
	Across int      // cells in a line; 0: about a square
	// Columns and Lines are names of the columns and lines of the sheet, or nil. ColumnsName and LinesName, before the first
	// of each, say of what.
	Columns, Lines         []string
	ColumnsName, LinesName string
}

const (
	fieldGap  = 6  // pixels
	fieldWord = 16 // pixels for the word
)

// side returns the pixels of a field.
func (f Arbors) side() int { return min(360, max(108, 900/f.across())) }

// head is the lines above the sheet.
func (f Arbors) head() [2]string {
	far, _ := f.reach()
	return [2]string{f.Title, fmt.Sprintf("a dot for each synapse, where it is; a field is %.3g %s across", 2*far, f.Unit)}
}

// across returns how many cells are in a line.
func (f Arbors) across() int {
	if f.Across > 0 {
		return f.Across
	}
	return int(math.Ceil(math.Sqrt(float64(len(f.Values)))))
}

// reach returns the largest coordinate, and the largest weight.
func (f Arbors) reach() (far, top float64) {
	for i := range f.X {
		far = max(far, math.Abs(float64(f.X[i])), math.Abs(float64(f.Y[i])))
	}
	for _, cell := range f.Values {
		for _, w := range cell {
			top = max(top, math.Abs(float64(w)))
		}
	}
	return far, top
}

// corner returns the top left corner of a cell's field in the bitmap.
func (f Arbors) corner(cell int) image.Point {
	return image.Pt(cell%f.across()*(f.side()+fieldGap), cell/f.across()*(f.side()+fieldGap+fieldWord))
}

// size returns that of the bitmap.
func (f Arbors) size() image.Point {
	return f.corner((len(f.Values)-1)/f.across()*f.across() + f.across()).Add(image.Pt(f.across()*(f.side()+fieldGap), 0))
}

// bitmap draws the fields.
func (f Arbors) bitmap() image.Image {
	m := image.NewRGBA(image.Rectangle{Max: f.size()})
	draw.Draw(m, m.Bounds(), image.White, image.Point{}, draw.Src)
	far, top := f.reach()
	shade := diverging(top)
	side := f.side()
	radius := max(1.5, min(5, float64(side)/2/math.Sqrt(float64(len(f.X)))))
	for cell, weights := range f.Values {
		at := f.corner(cell)
		frame := image.Rectangle{at, at.Add(image.Pt(side, side))}
		draw.Draw(m, frame, image.NewUniform(color.Gray{225}), image.Point{}, draw.Src)
		inside := m.SubImage(frame.Inset(1)).(draw.Image)
		draw.Draw(inside, inside.Bounds(), image.White, image.Point{}, draw.Src)
		scale := (float64(side)/2 - radius - 1) / max(far, math.SmallestNonzeroFloat64)
		for i, w := range weights {
			disc(inside, float64(at.X)+float64(side)/2+scale*float64(f.X[i]), float64(at.Y)+float64(side)/2-scale*float64(f.Y[i]), radius, shade(float64(w)))
		}
	}
	return m
}

// disc fills the pixels within a radius of a point.
func disc(m draw.Image, x, y, radius float64, c color.Color) {
	for i := int(x - radius); float64(i) <= x+radius; i++ {
		for j := int(y - radius); float64(j) <= y+radius; j++ {
			if math.Hypot(float64(i)-x, float64(j)-y) <= radius && image.Pt(i, j).In(m.Bounds()) {
				m.Set(i, j, c)
			}
		}
	}
}

// Figure returns the drawing.
func (f Arbors) Figure() figure.Figure {
	size := f.size()
	width := vg.Length(size.X)*dot + sheetLeft + barWidth
	for _, line := range f.head() {
		width = max(width, f.title().Width(line)+12)
	}
	return figure.Figure{Width: width, Height: max(vg.Length(size.Y)*dot, barHeight) + sheetTop + 12, Draw: f.on}
}

func (f Arbors) title() text.Style {
	style := newKey(9).TextStyle
	style.Font.Size, style.YAlign = 11, text.YTop
	return style
}

func (f Arbors) on(c canvas.Canvas) {
	_, top := f.reach()
	size, side := f.size(), f.side()
	for i, line := range f.head() {
		c.FillText(f.title(), vg.Point{X: c.Min.X + 4, Y: c.Max.Y - 6 - vg.Length(15*i)}, line)
	}
	corner := vg.Point{X: c.Min.X + sheetLeft, Y: c.Max.Y - sheetTop} // top left
	end := corner.Add(vg.Point{X: vg.Length(size.X) * dot, Y: -vg.Length(size.Y) * dot})
	c.DrawImage(vg.Rectangle{Min: vg.Point{X: corner.X, Y: end.Y}, Max: vg.Point{X: end.X, Y: corner.Y}}, f.bitmap())
	middle := func(cell int) vg.Point {
		at := f.corner(cell)
		return vg.Point{X: corner.X + vg.Length(at.X+side/2)*dot, Y: corner.Y - vg.Length(at.Y+side/2)*dot}
	}
	style := newKey(9).TextStyle
	centred, left := style, style
	centred.XAlign, left.XAlign, left.YAlign = text.XCenter, text.XRight, text.YCenter
	for i, name := range f.Columns {
		c.FillText(centred, vg.Point{X: middle(i).X, Y: corner.Y + 3}, labelled(f.ColumnsName, name, i))
	}
	for i, name := range f.Lines {
		c.FillText(left, vg.Point{X: corner.X - 3, Y: middle(i * f.across()).Y}, labelled(f.LinesName, name, i))
	}
	centred.YAlign = text.YTop
	for cell, word := range f.Words {
		c.FillText(centred, middle(cell).Add(vg.Point{Y: -vg.Length(side/2+1) * dot}), word)
	}
	bar{lo: -top, hi: top, shade: diverging(top), format: "%.3g"}.on(c, vg.Point{X: end.X + 16, Y: corner.Y}, left)
}

// labelled names the first of some.
func labelled(what, name string, i int) string {
	if i == 0 && what != "" {
		return what + " " + name
	}
	return name
}
