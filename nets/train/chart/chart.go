// Package chart draws the curves of runs.
package chart

import (
	"cmp"
	"image/color"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"hebb/internal/figure"
	"hebb/nets/train"
)

// A Chart is the curves of runs over epochs or steps: a panel for each metric, and one for the angles of feedback weights to
// weights and of the rule's deltas to backprop's. Runs that differ by their seeds alone have one colour: a line of their mean in a
// band of mean ± standard deviation or, of two seeds, from one to the other.
type Chart struct {
	Runs   []train.History
	Layers bool // the angles of each layer, a panel for each run, instead of their means (see [train.MeanAngles])
}

// Figure returns the drawing.
func (c Chart) Figure() figure.Figure {
	s := c.layOut()
	return figure.Figure{Width: s.width, Height: s.height, Draw: s.on}
}

const (
	chartWidth  = 8 * vg.Inch
	panelHeight = 2.7 * vg.Inch
	titleHeight = 20   // a line
	entryHeight = 12.5 // of the legend
)

// A panel is a plot and, beside it, a key to lines that are of it alone.
type panel struct {
	*plot.Plot
	key  *plot.Legend
	wide vg.Length
}

func (c Chart) panels(groups []train.Group) []panel {
	var all []panel
	for _, name := range c.measured() {
		all = append(all, panel{Plot: c.metric(groups, name)})
	}
	angled := func(h train.History) bool { return len(h.Of("angles")) > 0 }
	switch {
	case !slices.ContainsFunc(c.Runs, angled):
	case !c.Layers:
		all = append(all, panel{Plot: c.angles(groups)})
	default:
		for _, h := range c.Runs {
			all = append(all, c.layers(h))
		}
	}
	for i, p := range all {
		dress(p.Plot)
		p.X.Min, p.X.Max = 0, c.end()
		if i == len(all)-1 {
			p.X.Label.Text = "epochs"
			if c.inSteps() {
				p.X.Label.Text = "steps"
			}
		}
	}
	return all
}

// measured are the metrics of all runs; where nothing was measured yet, the loss is to come.
func (c Chart) measured() []string {
	if all := train.Measured(c.Runs, "test", "train"); len(all) > 0 {
		return all
	}
	return []string{"loss"}
}

// inSteps reports whether the axis is of steps, which all runs have, since some run has no epochs.
func (c Chart) inSteps() bool { return slices.ContainsFunc(c.Runs, train.History.InSteps) }

func (c Chart) at(l train.Line) float64 {
	if c.inSteps() {
		return float64(l.Step)
	}
	return l.Epoch
}

// end is where the axis ends.
func (c Chart) end() (x float64) {
	for _, h := range c.Runs {
		if n := len(h.Lines); n > 0 {
			x = max(x, c.at(h.Lines[n-1]))
		}
	}
	return cmp.Or(x, 1)
}

// dress gives all panels one look.
func dress(p *plot.Plot) {
	figure.Sans(p, 12, 11, 10)
	p.X.Tick.Marker, p.Title.Padding = linearTicks{}, 4
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Color, a.Tick.Color, a.Padding = grey, grey, 2
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

// legend names the groups.
func (c Chart) legend(all train.Comparison) plot.Legend {
	l := newKey(10.5)
	l.Padding = 3
	for i, g := range all.Groups {
		l.Add(label(g, all), swatch(colour(i, len(all.Groups))))
	}
	return l
}

// label is the group's name, what tells it from others, and of how many seeds it is.
func label(g train.Group, all train.Comparison) string {
	name := g.Name()
	if base := filepath.Base(name); !slices.ContainsFunc(all.Groups, func(o train.Group) bool { return o.Name() != name && filepath.Base(o.Name()) == base }) {
		name = base
	}
	var words []string
	for _, setting := range all.Differ {
		value := g.Setting(setting)
		if _, err := strconv.ParseFloat(value, 64); err == nil || value == "true" || value == "false" {
			value = setting + " " + value
		}
		if value != "" && value != name {
			words = append(words, value)
		}
	}
	if len(g.Seeds()) > 1 {
		words = append(words, g.Count(" seeds"))
	}
	if words == nil {
		return name
	}
	return name + ": " + strings.Join(words, ", ")
}

// title is a line of what is the same for all groups, and one of what bands are, if there are any.
func title(all train.Comparison) (lines []string) {
	if same := all.Same(); same != "" {
		lines = append(lines, same)
	}
	two, more := false, false
	for _, g := range all.Groups {
		n := len(g.Seeds()) - len(g.Lost())
		two, more = two || n == 2, more || n > 2
	}
	switch {
	case two && more:
		lines = append(lines, "mean over seeds; band: ± standard deviation, of two seeds from one to the other")
	case two:
		lines = append(lines, "mean over seeds; band: from one to the other")
	case more:
		lines = append(lines, "mean over seeds; band: ± standard deviation")
	}
	return lines
}

func newKey(size vg.Length) plot.Legend {
	l := plot.NewLegend()
	l.Left, l.Top, l.Padding = true, true, 1
	l.TextStyle.Font.Variant, l.TextStyle.Font.Size = "Sans", size
	return l
}

// swatch is a piece of line.
func swatch(c color.Color) plot.Thumbnailer {
	return &plotter.Line{LineStyle: draw.LineStyle{Color: c, Width: 2.5}}
}

// A sheet is all panels, with a title and a legend above them and keys beside them, laid out.
type sheet struct {
	panels        []panel
	title         []string
	legend        plot.Legend
	head, keys    vg.Length // high, wide
	width, height vg.Length
}

func (c Chart) layOut() sheet {
	all := train.Compare(c.Runs)
	s := sheet{panels: c.panels(all.Groups), title: title(all), legend: c.legend(all), width: chartWidth}
	s.head = 18 + entryHeight*vg.Length(len(all.Groups))
	s.head += titleHeight * vg.Length(len(s.title))
	for _, p := range s.panels {
		s.keys = max(s.keys, p.wide)
	}
	s.width += s.keys
	s.height = s.head + panelHeight*vg.Length(len(s.panels))
	return s
}

func (s sheet) on(all draw.Canvas) {
	all.FillPolygon(color.White, []vg.Point{all.Min, {X: all.Max.X, Y: all.Min.Y}, all.Max, {X: all.Min.X, Y: all.Max.Y}})
	top := draw.Crop(all, 44, -10, 0, -8)
	style := s.legend.TextStyle
	style.Font.Size, style.YAlign = 12, text.YTop
	for _, line := range s.title {
		top.FillText(style, vg.Point{X: top.Min.X, Y: top.Max.Y}, line)
		top.Max.Y -= titleHeight
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
