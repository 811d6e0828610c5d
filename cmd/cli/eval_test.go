package cli

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hebb/nets/data"
	"hebb/nets/train"
)

// trained is the folder of a run of two epochs on 200 images of 6×5, a fifth of which are held out.
func trained(t *testing.T, data string, flags ...string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "run")
	args := append([]string{"train", "--net", "mlp:30-16-10", "--data", data, "--batch", "20", "--epochs", "2", "--lr", "0.05",
		"--holdout", "0.2", "--log-every", "2", "--backend", "cpu", "--out", dir}, flags...)
	if status, _, stderr := hebb(t, args...); status != 0 {
		t.Fatalf("hebb %v: status %d, %s", args, status, stderr)
	}
	return dir
}

// lastTest is what the run measured at its end.
func lastTest(t *testing.T, dir string) train.Line {
	t.Helper()
	h, err := train.ReadHistory(dir)
	if err != nil {
		t.Fatal(err)
	}
	tests := h.Of("test")
	return tests[len(tests)-1]
}

func TestEval(t *testing.T) {
	set := images(t, 200)
	dir := trained(t, set)
	last := lastTest(t, dir)
	status, out, stderr := hebb(t, "eval", dir, "--backend", "cpu", "--confusion")
	if status != 0 || stderr != "" {
		t.Fatalf("status %d, %s", status, stderr)
	}
	for _, want := range []string{"mlp:30-16-10", "after step 16", "the test part of " + set, "of 40, in", "class", "taken for:", "cpu: "} {
		if !strings.Contains(out, want) {
			t.Errorf("stdout lacks %q:\n%s", want, out)
		}
	}
	var v evaluated
	evalJSON(t, &v, dir, "--confusion")
	if v.Loss != last.Loss || v.Accuracy != last.Accuracy || v.Examples != 40 || v.Device.Backend != "cpu" || len(v.Confusion) != 10 {
		t.Errorf("%+v, want loss %g and accuracy %g", v, last.Loss, last.Accuracy)
	}
	evalJSON(t, &v, dir, "--part", "train")
	if v.Examples != 160 {
		t.Errorf("%d examples to train on, want 160", v.Examples)
	}

	// The file alone, which says what network it is of.
	model, _, err := train.LastModel(dir)
	if err != nil {
		t.Fatal(err)
	}
	evalJSON(t, &v, "--model", model, "--data", set, "--holdout", "0.2")
	if v.Loss != last.Loss || v.Accuracy != last.Accuracy {
		t.Errorf("the file alone: %+v, want loss %g and accuracy %g", v, last.Loss, last.Accuracy)
	}
	// An earlier checkpoint is not the last one.
	earlier := filepath.Join(dir, "checkpoints", "step-000000008", train.ModelFile)
	evalJSON(t, &v, dir, "--model", earlier)
	if v.Loss == last.Loss || v.Model != earlier {
		t.Errorf("an earlier checkpoint: %+v", v)
	}
}

func evalJSON(t *testing.T, v *evaluated, args ...string) {
	t.Helper()
	status, out, stderr := hebb(t, append([]string{"eval", "--backend", "cpu", "--format", "json"}, args...)...)
	*v = evaluated{}
	if err := json.Unmarshal([]byte(out), v); err != nil || status != 0 {
		t.Fatalf("eval %v: status %d, %s, %v:\n%s", args, status, stderr, err, out)
	}
}

