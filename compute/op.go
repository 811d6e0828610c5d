package compute

import (
	"fmt"
	"reflect"
	"strings"
)

// An Op is a closed description of one computation: plain data, no code of any backend. Only this package defines Ops.
// Each has a file, which holds its whole meaning.
type Op interface {
	// operands appends the op's outputs to outs and its other inputs to ins. A tensor that the op updates in place is among
	// the outs alone.
	operands(outs, ins []*Tensor) ([]*Tensor, []*Tensor)

	// check reports why the shapes or parameters are wrong.
	check() error

	// define returns the op's definition: the exact value of element i of output out, and a bound on the error of a
	// float32 implementation. before holds the operands' contents before the op. Values that elements share (a mean, a
	// norm) are computed once, at first use. One goroutine may call the function.
	define(before Contents) func(out, i int) Val

	// cost counts the arithmetic and the traffic, for bench.
	cost() Cost
}

// Ops holds a zero value of every op. The tests require every backend, and computetest, to handle them all.
var Ops = []Op{
	Gemm{}, Hebbian{}, Gram{}, KernelSums{}, KernelGrad{}, Inverse{}, Conv{}, ConvInput{},
	Map{}, Reduce{}, Standardize{}, StandardizeGrad{}, Pool{}, PoolGrad{}, SoftmaxLoss{}, Random{},
	Gather{}, Resample{}, Deliver{}, Plastic{}, Copy{}, FMA{},
}

// Contents are the values of tensors at one moment.
type Contents map[*Tensor][]float32

// Cost is the work of an op, as its formula counts it: an implementation's extra work (padding, a second pass,
// recomputation) does not count.
type Cost struct {
	Flops int64 // additions and multiplications, a fused pair being two; an exp counts as one
	Bytes int64 // each operand read or written once
}

// The functions below let tools (Verify, Trace, computetest, bench) inspect any op without knowing it.

// Operands returns op's outputs and its other inputs.
func Operands(op Op) (outs, ins []*Tensor) { return op.operands(nil, nil) }

// AppendOperands appends op's outputs to outs and its other inputs to ins.
func AppendOperands(op Op, outs, ins []*Tensor) (o, i []*Tensor) { return op.operands(outs, ins) }

// CostOf returns the work of op.
func CostOf(op Op) Cost { return op.cost() }

// Define returns the definition of op on the given contents of its operands: a function from an
// output's number and an element's index to the exact value with its error bound.
func Define(op Op, before Contents) func(out, i int) Val { return op.define(before) }

// An implicit op is defined by an equation, and verified by the residual of that equation.
type implicit interface {
	// residual returns, for element i of output out, the residual after the op has run, and the wanted value with its
	// bound.
	residual(before Contents) (seen func(after Contents, out, i int) float32, want func(out, i int) Val)
}

// Examine returns two functions that verify element i of output out, on the given contents of the operands: seen
// returns the quantity to check, and want its exact value and bound. They are the element itself and its definition or,
// for an op that solves an equation, an element of the residual and its bound: a result may be far from the exact one
// and yet solve the equation as well as any.
func Examine(op Op, before Contents) (seen func(after Contents, out, i int) float32, want func(out, i int) Val) {
	if op, ok := op.(implicit); ok {
		return op.residual(before)
	}
	outs, _ := op.operands(nil, nil)
	return func(after Contents, out, i int) float32 { return after[outs[out]][i] }, op.define(before)
}

// Examined names the quantity that [Examine] checks, "element" or "residual", for messages.
func Examined(op Op) string {
	if _, ok := op.(implicit); ok {
		return "the residual for element"
	}
	return "element"
}

// missing returns the field of op that is nil and should not be: "X", "K.X" or "In[1]". Operands lists no optional
// operand that is nil, so the missing field is one that, when set, lowers the number of nils among them.
func missing(op Op) (name string) {
	v := reflect.New(reflect.TypeOf(op)).Elem() // a copy that can be set
	v.Set(reflect.ValueOf(op))
	nils := func() (n int) {
		outs, ins := v.Interface().(Op).operands(nil, nil)
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

// eachTensor calls f for every *Tensor in v, with its path from there. It replaces slices of v by copies.
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
