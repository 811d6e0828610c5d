package bench

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hebb/internal/must"
)

// of8 are eight samples in steps of a thousandth around x.
func of8(x float64) (times []float64) {
	for i := range 8 {
		times = append(times, x*(0.9965+0.001*float64(i)))
	}
	return times
}

var secondsPast atomic.Int64 // since results of timedCase began

// timedCase is a result of a product of these samples, on a machine of two cores, each of another moment.
func timedCase(name string, times ...float64) Result {
	r := Result{Suite: "product", Case: name, Op: "gemm", Backend: "cpu", Device: "Xeon", Status: OK, Procs: 2, Date: time.Unix(secondsPast.Add(1), 0)}
	r.rate(times)
	return r
}

// A verdict follows from medians, threshold and test, and each has the exit that it says.
func TestVerdicts(t *testing.T) {
	bare := timedCase("a", of8(1.1)...)
	bare.Times = nil
	peer := timedCase("a", of8(2)...)
	peer.Backend = "torch-cpu"
	peerBefore := timedCase("a", of8(1)...)
	peerBefore.Backend = "torch-cpu"
	failed := Result{Suite: "product", Case: "a", Backend: "cpu", Status: Failed, Note: "element 3"}
	slow := Result{Suite: "product", Case: "a", Backend: "cpu", Status: Skipped, Note: "takes 4s"}
	one, a := []Result{timedCase("a", of8(1)...)}, func(times ...float64) []Result { return []Result{timedCase("a", times...)} }
	for name, c := range map[string]struct {
		old, new []Result
		want     Verdict // "" where the case is lost
	}{
		"the same":            {one, a(of8(1)...), Unchanged},
		"slower":              {one, a(of8(1.06)...), Regression},
		"slower by less":      {one, a(of8(1.04)...), Slower},
		"faster":              {one, a(of8(0.5)...), Faster},
		"noise":               {a(1, 1, 1, 1.5, 1.5), a(1, 1, 1.2, 1.5, 1.5), Unchanged},
		"few samples, slower": {a(1, 1, 1), a(1.1, 1.1, 1.1), Regression},
		"few samples":         {a(1, 1, 1), a(1.01, 1.01, 1.01), Untested},
		"an old file, slower": {one, []Result{bare}, Regression},
		"an old file":         {[]Result{bare}, a(of8(1.1)...), Untested},
		"a peer":              {[]Result{peerBefore}, []Result{peer}, Slower},
		"a wrong result":      {one, []Result{failed}, ""},
		"wrong in one run":    {one, append(a(of8(1)...), failed), ""},
		"too slow":            {one, []Result{slow}, ""},
	} {
		got, err := Compare(Side{"old", c.old}, Side{"new", c.new}, 0.05)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		verdict := Verdict("")
		if len(got.Changes) == 1 {
			verdict = got.Changes[0].Verdict
		}
		if bad := c.want == Regression || c.want == ""; verdict != c.want || (got.Regressed() != nil) != bad {
			t.Errorf("%s: %q, %v; want %q", name, verdict, got.Regressed(), c.want)
		}
	}
}

// TestComparisonStatistics holds p and the interval to tables: p of 4 and 4 samples apart is 2/70; the interval of a median by
// eight samples goes from the least to the largest (1 − 2/2⁸ ≥ 97.5 %), and by six there is none (1 − 2/2⁶).
func TestComparisonStatistics(t *testing.T) {
	compare := func(old, new []float64) Change {
		c := must.Get(Compare(Side{"old", []Result{timedCase("a", old...)}}, Side{"new", []Result{timedCase("a", new...)}}, 0))(t)
		return c.Changes[0]
	}
	near := func(a, b float64) bool { return math.Abs(a-b) < 1e-9 }
	if c := compare([]float64{1, 2, 3, 4}, []float64{5, 6, 7, 8}); !near(float64(c.P), 2.0/70) || c.Ratio != 6.5/2.5 || c.Low == c.Low {
		t.Errorf("4 and 4 apart: %+v", c)
	}
	c := compare([]float64{1, 2, 3, 4, 5, 6, 7, 8}, []float64{2, 4, 6, 8, 10, 12, 14, 16})
	if !near(float64(c.Low), 2.0/8) || !near(float64(c.High), 16) || c.Ratio != 2 {
		t.Errorf("8 and 8: %+v", c)
	}
	if c := compare([]float64{1, 2, 3, 4, 5, 6}, []float64{1, 2, 3, 4, 5, 6}); c.Low == c.Low || c.P != 1 {
		t.Errorf("6 and 6: %+v", c)
	}
}

// Four runs a side are four samples, so that what differs from run to run is no regression of each; three are all of theirs.
func TestRunsAreSamples(t *testing.T) {
	side := func(centres ...float64) (s Side) {
		for _, x := range centres {
			s.Results = append(s.Results, timedCase("a", of8(x)...))
		}
		return s
	}
	for runs, want := range map[int]Verdict{3: Regression, 4: Unchanged} {
		before, after := side([]float64{1, 1.1, 1.2, 1.3}[:runs]...), side([]float64{1.05, 1.2, 1.3, 1.4}[:runs]...)
		c := must.Get(Compare(before, after, 0.05))(t)
		if x := c.Changes[0]; x.Verdict != want || x.New.Runs != runs || x.New.Samples != map[int]int{3: 24, 4: 4}[runs] {
			t.Errorf("%d runs: %+v", runs, x)
		}
	}
}

