package reproduce

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"hebb/internal/must"
)

// TestStaleness: at its small scale each rule has an accuracy for each seed and k, at k = 0 that of the ordinary training; the
// search keeps what it found and nothing else.
func TestStaleness(t *testing.T) {
	_, scale, err := Find(All, "staleness", "small")
	if err != nil {
		t.Fatal(err)
	}
	r, p := runner(t), scale.Parts[0]
	r.Data = map[string]string{"mnist": digits(t)}
	rows := make1(t, r, p)
	for i, run := range p.Runs {
		for _, f := range run.Figures {
			if v := rows[i].Figures[f.What]; len(v) != 2 || !(v.Mean() > 0) {
				t.Errorf("%s: %s is %v, want two numbers above 0", run.Name, f.What, v)
			}
		}
	}
	ordinary := runner(t)
	ordinary.Data = r.Data
	c := p.Runs[2].Make.(apart).config
	one := make1(t, ordinary, Part{Name: "part", Runs: []Run{{Name: "ordinary", Seeds: 2, Make: Training{Config: c}}}})
	if got, want := rows.Of("predsim", accuracyAt(0)), one.Of("ordinary", Accuracy); !slices.Equal(got, want) {
		t.Errorf("predsim at k = 0 reaches %v, and the ordinary training %v", got, want)
	}
	kept := must.Get(os.ReadDir(filepath.Join(r.Dir, p.Name, "bp", "k8-search")))(t)
	if len(kept) != 1 || kept[0].Name() != FiguresFile {
		t.Errorf("the search leaves %v, want its figures", kept)
	}
}
