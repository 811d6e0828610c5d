package chart

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"hebb/nets/stack"
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

// colour is that of a run; of more runs than there are colours, shades in their order.
func (c Chart) colour(i int) color.RGBA {
	if len(c.Runs) > len(colours) {
		return graded(i, len(c.Runs))
	}
	return colours[i]
}

// pale is half way to white.
func pale(c color.RGBA) color.RGBA {
	return color.RGBA{c.R/2 + 127, c.G/2 + 127, c.B/2 + 127, 255}
}

// mostPoints is how many a curve is drawn with.
const mostPoints = 400

// curve is a quantity of lines over the epochs. Where there are many lines, each point is the mean of a few. What no
// float32 can be is left out: a run that computes in float32 has not written it.
func curve(lines []train.Line, of func(train.Line) float64) (xys plotter.XYs) {
	each := (len(lines)-1)/mostPoints + 1
	for ; len(lines) > 0; lines = lines[min(each, len(lines)):] {
		few, sum, n := lines[:min(each, len(lines))], 0.0, 0.0
		for _, l := range few {
			if y := of(l); math.Abs(y) <= math.MaxFloat32 {
				sum += y
				n++
			}
		}
		if n > 0 {
			xys = append(xys, plotter.XY{X: few[len(few)-1].Epoch, Y: sum / n})
		}
	}
	return xys
}

// A style is how a curve is drawn.
type style struct {
	color  color.Color
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

const (
	thin = vg.Length(0.8)
	bold = vg.Length(2)
)

// both draws a quantity in training, thin and paler, and on the test part, bold and on top.
func (c Chart) both(p *plot.Plot, of func(train.Line) float64) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, kind := range []string{"train", "test"} {
		for i, h := range c.Runs {
			s := style{c.colour(i), bold, nil}
			if kind == "train" {
				s = style{pale(c.colour(i)), thin, nil}
			}
			xys := curve(h.Of(kind), of)
			for _, xy := range xys {
				lo, hi = min(lo, xy.Y), max(hi, xy.Y)
			}
			s.draw(p, xys, kind == "test")
		}
	}
	return lo, hi
}

func (c Chart) loss() *plot.Plot {
	p := plot.New()
	p.Title.Text = "loss (thin: training, bold: test)"
	p.Add(grid())
	lo, hi := c.both(p, func(l train.Line) float64 { return l.Loss })
	// A logarithm shows what goes on at the end where most of the fall is at the start.
	if lo > 0 && hi > 8*lo {
		logarithmic(p, lo, hi)
	} else {
		linear(p, lo, hi)
	}
	return p
}

func (c Chart) accuracy() *plot.Plot {
	p := plot.New()
	p.Title.Text = "accuracy in % (thin: training, bold: test)"
	p.Add(grid())
	lo, hi := c.both(p, func(l train.Line) float64 { return 100 * l.Accuracy })
	linear(p, lo, hi)
	return p
}

// angles are the means over the layers of each run.
func (c Chart) angles() *plot.Plot {
	p := plot.New()
	p.Title.Text = "mean angles in degrees (solid: feedback weights to weights, dashed: deltas to backprop's)"
	p.Add(grid())
	most := 0.0
	for i, h := range c.Runs {
		lines := h.Of("angles")
		weights := func(l train.Line) float64 { w, _ := train.MeanAngles(l.Layers); return float64(w) }
		deltas := func(l train.Line) float64 { _, d := train.MeanAngles(l.Layers); return float64(d) }
		most = max(most, angleLines(p, c.colour(i), lines, weights, deltas))
	}
	protractor(p, most)
	return p
}

var dashed = []vg.Length{5, 3}

func angleLines(p *plot.Plot, c color.Color, lines []train.Line, weights, deltas func(train.Line) float64) (most float64) {
	w, d := curve(lines, weights), curve(lines, deltas)
	style{c, 1.6, nil}.draw(p, w, true)
	style{c, 1.6, dashed}.draw(p, d, true)
	for _, xy := range append(w, d...) {
		most = max(most, xy.Y)
	}
	return most
}

// mostNamed is how many layers of a network are named; of more, so many, evenly apart.
const mostNamed = 10

// layers are the angles at each layer of run k, from dark at the first to light at the last, and a key to them.
func (c Chart) layers(k int) panel {
	p, key := plot.New(), newKey(9)
	p.Title.Text = c.name(k) + ": angles (solid: weights, dashed: deltas)"
	p.Add(grid())
	lines := c.Runs[k].Of("angles")
	var layers []stack.Angle
	if len(lines) > 0 {
		layers = lines[0].Layers
	}
	n, most, named := len(layers), 0.0, min(len(layers), mostNamed)
	for i := range layers {
		at := func(of func(stack.Angle) stack.Degrees) func(train.Line) float64 {
			return func(l train.Line) float64 {
				if i >= len(l.Layers) {
					return math.NaN()
				}
				return float64(of(l.Layers[i]))
			}
		}
		delta := func(a stack.Angle) stack.Degrees { return a.Delta }
		if i == n-1 { // it is the error itself, for all rules
			delta = func(stack.Angle) stack.Degrees { return stack.Degrees(math.NaN()) }
		}
		most = max(most, angleLines(p, graded(i, n), lines, at(func(a stack.Angle) stack.Degrees { return a.Weights }), at(delta)))
	}
	wide := vg.Length(0)
	for j := range named {
		i := j * (n - 1) / max(1, named-1)
		key.Add(layers[i].Layer, swatch(graded(i, n)))
		wide = max(wide, key.TextStyle.Width(layers[i].Layer))
	}
	protractor(p, most)
	return panel{p, &key, key.ThumbnailWidth + wide + 20}
}
