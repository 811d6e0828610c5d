package stack_test

import (
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"hebb/nets/stack"
	"hebb/nets/train"
)

// python is an interpreter with PyTorch and torchvision.
func python(t *testing.T) string {
	t.Helper()
	name := interpreter()
	if name == "" {
		t.Skip("needs python3 with PyTorch and torchvision (apt install python3-torchvision)")
	}
	return name
}

var interpreter = sync.OnceValue(func() string {
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import torch, torchvision").Run() == nil {
			return name
		}
	}
	return ""
})

// script runs testdata/torch_vectors.py.
func script(t *testing.T, py string, args ...string) {
	t.Helper()
	out, err := exec.Command(py, append([]string{"testdata/torch_vectors.py"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// TestParityAnew is TestParity on vectors that the script makes now: those of testdata are what it makes.
func TestParityAnew(t *testing.T) {
	py, dir := python(t), t.TempDir()
	script(t, py, "vectors", dir)
	testParity(t, dir)
}

// TestResnet18 exchanges weights with torchvision's resnet18, both ways: logits in evaluation are the same, in
// float64 and on the CPU.
func TestResnet18(t *testing.T) {
	py, dir := python(t), t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	script(t, py, "resnet18", dir)
	truth := float64File(t, at("resnet18.truth.safetensors"))

	ours := newResnet18(t, single(t))
	tr, err := stack.NewTrainer(ours, stack.SGD{}, stack.CrossEntropy)
	if err != nil {
		t.Fatal(err)
	}
	run := &train.Run{Config: train.Config{Net: "resnet18:7x7"}, Net: ours, Trainer: tr}
	if err := run.SaveModel(at("ours.safetensors")); err != nil {
		t.Fatal(err)
	}
	script(t, py, "strict", at("ours.safetensors"), at("resnet18.truth.safetensors"), at("back.safetensors"))

	files := map[string]string{"theirs": "resnet18.safetensors", "ours": "ours.safetensors"}
	made := map[lab]map[string]*stack.Net{} // they are large
	f := func(t *testing.T, l lab) results {
		if made[l] == nil {
			made[l] = map[string]*stack.Net{}
			for name, file := range files {
				net := newResnet18(t, l)
				if err := train.LoadModel(net, at(file)); err != nil {
					t.Fatal(err)
				}
				made[l][name] = net
			}
		}
		out := results{}
		for _, name := range []string{"ours", "theirs"} {
			out[name] = logits(t, l, made[l][name], narrow(truth["x"]), false)
		}
		return out
	}
	want := results{"theirs": truth["logits"], "ours": float64File(t, at("back.safetensors"))["logits"]}
	got, bound := spread(t, float64ulp, 0, 16, f)
	agree(t, "float64", got, want, bound, 2)
	telling(t, "float64", want, bound, 1e-9)
	for name := range bound { // to first order errors are proportional to u
		for i := range bound[name] {
			bound[name][i] *= float32s / float64ulp
		}
	}
	agree(t, "float32", f(t, single(t)), want, bound, 1)
	telling(t, "float32", want, bound, 0.01)
}

func newResnet18(t *testing.T, l lab) *stack.Net {
	t.Helper()
	in := stack.Shape{Height: 64, Width: 64, Channels: 3}
	spec, err := stack.Parse("resnet18:7x7", in, 10)
	if err != nil {
		t.Fatal(err)
	}
	net, err := stack.New(l.Device, spec, in, stack.Backprop{}, 2)
	if err != nil {
		t.Fatal(err)
	}
	return net
}
