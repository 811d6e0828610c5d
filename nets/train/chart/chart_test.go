package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/color"
	"image/png"
	"io"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot"

	"hebb/nets/stack"
	"hebb/nets/train"
)

// history is a run of so many lines, with a test and angles each tenth.
func history(name, rule string, lines, layers int, loss func(x float64) float64) train.History {
	h := train.History{Dir: "runs/" + name, Config: train.Config{Net: "mlp:4-3-2", Rule: rule, Data: "flowers", Epochs: 10}}
	for i := 1; i <= lines; i++ {
		x := float64(i) / float64(lines)
		l := train.Line{Kind: "train", Step: i, Epoch: 10 * x, Loss: loss(x), Accuracy: x, Examples: 8}
		h.Lines = append(h.Lines, l)
		if i%max(1, lines/10) != 0 {
			continue
		}
		a := train.Line{Kind: "angles", Step: i, Epoch: l.Epoch}
		for k := range layers {
			w := stack.Degrees(90 - 50*x)
			if k == 0 {
				w = stack.Degrees(math.NaN())
			}
			a.Layers = append(a.Layers, stack.Angle{Layer: fmt.Sprint("fc", k+1), Weights: w, Delta: stack.Degrees(80 - 40*x)})
		}
		l.Kind = "test"
		h.Lines = append(h.Lines, a, l)
	}
	return h
}

func falling(x float64) float64 { return 2.3 * math.Exp(-5*x) }

// texts are the words in an SVG, which must be well formed.
func texts(t *testing.T, c Chart) string {
	t.Helper()
	var svg bytes.Buffer
	if err := c.SVG(&svg); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(svg.String(), "NaN") || strings.Contains(svg.String(), "Inf") {
		t.Error("a coordinate is no number")
	}
	var words []string
	for d := xml.NewDecoder(&svg); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return strings.Join(words, "\n")
		}
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := token.(xml.CharData); ok && len(bytes.TrimSpace(text)) > 0 {
			words = append(words, string(bytes.TrimSpace(text)))
		}
	}
}

// TestDraws: whatever runs there are, both formats come out whole.
func TestDraws(t *testing.T) {
	flat := func(float64) float64 { return 0.5 }
	for name, runs := range map[string][]train.History{
		"one":              {history("a", "bp", 100, 3, falling)},
		"two":              {history("a", "bp", 100, 3, falling), history("b", "fa", 30, 5, flat)},
		"one line":         {history("a", "bp", 1, 3, flat)},
		"no angles":        {history("a", "bp", 20, 0, falling)},
		"one layer":        {history("a", "bp", 20, 1, falling)},
		"no lines":         {history("a", "bp", 0, 3, falling)},
		"loss of 0":        {history("a", "bp", 50, 3, func(x float64) float64 { return math.Max(0, 1-2*x) })},
		"loss exploding":   {history("a", "bp", 50, 3, func(x float64) float64 { return math.Pow(10, 308*x) })},
		"tiny differences": {history("a", "bp", 50, 3, func(x float64) float64 { return 1 + 1e-12*x })},
		"many": {
			history("a", "bp", 5000, 60, falling), history("b", "bp", 9, 3, falling), history("c", "bp", 9, 3, falling),
			history("d", "bp", 9, 3, falling), history("e", "bp", 9, 3, falling), history("f", "bp", 9, 3, falling),
			history("g", "bp", 9, 3, falling), history("h", "bp", 9, 3, falling), history("i", "bp", 9, 3, falling),
		},
	} {
		for _, layers := range []bool{false, true} {
			c := Chart{Runs: runs, Layers: layers}
			if words := texts(t, c); !strings.Contains(words, "loss (") || !strings.Contains(words, "epochs") {
				t.Errorf("%s: the words are %q", name, words)
			}
			var b bytes.Buffer
			if err := c.PNG(&b); err != nil {
				t.Fatal(err)
			}
			m, err := png.Decode(&b)
			if err != nil || m.Bounds().Dx() < 900 || m.Bounds().Dy() < 900 {
				t.Errorf("%s: %v, %v", name, m.Bounds(), err)
			}
		}
	}
}

