package compute_test

import (
	"errors"
	"fmt"

	"hebb/compute"
	"hebb/cpu"
)

// A layer of two 2×2 filters on an image of 3×3: one sums its pixels, one finds vertical edges.
func ExampleConv() {
	on(func(s *compute.Step) error {
		x := put(s, []int{1, 3, 3, 1}, // images × height × width × channels
			1, 1, 5,
			1, 1, 5,
			1, 1, 5)
		w := put(s, []int{2, 2, 2, 1}, // units × height × width × channels
			1, 1, 1, 1,
			-1, 1, -1, 1)
		y := s.Tensor(1, 2, 2, 2)
		s.Do(compute.Conv{Y: y, X: x, W: w, Slide: compute.Slide{Stride: 1}, Epilogue: compute.Epilogue{Alpha: 1, Act: compute.ReLU}})
		fmt.Println(get(s, y))
		return s.Err()
	})
	// Output: [4 0 12 8 4 0 12 8]
}

// A delta sent back by separate feedback weights, which need not be the weights of the forward pass.
func ExampleConvInput() {
	on(func(s *compute.Step) error {
		delta := put(s, []int{1, 2, 2, 1}, 1, 0, 0, -1)
		feedback := put(s, []int{1, 2, 2, 1}, 1, 2, 3, 4)
		dx := s.Tensor(1, 3, 3, 1)
		s.Do(compute.ConvInput{X: dx, Y: delta, W: feedback, Slide: compute.Slide{Stride: 1}, Epilogue: compute.Epilogue{Alpha: 1}})
		fmt.Println(get(s, dx))
		return s.Err()
	})
	// Output: [1 2 0 3 3 -2 0 -3 -4]
}

// The gradient of a convolution's weights: Hebb's rule on patches that forgets the old weights, so that
// w need not hold anything.
func ExampleHebbian_patches() {
	on(func(s *compute.Step) error {
		x := put(s, []int{1, 3, 3, 1}, 1, 2, 3, 4, 5, 6, 7, 8, 9)
		delta := put(s, []int{1, 2, 2, 1}, 1, 0, 0, -1)
		w := s.Tensor(1, 2, 2, 1)
		s.Do(compute.Hebbian{W: w, Y: delta, X: x, Patches: compute.Slide{Stride: 1}, Rate: 4, Decay: 1})
		fmt.Println(get(s, w))
		return s.Err()
	})
	// Output: [-4 -4 -4 -4]
}

// A bias by column and a gain by row, then the output's old value: no array is made of either.
func ExampleMap() {
	scale := compute.Formula("old + gain*bias", "gain", "bias")
	on(func(s *compute.Step) error {
		y := put(s, []int{2, 3}, 1, 1, 1, 2, 2, 2)
		gain, bias := put(s, []int{2, 1}, 10, 100), put(s, []int{3}, 1, 2, 3)
		s.Do(compute.Map{Out: y, In: []*compute.Tensor{gain, bias}, F: scale})
		fmt.Println(scale, get(s, y))
		return s.Err()
	})
	// Output: old + gain*bias [11 21 31 102 202 302]
}

// Gradient descent with a rate that falls: the text is read once, and compiled once.
func ExampleFormula() {
	descend := compute.Formula("old - rate*slope", "slope")
	on(func(s *compute.Step) error {
		w, slope := put(s, []int{2}, 1, 2), put(s, []int{2}, 1, -1)
		for _, rate := range []float32{0.5, 0.25, 0.125} {
			s.Do(compute.Map{Out: w, In: []*compute.Tensor{slope}, F: descend.With("rate", rate)})
		}
		fmt.Println(get(s, w))
		return s.Err()
	})
	// Output: [0.125 2.875]
}

