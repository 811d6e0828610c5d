package cli

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"hebb/compute"
	"hebb/compute/computetest"
	"hebb/nets"
	"hebb/nets/data"
	"hebb/nets/develop"
	"hebb/nets/train"
)

// asCommand in the environment makes the test binary be the command, for what needs a process.
const asCommand = "HEBB_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		Main()
	}
	os.Exit(m.Run())
}

// hebb runs the command in this process.
func hebb(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	status = run(t.Context(), args, &out, &err)
	return status, out.String(), err.String()
}

// ok runs the command, which must end well.
func ok(t *testing.T, args ...string) (stdout string) {
	t.Helper()
	status, stdout, stderr := hebb(t, args...)
	if status != 0 || stderr != "" {
		t.Fatalf("hebb %v: status %d, stderr %q", args, status, stderr)
	}
	return stdout
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{}, {"--help"}, {"train", "--help"}, {"verify", "--help"}, {"info", "--help"}, {"bench", "--help"}, {"hsic", "--help"}} {
		status, out, stderr := hebb(t, args...)
		if status != 0 || stderr != "" || !strings.Contains(out, "Usage:") || !strings.Contains(out, "hebb ") {
			t.Errorf("hebb %v: status %d, stderr %q, stdout\n%s", args, status, stderr, out)
		}
	}
	_, out, _ := hebb(t, "--help")
	for _, want := range []string{"hebb verify ", "hebb train --rule sanger --data fashion-mnist --units 16"} {
		if !strings.Contains(out, want) {
			t.Errorf("the help lacks the example %q:\n%s", want, out)
		}
	}
}

func TestVersion(t *testing.T) {
	status, out, _ := hebb(t, "version")
	_, flag, _ := hebb(t, "--version")
	if status != 0 || !strings.HasPrefix(out, "hebb ") || !strings.Contains(out, runtime.Version()) || flag != out {
		t.Errorf("status %d, %q, and by the flag %q", status, out, flag)
	}
}

