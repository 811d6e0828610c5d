package cli

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hebb/internal/must"
	"hebb/nets/train"
)

func TestCompare(t *testing.T) {
	set := images(t, 200)
	good, kp, broken, none := trained(t, set), trained(t, set, "--rule", "kp"), trained(t, set, "--rule", "fa"), t.TempDir()
	must.Do(t, os.Truncate(filepath.Join(broken, train.MetricsFile), 0))
	must.Do(t, os.Remove(filepath.Join(broken, train.RecordFile)))
	args := []string{"compare", kp, none, good, broken}
	status, out, stderr := hebb(t, append(args, "--format", "json")...)
	var all []train.Summary
	if err := json.Unmarshal([]byte(out), &all); err != nil || status != 0 || stderr != "" || len(all) != 4 {
		t.Fatalf("status %d, %s, %v:\n%s", status, stderr, err, out)
	}
	for i, want := range []train.State{train.Finished, train.NoRun, train.Finished, train.Damaged} {
		if all[i].State != want || all[i].Dir != args[1+i] {
			t.Errorf("row %d is %+v, want %s %s", i, all[i], want, args[1+i])
		}
	}
	if s, last := all[0], lastTest(t, kp); s.Rule != "kp" || float64(s.Accuracy) != last.Accuracy || !(s.WeightAngle > 0) || !(s.ImagesPerSecond > 0) {
		t.Errorf("%+v, want accuracy %g", s, last.Accuracy)
	}
	if s := all[2]; s.WeightAngle == s.WeightAngle || !strings.Contains(out, `"weight_angle": null`) {
		t.Errorf("backprop has a weight angle: %+v", s)
	}

	status, out, _ = hebb(t, args...)
	lines := strings.Split(out, "\n")
	for i, want := range []string{"test acc.", "kp", "no run", "finished", "damaged", "", "mlp:30-16-10 on " + set, "no run: not the folder of a run", "damaged: "} {
		if status != 0 || i >= len(lines) || !strings.Contains(lines[i], want) {
			t.Fatalf("status %d, line %d lacks %q:\n%s", status, i, want, out)
		}
	}
	if head := strings.Fields(lines[0]); !slices.Equal(head[:4], []string{"run", "rule", "state", "epochs"}) {
		t.Errorf("the columns begin with %v, want what differs and how far", head)
	}
	status, out, _ = hebb(t, append(args, "--format", "markdown")...)
	lines = strings.Split(out, "\n")
	if status != 0 || !strings.HasPrefix(lines[1], "|---|---|---|---:|") || strings.Count(lines[0], "|") != strings.Count(lines[5], "|") || !strings.HasPrefix(lines[7], "- ") {
		t.Errorf("status %d:\n%s", status, out)
	}
}

// TestCompareSeeds: the learners of a run and runs of other seeds are one row, and one group in JSON.
func TestCompareSeeds(t *testing.T) {
	set := images(t, 200)
	many, fa, one := trained(t, set, "--learners", "2"), trained(t, set, "--rule", "fa"), trained(t, set, "--seed", "7", "--log-every", "3")
	status, out, stderr := hebb(t, "compare", many, fa, one)
	lines := strings.Split(out, "\n")
	if status != 0 || stderr != "" || len(lines) != 6 {
		t.Fatalf("status %d, %s, %d lines, want two rows and a note:\n%s", status, stderr, len(lines), out)
	}
	head, row := strings.Fields(lines[0]), strings.Fields(lines[1])
	if !slices.Equal(head[:5], []string{"run", "rule", "seed", "n", "epochs"}) || !slices.Equal(row[:7], []string{many, "+1", "bp", "1–2,", "7", "3", "2/2"}) || !strings.Contains(lines[1], " ± ") {
		t.Errorf("%q and %q", head, row)
	}
	_, out, _ = hebb(t, "compare", many, fa, one, "--format", "json")
	var all []comparedRun
	if err := json.Unmarshal([]byte(out), &all); err != nil || len(all) != 3 {
		t.Fatalf("%v:\n%s", err, out)
	}
	a, b := lastTest(t, many).Learners["accuracy"], lastTest(t, one).Accuracy
	for i, want := range []struct {
		number, n int
		rule      string
	}{{0, 3, "bp"}, {1, 1, "fa"}, {0, 3, "bp"}} {
		g := all[i].Group
		if g.Number != want.number || len(g.Seeds) != want.n || g.Outcome["test accuracy"].N != want.n || g.Differs["rule"] != want.rule {
			t.Errorf("run %d: %+v, want %+v", i, g, want)
		}
	}
	if got, want := float64(all[0].Group.Outcome["test accuracy"].Mean), (float64(a[0])+float64(a[1])+b)/3; math.Abs(got-want) > 1e-12 {
		t.Errorf("mean accuracy %g, want %g", got, want)
	}
}

// TestCell: numbers as people read them.
func TestCell(t *testing.T) {
	for name, c := range map[string]struct {
		xs   []float64
		want string
	}{
		"test accuracy": {[]float64{0.5, 0.7}, "60.00 ± 14.14 %"},
		"train loss":    {[]float64{1.25}, "1.2500"},
		"weight angle":  {[]float64{80, 90, 100}, "90.0 ± 10.0°"},
		"test error":    {[]float64{0.5, 1, 1.5}, "1 ± 0.5"},
		"images/s":      {[]float64{math.NaN()}, "–"},
	} {
		if got := cell(name, train.SpreadOf(c.xs)); got != c.want {
			t.Errorf("%s of %v is %q, want %q", name, c.xs, got, c.want)
		}
	}
}

func TestCompareRefusals(t *testing.T) {
	none := t.TempDir()
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{nil, 2, "the folder of a run"},
		{[]string{filepath.Join(none, "nowhere")}, 2, "nowhere"},
		{[]string{none, "--format", "xml"}, 2, "table, json, markdown"},
		{[]string{none, none}, 2, "no run among 2 folders"},
	} {
		status, _, stderr := hebb(t, append([]string{"compare"}, c.args...)...)
		if status != c.status || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("compare %v: status %d, stderr %q, want %d and %q", c.args, status, stderr, c.status, c.want)
		}
	}
}
