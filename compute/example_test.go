package compute_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"math"

	"hebb/compute"
	"hebb/cpu"
)

// on runs f in one step of a CPU device.
func on(f func(s *compute.Step) error) {
	b, err := cpu.Open()
	if err != nil {
		log.Fatal(err)
	}
	dev := compute.New(b)
	defer dev.Close()
	if err := dev.Step(f); err != nil {
		log.Fatal(err)
	}
}

// put returns a tensor of the given values.
func put(s *compute.Step, shape []int, values ...float32) *compute.Tensor {
	t := s.Tensor(shape...)
	s.Write(t, values)
	return t
}

// get returns the contents of t.
func get(s *compute.Step, t *compute.Tensor) []float32 {
	values := make([]float32, t.Len())
	s.Read(t, values)
	return values
}

// A layer with its bias and activation, for a batch of two examples.
func ExampleGemm() {
	on(func(s *compute.Step) error {
		x := put(s, []int{2, 3}, 1, 2, 3, 4, 5, 6)  // batch × inputs
		w := put(s, []int{2, 3}, 1, 0, 0, 0, 1, -1) // units × inputs
		bias := put(s, []int{2}, 0.5, 0.25)
		h := s.Tensor(2, 2) // batch × units
		s.Do(compute.Gemm{C: h, A: x, B: w, TransB: true,
			Epilogue: compute.Epilogue{Alpha: 1, Bias: bias, Act: compute.ReLU}})
		fmt.Println(get(s, h))
		return s.Err()
	})
	// Output: [1.5 0 4.5 0]
}

// Oja's rule turns the weights of one unit towards the direction in which its inputs vary most.
func ExampleHebbian() {
	on(func(s *compute.Step) error {
		x := put(s, []int{4, 2}, 2, 2, -2, -2, 1, -1, -1, 1) // n × inputs; (1, 1) varies most
		w := put(s, []int{1, 2}, 1, 0)                       // units × inputs
		y := s.Tensor(4, 1)                                  // n × units
		for range 200 {
			s.Do(compute.Gemm{C: y, A: x, B: w, TransB: true, Epilogue: compute.Epilogue{Alpha: 1}})
			s.Do(compute.Hebbian{W: w, Y: y, X: x, G: y, Mask: compute.Diagonal, Rate: 0.1})
		}
		fmt.Printf("%.3f\n", get(s, w))
		return s.Err()
	})
	// Output: [0.707 0.707]
}

// The Gaussian similarities of three points, at two widths in one pass.
func ExampleGram() {
	on(func(s *compute.Step) error {
		x := put(s, []int{3, 2}, 0, 0, 3, 4, 0, 1)
		k := s.Tensor(2, 3, 3) // widths × n × n
		s.Do(compute.Gram{K: k, X: x, Kernel: compute.Gaussian, Sigma: []float32{1, 5}})
		values := get(s, k)
		for w := range 2 {
			fmt.Printf("%.3f\n", values[w*9:][:9])
		}
		return s.Err()
	})
	// Output:
	// [1.000 0.000 0.607 0.000 1.000 0.000 0.607 0.000 1.000]
	// [1.000 0.607 0.980 0.607 1.000 0.698 0.980 0.698 1.000]
}

func ExampleCopy() {
	on(func(s *compute.Step) error {
		x, y := put(s, []int{2, 2}, 1, 2, 3, 4), s.Tensor(4)
		s.Do(compute.Copy{Dst: y, Src: x})
		fmt.Println(get(s, y))
		return s.Err()
	})
	// Output: [1 2 3 4]
}

func ExampleFMA() {
	on(func(s *compute.Step) error {
		x, y := put(s, []int{3}, 0, 1, 2), s.Tensor(3)
		s.Do(compute.FMA{Out: y, X: x, A: 2, B: 1, Rounds: 3})
		fmt.Println(get(s, y))
		return s.Err()
	})
	// Output: [7 15 23]
}

// Every op a program asks for, checked against its definition.
func ExampleVerify() {
	b, err := cpu.Open()
	if err != nil {
		log.Fatal(err)
	}
	v := compute.Verify(b, 0)
	dev := compute.New(v)
	defer dev.Close()
	err = dev.Step(func(s *compute.Step) error {
		x, k := put(s, []int{2, 1}, 1, 2), s.Tensor(2, 2)
		s.Do(compute.Gram{K: k, X: x})
		return nil
	})
	fmt.Println(err, v.Judged, v.Worst)
	// Output: <nil> 4 0
}

