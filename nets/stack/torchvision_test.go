package stack_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/safetensors"
	"hebb/nets/stack"
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
	truth := lab.File64(t, at("resnet18.truth.safetensors"))

	l := lab.Bare(t)
	ours := newResnet18(t, l)
	save(t, l, ours, at("ours.safetensors"))
	script(t, py, "strict", at("ours.safetensors"), at("resnet18.truth.safetensors"), at("back.safetensors"))

	files := map[string]string{"theirs": "resnet18.safetensors", "ours": "ours.safetensors"}
	made := map[lab.Lab]map[string]*stack.Net{} // they are large
	f := func(t *testing.T, l lab.Lab) lab.Results {
		if made[l] == nil {
			made[l] = map[string]*stack.Net{}
			for name, file := range files {
				net := newResnet18(t, l)
				load(t, l, net, at(file))
				made[l][name] = net
			}
		}
		out := lab.Results{}
		for _, name := range []string{"ours", "theirs"} {
			out[name] = l.Logits(t, made[l][name], lab.Narrow(truth["x"]), false)
		}
		return out
	}
	want := lab.Results{"theirs": truth["logits"], "ours": lab.File64(t, at("back.safetensors"))["logits"]}
	got, bound := lab.Spread(t, lab.Float64ulp, 0, 16, f)
	lab.Agree(t, "float64", got, want, bound, 2)
	lab.Telling(t, "float64", want, bound, 1e-9)
	for name := range bound { // to first order errors are proportional to u
		for i := range bound[name] {
			bound[name][i] *= lab.Float32s / lab.Float64ulp
		}
	}
	lab.Agree(t, "float32", f(t, lab.Single(t)), want, bound, 1)
	lab.Telling(t, "float32", want, bound, 0.01)
}

func newResnet18(t *testing.T, l lab.Lab) *stack.Net {
	t.Helper()
	return parse(t, l, "resnet18:7x7", nets.Shape{Height: 64, Width: 64, Channels: 3}, 10, stack.Backprop{})
}

// save writes a network as PyTorch would.
func save(t *testing.T, l lab.Lab, net *stack.Net, path string) {
	t.Helper()
	var model []safetensors.Tensor
	for _, n := range net.Tensors() {
		model = append(model, safetensors.Tensor{Name: n.Name, Shape: n.TorchShape(), Data: n.ToTorch(lab.Narrow(l.Values(t, n.Value)))})
		if norm, ok := strings.CutSuffix(n.Name, ".running_mean"); ok {
			model = append(model, safetensors.Tensor{Name: norm + ".num_batches_tracked", Ints: []int64{0}})
		}
	}
	must.Do(t, safetensors.WriteFile(path, model, map[string]string{"format": "pt"}))
}