// TestComparisonSays: warnings name what differs between the sides, and the cases that one of them lacks.
func TestComparisonSays(t *testing.T) {
	share := 0.3
	roof := func(op string, times ...float64) Result {
		r := timedCase(op, times...)
		r.Suite, r.Op, r.Flops, r.Bytes = "roof", op, 1e9, 1e9
		return r
	}
	before := Side{"old.json", []Result{timedCase("a", of8(1)...), timedCase("b", of8(1)...), timedCase("c", of8(1)...), roof("fma", 1), roof("copy", 1)}}
	for i := range 9 {
		before.Results = append(before.Results, timedCase(fmt.Sprint("e", i), of8(1)...))
	}
	after := Side{"new.json", []Result{timedCase("a", of8(2)...), timedCase("b", of8(0.5)...), timedCase("d", of8(1)...), roof("fma", 2), roof("copy", 1)}}
	for i := range after.Results {
		r := &after.Results[i]
		r.Device, r.Procs, r.Settings, r.Others = "EPYC", 1, "rung=naive", &share
	}
	after.Results[1].Times = nil
	c := must.Get(Compare(before, after, 0.05))(t)
	var text, md bytes.Buffer
	must.Do(t, c.Text(&text))
	must.Do(t, c.Markdown(&md))
	for _, want := range []string{
		"another device: old has Xeon, new EPYC", "another GOMAXPROCS: old has 2, new 1",
		"another setting: old has none, new rung=naive", "new: other programs had 30 % of the machine",
		"cpu: the peak that was measured at the start went from 1.00 to 0.50 GFLOP/s", "new: 1 of 5 results have a median and no samples",
		"in old alone: c on cpu; e0 on cpu;", "e6 on cpu; and 2 more", "timed in new alone: d on cpu", "geometric mean of 2", "1.00×", "2.00×", "0.50×",
		"2 cases in both: 1 slower by more than 5 %, 0 slower by less, 0 faster, 0 without a difference that shows (~), 1 with too few samples for a test (?); 11 in one alone",
	} {
		if !strings.Contains(text.String(), want) || !strings.Contains(md.String(), want) {
			t.Errorf("no %q in\n%s\n%s", want, &text, &md)
		}
	}
	if n := strings.Count(text.String(), "WARNING"); n != 6 {
		t.Errorf("%d warnings, want 6:\n%s", n, &text)
	}
	if err := c.Regressed(); err == nil || !strings.Contains(err.Error(), "1 of 2 cases") || !strings.Contains(err.Error(), "busy") {
		t.Errorf("%v", err)
	}
	again := before
	again.Results = slices.Clone(before.Results)
	for i := range again.Results {
		again.Results[i].Date = again.Results[i].Date.Add(time.Hour)
	}
	if c, err := Compare(before, again, 0.05); err != nil || len(c.Warnings) != 0 {
		t.Errorf("of two alike: %v, %q", err, c.Warnings)
	}
}

// What cannot be compared is an error.
func TestNothingToCompare(t *testing.T) {
	a, b := Side{"old", []Result{timedCase("a", 1)}}, Side{"new", []Result{timedCase("b", 1)}}
	for _, threshold := range []float64{math.NaN(), -0.01, math.Inf(1)} {
		if _, err := Compare(a, a, threshold); err == nil {
			t.Errorf("threshold %g: no error", threshold)
		}
	}
	for name, sides := range map[string][2]Side{"on both sides": {a, a}, "twice on one": {b, {"old", append(a.Results, a.Results...)}}} {
		if _, err := Compare(sides[0], sides[1], 0); err == nil || !strings.Contains(err.Error(), "one result of a on cpu is both in old and in") {
			t.Errorf("a result %s: %v", name, err)
		}
	}
	if _, err := Compare(a, b, 0); err == nil || !strings.Contains(err.Error(), "no case") {
		t.Errorf("nothing in common: %v", err)
	}
}

// Read refuses what no result can be.
func TestReadChecks(t *testing.T) {
	const rest = `"suite":"gram","case":"x","backend":"cpu"`
	for line, want := range map[string]string{
		`{}`: `no "`, `{"suite":"gram","case":"x","status":"ok"}`: `no "backend"`,
		`{` + rest + `}`: `status ""`,
		`{` + rest + `,"status":"ok","seconds":-1}`:    "above 0",
		`{` + rest + `,"status":"ok","seconds":NaN}`:   "result 1",
		`{` + rest + `,"status":"ok","seconds":1e999}`: "result 1",
		`{` + rest + `,"status":"ok","times":[1,0]}`:   "sample of 0",
		`[1]`: "result 1", `{` + rest: "unexpected EOF",
	} {
		if r, err := Read(strings.NewReader(line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v; want %q", line, r, err, want)
		}
	}
}
