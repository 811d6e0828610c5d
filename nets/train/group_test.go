package train

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"hebb/internal/float"
)

// finished is a run that made its one epoch.
func finished(dir string, set ...func(*Config)) History {
	h := History{Dir: dir, Config: Default, Lines: []Line{{Kind: "train", Step: 10, Epoch: 1, Loss: 1}}}
	h.Config.Epochs = 1
	for _, s := range set {
		s(&h.Config)
	}
	return h
}

func seeds(first uint64, n int) func(*Config) {
	return func(c *Config) { c.Seed, c.Learners = first, n }
}

// groups are the folders of each group.
func groups(c Comparison) (all [][]string) {
	for _, g := range c.Groups {
		var dirs []string
		for _, h := range g.Runs {
			dirs = append(dirs, h.Dir)
		}
		all = append(all, dirs)
	}
	return all
}

// TestGroups: runs are together if nothing but seeds, and how often was written, differs; a seed is in a group once.
func TestGroups(t *testing.T) {
	fa := func(c *Config) { c.Rule = "fa" }
	often := func(c *Config) { c.LogEvery, c.SaveEvery = 1, 7 }
	rate := func(c *Config) { c.Rate = 0.5 }
	idle := func(c *Config) { c.Net, c.Rule, c.Data, c.Batch = "lenet5", "kp", "mnist", 3 } // of no use to a system with its task
	rflo := func(c *Config) { c.System, c.Task, c.Steps = "rflo", "sines", 10 }
	cut := finished("cut", seeds(5, 1))
	cut.Lines = nil
	none := History{Dir: "none", Damage: fmt.Errorf("%w", ErrNoRun)}
	broken := History{Dir: "broken", Damage: errors.New("no config")}
	for name, c := range map[string]struct {
		runs   []History
		groups [][]string
		differ []string
		same   string
	}{
		"one": {[]History{finished("a")}, [][]string{{"a"}}, nil, "mlp:784-500-10, bp on fashion-mnist"},
		"seeds": {[]History{finished("a"), finished("b", fa), finished("c", seeds(2, 3), often), finished("d", fa, seeds(7, 1))},
			[][]string{{"a", "c"}, {"b", "d"}}, []string{"rule"}, "mlp:784-500-10 on fashion-mnist"},
		"a seed twice":  {[]History{finished("a", seeds(1, 3)), finished("b", seeds(3, 1)), finished("c", seeds(4, 1))}, [][]string{{"a", "c"}, {"b"}}, nil, "mlp:784-500-10, bp on fashion-mnist"},
		"a rate":        {[]History{finished("a", rflo), finished("b", rflo, rate, seeds(2, 1))}, [][]string{{"a"}, {"b"}}, []string{"rate"}, "rflo on sines"},
		"what is idle":  {[]History{finished("a", rflo), finished("b", rflo, idle, seeds(2, 1))}, [][]string{{"a", "b"}}, nil, "rflo on sines"},
		"kinds of runs": {[]History{finished("a", rate), finished("b", rflo)}, [][]string{{"a"}, {"b"}}, []string{"net", "rule", "system", "task", "data", "rate"}, ""},
		"states": {[]History{none, finished("a"), cut, none, broken}, [][]string{{"none"}, {"a"}, {"cut"}, {"none"}, {"broken"}},
			[]string{"state"}, "mlp:784-500-10, bp on fashion-mnist"},
	} {
		got := Compare(c.runs)
		if g := groups(got); !slices.EqualFunc(g, c.groups, slices.Equal) || !slices.Equal(got.Differ, c.differ) || got.Same() != c.same {
			t.Errorf("%s: groups %v, differ %v, same %q, want %v, %v, %q", name, g, got.Differ, got.Same(), c.groups, c.differ, c.same)
		}
		for i, h := range c.runs {
			if !slices.Contains(groups(got)[got.Of[i]], h.Dir) {
				t.Errorf("%s: run %s is said to be of group %d of %v", name, h.Dir, got.Of[i], groups(got))
			}
		}
	}
}

