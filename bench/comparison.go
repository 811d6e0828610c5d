package bench

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"golang.org/x/perf/benchmath"

	"hebb/internal/float"
)

// A Side is one side of a comparison: the results of a run, or of several of the same cases.
type Side struct {
	Name    string
	Results []Result
}

// A Comparison sets the times of two versions, settings or machines side by side.
type Comparison struct {
	Old       string    `json:"old"`
	New       string    `json:"new"`
	Threshold float64   `json:"threshold"`
	Warnings  []string  `json:"warnings"` // what else differs between the sides, and what could not be done
	Changes   []Change  `json:"changes"`
	Means     []Mean    `json:"geometric_means"`
	Missing   []Missing `json:"missing"`

	about [2]string // old and new: files, version, date
	busy  bool      // the machine of either was
}

// A Change is the time of a case on a backend, on both sides.
type Change struct {
	caseKey
	Old     Measured     `json:"old"`
	New     Measured     `json:"new"`
	Ratio   float64      `json:"ratio"` // New.Seconds / Old.Seconds
	Low     float.OrNull `json:"low"`   // with High where the ratio is, at a confidence of 95 % at least; null of too few samples
	High    float.OrNull `json:"high"`
	P       float.OrNull `json:"p"` // chance of such a difference between samples of one distribution; null without a test
	Verdict Verdict      `json:"verdict"`
}

// A Measured is the time of a case on one side.
type Measured struct {
	Seconds float64 `json:"seconds"` // the median
	Samples int     `json:"samples"` // that a test has; 0 of a file that has medians alone
	Runs    int     `json:"runs"`    // in which the case was timed

	sample *benchmath.Sample
}

// A Verdict says what became of the time of a case.
type Verdict string

const (
	Regression Verdict = "REGRESSION" // slower by more than the threshold
	Slower     Verdict = "slower"     // by no more than that
	Faster     Verdict = "faster"
	Unchanged  Verdict = "~" // no difference that shows
	Untested   Verdict = "?" // too few samples to see any, and not slower by more than the threshold
)

// A Mean is the geometric mean of the ratios of a suite on a backend.
type Mean struct {
	Suite   string  `json:"suite"`
	Backend string  `json:"backend"`
	Cases   int     `json:"cases"`
	Ratio   float64 `json:"ratio"`
}

// A Missing is a case that one side alone has timed.
type Missing struct {
	caseKey
	Lost bool   `json:"lost"` // the old side has a time, and the new one a failure or a reason
	Why  string `json:"why"`
}

// A caseKey tells which results are of one case.
type caseKey struct {
	Suite   string `json:"suite"`
	Case    string `json:"case"`
	Backend string `json:"backend"`
	Rung    string `json:"rung,omitempty"`
	Allow   string `json:"allow,omitempty"`
	TF32    bool   `json:"peer_tf32,omitempty"`
}

func keyOf(r Result) caseKey { return caseKey{r.Suite, r.Case, r.Backend, r.Rung, r.Allow, r.PeerTF32} }

// label is the case with what tells it apart from others of its name.
func (k caseKey) label(backend bool) string {
	s := k.Case
	for _, w := range []string{k.Rung, k.Allow, map[bool]string{true: "TF32"}[k.TF32]} {
		if w != "" {
			s += ", " + w
		}
	}
	if backend {
		s += " on " + k.Backend
	}
	return s
}

const (
	// alpha is how often a test sees a difference where there is none.
	alpha = 0.05

	// testable is the least number of samples on both sides with which a test can see a difference at alpha: of the 70 ways to
	// order 4 and 4 two have all of one side first.
	testable = 4
)

// Compare compares the times of the cases that both sides have, by the medians of their samples. A case is a [Regression] if
// its median has grown by more than the threshold, 0.05 being 5 %, and a Mann–Whitney U test at [alpha] tells the samples
// apart; where there are too few samples for a test, as in files of versions that kept none, the medians alone decide. The
// samples of all runs of a side are taken together, which hides a drift between runs; with [testable] runs or more on both
// sides the sample of a run is its median, which shows it. Roofs are no cases: where they have changed, the machine has, and a
// warning says so. An error means that there is nothing to compare.
func Compare(before, after Side, threshold float64) (*Comparison, error) {
	if !(threshold >= 0) || math.IsInf(threshold, 1) {
		return nil, fmt.Errorf("bench: threshold %g, want a finite number from 0", threshold)
	}
	if err := twice(before, after); err != nil {
		return nil, err
	}
	c := &Comparison{Old: before.Name, New: after.Name, Threshold: threshold, about: [2]string{before.about(), after.about()},
		Warnings: []string{}, Changes: []Change{}, Missing: []Missing{}}
	keys, olds := before.cases()
	more, news := after.cases()
	for _, k := range more {
		if olds[k] == nil {
			keys = append(keys, k)
		}
	}
	for _, k := range keys {
		was, is := timed(olds[k]), timed(news[k])
		switch why := untimed(news[k]); {
		case len(was) > 0 && len(is) > 0 && why == "":
			c.Changes = append(c.Changes, change(k, was, is, threshold))
		case len(was) > 0 && len(news[k]) > 0:
			c.Missing = append(c.Missing, Missing{k, true, why})
		case len(was) > 0:
			c.Missing = append(c.Missing, Missing{k, false, "in old alone"})
		case len(is) > 0:
			c.Missing = append(c.Missing, Missing{k, false, "timed in new alone"})
		}
	}
	if len(c.Changes) == 0 && !slices.ContainsFunc(c.Missing, func(m Missing) bool { return m.Lost }) {
		return nil, fmt.Errorf("bench: no case has a time both in %s and in %s", c.Old, c.New)
	}
	c.means()
	c.warn(before, after)
	return c, nil
}

