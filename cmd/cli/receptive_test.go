package cli

import (
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"hebb/internal/must"
	"hebb/nets/develop"
	"hebb/nets/safetensors"
	"hebb/nets/train"
)

// TestReceptive: hebb weights --fields describes in pixels the units of a run on whitened patches, and of one of its
// checkpoints. The run goes on after its photographs have moved to another folder.
func TestReceptive(t *testing.T) {
	dir, rnd := t.TempDir(), rand.New(rand.NewPCG(1, 9))
	m := image.NewGray(image.Rect(0, 0, 80, 80))
	for i := range m.Pix {
		m.SetGray(i%80, i/80, color.Gray{uint8(100 + 60*math.Sin(float64(i%80)/5) + rnd.Float64()*60)})
	}
	photos := filepath.Join(dir, "photos")
	must.Do(t, os.Mkdir(photos, 0o777))
	f := must.Get(os.Create(filepath.Join(photos, "a.png")))(t)
	must.Do(t, errors.Join(png.Encode(f, m), f.Close()))
	run, picture := filepath.Join(dir, "run"), filepath.Join(dir, "fields.svg")
	t.Chdir(dir)
	ok(t, "train", "nonlinear:units=3", "--task", "patches:size=6,places=300,take=120,keep=20,batch=30", "--data", "photos", "--steps", "6", "--learners", "2",
		"--backend", "cpu", "--out", run)
	t.Chdir(t.TempDir())
	ok(t, "train", "--resume", run, "--steps", "8", "--backend", "cpu")
	var got []develop.Gabor
	must.Do(t, json.Unmarshal([]byte(ok(t, "weights", run, "--fields", "--learner", "1", "--format", "json", "--picture", picture)), &got))
	model, step, err := train.LastModel(run)
	must.Do(t, err)
	w, _, err := safetensors.ReadFile(model)
	must.Do(t, err)
	state, _, err := safetensors.ReadFile(filepath.Join(filepath.Dir(model), train.StateFile))
	must.Do(t, err)
	if step != 8 || len(got) != 3 || len(w) != 1 {
		t.Fatalf("step %d, %d units, %d tensors", step, len(got), len(w))
	}
	of := func(x []float32, rows, cols int) *mat.Dense { // of learner 1
		d := mat.NewDense(rows, cols, nil)
		d.Apply(func(i, j int, _ float64) float64 { return float64(x[rows*cols+i*cols+j]) }, d)
		return d
	}
	var field mat.Dense
	for _, s := range state {
		if s.Name == fieldsTensor {
			field.Mul(of(w[0].Data, 3, 20), of(s.Data, 20, 36))
		}
	}
	want := must.Get(develop.Gabors(field.RawMatrix().Data, 6))(t)
	for u := range got {
		if math.Abs(got[u].R2-want[u].R2) > 1e-9 || got[u].Orientation != want[u].Orientation {
			t.Errorf("unit %d is like %+v, want %+v", u, got[u], want[u])
		}
	}
	drawn := string(must.Get(os.ReadFile(picture))(t))
	for _, text := range []string{"6×6 pixels", "median R²", "below: R²"} {
		if !strings.Contains(drawn, text) {
			t.Errorf("the picture lacks %q", text)
		}
	}
	if table := ok(t, "weights", run, "--fields"); strings.Count(table, "°") != 3 || !strings.Contains(table, "orientation") {
		t.Errorf("the table is\n%s", table)
	}
	for args, want := range map[string]string{
		"weights " + run + " --fields --layer no":                           "want a layer whose weights are units",
		"weights " + run + " --fields --best":                               "--fields with --over-training, --image or --best",
		"train nonlinear --task patches --steps 1 --out x --data none":      "mate-backgrounds",
		"train nonlinear --task sources --steps 1 --out x --data " + photos: "--data is for examples of data",
	} {
		if status, _, stderr := hebb(t, strings.Fields(args)...); status != 2 || !strings.Contains(stderr, want) {
			t.Errorf("%s: status %d, %s, want %q", args, status, stderr, want)
		}
	}
}
