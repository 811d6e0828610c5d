package reproduce

import (
	"errors"
	"image"
	"image/color"
	"image/png"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hebb/internal/must"
	"hebb/nets/data"
	"hebb/nets/develop"
	"hebb/nets/tasks"
)

// TestInfomax: at its small scale the experiment holds, and it would not with cosines of 0.002 more or less.
func TestInfomax(t *testing.T) {
	_, scale, err := Find(All, "infomax", "small")
	must.Do(t, err)
	p := scale.Parts[0]
	rows := make1(t, runner(t), p)
	figuresHold(t, p, rows)
	if !p.Check[0].Holds(rows) {
		t.Errorf("%s: no, of %v", p.Check[0].Says, rows)
	}
	for _, row := range rows {
		for q, v := range row.Figures {
			for _, off := range []float64{0.002, -0.002, math.NaN()} {
				was := v[1]
				if v[1] += off; p.Check[0].Holds(rows) {
					t.Errorf("%s, %s: the claim holds of %g", row.Run, q, v[1])
				}
				v[1] = was
			}
		}
	}
}

// figuresHold requires of rows that they have a value for each seed, within its band.
func figuresHold(t *testing.T, p Part, rows Rows) {
	t.Helper()
	for i, run := range p.Runs {
		for _, f := range run.Figures {
			if v := rows[i].Figures[f.What]; !f.Holds(v) {
				t.Errorf("%s, %s: %s is %v, want %g within %g", p.Name, run.Name, f.What, v, f.Published, f.Within)
			}
		}
	}
}

// TestSourcesPart: at its small scale the experiment holds with one seed, and fails with runs in changed places.
func TestSourcesPart(t *testing.T) {
	_, scale, err := Find(All, "receptive-fields", "small")
	must.Do(t, err)
	r := runner(t)
	r.Seeds = 1
	rows := make1(t, r, scale.Parts[0])
	figuresHold(t, scale.Parts[0], rows)
	claimsHold(t, scale.Parts[0], rows)
}

// TestReceptiveFields: the figures and the claims hold of what was measured.
func TestReceptiveFields(t *testing.T) {
	_, scale, err := Find(All, "receptive-fields", "cpu")
	must.Do(t, err)
	all := must.Get(Measurements())(t)
	for _, p := range scale.Parts {
		rows := Rows{}
		for _, run := range p.Runs {
			row := Row{Run: run.Name, Result: Result{Figures: Figures{}}}
			for _, m := range all {
				if m.Experiment == "receptive-fields" && m.Scale == "cpu" && m.Part == p.Name && m.Run == run.Name {
					row.Figures[m.Quantity] = m.Values
				}
			}
			rows = append(rows, row)
		}
		figuresHold(t, p, rows)
		claimsHold(t, p, rows)
	}
}

// noise writes a photograph of noise into a folder.
func noise(t *testing.T) string {
	t.Helper()
	dir, rnd := t.TempDir(), rand.New(rand.NewPCG(6, 6))
	m := image.NewGray(image.Rect(0, 0, 64, 64))
	for i := range m.Pix {
		m.SetGray(i%64, i/64, color.Gray{uint8(rnd.IntN(256))})
	}
	f := must.Get(os.Create(filepath.Join(dir, "noise.png")))(t)
	must.Do(t, errors.Join(png.Encode(f, m), f.Close()))
	return dir
}

// TestOnPhotographs: a run on photographs gives a value of each quantity for each seed, which is that of the seed alone, with
// and without whitening; a folder that is not there is an error that says what to install.
func TestOnPhotographs(t *testing.T) {
	patches := tasks.Patches{Folder: noise(t), Size: 5, Places: 300, Take: 100, Keep: 12, Batch: 20}
	dev := must.Get(openCPU())(t)
	defer dev.Close()
	for _, whiten := range []string{"pca", "none"} {
		a := onPhotographs{system: develop.Nonlinear{Units: 3, F: "cubic"}, steps: 4, whiten: whiten}
		p := patches
		p.Whiten = whiten
		two := must.Get(a.learn(t.Context(), dev, Seeds{3, 2}, p))(t)
		one := must.Get(a.learn(t.Context(), dev, Seeds{4, 1}, p))(t)
		want := []Quantity{fieldKurtosis, fieldSpacing, firstPC, gaborLike, gaborR2}
		if got := slices.Sorted(maps.Keys(two)); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
			t.Errorf("%s: the quantities are %v", whiten, got)
		}
		for q, v := range two {
			if len(v) != 2 || v[1] != one[q][0] || math.IsNaN(v.Mean()) || q == fieldKurtosis && v[0] == v[1] {
				t.Errorf("%s: %s is %v, and alone %v", whiten, q, []float64(v), []float64(one[q]))
			}
		}
	}
	r := runner(t)
	r.Data = map[string]string{"photographs": filepath.Join(patches.Folder, "none")}
	_, err := r.Make(t.Context(), receptiveFields.Scales[0].Parts[1])
	if !errors.Is(err, data.ErrNoData) || !strings.Contains(err.Error(), "apt install mate-backgrounds") {
		t.Errorf("without photographs the error is %v", err)
	}
}

// TestKurtosisAlong: of numbers that are −1 and 1 it is −2, and the length of w has no part in it.
func TestKurtosisAlong(t *testing.T) {
	for want, rows := range map[float64][]float32{-2: {1, 5, -1, 5}, 1: {2, 0, 0, 1, 0, 2, 0, 3}} {
		if got := kurtosisAlong(rows, []float64{0.5, 0}); !(math.Abs(got-want) <= 1e-12) {
			t.Errorf("the excess kurtosis of %v is %g, want %g", rows, got, want)
		}
	}
}
