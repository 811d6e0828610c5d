package compute

// An Op is a closed description of one computation: plain data, no code of any backend.
// Only this package defines Ops. Each has a file of its own which holds its whole meaning.
type Op interface {
	// operands returns what the op writes and what else it reads. What an op updates in place is
	// among the outs alone.
	operands() (outs, ins []*Tensor)

	// check reports why the shapes or parameters are wrong.
	check() error

	// define returns the op's definition: the exact value of element i of output out, and how far
	// a float32 implementation may stray from it. before gives the contents the operands had.
	// What elements share (a mean, a norm) is computed once, by the first that needs it.
	// The function is for one goroutine.
	define(before Contents) func(out, i int) Val

	// cost counts the arithmetic and the traffic, for bench.
	cost() Cost
}

// Ops holds a zero value of every op. The tests require of each backend, and of computetest,
// that none is missing.
var Ops = []Op{
	Gemm{}, Hebbian{}, Gram{}, KernelSums{}, KernelGrad{}, Inverse{}, Conv{}, ConvInput{},
	Map{}, Reduce{}, Standardize{}, StandardizeGrad{}, Pool{}, PoolGrad{}, SoftmaxLoss{}, Random{},
	Gather{}, Copy{}, FMA{},
}

// Contents are the values of tensors at one moment.
type Contents map[*Tensor][]float32

// Cost is the work of an op, as its formula counts it: what an implementation spends on top
// (padding, a second pass, recomputation) is not work.
type Cost struct {
	Flops int64 // additions and multiplications, a fused pair being two; an exp counts as one
	Bytes int64 // each operand read or written once
}

// The rest lets tools (Verify, Trace, computetest, bench) look into any op without knowing it.

// Operands returns what op writes and what else it reads.
func Operands(op Op) (outs, ins []*Tensor) { return op.operands() }

// CostOf returns the work of op.
func CostOf(op Op) Cost { return op.cost() }

// Define returns the definition of op on the given contents of its operands: a function from an
// output's number and an element's index to the exact value with its error bound.
func Define(op Op, before Contents) func(out, i int) Val { return op.define(before) }

// An implicit op is defined by an equation, and judged by how far its results are from satisfying it.
type implicit interface {
	// residual returns, for element i of output out, what of the equation takes its place once the op has run, and what
	// that has to be.
	residual(before Contents) (seen func(after Contents, out, i int) float32, want func(out, i int) Val)
}

// Examine returns how the results of op are judged on the given contents of its operands: what is to be seen of each
// element of an output, and what that has to be. It is the element itself and its definition or, of an op that solves an
// equation, an element of the residual and its bound: a result may be far from the exact one and yet solve the equation
// as well as any.
func Examine(op Op, before Contents) (seen func(after Contents, out, i int) float32, want func(out, i int) Val) {
	if op, ok := op.(implicit); ok {
		return op.residual(before)
	}
	outs, _ := op.operands()
	return func(after Contents, out, i int) float32 { return after[outs[out]][i] }, op.define(before)
}

// Examined is what [Examine] looks at, in a word for people.
func Examined(op Op) string {
	if _, ok := op.(implicit); ok {
		return "the residual for element"
	}
	return "element"
}
