package cli

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hebb/compute"
	"hebb/nets"
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
	sameBits(t, out, again, 24)
}

// sameBits requires that two runs have the same last checkpoint, of a step.
func sameBits(t *testing.T, a, b string, step int) {
	t.Helper()
	for _, name := range []string{train.ModelFile, train.StateFile} {
		path := filepath.Join(train.CheckpointsDir, fmt.Sprintf("step-%09d", step), name)
		if !bytes.Equal(read(t, a, path), read(t, b, path)) {
			t.Errorf("%s of %s and %s differ", path, a, b)
		}
	}
}

func model(dir string) string {
	path, _, err := train.LastModel(dir)
	if err != nil {
		return filepath.Join(dir, "no checkpoint")
	}
	return path
}

// sines trains a system for two learners; more flags may follow.
func sines(out string, more ...string) []string {
	return append([]string{"train", "rflo:units=8", "--task", "sines:period=10", "--learners", "2", "--lr", "1e-3", "--backend", "cpu",
		"--out", out, "--log-every", "100"}, more...)
}

// TestKilled: a run that is interrupted, told to end or killed, whenever it may be, goes on to the bits of one that
// was left alone, state and figures included.
func TestKilled(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be sent signals on Windows")
	}
	data := images(t, 400)
	network := func(out string) []string {
		return small(data, out, "--rule", "wm:examples=8", "--epochs", "40", "--crop", "1", "--flip", "--save-every", "7", "--holdout", "0.1")
	}
	components := func(out string) []string {
		return []string{"train", "--rule", "sanger", "--data", data, "--units", "2", "--batch", "20", "--epochs", "100", "--save-every", "7",
			"--log-every", "10", "--backend", "cpu", "--out", out}
	}
	for name, c := range map[string]struct {
		args   func(out string) []string
		signal syscall.Signal
		after  string // a line with this
		steps  int
	}{
		"Ctrl-C": {network, syscall.SIGINT, "     3", 720}, "SIGTERM": {network, syscall.SIGTERM, "     3", 720}, "kill -9": {network, syscall.SIGKILL, "     3", 720},
		"a terminal that goes": {network, syscall.SIGHUP, "     3", 720}, "Slurm's warning": {network, usr1, "     3", 720},
		"a system, kill -9":  {func(out string) []string { return sines(out, "--steps", "10000", "--save-every", "60") }, syscall.SIGKILL, "      300  train", 10000},
		"components, Ctrl-C": {components, syscall.SIGINT, "       50  train", 2000},
	} {
		t.Run(name, func(t *testing.T) {
			whole, out := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "run")
			if status, _, stderr := hebb(t, c.args(whole)...); status != 0 {
				t.Fatalf("status %d, stderr %q", status, stderr)
			}
			cmd := exec.CommandContext(t.Context(), os.Args[0], c.args(out)...)
			cmd.Env = append(os.Environ(), asCommand+"=1")
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			lines := linesOf(t, cmd)
			for lines.Scan() && !strings.Contains(lines.Text(), c.after) {
			}
			cmd.Process.Signal(c.signal)
			for lines.Scan() {
			}
			err := cmd.Wait()
			var exit *exec.ExitError
			if !errors.As(err, &exit) {
				t.Fatalf("ended with %v, stderr %q", err, stderr.String())
			}
			if c.signal != syscall.SIGKILL && (exit.ExitCode() != 128+int(c.signal) || !strings.Contains(stderr.String(), "stopped after step")) {
				t.Errorf("ended with %v, stderr %q", err, stderr.String())
			}
			status, text, errors := hebb(t, "train", "--resume", out, "--backend", "cpu")
			if status != 0 || !strings.Contains(text, "resumed   after step") {
				t.Fatalf("status %d, stderr %q, stdout\n%s", status, errors, text)
			}
			sameBits(t, whole, out, c.steps)
			if _, err := os.Stat(filepath.Join(whole, componentsFile)); err == nil && !bytes.Equal(read(t, whole, componentsFile), read(t, out, componentsFile)) {
				t.Errorf("%s differ", componentsFile)
			}
		})
	}
}

