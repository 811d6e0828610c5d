package cli

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hebb/internal/float"
	"hebb/internal/must"
	"hebb/nets/data"
	"hebb/nets/safetensors"
	"hebb/nets/train"
)

func array(t *testing.T, path string) data.Array {
	t.Helper()
	a := must.Get(data.ReadArray(path))(t)
	return a
}

// argmaxes are the first of the largest of each row.
func argmaxes(a data.Array) (all []float64) {
	rows, cols := a.Rows()
	for r := range rows {
		row := a.Values[r*cols:][:cols]
		all = append(all, float64(slices.Index(row, slices.Max(row))))
	}
	return all
}

// near reports whether numbers are the same but for rounding.
func near(a, b []float64) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(x float64) bool { return x != x }) &&
		slices.EqualFunc(a, b, func(x, y float64) bool { return math.Abs(x-y) <= 1e-5*(1+math.Abs(y)) })
}

func agreeing(a, b []float64) float64 {
	n := 0
	for i := range a {
		if a[i] == b[i] {
			n++
		}
	}
	return float64(n) / float64(len(a))
}

// TestFeatures: the output of the last layer is that by which hebb eval judges, and hebb predict predicts, of each learner, of
// dense and residual networks, with running statistics and without dropout.
func TestFeatures(t *testing.T) {
	set, dir := images(t, 200), t.TempDir()
	for _, c := range []struct {
		net, last, layer string
		numbers          int
		learners         string
	}{
		{"mlp:30-16-10,norm=batch,dropout=0.5", "fc2", "bn1", 16, "2"},
		{"resnet8", "fc", "layer2.0", 3 * 3 * 32, "1"},
		{"resnet8", "fc", "conv1", 6 * 5 * 16, "2"}, // the learners take turns
	} {
		run := trained(t, set, "--net", c.net, "--learners", c.learners)
		learners, _ := strconv.Atoi(c.learners)
		var v evaluated
		evalJSON(t, &v, run)
		var before []float64
		for l := range learners {
			flags := []string{run, "--backend", "cpu", "--learner", strconv.Itoa(l), "--out"}
			last, layer, few := filepath.Join(dir, "last.npy"), filepath.Join(dir, "layer.npy"), filepath.Join(dir, "few.npy")
			table := filepath.Join(dir, "p.npz")
			out := ok(t, append([]string{"features", "--layer", c.last}, append(flags, last)...)...)
			if want := fmt.Sprintf("wrote     %s: 40 examples × 10 numbers, the output of %s\n", last, c.last); !strings.Contains(out, want) {
				t.Errorf("%s lacks %q", out, want)
			}
			ok(t, append([]string{"features", "--layer", c.layer}, append(flags, layer)...)...)
			ok(t, append([]string{"features", "--limit", "7", "--layer", c.layer}, append(flags, few)...)...)
			ok(t, append([]string{"predict"}, append(flags, table)...)...)
			predicted, label := array(t, table+":predicted").Values, array(t, table+":label").Values
			if got := argmaxes(array(t, last)); !slices.Equal(got, predicted) {
				t.Errorf("%s, learner %d: the last layer says %v, and predicted are %v", c.net, l, got, predicted)
			}
			want := v.Accuracy
			if learners > 1 {
				want = float64(v.Learners["accuracy"][l])
			}
			if got := agreeing(predicted, label); math.Abs(got-want) > 1e-6 {
				t.Errorf("%s, learner %d: %g are right, want %g", c.net, l, got, want)
			}
			all, seven := array(t, layer), array(t, few)
			if want, got := activityOf(c.layer, all), featuresList(t, c.layer, run, strconv.Itoa(l)); !alike(got, want) {
				t.Errorf("%s, learner %d: the list says %+v, want %+v", c.net, l, got, want)
			}
			if !slices.Equal(all.Shape, []int{40, c.numbers}) || !near(seven.Values, all.Values[:7*c.numbers]) || seven.Shape[0] != 7 {
				t.Errorf("%s: %s is %v, and of seven %v", c.net, c.layer, all.Shape, seven.Shape)
			}
			if slices.Equal(all.Values, before) {
				t.Errorf("%s: learner %d is the one before", c.net, l)
			}
			before = all.Values
			if l == 0 {
				if out := ok(t, "hsic", layer, last, "--kernel", "linear", "--backend", "cpu"); !strings.Contains(out, "linear CKA") {
					t.Errorf("hsic: %s", out)
				}
			}
		}
	}
}

