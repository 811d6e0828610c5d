package reproduce

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/cpu"
	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/catalogue"
	"hebb/nets/data"
	"hebb/nets/local"
	"hebb/nets/train"
)

// images writes IDX files of 6×5 pixels in four classes.
func images(t *testing.T) (dir string) {
	return idx(t, 64, 32, 6, 5, func(i int) int { return i % 4 }, func(rnd *rand.Rand, class, j int) int {
		return 40*((j/5*class+j)%4) + rnd.IntN(80)
	})
}

// digits writes IDX files of 28×28 pixels in ten classes: noise, and a bright square whose place tells the class.
func digits(t *testing.T) (dir string) {
	return idx(t, 400, 100, 28, 28, func(i int) int { return i * 7 % 10 }, func(rnd *rand.Rand, class, j int) int {
		v := rnd.IntN(60)
		if j/28/7 == class/3 && j%28/9 == class%3 {
			v += 40
		}
		return v
	})
}

// idx writes IDX files of training and test images; image i is of the class classOf(i), and pixel gives its j-th pixel.
func idx(t *testing.T, training, tests, height, width int, classOf func(i int) int, pixel func(rnd *rand.Rand, class, j int) int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	rnd := rand.New(rand.NewPCG(5, 6))
	for k, n := range []int{training, tests} {
		part := []string{"train", "t10k"}[k]
		x, y := []byte{0, 0, 8, 3}, []byte{0, 0, 8, 1}
		for _, size := range []int{n, height, width} {
			x = binary.BigEndian.AppendUint32(x, uint32(size))
		}
		y = binary.BigEndian.AppendUint32(y, uint32(n))
		for i := range n {
			y = append(y, byte(classOf(i)))
			for j := range height * width {
				x = append(x, byte(pixel(rnd, classOf(i), j)))
			}
		}
		for name, b := range map[string][]byte{part + "-images-idx3-ubyte": x, part + "-labels-idx1-ubyte": y} {
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func openCPU() (*compute.Device, error) {
	b, err := cpu.Open()
	if err != nil {
		return nil, err
	}
	return compute.New(b), nil
}

func runner(t *testing.T) Runner {
	return Runner{Open: openCPU, Names: catalogue.Default(), Dir: t.TempDir(), Version: "v", Seed: 7}
}

func make1(t *testing.T, r Runner, p Part) Rows {
	t.Helper()
	rows := must.Get(r.Make(t.Context(), p))(t)
	return rows
}

// toy is two trainings, of which the second starts from the first's weights and takes exams.
func toy(net string, seeds int) Part {
	c := train.Default
	c.Net, c.Rule, c.Data, c.Batch, c.Epochs, c.Rate, c.LogEvery, c.SaveEvery = net, "kp", "toy", 8, 2, 0.02, 2, 3
	exams := []Exam{{Gives: turnedBy(0)}, {Gives: turnedBy(90), Rotate: data.Rotation{Degrees: 90}}}
	steps := c
	steps.Epochs, steps.Steps = 0, 10
	return Part{Name: "part", Runs: []Run{
		{Name: "a, b", Seeds: seeds, Make: Training{Config: c}},
		{Name: "after", Seeds: seeds, Make: Training{Config: steps, From: "a, b", Exams: exams}},
	}}
}

// same reports figures that differ in more than the time.
func same(t *testing.T, what string, got, want Figures) {
	t.Helper()
	for q, v := range want {
		if q != Seconds && !reflect.DeepEqual(got[q], v) {
			t.Errorf("%s: %s is %v, want %v", what, q, got[q], v)
		}
	}
}

// TestTraining: the values of several seeds, and of what starts from their weights, are to the bit those of each alone, be
// they side by side or, of convolutions, in turn; and they are those of other seeds.
func TestTraining(t *testing.T) {
	dir := images(t)
	for net, seeds := range map[string]int{"mlp:30-12-10": 3, "resnet8": 2} {
		r := runner(t)
		r.Data = map[string]string{"toy": dir}
		rows := make1(t, r, toy(net, seeds))
		for i, row := range rows {
			for _, q := range []Quantity{Loss, Delta, Weights} {
				if v := row.Figures[q]; len(v) != seeds || math.IsNaN(v.Mean()) || v.SD() == 0 {
					t.Errorf("%s, %s: %s is %v, want %d numbers that differ", net, row.Run, q, []float64(v), seeds)
				}
			}
			if h := row.History; h.Config.Seed != 7 || h.Config.Learners != seeds || i == 1 && !strings.Contains(h.Record.From, "a-b") {
				t.Errorf("%s, %s is of the %d seeds from %d, and from %q", net, row.Run, h.Config.Learners, h.Config.Seed, h.Record.From)
			}
		}
		if last := rows[1].Figures; last[Accuracy].Mean() != last[turnedBy(0)].Mean() {
			t.Errorf("%s: upright accuracies are %v in an exam and %v in the test", net, last[turnedBy(0)], last[Accuracy])
		}
		for k := range seeds {
			one := r
			one.Dir, one.Seeds, one.Seed = t.TempDir(), 1, r.Seed+uint64(k)
			for i, alone := range make1(t, one, toy(net, seeds)) {
				got := Figures{}
				for q, v := range rows[i].Figures {
					if q != Seconds {
						got[q] = v[k : k+1]
					}
				}
				same(t, net+", "+alone.Run, got, alone.Figures)
			}
		}
	}
}

// TestResumes: a training that is stopped at any line goes on to the same figures; one that is there is not made again; and
// a folder of other seeds is left alone.
func TestResumes(t *testing.T) {
	whole := runner(t)
	whole.Data = map[string]string{"toy": images(t)}
	part := toy("mlp:30-12-10", 2)
	want := make1(t, whole, part)
	for _, stop := range []int{1, 6, 9} { // of 16 lines or more
		r := whole
		r.Dir = t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		lines := 0
		r.Tell = func(string, int, int, train.Line) {
			if lines++; lines == stop {
				cancel()
			}
		}
		if _, err := r.Make(ctx, part); !errors.Is(err, context.Canceled) {
			t.Errorf("stopped at line %d: error is %v", stop, err)
		}
		for i, row := range make1(t, r, part) {
			same(t, row.Run, row.Figures, want[i].Figures)
		}
	}
	told := 0
	whole.Tell = func(string, int, int, train.Line) { told++ }
	for i, row := range make1(t, whole, part) {
		same(t, row.Run, row.Figures, want[i].Figures)
		if row.Seconds != want[i].Seconds || told > 0 {
			t.Errorf("%s was made again: %d lines, %g s, before %g s", row.Run, told, row.Seconds, want[i].Seconds)
		}
	}
	whole.Seeds = 3
	if _, err := whole.Make(t.Context(), part); err == nil || !strings.Contains(err.Error(), "holds another run (learners 2, not 3)") {
		t.Errorf("in the folder of two seeds three are made: %v", err)
	}
}

// TestEach: seeds are made one after the other; those that are there are not made again, be it for an interruption or for
// more or fewer seeds, but by another version.
func TestEach(t *testing.T) {
	r := runner(t)
	var made []uint64
	fail := uint64(9)
	part := Part{Name: "part", Runs: []Run{{Name: "own", Seeds: 3, Make: Each(func(_ context.Context, _ *compute.Device, seed uint64) (map[Quantity]float64, error) {
		if seed == fail {
			return nil, errors.New("it broke")
		}
		made = append(made, seed)
		return map[Quantity]float64{"seed": float64(seed), "none": math.NaN()}, nil
	})}}}
	if _, err := r.Make(t.Context(), part); err == nil || !strings.Contains(err.Error(), "part, own: seed 9: it broke") {
		t.Errorf("error is %v", err)
	}
	fail = 0
	for _, c := range []struct {
		seeds   int
		version string
		made    []uint64
		values  Values
	}{
		{0, "v", []uint64{7, 8, 9}, Values{7, 8, 9}}, {5, "v", []uint64{7, 8, 9, 10, 11}, Values{7, 8, 9, 10, 11}},
		{2, "v", []uint64{7, 8, 9, 10, 11}, Values{7, 8}}, {1, "w", []uint64{7, 8, 9, 10, 11, 7}, Values{7}},
	} {
		r.Seeds, r.Version = c.seeds, c.version
		row := make1(t, r, part)[0]
		if !reflect.DeepEqual(made, c.made) || !reflect.DeepEqual(row.Figures["seed"], c.values) || len(row.Figures["none"]) != len(c.values) {
			t.Errorf("%d seeds by %s: made %v and got %v, want %v and %v", c.seeds, c.version, made, row.Figures, c.made, c.values)
		}
	}
}

// TestProgram: figures are kept, for as many seeds or fewer; those that are not one for each seed are an error, and so is a
// damaged file.
func TestProgram(t *testing.T) {
	r := runner(t)
	made, short := 0, 0
	part := Part{Name: "part", Runs: []Run{{Name: "own", Seeds: 4, Make: Program(func(_ context.Context, _ *compute.Device, s Seeds) (Figures, error) {
		made++
		v := Values{}
		for k := range s.N - short {
			v = append(v, float64(s.First)+float64(k))
		}
		return Figures{"seed": v}, nil
	})}}}
	short = 1
	if _, err := r.Make(t.Context(), part); err == nil || !strings.Contains(err.Error(), `"seed" has 3 values, want one for each of 4 seeds`) {
		t.Errorf("error is %v", err)
	}
	short = 0
	for _, c := range []struct{ seeds, made int }{{4, 2}, {4, 2}, {2, 2}, {5, 3}} {
		r.Seeds = c.seeds
		v := make1(t, r, part)[0].Figures["seed"]
		if len(v) != c.seeds || v[0] != 7 || v[c.seeds-1] != float64(6+c.seeds) || made != c.made {
			t.Errorf("%d seeds: %v, made %d times, want %d", c.seeds, v, made, c.made)
		}
	}
	must.Do(t, os.WriteFile(filepath.Join(r.Dir, "part", "own", FiguresFile), []byte("{"), 0o666))
	if _, err := r.Make(t.Context(), part); err == nil || !strings.Contains(err.Error(), FiguresFile) {
		t.Errorf("a damaged file: %v", err)
	}
}

// TestValues: means and standard deviations with n − 1, as text and JSON; a seed that was lost leaves no mean, and a figure
// without one does not hold.
func TestValues(t *testing.T) {
	lost := Values{1, math.NaN()}
	for want, v := range map[string]Values{"7.50 ± 0.71, n = 2": {7, 8}, "97.10": {97.1}, "0.00424 ± 0.00010, n = 3": {0.00414, 0.00424, 0.00434}, "NaN": {}, "NaN ± NaN, n = 2": lost} {
		if got := v.String(); got != want {
			t.Errorf("%v is %q, want %q", []float64(v), got, want)
		}
	}
	text, err := json.Marshal(lost)
	var back Values
	if err != nil || string(text) != "[1,null]" || json.Unmarshal(text, &back) != nil || len(back) != 2 || back[0] != 1 || back[1] == back[1] {
		t.Errorf("%s, %v, read as %v", text, err, back)
	}
	f := Figure{Published: 7, Within: 1}
	if !f.Holds(Values{7, 8}) || f.Holds(Values{7, 10}) || f.Holds(lost) || none(Loss).Holds(nil) || !none(Loss).Holds(Values{3}) {
		t.Errorf("a band is not kept: %t %t %t %t %t", f.Holds(Values{7, 8}), f.Holds(Values{7, 10}), f.Holds(lost), none(Loss).Holds(nil), none(Loss).Holds(Values{3}))
	}
	if n := (Values{1, 2, 3}).Count(func(x float64) bool { return x > 1 }); n != 2 {
		t.Errorf("%d of 1, 2, 3 are above 1", n)
	}
}

// TestExperiments: every run can be made, under a name of its own, and gives what its figures and curves want.
func TestExperiments(t *testing.T) {
	for _, e := range All {
		scales := map[string]bool{}
		for _, s := range e.Scales {
			parts := map[string]bool{}
			for _, p := range s.Parts {
				if scales[s.Name] || parts[p.Name] {
					t.Errorf("%s: twice %s, %s", e.Name, s.Name, p.Name)
				}
				parts[p.Name] = true
				checkPart(t, e.Name+", "+p.Name, p)
			}
			scales[s.Name] = true
		}
	}
}

func checkPart(t *testing.T, where string, p Part) {
	made := map[string]int{} // seeds by folder
	for _, r := range p.Runs {
		if made[folder(r.Name)] > 0 || len(r.Figures) == 0 || r.Make == nil {
			t.Errorf("%s, %s: twice, without figures, or not made at all", where, r.Name)
		}
		made[folder(r.Name)] = max(1, r.Seeds)
		training, ok := r.Make.(Training)
		if !ok {
			continue
		}
		if err := training.Config.Check(catalogue.Default()); err != nil {
			t.Errorf("%s, %s: %v", where, r.Name, err)
		}
		if f := training.From; f != "" && made[folder(f)] != max(1, r.Seeds) {
			t.Errorf("%s, %s: from %q, which is not made before with as many seeds", where, r.Name, f)
		}
		gives := map[Quantity]bool{Accuracy: true} // of the last test
		for _, x := range training.Exams {
			gives[x.Gives] = true
		}
		for _, at := range p.curve() {
			if !gives[at.Of] {
				t.Errorf("%s, %s: no exam gives %s", where, r.Name, at.Of)
			}
		}
	}
}

func (p Part) curve() []Point {
	if p.Curve == nil {
		return nil
	}
	return p.Curve.Points
}

// TestHopfield: the experiment holds, and would not of other theories; its seeds are those of single runs.
func TestHopfield(t *testing.T) {
	r, p := runner(t), hopfield.Scales[0].Parts[0]
	rows := make1(t, r, p)
	one := runner(t)
	one.Seed, one.Seeds = r.Seed+3, 1
	alone := make1(t, one, p)
	for i, run := range p.Runs {
		f, v := run.Figures[0], rows[i].Figures[unstableBits]
		other := f
		other.Published *= 1.5
		if len(v) != run.Seeds || !f.Holds(v) || other.Holds(v) {
			t.Errorf("%s: %v, want %g within %g", run.Name, v, f.Published, f.Within)
		}
		if got := alone[i].Figures[unstableBits]; len(got) != 1 || got[0] != v[3] {
			t.Errorf("%s: seed 10 alone gives %v, and among others %v", run.Name, got, v[3])
		}
	}
	for _, c := range p.Check {
		swapped := Rows{rows[0], rows[2], rows[1]}
		swapped[1].Run, swapped[2].Run = swapped[2].Run, swapped[1].Run
		if !c.Holds(rows) || c.Holds(swapped) {
			t.Errorf("%s: %t, and of swapped rows %t", c.Says, c.Holds(rows), c.Holds(swapped))
		}
	}
}

// TestPerturbation: at its small scale the experiment holds, and would not if np ended at twice the floor; its seeds are those
// of single runs.
func TestPerturbation(t *testing.T) {
	_, scale, err := Find(All, "perturbation", "small")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range scale.Parts {
		r, one := runner(t), runner(t)
		one.Seed, one.Seeds = r.Seed+1, 1
		rows, alone := make1(t, r, p), Rows{}
		if p.Name == "small" { // else each seed is made alone
			alone = make1(t, one, p)
		}
		for i, run := range p.Runs {
			for _, f := range run.Figures {
				v := rows[i].Figures[f.What]
				if !f.Holds(v) || len(v) != run.Seeds {
					t.Errorf("%s, %s: %s is %v, want %g within %g", p.Name, run.Name, f.What, v, f.Published, f.Within)
				}
				if len(alone) > 0 && !slices.Equal(alone[i].Figures[f.What], v[1:2]) {
					t.Errorf("%s, %s: %s of seed 8 alone is %v, and among others %v", p.Name, run.Name, f.What, alone[i].Figures[f.What], v)
				}
			}
		}
		if p.Name == "small" {
			f := p.Runs[1].Figures[2]
			if f.Published = -0.98; f.Holds(rows.Of("np", f.What)) {
				t.Errorf("np at %v would hold of twice the floor too", rows.Of("np", f.What))
			}
		}
	}
}

// TestPerturbationClaims: each claim holds of what was measured, and not with wp and np swapped or not of twice as much.
func TestPerturbationClaims(t *testing.T) {
	_, scale, err := Find(All, "perturbation", "cpu")
	if err != nil {
		t.Fatal(err)
	}
	all, err := Measurements()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range scale.Parts {
		rows := Rows{}
		for _, run := range p.Runs {
			row := Row{Run: run.Name, Result: Result{Figures: Figures{}}}
			for _, m := range all {
				if m.Experiment == "perturbation" && m.Part == p.Name && m.Run == run.Name {
					row.Figures[m.Quantity] = m.Values
				}
			}
			rows = append(rows, row)
		}
		for _, c := range p.Check {
			swapped, twice := slices.Clone(rows), slices.Clone(rows)
			for i, row := range rows {
				swapped[i].Run = strings.NewReplacer("wp", "np", "np", "wp").Replace(row.Run)
				twice[i].Figures = Figures{}
				for q, v := range row.Figures {
					twice[i].Figures[q] = Values{2 * v.Mean()}
				}
			}
			if !c.Holds(rows) || c.Holds(swapped) && c.Holds(twice) {
				t.Errorf("%s: %t of what was measured, %t with wp and np swapped, %t of twice as much", c.Says, c.Holds(rows), c.Holds(swapped), c.Holds(twice))
			}
		}
	}
}

// TestLinear: where the noise is skewed, HSIC finds the truth from fewer examples than squared error does; and either
// errs by about the noise, of variance 1.
func TestLinear(t *testing.T) {
	dev := must.Get(openCPU())(t)
	defer dev.Close()
	target := map[string]float64{}
	for name, loss := range map[string]nets.Loss{"hsic": local.HSICLoss{SigmaX: 6, SigmaY: 1, Regression: true}, "squared error": nets.SquaredError} {
		got := must.Get(linear{noises["exponential"], loss, 0.01}.run(t.Context(), dev, 2))(t)
		if !(got[sourceError] > 0.9 && got[sourceError] < got[targetError] && got[targetError] < 2) {
			t.Errorf("%s: %v", name, got)
		}
		target[name] = got[targetError]
	}
	if !(target["hsic"] < target["squared error"]) {
		t.Errorf("at the target: %v", target)
	}
	for name, noise := range noises {
		rnd, mean, squares := rand.New(rand.NewPCG(1, 1)), 0.0, 0.0
		const n = 40000
		for range n {
			v := noise(rnd)
			mean += v / n
			squares += v * v / n
		}
		// Fourth moments are 9 at most, that of the exponential.
		if math.Abs(mean) > 6/math.Sqrt(n) || math.Abs(squares-1) > 6*math.Sqrt(8./n) {
			t.Errorf("%s noise has mean %g and variance %g, want 0 and 1", name, mean, squares)
		}
	}
}
