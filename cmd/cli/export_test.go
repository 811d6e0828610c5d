package cli

import (
	"math"
	"testing"

	"hebb/nets/safetensors"
)

// TestNotFinite: a model with NaN or Inf is a lost learner's, whatever tensor has it.
func TestNotFinite(t *testing.T) {
	of := func(x float64) []safetensors.Tensor {
		return []safetensors.Tensor{{Name: "in", Data: []float32{1, -2}}, {Name: "count", Ints: []int64{7}}, {Name: "recurrent", Data: []float32{0, float32(x)}}}
	}
	for x, want := range map[float64]string{3: "", math.MaxFloat32: "", math.Inf(1): "recurrent", math.Inf(-1): "recurrent"} {
		if got := notFinite(of(x)); got != want {
			t.Errorf("with %g: %q, want %q", x, got, want)
		}
	}
	if got := notFinite(of(math.NaN())); got != "recurrent" {
		t.Errorf("with NaN: %q", got)
	}
}
