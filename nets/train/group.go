package train

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// A Setting is a key of a Config and its value as text, "" where the run has no use for it.
type Setting struct{ Name, Value string }

// who are the settings that name what learns and on what.
var who = []string{"net", "rule", "system", "task", "data"}

// Settings returns all settings that decide a run's numbers, but for its seed, and last its state. Of a folder that is no run,
// or whose config cannot be read, that is all.
func (h History) Settings() (all []Setting) {
	c := h.Config
	idle := slices.AppendSeq([]string{"seed", "learners", "log_every", "save_every", "keep_best", "keep_all"}, maps.Keys(c.Idle()))
	if c.Steps == 0 {
		idle = append(idle, "steps")
	}
	for i, v := 0, reflect.ValueOf(c); i < v.NumField() && c != (Config{}); i++ {
		s := Setting{Name: v.Type().Field(i).Tag.Get("toml")}
		if !slices.Contains(idle, s.Name) {
			s.Value = fmt.Sprint(v.Field(i))
		}
		all = append(all, s)
	}
	return append(all, Setting{"state", string(h.State())})
}

// Seeds returns the seed of each learner; none where the config cannot be read.
func (h History) Seeds() (all []uint64) {
	for l := range h.Config.Learners {
		all = append(all, h.Config.Seed+uint64(l))
	}
	return all
}

// A Group is runs that differ by their seeds alone.
type Group struct {
	Runs     []History
	Settings []Setting // of each
}

// Seeds returns the seeds of all learners of the group.
func (g Group) Seeds() (all []uint64) {
	for _, h := range g.Runs {
		all = append(all, h.Seeds()...)
	}
	return all
}

// Lost returns the seeds of the group's lost learners.
func (g Group) Lost() (all []uint64) {
	for _, h := range g.Runs {
		for learner := range h.Lost() {
			all = append(all, h.Config.Seed+uint64(learner))
		}
	}
	slices.Sort(all)
	return all
}

// Count says how many learners the group has, and how many are lost: "8 seeds" or "7 of 8 seeds, 1 lost".
func (g Group) Count(unit string) string {
	n, lost := len(g.Seeds()), len(g.Lost())
	if lost == 0 {
		return fmt.Sprint(n, unit)
	}
	return fmt.Sprintf("%d of %d%s, %d lost", n-lost, n, unit, lost)
}

// Setting returns the value of a setting, "" where it has no use.
func (g Group) Setting(name string) string {
	if i := slices.IndexFunc(g.Settings, func(s Setting) bool { return s.Name == name }); i >= 0 {
		return g.Settings[i].Value
	}
	return ""
}

// Readable reports whether there are runs in the folders, with configs that can be read.
func (g Group) Readable() bool { return g.Runs[0].Config != (Config{}) }

// Name returns the folder of the first run, and how many more there are.
func (g Group) Name() string {
	name := filepath.Clean(g.Runs[0].Dir)
	if more := len(g.Runs) - 1; more > 0 {
		name += fmt.Sprintf(" +%d", more)
	}
	return name
}

// takes reports whether a run with these settings is of the group.
func (g Group) takes(h History, settings []Setting) bool {
	has := func(seed uint64) bool { return slices.Contains(g.Seeds(), seed) }
	return g.Readable() && slices.Equal(g.Settings, settings) && !slices.ContainsFunc(h.Seeds(), has)
}

// A Comparison is runs in groups, in the order of the first run of each.
type Comparison struct {
	Groups []Group
	Of     []int    // the group of each run
	Differ []string // settings that are not the same for all groups that have a use for them
}

// Compare sorts runs into groups. A run of a seed that its group has already, made anew or on another device, begins a group
// of its own: a spread is over different seeds.
func Compare(all []History) (c Comparison) {
	for _, h := range all {
		settings := h.Settings()
		i := slices.IndexFunc(c.Groups, func(g Group) bool { return g.takes(h, settings) })
		if i < 0 {
			i, c.Groups = len(c.Groups), append(c.Groups, Group{Settings: settings})
		}
		c.Groups[i].Runs, c.Of = append(c.Groups[i].Runs, h), append(c.Of, i)
	}
	for _, g := range c.Groups {
		for _, s := range g.Settings {
			if !slices.Contains(c.Differ, s.Name) && slices.ContainsFunc(c.Groups, func(o Group) bool { return differ(s, o) }) {
				c.Differ = append(c.Differ, s.Name)
			}
		}
	}
	place := func(name string) uint { return uint(slices.Index(who, name)) } // the others after them, as they are
	slices.SortStableFunc(c.Differ, func(a, b string) int { return cmp.Compare(place(a), place(b)) })
	return c
}