// TestNohup: a run that is told to ignore that its terminal goes, as by nohup, goes on.
func TestNohup(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be sent signals on Windows")
	}
	out := filepath.Join(t.TempDir(), "run")
	args := append([]string{"-c", `trap "" HUP; exec "$0" "$@"`, os.Args[0]}, small(images(t, 400), out, "--epochs", "100000", "--holdout", "0.1")...)
	cmd := exec.CommandContext(t.Context(), "sh", args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	lines := linesOf(t, cmd)
	after := func(epoch string) {
		for lines.Scan() && !strings.HasPrefix(lines.Text(), "      "+epoch) {
		}
	}
	after("2")
	cmd.Process.Signal(syscall.SIGHUP)
	after("5")
	cmd.Process.Signal(syscall.SIGTERM)
	after("no such line")
	cmd.Wait()
	if done := epochsMade(t, out); cmd.ProcessState.ExitCode() != 143 || done < 5 {
		t.Errorf("ended with %v after %g epochs", cmd.ProcessState, done)
	}
}

// TestTrainSystem: a system that learns from a task is verified, timed and traced as a network is, and none of it changes a
// bit; the values of each learner are kept.
func TestTrainSystem(t *testing.T) {
	dir := t.TempDir()
	plain, out, profile, trace := filepath.Join(dir, "plain"), filepath.Join(dir, "run"), filepath.Join(dir, "run.json"), filepath.Join(dir, "run.trace")
	status, stdout, stderr := hebb(t, sines(plain, "--steps", "200")...)
	if status != 0 {
		t.Fatal(stderr)
	}
	for _, want := range []string{"task      sines:period=10\n", "system    rflo:units=8: ", "200 steps of 1 example,", "2, seeds 1 to 2, side by side", "      200  train  loss ", " ± ", "examples/s", "      200  test"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("stdout lacks %q:\n%s", want, stdout)
		}
	}
	status, stdout, stderr = hebb(t, sines(out, "--steps", "200", "--verify", "2", "--profile", profile, "--trace", trace)...)
	if status != 0 {
		t.Fatal(stderr)
	}
	sameBits(t, plain, out, 200)
	rec, err := train.ReadRecord(out)
	if err != nil || rec.Verified == nil || rec.Verified.Judged < 200*2 || rec.Verified.Worst > 1 || !strings.Contains(stdout, "all ops") {
		t.Errorf("the record is %+v, %v, stdout\n%s", rec, err, stdout)
	}
	if ops, lines := traced(t, profile)[1], bytes.Count(read(t, dir, "run.trace"), []byte("\n")); ops < 200*2 || lines < 200*2 {
		t.Errorf("%d ops timed, %d lines of ops", ops, lines)
	}
	lines, err := train.ReadMetrics(out)
	if err != nil || len(lines) != 4 {
		t.Fatalf("metrics %+v, %v", lines, err)
	}
	for _, l := range lines {
		if e := l.Learners["error"]; len(e) != 2 || e[0] == e[1] {
			t.Errorf("errors %v", e)
		}
	}
	if status, stdout, stderr := hebb(t, "eval", out, "--backend", "cpu"); status != 0 || !strings.Contains(stdout, "over 2 learners") {
		t.Errorf("eval of a system: status %d, %q, %q", status, stdout, stderr)
	}
	// What cannot begin leaves no trace, and no folder.
	none, nothing := filepath.Join(dir, "none"), filepath.Join(dir, "none.trace")
	for want, args := range map[string][]string{
		"16 units answer, and the task wants 1 number; want a task without": {"train", "sanger", "--task", "sines", "--backend", "cpu", "--out", none, "--trace", nothing},
		"on its own task":     {"eval", out, "--part", "train", "--backend", "cpu"},
		"holds a run already": sines(out, "--trace", nothing), "file exists": sines(none, "--trace", trace),
	} {
		if status, _, stderr := hebb(t, args...); status == 0 || !strings.Contains(stderr, want) {
			t.Errorf("status %d, stderr %q, want %q", status, stderr, want)
		}
		if left, _ := filepath.Glob(none + "*"); len(left) > 0 {
			t.Errorf("%s: left %v", want, left)
		}
	}
}

// A halfLost system has a learner that is no good.
type halfLost struct{ w *compute.Tensor }

func (h *halfLost) Build(s *nets.Store, spec nets.Spec) error {
	h.w = s.Weights("w", nets.Zeros, spec.Out)
	return nil
}

func (h *halfLost) Step(p *nets.Pass, _ nets.Moment) *compute.Tensor {
	if p.Learning && p.Learners == 2 && p.Number == 8 {
		p.Write(h.w, []float32{0, float32(math.NaN())})
	}
	return h.w
}

