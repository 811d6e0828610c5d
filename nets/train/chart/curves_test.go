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
	c := Curves{X: "angle", Y: "accuracy", Lines: []CurveLine{
		{Name: "one", At: []float64{0, 15, 30}, Of: []float64{98, 90, 70}, Spread: []float64{0.1, 0.5, 2}},
		{Name: "other", At: []float64{0, 15, 30}, Of: []float64{97, 91, 75}, Spread: []float64{math.NaN(), 0.5, 2}},
		{Name: "bare", At: []float64{0, 30}, Of: []float64{96, 80}, Theory: []float64{97, 81}},
	}}
	var svg, bitmap bytes.Buffer
	drawing := must.Get(c.Figure())(t)
	must.Do(t, drawing.SVG(&svg))
	text := svg.String()
	for _, want := range []string{">angle<", ">accuracy<", ">one<", ">other<", ">bare<", ">theory<", "stroke-dasharray"} {
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
