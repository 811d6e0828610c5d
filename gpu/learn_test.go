package gpu

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
)

// TestShipped: every file of findings that ships can be read, has its device's name, and names only existing tiles.
func TestShipped(t *testing.T) {
	files, err := fs.Glob(shipped, "tuning/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v: %v", files, err)
	}
	for _, f := range files {
		text := must.Get(shipped.ReadFile(f))(t)
		var r record
		known := map[shape]recipe{}
		if err := addTo(known, text, &r); err != nil {
			t.Errorf("%s: %v", f, err)
		}
		if want := strings.TrimSuffix(path.Base(f), ".json"); slug(r.Device) != want {
			t.Errorf("%s is of %q, whose file would be %s", f, r.Device, slug(r.Device))
		}
		if len(known) != len(r.Entries) || r.Driver == "" || r.Date == "" {
			t.Errorf("%s: %d shapes in %d entries, driver %q, date %q", f, len(known), len(r.Entries), r.Driver, r.Date)
		}
		again := map[shape]recipe{}
		if _, err := recall("", compute.Info{Device: r.Device}, again); err != nil || len(again) != len(known) {
			t.Errorf("%s: a device recalls %d of %d: %v", f, len(again), len(known), err)
		}
	}
}

// TestRecall: kept findings are recalled; half a file is none; another device's is not read.
func TestRecall(t *testing.T) {
	dir, info := t.TempDir(), compute.Info{Device: "Some GPU/PCIe", Driver: "1.2"}
	m := must.Get(recall(dir, info, map[shape]recipe{}))(t)
	s := shape{"GEMM NN", 0, 10, 9, 8}
	for _, way := range []string{"32x32x32/4x4/1", "64x64x16/8x8/0 in 4"} {
		must.Do(t, m.keep(s, compute.Attempt{Way: way, Seconds: 1}, 3))
	}
	known := map[shape]recipe{}
	if _, err := recall(dir, info, known); err != nil || len(known) != 1 || known[s].String() != "64x64x16/8x8/0 in 4" {
		t.Errorf("recalled %v: %v", known, err)
	}
	other := map[shape]recipe{}
	if err := addTo(other, []byte(`{"entries": [{"kind": "GEMM NN", "way": "7x7"}, {"kind": "GEMM NT", "way": "64x32x16/8x4/1"}]}`), new(record)); err != nil || len(other) != 1 {
		t.Errorf("of a tile that is there and one that is not, %v is taken: %v", other, err)
	}
	if err := addTo(known, []byte(`{`), new(record)); err == nil {
		t.Error("half a file is taken")
	}
}

// TestRecallNothing: where the folder cannot be looked into, or its file is damaged, nothing is recalled, trials go on, and
// keeping is an error that names the file, which stays as it is.
func TestRecallNothing(t *testing.T) {
	info, damaged := compute.Info{Device: "Some GPU"}, t.TempDir()
	notFolder := filepath.Join(damaged, "some-gpu.json")
	must.Do(t, os.WriteFile(notFolder, []byte("{"), 0o600))
	for _, dir := range []string{filepath.Join(notFolder, "hebb"), damaged} {
		known := map[shape]recipe{}
		m, err := recall(dir, info, known)
		if err != nil || len(known) > 0 {
			t.Fatalf("%s: recalled %v: %v", dir, known, err)
		}
		m.journal.begin("a trial")
		err = m.keep(shape{"GEMM NN", 0, 10, 9, 8}, compute.Attempt{Way: "32x32x32/4x4/1", Seconds: 1}, 3)
		if err == nil || !strings.Contains(err.Error(), m.file()) {
			t.Errorf("%s: kept: %v", dir, err)
		}
		if text, err := os.ReadFile(notFolder); err != nil || string(text) != "{" {
			t.Errorf("%s: %s holds %q: %v", dir, notFolder, text, err)
		}
	}
}
