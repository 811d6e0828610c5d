package tasks

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/internal/lab"
)

// mixed draws rows of d numbers that depend on each other, with a mean.
func mixed(n, d int) []float64 {
	rnd := rand.New(rand.NewPCG(1, 7))
	a, s := mat.NewDense(d, d, nil), mat.NewDense(n, d, nil)
	normal := func(_, _ int, _ float64) float64 { return rnd.NormFloat64() }
	a.Apply(normal, a)
	s.Apply(normal, s)
	var x mat.Dense
	x.Mul(s, a)
	x.Apply(func(_, j int, v float64) float64 { return v + float64(j) }, &x)
	return x.RawMatrix().Data
}

// moments returns the largest mean of a column, and the covariance.
func momentsOf(rows []float64, d int) (mean float64, c *mat.SymDense) {
	x := mat.NewDense(len(rows)/d, d, rows)
	for j := range d {
		mean = max(mean, math.Abs(mat.Sum(x.ColView(j)))/float64(len(rows)/d))
	}
	c = mat.NewSymDense(d, nil)
	c.SymOuterK(float64(d)/float64(len(rows)), x.T())
	return mean, c
}

// off is how far c is from diag(want) at most.
func off(c mat.Symmetric, want []float64) (most float64) {
	for i, w := range want {
		for j := range want {
			x := c.At(i, j)
			if i == j {
				x -= w
			}
			most = max(most, math.Abs(x))
		}
	}
	return most
}

