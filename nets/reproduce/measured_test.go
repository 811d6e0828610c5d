package reproduce

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"hebb/internal/must"
)

// TestMeasurements: what hebb was released with are figures that its experiments have, each once.
func TestMeasurements(t *testing.T) {
	all := must.Get(Measurements())(t)
	if len(all) < 50 {
		t.Errorf("%d measurements, want all that have been made", len(all))
	}
	for i, m := range all {
		if !exists(m) {
			t.Errorf("there is no such figure: %+v", m)
		}
		if m.Date.IsZero() || m.Device == "" || m.Seed == 0 {
			t.Errorf("not said when, where and with what seed: %+v", m)
		}
		for _, o := range all[:i] {
			if m.of(o) {
				t.Errorf("twice: %+v", m)
			}
		}
	}
}

func exists(m Measurement) bool {
	_, s, err := Find(All, m.Experiment, m.Scale)
	if err != nil {
		return false
	}
	for _, p := range s.Parts {
		for _, r := range p.Runs {
			for _, f := range r.Figures {
				if p.Name == m.Part && r.Name == m.Run && f.What == m.Quantity {
					return true
				}
			}
		}
	}
	return false
}

// TestRecord: a measurement takes the place of an older one of the same figure, and of no other; a damaged file is left as
// it is.
func TestRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "measured.json")
	m := func(run string, v float64) Measurement {
		return Measurement{Experiment: "e", Scale: "cpu", Part: "p", Run: run, Quantity: Accuracy, Value: v, Seed: 1, Date: time.Unix(1, 0).UTC(), Device: "d"}
	}
	for _, now := range [][]Measurement{{m("a", 1), m("b", 2)}, {m("b", 3), m("c", 4)}} {
		must.Do(t, Record(path, now))
	}
	if got, err := ReadMeasurements(path); err != nil || !reflect.DeepEqual(got, []Measurement{m("a", 1), m("b", 3), m("c", 4)}) {
		t.Errorf("%+v, %v", got, err)
	}
	must.Do(t, os.WriteFile(path, []byte("[{"), 0o666))
	if err := Record(path, []Measurement{m("a", 1)}); err == nil {
		t.Error("a damaged file was taken for a whole one")
	}
	if text, _ := os.ReadFile(path); string(text) != "[{" {
		t.Errorf("the damaged file now holds %q", text)
	}
}
