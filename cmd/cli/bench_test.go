package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hebb/bench"
	"hebb/internal/must"
)

// hebbBench runs the command; it returns its exit status and what it wrote.
func hebbBench(ctx context.Context, args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(ctx, append([]string{"bench"}, args...), &out, &errs)
	return status, out.String(), errs.String()
}

func TestBench(t *testing.T) {
	dir := t.TempDir()
	svg, page := filepath.Join(dir, "b.svg"), filepath.Join(dir, "b.html")
	status, out, errs := hebbBench(context.Background(), "--backend", "cpu", "--suite", "gram", "--quick", "--max-case", "60ms",
		"--format", "json", "--plot", svg, "--report", page)
	if status != 0 {
		t.Fatalf("exit status %d: %s", status, errs)
	}
	results := must.Get(bench.Read(strings.NewReader(out)))(t)
	timed := 0
	for _, r := range results {
		if r.Suite == "gram" && r.Status == bench.OK && r.Verified >= 64 && r.Seconds > 0 {
			timed++
		}
	}
	if timed < 5 {
		t.Errorf("%d Grams timed; %s", timed, errs)
	}
	for _, f := range []string{svg, page} {
		if b, err := os.ReadFile(f); err != nil || !bytes.Contains(b, []byte("</svg>")) {
			t.Errorf("%s: %v, %d bytes", f, err, len(b))
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 2 {
		t.Errorf("%d files are left, want 2", len(left))
	}
}

// Layers and training run on a real backend, and no step of a training asks for memory twice.
func TestBenchTraining(t *testing.T) {
	status, out, errs := hebbBench(context.Background(), "--backend", "cpu", "--suite", "layers,training", "--quick",
		"--batch", "1", "--max-case", "100ms", "--format", "json")
	if status != 0 {
		t.Fatalf("exit status %d: %s", status, errs)
	}
	results := must.Get(bench.Read(strings.NewReader(out)))(t)
	timed := map[string]int{}
	for _, r := range results {
		if r.Status != bench.OK || r.Seconds <= 0 {
			continue
		}
		timed[r.Suite]++
		if r.Suite == "training" && (r.Allocs == nil || *r.Allocs != 0 || r.Verified == 0 || r.Images <= 0 ||
			r.VsBackprop > 0 && strings.HasSuffix(r.Case, " bp")) {
			t.Errorf("%+v", r)
		}
	}
	if timed["layers"] < 2 || timed["training"] < 5 {
		t.Errorf("%v timed; %s", timed, errs)
	}
}

// What cannot work is said before any work is done.
func TestBenchRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"suite":     {[]string{"--suite", "gramm"}, "product, hebbian, gram, hsic, pointwise, small, layers, training"},
		"backend":   {[]string{"--backend", "tpu"}, "gpu, cpu"},
		"format":    {[]string{"--format", "xml"}, "table, json, benchfmt"},
		"peer":      {[]string{"--peer", "jax"}, "torch"},
		"plot":      {[]string{"--plot", "x.jpg"}, ".svg or .png"},
		"no folder": {[]string{"--report", filepath.Join(dir, "none", "x.html")}, "cannot be written"},
		"a folder":  {[]string{"--report", dir}, "cannot be written"},
		"limit":     {[]string{"--max-case", "-1s"}, "above 0"},
		"batch":     {[]string{"--batch", "-1"}, "at least 1"},
		"ladder 1":  {[]string{"--ladder", "--suite", "gram"}, "no --suite"},
		"ladder 2":  {[]string{"--ladder", "--rung", "naive"}, "no --rung"},
		"ladder 3":  {[]string{"--ladder", "--backend", "cpu"}, "--backend gpu"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out, errs := hebbBench(context.Background(), c.args...)
			if status == 0 || out != "" || !strings.Contains(errs, c.want) {
				t.Errorf("exit status %d, output %q, error %q; want %q", status, out, errs, c.want)
			}
		})
	}
}

func TestBenchInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	page := filepath.Join(t.TempDir(), "b.html")
	status, out, errs := hebbBench(ctx, "--backend", "cpu", "--quick", "--report", page)
	if status != 130 || !strings.Contains(errs, "stopped; the cases measured so far are written") || !strings.Contains(out, "interrupted") {
		t.Errorf("exit status %d, %q, %q", status, out, errs)
	}
	if _, err := os.Stat(page); err != nil {
		t.Error(err)
	}
}