// A misspelt input is a constant without a value, and the op reports it. A text that cannot be parsed is reported
// before.
func ExampleFunc_Err() {
	fmt.Println(compute.Formula("old + rate*(x % y)", "x", "y").Err())
	descend := compute.Formula("old - rate*slop", "slope").With("rate", 0.5)
	fmt.Println(descend, descend.Err())
	b, _ := cpu.Open()
	dev := compute.New(b)
	defer dev.Close()
	err := dev.Step(func(s *compute.Step) error {
		w, slope := put(s, []int{2}, 1, 2), put(s, []int{2}, 1, -1)
		s.Do(compute.Map{Out: w, In: []*compute.Tensor{slope}, F: descend})
		return nil
	})
	fmt.Println(errors.Unwrap(err))
	// Output:
	// formula "old + rate*(x % y)": column 15: operator %, want + - * /
	// old - 0.5*slop <nil>
	// formula "old - rate*slop": column 12: slop has no value: it is not among the inputs [slope], and With gave it none
}

// The squared length of each row, and the index of its largest element.
func ExampleReduce() {
	squares := compute.Formula("x*x", "x")
	on(func(s *compute.Step) error {
		x, length, best := put(s, []int{2, 3}, 1, 2, -2, 3, 0, 4), s.Tensor(2), s.Tensor(2)
		in := []*compute.Tensor{x}
		s.Do(compute.Reduce{Out: length, In: in, F: squares, Along: compute.AlongCols, Alpha: 1})
		s.Do(compute.Reduce{Out: best, In: in, Fold: compute.FoldArgMax, Along: compute.AlongCols, Alpha: 1})
		fmt.Println(get(s, length), get(s, best))
		return s.Err()
	})
	// Output: [9 25] [1 2]
}

// Dropout that keeps three of four: the same seed and stream give the same mask on every backend.
func ExampleRandom() {
	on(func(s *compute.Step) error {
		mask := s.Tensor(8)
		s.Do(compute.Random{Out: mask, Law: compute.Bernoulli(0.75, 4./3), Seed: 1, Stream: 7})
		fmt.Printf("%.2f\n", get(s, mask))
		return s.Err()
	})
	// Output: [1.33 1.33 0.00 1.33 1.33 1.33 0.00 1.33]
}

// Surviving particles are drawn by their weights: each member of a batch takes rows of its own, and a number of no row
// gives zeros.
func ExampleGather() {
	on(func(s *compute.Step) error {
		particles := put(s, []int{2, 3, 1}, 10, 11, 12, 20, 21, 22)
		parents := put(s, []int{2, 1, 3}, 0, 0, 2, 1, -1, 1)
		next := s.Tensor(2, 3, 1)
		s.Do(compute.Gather{Out: next, X: particles, Rows: parents})
		fmt.Println(get(s, next))
		return s.Err()
	})
	// Output: [10 10 12 21 0 21]
}

// The parents of four particles, of which the third has most of the weight.
func ExampleResample() {
	on(func(s *compute.Step) error {
		weights, start, parents := put(s, []int{1, 4}, 0.1, 0.1, 0.7, 0.1), put(s, []int{1}, 0.5), s.Tensor(1, 4)
		s.Do(compute.Resample{Out: parents, Weights: weights, Start: start})
		fmt.Println(get(s, parents))
		return s.Err()
	})
	// Output: [1 2 2 2]
}

// Numbers for three learners: each draws the numbers that it would draw alone with its seed.
func ExampleRandom_seeds() {
	on(func(s *compute.Step) error {
		all, one := s.Tensor(3, 4), s.Tensor(4)
		s.Do(compute.Random{Out: all, Law: compute.Uniform(0, 1), Seed: 5, Seeds: 3})
		s.Do(compute.Random{Out: one, Law: compute.Uniform(0, 1), Seed: 5 + 2})
		fmt.Printf("%.2f\n%.2f\n", get(s, all), get(s, one))
		return s.Err()
	})
	// Output:
	// [0.77 0.07 0.98 0.97 0.24 0.46 0.24 0.32 0.95 0.75 0.11 0.09]
	// [0.95 0.75 0.11 0.09]
}

