package computetest

import (
	"testing"

	"hebb/compute"
)

// TestMachine: the definitions agree with the formulas written down a second time, in float32 and in float64.
func TestMachine(t *testing.T) {
	t.Run("float32", func(t *testing.T) {
		Run(t, func() (compute.Backend, error) { return &Machine[float32]{Arithmetic: &Float32{}}, nil })
	})
	t.Run("float64", func(t *testing.T) {
		RunEvery(t, 3, func() (compute.Backend, error) { return &Machine[float64]{Arithmetic: &Float64{}}, nil })
	})
}
