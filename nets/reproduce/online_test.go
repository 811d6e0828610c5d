package reproduce

import (
	"strings"
	"testing"

	"hebb/nets"
	"hebb/nets/tasks"
)

// brief is a task of a few moments.
var brief = lesson{"sines", func() nets.Task { return &tasks.Sines{Period: 5, Outputs: 1, Cue: 1} }, "error", 0.5, 0.05, false, 40, solved}

// TestOnline: the result has the rate that the search found best, on other seeds. Without a search there is no result,
// and a learner that diverges counts as chance.
func TestOnline(t *testing.T) {
	r, p := runner(t), parts(4, 3, []lesson{brief})[0]
	p.Runs = p.Runs[:2]
	rows := make1(t, r, p)
	best := onlineRules[0].rates[0]
	for _, rate := range onlineRules[0].rates {
		if v := rows.Of("bptt, search", brief.found(rate)); len(v) != searchSeeds || v.SD() == 0 {
			t.Errorf("the search at %g has %v", rate, v)
		} else if v.Median() < rows.Of("bptt, search", brief.found(best)).Median() {
			best = rate
		}
	}
	if v, x := rows.Of("bptt", chosenRate), rows.Of("bptt", brief.result()); len(v) != 3 || v[0] != best || len(x) != 3 || x.SD() == 0 {
		t.Errorf("the result is %v at the rates %v, want three at %g", x, v, best)
	}
	alone := runner(t)
	if _, err := alone.Make(t.Context(), Part{Name: "sines", Runs: p.Runs[1:]}); err == nil || !strings.Contains(err.Error(), "has no search by this version") {
		t.Errorf("without a search: %v", err)
	}
	dev, err := openCPU()
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	f, err := (onlineSearch{brief, onlineRules[0], 4}).learn(t.Context(), dev, Seeds{1, 2}, 1e30, 40)
	if v := f[brief.result()]; err != nil || len(v) != 2 || v[0] != brief.chance || v[1] != brief.chance {
		t.Errorf("at the rate 1e30: %v, %v", v, err)
	}
}

// TestCost: memory is the count of numbers that a learner keeps, saved or not, with 4 units, an input and an output;
// and a moment takes some time.
func TestCost(t *testing.T) {
	dev, err := openCPU()
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	numbers := map[string]float64{
		"readout": 4, "rflo": 4 + 4*(1+4), // h, and a trace of each weight
		"rtrl": 4 + 4*4*(1+4), "np": 2*4 + 1 + 4*(1+4+1), // activities with noise and without, the slope, a trace of each weight
	}
	for _, r := range onlineRules {
		want, ok := numbers[r.name]
		if !ok {
			continue
		}
		f := Figures{}
		if err := (onlineSearch{brief, r, 4}).cost(t.Context(), dev, Seeds{1, 2}, f); err != nil {
			t.Fatal(err)
		}
		if m, d := f[brief.memory()], f[brief.time()]; len(m) != 2 || m[1] != 4*want || len(d) != 2 || !(d[1] > 0 && d[1] < 1e6) {
			t.Errorf("%s keeps %v bytes, want %g, and takes %v µs", r.name, m, 4*want, d)
		}
	}
}

// TestOnlineClaims: the claims hold, and fail if bptt and the readout, or rtrl and another rule, change places.
func TestOnlineClaims(t *testing.T) {
	all := parts(4, 2, []lesson{brief})
	rows, swapped := Rows{}, Rows{}
	for _, r := range onlineRules {
		f := Figures{brief.result(): {0.04, 0.03}, brief.memory(): {8, 8}}
		switch r.name {
		case "readout":
			f[brief.result()] = Values{0.2, 0.3}
		case "rtrl":
			f[brief.memory()] = Values{9, 9}
		}
		other := map[string]string{"readout": "bptt", "bptt": "readout", "rtrl": "rflo", "rflo": "rtrl"}[r.name]
		if other == "" {
			other = r.name
		}
		rows, swapped = append(rows, Row{Run: r.name, Result: Result{Figures: f}}), append(swapped, Row{Run: other, Result: Result{Figures: f}})
	}
	for _, p := range all {
		for _, c := range p.Check {
			if !c.Holds(rows) || c.Holds(swapped) || c.Holds(nil) {
				t.Errorf("%s: %t, of rows that changed places %t, of none %t", c.Says, c.Holds(rows), c.Holds(swapped), c.Holds(nil))
			}
		}
	}
}
