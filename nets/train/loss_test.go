package train

import (
	"path/filepath"
	"strings"
	"testing"

	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/data"
	"hebb/nets/local"
)

const hsicLoss = "hsic:sigma_x=8.0,sigma_y=0.75"

func TestLoss(t *testing.T) {
	for text, want := range map[string]nets.Loss{
		"cross-entropy": nets.CrossEntropy, "binary-cross-entropy": nets.BinaryCrossEntropy,
		"hsic": local.DefaultHSICLoss, hsicLoss: local.HSICLoss{SigmaX: 8, SigmaY: 0.75},
	} {
		if got, err := names.Loss(text); err != nil || got != want {
			t.Errorf("%s: %#v, %v, want %#v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"hinge": "cross-entropy, binary-cross-entropy, hsic", "squared-error": "want one of", "hsic:sigma=1.0": "there are: sigma_x, sigma_y",
		"hsic:sigma_y=0.0": "sigma_y 0", "hsic:sigma_x=-2.0": "sigma_x -2", "hsic:sigma_x=nan": `"sigma_x=nan": want a finite number`, "hsic:sigma_x=inf": `"sigma_x=inf": want a number within`,
		"hsic:regression=true": "regression", "cross-entropy:sigma_x=1.0": "cross-entropy",
	} {
		if l, err := names.Loss(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v, want an error with %q", text, l, err, want)
		}
	}
	c := Default
	c.Loss, c.Batch = hsicLoss, 3
	if err := c.Check(names); err == nil || !strings.Contains(err.Error(), "batches of 3") || !strings.Contains(err.Error(), "4 at least") {
		t.Errorf("batches of 3: %v", err)
	}
}

// TestResumeHSICLoss: a run that is stopped, or killed, goes on to the bits of one that was not, offset included.
func TestResumeHSICLoss(t *testing.T) {
	c := small(t, "mlp:64-12-4", "fa")
	c.Loss, c.Optimiser = hsicLoss, "adam"
	whole := start(t, c, filepath.Join(t.TempDir(), "run"))
	must.Do(t, whole.Train(t.Context(), nil))
	want := everything(t, whole)
	if offset := want[local.OffsetName]; len(offset) != 4 || offset[0] == 0 {
		t.Fatalf("the offset is %v", offset)
	}
	for _, at := range []int{1, 12} {
		cut := start(t, c, filepath.Join(t.TempDir(), "cut"))
		stopAt(t, cut, at, "train")
		requireSame(t, want, everything(t, finish(t, cut)))
	}
	killed := start(t, c, filepath.Join(t.TempDir(), "killed"))
	killAt(t, killed, 13)
	requireSame(t, want, everything(t, finish(t, killed)))
}

// TestOffsetInFile: the offset goes with the weights; a network that has none does not take weights that need it, and one
// that has takes weights without.
func TestOffsetInFile(t *testing.T) {
	c := small(t, "mlp:64-12-4", "bp")
	_, plain := ended(t, c)
	c.Loss = hsicLoss
	r, trained := ended(t, c)
	fresh := func(loss string) *Run {
		c := c
		c.Loss = loss
		return start(t, c, filepath.Join(t.TempDir(), "fresh"))
	}
	learner := fresh("cross-entropy")
	before := everything(t, learner)
	if err := learner.LoadModel(trained.Model); err == nil || !strings.Contains(err.Error(), "trained by the loss hsic") {
		t.Errorf("a network without an offset: %v", err)
	}
	requireSame(t, before, everything(t, learner))
	for model, want := range map[string][]float32{trained.Model: everything(t, r)[local.OffsetName], plain.Model: make([]float32, 4)} {
		learner = fresh(hsicLoss)
		must.Do(t, learner.LoadModel(model))
		requireSame(t, map[string][]float32{"": want}, map[string][]float32{"": everything(t, learner)[local.OffsetName]})
	}
}

// TestEvaluateRotated: turned images are others, the same each time and for every network.
func TestEvaluateRotated(t *testing.T) {
	_, e := ended(t, small(t, "mlp:64-12-4", "bp"))
	losses := map[float64]string{}
	for what, change := range map[string]func(*Exam){
		"upright": func(*Exam) {}, "by 90°": func(e *Exam) { e.Rotate.Degrees = 90 }, "by 30°": func(e *Exam) { e.Rotate.Degrees = 30 },
		"within 45°": func(e *Exam) { e.Rotate.Within = 45 }, "within 45°, others": func(e *Exam) { e.Rotate.Within, e.Turns = 45, 2 },
	} {
		changed := e
		change(&changed)
		first := must.Get(Evaluate(t.Context(), device(t), names, changed, nil))(t)
		changed.Seed++ // of the network
		again := must.Get(Evaluate(t.Context(), device(t), names, changed, nil))(t)
		if first.Score != again.Score || first.Rotated != changed.Rotate.Degrees || first.Within != changed.Rotate.Within {
			t.Errorf("%s: %+v and %+v", what, first, again)
		}
		if other, ok := losses[first.Loss]; ok {
			t.Errorf("%s and %s have the same loss", what, other)
		}
		losses[first.Loss] = what
	}
	e.Rotate = data.Rotation{Within: 200}
	if _, err := Evaluate(t.Context(), device(t), names, e, nil); err == nil || !strings.Contains(err.Error(), "rotation") {
		t.Errorf("within 200°: %v", err)
	}
}
