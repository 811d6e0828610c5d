package cli

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hebb/internal/must"
	"hebb/nets/train"
)

func TestPlot(t *testing.T) {
	set := images(t, 200)
	a, b := trained(t, set), trained(t, set, "--rule", "kp")
	status, out, stderr := hebb(t, "plot", a, b)
	if status != 0 || stderr != "" || !strings.Contains(out, filepath.Join(a, "plot.svg")) {
		t.Fatalf("status %d, %s%s", status, out, stderr)
	}
	svg, err := os.ReadFile(filepath.Join(a, "plot.svg"))
	if err != nil || !bytes.Contains(svg, []byte("</svg>")) || !bytes.Contains(svg, []byte(": kp")) {
		t.Errorf("plot.svg: %v, %d bytes", err, len(svg))
	}
	file := filepath.Join(t.TempDir(), "p.PNG")
	if status, _, stderr := hebb(t, "plot", a, "--layers", "--out", file); status != 0 {
		t.Fatalf("status %d, %s", status, stderr)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := png.Decode(f); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(filepath.Dir(file)); len(left) != 1 {
		t.Errorf("%v are left, want one file", left)
	}
}

// TestPlotDamaged: a run that was cut, or is damaged, is drawn as far as it goes, and the latter is said.
func TestPlotDamaged(t *testing.T) {
	dir := trained(t, images(t, 200))
	path := filepath.Join(dir, train.MetricsFile)
	text := must.Get(os.ReadFile(path))(t)
	lines := bytes.SplitAfter(text, []byte("\n"))
	cut := bytes.Join(append(lines[:3:3], lines[3][:20]), nil)
	broken := bytes.Join(append(append(lines[:3:3], []byte("{broken\n")), lines[3:]...), nil)
	for name, c := range map[string]struct {
		metrics []byte
		status  int
		want    string
	}{
		"cut":    {cut, 0, ""},
		"broken": {broken, 0, "metrics.jsonl: line 4"},
		"empty":  {nil, 1, "no metrics yet"},
		"all":    {[]byte("{broken\n{broken\n"), 1, "line 1"},
	} {
		put(t, dir, train.MetricsFile, c.metrics)
		out := filepath.Join(t.TempDir(), "p.svg")
		status, _, stderr := hebb(t, "plot", dir, "--out", out)
		if status != c.status || !strings.Contains(stderr, c.want) || (c.want == "") != (stderr == "") {
			t.Errorf("%s: status %d, stderr %q, want %d and %q", name, status, stderr, c.status, c.want)
		}
		if left, _ := os.ReadDir(filepath.Dir(out)); len(left) != 1-c.status {
			t.Errorf("%s: %v is left", name, left)
		}
	}
}

func TestPlotRefusals(t *testing.T) {
	dir, folder := trained(t, images(t, 200)), filepath.Join(t.TempDir(), "p.svg")
	must.Do(t, os.Mkdir(folder, 0o777))
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{nil, 2, "the folder of a run"},
		{[]string{filepath.Join(dir, "nowhere")}, 2, "nowhere"},
		{[]string{filepath.Join(dir, train.ConfigFile)}, 2, "is a file"},
		{[]string{dir, t.TempDir()}, 2, "not the folder of a run"},
		{[]string{dir, "--out", "p.jpg"}, 2, ".svg or .png"},
		{[]string{dir, "--out", filepath.Join(dir, "none", "p.svg")}, 2, "cannot be written"},
		{[]string{t.TempDir(), "--out", filepath.Join(dir, "none", "p.svg")}, 2, "cannot be written"}, // before the runs are read
		{[]string{dir, "--out", folder}, 2, "it is a folder"},
	} {
		status, out, stderr := hebb(t, append([]string{"plot"}, c.args...)...)
		if status != c.status || out != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("plot %v: status %d, stdout %q, stderr %q, want %d and %q", c.args, status, out, stderr, c.status, c.want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "plot.svg")); err == nil {
		t.Error("a refused plot left a file behind")
	}
}
