package stack

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// An Init is how weights and their biases start.
type Init uint8

const (
	// Torch is PyTorch's default for Linear and Conv2d: both uniform within ±1/√fan-in
	// (He's rule with a = √5).
	Torch Init = iota
	// FanOut is normal with variance 2/fan-out, biases 0 (He et al. 2015): torchvision's for the
	// convolutions of a ResNet.
	FanOut
	// Balanced is normal with variance 1/(fan-in + fan-out), biases as well (Akrout et al. 2019).
	Balanced
)

var initNames = []string{"torch", "fan-out", "balanced"}

func (i Init) String() string {
	if int(i) < len(initNames) {
		return initNames[i]
	}
	return fmt.Sprintf("Init(%d)", i)
}

// fans is how many inputs a unit has and how many units an input reaches.
func fans(shape []int) (in, out int) {
	window := 1
	if len(shape) == 4 {
		window = shape[1] * shape[2]
	}
	return window * shape[len(shape)-1], window * shape[0]
}

// weights fills the weights of a layer; bias is whether they are its biases instead.
func (i Init) fill(shape []int, bias bool) func(*rand.Rand, []float32) {
	in, out := fans(shape)
	switch {
	case i == Torch:
		return uniform(1 / math.Sqrt(float64(in)))
	case i == Balanced:
		return normal(math.Sqrt(1 / float64(in+out)))
	case bias:
		return constant(0)
	}
	return normal(math.Sqrt(2 / float64(out)))
}

func uniform(a float64) func(*rand.Rand, []float32) {
	return func(r *rand.Rand, x []float32) {
		for i := range x {
			x[i] = float32(a * (2*r.Float64() - 1))
		}
	}
}

func normal(sd float64) func(*rand.Rand, []float32) {
	return func(r *rand.Rand, x []float32) {
		for i := range x {
			x[i] = float32(sd * r.NormFloat64())
		}
	}
}

func constant(c float32) func(*rand.Rand, []float32) {
	return func(_ *rand.Rand, x []float32) {
		for i := range x {
			x[i] = c
		}
	}
}
