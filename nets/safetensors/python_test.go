package safetensors

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"hebb/internal/must"
)

// python is an interpreter with NumPy.
func python(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import numpy").Run() == nil {
			return name
		}
	}
	t.Skip("needs python3 with NumPy (apt install python3-numpy)")
	return ""
}

// reader takes a file to pieces by the format's description, and with the safetensors package where
// it is installed.
const reader = `
import json, sys, numpy as np
raw = open(sys.argv[1], "rb").read()
n = int.from_bytes(raw[:8], "little")
head, data = json.loads(raw[8:8+n]), raw[8+n:]
assert n % 8 == 0 and head.pop("__metadata__") == {"format": "np", "note": "\u03b5 < 1"}, head
types = {"F32": "<f4", "I64": "<i8", "U8": "u1"}
got = {}
for name, t in head.items():
    a, b = t["data_offsets"]
    assert a % np.dtype(types[t["dtype"]]).itemsize == 0, name
    got[name] = np.frombuffer(data[a:b], types[t["dtype"]]).reshape(t["shape"])
def check(got):
    assert got["w"].tolist() == [[1.0, -2.0, 0.5], [float(np.float32(1e-40)), float("inf"), float(np.float32(3.4028234663852886e38))]], got["w"]
    assert got["steps"].shape == () and got["steps"].item() == -2**63
    assert got['a "quoted" <name>, 3\u00d73'].tolist() == [0, 128, 255]
    assert got["none"].shape == (4, 0, 2) and got["none"].dtype == np.float32
    assert np.signbit(got["b"]).tolist() == [True]
    assert len(got) == 5
check(got)
try:
    from safetensors.numpy import load
    check(load(raw))
    print("read by NumPy and safetensors")
except ImportError:
    print("read by NumPy")
`

func TestPythonReads(t *testing.T) {
	py, path := python(t), filepath.Join(t.TempDir(), "f.safetensors")
	must.Do(t, WriteFile(path, samples(), map[string]string{"format": "np", "note": "ε < 1"}))
	out, err := exec.Command(py, "-c", reader, path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Logf("%s", out)
}

// writer writes what PyTorch would, as the format's own implementation does: no padding to 8 here, data
// not in the order of the header.
const writer = `
import json, sys, numpy as np
arrays = {"bn.running_var": np.array([1.5, 2.5], "<f4"), "conv.weight": np.arange(6, dtype="<f2").reshape(1, 2, 3) / 8,
          "bn.num_batches_tracked": np.array(7, "<i8"), "double": np.array([0.1, -1e-50], "<f8")}
head, data = {}, b""
for name in reversed(list(arrays)):
    a = arrays[name]
    kind = {"f4": "F32", "f2": "F16", "i8": "I64", "f8": "F64"}[a.dtype.str[1:]]
    head[name] = {"dtype": kind, "shape": list(a.shape), "data_offsets": [len(data), len(data) + a.nbytes]}
    data += a.tobytes()
head = json.dumps({k: head[k] for k in sorted(head)}).encode()
open(sys.argv[1], "wb").write(len(head).to_bytes(8, "little") + head + data)
`

func TestReadsPython(t *testing.T) {
	py, path := python(t), filepath.Join(t.TempDir(), "f.safetensors")
	if out, err := exec.Command(py, "-c", writer, path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	f := must.Get(Open(path))(t)
	defer f.Close()
	for _, want := range []Tensor{
		{Name: "bn.running_var", Shape: []int{2}, Data: []float32{1.5, 2.5}},
		{Name: "conv.weight", Shape: []int{1, 2, 3}, Data: []float32{0, 0.125, 0.25, 0.375, 0.5, 0.625}},
		{Name: "bn.num_batches_tracked", Ints: []int64{7}},
		{Name: "double", Shape: []int{2}, Data: []float32{0.1, float32(math.Copysign(0, -1))}}, // −10⁻⁵⁰ is rounded to it
	} {
		if got, err := f.Read(want.Name); err != nil || !same(got, want) {
			t.Errorf("%+v, want %+v, %v", got, want, err)
		}
	}
}
