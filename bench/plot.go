package bench

import (
	"cmp"
	"fmt"
	"image/color"
	"io"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"hebb/internal/figure"
)

// palette has colours that can be told apart by most eyes, on white and on dark ground alike
// (after Okabe and Ito).
var palette = map[string]color.RGBA{
	"gpu":   {0x00, 0x8f, 0x6b, 0xff},
	"cpu":   {0x1f, 0x7f, 0xd1, 0xff},
	"other": {0xd5, 0x6a, 0x10, 0xff},
}

func colourOf(backend string) color.RGBA {
	if c, ok := palette[backend]; ok {
		return c
	}
	return palette["other"]
}

// glyphs tell the suites apart.
var glyphs = map[string]draw.GlyphDrawer{
	"product": draw.CircleGlyph{}, "hebbian": draw.PyramidGlyph{}, "gram": draw.BoxGlyph{}, "hsic": draw.RingGlyph{},
	"pointwise": draw.PlusGlyph{}, "small": draw.SquareGlyph{}, "layers": draw.RingGlyph{}, "training": draw.CrossGlyph{},
}

// roofline draws each device's roof and a point for every case that was timed.
func (r *Report) roofline() (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = "Rooflines"
	p.X.Label.Text = "flops per byte"
	p.Y.Label.Text = "GFLOP/s"
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.LogTicks{Prec: -1}, plot.LogTicks{Prec: -1}
	p.Legend.Left, p.Legend.Top, p.Legend.Padding = true, true, 2
	p.Legend.XOffs = 6
	p.Add(plotter.NewGrid())
	points, lo, hi := r.points()
	for _, d := range r.Devices {
		if err := addRoof(p, d, lo, hi); err != nil {
			return nil, err
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(points), pointKey.compare) {
		s, err := plotter.NewScatter(points[k])
		if err != nil {
			return nil, err
		}
		s.GlyphStyle = draw.GlyphStyle{Color: colourOf(k.backend), Radius: vg.Points(3), Shape: glyphs[k.suite]}
		p.Add(s)
		p.Legend.Add(k.backend+" "+k.suite, s)
	}
	p.X.Min, p.X.Max = lo, hi
	if p.Y.Min > p.Y.Max { // nothing was timed, and a logarithmic axis has to have some range
		p.Y.Min, p.Y.Max = 1, 10
	}
	p.Y.Max *= 12 // room for the legend above the roofs
	return p, nil
}

type pointKey struct{ backend, suite string }

func (k pointKey) compare(l pointKey) int {
	return cmp.Or(cmp.Compare(k.backend, l.backend), cmp.Compare(slices.Index(Suites, k.suite), slices.Index(Suites, l.suite)))
}

// points are intensity and speed of each case, and the range of the intensities.
func (r *Report) points() (points map[pointKey]plotter.XYs, lo, hi float64) {
	points, lo, hi = map[pointKey]plotter.XYs{}, 1, 100
	for _, c := range r.Results {
		if c.Status != OK || c.Seconds == 0 || c.reduced() || glyphs[c.Suite] == nil || c.Flops == 0 || c.Bytes == 0 {
			continue
		}
		k, x := pointKey{c.Backend, c.Suite}, float64(c.Flops)/float64(c.Bytes)
		points[k] = append(points[k], plotter.XY{X: x, Y: float64(c.Flops) / c.Seconds / 1e9})
		lo, hi = min(lo, x), max(hi, x)
	}
	return points, lo / 1.5, hi * 1.5
}

func addRoof(p *plot.Plot, d Device, lo, hi float64) error {
	f := d.Roof
	if !f.Known() {
		return nil
	}
	at := func(intensity float64) plotter.XY {
		s, _ := f.Shortest(intensity, 1)
		return plotter.XY{X: intensity, Y: intensity / s / 1e9}
	}
	xys := plotter.XYs{at(lo)}
	if ridge := f.Flops / f.Bytes; lo < ridge && ridge < hi {
		xys = append(xys, at(ridge))
	}
	xys = append(xys, at(hi))
	l, err := plotter.NewLine(xys)
	if err != nil {
		return err
	}
	l.Color, l.Width = colourOf(d.Backend), vg.Points(1.5)
	p.Add(l)
	p.Legend.Add(fmt.Sprintf("%s roof: %s GFLOP/s, %s GB/s", d.Backend, figures(f.Flops/1e9), figures(f.Bytes/1e9)), l)
	return nil
}

// A pair is a ratio that has a bar.
type pair struct {
	label  string
	times  float64
	colour color.RGBA
}

// pairs are the speed-ups of GPU over CPU or, where there are none, of the devices over the peer.
func (r *Report) pairs() (title string, bars []pair) {
	title = "Speed-up, GPU over CPU"
	for _, c := range r.Results {
		if c.Speedup > 0 && glyphs[c.Suite] != nil {
			bars = append(bars, pair{c.Case, c.Speedup, colourOf("gpu")})
		}
	}
	if bars != nil {
		return title, bars
	}
	for _, c := range r.Results {
		if c.VsPeer > 0 {
			bars = append(bars, pair{c.Case, c.VsPeer, colourOf(c.Backend)})
		}
	}
	return "Speed-up over torch", bars
}

// speedups draws a bar for each pair, from 1 to the right or to the left, on a logarithmic axis.
// It returns nil where there is nothing to compare.
func (r *Report) speedups() (*plot.Plot, int) {
	title, bars := r.pairs()
	if len(bars) == 0 {
		return nil, 0
	}
	p := plot.New()
	p.Title.Text = title
	p.X.Label.Text = "times as fast"
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	names := make([]string, len(bars))
	slices.Reverse(bars) // the first on top
	for i, b := range bars {
		names[i] = b.label
	}
	p.NominalY(names...)
	p.Y.Padding = vg.Points(8)
	p.Add(ratioBars(bars))
	return p, len(bars)
}

// ratioBars are bars that grow from 1, which plotter's own cannot on a logarithmic axis.
type ratioBars []pair

func (bs ratioBars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for i, b := range bs {
		const half = vg.Length(4)
		from, to, at := x(1), x(b.times), y(float64(i))
		c.FillPolygon(b.colour, []vg.Point{{X: from, Y: at - half}, {X: to, Y: at - half}, {X: to, Y: at + half}, {X: from, Y: at + half}})
		style := p.Y.Tick.Label
		style.XAlign, style.YAlign = draw.XLeft, draw.YCenter
		c.FillText(style, vg.Point{X: max(from, to) + 3, Y: at}, ratio(b.times))
	}
	one := draw.LineStyle{Color: color.Black, Width: vg.Points(0.75)}
	c.StrokeLine2(one, x(1), c.Min.Y, x(1), c.Max.Y)
}

// DataRange leaves room for the numbers beside the bars.
func (bs ratioBars) DataRange() (xmin, xmax, ymin, ymax float64) {
	lo, hi := 1.0, 1.0
	for _, b := range bs {
		lo, hi = min(lo, b.times), max(hi, b.times)
	}
	return lo / 1.3, hi * 1.3 * math.Pow(hi/lo, 0.15), -0.5, float64(len(bs)) - 0.5
}

const (
	plotWidth  = 9 * vg.Inch
	plotHeight = 5.5 * vg.Inch
)

// A row is a plot of a figure, and its height.
type row struct {
	*plot.Plot
	height vg.Length
}

// rows are all plots of the report, the first on top.
func (r *Report) rows() ([]row, error) {
	roof, err := r.roofline()
	if err != nil {
		return nil, fmt.Errorf("bench: plot: %w", err)
	}
	rows := []row{{roof, plotHeight}}
	if p, n := r.speedups(); p != nil {
		rows = append(rows, row{p, vg.Inch + vg.Length(n)*13})
	}
	for _, p := range rows {
		p.BackgroundColor = color.Transparent
		figure.Sans(p.Plot, 14, 0, 9)
	}
	return rows, nil
}

// stack puts plots one above the other.
func stacked(rows []row) figure.Figure {
	f := figure.Figure{Width: plotWidth}
	for _, r := range rows {
		f.Height += r.height
	}
	f.Draw = func(all draw.Canvas) {
		top := all.Max.Y
		for _, r := range rows {
			bottom := top - r.height
			r.Draw(draw.Crop(all, 8, -16, bottom-all.Min.Y+8, top-all.Max.Y-8))
			top = bottom
		}
	}
	return f
}

// SVG draws the rooflines and the speed-ups.
func (r *Report) SVG(w io.Writer) error { return r.draw(w, 2, figure.Figure.SVG) }

// PNG draws the same, on white.
func (r *Report) PNG(w io.Writer) error { return r.draw(w, 2, figure.Figure.PNG) }

// Rooflines draws the rooflines alone, as a PNG.
func (r *Report) Rooflines(w io.Writer) error { return r.draw(w, 1, figure.Figure.PNG) }

// draw writes the first plots, up to the given number.
func (r *Report) draw(w io.Writer, most int, write func(figure.Figure, io.Writer) error) error {
	rows, err := r.rows()
	if err != nil {
		return err
	}
	return write(stacked(rows[:min(most, len(rows))]), w)
}
