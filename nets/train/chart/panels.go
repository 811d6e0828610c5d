package chart

import (
	"cmp"
	"image/color"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"hebb/nets"
	"hebb/nets/train"
)

// colours can be told apart with any colour vision (Okabe and Ito 2008, without yellow, which is lost on white).
var colours = []color.RGBA{
	{0x00, 0x72, 0xb2, 0xff}, {0xd5, 0x5e, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff}, {0xcc, 0x79, 0xa7, 0xff},
	{0x56, 0xb4, 0xe9, 0xff}, {0xe6, 0x9f, 0x00, 0xff}, {0x00, 0x00, 0x00, 0xff},
}

// depths go from dark to light as viridis does (Smith and van der Walt 2015), short of its yellow.
var depths = []color.RGBA{{68, 1, 84, 255}, {59, 82, 139, 255}, {33, 145, 140, 255}, {94, 201, 98, 255}, {173, 220, 48, 255}}

// graded is the colour of thing i of n that have an order.
func graded(i, n int) color.RGBA {
	at := 0.0
	if n > 1 {
		at = float64(i) / float64(n-1) * float64(len(depths)-1)
	}
	k := min(int(at), len(depths)-2)
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + (at-float64(k))*(float64(b)-float64(a)))) }
	a, b := depths[k], depths[k+1]
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}

// colour is that of group i of n; where there are more groups than colours, shades in their order.
func colour(i, n int) color.RGBA {
	if n > len(colours) {
		return graded(i, n)
	}
	return colours[i]
}

// pale is half way to white.
func pale(c color.RGBA) color.RGBA {
	return color.RGBA{c.R/2 + 127, c.G/2 + 127, c.B/2 + 127, 255}
}

// mostPoints is how many a curve is drawn with.
const mostPoints = 400

// A point is a mean over seeds at a time, and its band.
type point struct{ x, y, low, high float64 }

// A curve is a quantity of a group over the time, and how it is drawn.
type curve struct {
	points []point
	style
	mark bool // its points, where they are few
}

// points returns a quantity of a group at all times at which any of its runs has a line; a line has a value for each
// learner. A learner without a value at a time gets one between its values before and after. A lost learner gets none
// at all.
func (c Chart) points(runs []train.History, kind string, of func(train.Line) []float64) []point {
	var seeds []plotter.XYs
	var times []float64
	for _, h := range runs {
		first, lost := len(seeds), h.Lost()
		for _, l := range h.Of(kind) {
			x := c.at(l)
			times = append(times, x)
			ys := of(l)
			for i, y := range ys {
				if first+i == len(seeds) {
					seeds = append(seeds, nil)
				}
				// What no float32 can be is left out: a run that computes in float32 has not written it.
				if (len(ys) == 1 || lost[i] == "") && math.Abs(y) <= math.MaxFloat32 {
					seeds[first+i] = append(seeds[first+i], plotter.XY{X: x, Y: y})
				}
			}
		}
	}
	slices.Sort(times)
	times = slices.Compact(times)
	all, ys := make([]point, len(times)), make([]float64, len(seeds))
	for k, x := range times {
		for i, xys := range seeds {
			ys[i] = between(xys, x)
		}
		all[k] = banded(x, train.SpreadOf(ys))
	}
	return thinned(all)
}

// between is the height of a curve at x, on the straight line between two points; NaN beyond its ends.
func between(xys plotter.XYs, x float64) float64 {
	i, found := slices.BinarySearchFunc(xys, x, func(p plotter.XY, x float64) int { return cmp.Compare(p.X, x) })
	switch {
	case found:
		return xys[i].Y
	case i == 0 || i == len(xys):
		return math.NaN()
	}
	a, b := xys[i-1], xys[i]
	return a.Y + (x-a.X)/(b.X-a.X)*(b.Y-a.Y)
}

// banded is the mean at x in its band: mean ± standard deviation, of two from one to the other.
func banded(x float64, s train.Spread) point {
	mean, sd := float64(s.Mean), float64(s.SD)
	if s.N <= 2 {
		return point{x, mean, float64(s.Min), float64(s.Max)}
	}
	return point{x, mean, mean - sd, mean + sd}
}