// TestLostLearner: a lost learner is named once, with when, where and what to do, also after the run was stopped; rows
// count it, a comparison leaves it out, and the others go on. The same holds for a system that a program added.
func TestLostLearner(t *testing.T) {
	were := *names
	t.Cleanup(func() { *names = were })
	System("half-lost", "a test", func() nets.System { return &halfLost{} })(names)
	out := filepath.Join(t.TempDir(), "run")
	const news = "hebb: lost: learner 1, seed 2: training diverged: the mean error is NaN after step 16, and the weights w are not finite; want a rate below 0.01\n"
	for _, flags := range [][]string{{"half-lost", "--task", "sines:period=4", "--learners", "2", "--steps", "24", "--log-every", "8", "--backend", "cpu", "--out", out},
		{"--resume", out, "--steps", "32", "--backend", "cpu"}} {
		status, stdout, stderr := hebb(t, append([]string{"train"}, flags...)...)
		if status != 0 || strings.Count(stderr, "hebb: lost: ") != 1 || !strings.Contains(stderr, news) {
			t.Errorf("status %d, stderr %q, want %q once", status, stderr, news)
		}
		for row := range strings.Lines(stdout) {
			if lost := strings.Contains(row, "  error "); lost && strings.HasSuffix(row, "  1 of 2 lost\n") != !strings.HasPrefix(row, "        8") {
				t.Errorf("the row %q", row)
			}
		}
	}
	lines, err := train.ReadMetrics(out)
	if err != nil || len(lines) == 0 {
		t.Fatal(lines, err)
	}
	if last := lines[len(lines)-1]; len(last.Learners["error"]) != 2 || last.Metrics["error"] != float64(last.Learners["error"][0]) {
		t.Errorf("the last line is %+v", last)
	}
	if _, text, _ := hebb(t, "compare", out); !strings.Contains(text, "1 of 2, 1 lost") || !strings.Contains(text, "1 of 2 learners is lost and does not count: "+news[12:]) ||
		strings.Contains(text, " ± ") {
		t.Errorf("compared:\n%s", text)
	}
	if _, text, _ := hebb(t, "list"); !strings.Contains(text, "half-lost") {
		t.Errorf("the list lacks half-lost:\n%s", text)
	}
}

// A clumsy system panics in a moment, on the device.
type clumsy struct {
	At int `toml:"at"`
	w  *compute.Tensor
}

func (c *clumsy) Build(s *nets.Store, spec nets.Spec) error {
	if c.At < 0 {
		panic("no moment before the first")
	}
	c.w = s.Weights("w", nets.Zeros, spec.Out)
	return nil
}

func (c *clumsy) Step(p *nets.Pass, _ nets.Moment) *compute.Tensor {
	if !p.Device().Staged() && int(p.Number) == c.At {
		_ = slices.Max([]int(nil)) // panics, and this is the line
	}
	return c.w
}

// lineWith is the place of the line of this file that has a text.
func lineWith(t *testing.T, text string) string {
	t.Helper()
	before, _, found := bytes.Cut(read(t, ".", "network_test.go"), []byte(text))
	if !found {
		t.Fatalf("no line has %q", text)
	}
	return fmt.Sprintf("cli/network_test.go:%d", 1+bytes.Count(before, []byte("\n")))
}

// TestPanic: a panic in code that a program added is an error that names the system and the line; the trace comes if it is asked
// for. A folder without a checkpoint goes, and one with any stays.
func TestPanic(t *testing.T) {
	were := *names
	t.Cleanup(func() { *names = were })
	System("clumsy", "a test", func() nets.System { return &clumsy{} })(names)
	line := lineWith(t, "// panics, and this is "+"the line")
	for _, c := range []struct {
		system, want string
		stays        bool
	}{
		{"clumsy:at=-1", lineWith(t, `panic("no moment `+`before the first`) + " (cli.(*clumsy).Build): no moment before the first", false},
		{"clumsy:at=0", line, false}, {"clumsy:at=3", line, false}, {"clumsy:at=8", line, true},
	} {
		for _, traced := range []string{"", "1"} {
			t.Setenv(traceEnv, traced)
			out := filepath.Join(t.TempDir(), "run")
			args := []string{"train", c.system, "--task", "sines:period=3", "--steps", "24", "--log-every", "6", "--backend", "cpu", "--out", out}
			status, stdout, stderr := hebb(t, args...)
			said := strings.HasPrefix(stderr, "hebb: the system "+c.system+" on the task sines:period=3 panicked at "+c.want)
			if status != 1 || !said || strings.Contains(stderr, "goroutine ") != (traced != "") || strings.Contains(stderr, traceEnv+"=1") != (traced == "") {
				t.Errorf("%s, trace %q: status %d, stderr %q", c.system, traced, status, stderr)
			}
			if traced == "" && strings.Count(stderr, "\n") != 1 {
				t.Errorf("%s: more than a line: %q", c.system, stderr)
			}
			if _, err := os.Stat(model(out)); (err == nil) != c.stays {
				t.Errorf("%s: a checkpoint: %v", c.system, err)
			}
			if _, err := os.Stat(out); (err == nil) != c.stays || strings.Contains(stdout, "run       ") != c.stays {
				t.Errorf("%s: the folder: %v, stdout\n%s", c.system, err, stdout)
			}
		}
	}
}

