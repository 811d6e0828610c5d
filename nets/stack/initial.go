package stack

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// An Init is a distribution of initial weights and biases.
type Init uint8

const (
	// Torch is PyTorch's default for Linear and Conv2d: weights and biases uniform within ±1/√fan-in (He's rule with a = √5).
	Torch Init = iota
	// FanOut is normal with variance 2/fan-out, and biases 0 (He et al. 2015), as for the convolutions of torchvision's
	// ResNets.
	FanOut
	// Balanced is normal with variance 1/(fan-in + fan-out), for weights and biases (Akrout et al. 2019).
	Balanced
)

var initNames = []string{"torch", "fan-out", "balanced"}

func (i Init) String() string {
	if int(i) < len(initNames) {
		return initNames[i]
	}
	return fmt.Sprintf("Init(%d)", i)
}

// Fans returns the fan-in and the fan-out of weights of a shape, units × inputs or units × height × width × channels.
func Fans(shape []int) (in, out int) {
	window := 1
	if len(shape) == 4 {
		window = shape[1] * shape[2]
	}
	return window * shape[len(shape)-1], window * shape[0]
}

// Fill returns a function that draws weights of a shape or, if bias is true, their biases.
func (i Init) Fill(shape []int, bias bool) func(*rand.Rand, []float32) {
	in, out := Fans(shape)
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
