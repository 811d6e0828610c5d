package chart

import (
	"bytes"
	"image/png"
	"math"
	"strings"
	"testing"

	"hebb/internal/must"
)

// TestCurves: names, axes and every point are drawn, with and without spreads.
func TestCurves(t *testing.T) {
	c := Curves{X: "angle", Y: "accuracy", Mark: 20, MarkName: "the edge", Lines: []CurveLine{
		{Name: "one", At: []float64{0, 15, 30}, Of: []float64{98, 90, 70}, Spread: []float64{0.1, 0.5, 2}},
		{Name: "other", At: []float64{0, 15, 30}, Of: []float64{97, 91, 75}, Spread: []float64{math.NaN(), 0.5, 2}},
		{Name: "bare", At: []float64{0, 30}, Of: []float64{96, 80}, Theory: []float64{97, 81}},
	}}
	var svg, bitmap bytes.Buffer
	drawing := must.Get(c.Figure())(t)
	must.Do(t, drawing.SVG(&svg))
	text := svg.String()
	for _, want := range []string{">angle<", ">accuracy<", ">one<", ">other<", ">bare<", ">theory<", ">the edge<", "stroke-dasharray"} {
		if !strings.Contains(text, want) {
			t.Errorf("the chart lacks %s", want)
		}
	}
	if strings.Contains(text, "NaN") {
		t.Error("a coordinate is no number")
	}
	flat := c
	flat.Lines = append([]CurveLine(nil), c.Lines...)
	flat.Lines[2].Spread = []float64{0, 0}
	var none bytes.Buffer
	if drawing, err := flat.Figure(); err != nil || drawing.SVG(&none) != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(svg.Bytes(), none.Bytes()) {
		t.Error("a spread of 0 is drawn")
	}
	wider := c
	wider.Lines = append([]CurveLine(nil), c.Lines...)
	wider.Lines[0].Spread = []float64{0.1, 0.5, 20}
	var other bytes.Buffer
	wide := must.Get(wider.Figure())(t)
	must.Do(t, wide.SVG(&other))
	if bytes.Equal(svg.Bytes(), other.Bytes()) {
		t.Error("a wider spread changes nothing")
	}
	paths := func(points int, spread float64) int {
		l := CurveLine{Name: "many"}
		for i := range points {
			l.At, l.Of, l.Spread = append(l.At, float64(i)), append(l.Of, 0.5), append(l.Spread, spread)
		}
		var svg bytes.Buffer
		drawing := must.Get(Curves{Lines: []CurveLine{l, {Name: "range", At: []float64{0, 9}, Of: []float64{-1, 2}}}}.Figure())(t)
		must.Do(t, drawing.SVG(&svg))
		return strings.Count(svg.String(), "<path")
	}
	if bars, band := paths(fewPoints, 0.1)-paths(fewPoints, 0), paths(fewPoints+1, 0.1)-paths(fewPoints+1, 0); bars < fewPoints || band != 1 {
		t.Errorf("the spread of %d points is %d paths, and that of one more %d, want a bar each, and a band", fewPoints, bars, band)
	}
	unmarked, plain := c, bytes.Buffer{}
	unmarked.Mark = 0
	without := must.Get(unmarked.Figure())(t)
	must.Do(t, without.SVG(&plain))
	const theMark = "stroke:#808080"
	if strings.Count(text, theMark) != 2+strings.Count(plain.String(), theMark) || strings.Contains(plain.String(), "the edge") {
		t.Error("the mark is not drawn once, and once beside its name, or without there being one")
	}
	must.Do(t, drawing.PNG(&bitmap))
	if _, err := png.Decode(&bitmap); err != nil {
		t.Error(err)
	}
}

// TestPanels: panels have their titles and lines, and one range of values.
func TestPanels(t *testing.T) {
	at := []float64{0, 1}
	low := Curves{Title: "left", X: "x", Y: "y", Lines: []CurveLine{{Name: "a", At: at, Of: []float64{1, 2}}}}
	high := Curves{Title: "right", X: "x", Y: "y", Lines: []CurveLine{{Name: "b", At: at, Of: []float64{8, 9}}}}
	drawn := func(p Panels) string {
		var svg bytes.Buffer
		drawing := must.Get(p.Figure())(t)
		must.Do(t, drawing.SVG(&svg))
		return svg.String()
	}
	both := drawn(Panels{low, high})
	for _, want := range []string{">left<", ">right<", ">a<", ">b<"} {
		if strings.Count(both, want) != 1 {
			t.Errorf("the panels have %s %d times, want once", want, strings.Count(both, want))
		}
	}
	for _, tick := range []string{">2<", ">8<"} {
		if strings.Count(both, tick) != 2 {
			t.Errorf("the panels have the tick %s %d times, want it in both", tick, strings.Count(both, tick))
		}
	}
	if strings.Contains(drawn(Panels{low}), ">8<") {
		t.Error("a panel alone has the range of two")
	}
}
