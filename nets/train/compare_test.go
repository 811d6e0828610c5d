package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
)

// written is the folder of a run with these metrics.
func written(t *testing.T, c Config, metrics string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	f := take(t, dir)
	defer f.Close()
	must.Do(t, f.create(c, Record{Version: "test", Device: compute.Info{Backend: "cpu", Device: "abacus"}}))
	must.Do(t, os.WriteFile(filepath.Join(dir, MetricsFile), []byte(metrics), 0o666))
	return dir
}

// metrics are of two epochs of ten steps of 100 examples, the second after a resumption, which sets seconds back.
const metrics = `{"kind":"train","step":5,"epoch":0.5,"loss":2,"accuracy":0.2,"examples":500,"images_per_second":100,"seconds":5}
{"kind":"train","step":10,"epoch":1,"loss":1.5,"accuracy":0.4,"examples":500,"images_per_second":250,"seconds":7}
{"kind":"angles","step":10,"epoch":1,"layers":[{"layer":"a","weights":null,"delta":80},{"layer":"b","weights":70,"delta":0}]}
{"kind":"test","step":10,"epoch":1,"loss":1.6,"accuracy":0.6,"examples":50}
{"kind":"train","step":15,"epoch":1.5,"loss":1.2,"accuracy":0.5,"examples":500,"images_per_second":500,"seconds":1}
{"kind":"train","step":20,"epoch":2,"loss":1,"accuracy":0.7,"examples":500,"images_per_second":1000,"seconds":1.5}
{"kind":"angles","step":20,"epoch":2,"layers":[{"layer":"a","weights":null,"delta":30},{"layer":"b","weights":20,"delta":50},{"layer":"c","weights":10,"delta":0}]}
{"kind":"test","step":20,"epoch":2,"loss":1.1,"accuracy":0.55,"examples":50}
`

func TestSummary(t *testing.T) {
	c := Default
	c.Epochs, c.Rule = 2, "aa:rate=0.2"
	s := Summarise(written(t, c, metrics))
	want := Summary{
		Dir: s.Dir, State: Finished, Net: c.Net, Rule: c.Rule, Data: c.Data, Seed: 1, Learners: 1, Epochs: 2, EpochsAsked: 2,
		Accuracy: 0.55, BestAccuracy: 0.6, BestEpoch: 1, TrainLoss: 1, TestLoss: 1.1, WeightAngle: 15, DeltaAngle: 40,
		ImagesPerSecond: 375, Seconds: 5 + 2 + 1 + 0.5, Device: "cpu: abacus",
	}
	if s != want {
		t.Errorf("summary\n%+v, want\n%+v", s, want)
	}
}

// TestBest: of several epochs that are as good, the first is the best.
func TestBest(t *testing.T) {
	var h History
	for i, a := range []float64{0.5, 0.6, 0.6, 0} {
		h.Lines = append(h.Lines, Line{Kind: "test", Accuracy: a, Epoch: float64(i + 1)})
	}
	if s := h.Summary(); s.BestAccuracy != 0.6 || s.BestEpoch != 2 || s.Accuracy != 0 {
		t.Errorf("%+v", s)
	}
}

// TestStates: runs that did not go their way say so, with what there is of them.
func TestStates(t *testing.T) {
	lines := strings.SplitAfter(metrics, "\n")
	first := strings.Join(lines[:4], "")
	for name, c := range map[string]struct {
		epochs, steps int
		metrics       string
		state         State
		problem       string
		epochsMade    Figure
		asked         Figure
	}{
		"finished by steps":  {10, 20, metrics, Finished, "", 2, 2},
		"more than asked":    {10, 15, metrics, Finished, "", 2, 1.5},
		"half way":           {4, 0, metrics, Unfinished, "2 of 4 epochs", 2, 4},
		"half way by steps":  {1, 40, metrics, Unfinished, "2 of 4 epochs", 2, 4},
		"cut in a line":      {2, 0, first + lines[4][:40], Unfinished, "1 of 2 epochs", 1, 2},
		"nothing yet":        {2, 0, "", Unfinished, "0 of 2 epochs", 0, 2},
		"steps of a task":    {1, 40, metrics, Unfinished, "20 of 40 steps", 2, 4},
		"nothing yet, steps": {1, 20, "", Unfinished, "no step was made", 0, Figure(math.NaN())},
		"a broken line":      {2, 0, first + "{\"kind\"\n" + lines[4], Damaged, "line 5", 1, 2},
		"a number too large": {2, 0, first + `{"kind":"train","step":15,"loss":1e999}` + "\n" + lines[5], Damaged, "line 5", 1, 2},
	} {
		config := Default
		config.Epochs, config.Steps = c.epochs, c.steps
		if name == "steps of a task" {
			config.System, config.Task = "rflo", "sines"
		}
		s := Summarise(written(t, config, c.metrics))
		if s.State != c.state || !strings.Contains(s.Problem, c.problem) || (c.problem == "") != (s.Problem == "") {
			t.Errorf("%s: %s, %q, want %s, %q", name, s.State, s.Problem, c.state, c.problem)
		}
		if fmt.Sprint(s.Epochs, s.EpochsAsked) != fmt.Sprint(c.epochsMade, c.asked) {
			t.Errorf("%s: %g of %g epochs, want %g of %g", name, s.Epochs, s.EpochsAsked, c.epochsMade, c.asked)
		}
	}
}

// TestDamage: a file that is missing does not hide the others.
func TestDamage(t *testing.T) {
	c := Default
	c.Epochs = 2
	for file, check := range map[string]func(Summary) bool{
		RecordFile: func(s Summary) bool { return s.Device == "" && s.Accuracy == 0.55 },
		MetricsFile: func(s Summary) bool {
			return s.Device != "" && s.Accuracy != s.Accuracy && s.WeightAngle != s.WeightAngle
		},
	} {
		dir := written(t, c, metrics)
		must.Do(t, os.Remove(filepath.Join(dir, file)))
		s := Summarise(dir)
		if s.State != Damaged || !strings.Contains(s.Problem, file) || s.Net != c.Net || !check(s) {
			t.Errorf("without %s: %+v", file, s)
		}
		text, err := json.Marshal(s)
		var back Summary
		if err == nil {
			err = json.Unmarshal(text, &back)
		}
		if err != nil || fmt.Sprint(back) != fmt.Sprint(s) {
			t.Errorf("without %s: JSON %s gives %+v, %v", file, text, back, err)
		}
	}
	dir := t.TempDir()
	if s := Summarise(dir); s.State != NoRun || !strings.Contains(s.Problem, ConfigFile) {
		t.Errorf("an empty folder: %+v", s)
	}
	if _, err := ReadHistory(dir); !errors.Is(err, ErrNoRun) {
		t.Errorf("an empty folder: %v", err)
	}
	must.Do(t, os.WriteFile(filepath.Join(dir, ConfigFile), []byte("net = 3\n"), 0o666))
	if s := Summarise(dir); s.State != Damaged || !strings.Contains(s.Problem, ConfigFile) {
		t.Errorf("a config that is none: %+v", s)
	}
	if _, err := ReadHistory(dir); err == nil || errors.Is(err, ErrNoRun) {
		t.Errorf("a config that is none: %v", err)
	}
}
