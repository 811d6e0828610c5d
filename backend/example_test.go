package backend_test

import (
	"fmt"
	"log"

	"hebb/backend"
	"hebb/compute"
)

// A network of two linear units learns by Sanger's rule, on whatever device there is.
func Example() {
	b, notes, err := backend.Open("cpu", backend.Options{}) // or "auto": a GPU where there is one
	if err != nil {
		log.Fatal(err)
	}
	for _, n := range notes {
		log.Print(n) // why auto refused a GPU, say
	}
	dev := compute.New(b) // or compute.New(compute.Verify(b, 64)): every op checked as it runs
	defer dev.Close()

	const units, inputs, batch = 2, 3, 4
	w, err := dev.Tensor(units, inputs)
	if err != nil {
		log.Fatal(err)
	}
	weights := []float32{0.6, 0.5, 0.4, -0.3, 0.2, 0.5}
	images := []float32{3, 0, 0, -3, 0, 0, 0, 1, 0, 0, -1, 0} // mostly along the first axis, then the second
	err = dev.Step(func(s *compute.Step) error {
		x, y := s.Tensor(batch, inputs), s.Tensor(batch, units) // live until the step ends
		s.Write(w, weights)
		s.Write(x, images)
		for range 500 {
			s.Do(compute.Gemm{C: y, A: x, B: w, TransB: true, Epilogue: compute.Epilogue{Alpha: 1}})
			s.Do(compute.Hebbian{W: w, Y: y, X: x, G: y, Mask: compute.Lower, Rate: 0.1})
		}
		s.Read(w, weights)
		return nil // the step remembers the first thing that went wrong
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("unit 1 along axis 1: %.2f, unit 2 along axis 2: %.2f\n", weights[0], weights[inputs+1])
	// Output: unit 1 along axis 1: 1.00, unit 2 along axis 2: 1.00
}
