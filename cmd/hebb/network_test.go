package main

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hebb/nets/safetensors"
	"hebb/nets/train"
)

// small trains a small network on images of 6×5; more flags may follow.
func small(data, out string, more ...string) []string {
	return append([]string{"train", "--net", "mlp:30-16-10", "--data", data, "--batch", "20", "--epochs", "3",
		"--lr", "0.01", "--backend", "cpu", "--out", out, "--log-every", "2"}, more...)
}

func TestTrainNetwork(t *testing.T) {
	out := filepath.Join(t.TempDir(), "deep", "run")
	args := small(images(t, 200), out, "--rule", "kp", "--optimiser", "momentum:weight_decay=1e-3", "--verify", "10", "--holdout", "0.2")
	status, stdout, stderr := hebb(t, args...)
	if status != 0 {
		t.Fatalf("status %d, stderr %q", status, stderr)
	}
	for _, want := range []string{"160 images of 6×5×1 in 10 classes", "666 parameters in 2 layers", "kp, momentum:weight_decay=1e-3", "test loss", "°", "verified", out} {
		if !strings.Contains(stdout, want) {
			t.Errorf("stdout lacks %q:\n%s", want, stdout)
		}
	}
	rec, err := train.ReadRecord(out)
	if err != nil || rec.Verified == nil || rec.Verified.Judged == 0 || rec.Verified.Worst > 1 || rec.Parameters != 666 || rec.Device.Backend != "cpu" {
		t.Errorf("the record is %+v, %v", rec, err)
	}
	lines, err := train.ReadMetrics(out)
	if err != nil || len(lines) == 0 || lines[len(lines)-1].Step != 24 {
		t.Errorf("metrics %+v, %v", lines, err)
	}
	c, err := train.ReadConfig(filepath.Join(out, train.ConfigFile), train.Config{})
	if err != nil || c.Rule != "kp" || c.Rate != 0.01 || c.Holdout != 0.2 || c.Batch != 20 {
		t.Errorf("config %+v, %v", c, err)
	}
	if status, _, stderr = hebb(t, args...); status != 1 || !strings.Contains(stderr, "holds a run already") {
		t.Errorf("a second run into the folder: status %d, stderr %q", status, stderr)
	}
	again := filepath.Join(t.TempDir(), "again")
	if status, _, stderr = hebb(t, "train", "--config", filepath.Join(out, train.ConfigFile), "--out", again, "--backend", "cpu", "--epochs", "3"); status != 0 {
		t.Fatalf("from its own config: status %d, stderr %q", status, stderr)
	}
	sameWeights(t, out, again, 24)
}

// sameWeights requires that two runs have the same model after a step.
func sameWeights(t *testing.T, a, b string, step int) {
	t.Helper()
	var files [2][]byte
	for i, dir := range []string{a, b} {
		var err error
		if files[i], err = os.ReadFile(model(dir, step)); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Errorf("%s and %s differ after step %d", a, b, step)
	}
}

func model(dir string, step int) string {
	all, _ := filepath.Glob(filepath.Join(dir, "checkpoints", "step-*", train.ModelFile))
	if len(all) == 0 {
		return filepath.Join(dir, "no checkpoint")
	}
	return all[len(all)-1]
}

// TestKilled: a run that is interrupted, told to end or killed, whenever it may be, goes on to the bits of one that
// was left alone.
func TestKilled(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be sent signals on Windows")
	}
	data := images(t, 400)
	more := []string{"--rule", "wm:examples=8", "--epochs", "40", "--crop", "1", "--flip", "--save-every", "7", "--holdout", "0.1"}
	whole := filepath.Join(t.TempDir(), "whole")
	if status, _, stderr := hebb(t, small(data, whole, more...)...); status != 0 {
		t.Fatalf("status %d, stderr %q", status, stderr)
	}
	for name, signal := range map[string]os.Signal{"Ctrl-C": os.Interrupt, "SIGTERM": syscall.SIGTERM, "kill -9": os.Kill} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "run")
			cmd := exec.CommandContext(t.Context(), os.Args[0], small(data, out, more...)...)
			cmd.Env = append(os.Environ(), asCommand+"=1")
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			stdout, err := cmd.StdoutPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(stdout)
			for lines.Scan() && !strings.Contains(lines.Text(), "     3") { // in the third epoch or so
			}
			cmd.Process.Signal(signal)
			for lines.Scan() {
			}
			err = cmd.Wait()
			var exit *exec.ExitError
			if !errors.As(err, &exit) {
				t.Fatalf("ended with %v, stderr %q", err, stderr.String())
			}
			if signal != os.Kill && (exit.ExitCode() != 130 || !strings.Contains(stderr.String(), "stopped after step")) {
				t.Errorf("ended with %v, stderr %q", err, stderr.String())
			}
			status, text, errors := hebb(t, "train", "--resume", out, "--backend", "cpu")
			if status != 0 || !strings.Contains(text, "resumed   after step") {
				t.Fatalf("status %d, stderr %q, stdout\n%s", status, errors, text)
			}
			sameWeights(t, whole, out, 720)
		})
	}
}

