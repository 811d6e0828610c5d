package cli

import (
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hebb/nets/data"
)

// archive writes an NPZ file.
func archive(t *testing.T, path string, all ...data.Output) string {
	t.Helper()
	if err := into("out", path, func(w io.Writer) error { return data.WriteNPZ(w, all...) }); err != nil {
		t.Fatal(err)
	}
	return path
}

// inputs writes NPZ files into a folder, with 8 examples each. padded has sequences of 2 and 4 moments × 2 features
// with a class each, plain is the same without lengths, numbers has 1 feature and wants a number at each moment, and
// others are unfit.
func inputs(t *testing.T, dir string) {
	t.Helper()
	x := make(data.Floats, 64)
	for i := range x {
		x[i] = float32(math.Sin(float64(3 * i)))
	}
	of := func(name string, values data.Values, shape ...int) data.Output {
		return data.Output{Name: name, Shape: shape, Values: values}
	}
	sequences, classes := of("x", x, 8, 4, 2), of("y", data.Ints{0, 1, 2, 1, 0, 1, 2, 0}, 8)
	hole := slices.Repeat(data.Ints{1}, 32)
	hole[0] = 0
	hidden := slices.Clone(x)
	hidden[0] = float32(math.NaN())
	whole := archive(t, filepath.Join(dir, "padded.npz"), sequences, classes, of("lengths", data.Ints{4, 4, 4, 4, 2, 2, 2, 2}, 8))
	for name, arrays := range map[string][]data.Output{
		"plain": {sequences, classes}, "numbers": {of("x", x[:32], 8, 4, 1), of("y", x[:32], 8, 4)}, "rows": {of("x", x, 8, 8), classes},
		"unfit": {of("x", x, 8, 8), of("y", data.Ints{0, 1}, 2)}, "negative": {sequences, of("y", slices.Repeat(data.Ints{-1}, 8), 8)},
		"hidden": {of("x", hidden, 8, 4, 2), classes, of("mask", hole, 8, 4)},
	} {
		archive(t, filepath.Join(dir, name+".npz"), arrays...)
	}
	text, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, "cut.npz", text[:len(text)/2])
}

// TestUnfitInput: a damaged or unfit file is status 2 in all commands. So are data of another kind, reported before
// anything else, and settings that no memory has room for.
func TestUnfitInput(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	inputs(t, dir)
	sequences := []string{"--data", "plain.npz", "--holdout", "0.3", "--batch", "2", "--epochs", "1", "--backend", "cpu", "--out"}
	ok(t, append([]string{"train", "rflo:units=3"}, append(sequences, "run")...)...)
	ok(t, append([]string{"train", "--net", "mlp:8-3", "--task", "images"}, append(sequences, "net")...)...)
	lines := []string{"data info FILE", "data show FILE", "train --net mlp:8-3 --data FILE --batch 2", "train --rule sanger --units 2 --data FILE --batch 2",
		"train rflo:units=3 --data FILE --batch 2", "train rflo:units=3 --task sequences --data FILE --batch 2", "eval run --data FILE", "predict run --data FILE --out p.csv",
		"record run --data FILE", "eval net --data FILE", "predict net --data FILE --out p.csv", "features net --layer fc1 --data FILE --out p.npy",
		"train --resume run --data FILE", "weights FILE", "eval run --model FILE", "train --net mlp:8-3 --data rows.npz --batch 2 --from FILE", "report FILE", "hsic FILE FILE"}
	for file, want := range map[string]string{"cut.npz": "cut.npz", "unfit.npz": "unfit.npz", "negative.npz": "negative.npz", "hidden.npz": "hidden.npz"} {
		for _, line := range lines {
			refused(t, strings.ReplaceAll(line, "FILE", file), want)
		}
	}
	for line, want := range map[string]string{
		"eval run --data numbers.npz":                                   "the sequences in numbers.npz have 1 feature and want 1 number at each moment, and the model learned from sequences that have 2 features",
		"eval net --data rows.npz":                                      "rows.npz has examples of 8, want 4×2×1",
		"train rflo:units=3 --task sequences":                           "--task sequences without --data: want an NPZ file of sequences",
		"train rflo:units=3 --task sequences --data rows.npz --batch 2": "shape 8×8, want examples × time × features",
		"train --net mlp:8-3 --data padded.npz --batch 2":               "padded.npz has lengths or a mask, and so sequences: a network would learn from the padding too: want a SYSTEM",
		"train --rule sanger --data padded.npz --batch 2":               "padded.npz has lengths or a mask, and so sequences",
		"data show padded.npz":                                          "hebb data info says what these are",
		"train hopfield --data plain.npz":                               "hopfield: the task shows 2 numbers and wants a class; want the same numbers completed",
		"train sanger --data plain.npz":                                 "develop: 16 units answer, and the task wants one of 3 classes; want a task without",
		"train rflo:units=3 --data plain.npz":                           "batches of 128, want 1 to 8, the number of examples",
		"train rflo:units=100000000 --task sines":                       "not enough memory",
		"train rtrl:units=50000 --task sines":                           "not enough memory",
		"train --net mlp:8-1000000000-3 --data rows.npz --batch 2":      "not enough memory",
		"train rflo:units=3 --task sines --learners 100000000":          "not enough memory",
		"train eprop:lif=1000000000 --task xor":                         "not enough memory",
		"train eprop:adaptive=3000000 --task xor":                       "not enough memory",
		"train contrastive:hidden=1000000000 --task xor":                "not enough memory",
		"train rflo --task sines:outputs=1000000000":                    "not enough memory",
		"train rflo --task copy:batch=1000000000":                       "not enough memory",
		"train rflo --task butterfly:length=1000000000":                 "not enough memory",
		"train wp --task subtasks:length=1000000000":                    "not enough memory",
		"train eprop --task evidence:group=1000000000":                  "not enough memory",
		"train eprop --task evidence:batch=1000000000":                  "not enough memory",
		"record run --tensor in --moment 4":                             "--moment 4, want 0 to 3, those of --trials 1",
		"record run --trials 2":                                         "2 trials of 4 moments, want 1 to 1, those of a test",
		"eval run --limit -1":                                           "--limit -1, want at least 0",
	} {
		refused(t, line, want)
	}
}