// TestEvalRotated: a network that HSIC loss trained, on upright images and on turned ones, which are the same each time.
func TestEvalRotated(t *testing.T) {
	set := images(t, 200)
	dir := trained(t, set, "--loss", "hsic:sigma_x=8.0")
	var upright, turned, again evaluated
	evalJSON(t, &upright, dir)
	if last := lastTest(t, dir); upright.Loss != last.Loss || upright.Accuracy != last.Accuracy || upright.Rotated != 0 {
		t.Errorf("%+v, want loss %g and accuracy %g", upright, last.Loss, last.Accuracy)
	}
	evalJSON(t, &turned, dir, "--rotate", "-30", "--rotate-within", "10")
	evalJSON(t, &again, dir, "--rotate", "-30", "--rotate-within", "10", "--confusion")
	if turned.Score != again.Score || turned.Loss == upright.Loss || turned.Rotated != -30 || turned.Within != 10 {
		t.Errorf("turned %+v, again %+v, upright %+v", turned, again, upright)
	}
	evalJSON(t, &again, dir, "--rotate", "-30", "--rotate-within", "10", "--rotate-seed", "2")
	if again.Loss == turned.Loss {
		t.Error("another seed turns images by the same angles")
	}
	evalJSON(t, &again, dir, "--shift", "1,-2")
	if again.Loss == upright.Loss || again.Shift != (data.Shift{Down: 1, Right: -2}) {
		t.Errorf("shifted %+v", again)
	}
	status, out, stderr := hebb(t, "eval", dir, "--backend", "cpu", "--shift", "0,1", "--rotate", "45", "--rotate-within", "5")
	if want := ", moved 0 down and 1 right, turned by 45°, turned at random within ±5°\n"; status != 0 || !strings.Contains(out, want) {
		t.Errorf("status %d, %s, want %q in:\n%s", status, stderr, want, out)
	}
	model, _, err := train.LastModel(dir)
	if err != nil {
		t.Fatal(err)
	}
	status, _, stderr = hebb(t, "eval", "--backend", "cpu", "--model", model, "--data", set, "--holdout", "0.2")
	if status != 2 || !strings.Contains(stderr, "trained by the loss hsic") {
		t.Errorf("without its loss: status %d, %s", status, stderr)
	}
	evalJSON(t, &again, "--model", model, "--data", set, "--holdout", "0.2", "--loss", "hsic:sigma_x=8.0")
	if again.Score != upright.Score {
		t.Errorf("the file alone: %+v, want %+v", again.Score, upright.Score)
	}
}

// TestEvalManyClasses: where a table of all pairs could not be read, the commonest confusions are listed.
func TestEvalManyClasses(t *testing.T) {
	v := evaluated{Evaluation: train.Evaluation{Confusion: make([][]int, 30)}}
	for i := range v.Confusion {
		v.Classes = append(v.Classes, string(rune('a'+i)))
		v.Confusion[i] = make([]int, 30)
		v.Confusion[i][i] = 3
	}
	v.Confusion[2][5], v.Confusion[7][1] = 1, 6
	v.Confusion[29][29] = 0
	var b strings.Builder
	if err := v.printClasses(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"c             4   75.00 %   100.00 %\n", "f             3  100.00 %    75.00 %\n", "h             9   33.33 %   100.00 %\n", "~             0         –          –\n", "h      b                 6\nc      f                 1\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the tables lack %q:\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "taken for:") {
		t.Errorf("30 classes have a square:\n%s", b.String())
	}
}

