package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"hebb/internal/must"
)

var lines atomic.Int64 // counts the files of benchLines, and so gives each another time stamp

// benchLines are the results of two cases whose samples are around these times, as hebb bench --json writes them.
func benchLines(a, b float64) string {
	var s strings.Builder
	lines.Add(1)
	for i, x := range []float64{a, b} {
		times, _ := json.Marshal([]float64{x, x * 1.001, x * 1.002, x * 1.003, x * 0.999, x * 0.998, x * 0.997})
		fmt.Fprintf(&s, `{"suite":"product","case":"NN %d","backend":"cpu","device":"Xeon","status":"ok","seconds":%g,"samples":7,"times":%s,"gomaxprocs":2,"date":"2026-03-01T12:00:%02dZ"}`+"\n", i, x, times, lines.Load())
	}
	return s.String()
}

// The exit status is 0 where nothing became slower by more than the threshold, 1 where something did, and 2 where there is
// nothing to compare, which is said.
func TestBenchCompare(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		name = filepath.Join(dir, name)
		must.Do(t, os.WriteFile(name, []byte(text), 0o666))
		return name
	}
	old, again := file("old.json", benchLines(1, 1)), file("again.json", benchLines(1.001, 1))
	slower, whole := file("slower.json", benchLines(1.08, 1)), benchLines(1, 1)
	twice := file("twice.json", benchLines(1, 1.01)+benchLines(1, 1.02))
	comma := file("a,b.json", benchLines(1.002, 1))
	before := filepath.Join("testdata", "bench.json")
	text := must.Get(os.ReadFile(before))(t)
	for name, c := range map[string]struct {
		args   string // with spaces between them
		status int
		out    string // in standard output
		errs   string // in standard error
	}{
		"no change":       {old + " " + again, 0, "2 cases in both: 0 slower", ""},
		"slower":          {old + " " + slower, 1, "REGRESSION", "1 of 2 cases slower by more than 5 %"},
		"by less":         {old + " " + slower + " --threshold 9%", 0, "slower", ""},
		"any":             {old + " " + again + " --threshold=0%", 0, "~", ""},
		"several":         {old + "," + again + " " + slower + "," + twice, 0, "14+21", ""},
		"a comma":         {old + " " + comma, 0, "a,b.json", ""},
		"markdown":        {old + " " + slower + " --format markdown", 1, "| NN 0 | 1.00 s | 1.08 s | 1.08× |", "slower"},
		"json":            {old + " " + slower + " --format json", 1, `"verdict": "REGRESSION"`, "slower"},
		"an old file":     {before + " " + file("bench2.json", strings.ReplaceAll(string(text), "2026-11-28T", "2026-11-29T")), 0, "with too few samples", ""},
		"the same":        {old + " " + old, 2, "", "in " + old + " and in " + old + ", want those of different runs"},
		"a copy":          {old + " " + file("whole.json", whole) + "," + file("copy.json", whole), 2, "", "of different runs"},
		"one side, twice": {old + "," + old + " " + again, 2, "", "of different runs"},
		"no file":         {old + " none.json", 2, "", "none.json"},
		"a folder":        {old + " " + dir, 2, "", "directory"},
		"nothing":         {old + " " + os.DevNull, 2, "", "no results"},
		"cut short":       {old + " " + file("cut.json", whole[:len(whole)-9]), 2, "", "result 2: unexpected EOF"},
		"a table":         {old + " " + file("table.json", "product\n  case"), 2, "", "want a file that hebb bench --json wrote"},
		"none in common":  {old + " " + before, 2, "", "no case has a time both in"},
		"one file":        {old, 2, "", "takes OLD.json and NEW.json"},
		"no percent":      {old + " " + again + " --threshold 5", 2, "", "such as 5%"},
		"negative":        {old + " " + again + " --threshold=-1%", 2, "", "from 0%"},
		"no number":       {old + " " + again + " --threshold NaN%", 2, "", "from 0%"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out, errs := hebbBench(t.Context(), append([]string{"compare"}, strings.Split(c.args, " ")...)...)
			if status != c.status || !strings.Contains(out, c.out) || !strings.Contains(errs, c.errs) || status == 2 && out != "" {
				t.Errorf("exit status %d, want %d\n%s%s", status, c.status, out, errs)
			}
			if strings.HasSuffix(c.args, "--format json") && !json.Valid([]byte(out)) {
				t.Errorf("no JSON: %s", out)
			}
		})
	}
	status, _, errs := hebbBench(t.Context(), "comapre", old, again)
	if status != 2 || !strings.Contains(errs, "did you mean compare?") {
		t.Errorf("a typo: exit status %d, %s", status, errs)
	}
}

// Results keep the flags that change how fast things are, and no others.
func TestBenchSettings(t *testing.T) {
	cmd := newBenchCmd()
	must.Do(t, cmd.ParseFlags([]string{"--rung", "naive", "--quick", "--tuning=off"}))
	if got := settings(cmd.Flags()); got != "rung=naive tuning=off" {
		t.Errorf("settings %q", got)
	}
}