// refused runs a command on the CPU with wrong arguments: one line says so, and nothing else is written.
func refused(t *testing.T, line, want string) {
	t.Helper()
	args := strings.Fields(line)
	if !slices.Contains([]string{"data", "weights", "report"}, args[0]) {
		args = append(args, "--backend", "cpu")
	}
	status, stdout, stderr := hebb(t, args...)
	if status != 2 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, want) {
		t.Errorf("hebb %s: status %d, stdout %q, stderr %q, want %q at status 2", line, status, stdout, stderr, want)
	}
}

// TestInfoOfSequences: data info reports the lengths of sequences, what they want and when, and describes images on
// demand.
func TestInfoOfSequences(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	inputs(t, dir)
	for line, want := range map[string]string{
		"padded.npz --holdout 0.3": "sequences of 2 to 4 moments × 2 features, one of 3 classes wanted at the end: 5 to train on, 3 to test\n",
		"padded.npz":               "class  train  test\n0          3     0\n1          3     0\n2          2     0\n",
		"padded.npz --format json": "\"sequences\": {\n    \"shortest\": 2,\n    \"longest\": 4,\n    \"features\": 2,\n    \"per_moment\": false,\n    \"numbers\": 0\n  }",
		"plain.npz":                "note      a network takes x for images: --task images describes those\n",
		"numbers.npz":              "sequences of 4 moments × 1 feature, 1 number wanted at each moment: 8 to train on, 0 to test\n",
		"padded.npz --task images": "4×2×1, floats: 8 to train on, 0 to test, in 3 classes\n",
		"rows.npz":                 "8 features, floats: 8 to train on, 0 to test, in 3 classes\n",
	} {
		if out := ok(t, append([]string{"data", "info"}, strings.Fields(line)...)...); !strings.Contains(out, want) {
			t.Errorf("data info %s:\n%s\nlacks %q", line, out, want)
		}
	}
	net := "train --net mlp:8-3 --data padded.npz --task images --batch 2 --epochs 1 --backend cpu --out net"
	if status, _, stderr := hebb(t, strings.Fields(net)...); status != 0 {
		t.Errorf("told so, a network takes x for images: status %d, %s", status, stderr)
	}
}
