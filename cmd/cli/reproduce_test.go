package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets/reproduce"
)

// reproduces adds an experiment to the command for a test: a run of three seeds whose values are the seeds, with a band around
// its mean of 8 and a claim; and how often its seeds were made.
func reproduces(t *testing.T, published float64, claim func(reproduce.Rows) bool, fail *uint64) (made *int) {
	t.Helper()
	was := experiments
	t.Cleanup(func() { experiments = was })
	made = new(int)
	each := func(_ context.Context, _ *compute.Device, seed uint64) (map[reproduce.Quantity]float64, error) {
		if seed == *fail {
			return nil, errors.New("it broke")
		}
		*made++
		return map[reproduce.Quantity]float64{"|height|, m": float64(seed)}, nil
	}
	Experiment(reproduce.Experiment{Name: "fake", About: "nothing", Source: "nobody", Scales: []reproduce.Scale{{Name: "cpu", Parts: []reproduce.Part{{
		Name: "part", Runs: []reproduce.Run{{Name: "own", Seeds: 3, Make: reproduce.Each(each), Figures: []reproduce.Figure{
			{What: "|height|, m", Published: published, Within: 0.5, From: "theory"},
		}}},
		Check: []reproduce.Claim{{Says: "it is as claimed", Holds: claim}},
	}}}}})(names)
	return made
}

func reproduced1(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	status = run(t.Context(), append([]string{"reproduce", "fake", "--backend", "cpu", "--seed", "7"}, args...), &out, &err)
	return status, out.String(), err.String()
}

// TestReproduceFails: a claim that does not hold of the figures, or a mean out of its band, is status 1; with neither it is 0.
func TestReproduceFails(t *testing.T) {
	spread := func(sd float64) func(reproduce.Rows) bool {
		return func(rows reproduce.Rows) bool {
			return len(rows.Of("own", "|height|, m")) == 3 && rows.Of("own", "|height|, m").SD() < sd
		}
	}
	for _, c := range []struct {
		published, sd float64
		status        int
		says          []string
	}{
		{8, 1.1, 0, []string{"8.00 ± 1.00, n = 3", "8 (theory)", "0.5: yes", "it is as claimed: yes"}},
		{8, 0.9, 1, []string{"0.5: yes", "it is as claimed: NO"}},
		{9, 1.1, 1, []string{"0.5: NO", "it is as claimed: yes"}},
	} {
		reproduces(t, c.published, spread(c.sd), new(uint64))
		status, out, stderr := reproduced1(t, "--out", t.TempDir())
		if status != c.status || (status == 1) != strings.Contains(stderr, "not all figures are as they should be") {
			t.Errorf("%g, %g: status %d, stderr %q, stdout\n%s", c.published, c.sd, status, stderr, out)
		}
		for _, s := range c.says {
			if !strings.Contains(out, s) {
				t.Errorf("%g, %g: the output lacks %q:\n%s", c.published, c.sd, s, out)
			}
		}
	}
}

// placed is a run that learns from data of a name.
type placed struct{ reproduce.Maker }

func (placed) DataName() string { return "mnist" }

// TestReproduceData: --data is looked at before there is a folder.
func TestReproduceData(t *testing.T) {
	reproduces(t, 8, func(reproduce.Rows) bool { return true }, new(uint64))
	run := &experiments[0].Scales[0].Parts[0].Runs[0]
	refused := func(data, want string) {
		t.Helper()
		out := filepath.Join(t.TempDir(), "out")
		status, stdout, stderr := reproduced1(t, "--out", out, "--data", data)
		if status != 2 || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("--data %s: status %d, stdout %q, stderr %q, want 2 and %q", data, status, stdout, stderr, want)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("--data %s: there is a folder", data)
		}
	}
	refused("mnist=.", "learns from no data")
	run.Make = placed{run.Make}
	refused("mnist", "want NAME=PATH")
	refused("foo=.", "want NAME one of mnist")
	refused("mnist=", `--data "mnist=": `)
	refused("mnist=/no/where", `"/no/where" is neither a folder`)
	if status, _, stderr := reproduced1(t, "--out", t.TempDir(), "--data", "mnist="+t.TempDir()); status != 0 {
		t.Errorf("a folder that is there: status %d, stderr %q", status, stderr)
	}
}

// TestReproduceMarkdown: the bars of a quantity's name are no columns.
func TestReproduceMarkdown(t *testing.T) {
	reproduces(t, 8, func(reproduce.Rows) bool { return true }, new(uint64))
	if _, out, _ := reproduced1(t, "--out", t.TempDir(), "--format", "markdown"); !strings.Contains(out, `| own | \|height\|, m | 8.00`) {
		t.Error(out)
	}
}