// activityOf computes what the list of layers says of the outputs of a layer, examples × height × width × channels.
func activityOf(layer string, x data.Array) train.Activity {
	channels := map[string]int{"bn1": 16, "layer2.0": 32, "conv1": 16}[layer]
	a := train.Activity{Layer: layer, Units: channels}
	n := len(x.Values) / channels
	var sum, variance, zeros float64
	for c := range channels {
		var s, sq float64
		same := true
		for i := range n {
			v := x.Values[i*channels+c]
			s, sq, same = s+v, sq+v*v, same && v == x.Values[c]
			if v == 0 {
				zeros++
			}
		}
		if same {
			a.Constant++
		}
		sum, variance = sum+s, variance+sq/float64(n)-s*s/float64(n*n)
	}
	total := float64(n * channels)
	a.Mean, a.Zeros = float.OrNull(sum/total), float.OrNull(zeros/total)
	a.SD = float.OrNull(math.Sqrt(variance / float64(channels)))
	return a
}

// featuresList returns what hebb features says of a layer.
func featuresList(t *testing.T, layer, run, learner string) train.Activity {
	t.Helper()
	var all []train.Activity
	must.Do(t, json.Unmarshal([]byte(ok(t, "features", run, "--backend", "cpu", "--learner", learner, "--format", "json")), &all))
	i := slices.IndexFunc(all, func(a train.Activity) bool { return a.Layer == layer })
	if i < 0 {
		t.Fatalf("no %s in %+v", layer, all)
	}
	return all[i]
}

func alike(a, b train.Activity) bool {
	return a.Constant == b.Constant && a.Units == b.Units && near([]float64{float64(a.Mean), float64(a.SD), float64(a.Zeros)},
		[]float64{float64(b.Mean), float64(b.SD), float64(b.Zeros)})
}

// TestPredict: CSV and NPZ hold the same predictions, probabilities are the loss's, and the top-5 accuracy computed from
// them is hebb eval's.
func TestPredict(t *testing.T) {
	set, dir := images(t, 200), t.TempDir()
	for loss, of := range map[string]string{"cross-entropy": "p", "binary-cross-entropy": "p", "hsic:sigma_x=8.0": "y"} {
		run := trained(t, set, "--loss", loss)
		table, archive := filepath.Join(dir, "p.csv"), filepath.Join(dir, "p.npz")
		out := ok(t, "predict", run, "--backend", "cpu", "--part", "train", "--out", table)
		ok(t, "predict", run, "--backend", "cpu", "--part", "train", "--out", archive)
		f, err := os.Open(table)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		rows, err := csv.NewReader(f).ReadAll()
		if err != nil || len(rows) != 161 {
			t.Fatal(len(rows), err)
		}
		head := "index,label,predicted"
		for c := range 10 {
			head += fmt.Sprintf(",%s(%d)", of, c)
		}
		if got := strings.Join(rows[0], ","); got != head {
			t.Errorf("the head is %s, want %s", got, head)
		}
		numbers := array(t, archive+":"+map[string]string{"p": "probabilities", "y": "predictions"}[of])
		columns := [][]float64{array(t, archive+":index").Values, array(t, archive+":label").Values, array(t, archive+":predicted").Values}
		five, hits := 0, 0
		for i, row := range rows[1:] {
			sum := 0.0
			for j, text := range row {
				x := must.Get(strconv.ParseFloat(text, 64))(t)
				if j < 3 {
					if x != columns[j][i] || j == 0 && x != float64(i) {
						t.Fatalf("line %d, %s: %g, and %g in the archive", i, rows[0][j], x, columns[j][i])
					}
					continue
				}
				if y := numbers.Values[i*10+j-3]; float32(x) != float32(y) || of == "p" && !(0 < x && x < 1) {
					t.Fatalf("line %d: %g, and %g in the archive", i, x, y)
				}
				sum += x
			}
			if loss == "cross-entropy" && math.Abs(sum-1) > 1e-6 {
				t.Errorf("line %d: probabilities sum to %g", i, sum)
			}
			y, label := numbers.Values[i*10:][:10], int(columns[1][i])
			above := 0
			for j, x := range y {
				if x > y[label] || x == y[label] && j < label {
					above++
				}
			}
			if above < 5 {
				five++
			}
			if above == 0 {
				hits++
			}
		}
		var v evaluated
		evalJSON(t, &v, run, "--part", "train")
		if v.TopFive == nil || math.Abs(*v.TopFive-float64(five)/160) > 1e-6 || math.Abs(v.Accuracy-float64(hits)/160) > 1e-6 {
			t.Errorf("%s: top five %v and accuracy %g, want %d and %d of 160", loss, v.TopFive, v.Accuracy, five, hits)
		}
		if want := fmt.Sprintf("160 examples, %d of them taken for what they are\n", hits); !strings.Contains(out, want) {
			t.Errorf("%s lacks %q", out, want)
		}
	}
}

