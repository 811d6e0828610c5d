package chart

import (
	"fmt"
	"image"
	"image/color"
	imagedraw "image/draw"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"hebb/internal/figure"
)

// Tracks are pictures one below the other over one axis, such as the moments of trials: lines, or numbers as colours.
type Tracks struct {
	Title  string
	X      string
	Marks  []float64 // where a vertical line stands on this axis, as where a trial begins
	Tracks []Track
}

// A Track has Lines or, if it has none, Rows of numbers, the first at the bottom, each as long as all others. Dots are points on
// rows.
type Track struct {
	Title string
	X     string // of an axis of its own; "": that of all
	Y     string
	Lines []Trace
	Rows  [][]float32
	Dots  []float32 // a row for each moment; NaN: none
	At    []float64 // of the columns of Rows; nil: 0, 1, …
}

// A Trace is a line. NaN is a gap.
type Trace struct {
	Name   string
	Values []float32
	Colour int // number of one
	Dashed bool
}

func (l Trace) style() style {
	s := style{colours[l.Colour%len(colours)], 1.3, nil}
	if l.Dashed {
		s.dashes = dashed
	}
	return s
}

const (
	trackHeight = 1.7 * vg.Inch
	keyWidth    = 96
)

// Figure returns the drawing.
func (t Tracks) Figure() figure.Figure {
	plots := make([][]*plot.Plot, len(t.Tracks))
	tops := make([]float64, len(t.Tracks))
	for i, k := range t.Tracks {
		p := newPanel(k.Title)
		dress(p)
		p.X.Tick.Marker = wholeTicks{}
		tops[i] = k.draw(p, t.Marks)
		if p.Y.Label.Text, p.X.Label.Text = k.Y, k.X; k.X == "" && (i == len(t.Tracks)-1 || t.Tracks[i+1].X != "") {
			p.X.Label.Text = t.X
		}
		for _, x := range t.Marks {
			if k.X != "" {
				break
			}
			p.Add(&plotter.Line{XYs: plotter.XYs{{X: x, Y: p.Y.Min}, {X: x, Y: p.Y.Max}}, LineStyle: draw.LineStyle{Color: grey, Width: 0.6, Dashes: []vg.Length{2, 2}}})
		}
		plots[i] = []*plot.Plot{p}
	}
	height := 30 + trackHeight*vg.Length(len(plots))
	return figure.Figure{Width: chartWidth + keyWidth, Height: height, Draw: func(c draw.Canvas) { t.on(c, plots, tops) }}
}

