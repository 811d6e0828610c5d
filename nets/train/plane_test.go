package train

import (
	"math"
	"path/filepath"
	"strings"
	"testing"
)

// TestRecordPlane: every point has the answer of the chosen learner, from the highest row down, and the examples lie
// within; a task with three inputs has no plane.
func TestRecordPlane(t *testing.T) {
	const side, learner = 20, 1 // 400 points, three moments of the 194 that training shows
	c := ofSystem(t, "cascade", "spirals", 5)
	r := start(t, c, filepath.Join(t.TempDir(), "run"))
	if err := r.Train(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	out := everything(t, r)["out"][43*learner:] // there are no units yet
	model, step, err := LastModel(r.Folder.Dir)
	if err != nil {
		t.Fatal(err)
	}
	exam := Exam{Config: r.Config, Model: model, Step: step, Part: "test"}
	p, err := exam.RecordPlane(t.Context(), device(t), names, side, learner)
	if err != nil || len(p.Answers) != side*side || len(p.Points) != 194 || len(p.Wanted) != 194 {
		t.Fatalf("%d answers, %d points, %d wanted: %v", len(p.Answers), len(p.Points), len(p.Wanted), err)
	}
	for i, got := range p.Answers {
		at := func(k int, share float64) float64 { return p.Low[k] + (p.High[k]-p.Low[k])*share }
		x, y := at(0, (float64(i%side)+0.5)/side), at(1, 1-(float64(i/side)+0.5)/side)
		want := 1/(1+math.Exp(-float64(out[0])-float64(out[1])*x-float64(out[2])*y)) - 0.5
		if !(math.Abs(float64(got)-want) <= 1e-5) {
			t.Fatalf("the answer at %.3g, %.3g is %g, want %g", x, y, got, want)
		}
	}
	for i, x := range p.Points {
		if !(p.Low[0] < float64(x[0]) && float64(x[0]) < p.High[0] && p.Low[1] < float64(x[1]) && float64(x[1]) < p.High[1]) || math.Abs(float64(p.Wanted[i])) != 0.5 {
			t.Errorf("example %d is at %v and wants %g", i, x, p.Wanted[i])
		}
	}
	other := ofSystem(t, "chl", "xor", 5)
	r = start(t, other, filepath.Join(t.TempDir(), "xor"))
	if err := r.Train(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	model, step, _ = LastModel(r.Folder.Dir)
	exam = Exam{Config: r.Config, Model: model, Step: step, Part: "test"}
	if _, err := exam.RecordPlane(t.Context(), device(t), names, side, 0); err == nil || !strings.Contains(err.Error(), "shows 3 numbers") {
		t.Errorf("error is %v", err)
	}
}