// TestForeign: who looks at a run of a system that this command does not have is told which command has it.
func TestForeign(t *testing.T) {
	were := *names
	System("half-lost", "a test", func() nets.System { return &halfLost{} })(names)
	out := filepath.Join(t.TempDir(), "run")
	status, _, stderr := hebb(t, "train", "half-lost", "--task", "sines:period=4", "--steps", "8", "--backend", "cpu", "--out", out)
	if *names = were; status != 0 {
		t.Fatal(stderr)
	}
	rec, err := train.ReadRecord(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"eval", out, "--backend", "cpu"}, {"train", "--resume", out, "--backend", "cpu"}} {
		status, _, stderr := hebb(t, args...)
		for _, want := range []string{`system "half-lost", want one of rflo`, "made by a command that has it, " + rec.Version, "adding-a-system.md"} {
			if status != 2 || !strings.Contains(stderr, want) {
				t.Errorf("%v: status %d, stderr %q, want %q", args, status, stderr, want)
			}
		}
	}
}

// TestSuitedRate: if nobody sets a rate, it is the system's rate for the task, else the system's own, else the default.
func TestSuitedRate(t *testing.T) {
	for _, c := range []struct {
		system, task string
		want         float64
	}{{"np:hidden=[]", "subtasks:inputs=200", 5e-4}, {"np", "xor", 0.01}, {"wp", "copy", 0.003}, {"hopfield", "recall", 0.01}, {"rflo", "", 5e-4}} {
		if got := suited(train.Config{System: c.system, Task: c.task, Rate: noRate, Epochs: noEpochs}).Rate; got != c.want {
			t.Errorf("%s on %s: rate %g, want %g", c.system, c.task, got, c.want)
		}
	}
	if _, text, _ := hebb(t, "list"); !strings.Contains(text, "--lr 0.01, 0.0005 on subtasks unless another is given") {
		t.Errorf("the list lacks the rate of np on subtasks:\n%s", text)
	}
}

// TestMisfit: a system that cannot learn from a task says why, what the task gives, and which tasks fit.
func TestMisfit(t *testing.T) {
	data := images(t, 40)
	for _, c := range []struct{ args, want string }{
		{"rflo --task samples", "learns from an error, and the task wants nothing; want numbers or classes; the task samples shows examples of 30 numbers and wants nothing of them, and rflo fits sines, xor, recall, … images with labels"},
		{"sanger", "16 units answer, and the task wants one of 10 classes; want a task without; a task of the images of " + data + " shows examples of 6×5×1 numbers and wants one of 10 classes, and sanger fits white-noise, samples"},
		{"hopfield", "want the same numbers completed; a task of the images of " + data + " shows examples of 6×5×1 numbers and wants one of 10 classes, and hopfield fits recall"},
		{"hopfield --task sines", "patterns of 1 number, want at least 2: no weight joins a unit with itself; the task sines"},
		{"ico", "want a task without; a task of the images of " + data + " shows examples of 6×5×1 numbers and wants one of 10 classes, and ico fits pairs, loop, forage\n"},
		{"iso --task samples", "want trials of several; the task samples shows examples of 30 numbers and wants nothing of them, and iso fits pairs, loop, forage\n"},
		{"vasilaki --task sines", "vasilaki: learns from rewards, and the task gives none; want one that does, such as reversal; the task sines shows examples of 1 number and wants 1 number, and vasilaki fits reversal\n"},
		{"ico --task reversal", "does not learn from rewards; want another task; the task reversal shows examples of 100 numbers and wants an answer of 2 numbers, which it rewards, and ico fits pairs, loop, forage\n"},
		{"chl --task samples", "and chl fits sines, xor, recall, … images with labels (--data without --task)"},
	} {
		out := filepath.Join(t.TempDir(), "run")
		args := append([]string{"train"}, strings.Fields(c.args)...)
		if !strings.Contains(c.args, "sines") && !strings.Contains(c.args, "reversal") {
			args = append(args, "--data", data, "--batch", "20")
		}
		status, _, stderr := hebb(t, append(args, "--backend", "cpu", "--out", out)...)
		for part := range strings.SplitSeq(c.want, " … ") {
			if status != 2 || !strings.Contains(stderr, part) {
				t.Errorf("%s: status %d, stderr %q, want %q", c.args, status, stderr, part)
			}
		}
	}
}