// TestTrainFrom: weights of a file are where a run starts; those of another network are refused.
func TestTrainFrom(t *testing.T) {
	data, first := images(t, 100), filepath.Join(t.TempDir(), "first")
	if status, _, stderr := hebb(t, small(data, first)...); status != 0 {
		t.Fatalf("status %d, stderr %q", status, stderr)
	}
	second := filepath.Join(t.TempDir(), "second")
	status, stdout, stderr := hebb(t, small(data, second, "--from", model(first, 0), "--rule", "fa")...)
	if status != 0 || !strings.Contains(stdout, "from      ") {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
	status, stdout, stderr = hebb(t, small(data, filepath.Join(t.TempDir(), "folder"), "--from", first, "--rule", "last")...)
	if status != 0 || !strings.Contains(stdout, "from      "+model(first, 0)) && !strings.Contains(stdout, "from      "+first) {
		t.Errorf("from a folder: status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
	status, _, stderr = hebb(t, small(data, filepath.Join(t.TempDir(), "none"), "--from", t.TempDir())...)
	if status != 1 || !strings.Contains(stderr, "--from") {
		t.Errorf("from an empty folder: status %d, stderr %q", status, stderr)
	}
	other := filepath.Join(t.TempDir(), "other.safetensors")
	if err := safetensors.WriteFile(other, []safetensors.Tensor{{Name: "fc1.weight", Shape: []int{2, 2}, Data: make([]float32, 4)}}, nil); err != nil {
		t.Fatal(err)
	}
	third := filepath.Join(t.TempDir(), "third")
	status, _, stderr = hebb(t, small(data, third, "--from", other)...)
	if status != 1 || !strings.Contains(stderr, "fc1.weight is [2 2], want [16 30]") {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
	if _, err := os.Stat(third); err == nil {
		t.Error("the refused run left a folder behind")
	}
}

// TestNetworkRefusals: what does not fit is said at once, and leaves nothing behind.
func TestNetworkRefusals(t *testing.T) {
	data := images(t, 40)
	file := filepath.Join(t.TempDir(), "file")
	put(t, filepath.Dir(file), "file", nil)
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"--out", filepath.Join(file, "run")}, 1, "--out"},
		{[]string{"--batch", "41"}, 2, "batches of 41, want 1 to 40"},
		{[]string{"--batch", "3", "--rule", "hsic"}, 2, "batches of 3, and the rule hsic learns from 4 at least"},
		{[]string{"--net", "mlp:784-10"}, 2, "takes 784 numbers, and the examples are 6×5×1"},
		{[]string{"--net", "mlp:30-9"}, 2, "makes 9 numbers, and there are 10 classes"},
		{[]string{"--net", "lenet5"}, 1, "conv2"},
		{[]string{"--lr", "1e30", "--epochs", "4", "--log-every", "1"}, 1, "training diverged"},
	} {
		t.Chdir(t.TempDir())
		out := filepath.Join(t.TempDir(), "run")
		status, _, stderr := hebb(t, append(small(data, out), c.args...)...)
		if status != c.status || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: status %d, stderr %q, want %d and %q", c.args, status, stderr, c.status, c.want)
		}
		if _, err := os.Stat(out); err == nil && c.want != "training diverged" {
			t.Errorf("%v: left a folder behind", c.args)
		}
	}
}

// TestFullDisk: a checkpoint that cannot be written ends the run; the last good one stays and serves.
func TestFullDisk(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the limit on file sizes is set by Linux's prlimit")
	}
	if _, err := exec.LookPath("prlimit"); err != nil {
		t.Skip("prlimit (util-linux) is missing")
	}
	out := filepath.Join(t.TempDir(), "run")
	ctx := t.Context()
	args := small(images(t, 400), out, "--epochs", "100000", "--save-every", "5")
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(model(out, 0)); err == nil {
			break
		}
		if time.Since(start) > time.Minute {
			t.Fatal("no checkpoint in a minute")
		}
	}
	limit := exec.CommandContext(ctx, "prlimit", "--pid", strconv.Itoa(cmd.Process.Pid), "--fsize=1000")
	if text, err := limit.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !strings.Contains(stderr.String(), "file too large") {
		t.Fatalf("ended with %v, stderr %q", err, stderr.String())
	}
	if left, _ := filepath.Glob(filepath.Join(out, "checkpoints", ".unfinished*")); len(left) != 0 {
		t.Errorf("left %v", left)
	}
	status, _, text := hebb(t, "train", "--resume", out, "--backend", "cpu", "--epochs", "1", "--steps", "1")
	if status != 0 {
		t.Errorf("the last checkpoint does not serve: status %d, stderr %q", status, text)
	}
}