// twice is an error if a result is there twice, as of a file that was given again or copied: it would be a sample of nothing.
func twice(sides ...Side) error {
	type measurement struct {
		caseKey
		at      int64
		seconds float64
	}
	seen := map[measurement]string{}
	for _, s := range sides {
		for _, r := range timed(s.Results) {
			m := measurement{keyOf(r), r.Date.Unix(), r.Seconds}
			if other, ok := seen[m]; ok && !r.Date.IsZero() {
				return fmt.Errorf("bench: one result of %s is both in %s and in %s, want those of different runs", m.label(true), other, s.Name)
			}
			seen[m] = s.Name
		}
	}
	return nil
}

// about says what a side is: "new.json: hebb (devel) 0123456789ab, 2026-11-30".
func (s Side) about() string {
	var versions, dates []string
	for _, r := range s.Results {
		versions, dates = append(versions, "hebb "+r.Version), append(dates, r.Date.Format("2006-01-02"))
	}
	distinct := func(all []string) string {
		slices.Sort(all)
		return strings.Join(slices.Compact(all), " and ")
	}
	return fmt.Sprintf("%s: %s, %s", s.Name, distinct(versions), distinct(dates))
}

// cases returns the results of each case but roofs, and the cases in the order in which they first appear.
func (s Side) cases() (keys []caseKey, of map[caseKey][]Result) {
	of = map[caseKey][]Result{}
	for _, r := range s.Results {
		if r.Suite == "roof" {
			continue
		}
		k := keyOf(r)
		if of[k] == nil {
			keys = append(keys, k)
		}
		of[k] = append(of[k], r)
	}
	return keys, of
}

func timed(results []Result) []Result {
	return slices.DeleteFunc(slices.Clone(results), func(r Result) bool { return r.Status != OK || r.Seconds == 0 })
}

// untimed is why results say nothing of the time of a case: one of them is a failure, or none of them has a time.
func untimed(results []Result) (why string) {
	for _, r := range results {
		if r.Status == Failed || r.Status == Broken || r.Status != OK && len(timed(results)) == 0 {
			return fmt.Sprintf("%s: %s", r.Status, r.Note)
		}
	}
	return ""
}

// change compares the results of one case, all of which have a time.
func change(k caseKey, was, is []Result, threshold float64) Change {
	nan := float.OrNull(math.NaN())
	byRun := min(len(was), len(is)) >= testable
	c := Change{caseKey: k, Old: measured(was, byRun), New: measured(is, byRun), Low: nan, High: nan, P: nan}
	c.Ratio = c.New.Seconds / c.Old.Seconds
	tested := min(c.Old.Samples, c.New.Samples) >= testable
	if tested {
		c.P = float.OrNull(benchmath.AssumeNothing.Compare(c.Old.sample, c.New.sample).P)
		// Each median is in its interval with a probability of 1 − alpha/2, so that both are with 1 − alpha at least.
		old := benchmath.AssumeNothing.Summary(c.Old.sample, 1-alpha/2)
		now := benchmath.AssumeNothing.Summary(c.New.sample, 1-alpha/2)
		if low, high := now.Lo/old.Hi, now.Hi/old.Lo; low > 0 && high > 0 && !math.IsInf(high, 0) {
			c.Low, c.High = float.OrNull(low), float.OrNull(high)
		}
	}
	differs := tested && c.P < alpha
	switch {
	case c.Ratio > 1+threshold && (differs || !tested) && !isPeer(k.Backend):
		c.Verdict = Regression
	case !tested:
		c.Verdict = Untested
	case !differs:
		c.Verdict = Unchanged
	case c.Ratio > 1:
		c.Verdict = Slower
	default:
		c.Verdict = Faster
	}
	return c
}

// measured is the time of a case in several runs, with a sample of each run or all that they have.
func measured(runs []Result, byRun bool) Measured {
	var all, medians []float64
	bare := false
	for _, r := range runs {
		all, medians = append(all, r.Times...), append(medians, r.Seconds)
		bare = bare || len(r.Times) == 0
	}
	m := Measured{Runs: len(runs)}
	if byRun || bare {
		all = medians
	}
	if m.Seconds, _, _ = summary(all); byRun || !bare {
		m.Samples, m.sample = len(all), benchmath.NewSample(all, &benchmath.Thresholds{CompareAlpha: alpha})
	}
	return m
}

