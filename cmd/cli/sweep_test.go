package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"hebb/nets/train"
)

func TestParseAxis(t *testing.T) {
	for text, want := range map[string][]string{
		"lr=0.1,0.2":                            {"0.1", "0.2"},
		"--lr=0.1":                              {"0.1"},
		"rule=[aa:rate=0.05,share=0.25],fa":     {"aa:rate=0.05,share=0.25", "fa"},
		"schedule=[step:at=[4, 6],factor=0.25]": {"step:at=[4, 6],factor=0.25"},
		"system=wp:hidden=[20, 20],rflo":        {"wp:hidden=[20, 20]", "rflo"},
	} {
		if a, err := parseAxis(text); err != nil || !slices.Equal(a.values, want) || strings.HasPrefix(a.flag, "-") {
			t.Errorf("%s: %q, %v, want %q", text, a, err, want)
		}
	}
	if a, b := (point{}).with("rule", "a,b/c"), (point{}).with("rule", "a%2Cb"); a.name != "rule=a%2Cb%2Fc" || b.name == "rule=a%2Cb" {
		t.Errorf("the folders are %s and %s", a.name, b.name)
	}
}

// swept is the command line of a sweep over two rules and two seeds, of runs on few examples.
func swept(set, out string, more ...string) []string {
	args := []string{"sweep", "--set", "rule=fa,bp", "--set", "seed=1,2", "--jobs", "2", "--out", out, "--",
		"--net", "mlp:30-16-10", "--data", set, "--batch", "20", "--lr", "0.01", "--backend", "cpu", "--save-every", "7"}
	return append(args, more...)
}

var sweptPoints = []string{"rule=fa,seed=1", "rule=fa,seed=2", "rule=bp,seed=1", "rule=bp,seed=2"}

