package reproduce

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets/stack"
	"hebb/nets/data"
	"hebb/nets/train"
)

// images writes IDX files of 6×5 pixels in four classes.
func images(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	rnd := rand.New(rand.NewPCG(5, 6))
	for part, n := range map[string]int{"train": 64, "t10k": 32} {
		x, y := []byte{0, 0, 8, 3}, []byte{0, 0, 8, 1}
		for _, size := range []int{n, 6, 5} {
			x = binary.BigEndian.AppendUint32(x, uint32(size))
		}
		y = binary.BigEndian.AppendUint32(y, uint32(n))
		for i := range n {
			y = append(y, byte(i%4))
			for j := range 30 {
				x = append(x, byte(40*((j/5*(i%4)+j)%4)+rnd.IntN(80)))
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

// TestSeeds: a run with several seeds is that many trainings, and its figures are their means and standard deviations;
// exams see turned images; a run that starts from another's weights starts from those of its own seed. What has been
// made is not made again.
func TestSeeds(t *testing.T) {
	c := train.Default
	c.Net, c.Data, c.Batch, c.Epochs, c.Rate, c.LogEvery = "mlp:30-12-10", "toy", 8, 3, 0.02, 2
	run := Run{Name: "a, b", Config: c, Seeds: 3, Figures: []Figure{none(Loss)},
		Exams: []Exam{{Gives: turnedBy(0)}, {Gives: turnedBy(90), Rotate: data.Rotation{Degrees: 90}}}}
	after := run
	after.Name, after.From = "after", "a, b"
	made := 0
	own := Run{Name: "own", Seeds: 2, Own: func(_ context.Context, _ *compute.Device, seed uint64) (map[Quantity]float64, float64, error) {
		made++
		return map[Quantity]float64{"n": float64(seed)}, 1.5, nil
	}}
	p := Part{Name: "part", Runs: []Run{run, after, own}}
	m := Maker{Open: openCPU, Dir: t.TempDir(), Seed: 7, Data: map[string]string{"toy": images(t)}}
	rows, err := m.Make(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	row := rows[0]
	if len(rows) != 3 || len(row.Seeds) != 3 {
		t.Fatalf("%d rows, the first with %d seeds", len(rows), len(row.Seeds))
	}
	values := [3]float64{}
	for k, s := range row.Seeds {
		h, err := train.ReadHistory(filepath.Join(m.Dir, "part", "a-b-seed-"+string(rune('7'+k))))
		if err != nil {
			t.Fatal(err)
		}
		if h.Config.Seed != uint64(7+k) || s.Value(Accuracy) != s.Value(turnedBy(0)) {
			t.Errorf("seed %d: %d, accuracy %g and %g", k, h.Config.Seed, s.Value(Accuracy), s.Value(turnedBy(0)))
		}
		values[k] = Measure(h.Lines, Loss)
		from, err := train.ReadRecord(filepath.Join(m.Dir, "part", "after-seed-"+string(rune('7'+k))))
		if err != nil || !strings.Contains(from.From, "a-b-seed-"+string(rune('7'+k))) {
			t.Errorf("seed %d starts from %q, %v", k, from.From, err)
		}
	}
	a, b, d := values[0], values[1], values[2]
	mean := (a + b + d) / 3
	sd := math.Sqrt(((a-b)*(a-b) + (b-d)*(b-d) + (d-a)*(d-a)) / 6)
	if !(math.Abs(row.Value(Loss)-mean) <= 1e-12*mean) || !(math.Abs(row.Spread(Loss)-sd) <= 1e-9*sd) || sd == 0 {
		t.Errorf("%g ± %g, want %g ± %g", row.Value(Loss), row.Spread(Loss), mean, sd)
	}
	if rows[2].Value("n") != 7.5 || rows[2].Text("n") != "7.50 ± 0.71" || rows[2].Seconds != 3 || made != 2 {
		t.Errorf("own runs: %s in %g s, %d made", rows[2].Text("n"), rows[2].Seconds, made)
	}
	again, err := m.Make(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if again[0].Seconds != row.Seconds || again[0].Text(turnedBy(90)) != row.Text(turnedBy(90)) {
		t.Errorf("made again: %+v, before %+v", again[0].Seconds, row.Seconds)
	}
}

// TestExperiments: every run can be made, under a name of its own, and gives what its figures and curves want.
func TestExperiments(t *testing.T) {
	for _, e := range All {
		for _, s := range e.Scales {
			parts := map[string]bool{}
			for _, p := range s.Parts {
				if parts[p.Name] {
					t.Errorf("%s, %s: two parts are called %s", e.Name, s.Name, p.Name)
				}
				parts[p.Name] = true
				names := map[string]bool{}
				for _, r := range p.Runs {
					if names[folder(r.Name)] || r.From != "" && !names[folder(r.From)] {
						t.Errorf("%s, %s, %s: twice, or from %q, which is not made before", e.Name, p.Name, r.Name, r.From)
					}
					names[folder(r.Name)] = true
					if r.Own == nil {
						if err := r.Config.Check(); err != nil {
							t.Errorf("%s, %s, %s: %v", e.Name, p.Name, r.Name, err)
						}
					}
					gives := map[Quantity]bool{}
					for _, x := range r.Exams {
						gives[x.Gives] = true
					}
					if p.Curve == nil {
						continue
					}
					for _, at := range p.Curve.Points {
						if !gives[at.Of] {
							t.Errorf("%s, %s, %s: no exam gives %s", e.Name, p.Name, r.Name, at.Of)
						}
					}
				}
			}
		}
	}
}

// TestLinear: where the noise is skewed, HSIC finds the truth from fewer examples than squared error does; and either
// errs by about the noise, of variance 1.
func TestLinear(t *testing.T) {
	dev, err := openCPU()
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	target := map[string]float64{}
	for name, loss := range map[string]stack.Loss{"hsic": stack.HSICLoss{SigmaX: 6, SigmaY: 1, Regression: true}, "squared error": stack.SquaredError} {
		got, _, err := linear{noises["exponential"], loss, 0.01}.run(t.Context(), dev, 2)
		if err != nil {
			t.Fatal(err)
		}
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
