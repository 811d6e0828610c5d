package chart

import (
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"

	"gonum.org/v1/plot/palette/moreland"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	canvas "gonum.org/v1/plot/vg/draw"

	"hebb/internal/figure"
)

// Filters is a contact sheet of the weights of units, on one scale: red is positive, blue negative, grey zero. Units of one
// channel stand in lines from the top left; of several, each unit is a line, with its channels side by side.
type Filters struct {
	Title                   string
	Values                  []float32 // units × channels × height × width; NaN: none
	Channels, Height, Width int
	// Labels, of units of one channel, stand below each; Note says what they are. Nil: none, and labels that are wider than a
	// unit are left out.
	Labels []string
	Note   string
}

const (
	dot        = vg.Inch / 120 // a pixel of a PNG
	mostPixels = 1 << 24       // of the sheet; units beyond are left out
)

// A contactSheet is Filters laid out.
type contactSheet struct {
	Filters
	units, across, down int
	zoom, gap           int // pixels
	top                 float64
	label               int // pixels below a unit
	head                []string
	style               text.Style
}

func (f Filters) layOut() contactSheet {
	s := contactSheet{Filters: f, units: len(f.Values) / (f.Channels * f.Height * f.Width), across: f.Channels, style: newKey(9).TextStyle}
	s.down = s.units
	how := "unit: the number at the left and that above, added"
	if f.Channels == 1 {
		s.across = int(math.Ceil(math.Sqrt(float64(s.units))))
		s.down = (s.units-1)/s.across + 1
	} else {
		how = "a line for each unit, a column for each channel of its input"
	}
	s.zoom = min(32, max(1, 900/(s.across*(f.Width+1))))
	s.gap = max(1, s.zoom/2)
	if len(f.Labels) == s.units && f.Channels == 1 && s.labelled() {
		s.label = labelHeight
	}
	if rows := max(1, mostPixels/(s.across*s.cell().X*s.cell().Y)); rows < s.down {
		s.down = rows
		how += fmt.Sprintf("; the first %d of %d units", rows*s.across/f.Channels, s.units)
	}
	for _, v := range f.Values {
		if v == v {
			s.top = max(s.top, math.Abs(float64(v)))
		}
	}
	s.head = []string{f.Title, how}
	if s.label > 0 {
		s.head = []string{f.Title, f.Note, how}
	}
	return s
}

// labelHeight is the pixels of a label of labelFont.
const labelHeight, labelFont = 14, 7

// labelled reports whether every label has room below its unit.
func (s contactSheet) labelled() bool {
	style, room := s.small(), vg.Length(s.cell().X)*dot
	return !slices.ContainsFunc(s.Labels, func(l string) bool { return style.Width(l) > room })
}

func (s contactSheet) small() text.Style {
	style := s.style
	style.Font.Size, style.XAlign, style.YAlign = labelFont, text.XCenter, text.YTop
	return style
}

// cell is the pixels from a filter to the next.
func (s contactSheet) cell() image.Point {
	return image.Pt(s.Width*s.zoom+s.gap, s.Height*s.zoom+s.gap+s.label)
}

// bitmap draws the filters.
func (s contactSheet) bitmap() image.Image {
	cell := s.cell()
	m := image.NewRGBA(image.Rect(0, 0, s.across*cell.X+s.gap, s.down*cell.Y+s.gap))
	draw.Draw(m, m.Bounds(), image.White, image.Point{}, draw.Src)
	shade := diverging(s.top)
	for i := range min(s.across*s.down, len(s.Values)/(s.Height*s.Width)) {
		filter := s.Values[i*s.Height*s.Width:]
		at := image.Pt(s.gap+i%s.across*cell.X, s.gap+i/s.across*cell.Y)
		for k := range s.Height * s.Width {
			corner := at.Add(image.Pt(k%s.Width*s.zoom, k/s.Width*s.zoom))
			pixel := image.Rectangle{corner, corner.Add(image.Pt(s.zoom, s.zoom))}
			if v := float64(filter[k]); v == v {
				draw.Draw(m, pixel, image.NewUniform(shade(v)), image.Point{}, draw.Src)
			}
		}
	}
	return m
}

// Figure returns the drawing.
func (f Filters) Figure() figure.Figure {
	s := f.layOut()
	size := image.Pt(s.across*s.cell().X+s.gap, s.down*s.cell().Y+s.gap)
	width := vg.Length(size.X)*dot + sheetLeft + barWidth
	for _, line := range s.head {
		width = max(width, sheetLeft+s.title().Width(line)+8)
	}
	return figure.Figure{Width: width, Height: max(vg.Length(size.Y)*dot, barHeight) + s.headHeight() + 8, Draw: func(c canvas.Canvas) { s.on(c, size) }}
}