// TestSpread: by hand, mean 5, and squares 9 + 1 + 1 + 9 = 20 over 3.
func TestSpread(t *testing.T) {
	for _, c := range []struct {
		xs   []float64
		want Spread
	}{
		{[]float64{2, 4, 6, 8}, Spread{4, 5, Figure(math.Sqrt(20. / 3)), 2, 8}},
		{[]float64{math.NaN(), 3, 5}, Spread{2, 4, Figure(math.Sqrt2), 3, 5}},
		{[]float64{7}, Spread{1, 7, noFigure, 7, 7}},
		{[]float64{math.NaN()}, Spread{0, noFigure, noFigure, noFigure, noFigure}},
	} {
		if got := SpreadOf(c.xs); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("spread of %v: %v, want %v", c.xs, got, c.want)
		}
	}
}

// TestOutcome: of a group of a run of three learners, of which one was lost, and of one of another seed.
func TestOutcome(t *testing.T) {
	each := func(xs ...float.OrNull) map[string][]float.OrNull {
		return map[string][]float.OrNull{"accuracy": xs, "bits right": xs}
	}
	lost := noFigure
	a, b := finished("a", seeds(1, 3)), finished("b", seeds(4, 1))
	a.Lines = []Line{
		{Kind: "train", Step: 5, Epoch: 0.5, Loss: 3, Examples: 100, ImagesPerSecond: 600},
		{Kind: "test", Step: 5, Epoch: 0.5, Accuracy: 0.5, Metrics: map[string]float64{"bits right": 0.5}, Learners: each(0.9, 0.4, 0.2)},
		{Kind: "train", Step: 10, Epoch: 1, Loss: 2, Examples: 100, ImagesPerSecond: 200},
		{Kind: "test", Step: 10, Epoch: 1, Accuracy: 0.7, Metrics: map[string]float64{"bits right": 0.7}, Learners: each(0.8, 0.6, lost)},
	}
	b.Lines = []Line{{Kind: "test", Step: 10, Epoch: 1}} // nothing right, and no loss
	o := Compare([]History{a, b}).Groups[0].Outcome()
	want := Outcome{
		"test accuracy": {0.8, 0.6, math.NaN(), 0}, "test loss": {0, 0}, "test bits right": {0.8, 0.6, math.NaN()}, "train loss": {2}, "train accuracy": {0},
		"best accuracy": {0.9, 0.6, math.NaN(), 0}, "best epoch": {0.5, 1, math.NaN(), 1}, "images/s": {400}, "seconds": {300./600 + 300./200},
	}
	if fmt.Sprint(o) != fmt.Sprint(want) {
		t.Errorf("outcome\n%v, want\n%v", o, want)
	}
	columns := []string{"test accuracy", "train accuracy", "best accuracy", "best epoch", "test loss", "train loss", "test bits right", "images/s", "seconds"}
	if got := Columns([]Outcome{{"weight angle": {math.NaN()}}, o}); !slices.Equal(got, columns) {
		t.Errorf("columns %v, want %v", got, columns)
	}
	if s := a.Summary(); s.State != Finished || s.Problem != "1 of 3 learners is lost and does not count: learner 2, seed 3: without metrics from step 10 on" || s.Lost != 1 || math.Abs(float64(s.Accuracy)-0.7) > 1e-12 {
		t.Errorf("%+v", s)
	}
	rflo := finished("rflo", func(c *Config) { c.System, c.Task, c.Steps = "rflo", "sines", 10 })
	rflo.Lines = []Line{{Kind: "test", Step: 10, Epoch: 2, Metrics: map[string]float64{"error": 0}}}
	if o := rflo.Outcome(); fmt.Sprint(o) != fmt.Sprint(Outcome{"test error": {0}}) {
		t.Errorf("a system without loss and accuracy: %v", o)
	}
}
