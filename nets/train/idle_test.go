package train

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"hebb/nets"
	"hebb/nets/catalogue"
)

// TestIdle: the config of a folder has what its run uses, no more, and is read as what was written; a file that has more, as older
// ones do, goes on to the same bits.
func TestIdle(t *testing.T) {
	always := "rate schedule seed learners allow log_every save_every "
	for name, test := range map[string]struct {
		c    Config
		want string
	}{
		"a network": {small(t, "mlp:64-4", "fa"), always + "net rule data holdout layout resize crop_centre alpha canvas limit test_limit normalise crop flip cutout loss optimiser bias_rate output_rate noise clip batch epochs in_order angles"},
		"a task":    {ofSystem(t, "rflo:units=8", "sines:period=5", 20), always + "system task steps"},
		"samples":   {ofSystem(t, "sanger:units=2", SamplesTask, 20), always + "system task steps data holdout layout resize crop_centre alpha canvas limit batch"},
		"images": {func() Config { c := ofSystem(t, "wp", SamplesTask, 0); c.Task, c.Epochs = "", 2; return c }(),
			always + "system epochs data holdout layout resize crop_centre alpha canvas limit test_limit normalise crop flip cutout batch in_order angles"},
	} {
		dir := t.TempDir()
		f := &Folder{Dir: dir}
		if err := f.WriteConfig(test.c); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, ConfigFile))
		if err != nil {
			t.Fatal(err)
		}
		for key := range strings.FieldsSeq(test.want) {
			if !bytes.Contains(text, []byte("\n"+key+" = ")) && !bytes.HasPrefix(text, []byte(key+" = ")) {
				t.Errorf("%s: the config lacks %s:\n%s", name, key, text)
			}
		}
		if n, want := bytes.Count(text, []byte("\n")), len(strings.Fields(test.want)); n != want {
			t.Errorf("%s: the config has %d settings, want %d:\n%s", name, n, want, text)
		}
		back, err := ReadConfig(filepath.Join(dir, ConfigFile), Config{})
		if err != nil || back != test.c.settled() {
			t.Errorf("%s: read as %+v, %v, want %+v", name, back, err, test.c)
		}
	}
	c := ofSystem(t, "rflo:units=8", "sines:period=5", 30)
	whole := start(t, c, filepath.Join(t.TempDir(), "whole"))
	if err := whole.Train(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	cut := start(t, c, filepath.Join(t.TempDir(), "cut"))
	killAt(t, cut, 20)
	c.Rule, c.Batch, c.Net = "fa", 77, "lenet5" // of which no run of a system takes note
	var text bytes.Buffer
	if err := toml.NewEncoder(&text).Encode(c); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(cut.Folder.Dir, ConfigFile), text.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	requireSame(t, everything(t, whole), everything(t, finish(t, cut)))
}

// TestUnknownTask: the error of an unknown task lists all that there are.
func TestUnknownTask(t *testing.T) {
	c := ofSystem(t, "rflo", "sample", 10)
	err := c.Check(catalogue.Default())
	for _, n := range append(catalogue.Default().Tasks, nets.NamedTask{Name: SamplesTask}) {
		if err == nil || !strings.Contains(err.Error(), n.Name) {
			t.Errorf("%v, want %s in it", err, n.Name)
		}
	}
}

// TestCutConfig: the config of a run that was emptied or cut, at whatever line, is told from one of other settings.
func TestCutConfig(t *testing.T) {
	text, err := small(t, "mlp:64-4", "fa").text()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), ConfigFile)
	lines := strings.SplitAfter(strings.TrimSpace(string(text)), "\n")
	for n := range lines {
		if err := os.WriteFile(path, []byte(strings.Join(lines[:n], "")), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadConfig(path, Config{}); err == nil || !strings.Contains(err.Error(), "cut short") {
			t.Errorf("%d of %d lines: %v, want an error that says so", n, len(lines), err)
		}
	}
}

// TestIdleSettings: a setting without an effect is refused, except for the folder of a run that already has it, which
// goes on.
func TestIdleSettings(t *testing.T) {
	c, dir := ofSystem(t, "np:tau=3", "sines:period=5", 20), filepath.Join(t.TempDir(), "run")
	if _, err := New(device(t), names, c); err == nil || !strings.Contains(err.Error(), "tau has an effect with recurrent alone") {
		t.Errorf("%v, want that tau is refused", err)
	}
	r, _, err := Begin(device(t), names.Lenient(), take(t, dir), c, Record{})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Train(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	r.Close()
	goOn(t, dir, "", "")
}