// TestBarren: what nothing can be learned from is refused, before anything is; without labels one class is as good as several.
func TestBarren(t *testing.T) {
	oneClass, alike := images(t, 40), images(t, 40)
	put(t, oneClass, "train-labels-idx1-ubyte", append([]byte{0, 0, 8, 1, 0, 0, 0, 40}, make([]byte, 40)...))
	put(t, alike, "train-images-idx3-ubyte", append([]byte{0, 0, 8, 3, 0, 0, 0, 40, 0, 0, 0, 6, 0, 0, 0, 5}, make([]byte, 40*30)...))
	for _, c := range []struct{ args, data, want string }{
		{"--net mlp:30-10", oneClass, "all 40 training examples are of one class"},
		{"wp", oneClass, "of one class"},
		{"--net mlp:30-10", alike, "all 40 training examples are alike"},
		{"sanger --task samples", alike, "all 40 training examples are alike"},
		{"sanger:units=2 --task samples", oneClass, ""},
	} {
		args := append([]string{"train"}, strings.Fields(c.args)...)
		status, _, stderr := hebb(t, append(args, "--data", c.data, "--batch", "20", "--epochs", "1", "--backend", "cpu", "--out", filepath.Join(t.TempDir(), "run"))...)
		if (status == 2) != (c.want != "") || status == 1 || !strings.Contains(stderr, c.want) {
			t.Errorf("%s of %s: status %d, stderr %q, want %q", c.args, c.data, status, stderr, c.want)
		}
	}
}

// TestDescribed: the head of a run says what is used of the data, and a GPU that nobody asked for is no matter of standard error.
func TestDescribed(t *testing.T) {
	data := images(t, 200)
	out := filepath.Join(t.TempDir(), "run")
	status, stdout, stderr := hebb(t, "train", "--net", "mlp:30-10", "--data", data, "--holdout", "0.2", "--limit", "100", "--test-limit", "7",
		"--batch", "20", "--epochs", "1", "--out", out)
	if want := "100 of 160 images of 6×5×1 in 10 classes, tested on 7 of 40, from "; status != 0 || stderr != "" || !strings.Contains(stdout, want) {
		t.Errorf("status %d, stderr %q, stdout\n%s\nwant %q", status, stderr, stdout, want)
	}
	if rec, err := train.ReadRecord(out); err != nil || rec.Examples != 100 {
		t.Errorf("the record is %+v, %v", rec, err)
	}
	if _, _, stderr := hebb(t, "eval", out); stderr != "" {
		t.Errorf("eval: stderr %q", stderr)
	}
	none := filepath.Join(t.TempDir(), "none")
	if status, _, stderr := hebb(t, "train", "--net", "mlp:30-10", "--data", data, "--batch", "20", "--test-limit", "7", "--out", none); status != 2 || !strings.Contains(stderr, "--test-limit 7, and "+data+" has no test part") {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
	if _, err := os.Stat(none); err == nil {
		t.Error("the refused run left a folder behind")
	}
}

// TestSuited: a system and its task have a rate and a length that suit them, unless flags or a file say more; whichever of epochs
// and steps is said last is the length.
func TestSuited(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "bare.toml", []byte("system = \"rflo\"\ntask = \"sines\"\n"))
	put(t, dir, "rate.toml", []byte("system = \"rflo\"\ntask = \"sines\"\nrate = 0.5\nepochs = 10\n"))
	put(t, dir, "steps.toml", []byte("steps = 7\n"))
	for args, want := range map[string]string{
		"train rflo --task sines": "5e-04, 24000 steps of 0 epochs, a line each 1200", "train rflo --task sines --lr 0.5 --steps 30": "5e-01, 30 steps of 0 epochs, a line each 50",
		"train --config DIR/bare.toml": "5e-04, 24000 steps of 0 epochs, a line each 1200", "train --config DIR/rate.toml": "5e-01, 0 steps of 10 epochs, a line each 50",
		"train --config DIR/bare.toml --epochs 4 --log-every 9": "5e-04, 0 steps of 4 epochs, a line each 9", "train --config DIR/steps.toml": "1e-02, 7 steps of 0 epochs, a line each 50",
		"train --config DIR/steps.toml --epochs 3": "1e-02, 0 steps of 3 epochs, a line each 50", "train": "1e-02, 0 steps of 10 epochs, a line each 50",
	} {
		r := networkRun{Config: train.Default}
		cmd := trainCmd(&r)
		if err := cmd.ParseFlags(strings.Fields(strings.ReplaceAll(args, "DIR", dir))[1:]); err != nil {
			t.Fatal(err)
		}
		if rest := cmd.Flags().Args(); len(rest) > 0 {
			r.System = rest[0]
		}
		r.flags = cmd.Flags()
		c, err := r.settings()
		if c.Steps > 0 {
			c.Epochs = 0
		}
		if got := fmt.Sprintf("%.0e, %d steps of %d epochs, a line each %d", c.Rate, c.Steps, c.Epochs, c.LogEvery); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", args, got, err, want)
		}
	}
}

