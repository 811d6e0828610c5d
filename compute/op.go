package compute

import (
	"fmt"
	"reflect"
	"strings"
)

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

// missing returns the field of op that is nil and should not be: "X", "K.X" or "In[1]". An operand that an op can do without
// is not among its operands where it is nil, so what is wanted is a field with which fewer of them are nil.
func missing(op Op) (name string) {
	v := reflect.New(reflect.TypeOf(op)).Elem() // a copy that can be set
	v.Set(reflect.ValueOf(op))
	nils := func() (n int) {
		outs, ins := v.Interface().(Op).operands()
		for _, t := range append(append([]*Tensor(nil), outs...), ins...) {
			if t == nil {
				n++
			}
		}
		return n
	}
	all := nils()
	eachTensor(v, "", func(path string, t reflect.Value) {
		if name != "" || !t.IsNil() {
			return
		}
		t.Set(reflect.ValueOf(&Tensor{}))
		if nils() < all {
			name = path
		}
		t.SetZero()
	})
	return name
}

// eachTensor calls f for every *Tensor in v, with its path from there. Slices are v's own afterwards.
func eachTensor(v reflect.Value, path string, f func(path string, t reflect.Value)) {
	switch {
	case v.Type() == reflect.TypeFor[*Tensor]():
		f(path, v)
	case v.Type() == reflect.TypeFor[[]*Tensor]():
		v.Set(reflect.AppendSlice(reflect.Zero(v.Type()), v))
		for i := range v.Len() {
			f(fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			at := path
			if field := v.Type().Field(i); !field.Anonymous {
				at = strings.TrimPrefix(path+"."+field.Name, ".")
			}
			eachTensor(v.Field(i), at, f)
		}
	}
}