// TestWords: runs are named by their folder and rule, and by what else is not the same for all.
func TestWords(t *testing.T) {
	a, b := history("a", "bp", 20, 3, falling), history("b", "kp:scale=2", 20, 3, falling)
	words := texts(t, Chart{Runs: []train.History{a, b}})
	for _, want := range []string{"mlp:4-3-2 on flowers", "a: bp", "b: kp:scale=2", "thin: training, bold: test", "feedback weights to weights", "90°"} {
		if !strings.Contains(words, want) {
			t.Errorf("the chart lacks %q; it has\n%s", want, words)
		}
	}
	b.Dir, b.Config.Net = "other/a", "lenet5"
	words = texts(t, Chart{Runs: []train.History{a, b}, Layers: true})
	for _, want := range []string{"flowers", "runs/a: bp, mlp:4-3-2", "other/a: kp:scale=2, lenet5", "fc1", "fc3", "other/a: kp:scale=2: angles"} {
		if !strings.Contains(words, want) {
			t.Errorf("the chart lacks %q; it has\n%s", want, words)
		}
	}
}

// TestStyles: what was trained on is paler and thinner than the test, and each run has a colour of its own.
func TestStyles(t *testing.T) {
	var svg bytes.Buffer
	c := Chart{Runs: []train.History{history("a", "bp", 20, 3, falling), history("b", "fa", 20, 3, falling)}}
	if err := c.SVG(&svg); err != nil {
		t.Fatal(err)
	}
	for i := range c.Runs {
		for _, k := range []color.RGBA{c.colour(i), pale(c.colour(i))} {
			if hex := fmt.Sprintf("#%02X%02X%02X", k.R, k.G, k.B); !strings.Contains(svg.String(), hex) {
				t.Errorf("nothing of run %d is %s", i, hex)
			}
		}
	}
}

// TestCurve: a point for many lines is their mean, lines without the quantity leave no trace, and the last line is
// where the curve ends.
func TestCurve(t *testing.T) {
	var lines []train.Line
	for i := range 10 * mostPoints {
		l := train.Line{Epoch: float64(i), Loss: float64(i % 10)}
		if i%10 == 9 {
			l.Loss = math.NaN()
		}
		lines = append(lines, l)
	}
	xys := curve(lines, func(l train.Line) float64 { return l.Loss })
	if len(xys) != mostPoints {
		t.Fatalf("%d points, want %d", len(xys), mostPoints)
	}
	for i, xy := range xys {
		if xy.X != float64(10*i+9) || xy.Y != 4 {
			t.Fatalf("point %d is %v, want (%d, 4)", i, xy, 10*i+9)
		}
	}
	if n := len(curve(lines[:9], func(train.Line) float64 { return math.NaN() })); n != 0 {
		t.Errorf("%d points of nothing", n)
	}
	if n := len(curve(nil, func(train.Line) float64 { return 1 })); n != 0 {
		t.Errorf("%d points of no lines", n)
	}
}

// TestTicks: labels are few, true to their values and within the axis.
func TestTicks(t *testing.T) {
	for _, c := range []struct{ lo, hi float64 }{{0, 8}, {0, 1}, {0.5, 2.3}, {-0.04, 1.04}, {9.7, 10.1}, {0, 350}, {1e-9, 3e-9}, {1, 1e38}, {-1e38, 1e38}, {1, 1 + 4e-9}, {0.02, 2.5}, {1e-6, 3}} {
		for name, marker := range map[string]plot.Ticker{"linear": linearTicks{}, "logarithmic": logTicks{}} {
			if name == "logarithmic" && c.lo <= 0 {
				continue
			}
			labels := 0
			for _, k := range marker.Ticks(c.lo, c.hi) {
				if k.Value < c.lo || k.Value > c.hi {
					t.Errorf("%s from %g to %g: a tick at %g", name, c.lo, c.hi, k.Value)
				}
				var v float64
				if k.Label == "" {
					continue
				}
				if _, err := fmt.Sscan(k.Label, &v); err != nil || math.Abs(v-k.Value) > 1e-5*math.Abs(k.Value)+1e-12*(c.hi-c.lo) {
					t.Errorf("%s from %g to %g: %q at %g", name, c.lo, c.hi, k.Label, k.Value)
				}
				labels++
			}
			if labels > 10 || name == "linear" && labels < 3 {
				t.Errorf("%s from %g to %g: %d labels", name, c.lo, c.hi, labels)
			}
		}
	}
}
