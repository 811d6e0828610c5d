package chart

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"hebb/internal/figure"
)

// Curves are quantities over a number: a line each, with their spread, as bars at its points or, of many points, a band.
type Curves struct {
	Title, X, Y string
	Lines       []CurveLine
	Mark        float64 // a vertical line there; 0: none
	MarkName    string
}

// A CurveLine is one of Curves.
type CurveLine struct {
	Name   string
	At, Of []float64
	Spread []float64 // to either side; nil, NaN or 0: none
	Theory []float64 // what each should be, drawn as a dashed line; or nil
}

// bars are the points of a line that have a spread.
type bars struct {
	plotter.XYs
	spread []float64
}

func (b bars) YError(i int) (low, high float64) { return b.spread[i], b.spread[i] }

func (c Curves) plot() (*plot.Plot, error) {
	p, lo, hi := plot.New(), math.Inf(1), math.Inf(-1)
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = c.Title, c.X, c.Y
	p.Add(grid())
	key := newKey(10.5)
	for k, l := range c.Lines {
		colour := colours[k%len(colours)]
		line, b, around := make(plotter.XYs, len(l.At)), bars{}, curve{style: style{color: colour}}
		for i, at := range l.At {
			spread := 0.0
			line[i] = plotter.XY{X: at, Y: l.Of[i]}
			if i < len(l.Spread) && l.Spread[i] > 0 {
				spread = l.Spread[i]
				b.XYs, b.spread = append(b.XYs, line[i]), append(b.spread, spread)
			}
			around.points = append(around.points, point{at, l.Of[i], l.Of[i] - spread, l.Of[i] + spread})
			lo, hi = min(lo, l.Of[i]-spread), max(hi, l.Of[i]+spread)
		}
		style{colour, bold, nil}.draw(p, line, true)
		switch {
		case len(line) > fewPoints:
			around.band(p, math.Inf(-1))
		case len(b.XYs) > 0:
			whiskers, err := plotter.NewYErrorBars(b)
			if err != nil {
				return nil, err
			}
			whiskers.LineStyle = draw.LineStyle{Color: color.Color(colour), Width: 1.2}
			p.Add(whiskers)
		}
		key.Add(l.Name, swatch(colour))
	}
	theory := style{color.RGBA{A: 0xff}, 1.2, []vg.Length{5, 3}}
	for _, l := range c.Lines {
		var xys plotter.XYs
		for i, y := range l.Theory {
			xys = append(xys, plotter.XY{X: l.At[i], Y: y})
			lo, hi = min(lo, y), max(hi, y)
		}
		theory.draw(p, xys, false)
	}
	if slices.ContainsFunc(c.Lines, func(l CurveLine) bool { return l.Theory != nil }) {
		key.Add("theory", &plotter.Line{LineStyle: draw.LineStyle{Color: theory.color, Width: theory.width, Dashes: theory.dashes}})
	}
	mark := style{color.RGBA{R: 0x80, G: 0x80, B: 0x80, A: 0xff}, 1.2, nil}
	if c.Mark != 0 {
		key.Add(c.MarkName, &plotter.Line{LineStyle: draw.LineStyle{Color: mark.color, Width: mark.width}})
	}
	key.Left, key.Top = c.corner(lo, hi)
	p.Legend = key
	dress(p)
	p.X.Min, p.X.Max = math.Inf(1), math.Inf(-1)
	for _, l := range c.Lines {
		for _, at := range l.At {
			p.X.Min, p.X.Max = min(p.X.Min, at), max(p.X.Max, at)
		}
	}
	edge := 0.03 * (p.X.Max - p.X.Min)
	p.X.Min, p.X.Max = p.X.Min-edge, p.X.Max+edge
	linear(p, lo, hi)
	if c.Mark != 0 {
		mark.draw(p, plotter.XYs{{X: c.Mark, Y: p.Y.Min}, {X: c.Mark, Y: p.Y.Max}}, false)
	}
	return p, nil
}

// corner returns where the key is in the way of least of the lines, whose values are from lo to hi; of equals the bottom, and
// the left if the lowest line falls.
func (c Curves) corner(lo, hi float64) (left, top bool) {
	var xs []float64
	for _, l := range c.Lines {
		xs = append(xs, l.At...)
	}
	if len(xs) == 0 || !(hi > lo) {
		return false, false
	}
	from, wide := slices.Min(xs), slices.Max(xs)-slices.Min(xs)
	within := func(x, y float64, left, top bool) bool {
		if x = (x - from) / wide; !left {
			x = 1 - x
		}
		if y = (y - lo) / (hi - lo); top {
			y = 1 - y
		}
		return x < 0.4 && y < 0.06*float64(len(c.Lines))
	}
	count := func(left, top bool) (n int) {
		for _, l := range c.Lines {
			for i := 1; i < len(l.At); i++ {
				for k := range 8 { // along the line
					f := float64(k) / 7
					if within(l.At[i-1]+f*(l.At[i]-l.At[i-1]), l.Of[i-1]+f*(l.Of[i]-l.Of[i-1]), left, top) {
						n++
					}
				}
			}
		}
		return n
	}
	first := c.fall()
	left, best := first, count(first, false)
	for _, at := range [][2]bool{{!first, false}, {first, true}, {!first, true}} {
		if n := count(at[0], at[1]); n < best {
			left, top, best = at[0], at[1], n
		}
	}
	return left, top
}

// fall reports whether the lowest line ends below where the lowest begins, so that there is room below their beginnings.
func (c Curves) fall() bool {
	first, last := math.Inf(1), math.Inf(1)
	for _, l := range c.Lines {
		if n := len(l.Of); n > 0 {
			first, last = min(first, l.Of[0]), min(last, l.Of[n-1])
		}
	}
	return last <= first
}

// Panels are curves side by side, over one range of values.
type Panels []Curves

// Figure returns the drawing.
func (ps Panels) Figure() (figure.Figure, error) {
	plots, lo, hi := make([]*plot.Plot, len(ps)), math.Inf(1), math.Inf(-1)
	for i, c := range ps {
		p, err := c.plot()
		if err != nil {
			return figure.Figure{}, err
		}
		plots[i], lo, hi = p, min(lo, p.Y.Min), max(hi, p.Y.Max)
	}
	return figure.Figure{Width: chartWidth, Height: 4 * vg.Inch, Draw: func(c draw.Canvas) {
		width := c.Max.X / vg.Length(len(plots))
		for i, p := range plots {
			p.Y.Min, p.Y.Max = lo, hi
			p.Draw(draw.Crop(c, 8+vg.Length(i)*width, -14-vg.Length(len(plots)-1-i)*width, 6, -8))
		}
	}}, nil
}

// Figure returns the drawing.
func (c Curves) Figure() (figure.Figure, error) { return Panels{c}.Figure() }