// TestMistakes: each mistake in the command line is said once, with what there is, at status 2.
func TestMistakes(t *testing.T) {
	system := filepath.Join(t.TempDir(), "system.toml")
	put(t, filepath.Dir(system), "system.toml", []byte("system = \"rflo:units=3\"\ntask = \"sines\"\n"))
	for _, c := range []struct {
		args string
		want []string
	}{
		{"trian", []string{`unknown command "trian"`, "bench, compare, completion, data, eval, export, features, hsic, info, list, man, plot, predict, record, report, reproduce, spikes, sweep, train, tune, verify, version, weights; did you mean train?"}},
		{"data ftech", []string{`unknown command "ftech", want one of fetch, info, list, show; did you mean fetch?`}},
		{"help trian", []string{`no help on "trian"`, "did you mean train?"}},
		{"completion tcsh", []string{`unknown command "tcsh"`, "bash, fish, powershell, zsh"}},
		{"man", []string{"wants a folder"}},
		{"tune now", []string{"flags only", `"now"`}},
		{"reproduce two-routes phsic", []string{"takes one experiment", "phsic"}},
		{"reproduce hopfeild", []string{"hopfeild", "did you mean hopfield?"}},
		{"train --optimizer sgd", []string{"unknown flag: --optimizer; did you mean --optimiser? hebb train has --allow"}},
		{"train --normalize none", []string{"did you mean --normalise?"}},
		{"train --rule faa", []string{`rule "faa"`, "did you mean fa or aa?"}},
		{"train --rule sangr", []string{"did you mean sanger?"}},
		{"train --rule ff", []string{"ff is a system with a network of its own: hebb train ff"}},
		{"train altmin:codes=2", []string{"altmin is a rule of networks: hebb train --rule altmin"}},
		{"train rflow --task sines", []string{"did you mean rflo?"}},
		{"train rflo --task sample:n=2", []string{"did you mean samples?"}},
		{"train --optimiser adm", []string{"did you mean adam?"}},
		{"train --schedule cosin", []string{"did you mean cosine?"}},
		{"train --net resnet21 --backend cpu", []string{"resnet20, resnet32", "did you mean resnet20"}},
		{"eval main.go --net lenet5", []string{"main.go is a file"}},
		{"eval nowhere", []string{"not the folder of a run: there is no folder nowhere"}},
		{"export nowhere --out x", []string{"there is no folder nowhere"}},
		{"train --resume nowhere --backend cpu", []string{"there is no folder nowhere"}},
		{"train --resume main.go --backend cpu", []string{"main.go is a file"}},
		{"train --resume testdata --backend cpu", []string{"testdata has no config.toml"}},
		{"train --data main.go --backend cpu", []string{"main.go is a file, want an .npz file"}},
		{"compare nowhere", []string{"there is no folder nowhere"}},
		{"plot nowhere", []string{"there is no folder nowhere"}},
		{"report nowhere.json", []string{"nowhere.json"}},
		{"hsic nowhere.npy nowhere.npy", []string{"nowhere.npy"}},
		{"hsic nowhere.npy nowhere.npy --normalised --eps nan", []string{"--eps: ε is NaN"}},
		{"bench --peer-device cpu", []string{"--peer-device is of --peer"}},
		{"train --from nowhere --backend cpu --batch 4 --data " + images(t, 8) + " --net mlp:30-10", []string{"nowhere"}},
		{"list now", []string{"flags only", `"now"`}},
		{"train now", []string{`system "now"`, "rflo, bptt"}},
		{"train now then", []string{"one system, and else flags only", "[\"now\" \"then\"]"}},
		{"train rflo:size=3 --task sines", []string{"system rflo", "no setting is called size", "units, tau, gain"}},
		{"train rflo:units=0 --task sines", []string{"rflo:units=0", "0 units"}},
		{"train rflo --task cosines", []string{`task "cosines"`, "sines, xor"}},
		{"train rflo --task sines:period=1", []string{"a period of 1"}},
		{"train reward-eprop:recall=1e30 --task evidence:reward=true", []string{"a recall of 1e+30 ms", "at most 3e+06"}},
		{"train triplet:refractory=1000 --task sources", []string{"refractory 1000 ms, want at most the 100 ms that an example is shown"}},
		{"train dendrites:error_scale=0 --task xor", []string{"error_scale 0, want above 0"}},
		{"train dendrites:max_rate=1e-30 --task xor", []string{"max_rate 1e-30 spikes per ms, want 1e-06 to 0.5"}},
		{"train scaling --task assemblies --backend cpu", []string{"answers [1 1 200], want the spikes of 3000 cells", "scaling fits kick"}},
		{"train rflo --task sines --rule fa", []string{"--rule is for networks", "rflo"}},
		{"train rflo --task sines --units 3", []string{"--units is for the rules sanger", "not for rflo"}},
		{"train rflo --task sines --batch 3", []string{"--batch", "the task sines makes its own"}},
		{"train rflo --task sines --crop 3", []string{"--crop", "the task sines makes its own"}},
		{"train rflo --task sines --data nowhere", []string{"--data", "the task sines makes its own"}},
		{"train rflo --task sines --angles 3", []string{"--angles", "the task sines makes its own"}},
		{"train wp --angles 3", []string{"--angles", "compare its deltas with backprop's, and wp cannot"}},
		{"train sanger --task samples --flip", []string{"--flip", "the task samples shows rows without"}},
		{"train rflo --task sines --from x", []string{"--from is for networks", "rflo"}},
		{"train --config " + system + " --net lenet5", []string{"--net is for networks", "rflo:units=3"}},
		{"train --config " + system + " --rule fa", []string{"--rule is for networks", "rflo:units=3"}},
		{"train --epochs 3 --steps 2", []string{"--epochs", "want one of the two"}},
		{"train --resume x --epochs 3 --steps 2", []string{"--epochs and --steps", "want one of the two"}},
		{"train rflo --task sample", []string{`task "sample"`, "sines, xor, recall, ", ", samples, sequences"}},
		{"train --backend cpu --rung naive", []string{"--rung with --backend cpu", "flags of a GPU"}},
		{"train --backend cpu --device 0 --no-cache", []string{"--device, --no-cache with --backend cpu"}},
		{"verify --backend cpu --tuning off", []string{"--tuning with --backend cpu"}},
		{"reproduce hopfield --backend cpu --no-cache", []string{"--no-cache with --backend cpu"}},
		{"train --context surfaceless --device 0", []string{"--device 0 with --context surfaceless"}},
		{"train --rung third", []string{`rung "third"`, "naive"}},
		{"train --device -7", []string{"device -7"}},
		{"train --rule fa:scale=-1", []string{"scale -1"}},
		{"train --rule wm:rate=nan", []string{`rule wm: "rate=nan": want a finite number`}},
		{"train wp:hidden=20", []string{`"hidden=20": want a list in brackets`}},
		{"train --net mlp:784-10-10,dropout=nan --data " + images(t, 8) + " --batch 4 --backend cpu", []string{"dropout=nan", "[0, 1)"}},
		{"train rflo --resume x", []string{"rflo with --resume", "keeps its settings"}},
		{"train --task sines", []string{"sines without a system"}},
		{"train --learners 0", []string{"0 learners, want at least 1"}},
		{"train rflo --task sines --epochs 0", []string{"0 epochs and 0 steps"}},
		{"export", []string{"the folder of one run"}},
		{"features", []string{"the folder of one run"}},
		{"features x --out x.npy", []string{"want --layer"}},
		{"features x --layer fc1 --out x.npz", []string{`--out "x.npz"`, "ends in .npy"}},
		{"features x --layer fc1 --out x.npy", []string{"not the folder of a run"}},
		{"predict x --out x.json", []string{`--out "x.json"`, "ends in .csv or .npz"}},
		{"eval x --confusion=x.pdf", []string{"--confusion", "ends in .png or .svg"}},
		{"weights x --picture x.png", []string{"--picture", "--layer", "both or neither"}},
		{"weights x --picture x.gif --layer fc1", []string{"--picture x.gif", "ends in .svg or .png"}},
		{"weights x --out x.npy", []string{"--out x.npy", "ends in .npz"}},
		{"weights x", []string{"there is no folder x"}},
		{"sweep", []string{"want --set"}},
		{"sweep --set lr=0.1", []string{"want --out"}},
		{"sweep --set lr=0.1 --out x --jobs 0", []string{"--jobs 0"}},
		{"sweep --set lr --out x", []string{`--set "lr"`, "FLAG=VALUE"}},
		{"sweep --set lr=0.1,0.1 --out x", []string{`the value "0.1" is empty or there twice`}},
		{"sweep --set rule=[fa,bp --out x", []string{"a bracket without another"}},
		{"sweep --set rule=fa],bp --out x", []string{"a bracket without another"}},
		{"sweep --set lr=0.1 --set lr=0.2 --out x", []string{"--set lr twice"}},
		{"sweep --set colour=red --out x", []string{"--set colour", "batch, ", "lr, "}},
		{"sweep --set lr=0.1 --out x -- --lr 0.2", []string{"--set lr and --lr"}},
		{"sweep --set lr=0.1 --out x -- --out y", []string{"--out after --"}},
		{"sweep --set lr=0.1 --out x -- --colour red", []string{"unknown flag: --colour", "--batch"}},
		{"sweep --set lr=0.1 --out x now", []string{`"now" before --`}},
		{"sweep --set lr=0.1 --out x -- now", []string{"lr=0.1: ", `system "now"`}},
		{"sweep --set rule=fa,bcm --out x", []string{"rule=bcm: ", `rule "bcm"`}},
		{"sweep --set lr=0.1,fast --out x", []string{"lr=fast: ", "--lr"}},
		{"sweep --set system=rflo,wp --out x -- rflo", []string{"--set system and the system rflo"}},
		{"export x", []string{"want --out"}},
		{"train --colour red", []string{"unknown flag: --colour", "--rule", "--backend"}},
		{"verify -q", []string{"unknown shorthand flag"}},
		{"train --rule bcm", []string{"--rule", "bcm", "bp, fa, dfa", "sanger, subspace, oja, hebb"}},
		{"train --rule aa:speed=2", []string{"speed", "rate, decay, amp"}},
		{"train --rule aa:share=2", []string{"aa:share=2", "share 2", "[0, 1]"}},
		{"train --rule wm:examples=0", []string{"0 examples"}},
		{"train --rule aa:rate=fast", []string{"rule aa", "rate=fast"}},
		{"train --optimiser lbfgs", []string{"lbfgs", "adam, adamw, momentum, nesterov, quickprop, rmsprop, sgd"}},
		{"train --schedule never", []string{"never", "constant, step, cosine, inverse"}},
		{"train --loss hinge", []string{"hinge", "cross-entropy"}},
		{"train --loss hsic:sigma_x=0.0", []string{"sigma_x 0", "sigma_y 1"}},
		{"train --loss hsic --batch 3", []string{"batches of 3", "4 at least"}},
		{"train --lr 0", []string{"rate 0"}},
		{"train --canvas x", []string{`--canvas "x", want a whole number`}},
		{"train --seed -1", []string{`--seed "-1", want a whole number of at least 0`}},
		{"train --lr fast", []string{`--lr "fast", want a number`}},
		{"reproduce infomax --scale tiny", []string{`at the scale "tiny", want one of cpu, small` + "\n"}},
		{"train hopfield --task recall --lr 0.1", []string{"--lr is for systems that have a learning rate, and hopfield learns without"}},
		{"train logic:ties=plus --task clauses --schedule cosine", []string{"--schedule is for systems that have a learning rate, and logic:ties=plus"}},
		{"train --clip 1e39", []string{"clip 1e+39", "to 3.4e+38"}},
		{"train --epochs 0", []string{"0 epochs"}},
		{"train --units 3", []string{"--units", "sanger"}},
		{"train --rule sanger --units 0 --data " + images(t, 8), []string{"0 units, want 1 to 30"}},
		{"train --rule sanger --net lenet5", []string{"--net", "sanger"}},
		{"train --resume x --lr 0.1", []string{"--lr", "--resume"}},
		{"train --config /nonexistent.toml", []string{"nonexistent"}},
		{"reproduce chaos", []string{"chaos", "weight-transport, two-routes"}},
		{"reproduce two-routes --scale huge", []string{"huge", "cpu, gpu"}},
		{"reproduce two-routes --only chaos", []string{"chaos", "mlp-mnist"}},
		{"train --data cifar", []string{"cifar", "fashion-mnist, mnist"}},
		{"train --backend tpu", []string{"tpu", "auto, gpu, cpu"}},
		{"train --context vulkan", []string{"vulkan", "auto, egl, surfaceless, glfw"}},
		{"train --units many", []string{"many", "--units"}},
		{"train --limit -1", []string{"limit -1"}},
		{"train --rule", []string{"flag needs an argument: --rule"}},
		{"verify --backend gpu,tpu", []string{"tpu", "gpu, cpu"}},
		{"verify --backend cpu,cpu", []string{"cpu twice"}},
		{"verify --op Convolution", []string{"Convolution", "Gemm, Hebbian, Gram, KernelSums, KernelGrad, Inverse, Conv"}},
		{"verify --sample -1", []string{"--sample -1"}},
		{"verify --format xml", []string{"xml", "table, json"}},
		{"info --format xml", []string{"xml", "table, json"}},
	} {
		status, out, stderr := hebb(t, strings.Fields(c.args)...)
		if status != 2 || out != "" || !strings.HasPrefix(stderr, "hebb: ") || strings.Count(stderr, "\n") != 1 {
			t.Errorf("hebb %s: status %d, stdout %q, stderr %q", c.args, status, out, stderr)
		}
		for _, w := range c.want {
			if !strings.Contains(stderr, w) {
				t.Errorf("hebb %s: stderr is %q, want %q in it", c.args, stderr, w)
			}
		}
	}
}