func TestEvalRefusals(t *testing.T) {
	set := images(t, 200)
	dir := trained(t, set)
	model, _, err := train.LastModel(dir)
	if err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(t.TempDir(), "fresh")
	if err := os.MkdirAll(fresh, 0o777); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, train.ConfigFile))
	if err != nil {
		t.Fatal(err)
	}
	put(t, fresh, train.ConfigFile, text)
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{}, 2, "nothing to evaluate"},
		{[]string{dir, dir}, 2, "one run"},
		{[]string{t.TempDir()}, 2, train.ConfigFile},
		{[]string{filepath.Join(dir, "nowhere")}, 2, "nowhere"},
		{[]string{fresh}, 1, "no checkpoint yet"},
		{[]string{dir, "--data", "mnits"}, 2, "fashion-mnist, mnist"},
		{[]string{dir, "--data", widerImages(t)}, 2, "want 6×5×1"},
		{[]string{dir, "--net", "lenet5"}, 2, "which says that itself"},
		{[]string{dir, "--holdout", "0.3"}, 2, "which says that itself"},
		{[]string{dir, "--part", "half"}, 2, "test, train"},
		{[]string{dir, "--rotate-seed", "3"}, 2, "--rotate-seed is of --rotate-within"},
		{[]string{dir, "--shift", "2"}, 2, "\"2\", want pixels down and right, as 2,2"},
		{[]string{dir, "--shift", "2,x"}, 2, "\"2,x\", want pixels down and right"},
		{[]string{dir, "--shift", "99,0"}, 2, "a shift by 99 down and 0 right of images of"},
		{[]string{dir, "--rotate", "361"}, 2, "a rotation by 361°"},
		{[]string{dir, "--rotate-within", "-1"}, 2, "within -1°"},
		{[]string{"--model", model, "--data", set, "--holdout", "0.2", "--loss", "hinge"}, 2, "cross-entropy, binary-cross-entropy, hsic"},
		{[]string{dir, "--backend", "tpu"}, 2, "auto, gpu, cpu"},
		{[]string{dir, "--model", filepath.Join(set, "train-images-idx3-ubyte")}, 2, "train-images-idx3-ubyte"},
		{[]string{"--model", model}, 2, "want --data"},
		{[]string{"--model", model, "--data", set}, 2, "has no test part"},
		{[]string{"--model", model, "--data", set, "--holdout", "1"}, 2, "within [0, 1)"},
		{[]string{"--model", model, "--data", set, "--holdout", "0.2", "--net", "mlp:30-17-10"}, 2, "of another network"},
		{[]string{"--model", model, "--data", set, "--holdout", "0.2", "--net", "resnet9"}, 2, "want one of"},
		{[]string{"--model", model + "s", "--data", set}, 2, "no such file"},
	} {
		status, out, stderr := hebb(t, append([]string{"eval", "--backend", "cpu"}, c.args...)...)
		if status != c.status || out != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("eval %v: status %d, stdout %q, stderr %q, want %d and %q", c.args, status, out, stderr, c.status, c.want)
		}
	}
}

// widerImages are not of the size of those that images makes.
func widerImages(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, part := range []string{"train", "t10k"} {
		put(t, dir, part+"-images-idx3-ubyte", append([]byte{0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 6, 0, 0, 0, 6}, make([]byte, 72)...))
		put(t, dir, part+"-labels-idx1-ubyte", []byte{0, 0, 8, 1, 0, 0, 0, 2, 1, 2})
	}
	return dir
}

// TestEvalLearners: the classes of all learners are counted, and their spread is said.
func TestEvalLearners(t *testing.T) {
	out := trained(t, images(t, 200), "--learners", "3")
	status, stdout, stderr := hebb(t, "eval", out, "--confusion", "--backend", "cpu", "--format", "json")
	var v train.Evaluation
	if err := json.Unmarshal([]byte(stdout), &v); err != nil || status != 0 {
		t.Fatal(status, err, stderr)
	}
	counted, hits := 0, 0
	for i, row := range v.Confusion {
		for j, n := range row {
			if counted += n; i == j {
				hits += n
			}
		}
	}
	if counted != 3*v.Examples || math.Abs(float64(hits)/float64(counted)-v.Accuracy) > 1e-9 {
		t.Errorf("%d of %d counted right, want %g of 3 × %d", hits, counted, v.Accuracy, v.Examples)
	}
	if status, stdout, _ := hebb(t, "eval", out, "--backend", "cpu"); status != 0 || !strings.Contains(stdout, "learners  3, ± ") {
		t.Error(stdout)
	}
}

