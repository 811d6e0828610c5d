package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/schollz/progressbar/v3"

	"hebb/nets/train"
)

// TestSpikes: a system that spikes learns from images as spikes, from a command alone, and its spikes are printed, drawn and
// written; a learner, an example, a trial or an order that is not there is said.
func TestSpikes(t *testing.T) {
	dir := t.TempDir()
	run, plain, picture, archive := filepath.Join(dir, "run"), filepath.Join(dir, "plain"), filepath.Join(dir, "r.png"), filepath.Join(dir, "r.npz")
	out := ok(t, "train", "eprop:lif=6,adaptive=3,dt=1", "--task", "encoded:ms=25,rate=400,want=10", "--data", images(t, 48), "--holdout", "0.25", "--batch", "6",
		"--epochs", "2", "--learners", "2", "--backend", "cpu", "--out", run)
	if !strings.Contains(out, "300 steps of 6 examples") {
		t.Errorf("stdout is\n%s", out)
	}
	if config := string(read(t, run, "config.toml")); !strings.Contains(config, `normalise = "none"`) || !strings.Contains(config, "log_every = 1250") {
		t.Errorf("%s", config)
	}
	if out := ok(t, "eval", run, "--backend", "cpu"); !strings.Contains(out, "accuracy") {
		t.Errorf("eval says\n%s", out)
	}
	out = ok(t, "spikes", run, "--backend", "cpu", "--learner", "1", "--example", "2", "--sort", "first", "--cells", "8", "--picture", picture, "--traces", "2", "--out", archive)
	for _, want := range []string{"learner 1 of 2, example 2 of 10", "input: 8 of 30 cells, by first spike", "|20 ms\n", "over 1 trial of 10 examples", "\ninput     30 ", "\ncells      9 ", "ISI CV"} {
		if !strings.Contains(out, want) {
			t.Errorf("stdout lacks %q:\n%s", want, out)
		}
	}
	if !strings.ContainsFunc(out, func(r rune) bool { return r > 0x2800 && r <= 0x28ff }) {
		t.Errorf("no dots in\n%s", out)
	}
	if head := string(read(t, dir, "r.png")[:8]); head != "\x89PNG\r\n\x1a\n" {
		t.Errorf("the picture begins with %q", head)
	}
	times, cells, rates := array(t, archive+":input.times").Values, array(t, archive+":input.cells").Values, array(t, archive+":input.rates").Values
	if len(times) == 0 || len(times) != len(cells) || len(times) != len(array(t, archive+":input.examples").Values) || slices.Max(times) > 24 || len(rates) != 30 {
		t.Errorf("%d times, %d cells, %d rates", len(times), len(cells), len(rates))
	}
	if v := array(t, archive+":cells.membrane"); !slices.Equal(v.Shape, []int{9, 25}) || len(array(t, archive+":cells.psth").Values) != 25 {
		t.Errorf("the membranes are %v", v.Shape)
	}
	var counts []train.SpikeCount
	if err := json.Unmarshal([]byte(ok(t, "spikes", run, "--backend", "cpu", "--format", "json")), &counts); err != nil || len(counts) != 2 || counts[1].Cells != 9 {
		t.Errorf("%+v, %v", counts, err)
	}
	if out := ok(t, "weights", run, "--histogram", "--picture", picture, "--learner", "1"); !strings.Contains(out, "█") || !strings.Contains(out, "recurrent") {
		t.Errorf("%s", out)
	}
	if out := ok(t, "weights", run, "--histogram", "--layer", "out"); strings.Count(out, "█") == 0 || strings.Count(out, "recurrent") != 1 {
		t.Errorf("of one layer:\n%s", out)
	}
	ok(t, "train", "rflo:units=3", "--task", "sines", "--steps", "80", "--backend", "cpu", "--out", plain)
	for want, args := range map[string][]string{
		"the cells of rflo:units=3 do not spike":                {"spikes", plain, "--backend", "cpu"},
		"--watch: no spikes":                                    {"train", "rflo:units=3", "--task", "sines", "--steps", "80", "--backend", "cpu", "--watch", "--out", filepath.Join(dir, "other")},
		"--learner 2, want 0 to 1":                              {"spikes", run, "--learner", "2"},
		"example 12, want 0 to 9":                               {"spikes", run, "--example", "12", "--backend", "cpu"},
		"2 trials of 25 moments, want 1 to 1":                   {"spikes", run, "--trials", "2", "--backend", "cpu"},
		"--trials 0, want at least 1":                           {"spikes", run, "--trials", "0"},
		"--cells -1, want at least 1":                           {"spikes", run, "--cells", "-1"},
		"--burst 0, want ms above 0":                            {"spikes", run, "--burst", "0"},
		"--bin NaN, want ms above 0":                            {"spikes", run, "--bin", "nan"},
		"--traces is of --picture":                              {"spikes", run, "--traces", "2"},
		"--traces -1, want at least 0":                          {"spikes", run, "--traces", "-1"},
		`"name" for "--sort" flag: want one of number, first`:   {"spikes", run, "--sort", "name"},
		"--out r.png, want a name that ends in .npz":            {"spikes", run, "--out", "r.png"},
		"--picture r.npz, want a name that ends in .svg or":     {"spikes", run, "--picture", "r.npz"},
		"it is a folder":                                        {"spikes", run, "--backend", "cpu", "--picture", folder(t, dir, "a.png")},
		"--checkpoint 7: ":                                      {"spikes", run, "--checkpoint", "7"},
		"--histogram with --over-training, --fields or --image": {"weights", run, "--histogram", "--fields"},
		`--layer "w": want one of`:                              {"weights", run, "--histogram", "--layer", "w"},
		"--angles is for examples of one moment":                {"train", "eprop", "--task", "encoded", "--angles", "3"},
		`task "xorr", want one of sines, xor`:                   {"train", "eprop", "--task", "encoded:of=xorr"},
	} {
		status, stdout, stderr := hebb(t, args...)
		if status == 0 || !strings.Contains(stderr, want) {
			t.Errorf("%v: status %d, %s%s, want %q", args, status, stdout, stderr, want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "other")); err == nil {
		t.Error("a run that cannot be watched leaves a folder")
	}
	again := filepath.Join(dir, "again") // standard error is no terminal here
	_, _, stderr := hebb(t, "train", "eprop:lif=2,adaptive=0", "--task", "encoded:of=xor,ms=3,dt=3,want=0", "--steps", "4", "--backend", "cpu", "--watch", "--out", again)
	if !strings.Contains(stderr, "--watch draws on a terminal") {
		t.Errorf("stderr is %q", stderr)
	}
}

func folder(t *testing.T, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.Mkdir(path, 0o777); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestRasterText: a spike is a dot at its time, four cells to a line, and times stand below.
func TestRasterText(t *testing.T) {
	g := train.SpikeGroup{Name: "e", N: 5, DT: 2, Trial: 8, Steps: 8, Trains: [][][]int{{{0}, {1}, {2, 3}, {7}, {0, 7}}}}
	got := rasterText{width: labelWidth + 4, cells: 9, sort: "number"}.lines(g, 0)
	if want := []string{"     0 ⠑⠤⠀⢀", "     4 ⠁⠀⠀⠈", "       |0 ms"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for columns, want := range map[int]string{
		4: "       |0 ms", 40: "       |0                |5 ms", 60: "       |0        |2         |4         |6         |8         |10 ms",
	} {
		if got := timeAxis(11, columns); got != want {
			t.Errorf("the axis of %d characters is %q, want %q", columns, got, want)
		}
	}
	s := train.SpikeTrains{Groups: []train.SpikeGroup{g, g}}
	for _, height := range []int{4, 24, 60} {
		lines := spikePanel(s, 70, 40, height)
		if len(lines) > max(height-2, 7) || lines[0] != "spikes of learner 0, example 0, up to ste" && len([]rune(lines[0])) != 40 {
			t.Errorf("%d lines on a terminal of %d: %q", len(lines), height, lines)
		}
		for _, line := range lines {
			if len([]rune(line)) > 40 {
				t.Errorf("%q is longer than the terminal is wide", line)
			}
		}
	}
}

// TestPanel: what is drawn above a bar is drawn anew in the same place, and makes way for a line.
func TestPanel(t *testing.T) {
	var w bytes.Buffer
	p := &progress{w: &w, bar: progressbar.NewOptions(9, progressbar.OptionSetWriter(io.Discard))}
	p.panel([]string{"a", "b"})
	p.panel([]string{"c"})
	p.clear()
	p.clear()
	if want := "a\nb\n\r\x1b[2A\x1b[Jc\n\r\x1b[1A\x1b[J"; w.String() != want {
		t.Errorf("%q, want %q", w.String(), want)
	}
	none := &progress{w: &w}
	none.panel([]string{"d"})
	if strings.Contains(w.String(), "d") {
		t.Error("there is a panel where there is no terminal")
	}
}