// TestExitStatus: 0, 1, 2 and 130 mean the same for every command, and the help says so.
func TestExitStatus(t *testing.T) {
	status, out, _ := hebb(t, "help", "exit-codes")
	if status != 0 {
		t.Errorf("hebb help exit-codes: status %d", status)
	}
	for _, want := range []string{"0    done", "1    failed", "2    wrong input", "130  interrupted", traceEnv} {
		if !strings.Contains(out, want) {
			t.Errorf("the help lacks %q:\n%s", want, out)
		}
	}
	missing := fmt.Errorf("open x: %w", fs.ErrNotExist)
	_, unfit := train.New(nil, names, train.Config{})
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0}, {errors.New("a full disk"), 1}, {usagef("--x"), 2}, {fmt.Errorf("more: %w", usagef("--x")), 2}, {missing, 2}, {failure{missing}, 1},
		{unfit, 2}, {failure{fmt.Errorf("stopped: %w", context.Canceled)}, 130}, {failure{fmt.Errorf("stopped: %w", stopped{syscall.SIGTERM})}, 143}, {errors.Join(usagef("--x"), errors.New("y")), 2},
	} {
		if got := exitStatus(t.Context(), c.err); got != c.want {
			t.Errorf("%v: status %d, want %d", c.err, got, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	data, dir := images(t, 40), t.TempDir()
	for _, c := range []struct {
		ctx  context.Context
		want int
		args []string
	}{
		{t.Context(), 0, small(data, filepath.Join(dir, "run"))}, {t.Context(), 1, small(data, filepath.Join(dir, "run"))},
		{t.Context(), 1, small(data, filepath.Join(dir, "diverged"), "--lr", "1e30", "--epochs", "4")}, {t.Context(), 2, small(data, filepath.Join(dir, "wrong"), "--batch", "41")},
		{ctx, 130, small(data, filepath.Join(dir, "stopped"))}, {t.Context(), 2, []string{"eval", filepath.Join(dir, "run"), "--backend", "cpu"}},
	} {
		var out, stderr bytes.Buffer
		if status := run(c.ctx, c.args, &out, &stderr); status != c.want {
			t.Errorf("hebb %v: status %d, want %d, stderr %q", c.args, status, c.want, stderr.String())
		}
	}
}

// TestComplete: a shell completes the values of flags and the arguments of commands, with what a program added among them.
func TestComplete(t *testing.T) {
	were := *names
	t.Cleanup(func() { *names = were })
	System("half-lost", "a test", func() nets.System { return &halfLost{} })(names)
	for args, want := range map[string]string{
		"train ": "half-lost rflo sanger", "train --rule ": "bp phsic sanger", "train --net ": "mlp lenet5 resnet20", "train --task ": "sines samples", "train --backend ": "auto gpu cpu",
		"train --data ": "fashion-mnist cifar10", "train --schedule ": "cosine", "train --optimiser ": "adamw", "train --normalise ": "channel signed none", "bench --suite ": "layers training", "bench ": "compare", "bench compare --format ": "table json markdown",
		"tune --suite ": "gram", "verify --op ": "Gemm Conv", "eval --part ": "test train", "reproduce ": "two-routes", "data fetch ": "mnist", "help ": "train exit-codes",
	} {
		status, out, _ := hebb(t, append([]string{"__complete"}, strings.Split(args, " ")...)...)
		for w := range strings.FieldsSeq(want) {
			if status != 0 || !slices.Contains(strings.Fields(out), w) {
				t.Errorf("hebb %s: status %d, %q, want %s", args, status, out, w)
			}
		}
	}
}

// TestMan: each command has a page with its flags; tables stay tables.
func TestMan(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man1")
	if status, out, stderr := hebb(t, "man", dir); status != 0 || !strings.Contains(out, dir) {
		t.Fatalf("status %d, %q, %q", status, out, stderr)
	}
	for _, c := range newRoot().Commands() {
		if !c.IsAvailableCommand() {
			continue
		}
		page := read(t, dir, "hebb-"+c.Name()+".1")
		if !bytes.Contains(page, []byte("hebb "+c.Name())) && !bytes.Contains(page, []byte("hebb-"+c.Name())) {
			t.Errorf("the page of %s is\n%s", c.Name(), page)
		}
	}
	if page := string(read(t, dir, "hebb-train.1")); !strings.Contains(page, "Δw_u = η·y_u·(x − Σ_{v≤u} y_v·w_v)") || !strings.Contains(page, "--learners") {
		t.Errorf("the page of train is\n%s", page)
	}
}

// TestList: everything that can be named is there, with its settings and what suits it.
func TestList(t *testing.T) {
	_, out, _ := hebb(t, "list")
	for _, want := range []string{
		"units=50, tau=10, gain=1.5", "\n                 --lr 0.0005 unless", "--steps 24000 unless", "--epochs 10 unless", "sweeps=10, async=false\n                 no learning rate\n",
		"at=[4, 6], factor=0.25: both have to be given", "warmup=0: epochs of a linear rise",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the list lacks %q:\n%s", want, out)
		}
	}
	for _, kind := range nets.ScheduleKinds {
		if schedules[kind].about == "" || schedules[kind].settings == "" {
			t.Errorf("nothing is said of the schedule %s", kind)
		}
	}
	_, help, _ := hebb(t, "train", "--help")
	for _, want := range []string{"learning rate (default: 0.01, of a system the one that hebb list shows", "passes over the examples (default: 10, of a task the length"} {
		if !strings.Contains(help, want) || strings.Contains(help, "(default 0.01)") {
			t.Errorf("the help of train lacks %q:\n%s", want, help)
		}
	}
}

// images writes a data set of n images of 6×5 with two strong components and noise.
func images(t *testing.T, n int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	pixels := binary.BigEndian.AppendUint32([]byte{0, 0, 8, 3}, uint32(n))
	pixels = append(pixels, 0, 0, 0, 6, 0, 0, 0, 5)
	labels := binary.BigEndian.AppendUint32([]byte{0, 0, 8, 1}, uint32(n))
	for i := range n {
		a, b := math.Sin(2*math.Pi*float64(i)/float64(n)), math.Cos(4*math.Pi*float64(i)/float64(n))
		for j := range 30 {
			wave := 60*a*math.Sin(float64(j)/3) + 30*b*math.Cos(float64(j)/2) + float64(i*j%7)
			pixels = append(pixels, byte(128+wave))
		}
		labels = append(labels, byte(i%10))
	}
	put(t, dir, "train-images-idx3-ubyte", pixels)
	put(t, dir, "train-labels-idx1-ubyte", labels)
	return dir
}

func put(t *testing.T, dir, name string, b []byte) {
	t.Helper()
	err := os.MkdirAll(dir, 0o777)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name), b, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestTrain(t *testing.T) {
	data := images(t, 200)
	out := filepath.Join(t.TempDir(), "deep", "run")
	args := []string{"train", "--rule", "sanger", "--data", data, "--units", "2", "--batch", "20", "--epochs", "50",
		"--rate", "0.5", "--backend", "cpu", "--out", out, "--verify", "10"}
	status, stdout, stderr := hebb(t, args...)
	if status != 0 {
		t.Fatalf("status %d, stderr %q", status, stderr)
	}
	for _, want := range []string{"200 images of 6×5", "500 steps of 20 examples", "examples/s", "|cos|", "captured", "verified", filtersFile} {
		if !strings.Contains(stdout, want) {
			t.Errorf("stdout lacks %q:\n%s", want, stdout)
		}
	}
	f, err := os.Open(filepath.Join(out, filtersFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if m, err := png.Decode(f); err != nil || m.Bounds().Dx() < 500 {
		t.Errorf("the contact sheet: %v", err)
	}
	rec, err := train.ReadRecord(out)
	if err != nil || rec.Parameters != 60 || rec.Examples != 200 || rec.Device.Backend != "cpu" {
		t.Errorf("the record is %+v, %v", rec, err)
	}
	// An update is judged at 10 elements of the activities and 10 of the weights, and at those of what it counts.
	if rec.Verified == nil || rec.Verified.Judged < 500*2*10 || rec.Verified.Worst > 1 {
		t.Errorf("verified: %+v", rec.Verified)
	}
	text := read(t, out, componentsFile)
	var all []develop.Agreement
	if err := json.Unmarshal(text, &all); err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	if cs := all[0].Components; len(cs) != 2 || !(cs[0].Cos >= 0.99) || !(cs[1].Cos >= 0.99) || !(all[0].Captured >= 0.99) {
		t.Errorf("agreement: %+v", all[0])
	}
	if left, _ := os.ReadDir(out); len(left) != len(ofARun) {
		t.Errorf("the folder holds %v, want %v", left, ofARun)
	}

	if status, stdout, stderr = hebb(t, args...); status != 1 || stdout != "" || !strings.Contains(stderr, "holds a run already") || !strings.Contains(stderr, "--force") {
		t.Errorf("a second run into the folder: status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
	// What cannot begin replaces nothing; what can leaves nothing of the run before.
	if status, _, stderr = hebb(t, append(args, "--force", "--seed", "2", "--batch", "201")...); status != 2 || !bytes.Equal(read(t, out, componentsFile), text) {
		t.Errorf("with --force and too large a batch: status %d, stderr %q", status, stderr)
	}
	if status, _, stderr = hebb(t, append(args, "--force", "--seed", "2")...); status != 0 || bytes.Equal(read(t, out, componentsFile), text) {
		t.Errorf("with --force: status %d, stderr %q", status, stderr)
	}
	if left, _ := os.ReadDir(out); len(left) != len(ofARun) {
		t.Errorf("with --force the folder holds %v", left)
	}
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTrainOnBadData(t *testing.T) {
	good := images(t, 20)
	file, err := os.ReadFile(filepath.Join(good, "train-images-idx3-ubyte"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":      {nil, "empty"},
		"truncated":  {file[:100], "cut short"},
		"mislabeled": {append([]byte{0, 0, 8, 1}, file[4:]...), "looks like labels"},
		"not gzip":   {[]byte{0x1f, 0x8b, 0, 0}, "gzip"},
	} {
		dir := images(t, 20)
		put(t, dir, "train-images-idx3-ubyte", c.file)
		out := filepath.Join(t.TempDir(), "run")
		status, _, stderr := hebb(t, "train", "--data", dir, "--backend", "cpu", "--out", out)
		if status != 2 || !strings.Contains(stderr, c.want) || !strings.Contains(stderr, "train-images-idx3-ubyte") {
			t.Errorf("%s: status %d, stderr %q, want %q and the file's name", name, status, stderr, c.want)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: the run left a folder behind", name)
		}
	}
}

func TestTrainRefusals(t *testing.T) {
	data := images(t, 20)
	file := filepath.Join(t.TempDir(), "file")
	put(t, filepath.Dir(file), "file", nil)
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"--out", filepath.Join(file, "run"), "--batch", "5"}, 2, "--out"},
		{[]string{"--out", file, "--batch", "5"}, 2, "--out"},
		{[]string{"--batch", "21"}, 2, "batches of 21, want 1 to 20"},
		{[]string{"--batch", "5", "--units", "31"}, 2, "31 units, want 1 to 30"},
		{[]string{"--batch", "5", "--rate", "0"}, 2, "rate 0"},
		{[]string{"--batch", "5", "--units", "2", "--rate", "1e4", "--epochs", "20"}, 1, "diverged"},
	} {
		t.Chdir(t.TempDir())
		status, stdout, stderr := hebb(t, append([]string{"train", "--rule", "sanger", "--data", data, "--backend", "cpu"}, c.args...)...)
		if status != c.status || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: status %d, stderr %q, want %d and %q", c.args, status, stderr, c.status, c.want)
		}
		if c.want == "--out" && stdout != "" {
			t.Errorf("%v: the path was found out after work had begun:\n%s", c.args, stdout)
		}
		if left, _ := filepath.Glob("runs/*"); len(left) > 0 && c.want != "diverged" {
			t.Errorf("%v: left %v behind", c.args, left)
		}
	}
}

func TestVerify(t *testing.T) {
	status, out, stderr := hebb(t, "verify", "--backend", "cpu", "--sample", "4")
	if status != 0 || !strings.Contains(out, "cases right") || strings.Contains(out, "gpu") {
		t.Errorf("status %d, stderr %q, stdout\n%s", status, stderr, out)
	}
	for _, op := range opNames() {
		if !strings.Contains(out, op) {
			t.Errorf("the table lacks %s:\n%s", op, out)
		}
	}
	status, out, _ = hebb(t, "verify", "--backend", "cpu", "--op", "Copy", "--format", "json")
	var v verification
	if err := json.Unmarshal([]byte(out), &v); err != nil || status != 0 {
		t.Fatalf("status %d, %v:\n%s", status, err, out)
	}
	if len(v.Ops) != 1 || v.Ops[0].Op != "Copy" || v.Ops[0].Judged != v.Ops[0].Elements || v.Ops[0].Judged == 0 || v.Wrong != 0 {
		t.Errorf("the report is\n%s", out)
	}
}

// An impatient context ends when it has been asked that often.
type impatient struct {
	context.Context
	left atomic.Int32
}

func (c *impatient) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

func TestInterruptedVerify(t *testing.T) {
	ctx := &impatient{Context: context.Background()} // whose end comes after some cases on any machine
	ctx.left.Store(50)
	var out, stderr bytes.Buffer
	status := run(ctx, []string{"verify", "--backend", "cpu", "--full"}, &out, &stderr)
	if status != 130 || !strings.Contains(stderr.String(), "stopped after") || !strings.Contains(out.String(), "Gemm") ||
		strings.Contains(out.String(), "all ") || !strings.Contains(out.String(), "ended early: ") {
		t.Errorf("status %d, stderr %q, stdout\n%s", status, stderr.String(), out.String())
	}
}

// slow is a backend that says that it is a program on the CPU.
type slow struct{ compute.Backend }

func (s slow) Info() compute.Info { return compute.Info{Backend: "gpu", Software: true} }

// TestVerifySoftware: beside another device, a program on the CPU gets the first two cases of each op.
func TestVerifySoftware(t *testing.T) {
	cases, err := computetest.CasesOf(compute.Copy{}, computetest.Quick)
	if err != nil {
		t.Fatal(err)
	}
	cpu, _, err := new(backendFlags).backend("cpu")
	if err != nil {
		t.Fatal(err)
	}
	v := newVerification([]*compute.Device{compute.New(slow{cpu}), compute.New(cpu)}, cases)
	v.some = firstOfEach(cases, 2)
	var table bytes.Buffer
	if err := errors.Join(v.check(t.Context(), cases, 4, os.Stderr), v.print(&table, "table")); err != nil {
		t.Fatal(err)
	}
	if v.Checked[0] != 2 || v.Checked[1] != len(cases) || !strings.Contains(table.String(), ": 2 of the cases; --all for all\n") ||
		!strings.Contains(table.String(), "cases right (on gpu the 2 that were tried)") {
		t.Errorf("%d cases were checked:\n%s", v.Checked, table.String())
	}
}

// A liar is a backend with one op wrong by one element.
type liar struct {
	compute.Backend
	wrong float32
}

func (l liar) Run(op compute.Op) error {
	if err := l.Backend.Run(op); err != nil {
		return err
	}
	if _, ok := op.(compute.Copy); !ok {
		return nil
	}
	outs, _ := compute.Operands(op)
	at := outs[0].Offset()
	if outs[0].Type() == compute.Float16 { // two of which are a word
		at /= 2
	}
	return outs[0].Buffer().Write(at, []float32{l.wrong})
}

// TestVerifyWrong: a wrong element is found, named with what it should have been, and counted; in
// JSON too, which has no number for an error in units of a bound of 0.
func TestVerifyWrong(t *testing.T) {
	var f backendFlags
	b, _, err := f.backend("cpu")
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []float32{1e6, float32(math.NaN())} {
		dev := compute.New(liar{b, wrong})
		cases, err := computetest.CasesOf(compute.Copy{}, computetest.Quick)
		if err != nil {
			t.Fatal(err)
		}
		v := newVerification([]*compute.Device{dev}, cases)
		if err := v.check(t.Context(), cases, 0, os.Stderr); err != nil {
			t.Fatal(err)
		}
		var table, js bytes.Buffer
		if err := errors.Join(v.print(&table, "table"), v.print(&js, "json")); err != nil {
			t.Fatal(err)
		}
		if v.Wrong != len(cases) || len(v.Reasons) != maxReasons {
			t.Errorf("%d of %d cases found wrong, %d reasons", v.Wrong, len(cases), len(v.Reasons))
		}
		for _, want := range []string{"WRONG", "element 0 of", "want ", "… and "} {
			if !strings.Contains(table.String(), want) {
				t.Errorf("the table lacks %q:\n%s", want, table.String())
			}
		}
		if !json.Valid(js.Bytes()) {
			t.Errorf("not JSON:\n%s", js.String())
		}
	}
}

func TestInfo(t *testing.T) {
	status, out, stderr := hebb(t, "info")
	if status != 0 || stderr != "" || !strings.Contains(out, "cpu: ") || !strings.Contains(out, "gpu") || !strings.Contains(out, "MPI") {
		t.Errorf("status %d, stderr %q, stdout\n%s", status, stderr, out)
	}
	status, out, _ = hebb(t, "info", "--format", "json")
	var r report
	if err := json.Unmarshal([]byte(out), &r); err != nil || status != 0 || r.CPU.Backend != "cpu" || len(r.GPUs) == 0 {
		t.Errorf("status %d, %v:\n%s", status, err, out)
	}
}

// TestComponentsStop: Ctrl-C ends the wait for exact eigenvectors, which take seconds of images.
func TestComponentsStop(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	cancel(stop)
	set := &data.Set{Name: "large", Height: 24, Width: 24, Channels: 1, Train: &data.Split{Pixels: make([]byte, 1200*576), Labels: make([]int, 1200)}}
	for i := range set.Train.Pixels {
		set.Train.Pixels[i] = byte(i * i >> 3)
	}
	start := time.Now()
	if _, err := exact(ctx, set, 0, io.Discard); !errors.Is(err, stop) || time.Since(start) > 5*time.Second {
		t.Errorf("%v after %v, want to stop at once", err, time.Since(start))
	}
}