// TestSweep: a run for each point, with the bits that it has alone, in groups; what is finished is left alone, and goes on to more
// epochs.
func TestSweep(t *testing.T) {
	t.Setenv(asCommand, "1")
	set, out := images(t, 200), filepath.Join(t.TempDir(), "sweep")
	stdout := ok(t, swept(set, out, "--epochs", "2", "--holdout", "0.2")...)
	for _, want := range []string{"4 runs in " + out + ", 0 of them finished", "4/4", "rule=bp,seed=2: test accuracy "} {
		if !strings.Contains(stdout, want) {
			t.Errorf("stdout lacks %q:\n%s", want, stdout)
		}
	}
	dirs, err := filepath.Glob(filepath.Join(out, "[^.]*"))
	if err != nil || len(dirs) != 4 {
		t.Fatal(dirs, err)
	}
	alone := filepath.Join(t.TempDir(), "alone")
	ok(t, "train", "--net", "mlp:30-16-10", "--data", set, "--batch", "20", "--lr", "0.01", "--backend", "cpu", "--save-every", "7",
		"--epochs", "2", "--holdout", "0.2", "--rule", "fa", "--seed", "2", "--out", alone)
	sameBits(t, alone, filepath.Join(out, "rule=fa,seed=2"), 16)
	var runs []comparedRun
	if err := json.Unmarshal([]byte(ok(t, append([]string{"compare", "--format", "json"}, dirs...)...)), &runs); err != nil {
		t.Fatal(err)
	}
	for _, r := range runs {
		if !slices.Equal(r.Group.Seeds, []uint64{1, 2}) || r.Group.Number > 1 {
			t.Errorf("%s is of group %d, seeds %v", r.Dir, r.Group.Number, r.Group.Seeds)
		}
	}
	ok(t, append([]string{"plot", "--out", filepath.Join(t.TempDir(), "all.svg")}, dirs...)...)

	before := read(t, out, filepath.Join("rule=fa,seed=2", "run.json"))
	if stdout = ok(t, swept(set, out, "--epochs", "2", "--holdout", "0.2")...); !strings.Contains(stdout, "4 of them finished") {
		t.Error(stdout)
	}
	if !bytes.Equal(before, read(t, out, filepath.Join("rule=fa,seed=2", "run.json"))) {
		t.Error("a finished run was opened again")
	}
	ok(t, swept(set, out, "--epochs", "3", "--holdout", "0.2")...)
	ok(t, "train", "--resume", alone, "--epochs", "3", "--backend", "cpu")
	sameBits(t, alone, filepath.Join(out, "rule=fa,seed=2"), 24)
	status, _, stderr := hebb(t, swept(set, out, "--epochs", "3", "--holdout", "0.2", "--flip")...)
	if status != 2 || !strings.Contains(stderr, "holds a run of other settings: flip true, not false") {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
	other, err := train.Take(filepath.Join(out, ".logs"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if status, _, stderr = hebb(t, swept(set, out, "--epochs", "4", "--holdout", "0.2")...); status != 1 || !strings.Contains(stderr, "in use by another process") {
		t.Errorf("beside another sweep: status %d, stderr %q", status, stderr)
	}
}

// TestSweepRefuses: settings that exclude each other are found before there is a folder.
func TestSweepRefuses(t *testing.T) {
	t.Setenv(asCommand, "1") // a sweep that is not refused starts this program
	for args, want := range map[string]string{
		"--micro 2 --stale 1":              "the rule bp in 2 parts: the system learns from whole moments alone, want one part (--micro 1): stale: ",
		"--micro 2 --rule ridge":           "the rule ridge in 2 parts: the system learns from whole moments alone",
		"hopfield --task recall --micro 2": "hopfield in 2 parts: the system learns from whole moments alone",
		"--rule kp --stale 1":              "stale: ",
		"--patience 2":                     "patience 2 without keep_best",
		"--rule hsic --micro 8 --batch 24": "batches of 24 in 8 parts, the smallest of 3, and the rule hsic learns from 4 at least",
	} {
		out := filepath.Join(t.TempDir(), "sweep")
		status, stdout, stderr := hebb(t, append([]string{"sweep", "--set", "seed=1,2", "--out", out, "--"}, strings.Fields(args)...)...)
		if status != 2 || stdout != "" || !strings.Contains(stderr, "seed=1: "+want) {
			t.Errorf("%s: status %d, stdout %q, stderr %q, want 2 and %q", args, status, stdout, stderr, want)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: there is a folder", args)
		}
	}
}

// TestSweepFailure: a run that fails stops no other, and is told at the end.
func TestSweepFailure(t *testing.T) {
	t.Setenv(asCommand, "1")
	out := filepath.Join(t.TempDir(), "sweep")
	status, stdout, stderr := hebb(t, "sweep", "--set", "lr=1e30,0.01", "--out", out, "--learners", "2", "--", "--net", "mlp:30-16-10",
		"--data", images(t, 200), "--batch", "20", "--epochs", "2", "--backend", "cpu")
	if status != 1 || !strings.Contains(stderr, "lr=1e30: exit status 1: ") || !strings.Contains(stderr, "diverged") || !strings.Contains(stderr, "1 of 2 runs failed") {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
	if !strings.Contains(stdout, "lr=1e30: failed") || !strings.Contains(stdout, "lr=0.01: finished") {
		t.Errorf("stdout\n%s", stdout)
	}
	if status, _, stderr := hebb(t, "export", filepath.Join(out, "lr=0.01"), "--learner", "1", "--out", filepath.Join(t.TempDir(), "x.safetensors")); status != 0 {
		t.Errorf("the other run: %s", stderr)
	}
}

// TestSweepKilled: all runs stop with a sweep that is interrupted or killed, and go on to the bits of one that was left alone.
func TestSweepKilled(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be sent signals on Windows")
	}
	set := images(t, 400)
	whole := filepath.Join(t.TempDir(), "whole")
	t.Setenv(asCommand, "1")
	ok(t, swept(set, whole, "--epochs", "60")...)
	for name, signal := range map[string]os.Signal{"Ctrl-C": os.Interrupt, "kill -9": os.Kill, "kill -9 as runs begin": os.Kill} {
		t.Run(name, func(t *testing.T) {
			begins := strings.HasSuffix(name, "begin")
			out := filepath.Join(t.TempDir(), "sweep")
			cmd := exec.CommandContext(t.Context(), os.Args[0], swept(set, out, "--epochs", "60")...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			lines := linesOf(t, cmd)
			for lines.Scan() && !strings.Contains(lines.Text(), "2/4") {
			}
			if !begins {
				await(t, "a checkpoint of the third or the fourth run", func() bool {
					found, _ := filepath.Glob(filepath.Join(out, "rule=bp*", "checkpoints", "step-*"))
					return len(found) > 0
				})
			}
			cmd.Process.Signal(signal)
			for lines.Scan() {
			}
			err := cmd.Wait()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || signal == os.Interrupt && (exit.ExitCode() != 130 || !strings.Contains(stderr.String(), "the same command goes on")) {
				t.Fatalf("ended with %v, stderr %q", err, stderr.String())
			}
			ok(t, swept(set, out, "--epochs", "60")...) // at once: the runs of a sweep that was killed may yet be saving
			logs, _ := filepath.Glob(filepath.Join(out, ".logs", "*.log"))
			if !begins && !slices.ContainsFunc(logs, func(path string) bool { return strings.Contains(string(read(t, "", path)), "stopped after step") }) {
				t.Errorf("no run of %v was stopped", logs)
			}
			for _, p := range sweptPoints {
				sameBits(t, filepath.Join(whole, p), filepath.Join(out, p), 1200)
			}
		})
	}
}

func await(t *testing.T, what string, there func() bool) {
	t.Helper()
	for start := time.Now(); !there(); time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > time.Minute {
			t.Fatal("waited a minute for " + what)
		}
	}
}