// TestFeaturesRefused: errors of hebb features, predict and weights list the names there are, and no file is left behind.
func TestFeaturesRefused(t *testing.T) {
	dir := t.TempDir()
	run, system := trained(t, images(t, 200)), filepath.Join(t.TempDir(), "system")
	ok(t, sines(system, "--steps", "100")...)
	out := filepath.Join(dir, "x.npy")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{run, "--layer", "fc9"}, `--layer: nets: layer "fc9": no such layer; want one of 0, fc1, fc2`},
		{[]string{run, "--layer", "fc1", "--learner", "1"}, "--learner 1, want 0 to 0"},
		{[]string{run, "--layer", "fc1", "--limit", "-1"}, "--limit -1"},
		{[]string{run, "--layer", "fc1", "--data", "mnits"}, "fashion-mnist, mnist"},
		{[]string{run}, `--layer "", --out`},
		{[]string{run, "--layer", "fc1", "--format", "json"}, "--format json: want --layer and --out"},
		{[]string{system, "--layer", "fc1"}, "is a run of rflo:units=8, want one of a network"},
	} {
		status, _, stderr := hebb(t, append([]string{"features", "--backend", "cpu", "--out", out}, c.args...)...)
		if status != 2 || !strings.Contains(stderr, c.want) {
			t.Errorf("features %v: status %d, stderr %q, want %q", c.args, status, stderr, c.want)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

// TestWeights: the list, the archive and the picture are of the weights of the checkpoint, of the learner that was asked for.
func TestWeights(t *testing.T) {
	dir := t.TempDir()
	run := trained(t, images(t, 200), "--net", "mlp:30-16-10,norm=batch", "--learners", "2")
	archive, picture, single := filepath.Join(dir, "w.npz"), filepath.Join(dir, "w.svg"), filepath.Join(dir, "one.safetensors")
	ok(t, "export", run, "--learner", "1", "--out", single)
	want, _, err := safetensors.ReadFile(single)
	if err != nil {
		t.Fatal(err)
	}
	var lines []tensorLine
	out := ok(t, "weights", run, "--learner", "1", "--format", "json", "--out", archive, "--picture", picture, "--layer", "fc1", "--image", "6x5")
	if err := json.Unmarshal([]byte(out), &lines); err != nil || len(lines) != len(want) {
		t.Fatal(err, out)
	}
	for i, tensor := range want {
		l, x := lines[i], elements(tensor)
		a := array(t, archive+":"+tensor.Name)
		squares, sum, zeros := 0.0, 0.0, 0
		for k, v := range x {
			if a.Values[k] != float64(v) {
				t.Fatalf("%s: value %d is %g, want %g", tensor.Name, k, a.Values[k], v)
			}
			squares += float64(v) * float64(v)
			sum += float64(v)
			if v == 0 {
				zeros++
			}
		}
		n := float64(len(x))
		mean := sum / n
		sd := math.Sqrt(max(0, squares/n-mean*mean))
		if l.Name != tensor.Name || !slices.Equal(l.Shape, tensor.Shape) && len(tensor.Shape) > 0 || !slices.Equal(a.Shape, tensor.Shape) && len(tensor.Shape) > 0 ||
			!near([]float64{float64(l.Mean), float64(l.SD), l.Norm}, []float64{mean, sd, math.Sqrt(squares)}) || l.Zeros != zeros {
			t.Errorf("%+v, want %s %v, mean %g, sd %g, norm %g and %d zeros", l, tensor.Name, tensor.Shape, mean, sd, math.Sqrt(squares), zeros)
		}
	}
	if svg := string(read(t, dir, "w.svg")); !strings.Contains(svg, "fc1.weight, 16×30, ") || !strings.Contains(svg, "learner 1 of 2, seed 2") {
		t.Error("the picture does not say of what it is")
	}
	if got, file := ok(t, "weights", run, "--learner", "1"), ok(t, "weights", single); got[strings.IndexByte(got, '\n'):] != file[strings.IndexByte(file, '\n'):] {
		t.Errorf("the file has\n%s\nand the run\n%s", file, got)
	}
	for _, c := range []struct{ args, want string }{
		{run + " --layer bn1 --picture " + picture, `--layer "bn1": want one of fc1, fc2`},
		{run + " --layer fc1 --image 7x7 --picture " + picture, "--image 7x7, want HEIGHTxWIDTH, of which 30 inputs"},
		{run + " --learner 2", "--learner 2, want 0 to 1"},
		{single + " --learner 1", "--learner or --best with the file"},
	} {
		if status, _, stderr := hebb(t, append([]string{"weights"}, strings.Fields(c.args)...)...); status != 2 || !strings.Contains(stderr, c.want) {
			t.Errorf("weights %s: status %d, stderr %q, want %q", c.args, status, stderr, c.want)
		}
	}
}

// TestFilterForms: weights are drawn in the form that they have, or that they are given.
func TestFilterForms(t *testing.T) {
	count := func(n int) (x []float32) {
		for i := range n {
			x = append(x, float32(i))
		}
		return x
	}
	conv := safetensors.Tensor{Name: "conv1.weight", Shape: []int{2, 3, 4, 5}, Data: count(120)}
	dense := safetensors.Tensor{Name: "fc1.weight", Shape: []int{2, 12}, Data: count(24)}
	for _, c := range []struct {
		all                     []safetensors.Tensor
		layer, image            string
		channels, height, width int
	}{
		{[]safetensors.Tensor{conv, dense}, "conv1", "", 3, 4, 5},
		{[]safetensors.Tensor{conv, dense}, "fc1", "", 1, 3, 4}, // three lines of four
		{[]safetensors.Tensor{dense, conv}, "fc1", "", 3, 2, 2}, // as the first layer: a square of three colours
		{[]safetensors.Tensor{conv, dense}, "fc1.weight", "2x3", 2, 2, 3},
	} {
		r := weightsRun{layer: c.layer, image: c.image}
		f, err := r.filters(c.all)
		if err != nil || f.Channels != c.channels || f.Height != c.height || f.Width != c.width || len(f.Values)%(c.channels*c.height*c.width) != 0 {
			t.Errorf("%s: %d × %d × %d, %v, want %+v", c.layer, f.Channels, f.Height, f.Width, err, c)
		}
	}
	x, _, height, width := inSquares(count(10), 5)
	if height != 2 || width != 3 || x[6] != 5 || x[5] == x[5] {
		t.Errorf("two rows of five in squares are %v, %d × %d", x, height, width)
	}
}