// within clips bands at lo and hi, which the quantity cannot pass, though a mean ± standard deviation may.
func within(lo, hi float64, points []point) []point {
	for i, p := range points {
		points[i].low, points[i].high = max(p.low, lo), min(p.high, hi)
	}
	return points
}

// limits are those of a metric with these points: a share is at most 1, here in %, and what is never negative has a least of 0.
func limits(name string, points []point) (lo, hi float64) {
	lo, hi = 0, math.Inf(1)
	if slices.ContainsFunc(points, func(p point) bool { return p.y < 0 }) {
		lo = math.Inf(-1)
	}
	switch name {
	case "accuracy":
		hi = 100
	case "bits right":
		hi = 1
	}
	return lo, hi
}

// thinned are fewer points where there are many: each the mean of a few, where the last of them is. NaN is left out.
func thinned(all []point) (points []point) {
	each := (len(all)-1)/mostPoints + 1
	for few := range slices.Chunk(all, each) {
		sum, n := point{x: few[len(few)-1].x}, 0.0
		for _, p := range few {
			if p.y == p.y {
				sum.y, sum.low, sum.high, n = sum.y+p.y, sum.low+p.low, sum.high+p.high, n+1
			}
		}
		if n > 0 {
			points = append(points, point{sum.x, sum.y / n, sum.low / n, sum.high / n})
		}
	}
	return points
}

// A style is how a curve is drawn.
type style struct {
	color  color.RGBA
	width  vg.Length
	dashes []vg.Length
}

// fewPoints is up to how many points of a curve are marked; one alone would not be seen.
const fewPoints = 30

// draw adds a curve to a panel.
func (s style) draw(p *plot.Plot, xys plotter.XYs, mark bool) {
	if len(xys) == 0 {
		return
	}
	p.Add(&plotter.Line{XYs: xys, LineStyle: draw.LineStyle{Color: s.color, Width: s.width, Dashes: s.dashes}})
	if len(xys) == 1 || mark && len(xys) <= fewPoints {
		p.Add(&plotter.Scatter{XYs: xys, GlyphStyle: draw.GlyphStyle{Color: s.color, Radius: 0.8*s.width + 0.8, Shape: draw.CircleGlyph{}}})
	}
}

// band adds the curve's band, no lower than low, to a panel.
func (c curve) band(p *plot.Plot, low float64) {
	if !slices.ContainsFunc(c.points, func(q point) bool { return q.high > q.low }) {
		return
	}
	var edge plotter.XYs
	for _, q := range c.points {
		edge = append(edge, plotter.XY{X: q.x, Y: q.high})
	}
	for _, q := range slices.Backward(c.points) {
		edge = append(edge, plotter.XY{X: q.x, Y: max(q.low, low)})
	}
	const alpha = 0.2
	shade := color.NRGBA{c.color.R, c.color.G, c.color.B, alpha * 255}
	p.Add(&plotter.Polygon{XYs: []plotter.XYs{edge}, Color: shade})
}

// show draws curves on all bands, above low.
func show(p *plot.Plot, curves []curve, low float64) {
	for _, c := range curves {
		c.band(p, low)
	}
	for _, c := range curves {
		xys := make(plotter.XYs, len(c.points))
		for i, q := range c.points {
			xys[i] = plotter.XY{X: q.x, Y: q.y}
		}
		c.draw(p, xys, c.mark)
	}
}

const (
	thin = vg.Length(0.8)
	bold = vg.Length(2)
)

// metric draws a metric on the test part, bold, and in training, below it, thin and paler; bold where there is no test.
func (c Chart) metric(groups []train.Group, name string) *plot.Plot {
	p := newPanel(name)
	scale := 1.0
	if name == "accuracy" {
		scale, p.Title.Text = 100, "accuracy in %"
	}
	of := func(l train.Line) []float64 {
		ys := l.Each(name)
		for i := range ys {
			ys[i] *= scale
		}
		return ys
	}
	tested := slices.Contains(train.Measured(c.Runs, "test"), name)
	switch {
	case tested && slices.Contains(train.Measured(c.Runs, "train"), name):
		p.Title.Text += " (thin: training, bold: test)"
	case tested:
		p.Title.Text += " (test)"
	default:
		p.Title.Text += " (training)"
	}
	var curves []curve
	for _, kind := range []string{"train", "test"} {
		for i, g := range groups {
			runs := slices.DeleteFunc(slices.Clone(g.Runs), func(h train.History) bool {
				return !slices.Contains(train.Measured([]train.History{h}, kind), name)
			})
			points := c.points(runs, kind, of)
			lo, hi := limits(name, points)
			k := curve{within(lo, hi, points), style{colour(i, len(groups)), bold, nil}, true}
			if kind == "train" && tested {
				k.style, k.mark = style{pale(k.color), thin, nil}, false
				for j, q := range k.points { // one band a group is enough
					k.points[j].low, k.points[j].high = q.y, q.y
				}
			}
			curves = append(curves, k)
		}
	}
	plotAll(p, curves, strings.HasSuffix(name, "loss") || strings.HasSuffix(name, "error"))
	return p
}

