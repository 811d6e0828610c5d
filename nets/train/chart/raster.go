package chart

import (
	"fmt"
	"image"
	"image/color"
	imagedraw "image/draw"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"hebb/internal/count"
	"hebb/internal/figure"
	"hebb/nets/train"
)

// Raster draws spikes: of each group a row for each cell and a mark for each spike, over the time of all trials; the PSTH of
// all groups over the time of a trial; and membranes and thresholds of some cells.
type Raster struct {
	Title  string
	Groups []RasterGroup
}

// A RasterGroup is a group of cells in a [Raster].
type RasterGroup struct {
	train.SpikeGroup
	Example int
	Cells   []int  // whose spikes are drawn, the first at the bottom; at least one
	Sort    string // their order, see [train.SpikeOrders]
	Bin     int    // steps of the PSTH
	Traces  []int  // whose membranes are drawn
}

// A rasterPanel is a panel with its height and, beside it, a key.
type rasterPanel struct {
	*plot.Plot
	high vg.Length
	key  *plot.Legend
}

const (
	psthHeight  = 1.6 * vg.Inch
	traceHeight = 1.3 * vg.Inch
)

// Figure returns the drawing.
func (r Raster) Figure() figure.Figure {
	var panels []rasterPanel
	for i, g := range r.Groups {
		panels = append(panels, g.panel(colour(i, len(r.Groups))))
	}
	panels = append(panels, r.psth())
	for _, g := range r.Groups {
		for _, cell := range g.Traces {
			panels = append(panels, g.trace(cell))
		}
	}
	for _, p := range panels {
		dress(p.Plot)
		p.X.Label.Text = "time in ms"
	}
	panels[len(r.Groups)].X.Label.Text = "time in a trial in ms"
	high := vg.Length(34)
	for _, p := range panels {
		high += p.high
	}
	return figure.Figure{Width: chartWidth + keyWidth, Height: high, Draw: func(c draw.Canvas) { r.on(c, panels) }}
}

func (r Raster) on(c draw.Canvas, panels []rasterPanel) {
	c.FillPolygon(color.White, []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
	title := newKey(9).TextStyle
	title.Font.Size, title.YAlign = 12, text.YTop
	c.FillText(title, vg.Point{X: c.Min.X + 14, Y: c.Max.Y - 8}, r.Title)
	top := c.Max.Y - 28
	rows, tiles := make([][]*plot.Plot, len(panels)), make([]draw.Canvas, len(panels))
	for i, p := range panels {
		tiles[i] = draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{Min: vg.Point{X: c.Min.X + 8, Y: top - p.high + 8}, Max: vg.Point{X: c.Max.X - 14 - keyWidth, Y: top}}}
		top -= p.high
		rows[i] = []*plot.Plot{p.Plot}
	}
	aligned := plot.Align(rows, draw.Tiles{Rows: len(rows), Cols: 1}, tiles[0])
	for i, p := range panels {
		tiles[i].Min.X, tiles[i].Max.X = aligned[i][0].Min.X, aligned[i][0].Max.X
		p.Draw(tiles[i])
		if p.key != nil {
			p.key.Draw(draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{Min: vg.Point{X: c.Max.X - keyWidth, Y: tiles[i].Min.Y}, Max: vg.Point{X: c.Max.X, Y: tiles[i].Max.Y - 18}}})
		}
	}
}

// ms is the time of all steps.
func (g RasterGroup) ms() float64 { return float64(g.Steps) * g.DT }

// panel is the raster of a group.
func (g RasterGroup) panel(c color.RGBA) rasterPanel {
	p := newPanel(fmt.Sprintf("%s: %s", g.Name, count.Of(g.N, "cell")))
	if n := len(g.Cells); n < g.N {
		p.Title.Text = fmt.Sprintf("%s: %d of %s", g.Name, n, count.Of(g.N, "cell"))
	}
	p.Add(plotter.NewImage(g.bitmap(c), 0, 0, g.ms(), float64(len(g.Cells))))
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, g.ms(), 0, float64(len(g.Cells))
	if p.Y.Label.Text, p.Y.Tick.Marker = "cell", g.numbers(); g.Sort != train.SpikeOrders[0] {
		p.Title.Text += ", by " + map[string]string{"first": "first spike", "rate": "rate"}[g.Sort]
		p.Y.Label.Text, p.Y.Tick.Marker = "cells", linearTicks{most: 4}
	}
	for at := g.Trial; at < g.Steps; at += g.Trial {
		x := float64(at) * g.DT
		p.Add(&plotter.Line{XYs: plotter.XYs{{X: x, Y: 0}, {X: x, Y: p.Y.Max}}, LineStyle: draw.LineStyle{Color: grey, Width: 0.6, Dashes: []vg.Length{2, 2}}})
	}
	return rasterPanel{Plot: p, high: 70 + max(48, vg.Length(min(100, len(g.Cells)))*1.7)}
}

