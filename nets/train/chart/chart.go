// Package chart draws the curves of runs.
package chart

import (
	"image/color"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"hebb/nets/train"
)

// A Chart is the curves of runs, one colour a run, over the epochs: the loss, the accuracy, and the angles of
// feedback weights to weights and of the rule's deltas to backprop's.
type Chart struct {
	Runs   []train.History
	Layers bool // the angles of each layer, a panel for each run, instead of their means (see [train.MeanAngles])
}

const (
	chartWidth  = 8 * vg.Inch
	panelHeight = 2.7 * vg.Inch
	entryHeight = 12.5 // of the legend
)

// A panel is a plot and, beside it, a key to lines that are of it alone.
type panel struct {
	*plot.Plot
	key  *plot.Legend
	wide vg.Length
}

func (c Chart) panels() []panel {
	all := []panel{{Plot: c.loss()}, {Plot: c.accuracy()}}
	if !c.Layers {
		all = append(all, panel{Plot: c.angles()})
	} else {
		for k := range c.Runs {
			all = append(all, c.layers(k))
		}
	}
	for i, p := range all {
		c.dress(p.Plot, i == len(all)-1)
	}
	return all
}

// dress gives all panels one look and one axis of epochs.
func (c Chart) dress(p *plot.Plot, last bool) {
	p.X.Min, p.X.Max = 0, 0
	for _, h := range c.Runs {
		if n := len(h.Lines); n > 0 {
			p.X.Max = max(p.X.Max, h.Lines[n-1].Epoch)
		}
	}
	if p.X.Max == 0 {
		p.X.Max = 1
	}
	p.X.Tick.Marker = linearTicks{}
	if last {
		p.X.Label.Text = "epochs"
	}
	p.Title.TextStyle.Font = font.Font{Typeface: "Liberation", Variant: "Sans", Size: 12}
	p.Title.Padding = 4
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font.Variant, a.Tick.Label.Font.Variant = "Sans", "Sans"
		a.Label.TextStyle.Font.Size, a.Tick.Label.Font.Size = 11, 10
		a.Color, a.Tick.Color = grey, grey
		a.Padding = 2
	}
}

var (
	grey  = color.RGBA{0x55, 0x55, 0x55, 0xff}
	faint = color.RGBA{0xe4, 0xe4, 0xe4, 0xff}
)

func grid() *plotter.Grid {
	g := plotter.NewGrid()
	g.Vertical.Color, g.Horizontal.Color = faint, faint
	return g
}

// legend names the runs, and for each what is not the same for all.
func (c Chart) legend() plot.Legend {
	l := newKey(10.5)
	l.Padding = 3
	nets := c.differ(func(h train.History) string { return h.Config.Net })
	data := c.differ(func(h train.History) string { return h.Config.Data })
	for i, h := range c.Runs {
		name := c.name(i)
		if nets {
			name += ", " + h.Config.Net
		}
		if data {
			name += ", " + h.Config.Data
		}
		l.Add(name, swatch(c.colour(i)))
	}
	return l
}

// differ reports whether a property is not the same for all runs.
func (c Chart) differ(of func(train.History) string) bool {
	return slices.ContainsFunc(c.Runs, func(h train.History) bool { return of(h) != of(c.Runs[0]) })
}

// title is what is the same for all runs.
func (c Chart) title() string {
	var words []string
	for _, of := range []func(train.History) string{
		func(h train.History) string { return h.Config.Net }, func(h train.History) string { return h.Config.Data },
	} {
		if !c.differ(of) {
			words = append(words, of(c.Runs[0]))
		}
	}
	return strings.Join(words, " on ")
}

func newKey(size vg.Length) plot.Legend {
	l := plot.NewLegend()
	l.Left, l.Top, l.Padding = true, true, 1
	l.TextStyle.Font.Variant, l.TextStyle.Font.Size = "Sans", size
	return l
}

// name is the run's folder, as far as it tells the runs apart, and its rule.
func (c Chart) name(i int) string {
	name := filepath.Base(filepath.Clean(c.Runs[i].Dir))
	for j, h := range c.Runs {
		if j != i && filepath.Base(filepath.Clean(h.Dir)) == name {
			name = c.Runs[i].Dir
			break
		}
	}
	if rule := c.Runs[i].Config.Rule; rule != name {
		name += ": " + rule
	}
	return name
}

// swatch is a piece of line.
func swatch(c color.Color) plot.Thumbnailer {
	return &plotter.Line{LineStyle: draw.LineStyle{Color: c, Width: 2.5}}
}

// A sheet is all panels, with a title and a legend above them and keys beside them, laid out.
type sheet struct {
	panels        []panel
	title         string
	legend        plot.Legend
	head, keys    vg.Length // high, wide
	width, height vg.Length
}

func (c Chart) layOut() sheet {
	s := sheet{panels: c.panels(), title: c.title(), legend: c.legend(), width: chartWidth}
	s.head = 18 + entryHeight*vg.Length(len(c.Runs))
	if s.title != "" {
		s.head += 20
	}
	for _, p := range s.panels {
		s.keys = max(s.keys, p.wide)
	}
	s.width += s.keys
	s.height = s.head + panelHeight*vg.Length(len(s.panels))
	return s
}

func (s sheet) on(c vg.CanvasSizer) {
	all := draw.New(c)
	all.FillPolygon(color.White, []vg.Point{all.Min, {X: all.Max.X, Y: all.Min.Y}, all.Max, {X: all.Min.X, Y: all.Max.Y}})
	top := draw.Crop(all, 44, -10, 0, -8)
	if s.title != "" {
		style := s.legend.TextStyle
		style.Font.Size, style.YAlign = 12, text.YTop
		top.FillText(style, vg.Point{X: top.Min.X, Y: top.Max.Y}, s.title)
		top.Max.Y -= 20
	}
	s.legend.Draw(top)
	body := draw.Crop(all, 8, -14-s.keys, 6, -s.head)
	rows := make([][]*plot.Plot, len(s.panels))
	for i, p := range s.panels {
		rows[i] = []*plot.Plot{p.Plot}
	}
	for i, tile := range plot.Align(rows, draw.Tiles{Rows: len(rows), Cols: 1, PadY: 12}, body) {
		p := s.panels[i]
		p.Draw(tile[0])
		if p.key != nil {
			p.key.Draw(draw.Crop(tile[0], body.Max.X+12-tile[0].Min.X, s.keys, 0, -18))
		}
	}
}

// SVG draws the chart as SVG.
func (c Chart) SVG(w io.Writer) error {
	s := c.layOut()
	canvas := vgsvg.NewWith(vgsvg.UseWH(s.width, s.height))
	s.on(canvas)
	_, err := canvas.WriteTo(w)
	return err
}

// PNG draws the same, at 120 dots an inch.
func (c Chart) PNG(w io.Writer) error {
	s := c.layOut()
	canvas := vgimg.NewWith(vgimg.UseWH(s.width, s.height), vgimg.UseDPI(120), vgimg.UseBackgroundColor(color.White))
	s.on(canvas)
	_, err := vgimg.PngCanvas{Canvas: canvas}.WriteTo(w)
	return err
}
