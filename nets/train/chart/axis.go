package chart

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
)

// linear is a y axis from lo to hi, with a little room; of nothing, from 0 to 1.
func linear(p *plot.Plot, lo, hi float64) {
	switch {
	case lo > hi:
		lo, hi = 0, 1
	case hi-lo <= 1e-9*max(math.Abs(lo), math.Abs(hi)): // the same, but for rounding
		lo, hi = lo-0.5, hi+0.5
	}
	edge := 0.04 * (hi - lo)
	p.Y.Min, p.Y.Max, p.Y.Tick.Marker = lo-edge, hi+edge, linearTicks{}
}

// linearTicks are at multiples of 1, 2 or 5 times a power of ten: as many as there are up to six or so.
type linearTicks struct {
	most float64 // 0: 6
}

func (l linearTicks) Ticks(lo, hi float64) (ticks []plot.Tick) {
	most := cmp.Or(l.most, 6)
	step := math.Pow(10, math.Floor(math.Log10((hi-lo)/most)))
	for _, k := range []float64{1, 2, 5, 10} {
		if math.Floor(hi/(k*step))-math.Ceil(lo/(k*step)) < most {
			step *= k
			break
		}
	}
	first := math.Ceil(lo / step)
	for i := 0.0; i <= most; i++ {
		v := (first + i) * step
		if v > hi {
			break
		}
		ticks = append(ticks, plot.Tick{Value: v, Label: fmt.Sprintf("%.6g", v)})
	}
	return ticks
}

// wholeTicks are the whole numbers among linearTicks, for moments and rows.
type wholeTicks struct{}

func (wholeTicks) Ticks(lo, hi float64) []plot.Tick {
	return slices.DeleteFunc(linearTicks{}.Ticks(lo, hi), func(t plot.Tick) bool { return t.Value != math.Trunc(t.Value) })
}

// logarithmic is a y axis from lo to hi, both above 0, with a little room.
func logarithmic(p *plot.Plot, lo, hi float64) {
	edge := math.Pow(hi/lo, 0.04)
	p.Y.Min, p.Y.Max = lo/edge, hi*edge
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, logTicks{}
}

// logTicks are at 1, 2, … 9 times powers of ten, labelled as far as there is room.
type logTicks struct{}

func (logTicks) Ticks(lo, hi float64) (ticks []plot.Tick) {
	wide := hi > 1000*lo
	every := math.Ceil(math.Log10(hi/lo) / 8) // powers of ten to a label
	for e := math.Floor(math.Log10(lo)); e <= math.Ceil(math.Log10(hi)); e++ {
		for k := 1.0; k < 10; k++ {
			v := k * math.Pow(10, e)
			if v < lo || v > hi {
				continue
			}
			label := ""
			if k == 1 && math.Mod(e, every) == 0 || !wide && (k == 2 || k == 5) {
				label = fmt.Sprintf("%.6g", v)
			}
			ticks = append(ticks, plot.Tick{Value: v, Label: label})
		}
	}
	return ticks
}

// protractor draws angles on an axis of degrees, to 90 or, where something points the other way, further.
func protractor(p *plot.Plot, curves []curve) {
	show(p, curves, 0)
	top := 90.0
	for _, c := range curves {
		for _, q := range c.points {
			for top < q.high {
				top += 30
			}
		}
	}
	var ticks plot.ConstantTicks
	for a := 0.0; a <= top; a += 30 {
		ticks = append(ticks, plot.Tick{Value: a, Label: fmt.Sprintf("%g°", a)}, plot.Tick{Value: a + 15})
	}
	p.Y.Min, p.Y.Max, p.Y.Tick.Marker = 0, top, ticks
}
