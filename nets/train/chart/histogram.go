package chart

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"hebb/internal/figure"
)

// Histograms are panels of how often numbers have which values.
type Histograms struct {
	Title string
	Of    []Histogram
}

// A Histogram counts numbers in bins of one width from Low to High, the last with its upper end. Numbers that are 0, such as
// synapses that are not there, and those that are not finite are none of them.
type Histogram struct {
	Name      string
	Low, High float64
	Counts    []int
	Zeros     int
	Infinite  int // or NaN
}

// NewHistogram counts numbers in so many bins. Of equal numbers, or none, it has one bin around them.
func NewHistogram(name string, x []float32, bins int) Histogram {
	h := Histogram{Name: name, Low: math.Inf(1), High: math.Inf(-1)}
	counts := func(v float64) bool { return v != 0 && math.Abs(v) <= math.MaxFloat32 }
	n := 0
	for _, v := range x {
		switch v := float64(v); {
		case v == 0:
			h.Zeros++
		case !counts(v):
			h.Infinite++
		default:
			h.Low, h.High, n = min(h.Low, v), max(h.High, v), n+1
		}
	}
	if n == 0 {
		h.Low, h.High = 0, 0
	}
	if h.High <= h.Low {
		h.Counts = []int{n}
		return h
	}
	h.Counts = make([]int, bins)
	for _, v := range x {
		if v := float64(v); counts(v) {
			h.Counts[min(int((v-h.Low)/(h.High-h.Low)*float64(bins)), bins-1)]++
		}
	}
	return h
}

// Note says how many numbers are counted, and how many are not.
func (h Histogram) Note() string {
	n := 0
	for _, c := range h.Counts {
		n += c
	}
	text := fmt.Sprint(n)
	if h.Zeros > 0 {
		text += fmt.Sprintf(", and %d of 0", h.Zeros)
	}
	if h.Infinite > 0 {
		text += fmt.Sprintf(", and %d not finite", h.Infinite)
	}
	return text
}

// Figure returns the drawing.
func (h Histograms) Figure() figure.Figure {
	rows := (len(h.Of)-1)/2 + 1
	across := min(2, len(h.Of))
	plots := make([][]*plot.Plot, rows)
	for i := range rows * across {
		var p *plot.Plot // a place without a panel
		if i < len(h.Of) {
			p = h.Of[i].panel()
		}
		plots[i/across] = append(plots[i/across], p)
	}
	high := 30 + trackHeight*vg.Length(rows)
	return figure.Figure{Width: chartWidth * vg.Length(across) / 2, Height: high, Draw: func(c draw.Canvas) {
		c.FillPolygon(color.White, []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
		title := newKey(9).TextStyle
		title.Font.Size, title.YAlign = 12, text.YTop
		c.FillText(title, vg.Point{X: c.Min.X + 14, Y: c.Max.Y - 8}, h.Title)
		tiles := plot.Align(plots, draw.Tiles{Rows: rows, Cols: across, PadX: 12, PadY: 10}, draw.Crop(c, 8, -14, 6, -30))
		for i, row := range plots {
			for k, p := range row {
				if p != nil {
					p.Draw(tiles[i][k])
				}
			}
		}
	}}
}

// panel draws bars.
func (h Histogram) panel() *plot.Plot {
	p, top := newPanel(fmt.Sprintf("%s: %s", h.Name, h.Note())), 0
	dress(p)
	width := (h.High - h.Low) / float64(len(h.Counts))
	from := h.Low
	if width == 0 { // a bar around the one value
		width = max(math.Abs(h.Low), 1) / 10
		from -= width / 2
	}
	for i, n := range h.Counts {
		x := from + float64(i)*width
		bar := plotter.XYs{{X: x, Y: 0}, {X: x, Y: float64(n)}, {X: x + width, Y: float64(n)}, {X: x + width, Y: 0}}
		p.Add(&plotter.Polygon{XYs: []plotter.XYs{bar}, Color: colours[0]})
		top = max(top, n)
	}
	linear(p, 0, float64(max(top, 1)))
	p.Y.Min, p.Y.Label.Text, p.X.Label.Text = 0, "weights", "value"
	p.Y.Tick.Marker, p.X.Tick.Marker = wholeTicks{}, linearTicks{most: 5}
	p.X.Min, p.X.Max = from, from+float64(len(h.Counts))*width
	return p
}
