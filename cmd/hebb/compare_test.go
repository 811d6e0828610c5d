package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hebb/nets/train"
)

func TestCompare(t *testing.T) {
	set := images(t, 200)
	good, kp, broken, none := trained(t, set), trained(t, set, "--rule", "kp"), trained(t, set, "--rule", "fa"), t.TempDir()
	if err := os.Truncate(filepath.Join(broken, train.MetricsFile), 0); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(broken, train.RecordFile)); err != nil {
		t.Fatal(err)
	}
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
	for i, want := range []string{"test acc.", "kp", "no run", "finished", "damaged", "", "no run: not the folder of a run", "damaged: "} {
		if status != 0 || i >= len(lines) || !strings.Contains(lines[i], want) {
			t.Fatalf("status %d, line %d lacks %q:\n%s", status, i, want, out)
		}
	}
	status, out, _ = hebb(t, append(args, "--format", "markdown")...)
	lines = strings.Split(out, "\n")
	if status != 0 || !strings.HasPrefix(lines[1], "|---|---|---|---|---|---:|") || strings.Count(lines[0], "|") != strings.Count(lines[5], "|") || !strings.HasPrefix(lines[7], "- ") {
		t.Errorf("status %d:\n%s", status, out)
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
		{[]string{none, none}, 1, "no run among 2 folders"},
	} {
		status, _, stderr := hebb(t, append([]string{"compare"}, c.args...)...)
		if status != c.status || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("compare %v: status %d, stderr %q, want %d and %q", c.args, status, stderr, c.status, c.want)
		}
	}
}