// headHeight is the room for the lines above and the numbers of columns.
func (s contactSheet) headHeight() vg.Length { return sheetTop + 15*vg.Length(len(s.head)-2) }

const (
	sheetLeft = 40 // room for numbers
	sheetTop  = 54 // and for two lines above them
	barWidth  = 80
	barHeight = 140
)

func (s contactSheet) title() text.Style {
	style := s.style
	style.Font.Size, style.YAlign = 11, text.YTop
	return style
}

func (s contactSheet) on(c canvas.Canvas, size image.Point) {
	for i, line := range s.head {
		c.FillText(s.title(), vg.Point{X: c.Min.X + sheetLeft, Y: c.Max.Y - 6 - vg.Length(15*i)}, line)
	}
	corner := vg.Point{X: c.Min.X + sheetLeft, Y: c.Max.Y - s.headHeight()} // top left
	end := corner.Add(vg.Point{X: vg.Length(size.X) * dot, Y: -vg.Length(size.Y) * dot})
	c.DrawImage(vg.Rectangle{Min: vg.Point{X: corner.X, Y: end.Y}, Max: vg.Point{X: end.X, Y: corner.Y}}, s.bitmap())
	middle := func(i, cell, of int) vg.Length { return vg.Length(float64(i*cell+s.gap)+float64(of*s.zoom)/2) * dot }
	above, left := s.style, s.style
	above.XAlign, left.XAlign, left.YAlign = text.XCenter, text.XRight, text.YCenter
	for i := 0; i < s.across; i += stride(24, vg.Length(s.cell().X)*dot) {
		c.FillText(above, vg.Point{X: corner.X + middle(i, s.cell().X, s.Width), Y: corner.Y + 2}, fmt.Sprint(i))
	}
	each := s.across / s.Channels // units a line
	for i := 0; i < s.down; i += stride(11, vg.Length(s.cell().Y)*dot) {
		c.FillText(left, vg.Point{X: corner.X - 4, Y: corner.Y - middle(i, s.cell().Y, s.Height)}, fmt.Sprint(i*each))
	}
	if s.label > 0 {
		for i, l := range s.Labels[:min(len(s.Labels), s.across*s.down)] {
			at := vg.Point{X: corner.X + middle(i%s.across, s.cell().X, s.Width), Y: corner.Y - vg.Length(i/s.across*s.cell().Y+s.gap+s.Height*s.zoom+1)*dot}
			c.FillText(s.small(), at, l)
		}
	}
	bar{lo: -s.top, hi: s.top, shade: diverging(s.top), format: "%.3g"}.on(c, vg.Point{X: end.X + 16, Y: corner.Y}, left)
}

// stride is 1, 2, 5, 10, …: of how many one is numbered, where a number takes so much room.
func stride(room, each vg.Length) int {
	for by := 1; ; by *= 10 {
		for _, k := range []int{1, 2, 5} {
			if vg.Length(k*by)*each >= room {
				return k * by
			}
		}
	}
}

// A bar is a scale of colours.
type bar struct {
	lo, hi float64
	shade  func(x float64) color.Color
	format string
	high   vg.Length // 0: barHeight
}

// on draws the bar with its top left corner at a point.
func (b bar) on(c canvas.Canvas, at vg.Point, style text.Style) {
	const steps, wide = 140, 12
	high := cmp.Or(b.high, barHeight)
	at.Y -= high
	for i := range steps {
		lo, hi := at.Y+high*vg.Length(i)/steps, at.Y+high // over the one before, which leaves no seam
		x := b.lo + (b.hi-b.lo)*(float64(i)+0.5)/steps
		c.FillPolygon(b.shade(x), []vg.Point{{X: at.X, Y: lo}, {X: at.X + wide, Y: lo}, {X: at.X + wide, Y: hi}, {X: at.X, Y: hi}})
	}
	style.XAlign, style.YAlign = text.XLeft, text.YCenter
	for i := range 5 {
		share := float64(i) / 4
		c.FillText(style, vg.Point{X: at.X + wide + 4, Y: at.Y + high*vg.Length(share)}, fmt.Sprintf(b.format, b.lo+share*(b.hi-b.lo)))
	}
}

// diverging returns the colours of −top … top.
func diverging(top float64) func(float64) color.Color {
	m := moreland.SmoothBlueRed()
	m.SetMin(-1)
	m.SetMax(1)
	return func(x float64) color.Color {
		if top > 0 {
			x /= top
		}
		shade, err := m.At(max(-1, min(1, x)))
		if err != nil {
			panic(err) // only of numbers beyond −1 and 1
		}
		return shade
	}
}
