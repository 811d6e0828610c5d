package chart

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"hebb/internal/figure"
)

// Curves are quantities over a number: a line each, with bars of their spread.
type Curves struct {
	Title, X, Y string
	Lines       []CurveLine
}

// A CurveLine is one of Curves.
type CurveLine struct {
	Name   string
	At, Of []float64
	Spread []float64 // to either side; nil, NaN or 0: none
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
	key.Left, key.Top = true, false
	for k, l := range c.Lines {
		colour := colours[k%len(colours)]
		line, b := make(plotter.XYs, len(l.At)), bars{}
		for i, at := range l.At {
			spread := 0.0
			line[i] = plotter.XY{X: at, Y: l.Of[i]}
			if i < len(l.Spread) && l.Spread[i] > 0 {
				spread = l.Spread[i]
				b.XYs, b.spread = append(b.XYs, line[i]), append(b.spread, spread)
			}
			lo, hi = min(lo, l.Of[i]-spread), max(hi, l.Of[i]+spread)
		}
		style{colour, bold, nil}.draw(p, line, true)
		if len(b.XYs) > 0 {
			whiskers, err := plotter.NewYErrorBars(b)
			if err != nil {
				return nil, err
			}
			whiskers.LineStyle = draw.LineStyle{Color: color.Color(colour), Width: 1.2}
			p.Add(whiskers)
		}
		key.Add(l.Name, swatch(colour))
	}
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
	return p, nil
}

// Figure returns the drawing.
func (c Curves) Figure() (figure.Figure, error) {
	p, err := c.plot()
	return figure.Figure{Width: chartWidth, Height: 4 * vg.Inch, Draw: func(c draw.Canvas) { p.Draw(draw.Crop(c, 8, -14, 6, -8)) }}, err
}
