package cli

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"hebb/internal/must"
	"hebb/nets/dependence"
	"hebb/nets/spread"
)

// npy is an array as NumPy saves it.
func npy(t *testing.T, descr, shape string, values any) []byte {
	t.Helper()
	head := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }\n", descr, shape)
	b := binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(head)))
	b, err := binary.Append(append(b, head...), binary.LittleEndian, values)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// arrays are files of 40 rows: x of five columns, y = x² but for noise, apart, which knows nothing of them, and line, of one
// dimension; and an archive of x and of labels.
func arrays(t *testing.T) (dir string, x, y []float64) {
	t.Helper()
	dir = t.TempDir()
	rnd := rand.New(rand.NewPCG(1, 2))
	var single []float32
	var apart []int16
	for range 200 {
		v := float32(rnd.NormFloat64())
		single, x = append(single, v), append(x, float64(v))
		y = append(y, float64(v*v)+0.1*rnd.NormFloat64())
		apart = append(apart, int16(rnd.IntN(1000)))
	}
	put(t, dir, "x.npy", npy(t, "<f4", "40, 5", single))
	put(t, dir, "y.npy", npy(t, "<f8", "40, 5, 1", y))
	put(t, dir, "apart.npy", npy(t, "<i2", "40, 5", apart))
	put(t, dir, "line.npy", npy(t, "<f8", "40,", x[:40]))
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, b := range map[string][]byte{"x": npy(t, "<f4", "40, 5", single), "labels": npy(t, "|u1", "40,", bytes.Repeat([]byte{0, 1, 2, 1}, 10))} {
		w, err := z.Create(name + ".npy")
		if err == nil {
			_, err = w.Write(b)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	put(t, dir, "both.npz", out.Bytes())
	return dir, x, y
}

// hsicJSON runs hebb hsic on files of dir.
func hsicJSON(t *testing.T, dir, a, b string, flags ...string) (m measured, stderr string) {
	t.Helper()
	args := append([]string{"hsic", filepath.Join(dir, a), filepath.Join(dir, b), "--backend", "cpu", "--format", "json"}, flags...)
	status, out, stderr := hebb(t, args...)
	if err := json.Unmarshal([]byte(out), &m); err != nil || status != 0 {
		t.Fatalf("hebb %v: status %d, %s, %v:\n%s", args, status, stderr, err, out)
	}
	return m, stderr
}

// TestHSIC: what is printed is what package dependence measures, of the values in the files.
func TestHSIC(t *testing.T) {
	dir, x, y := arrays(t)
	got, stderr := hsicJSON(t, dir, "x.npy", "y.npy", "--sigma", "0.5,2", "--permutations", "99", "--normalised", "--eps", "0.01", "--seed", "7")
	b := backendFlags{context: "auto", device: -1}
	dev, err := b.open("cpu", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	o, err := (&hsicRun{kernels: [2]string{"gaussian"}, sigmas: [2]string{"0.5,2"}, permutations: 99, seed: 7}).options()
	if err != nil {
		t.Fatal(err)
	}
	sx, sy := dependence.Samples{Rows: 40, Dims: 5, Values: x}, dependence.Samples{Rows: 40, Dims: 5, Values: y}
	want, err := dependence.HSIC(t.Context(), dev, sx, sy, o)
	if err != nil {
		t.Fatal(err)
	}
	nhsic, err := dependence.NormalisedHSIC(t.Context(), dev, sx, sy, o, 0.01)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range want.Widths {
		g := got.Widths[i]
		if float64(g.HSIC) != v.HSIC || float64(g.Normalised) != v.Normalised || float64(g.PHSIC) != v.PHSIC || *g.P != v.P || float64(*g.Null) != v.Null || *g.NHSIC != nhsic[i] {
			t.Errorf("width %d: %+v, want %+v", i, g, v)
		}
		if !(*g.P <= 0.05) {
			t.Errorf("P of dependent samples is %g", *g.P)
		}
	}
	if stderr != "" || len(got.Widths) != 2 || got.A.Rows != 40 || got.B.Dims != 5 || got.Device.Backend != "cpu" || got.Seed != 7 {
		t.Errorf("%+v, %s", got, stderr)
	}
	cka, err := dependence.LinearCKA(t.Context(), dev, sx, sy)
	if err != nil || float64(got.LinearCKA) != cka {
		t.Errorf("linear CKA %v, want %g (%v)", got.LinearCKA, cka, err)
	}
	apart, _ := hsicJSON(t, dir, "x.npy", "apart.npy", "--permutations", "99")
	if w := apart.Widths[0]; !(*w.P > 0.05) || !(w.HSIC < *w.Null+3**w.NullSD) || len(apart.Widths) != 1 || !(w.SigmaB > 100) {
		t.Errorf("P of independent samples is %g: %+v", *w.P, w)
	}
}

// TestHSICFiles: arrays of any number of dimensions, in archives too.
func TestHSICFiles(t *testing.T) {
	dir, _, _ := arrays(t)
	same, _ := hsicJSON(t, dir, "x.npy", "both.npz:x", "--kernel", "linear")
	if w := same.Widths[0]; float64(w.Normalised) != float64(same.LinearCKA) || !(math.Abs(float64(w.Normalised)-1) <= 1e-15) || w.SigmaA != 0 {
		t.Errorf("of itself %+v", same)
	}
	labels, _ := hsicJSON(t, dir, "line.npy", "both.npz:labels", "--kernel", "gaussian", "--kernel-b", "cosine", "--sigma", "1")
	if labels.A.Dims != 1 || labels.B.Dims != 1 || labels.Kernels != [2]string{"gaussian", "cosine"} || labels.Widths[0].SigmaA != 1 || labels.Widths[0].SigmaB != 0 {
		t.Errorf("%+v", labels)
	}
}

// TestHSICRanks: any number of processes print what one of them prints, of the rows that each reads, and what one process
// finds without others but for roundings; files that differ, or are missing on one of them, are refused by name.
func TestHSICRanks(t *testing.T) {
	dir, _, _ := arrays(t)
	other := t.TempDir()
	put(t, other, "x.npy", npy(t, "<f4", "40, 5", make([]float32, 200)))
	measure := func(size int, files func(rank int) [2]string, normalised bool) (all []measured, errs []error) {
		all, errs = make([]measured, size), make([]error, size)
		var each sync.WaitGroup
		for rank, w := range spread.Fakes(size) {
			each.Go(func() {
				r := hsicRun{backendFlags: backendFlags{context: "auto", device: -1}, files: files(rank),
					kernels: [2]string{"gaussian"}, sigmas: [2]string{"median"}, on: "cpu", format: "json", seed: 3, permutations: 5, normalised: normalised, eps: 1}
				var out bytes.Buffer
				if errs[rank] = r.measure(t.Context(), w, &out, io.Discard); errs[rank] == nil {
					errs[rank] = json.Unmarshal(out.Bytes(), &all[rank])
				}
			})
		}
		each.Wait()
		return all, errs
	}
	in := func(dir, name string) string { return filepath.Join(dir, name) }
	same := func(int) [2]string { return [2]string{in(dir, "both.npz:x"), in(dir, "y.npy")} }
	var want string
	for size := 1; size <= 4; size++ {
		all, errs := measure(size, same, false)
		for rank, m := range all {
			got := fmt.Sprintf("%s %v", must.Get(json.Marshal(m.Widths))(t), m.LinearCKA)
			if want == "" {
				want = got
			}
			if ranks := m.Ranks; errs[rank] != nil || got != want || m.A.Rows != 40 || ranks != size && size > 1 {
				t.Errorf("%d processes: rank %d has %s of %d (%v), want %s", size, rank, got, ranks, errs[rank], want)
			}
		}
	}
	alone, _ := hsicJSON(t, dir, "both.npz:x", "y.npy", "--seed", "3", "--permutations", "5")
	all, _ := measure(2, same, false)
	a, b := alone.Widths[0], all[1].Widths[0]
	if !(math.Abs(float64(a.Normalised/b.Normalised)-1) <= 1e-5) || a.SigmaA != b.SigmaA || *a.P != *b.P {
		t.Errorf("alone %+v, and by two %+v", a, b)
	}
	for want, c := range map[string]struct {
		rank2      func(name string) string
		normalised bool
	}{
		"rank 2 on fake2 has another checksum of x.npy than rank 0 ": {func(name string) string { return in(other, name) }, false},
		"rank 2 on fake2: open ":                                     {func(string) string { return in(other, "missing.npy") }, false},
		"--normalised by 3 processes":                                {func(name string) string { return in(dir, name) }, true},
	} {
		_, errs := measure(3, func(rank int) [2]string {
			if rank == 2 {
				return [2]string{c.rank2("x.npy"), in(dir, "y.npy")}
			}
			return [2]string{in(dir, "x.npy"), in(dir, "y.npy")}
		}, c.normalised)
		for rank, err := range errs {
			if err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("rank %d: %v, want %q", rank, err, want)
			}
		}
	}
}

func TestHSICTable(t *testing.T) {
	dir, _, _ := arrays(t)
	status, out, stderr := hebb(t, "hsic", filepath.Join(dir, "x.npy"), filepath.Join(dir, "y.npy"), "--backend", "cpu",
		"--sigma", "0.001,1", "--sigma-b", "2", "--per-dim", "--permutations", "9", "--normalised")
	if status != 0 || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "sigma 0.001 is small for "+dir) {
		t.Errorf("status %d, %s", status, stderr)
	}
	for _, want := range []string{"x.npy, 40×5, gaussian kernel, widths in units of √5", "linear CKA  0.", "σ of A", "nHSIC", " ± ", "0.1\n", "biased", "m = 40"} {
		if !strings.Contains(out, want) {
			t.Errorf("stdout lacks %q:\n%s", want, out)
		}
	}
}

// TestHSICRefuses: each mistake is said once, with what was found and wanted, and where.
func TestHSICRefuses(t *testing.T) {
	dir, x, _ := arrays(t)
	good := npy(t, "<f8", "40, 5", x)
	for name, b := range map[string][]byte{
		"short.npy": npy(t, "<f8", "20, 5", x[:100]), "three.npy": npy(t, "<f8", "3, 1", x[:3]), "cut.npy": good[:len(good)-3],
		"nan.npy": npy(t, "<f8", "40, 5", append(append([]float64{}, x[:13]...), append([]float64{math.NaN()}, x[14:]...)...)),
		"one.npy": npy(t, "<f8", "40, 5", make([]float64, 200)),
	} {
		put(t, dir, name, b)
	}
	for _, c := range []struct {
		args   string
		status int
		want   []string
	}{
		{"x.npy", 2, []string{"takes two files, found 1"}},
		{"x.npy y.npy y.npy", 2, []string{"found 3"}},
		{"x.npy y.npy --kernel rbf", 2, []string{"rbf", "gaussian, linear, cosine"}},
		{"x.npy y.npy --sigma wide", 2, []string{`"wide"`, `"median" or numbers above 0`}},
		{"x.npy y.npy --sigma 1,0", 2, []string{`"0"`}},
		{"x.npy y.npy --sigma 1,2,3,4,5,6,7,8,9", 2, []string{"9 widths, want at most 8"}},
		{"x.npy y.npy --sigma 1,2 --sigma-b 1,2,3", 2, []string{"2 widths for A and 3 for B"}},
		{"x.npy y.npy --kernel cosine --sigma 1", 2, []string{"of the gaussian kernel", "cosine and cosine"}},
		{"x.npy y.npy --permutations -1", 2, []string{"--permutations -1"}},
		{"x.npy missing.npy", 2, []string{"missing.npy", "no such file"}},
		{"x.npy short.npy", 2, []string{"x.npy has 40 rows", "short.npy has 20", "want as many"}},
		{"three.npy three.npy", 2, []string{"three.npy has 3 rows, want at least 4"}},
		{"x.npy nan.npy", 2, []string{"nan.npy has NaN in row 2, column 3"}},
		{"one.npy x.npy", 2, []string{"one.npy: all rows are equal: HSIC is 0 and normalised HSIC is 0/0"}},
		{"x.npy cut.npy", 2, []string{"cut.npy: cut short: 199 values of the 200"}},
		{"x.npy both.npz", 2, []string{"both.npz: has 2 arrays", "FILE.npz:"}},
		{"x.npy y.npy --sigma 1e-30", 2, []string{"width 1e-30", "x.npy"}},
		{"x.npy y.npy --normalised --eps 1e-30", 2, []string{"want a larger ε"}},
		{"x.npy y.npy --eps 0.1", 2, []string{"--eps is of --normalised"}},
		{"x.npy y.npy --normalised --eps 0", 2, []string{"ε is 0"}},
	} {
		var args []string
		for i, w := range strings.Fields(c.args) {
			if i < 3 && strings.Contains(w, ".np") {
				w = filepath.Join(dir, w)
			}
			args = append(args, w)
		}
		status, out, stderr := hebb(t, append([]string{"hsic", "--backend", "cpu"}, args...)...)
		if status != c.status || out != "" || !strings.HasPrefix(stderr, "hebb: ") || strings.Count(stderr, "\n") != 1 {
			t.Errorf("hebb hsic %s: status %d, stdout %q, stderr %q", c.args, status, out, stderr)
		}
		for _, w := range c.want {
			if !strings.Contains(stderr, w) {
				t.Errorf("hebb hsic %s: stderr is %q, want %q in it", c.args, stderr, w)
			}
		}
	}
}