// plotAll draws curves on an axis that fits them: a logarithmic one, if it may be, where most of a fall is at the start, so that
// what goes on at the end is seen.
func plotAll(p *plot.Plot, curves []curve, logs bool) {
	low, lo, hi := math.Inf(1), math.Inf(1), math.Inf(-1)
	for _, c := range curves {
		for _, q := range c.points {
			low, lo, hi = min(low, q.low), min(lo, q.y), max(hi, q.high)
		}
	}
	if logs && lo > 0 && hi > 8*lo {
		logarithmic(p, lo, hi)
		low = p.Y.Min
	} else {
		linear(p, low, hi)
	}
	show(p, curves, low)
}

func newPanel(title string) *plot.Plot {
	p := plot.New()
	p.Title.Text = title
	p.Add(grid())
	return p
}

// angles are the means over the layers of each run.
func (c Chart) angles(groups []train.Group) *plot.Plot {
	p := newPanel("mean angles in degrees (solid: feedback weights to weights, dashed: deltas to backprop's)")
	weights := func(l train.Line) []float64 { w, _ := train.MeanAngles(l.Layers); return []float64{float64(w)} }
	deltas := func(l train.Line) []float64 { _, d := train.MeanAngles(l.Layers); return []float64{float64(d)} }
	var curves []curve
	for i, g := range groups {
		curves = append(curves, c.angle(g.Runs, colour(i, len(groups)), weights, deltas)...)
	}
	protractor(p, curves)
	return p
}

var dashed = []vg.Length{5, 3}

func (c Chart) angle(runs []train.History, k color.RGBA, weights, deltas func(train.Line) []float64) []curve {
	return []curve{
		{within(0, 180, c.points(runs, "angles", weights)), style{k, 1.6, nil}, true},
		{within(0, 180, c.points(runs, "angles", deltas)), style{k, 1.6, dashed}, true},
	}
}

// mostNamed is how many layers of a network are named; of more, so many, evenly apart.
const mostNamed = 10

// layers are the angles at each layer of a run, from dark at the first to light at the last, and a key to them.
func (c Chart) layers(h train.History) panel {
	p, key := newPanel(filepath.Clean(h.Dir)+": angles (solid: weights, dashed: deltas)"), newKey(9)
	var layers []nets.Angle
	if lines := h.Of("angles"); len(lines) > 0 {
		layers = lines[0].Layers
	}
	n, named := len(layers), min(len(layers), mostNamed)
	var curves []curve
	for i := range layers {
		at := func(of func(nets.Angle) nets.Degrees) func(train.Line) []float64 {
			return func(l train.Line) []float64 {
				if i >= len(l.Layers) {
					return nil
				}
				return []float64{float64(of(l.Layers[i]))}
			}
		}
		delta := func(a nets.Angle) nets.Degrees { return a.Delta }
		if i == n-1 { // it is the error itself, for all rules
			delta = func(nets.Angle) nets.Degrees { return nets.Degrees(math.NaN()) }
		}
		curves = append(curves, c.angle([]train.History{h}, graded(i, n), at(func(a nets.Angle) nets.Degrees { return a.Weights }), at(delta))...)
	}
	wide := vg.Length(0)
	for j := range named {
		i := j * (n - 1) / max(1, named-1)
		key.Add(layers[i].Layer, swatch(graded(i, n)))
		wide = max(wide, key.TextStyle.Width(layers[i].Layer))
	}
	protractor(p, curves)
	return panel{p, &key, key.ThumbnailWidth + wide + 20}
}