// means fills in the geometric means: exp of the mean of the logarithms.
func (c *Comparison) means() {
	at := map[[2]string]int{}
	for _, x := range c.Changes {
		k := [2]string{x.Suite, x.Backend}
		if _, ok := at[k]; !ok {
			at[k] = len(c.Means)
			c.Means = append(c.Means, Mean{Suite: x.Suite, Backend: x.Backend})
		}
		m := &c.Means[at[k]]
		m.Ratio += math.Log(x.Ratio)
		m.Cases++
	}
	for i := range c.Means {
		m := &c.Means[i]
		m.Ratio = math.Exp(m.Ratio / float64(m.Cases))
	}
}

// warn says what else than the program is not the same on both sides, and what they do not tell.
func (c *Comparison) warn(before, after Side) {
	say := func(format string, a ...any) { c.Warnings = append(c.Warnings, fmt.Sprintf(format, a...)) }
	for _, b := range c.backends() {
		was, is := before.facts(b), after.facts(b)
		for _, f := range slices.Sorted(maps.Keys(was)) {
			if old, now := was[f], is[f]; old != "" && now != "" && old != now {
				say("%s: another %s: old has %s, new %s", b, f, old, now)
			}
		}
		c.warnRoof(b, roofOf(b, before.Results), roofOf(b, after.Results))
	}
	for i, s := range []Side{before, after} {
		side := []string{"old", "new"}[i]
		if b := (&Report{Results: s.Results}).Busy(); b >= busy {
			c.busy = true
			say("%s: other programs had %.0f %% of the machine, and what ran beside them says little", side, 100*b)
		}
		if n := s.bare(); n > 0 {
			say("%s: %d of %d results have a median and no samples, as versions before wrote them and ladders do: there medians alone decide", side, n, len(timed(s.Results)))
		}
		if slices.ContainsFunc(s.Results, func(r Result) bool { return r.Procs == 0 }) {
			say("%s: GOMAXPROCS and settings are not known, since a version before wrote it", side)
		}
	}
}

// warnRoof says where the machine itself has become slower or faster.
func (c *Comparison) warnRoof(backend string, was, is Roof) {
	if !was.Known() || !is.Known() {
		return
	}
	for _, r := range []struct {
		what, unit string
		was, is    float64
	}{{"peak", "GFLOP/s", was.Flops / 1e9, is.Flops / 1e9}, {"bandwidth", "GB/s", was.Bytes / 1e9, is.Bytes / 1e9}} {
		if ratio := r.is / r.was; max(ratio, 1/ratio) > 1+c.Threshold {
			c.Warnings = append(c.Warnings, fmt.Sprintf("%s: the %s that was measured at the start went from %s to %s %s: the machine, its load or its clock is another, or the kernels of the roof are",
				backend, r.what, figures(r.was), figures(r.is), r.unit))
		}
	}
}

// backends returns the backends of the cases that are compared.
func (c *Comparison) backends() (all []string) {
	for _, m := range c.Means {
		if !slices.Contains(all, m.Backend) {
			all = append(all, m.Backend)
		}
	}
	return all
}

// facts are what a side says of the machine and the settings of a backend, by name: several values where runs differ.
func (s Side) facts(backend string) map[string]string {
	all := map[string][]string{}
	for _, r := range s.Results {
		if r.Backend != backend {
			continue
		}
		procs := ""
		if r.Procs > 0 {
			procs = fmt.Sprint(r.Procs)
		}
		settings := r.Settings
		if r.Procs > 0 && settings == "" {
			settings = "none"
		}
		for name, v := range map[string]string{"device": r.Device, "driver": r.Driver, "GOMAXPROCS": procs, "build": r.Go, "setting": settings} {
			if !slices.Contains(all[name], v) && v != "" {
				all[name] = append(all[name], v)
			}
		}
	}
	joined := map[string]string{}
	for name, values := range all {
		joined[name] = strings.Join(slices.Sorted(slices.Values(values)), " and ")
	}
	return joined
}

// bare is how many results with a time have no samples.
func (s Side) bare() (n int) {
	for _, r := range timed(s.Results) {
		if len(r.Times) == 0 {
			n++
		}
	}
	return n
}

// Regressed is nil where no case is slower by more than the threshold and none was lost, and else says how many are.
func (c *Comparison) Regressed() error {
	slower, lost := 0, 0
	for _, x := range c.Changes {
		if x.Verdict == Regression {
			slower++
		}
	}
	for _, m := range c.Missing {
		if m.Lost {
			lost++
		}
	}
	var words []string
	if slower > 0 {
		words = append(words, fmt.Sprintf("%d of %d cases slower by more than %s", slower, len(c.Changes), percent(c.Threshold)))
	}
	if lost > 0 {
		words = append(words, fmt.Sprintf("%d timed in old and not in new", lost))
	}
	if len(words) == 0 {
		return nil
	}
	if c.busy {
		words = append(words, "on a machine that was busy")
	}
	return errors.New(strings.Join(words, ", "))
}

// percent is a share in words: "5 %".
func percent(x float64) string { return fmt.Sprintf("%.4g %%", 100*x) }