func (t Tracks) on(c draw.Canvas, plots [][]*plot.Plot, tops []float64) {
	c.FillPolygon(color.White, []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
	style := newKey(9).TextStyle
	title := style
	title.Font.Size, title.YAlign = 12, text.YTop
	c.FillText(title, vg.Point{X: c.Min.X + 14, Y: c.Max.Y - 8}, t.Title)
	body := draw.Crop(c, 8, -14-keyWidth, 6, -30)
	for i, tile := range plot.Align(plots, draw.Tiles{Rows: len(plots), Cols: 1, PadY: 10}, body) {
		plots[i][0].Draw(tile[0])
		at := vg.Point{X: body.Max.X + 14, Y: tile[0].Max.Y - 18}
		if k := t.Tracks[i]; k.Lines == nil {
			room := tile[0].Max.Y - tile[0].Min.Y - 40
			bar{lo: -tops[i], hi: tops[i], shade: diverging(tops[i]), format: "%.3g", high: min(barHeight, room)}.on(c, at, style)
		} else if key := k.key(); key != nil {
			key.Draw(draw.Crop(tile[0], at.X-tile[0].Min.X, keyWidth, 0, -18))
		}
	}
}

// draw draws a track, with gaps in lines at the marks, and returns the largest number of its colours.
func (k Track) draw(p *plot.Plot, marks []float64) (top float64) {
	if k.Lines == nil {
		return k.heat(p)
	}
	lo, hi, n := math.Inf(1), math.Inf(-1), 0
	for _, l := range k.Lines {
		n = max(n, len(l.Values))
		s, run := l.style(), plotter.XYs(nil)
		for t, v := range l.Values {
			y := float64(v)
			there := math.Abs(y) <= math.MaxFloat32
			if !there || slices.Contains(marks, float64(t)-0.5) {
				s.draw(p, run, false)
				run = nil
			}
			if there {
				run, lo, hi = append(run, plotter.XY{X: float64(t), Y: y}), min(lo, y), max(hi, y)
			}
		}
		s.draw(p, run, false)
	}
	linear(p, lo, hi)
	p.X.Min, p.X.Max = -0.5, float64(n)-0.5 // as of colours
	return 0
}

// key names the lines.
func (k Track) key() *plot.Legend {
	if len(k.Lines) < 2 {
		return nil
	}
	key := newKey(9)
	for _, l := range k.Lines {
		s := l.style()
		key.Add(l.Name, &plotter.Line{LineStyle: draw.LineStyle{Color: s.color, Width: s.width, Dashes: s.dashes}})
	}
	return &key
}

// heat draws rows of numbers as colours, red above 0 and blue below; NaN is white.
func (k Track) heat(p *plot.Plot) (top float64) {
	down, across := float64(len(k.Rows)), float64(len(k.Rows[0]))
	for _, row := range k.Rows {
		for _, v := range row {
			if x := math.Abs(float64(v)); x <= math.MaxFloat32 {
				top = max(top, x)
			}
		}
	}
	if each := k.each(); each > 1 {
		p.Title.Text += fmt.Sprintf(" (of every %d the one furthest from 0)", each)
		down = math.Ceil(down/float64(each)) * float64(each)
	}
	p.Add(plotter.NewImage(k.bitmap(top), -0.5, -0.5, across-0.5, down-0.5))
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -0.5, across-0.5, -0.5, down-0.5
	p.Y.Tick.Marker = wholeTicks{}
	if k.At != nil {
		p.X.Tick.Marker = k.ticks()
	}
	var dots plotter.XYs
	for t, row := range k.Dots {
		if row == row {
			dots = append(dots, plotter.XY{X: float64(t), Y: float64(row)})
		}
	}
	if dots != nil {
		p.Add(&plotter.Scatter{XYs: dots, GlyphStyle: draw.GlyphStyle{Color: color.Black, Radius: 1.6, Shape: draw.CircleGlyph{}}})
	}
	return top
}

// mostRows is how many rows are told apart.
const mostRows = 200

// each is how many rows share a line of the picture: as scaled colours they would become one that is of none of them.
func (k Track) each() int { return (len(k.Rows)-1)/mostRows + 1 }

// bitmap has whole pixels for each number, so many that scaling blurs no edge that can be seen.
func (k Track) bitmap(top float64) *image.RGBA {
	lines, across := slices.Collect(slices.Chunk(k.Rows, k.each())), len(k.Rows[0])
	down := len(lines)
	wide, high := max(1, 1400/across), max(1, 320/down)
	m, shade := image.NewRGBA(image.Rect(0, 0, across*wide, down*high)), diverging(top)
	for i, rows := range lines {
		for t := range across {
			v := float64(rows[0][t])
			for _, row := range rows[1:] {
				if x := float64(row[t]); math.Abs(x) > math.Abs(v) {
					v = x
				}
			}
			c := color.Color(color.White)
			if v == v {
				c = shade(v)
			}
			cell := image.Rect(t*wide, (down-1-i)*high, (t+1)*wide, (down-i)*high)
			imagedraw.Draw(m, cell, image.NewUniform(c), image.Point{}, imagedraw.Src)
		}
	}
	return m
}

// ticks are of up to ten columns, at what they are of.
func (k Track) ticks() (all plot.ConstantTicks) {
	for i := 0; i < len(k.At); i += stride(1, vg.Length(10)/vg.Length(len(k.At))) {
		all = append(all, plot.Tick{Value: float64(i), Label: fmt.Sprintf("%.6g", k.At[i])})
	}
	return all
}