// numbers are ticks of up to five cells with their numbers.
func (g RasterGroup) numbers() (all plot.ConstantTicks) {
	for i := 0; i < len(g.Cells); i += stride(1, vg.Length(5)/vg.Length(len(g.Cells))) {
		all = append(all, plot.Tick{Value: float64(i) + 0.5, Label: fmt.Sprint(g.Cells[i])})
	}
	return all
}

// mostColumns is how many times are told apart.
const mostColumns = 1600

// bitmap has whole pixels for each cell and step; where there are more steps than can be told apart, a pixel is several.
func (g RasterGroup) bitmap(c color.RGBA) *image.RGBA {
	columns, high := min(g.Steps, mostColumns), 1+max(1, 500/len(g.Cells))
	wide := max(1, mostColumns/columns)
	mark := min(wide, 6)
	m := image.NewRGBA(image.Rect(0, 0, columns*wide, len(g.Cells)*high))
	imagedraw.Draw(m, m.Rect, image.White, image.Point{}, imagedraw.Src)
	for row, cell := range g.Cells {
		for _, s := range g.Trains[g.Example][cell] {
			x, y := s*columns/g.Steps*wide, (len(g.Cells)-1-row)*high
			imagedraw.Draw(m, image.Rect(x+(wide-mark)/2, y, x+(wide+mark)/2, y+high-1), image.NewUniform(c), image.Point{}, imagedraw.Src) // a line between cells stays white
		}
	}
	return m
}

// psth is the rates of all groups.
func (r Raster) psth() rasterPanel {
	p, key, top, end := newPanel("rate of a mean cell over a trial (PSTH)"), newKey(9), 0.0, 0.0
	for i, g := range r.Groups {
		var steps plotter.XYs
		for k, rate := range g.PSTH(g.Bin) {
			from, to := float64(k*g.Bin)*g.DT, float64(min((k+1)*g.Bin, g.Trial))*g.DT
			steps, top, end = append(steps, plotter.XY{X: from, Y: rate}, plotter.XY{X: to, Y: rate}), max(top, rate), max(end, to)
		}
		s := style{colour(i, len(r.Groups)), 1.3, nil}
		s.draw(p, steps, false)
		key.Add(g.Name, swatch(s.color))
	}
	linear(p, 0, top)
	p.Y.Tick.Marker = linearTicks{most: 4}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Label.Text = 0, end, 0, "Hz"
	return rasterPanel{p, psthHeight, &key}
}

// trace is the membrane and the threshold of a cell, with marks on top where it spikes.
func (g RasterGroup) trace(cell int) rasterPanel {
	p, key := newPanel(fmt.Sprintf("%s, cell %d", g.Name, cell)), newKey(9)
	at := func(s int) float64 { return (float64(s) + 0.5) * g.DT }
	lo, hi := float64(g.Membrane[cell][0]), float64(g.Membrane[cell][0])
	for i, of := range [][][]float32{g.Membrane, g.Threshold} {
		if of == nil {
			continue
		}
		s := style{colours[6-5*i], 1.1, nil} // black, and vermilion
		if i == 1 {
			s.dashes = dashed
		}
		var line plotter.XYs
		for k, v := range of[cell] {
			line, lo, hi = append(line, plotter.XY{X: at(k), Y: float64(v)}), min(lo, float64(v)), max(hi, float64(v))
		}
		s.draw(p, line, false)
		key.Add([]string{"membrane", "threshold"}[i], &plotter.Line{LineStyle: draw.LineStyle{Color: s.color, Width: s.width, Dashes: s.dashes}})
	}
	linear(p, lo, hi+0.12*(hi-lo))
	p.Y.Tick.Marker = linearTicks{most: 3}
	for _, s := range g.Trains[g.Example][cell] {
		style{colours[0], 1.2, nil}.draw(p, plotter.XYs{{X: at(s), Y: p.Y.Max - 0.09*(p.Y.Max-p.Y.Min)}, {X: at(s), Y: p.Y.Max}}, false)
	}
	key.Add("spikes", swatch(colours[0]))
	p.X.Min, p.X.Max = 0, g.ms()
	return rasterPanel{p, traceHeight, &key}
}