// TestEvalConfusionPicture: --confusion takes a file that follows it, and still none.
func TestEvalConfusionPicture(t *testing.T) {
	run, dir := trained(t, images(t, 200)), t.TempDir()
	picture := filepath.Join(dir, "c.svg")
	table := ok(t, "eval", run, "--backend", "cpu", "--confusion")
	for _, args := range [][]string{{run, "--confusion", picture}, {"--confusion", picture, run}, {run, "--confusion=" + picture}} {
		out := ok(t, append([]string{"eval", "--backend", "cpu"}, args...)...)
		_, classes, _ := strings.Cut(table, "class ")
		if !strings.Contains(out, "class "+classes) {
			t.Errorf("eval %v: no table in\n%s", args, out)
		}
		if svg := string(read(t, dir, "c.svg")); !strings.Contains(svg, ">taken for<") || !strings.Contains(svg, "mlp:30-16-10 after step 16 on the test part") {
			t.Errorf("eval %v: not a picture of the run", args)
		}
		if err := os.Remove(picture); err != nil {
			t.Fatal(err)
		}
	}
	if status, _, stderr := hebb(t, "eval", run, picture); status != 2 || !strings.Contains(stderr, "one run") {
		t.Errorf("without the flag: status %d, %s", status, stderr)
	}
	var v evaluated
	evalJSON(t, &v, run, "--confusion")
	for i, c := range v.PerClass {
		taken, of := 0, 0
		for j := range 10 {
			taken, of = taken+v.Confusion[j][i], of+v.Confusion[i][j]
		}
		hits := float64(v.Confusion[i][i])
		recall, precision := hits/float64(of), hits/float64(taken)
		if c.Examples != of || float64(c.Recall) != recall || taken > 0 && float64(c.Precision) != precision || taken == 0 && c.Precision == c.Precision {
			t.Errorf("class %d: %+v, want %d, %g and %g", i, c, of, recall, precision)
		}
	}
	if len(v.PerClass) != 10 {
		t.Errorf("%d classes", len(v.PerClass))
	}
}

// TestEvalBest: the best checkpoint of a run that keeps it is evaluated and exported by --best.
func TestEvalBest(t *testing.T) {
	set := images(t, 200)
	dir := trained(t, set, "--keep-best", "loss", "--patience", "2", "--epochs", "200", "--lr", "0.3")
	h, err := train.ReadHistory(dir)
	if err != nil || h.State() != train.Finished {
		t.Fatal(h.State(), err)
	}
	tests := h.Of("test")
	best, last := tests[len(tests)-3], tests[len(tests)-1]
	if last.Step >= 200*8 || best.Loss >= last.Loss {
		t.Fatalf("the best of %+v is %+v", tests, best)
	}
	var v evaluated
	if evalJSON(t, &v, dir, "--best"); v.Loss != best.Loss || v.Step != best.Step {
		t.Errorf("%+v, want %+v", v, best)
	}
	if evalJSON(t, &v, dir); v.Loss != last.Loss {
		t.Errorf("%+v, want %+v", v, last)
	}
	file := filepath.Join(t.TempDir(), "best.safetensors")
	if status, _, stderr := hebb(t, "export", dir, "--best", "--out", file); status != 0 {
		t.Fatal(stderr)
	}
	if evalJSON(t, &v, "--model", file, "--data", set, "--holdout", "0.2"); v.Loss != best.Loss {
		t.Errorf("exported: %+v, want %+v", v, best)
	}
	if _, out, _ := hebb(t, "train", "--resume", dir, "--backend", "cpu"); !strings.Contains(out, "ended     after step ") {
		t.Errorf("resumed:\n%s", out)
	}
	for want, args := range map[string][]string{
		"does not keep its best": {trained(t, set), "--best"}, "which says the checkpoint": {dir, "--best", "--model", file}, "without the folder": {"--best", "--model", file},
	} {
		if status, _, stderr := hebb(t, append([]string{"eval", "--backend", "cpu"}, args...)...); status == 0 || !strings.Contains(stderr, want) {
			t.Errorf("status %d, %s, want %q", status, stderr, want)
		}
	}
}
