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
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot"

	"hebb/internal/float"
	"hebb/internal/must"
	"hebb/nets"
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
			w := nets.Degrees(90 - 50*x)
			if k == 0 {
				w = nets.Degrees(math.NaN())
			}
			a.Layers = append(a.Layers, nets.Angle{Layer: fmt.Sprint("fc", k+1), Weights: w, Delta: nets.Degrees(80 - 40*x)})
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
	must.Do(t, c.Figure().SVG(&svg))
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
			if words := texts(t, c); !strings.Contains(words, "loss (") && len(runs[0].Lines) > 0 || !strings.Contains(words, "epochs") {
				t.Errorf("%s: the words are %q", name, words)
			}
			var b bytes.Buffer
			must.Do(t, c.Figure().PNG(&b))
			m, err := png.Decode(&b)
			if err != nil || m.Bounds().Dx() < 900 || m.Bounds().Dy() < 300*len(c.panels(train.Compare(runs).Groups)) {
				t.Errorf("%s: %v, %v", name, m.Bounds(), err)
			}
		}
	}
}

// TestWords: runs are named by their folder and rule, and by what else is not the same for all.
func TestWords(t *testing.T) {
	a, b := history("a", "bp", 20, 3, falling), history("b", "kp:scale=2", 20, 3, falling)
	words := texts(t, Chart{Runs: []train.History{a, b}})
	for _, want := range []string{"mlp:4-3-2 on flowers", "a: bp", "b: kp:scale=2", "accuracy in %", "thin: training, bold: test", "feedback weights to weights", "90°"} {
		if !strings.Contains(words, want) {
			t.Errorf("the chart lacks %q; it has\n%s", want, words)
		}
	}
	b.Dir, b.Config.Net = "other/a", "lenet5"
	words = texts(t, Chart{Runs: []train.History{a, b}, Layers: true})
	for _, want := range []string{"flowers", "runs/a: mlp:4-3-2, bp", "other/a: lenet5, kp:scale=2", "fc1", "fc3", "other/a: angles"} {
		if !strings.Contains(words, want) {
			t.Errorf("the chart lacks %q; it has\n%s", want, words)
		}
	}
}

// TestStyles: what was trained on is paler and thinner than the test, and each run has a colour of its own.
func TestStyles(t *testing.T) {
	var svg bytes.Buffer
	c := Chart{Runs: []train.History{history("a", "bp", 20, 3, falling), history("b", "fa", 20, 3, falling)}}
	must.Do(t, c.Figure().SVG(&svg))
	for i := range c.Runs {
		for _, k := range []color.RGBA{colour(i, 2), pale(colour(i, 2))} {
			if hex := fmt.Sprintf("#%02X%02X%02X", k.R, k.G, k.B); !strings.Contains(svg.String(), hex) {
				t.Errorf("nothing of run %d is %s", i, hex)
			}
		}
	}
}

// TestThinned: a point for many is their mean, where the last of them is, and what is none leaves no trace.
func TestThinned(t *testing.T) {
	var all []point
	for i := range 10 * mostPoints {
		p := point{float64(i), float64(i % 10), -1, float64(i % 2)}
		if i%10 == 9 {
			p.y, p.low, p.high = math.NaN(), math.NaN(), math.NaN()
		}
		all = append(all, p)
	}
	thin := thinned(all)
	if len(thin) != mostPoints {
		t.Fatalf("%d points, want %d", len(thin), mostPoints)
	}
	for i, p := range thin {
		if want := (point{float64(10*i + 9), 4, -1, 4. / 9}); p != want {
			t.Fatalf("point %d is %v, want %v", i, p, want)
		}
	}
	if n := len(thinned(all[9:10])) + len(thinned(nil)); n != 0 {
		t.Errorf("%d points of nothing", n)
	}
}

