// Package compute is the vocabulary of hebb: tensors of float32, ops on them, and the [Backend]
// that runs ops.
//
// An op is a value that holds its whole meaning; a backend only runs it. [Gemm], [Hebbian] and
// [Gram] are the heavy arithmetic of local learning rules; [Copy] and [FMA] are the two roofs of a
// roofline. A program asks for ops on a [Device], in steps:
//
//	dev := compute.New(b) // b from package backend, cpu or gpu
//	w, err := dev.Tensor(units, inputs)
//	...
//	err = dev.Step(func(s *compute.Step) error {
//		x, y := s.Tensor(batch, inputs), s.Tensor(batch, units)
//		s.Write(x, images)
//		s.Do(compute.Gemm{C: y, A: x, B: w, TransB: true, Epilogue: compute.Epilogue{Alpha: 1}})
//		s.Do(compute.Hebbian{W: w, Y: y, X: x, G: y, Mask: compute.Lower, Rate: 0.01})
//		return nil
//	})
//
// # Shapes
//
// Tensors are contiguous and row-major. An op reads the last two dimensions as a matrix and all
// before them as a batch of independent matrices. Numbers have no unit: rates are per update,
// widths in the units of the data.
//
// # Errors
//
// A wrong request (a shape, an alias, a released tensor) is found before any backend is called, and its error names the
// op, the shapes and the caller's line. An immediate failure (no memory, a shader that does not compile) is the Step's
// error. A later failure, of a device that works asynchronously, is kept and returned by every Sync and Read from then
// on.
//
// # Correctness
//
// Each op defines its results in float64 with a bound on the error of any float32 evaluation, in any order of
// summation, with or without fused multiply-add, by GLSL's rules of precision. [Verify] wraps a backend and checks
// every result against it; package computetest is the suite that each backend passes. See docs/error-bounds.md.
package compute
