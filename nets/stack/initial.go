package stack

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
)

// An Init is a distribution of initial weights and biases.
type Init struct {
	law law
	sd  float32
}

type law uint8

const (
	torch law = iota
	fanOut
	balanced
	fanIn
	orthonormal
	wide
	gaussian
)

var (
	// Torch is PyTorch's default for Linear and Conv2d: weights and biases uniform within ±1/√fan-in (He's rule with a = √5).
	Torch = Init{law: torch}
	// FanOut is normal with variance 2/fan-out, and biases 0 (He et al. 2015), as for the convolutions of torchvision's
	// ResNets.
	FanOut = Init{law: fanOut}
	// Balanced is normal with variance 1/(fan-in + fan-out), for weights and biases (Akrout et al. 2019).
	Balanced = Init{law: balanced}
	// FanIn draws normal weights with variance 2/fan-in, and sets biases to 0 (He et al. 2015).
	FanIn = Init{law: fanIn}
	// Orthogonal draws a matrix with orthonormal rows or, with more units than inputs, orthonormal columns, uniform among
	// all such matrices, and sets biases to 0 (Saxe, McClelland and Ganguli 2014). It treats a convolution as units ×
	// fan-in.
	Orthogonal = Init{law: orthonormal}
	// Wide draws normal weights with standard deviation 25/√fan-in, and sets biases to 0 (Journé et al. 2023).
	Wide = Init{law: wide}
)

// Normal draws normal weights with standard deviation sd, and sets biases to 0. With sd 0 it is the null
// initialisation: all weights are 0.
func Normal(sd float32) Init { return Init{law: gaussian, sd: sd} }

var initNames = []string{"torch", "fan-out", "balanced", "fan-in", "orthogonal", "wide"}

// ParseInit returns the Init of a name or, for a number of at least 0, Normal with that standard deviation.
func ParseInit(text string) (Init, bool) {
	if i := slices.Index(initNames, text); i >= 0 {
		return Init{law: law(i)}, true
	}
	sd, err := strconv.ParseFloat(text, 32)
	return Normal(float32(sd)), err == nil && 0 <= sd && sd <= math.MaxFloat32
}

func (i Init) String() string {
	if i.law == gaussian {
		return fmt.Sprintf("normal %g", i.sd)
	}
	return initNames[i.law]
}

// SD returns the standard deviation of weights of a shape.
func (i Init) SD(shape []int) float64 {
	in, out := Fans(shape)
	switch i.law {
	case torch:
		return 1 / math.Sqrt(3*float64(in))
	case fanOut:
		return math.Sqrt(2 / float64(out))
	case balanced:
		return math.Sqrt(1 / float64(in+out))
	case fanIn:
		return math.Sqrt(2 / float64(in))
	case wide:
		return 25 / math.Sqrt(float64(in))
	case orthonormal:
		return 1 / math.Sqrt(float64(max(shape[0], length(shape[1:]))))
	}
	return float64(i.sd)
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
	switch {
	case i.law == torch:
		in, _ := Fans(shape)
		return uniform(1 / math.Sqrt(float64(in)))
	case bias && i.law != balanced:
		return constant(0)
	case i.law == orthonormal:
		return orthogonal(shape[0], length(shape[1:]))
	}
	return normal(i.SD(shape))
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

// orthogonal draws normal rows, or columns if there are fewer of them, and makes them orthonormal by the method of Gram
// and Schmidt.
func orthogonal(rows, cols int) func(*rand.Rand, []float32) {
	return func(r *rand.Rand, x []float32) {
		q := make([][]float64, min(rows, cols))
		for i := range q {
			q[i] = make([]float64, max(rows, cols))
			for j := range q[i] {
				q[i][j] = r.NormFloat64()
			}
			for range 2 { // the second time removes the first one's rounding
				for _, p := range q[:i] {
					along(q[i], p, -dot(q[i], p))
				}
			}
			along(q[i], q[i], 1/math.Sqrt(dot(q[i], q[i]))-1)
		}
		for i := range x {
			if row, col := i/cols, i%cols; rows <= cols {
				x[i] = float32(q[row][col])
			} else {
				x[i] = float32(q[col][row])
			}
		}
	}
}

func dot(a, b []float64) (sum float64) {
	for i, x := range a {
		sum += x * b[i]
	}
	return sum
}

// along adds c·b to a.
func along(a, b []float64, c float64) {
	for i, x := range b {
		a[i] += c * x
	}
}