// A product that may be in half precision, and the bound of its error.
func ExampleDevice_Allow() {
	b, err := cpu.Open()
	if err != nil {
		log.Fatal(err)
	}
	dev := compute.New(b)
	defer dev.Close()
	err = dev.Step(func(s *compute.Step) error {
		x, y := put(s, []int{1, 2}, 0.5, 0.3), s.Tensor(1, 1)
		product := compute.Gemm{C: y, A: x, B: x, TransB: true, Epilogue: compute.Epilogue{Alpha: 1}}
		before := compute.Contents{x: get(s, x), y: get(s, y)}
		for _, l := range []compute.Leeway{0, compute.Half} {
			dev.Allow(l)
			fmt.Printf("%.1g\n", compute.Define(dev.Lend(product), before)(0, 0).Err)
		}
		s.Do(product) // as Do runs it
		fmt.Println(get(s, y))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 2e-07
	// 0.002
	// [0.34]
}

func ExampleTrace() {
	b, err := cpu.Open()
	if err != nil {
		log.Fatal(err)
	}
	var lines bytes.Buffer
	dev := compute.New(compute.Trace(b, &lines, true))
	defer dev.Close()
	err = dev.Step(func(s *compute.Step) error {
		s.Do(compute.Gram{K: s.Tensor(2, 2), X: put(s, []int{2, 1}, 1, 2)})
		return nil
	})
	line, _, _ := bytes.Cut(lines.Bytes(), []byte(" bytes"))
	fmt.Println(err, string(line))
	// Output: <nil> compute.Gram     [2 2] ← [2 1]  6 flops 24
}

// The device time of each kind of op.
func ExampleProfile() {
	b, err := cpu.Open()
	if err != nil {
		log.Fatal(err)
	}
	p, err := compute.Profile(b, 0) // keeps up to 200 000 events
	if err != nil {
		log.Fatal(err) // b cannot time its ops
	}
	dev := compute.New(p)
	defer dev.Close()
	err = dev.Step(func(s *compute.Step) error {
		x, y := s.Tensor(64, 32), s.Tensor(64, 64)
		for range 10 {
			s.Do(compute.Gemm{C: y, A: x, B: x, TransB: true, Epilogue: compute.Epilogue{Alpha: 1, Act: compute.ReLU}})
		}
		return nil
	})
	if err := errors.Join(err, dev.Sync()); err != nil {
		log.Fatal(err)
	}
	for _, o := range p.Ops() {
		fmt.Println(o.Op, o.Operands, o.Count, "ops", o.Flops, "flops", o.Total > 0)
	}
	err = compute.WriteTrace(io.Discard, p) // a file for ui.perfetto.dev
	fmt.Println(err)
	// Output:
	// Gemm TransB Act relu [64 64] ← [64 32] [64 32] 10 ops 2.62144e+06 flops true
	// <nil>
}

// A mistake is found before any arithmetic, and its error gives the wanted shape.
func ExampleStep_Do() {
	b, _ := cpu.Open()
	dev := compute.New(b)
	defer dev.Close()
	err := dev.Step(func(s *compute.Step) error {
		s.Do(compute.Gram{K: s.Tensor(3, 3), X: s.Tensor(3, 5), Kernel: compute.Gaussian, Sigma: []float32{float32(math.NaN())}})
		return nil
	})
	var op *compute.OpError
	if errors.As(err, &op) {
		fmt.Println(op.Op, op.Err)
	}
	// Output: compute.Gram Sigma[0] is NaN, want a width above 0 whose 1/(2σ²) is a float32
}

// Weights that many products read and that stay constant for a while, as in a recurrent network from step to step, take
// half of the memory and of the traffic as halves. The Copy rounds; products of halves do not.
func ExampleStep_TensorOf() {
	on(func(s *compute.Step) error {
		w := put(s, []int{2, 2}, 0.5, 0.25, -0.1, 2) // learned in float32
		halves := s.TensorOf(compute.Float16, 2, 2)
		s.Do(compute.Copy{Dst: halves, Src: w})
		h, next := put(s, []int{1, 2}, 1, 1), s.Tensor(1, 2)
		for range 3 {
			s.Do(compute.Gemm{C: next, A: h, B: halves, TransB: true, Epilogue: compute.Epilogue{Alpha: 1}})
			h, next = next, h
		}
		fmt.Println(get(s, halves), halves)
		fmt.Println(get(s, h))
		return s.Err()
	})
	// Output:
	// [0.5 0.25 -0.099975586 2] [2 2]f16
	// [1.3562698 7.3651543]
}

// A rehearsal lists the coming ops for a GPU, so that it compiles all programs at once and not one after the other.
func ExampleDevice_Rehearse() {
	b, err := cpu.Open() // which has nothing to compile: f is called once
	if err != nil {
		log.Fatal(err)
	}
	dev := compute.New(b)
	defer dev.Close()
	f := func(d *compute.Device) error {
		return d.Step(func(s *compute.Step) error {
			x, y := put(s, []int{2}, 1, 2), s.Tensor(2)
			s.Do(compute.Copy{Dst: y, Src: x})
			fmt.Println(get(s, y))
			return nil
		})
	}
	if err := errors.Join(dev.Rehearse(f), f(dev)); err != nil {
		log.Fatal(err)
	}
	// Output: [1 2]
}