// TestBands checks bands by hand: two of three learners are lost and have no part in it, and two runs wrote at
// different times.
func TestBands(t *testing.T) {
	line := func(epoch float64, each ...float.OrNull) train.Line {
		return train.Line{Kind: "test", Epoch: epoch, Loss: float64(each[0]), Learners: map[string][]float.OrNull{"loss": each}}
	}
	nan := float.OrNull(math.NaN())
	three := train.History{Lines: []train.Line{line(1, 1, 2, 3), line(2, 4, nan, 8), line(3, nan, nan, 5), line(4, nan, nan, 1e300)}}
	one, other := train.History{Lines: []train.Line{line(0, 10), line(4, 50)}}, train.History{Lines: []train.Line{line(1, 0), line(2, 6)}}
	for name, c := range map[string]struct {
		runs []train.History
		want []point
	}{
		"lost":        {[]train.History{three}, []point{{1, 3, 3, 3}, {2, 8, 8, 8}, {3, 5, 5, 5}}},
		"other times": {[]train.History{one, other}, []point{{0, 10, 10, 10}, {1, 10, 0, 20}, {2, 18, 6, 30}, {4, 50, 50, 50}}},
		"nothing":     {nil, nil},
	} {
		got := Chart{}.points(c.runs, "test", func(l train.Line) []float64 { return l.Each("loss") })
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestLimits: a band ends where its quantity does, on the axis too: an accuracy at 100 %, a loss that is never negative at 0.
func TestLimits(t *testing.T) {
	few := func(name string, each ...float64) train.History {
		l := train.Line{Kind: "test", Epoch: 1, Learners: map[string][]float.OrNull{}, Metrics: map[string]float64{}}
		for _, x := range each {
			l.Learners[name] = append(l.Learners[name], float.OrNull(x))
		}
		switch name {
		case "accuracy":
			l.Accuracy = each[0]
		case "loss":
			l.Loss = each[0]
		default:
			l.Metrics[name] = each[0]
		}
		return train.History{Config: train.Config{Learners: 3, Epochs: 1, Seed: 1}, Lines: []train.Line{l}}
	}
	for _, test := range []struct {
		name   string
		each   []float64
		lo, hi float64
	}{
		{"accuracy", []float64{0.9, 1, 1}, 100 * (0.9 + 0.2/3 - 0.0577350269), 100}, {"accuracy", []float64{0.1, 0, 0}, 0, 100 * (0.1/3 + 0.0577350269)},
		{"bits right", []float64{0.9, 1, 1}, 0.9 + 0.2/3 - 0.0577350269, 1}, {"loss", []float64{3, 0.1, 0.1}, 0, 3.2/3 + 1.67431578},
		{"objective", []float64{-3, -1, -1}, -5./3 - 1.15470054, -5./3 + 1.15470054},
	} {
		c := Chart{Runs: []train.History{few(test.name, test.each...)}}
		p := c.metric(train.Compare(c.Runs).Groups, test.name)
		edge := 0.04 * (test.hi - test.lo)
		if d := math.Abs(p.Y.Min-test.lo+edge) + math.Abs(p.Y.Max-test.hi-edge); !(d < 1e-5) {
			t.Errorf("%s of %v: an axis from %g to %g, want %g to %g", test.name, test.each, p.Y.Min, p.Y.Max, test.lo-edge, test.hi+edge)
		}
	}
}

// TestGroups: runs of one rule have a colour and a band, the legend and the title say of what, and each metric has a panel.
func TestGroups(t *testing.T) {
	var runs []train.History
	for i, rule := range []string{"fa", "kp", "fa", "kp", "fa"} { // so far apart that the lower edges are below 0, which no logarithm has
		h := history(fmt.Sprint("r", i), rule, 20, 3, func(x float64) float64 { return math.Pow(10, float64(i)) * falling(x) })
		h.Config.Seed, h.Config.Learners = uint64(i), 1
		runs = append(runs, h)
	}
	words := texts(t, Chart{Runs: runs})
	for _, want := range []string{"r0 +2: fa, 3 seeds", "r1 +1: kp, 2 seeds", "± standard deviation, of two seeds from one to the other", "epochs"} {
		if !strings.Contains(words, want) {
			t.Errorf("the chart lacks %q; it has\n%s", want, words)
		}
	}
	shades := func(runs ...train.History) int {
		var svg bytes.Buffer
		must.Do(t, (Chart{Runs: runs}).Figure().SVG(&svg))
		return strings.Count(svg.String(), "fill-opacity")
	}
	// Test losses are apart and the rest is the same, so that each group has one band.
	if one, both := shades(runs[0]), shades(runs...); one != 0 || both != 2 {
		t.Errorf("%d bands of a run and %d of two groups, want 0 and 2", one, both)
	}
	system := train.History{Dir: "r", Config: train.Config{System: "hopfield", Task: "recall", Steps: 30, Learners: 1},
		Lines: []train.Line{{Kind: "train", Step: 30, Epoch: 2, Metrics: map[string]float64{"bits right": 0.9}}}}
	words = texts(t, Chart{Runs: []train.History{system}})
	for want, is := range map[string]bool{"hopfield on recall": true, "bits right (training)": true, "steps": true, "loss": false, "accuracy": false, "angles": false, "band": false} {
		if strings.Contains(words, want) != is {
			t.Errorf("%q is in the chart of a system: %t, want %t; it has\n%s", want, !is, is, words)
		}
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
