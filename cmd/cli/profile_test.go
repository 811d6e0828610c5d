package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hebb/bench"
	"hebb/internal/must"
)

// traced reads a trace, and returns how many ops it has on the device, by process.
func traced(t *testing.T, path string) (ops map[int]int) {
	t.Helper()
	text := must.Get(os.ReadFile(path))(t)
	var f struct {
		TraceEvents []struct {
			Ph, Cat  string
			Pid, Tid int
		}
	}
	must.Do(t, json.Unmarshal(text, &f))
	ops = map[int]int{}
	for _, e := range f.TraceEvents {
		if e.Ph == "X" && e.Cat == "op" && e.Tid == 2 {
			ops[e.Pid]++
		}
	}
	return ops
}

// TestProfile: a run that is profiled prints its ops and writes a trace, beside verification too, and gives the same
// weights as one that is not; and so does the run that goes on with it.
func TestProfile(t *testing.T) {
	data, dir := images(t, 100), t.TempDir()
	plain, out, trace := filepath.Join(dir, "plain"), filepath.Join(dir, "run"), filepath.Join(dir, "run.json")
	if status, _, stderr := hebb(t, small(data, plain)...); status != 0 {
		t.Fatal(stderr)
	}
	status, stdout, stderr := hebb(t, small(data, out, "--profile", trace, "--verify", "2")...)
	if status != 0 {
		t.Fatal(stderr)
	}
	sameBits(t, plain, out, 15)
	for _, want := range []string{"profile   cpu: ", "Gemm TransB", "[20 16] ← [20 30] [16 30] [16]", "GFLOP/s", "all ops", "the device was at it", "trace     " + trace, "verified"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("stdout lacks %q:\n%s", want, stdout)
		}
	}
	if ops := traced(t, trace); ops[1] < 15*10 {
		t.Errorf("%v ops in 15 steps", ops)
	}
	status, stdout, stderr = hebb(t, "train", "--resume", out, "--epochs", "4", "--backend", "cpu", "--profile", trace)
	if status != 0 || !strings.Contains(stdout, "all ops") {
		t.Errorf("status %d, stderr %q, stdout\n%s", status, stderr, stdout)
	}
	if left, _ := os.ReadDir(dir); len(left) != 3 {
		t.Errorf("%d files are left, want 3: %v", len(left), left)
	}
}

// TestProfileHebbian: so does a run by a Hebbian rule.
func TestProfileHebbian(t *testing.T) {
	dir := t.TempDir()
	trace := filepath.Join(dir, "oja.json")
	status, stdout, stderr := hebb(t, "train", "--rule", "oja", "--data", images(t, 64), "--units", "2", "--batch", "16", "--epochs", "2",
		"--backend", "cpu", "--out", filepath.Join(dir, "run"), "--profile", trace)
	if status != 0 || !strings.Contains(stdout, "Hebbian Mask diagonal") || traced(t, trace)[1] < 8 {
		t.Errorf("status %d, stderr %q, stdout\n%s", status, stderr, stdout)
	}
}

// TestProfileInterrupted: what was timed before Ctrl-C is written.
func TestProfileInterrupted(t *testing.T) {
	dir := t.TempDir()
	trace := filepath.Join(dir, "run.json")
	ctx, stop := context.WithCancel(t.Context())
	stdout := &trigger{on: "     2 ", then: stop} // in the line after the second epoch
	var stderr bytes.Buffer
	status := run(ctx, small(images(t, 100), filepath.Join(dir, "run"), "--epochs", "100000", "--profile", trace), stdout, &stderr)
	if status != 130 || !strings.Contains(stderr.String(), "stopped after step") || !strings.Contains(stdout.String(), "all ops") || traced(t, trace)[1] == 0 {
		t.Errorf("status %d, stderr %q, stdout\n%s", status, &stderr, stdout)
	}
}

// A trigger is a buffer that does something once, when it is given a text.
type trigger struct {
	bytes.Buffer
	on   string
	then func()
}

func (t *trigger) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(t.on)) {
		t.then()
	}
	return t.Buffer.Write(p)
}

// TestProfileRefused: a file that cannot be written is known before anything runs; one that can no longer be written is
// an error in the end, and loses neither the table nor the run. A run that never began leaves no file.
func TestProfileRefused(t *testing.T) {
	data, dir := images(t, 100), t.TempDir()
	for _, trace := range []string{dir, filepath.Join(dir, "none", "run.json")} {
		for _, args := range [][]string{small(data, filepath.Join(dir, "run"), "--profile", trace), {"bench", "--backend", "cpu", "--profile", trace},
			{"train", "--rule", "oja", "--data", data, "--backend", "cpu", "--out", filepath.Join(dir, "run"), "--profile", trace}} {
			status, stdout, stderr := hebb(t, args...)
			if status != 2 || stdout != "" || !strings.Contains(stderr, "--profile "+trace+" cannot be written") {
				t.Errorf("%v: status %d, stdout %q, stderr %q", args, status, stdout, stderr)
			}
		}
	}
	short := filepath.Join(dir, "folder")
	must.Do(t, os.Mkdir(short, 0o777))
	stdout := &trigger{on: "epoch", then: func() { os.RemoveAll(short) }} // in the head of the table of epochs
	var stderr bytes.Buffer
	status := run(t.Context(), small(data, filepath.Join(dir, "run"), "--profile", filepath.Join(short, "run.json")), stdout, &stderr)
	if status != 1 || !strings.Contains(stderr.String(), "cannot be written") || !strings.Contains(stdout.String(), "all ops") {
		t.Errorf("status %d, stderr %q, stdout\n%s", status, &stderr, stdout)
	}
	if _, err := os.Stat(model(filepath.Join(dir, "run"))); err != nil {
		t.Error(err)
	}
	nothing := filepath.Join(dir, "nothing.json")
	if status, _, stderr := hebb(t, small(data, filepath.Join(dir, "run"), "--profile", nothing)...); status != 1 || !strings.Contains(stderr, "holds a run already") {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left over: %v", left)
	}
}

// TestBenchProfile: bench times what it runs, with shares of the peak that it measured; where standard output is for
// programs the table does not go there.
func TestBenchProfile(t *testing.T) {
	trace := filepath.Join(t.TempDir(), "bench.json")
	status, stdout, stderr := hebbBench(t.Context(), "--backend", "cpu", "--suite", "gram,training", "--case", "gaussian 128×64|mlp:784-500", "--quick",
		"--batch", "1", "--max-case", "400ms", "--format", "json", "--profile", trace)
	if status != 0 {
		t.Fatal(stderr)
	}
	if _, err := bench.Read(strings.NewReader(stdout)); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"Gram Kernel gaussian", "of roof", "FMA Rounds 512", "all ops"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("stderr lacks %q:\n%s", want, stderr)
		}
	}
	if traced(t, trace)[1] < 100 {
		t.Error("few ops in the trace")
	}
	ctx, stop := context.WithCancel(t.Context())
	time.AfterFunc(700*time.Millisecond, stop)
	os.Remove(trace)
	status, stdout, stderr = hebbBench(ctx, "--backend", "cpu", "--suite", "product", "--profile", trace)
	if status != 130 || !strings.Contains(stdout, "all ops") || traced(t, trace)[1] == 0 {
		t.Errorf("status %d, %q, stdout\n%s", status, stderr, stdout)
	}
}