// TestLossText: a loss fits its column, whatever it is.
func TestLossText(t *testing.T) {
	for x, want := range map[float64]string{2.30259: "2.3026", 0: "0.0000", -0.5: "-0.5000", 9999: "9999.0000", 12345.678: "1.235e+04", -1.4e30: "-1.4e+30", math.MaxFloat32: "3.403e+38"} {
		if got := lossText(x); got != want || len(got) > 10 {
			t.Errorf("%g is %q, want %q", x, got, want)
		}
	}
}

// TestAbsurdLoss: who watches a run is told at once that its loss went up a million times, and the run goes on.
func TestAbsurdLoss(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	status, stdout, stderr := hebb(t, small(images(t, 200), out, "--net", "mlp-tanh:30-8-10", "--optimiser", "sgd:weight_decay=1", "--lr", "3")...)
	if status != 0 || strings.Count(stderr, "hebb: the loss at step ") != 1 || !strings.Contains(stderr, "is the rate too high? The newest checkpoint up to step") {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
	for w := range strings.FieldsSeq(stdout) {
		if digits := strings.Trim(w, "0123456789"); digits == "." && len(w) > 10 {
			t.Errorf("%s in a column:\n%s", w, stdout)
		}
	}
}

// TestTrainInTurn: learners that cannot be side by side say why, and export writes the model of one, which is that of its
// seed alone.
func TestTrainInTurn(t *testing.T) {
	data, dir := images(t, 100), t.TempDir()
	several, file := filepath.Join(dir, "several"), filepath.Join(dir, "one.safetensors")
	status, stdout, stderr := hebb(t, small(data, several, "--net", "mlp:30-16-10,norm=batch", "--rule", "phsic", "--learners", "2", "--holdout", "0.2")...)
	if status != 0 || !strings.Contains(stdout, "learners  2, seeds 1 to 2, in turn: ") || !strings.Contains(stdout, " ± ") {
		t.Fatalf("status %d, stderr %q, stdout\n%s", status, stderr, stdout)
	}
	alone := filepath.Join(dir, "alone")
	if status, _, stderr := hebb(t, small(data, alone, "--net", "mlp:30-16-10,norm=batch", "--rule", "phsic", "--seed", "2", "--holdout", "0.2")...); status != 0 {
		t.Fatal(stderr)
	}
	if status, stdout, stderr = hebb(t, "export", several, "--learner", "1", "--out", file); status != 0 || !strings.Contains(stdout, "learner 1, seed 2, after step 12") {
		t.Fatalf("status %d, stderr %q, stdout %q", status, stderr, stdout)
	}
	if !bytes.Equal(read(t, dir, "one.safetensors"), read(t, filepath.Dir(model(alone)), train.ModelFile)) {
		t.Error("the exported model is another than that of the seed alone")
	}
	var both, one evaluated
	evalJSON(t, &both, several)
	evalJSON(t, &one, "--model", file, "--data", data, "--holdout", "0.2")
	if last, own := lastTest(t, several), lastTest(t, alone); both.Loss != last.Loss || one.Loss != own.Loss || both.Examples != 20 {
		t.Errorf("losses %g of both and %g of one, want %g and %g", both.Loss, one.Loss, last.Loss, own.Loss)
	}
	for want, args := range map[string][]string{
		"--learner 2, want 0 to 1: the run has 2": {"export", several, "--learner", "2", "--out", file},
		"there is no folder":                      {"export", filepath.Join(dir, "nowhere"), "--out", file},
		"hebb export writes the model of one":     small(data, filepath.Join(dir, "from"), "--net", "mlp:30-16-10,norm=batch", "--from", several),
		"keeps its settings":                      {"train", "--resume", several, "--learners", "1"},
	} {
		if status, _, stderr := hebb(t, args...); status == 0 || !strings.Contains(stderr, want) {
			t.Errorf("%v: status %d, stderr %q, want %q", args, status, stderr, want)
		}
	}
}

// TestTrainFrom: weights of a file are where a run starts; those of another network are refused.
func TestTrainFrom(t *testing.T) {
	data, first := images(t, 100), filepath.Join(t.TempDir(), "first")
	if status, _, stderr := hebb(t, small(data, first)...); status != 0 {
		t.Fatalf("status %d, stderr %q", status, stderr)
	}
	second := filepath.Join(t.TempDir(), "second")
	status, stdout, stderr := hebb(t, small(data, second, "--from", model(first), "--rule", "fa")...)
	if status != 0 || !strings.Contains(stdout, "from      ") {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
	status, stdout, stderr = hebb(t, small(data, filepath.Join(t.TempDir(), "folder"), "--from", first, "--rule", "last")...)
	if status != 0 || !strings.Contains(stdout, "from      "+model(first)) && !strings.Contains(stdout, "from      "+first) {
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
	if status != 2 || !strings.Contains(stderr, "fc1.weight is [2 2], want [16 30]") {
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
		{[]string{"--out", filepath.Join(file, "run")}, 2, "--out: "},
		{[]string{"--batch", "41"}, 2, "batches of 41, want 1 to 40"},
		{[]string{"--batch", "3", "--rule", "hsic"}, 2, "batches of 3, and the rule hsic learns from 4 at least"},
		{[]string{"--net", "mlp:784-10"}, 2, "takes 784 numbers, and the examples are 6×5×1"},
		{[]string{"--net", "mlp:30-9"}, 2, "makes 9 numbers, and there are 10 classes"},
		{[]string{"--net", "lenet5"}, 2, "conv2"},
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

// TestConfigNamed: a setting that cannot be is told with the file that it is from.
func TestConfigNamed(t *testing.T) {
	for _, c := range []struct{ text, flags, want string }{
		{"batch = 0", "", "FILE: batches of 0, want at least 1\n"},
		{"rule = \"bogus\"", "", "FILE: rule: "},
		{"stale = 1", "--micro 2", "whole batches, in the settings of flags over those of FILE\n"},
		{"stale = 1\nmicro = 2", "", "FILE: the rule bp in 2 parts: "},
		{"batch = 8", "--rule bogus", "--rule: "},
	} {
		dir := t.TempDir()
		put(t, dir, "c.toml", []byte(c.text))
		file := filepath.Join(dir, "c.toml")
		status, _, stderr := hebb(t, append([]string{"train", "--config", file, "--out", filepath.Join(dir, "run")}, strings.Fields(c.flags)...)...)
		if want := strings.ReplaceAll(c.want, "FILE", file); status != 2 || !strings.Contains(stderr, want) {
			t.Errorf("%s %s: status %d, stderr %q, want 2 and %q", c.text, c.flags, status, stderr, want)
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
		if _, err := os.Stat(model(out)); err == nil {
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
	_, step, err := train.LastModel(out)
	if err != nil {
		t.Fatal(err)
	}
	status, _, text := hebb(t, "train", "--resume", out, "--backend", "cpu", "--steps", strconv.Itoa(step+1))
	if status != 0 {
		t.Errorf("the last checkpoint does not serve: status %d, stderr %q", status, text)
	}
}