// TestWhiten: the covariance of whitened rows is I to rounding, or λ/(λ + ε); zca is nearest to the rows, and its fields
// are the fields of pca.
func TestWhiten(t *testing.T) {
	const n, d = 500, 6
	rows := mixed(n, d)
	ones := slices.Repeat([]float64{1}, d)
	for _, kind := range []string{"pca", "zca"} {
		white, _, err := Whiten(rows, d, kind, 0, 0)
		must.Do(t, err)
		if mean, c := momentsOf(white, d); mean > 1e-12 || off(c, ones) > 1e-11 { // the rounding of eigenvectors by λ₁/λ_d, some hundreds
			t.Errorf("%s: the mean is %g and the covariance %g from I", kind, mean, off(c, ones))
		}
	}
	const keep, epsilon = 3, 0.5
	pca, w, err := Whiten(rows, d, "pca", keep, epsilon)
	must.Do(t, err)
	var want []float64
	for _, v := range w.Values[:keep] {
		want = append(want, v/(v+epsilon))
	}
	if _, c := momentsOf(pca, keep); off(c, want) > 1e-12 {
		t.Errorf("with ε the covariance is %g from λ/(λ + ε)", off(c, want))
	}
	zca, _, err := Whiten(rows, d, "zca", keep, epsilon)
	must.Do(t, err)
	var back mat.Dense
	back.Mul(mat.NewDense(n, keep, pca), w.Fields)
	for i, v := range back.RawMatrix().Data {
		if math.Abs(v-zca[i]) > 1e-12 {
			t.Fatalf("number %d of zca is %g, and the field of pca's %g", i, zca[i], v)
		}
	}
	none, w, err := Whiten(rows, d, "none", 0, 0)
	must.Do(t, err)
	if mean, c := momentsOf(none, d); mean > 1e-12 || w.Fields != nil || math.Abs(mat.Trace(c)-sum(w.Values)) > 1e-10 {
		t.Errorf("unwhitened, the mean is %g and the variance %g, want 0 and %g", mean, mat.Trace(c), sum(w.Values))
	}
	flat := slices.Clone(rows)
	for i := range n {
		flat[i*d+1] = flat[i*d]
	}
	for want, of := range map[string]func() error{
		"which is rounding": func() error { _, _, err := Whiten(flat, d, "zca", 0, 0); return err },
		"keep 7 components": func() error { _, _, err := Whiten(rows, d, "pca", 7, 0); return err },
		"epsilon NaN":       func() error { _, _, err := Whiten(rows, d, "pca", 0, float32(math.NaN())); return err },
		"whiten \"ica\"":    func() error { _, _, err := Whiten(rows, d, "ica", 0, 0); return err },
		"at least one row":  func() error { _, _, err := Whiten(rows[:7], d, "pca", 0, 0); return err },
	} {
		if err := of(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	for _, keep := range []int{d - 1, 0} { // fewer, or an epsilon
		if _, _, err := Whiten(flat, d, "zca", keep, float32(d-1-keep)); err != nil {
			t.Error(err)
		}
	}
}

func sum(x []float64) (s float64) {
	for _, v := range x {
		s += v
	}
	return s
}

// TestSources: the rows have the covariance I by their own mean, are of heavy tails along the directions, which are
// orthonormal but for the sample's own correlations, and a learner has what it has alone.
func TestSources(t *testing.T) {
	const n, rows = 4, 4000
	task := &Sources{Sources: n, Rows: rows, Batch: 50}
	x, v, err := task.draw(nets.Generator(5, "sources"))
	must.Do(t, err)
	if mean, c := momentsOf(x, n); mean > 1e-12 || off(c, slices.Repeat([]float64{1}, n)) > 1e-12 {
		t.Errorf("mean %g, and the covariance is %g from I", mean, off(c, slices.Repeat([]float64{1}, n)))
	}
	along := mat.NewDense(rows, n, nil)
	along.Mul(mat.NewDense(rows, n, x), mat.NewDense(n, n, v).T())
	_, c := momentsOf(along.RawMatrix().Data, n)
	if o := off(c, slices.Repeat([]float64{1}, n)); !(o <= 6/math.Sqrt(rows)) { // six standard deviations of a correlation
		t.Errorf("the directions are %g from orthonormal", o)
	}
	for k := range n {
		fourth := 0.0
		for _, u := range mat.Col(nil, k, along) {
			fourth += math.Pow(u, 4) / rows
		}
		if !(fourth > 4.5 && fourth < 8.5) { // 6, with a standard deviation of √(8!·4/4! − 36)/√rows, which is 0.6
			t.Errorf("source %d has the kurtosis %g, want about 6", k, fourth)
		}
	}
	var seen [][]float32
	run := func(seed uint64, learners int) [][]float32 {
		seen = nil
		r := nets.Run{System: func() nets.System { return witness{&seen} }, Learners: learners, Seed: seed,
			Task: func() nets.Task { return &Sources{Sources: n, Rows: 100, Batch: 50} }}
		lab.Make(t, lab.CPU(t), r, 2)
		return seen
	}
	both, alone := run(3, 2), run(4, 1)
	if !slices.Equal(both[1][50*n:], alone[1]) || slices.Equal(both[0], both[1]) || slices.Equal(both[0][:50*n], both[0][50*n:]) {
		t.Error("a learner is not shown what it is alone, or all moments or learners show the same")
	}
}

// photographs writes grey images of noise that is smooth along lines, and returns the folder.
func photographs(t *testing.T, grey func(rnd *rand.Rand, x, y int) uint8) string {
	t.Helper()
	dir := t.TempDir()
	for k := range 2 {
		rnd := rand.New(rand.NewPCG(uint64(k), 3))
		m := image.NewGray(image.Rect(0, 0, 60, 80))
		for i := range m.Pix {
			m.SetGray(i%60, i/60, color.Gray{grey(rnd, i%60, i/60)})
		}
		f := must.Get(os.Create(filepath.Join(dir, fmt.Sprintf("%d.png", k))))(t)
		must.Do(t, png.Encode(f, m))
		must.Do(t, f.Close())
	}
	return dir
}

func grained(rnd *rand.Rand, x, _ int) uint8 {
	return uint8(100 + 50*math.Sin(float64(x)/9) + 20*rnd.Float64())
}

// TestPatches: patches have no mean, and with whitening the covariance I; of their fields, each has its own pixels; and a
// learner has the patches of its seed.
func TestPatches(t *testing.T) {
	task := Patches{Folder: photographs(t, grained), Size: 4, Places: 400, Take: 150, Contrast: 0.05, Whiten: "none", Batch: 10}
	raw := must.Get(task.Draw(t.Context(), 3, 1))(t)[0]
	if len(raw.Rows) != 2*150*16 || !(raw.Values[15] <= 1e-12*raw.Values[0]) {
		t.Errorf("%d numbers, the last eigenvalue %g; want %d, and 0, as patches have no mean", len(raw.Rows), raw.Values[15], 2*150*16)
	}
	for _, kind := range []string{"pca", "zca"} {
		white := task
		white.Whiten, white.Keep = kind, 9
		all := must.Get(white.Draw(t.Context(), 2, 2))(t)
		x := all[1] // of seed 3
		d := white.numbers()
		doubles := make([]float64, len(x.Rows))
		for i, v := range x.Rows {
			doubles[i] = float64(v)
		}
		_, c := momentsOf(doubles, d)
		if kind == "pca" && off(c, slices.Repeat([]float64{1}, 9)) > 1e-5 || kind == "zca" && math.Abs(mat.Trace(c)-9) > 1e-4 {
			t.Errorf("%s: the covariance is %v", kind, mat.Formatted(c))
		}
		if (x.Fields == nil) != (kind == "zca") || !slices.Equal(x.Values, raw.Values) || slices.Equal(all[0].Rows, x.Rows) {
			t.Errorf("%s: fields %v, or the patches are of no seed", kind, x.Fields)
		}
	}
	white := task
	white.Whiten, white.Keep = "pca", 9
	s := lab.Make(t, lab.CPU(t), nets.Run{System: func() nets.System { return witness{new([][]float32)} }, Seed: 3, Task: func() nets.Task { c := white; return &c }}, 1)
	if s.Spec.In.Len() != 9 || s.Spec.Examples != 10 || len(lab.Values(t, s)["task.fields"]) != 9*16 {
		t.Errorf("the task shows %+v, with fields of %d numbers", s.Spec, len(lab.Values(t, s)["task.fields"]))
	}
}

// TestPatchContrast: a patch divided by its standard deviation s + c has s/(s + c); those at or below the median are left
// out, and so constant ones always are.
func TestPatchContrast(t *testing.T) {
	half := func(rnd *rand.Rand, x, y int) uint8 { // grey on the left, and noise on the right
		if x < 24 {
			return 90
		}
		return grained(rnd, x, y)
	}
	task := Patches{Folder: photographs(t, half), Images: []string{"1.png"}, Size: 4, Places: 400, Take: 100, Whiten: "none", Batch: 1}
	sds := func(contrast float32) (all []float64) {
		c := task
		c.Contrast = contrast
		x := must.Get(c.Draw(t.Context(), 1, 1))(t)[0]
		for row := range slices.Chunk(x.Rows, 16) {
			squares := 0.0
			for _, v := range row {
				squares += float64(v) * float64(v) / 16
			}
			all = append(all, math.Sqrt(squares))
		}
		return all
	}
	plain, normalised := sds(0), sds(10)
	if slices.Min(plain) < 0.01 {
		t.Errorf("a patch of standard deviation %g is shown, want none that is constant", slices.Min(plain))
	}
	ratio := slices.Max(normalised) / slices.Max(plain)
	if top := slices.Max(plain); !(math.Abs(ratio*(top+10)-1) < 0.1) { // the mean patch is small beside any
		t.Errorf("patches of %.3g become %.3g times as large, want 1/(%.3g + 10)", top, ratio, top)
	}
	most := func(rnd *rand.Rand, x, y int) uint8 {
		if y > 6 {
			return 90
		}
		return grained(rnd, x, y)
	}
	for want, change := range map[string]func(p *Patches){
		"have more contrast than the median": func(p *Patches) { p.Folder = photographs(t, most) },
		"want at least 32, the size":         func(p *Patches) { p.Size = 32 },
		"size 33, want 2 to 32":              func(p *Patches) { p.Size = 33 },
		"twice as many places":               func(p *Patches) { p.Places = 199 },
		"contrast NaN":                       func(p *Patches) { p.Contrast = float32(math.NaN()) },
		"has no image 7.png":                 func(p *Patches) { p.Images = []string{"7.png"} },
		"size 1":                             func(p *Patches) { p.Size = 1 },
	} {
		p := task
		change(&p)
		if _, err := p.Draw(t.Context(), 1, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := task.Draw(ctx, 1, 1); err != context.Canceled {
		t.Errorf("stopped: %v", err)
	}
}

// TestSpectrum: the examples of every learner have the mean 0 and the eigenvalues.
func TestSpectrum(t *testing.T) {
	values := []float32{4, 2, 0.5}
	s := lab.Make(t, lab.CPU(t), nets.Run{System: func() nets.System { return witness{new([][]float32)} }, Learners: 2, Task: func() nets.Task { return &Spectrum{Values: values} }}, 0)
	x := lab.Values(t, s)["task.x"]
	for l := range 2 {
		rows := make([]float64, 18)
		for i, v := range x[l*18:][:18] {
			rows[i] = float64(v)
		}
		mean, c := momentsOf(rows, 3)
		var eigen mat.EigenSym
		eigen.Factorize(c, false)
		for k, v := range eigen.Values(nil) {
			if want := float64(values[2-k]); mean != 0 || !(math.Abs(v-want) <= 16*0x1p-24*4) { // the rounding of the examples
				t.Errorf("learner %d: mean %g, eigenvalue %d is %g, want 0 and %g", l, mean, k, v, want)
			}
		}
	}
	if slices.Equal(x[:18], x[18:]) {
		t.Error("two learners are shown the same")
	}
}