// differ reports whether a group has another value of a setting; none is another of those that say who learns.
func differ(s Setting, g Group) bool {
	v := g.Setting(s.Name)
	return v != s.Value && (v != "" && s.Value != "" || g.Readable() && slices.Contains(who, s.Name))
}

// Same returns what learns, and on what, as far as it is the same for all groups.
func (c Comparison) Same() string {
	same := func(names []string) string {
		var all []string
		for _, n := range names {
			i := slices.IndexFunc(c.Groups, func(g Group) bool { return g.Setting(n) != "" })
			if i >= 0 && !slices.Contains(c.Differ, n) {
				all = append(all, c.Groups[i].Setting(n))
			}
		}
		return strings.Join(all, ", ")
	}
	words := []string{same(who[:3]), same(who[3:])}
	return strings.Join(slices.DeleteFunc(words, func(s string) bool { return s == "" }), " on ")
}

// Measured returns the names of the metrics that lines of these kinds have in any of the runs: loss and accuracy, which all
// networks have though they be 0, and the others.
func Measured(runs []History, kinds ...string) []string {
	has := map[string]bool{}
	for _, h := range runs {
		for _, l := range h.Lines {
			if !slices.Contains(kinds, l.Kind) {
				continue
			}
			if h.Config.System == "" {
				has["loss"], has["accuracy"] = true, true
			}
			for _, v := range l.All() {
				has[v.Name] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(has), byColumn)
}

// Each returns a metric that the line has, a value for each learner, NaN of one that is lost.
func (l Line) Each(name string) []float64 {
	if each := l.Learners[name]; each != nil {
		all := make([]float64, len(each))
		for i, x := range each {
			all[i] = float64(x)
		}
		return all
	}
	switch x, ok := l.Metrics[name]; {
	case name == "loss":
		return []float64{l.Loss}
	case name == "accuracy":
		return []float64{l.Accuracy}
	case ok:
		return []float64{x}
	}
	return nil
}

// An Outcome is how runs ended: values by the name of the quantity, one for each learner or, where all learners of a run
// share it, each run.
type Outcome map[string][]float64

// columns are the quantities of an Outcome that have a place; * are all others.
var columns = []string{
	"test accuracy", "train accuracy", "best accuracy", "best epoch", "best step", "test loss", "train loss", "loss", "accuracy", "*",
	"weight angle", "delta angle", "images/s", "seconds",
}

// byColumn orders quantities as a table does.
func byColumn(a, b string) int {
	place := func(name string) int {
		if i := slices.Index(columns, name); i >= 0 {
			return i
		}
		return slices.Index(columns, "*")
	}
	return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a, b))
}

// Columns returns the names of the quantities that any of the outcomes has, in the order of a table.
func Columns(all []Outcome) []string {
	names := map[string]bool{}
	for _, o := range all {
		for n := range o {
			if o.Spread(n).N > 0 {
				names[n] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(names), byColumn)
}

// Outcome returns how the runs of the group ended.
func (g Group) Outcome() Outcome {
	all := Outcome{}
	for _, h := range g.Runs {
		for name, xs := range h.Outcome() {
			all[name] = append(all[name], xs...)
		}
	}
	return all
}

// A Spread is a quantity over seeds.
type Spread struct {
	N    int    `json:"n"` // how many have it
	Mean Figure `json:"mean"`
	SD   Figure `json:"sd"` // √(Σ(x - mean)²/(n - 1)), none of one
	Min  Figure `json:"min"`
	Max  Figure `json:"max"`
}

// Spread returns the spread of a quantity; NaN does not count.
func (o Outcome) Spread(name string) Spread { return SpreadOf(o[name]) }

// SpreadOf returns the spread of numbers; NaN does not count.
func SpreadOf(xs []float64) Spread {
	xs = slices.DeleteFunc(slices.Clone(xs), math.IsNaN)
	n, sum, squares := float64(len(xs)), 0.0, 0.0
	for _, x := range xs {
		sum += x
	}
	mean := sum / n
	for _, x := range xs {
		squares += (x - mean) * (x - mean)
	}
	if len(xs) == 0 {
		return Spread{0, noFigure, noFigure, noFigure, noFigure}
	}
	return Spread{len(xs), Figure(mean), Figure(math.Sqrt(squares / (n - 1))), Figure(slices.Min(xs)), Figure(slices.Max(xs))}
}
