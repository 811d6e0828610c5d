package cli

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"hebb/internal/must"
	"hebb/nets/train"
)

// A process runs the command hebb as a child of the test.
type process struct {
	*exec.Cmd
	stdout, stderr bytes.Buffer
}

func newProcess(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.CommandContext(t.Context(), os.Args[0], args...)}
	p.Env, p.Stdout, p.Stderr = append(os.Environ(), asCommand+"=1"), &p.stdout, &p.stderr
	return p
}

// linesOf starts a command and returns its output, line by line.
func linesOf(t *testing.T, cmd *exec.Cmd) *bufio.Scanner {
	t.Helper()
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	return bufio.NewScanner(stdout)
}

// together runs n processes at once; p has ended well or not.
func together(t *testing.T, n int, args func(k int) []string) (all []*process) {
	t.Helper()
	for k := range n {
		all = append(all, newProcess(t, args(k)...))
	}
	for _, p := range all {
		must.Do(t, p.Start())
	}
	for _, p := range all {
		p.Wait() // its status is in the ProcessState
	}
	return all
}

// TestOneFolder: of processes that start together into one folder one has it, and it holds that one's run alone; the others
// are told so.
func TestOneFolder(t *testing.T) {
	data := images(t, 200)
	for range 3 {
		out := filepath.Join(t.TempDir(), "run")
		all := together(t, 4, func(k int) []string {
			return small(data, out, "--epochs", "20", "--seed", fmt.Sprint(k+1), "--holdout", "0.2")
		})
		var won []uint64
		for k, p := range all {
			said := p.stderr.String()
			if status := p.ProcessState.ExitCode(); status == 0 {
				won = append(won, uint64(k+1))
			} else if status != 1 || !strings.Contains(said, "is in use by another process") && !strings.Contains(said, "holds a run already") {
				t.Errorf("status %d, %s", status, said)
			}
		}
		h, err := train.ReadHistory(out)
		if err != nil || h.Damage != nil {
			t.Fatal(err, h.Damage)
		}
		if !slices.Equal(won, []uint64{h.Config.Seed}) || h.State() != train.Finished || len(h.Lines) != 120 {
			t.Errorf("the seeds %v ended well; the folder has seed %d, %s, %d lines, want 120", won, h.Config.Seed, h.State(), len(h.Lines))
		}
	}
}

// TestOneName: processes that start in one second without --out have a folder each.
func TestOneName(t *testing.T) {
	data, dir := images(t, 100), t.TempDir()
	t.Chdir(dir)
	all := together(t, 4, func(k int) []string {
		return []string{"train", "--net", "mlp:30-16-10", "--data", data, "--batch", "20", "--epochs", "1", "--backend", "cpu", "--seed", fmt.Sprint(k + 1)}
	})
	for _, p := range all {
		if p.ProcessState.ExitCode() != 0 {
			t.Error(p.stderr.String())
		}
	}
	runs, err := filepath.Glob("runs/*")
	if err != nil || len(runs) != len(all) {
		t.Fatalf("%d folders, want %d: %v", len(runs), len(all), runs)
	}
	seeds := map[uint64]bool{}
	for _, r := range runs {
		h, err := train.ReadHistory(r)
		if err != nil || h.State() != train.Finished {
			t.Errorf("%s is %s: %v", r, h.State(), err)
		}
		seeds[h.Config.Seed] = true
	}
	if len(seeds) != len(all) {
		t.Errorf("seeds %v", seeds)
	}
}

// TestResumeRunning: a run that is still going is not gone on with by another process, which does it no harm, and can be
// looked at.
func TestResumeRunning(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be sent signals on Windows")
	}
	out := filepath.Join(t.TempDir(), "run")
	p := newProcess(t, small(images(t, 400), out, "--epochs", "100000", "--holdout", "0.1")...)
	p.Stdout = nil
	stdout := must.Get(p.StdoutPipe())(t)
	must.Do(t, p.Start())
	lines := bufio.NewScanner(stdout)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "      3") {
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines.Scan() {
		}
	}()
	holder := fmt.Sprintf("is in use by another process, process %d on ", p.Process.Pid)
	for want, args := range map[string][]string{
		holder:       {"train", "--resume", out, "--backend", "cpu"},
		holder + " ": small(images(t, 100), out),
	} {
		if status, stdout, stderr := hebb(t, args...); status != 1 || !strings.Contains(stderr, strings.TrimSpace(want)) || stdout != "" {
			t.Errorf("%v: status %d, stdout %q, stderr %q", args, status, stdout, stderr)
		}
	}
	for _, args := range [][]string{{"eval", out, "--backend", "cpu"}, {"compare", out}, {"plot", out, "--out", filepath.Join(t.TempDir(), "run.svg")}} {
		if status, _, stderr := hebb(t, args...); status != 0 {
			t.Errorf("%v: status %d, %s", args, status, stderr)
		}
	}
	p.Process.Signal(os.Interrupt)
	<-read
	p.Wait()
	if p.ProcessState.ExitCode() != 130 {
		t.Errorf("ended with %v, stderr %q", p.ProcessState, p.stderr.String())
	}
	if _, err := os.Stat(filepath.Join(out, train.LockFile)); err == nil {
		t.Error("the lock's file was left")
	}
	done := epochsMade(t, out)
	if status, _, stderr := hebb(t, "train", "--resume", out, "--backend", "cpu", "--epochs", fmt.Sprint(int(done)+1)); status != 0 {
		t.Error(stderr)
	}
}

// epochsMade returns how many epochs the run in a folder has made.
func epochsMade(t *testing.T, dir string) float64 {
	t.Helper()
	h := must.Get(train.ReadHistory(dir))(t)
	done, _ := h.Epochs()
	return done
}

// TestResumeMovedData: a run whose data have moved says so, and goes on where --data says that they are; it does not become
// shorter than it is.
func TestResumeMovedData(t *testing.T) {
	data, out := images(t, 100), filepath.Join(t.TempDir(), "run")
	if status, _, stderr := hebb(t, small(data, out, "--schedule", "cosine")...); status != 0 {
		t.Fatal(stderr)
	}
	moved := filepath.Join(t.TempDir(), "moved")
	must.Do(t, os.Rename(data, moved))
	for _, c := range []struct {
		status int
		want   string
		args   []string
	}{
		{2, "--data PATH says where they are now", nil},
		{2, "holds other data than the run learned from", []string{"--data", images(t, 120)}},
		{2, "the run has made 15 steps, and is to have 5", []string{"--data", moved, "--epochs", "1"}},
		{0, "spread over 20 steps instead of 15", []string{"--data", moved, "--epochs", "4"}},
		{0, "", nil},
	} {
		status, _, stderr := hebb(t, append([]string{"train", "--resume", out, "--backend", "cpu"}, c.args...)...)
		if status != c.status || !strings.Contains(stderr, c.want) || c.want == "" && stderr != "" {
			t.Errorf("%v: status %d, stderr %q, want %d and %q", c.args, status, stderr, c.status, c.want)
		}
	}
	if status, out, stderr := hebb(t, "eval", out, "--part", "train", "--backend", "cpu"); status != 0 || !strings.Contains(out, moved) {
		t.Errorf("status %d, stderr %q, stdout\n%s", status, stderr, out)
	}
}