// TestReproduceGoesOn: what broke in the middle goes on with the seeds that are left, and --learners asks for more or fewer;
// JSON and the recorded figures have the values of each.
func TestReproduceGoesOn(t *testing.T) {
	fail := uint64(9)
	made := reproduces(t, 8, func(reproduce.Rows) bool { return true }, &fail)
	dir := t.TempDir()
	record := filepath.Join(dir, "figures.json")
	if status, _, stderr := reproduced1(t, "--out", dir); status != 1 || *made != 2 || !strings.Contains(stderr, "part, own: seed 9: it broke") {
		t.Errorf("status %d, %d made, stderr %q", status, *made, stderr)
	}
	fail = 0
	for _, c := range []struct {
		learners string
		made     int
		values   reproduce.Values
	}{{"", 3, reproduce.Values{7, 8, 9}}, {"2", 3, reproduce.Values{7, 8}}, {"1", 3, reproduce.Values{7}}, {"4", 4, reproduce.Values{7, 8, 9, 10}}} {
		args := []string{"--out", dir, "--format", "json", "--record", record}
		if c.learners != "" {
			args = append(args, "--learners", c.learners)
		}
		_, out, stderr := reproduced1(t, args...)
		var got reproduced
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatalf("%v: %s%s", err, out, stderr)
		}
		if *made != c.made || !slices.Equal(got.Values, c.values) || float64(got.Measured) != c.values.Mean() || got.Seed != 7 || got.From != "theory" {
			t.Errorf("--learners %s: %d made, %+v; want %d made, %v", c.learners, *made, got, c.made, c.values)
		}
		if n := len(c.values); n > 1 && (got.Seeds != n || got.Spread != c.values.SD()) || n == 1 && (got.Seeds != 0 || got.Spread != 0) {
			t.Errorf("--learners %s: %d seeds, ± %g", c.learners, got.Seeds, got.Spread)
		}
	}
	all, err := reproduce.ReadMeasurements(record)
	if err != nil || len(all) != 1 || !slices.Equal(all[0].Values, reproduce.Values{7, 8, 9, 10}) || all[0].Seeds != 4 || all[0].Value != 8.5 {
		t.Errorf("recorded %+v, %v", all, err)
	}
	if status, _, stderr := reproduced1(t, "--learners", "0"); status != 2 || !strings.Contains(stderr, "0 learners") {
		t.Errorf("--learners 0: status %d, %q", status, stderr)
	}
}

// TestReproduceRecordsWhatIsMade: where a run breaks, the figures of those before it are recorded.
func TestReproduceRecordsWhatIsMade(t *testing.T) {
	fail := uint64(7)
	reproduces(t, 8, func(reproduce.Rows) bool { return true }, &fail)
	part := &experiments[0].Scales[0].Parts[0]
	works := part.Runs[0]
	works.Name = "before"
	works.Make = reproduce.Each(func(_ context.Context, _ *compute.Device, seed uint64) (map[reproduce.Quantity]float64, error) {
		return map[reproduce.Quantity]float64{"|height|, m": float64(seed)}, nil
	})
	part.Runs = append([]reproduce.Run{works}, part.Runs...)
	dir := t.TempDir()
	record := filepath.Join(dir, "figures.json")
	if status, _, stderr := reproduced1(t, "--out", dir, "--record", record); status != 1 || !strings.Contains(stderr, "it broke") {
		t.Errorf("status %d, %q", status, stderr)
	}
	all, err := reproduce.ReadMeasurements(record)
	if err != nil || len(all) != 1 || all[0].Run != "before" || all[0].Value != 8 {
		t.Errorf("recorded %+v, %v; want the run before alone", all, err)
	}
}

// TestReproduceHopfield: an experiment on the floor holds from the command, is not made again, and is listed as whose it is.
func TestReproduceHopfield(t *testing.T) {
	dir := t.TempDir()
	var tables [2]string
	for i := range tables {
		var out, stderr bytes.Buffer
		if status := run(t.Context(), []string{"reproduce", "hopfield", "--only", "stability", "--backend", "cpu", "--out", dir}, &out, &stderr); status != 0 {
			t.Fatalf("status %d: %s%s", status, out.String(), stderr.String())
		}
		tables[i] = out.String()
	}
	if tables[0] != tables[1] || !strings.Contains(tables[0], "0.004235 (theory)") || !strings.Contains(tables[0], ", n = 64") {
		t.Errorf("%s\nand then\n%s", tables[0], tables[1])
	}
	var list bytes.Buffer
	if err := listFigures(&list); err != nil || !strings.Contains(list.String(), "(theory)") || !strings.Contains(list.String(), "weight-transport") {
		t.Errorf("%v: %s", err, list.String())
	}
}

// TestReproduceSystems: the systems are listed with their experiments, as text and as Markdown; JSON is refused.
func TestReproduceSystems(t *testing.T) {
	for _, c := range []struct {
		format string
		status int
		says   string
	}{
		{"table", 0, "  Sanger            sanger      components\n"},
		{"markdown", 0, "| `iso`, `ico` | `ico` |\n"},
		{"json", 2, "want its name"},
	} {
		var out, stderr bytes.Buffer
		status := run(t.Context(), []string{"reproduce", "--systems", "--format", c.format}, &out, &stderr)
		if got := out.String() + stderr.String(); status != c.status || !strings.Contains(got, c.says) {
			t.Errorf("%s: status %d, want %d and %q in\n%s", c.format, status, c.status, c.says, got)
		}
	}
}