// Batch normalisation of two features, with the running statistics that evaluation will use.
func ExampleStandardize() {
	on(func(s *compute.Step) error {
		x := put(s, []int{4, 2}, 1, 10, 3, 10, 1, 30, 3, 30)
		y, mean, variance := s.Tensor(4, 2), s.Tensor(2), s.Tensor(2)
		runMean, runVar := put(s, []int{2}, 0, 0), put(s, []int{2}, 1, 1)
		s.Do(compute.Standardize{Y: y, Mean: mean, Var: variance, RunMean: runMean, RunVar: runVar, X: x,
			Gain: put(s, []int{2}, 1, 1), Bias: put(s, []int{2}, 0, 0), Eps: 1e-5, Momentum: 0.1, Act: compute.ReLU})
		fmt.Printf("%.3f\n%.0f %.0f %.1f %.1f\n", get(s, y), get(s, mean), get(s, variance), get(s, runMean), get(s, runVar))
		return s.Err()
	})
	// Output:
	// [0.000 0.000 1.000 0.000 0.000 1.000 1.000 1.000]
	// [2 20] [1 100] [0.2 2.0] [1.0 14.2]
}

// A delta on one example moves the others of its batch too.
func ExampleStandardizeGrad() {
	on(func(s *compute.Step) error {
		x, dy := put(s, []int{4, 1}, 0, 0, 3, 1), put(s, []int{4, 1}, 1, 0, 0, 0)
		dx, dgain, dbias := s.Tensor(4, 1), s.Tensor(1), s.Tensor(1)
		s.Do(compute.StandardizeGrad{DX: dx, DGain: dgain, DBias: dbias, DY: dy, X: x,
			Mean: put(s, []int{1}, 1), Var: put(s, []int{1}, 1.5), Gain: put(s, []int{1}, 1), Eps: 1e-6})
		fmt.Printf("%.2f %.2f %.2f\n", get(s, dx), get(s, dgain), get(s, dbias))
		return s.Err()
	})
	// Output: [0.48 -0.34 0.07 -0.20] [-0.82] [1.00]
}

// The largest of each 2×2, and a window as large as the image for the average of all.
func ExamplePool() {
	on(func(s *compute.Step) error {
		x := put(s, []int{1, 4, 4, 1},
			1, 2, 0, 0,
			3, 4, 0, 8,
			0, 0, 5, 5,
			0, 0, 5, 5)
		largest, average := s.Tensor(1, 2, 2, 1), s.Tensor(1, 1, 1, 1)
		s.Do(compute.Pool{Y: largest, X: x, Height: 2, Width: 2, Slide: compute.Slide{Stride: 2}})
		s.Do(compute.Pool{Y: average, X: x, Pooling: compute.AveragePool, Height: 4, Width: 4, Slide: compute.Slide{Stride: 1}})
		fmt.Println(get(s, largest), get(s, average))
		return s.Err()
	})
	// Output: [4 8 0 5] [2.375]
}

// Of several largest pixels, the first gets the delta.
func ExamplePoolGrad() {
	on(func(s *compute.Step) error {
		x := put(s, []int{1, 2, 4, 1},
			1, 2, 5, 5,
			3, 4, 5, 5)
		dy, dx := put(s, []int{1, 1, 2, 1}, 10, 20), s.Tensor(1, 2, 4, 1)
		s.Do(compute.PoolGrad{DX: dx, DY: dy, X: x, Height: 2, Width: 2, Slide: compute.Slide{Stride: 2}})
		fmt.Println(get(s, dx))
		return s.Err()
	})
	// Output: [0 0 20 0 0 10 0 0]
}

// Loss, hits and gradient of a classifier of three classes on two examples.
func ExampleSoftmaxLoss() {
	on(func(s *compute.Step) error {
		logits, labels := put(s, []int{2, 3}, 0, 0, 0, 2, 0, 0), put(s, []int{2}, 1, 0)
		loss, hit, delta := s.Tensor(2), s.Tensor(2), s.Tensor(2, 3)
		s.Do(compute.SoftmaxLoss{Loss: loss, Hit: hit, Delta: delta, Logits: logits, Labels: labels, Scale: 0.5})
		fmt.Printf("%.3f %.0f %.3f\n", get(s, loss), get(s, hit), get(s, delta))
		return s.Err()
	})
	// Output: [1.099 0.240] [0 1] [0.167 -0.333 0.167 -0.107 0.053 0.053]
}
