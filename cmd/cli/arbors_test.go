package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hebb/internal/must"
	"hebb/nets/safetensors"
)

// TestFields: cells whose synapses have places are drawn there, with k1 across, k2 down and their kinds.
func TestFields(t *testing.T) {
	dir := t.TempDir()
	run, picture := filepath.Join(dir, "run"), filepath.Join(dir, "c.svg")
	ok(t, "train", "linsker:synapses=8,k1=[0.1, 0.4],k2=[0, -0.25, -0.75]", "--task", "white-noise:side=1,batch=1", "--steps", "30", "--backend", "cpu", "--out", run)
	ok(t, "weights", run, "--layer", "c", "--picture", picture)
	svg := string(must.Get(os.ReadFile(picture))(t))
	for _, word := range []string{"k1 0.1", "0.4", "k2 0", "-0.25", "-0.75", "all+"} {
		if !strings.Contains(svg, ">"+word+"<") {
			t.Errorf("the picture lacks %q", word)
		}
	}
	if status, _, stderr := hebb(t, "weights", run, "--layer", "c", "--picture", picture, "--image", "2x4"); status != 2 || !strings.Contains(stderr, "the synapses of c have places") {
		t.Errorf("--image of a layer with places: status %d, %s", status, stderr)
	}
	all, _, err := safetensors.ReadFile(must.Get(filepath.Glob(filepath.Join(run, "checkpoints", "*", "model.safetensors")))(t)[0])
	if err != nil {
		t.Fatal(err)
	}
	w := weightsRun{layer: "c.weight"}
	f, found := w.arbors(run, all)
	var weights []float32
	for _, x := range all {
		if x.Name == "c.weight" {
			weights = x.Data
		}
	}
	cell := func(c int) (column []float32) { // k1 by k2
		for i := c; i < len(weights); i += 6 {
			column = append(column, weights[i])
		}
		return column
	}
	if !found || f.Across != 2 || !slices.Equal(f.Values[1], cell(3)) || !slices.Equal(f.Values[2], cell(1)) {
		t.Errorf("the second cell is not that of the second k1, or the third not of the second k2: %t, %d across", found, f.Across)
	}
	if f, found = w.arbors(filepath.Join(dir, "none"), all); !found || f.Words != nil {
		t.Errorf("of a file alone: %t, %v", found, f.Words)
	}
}
