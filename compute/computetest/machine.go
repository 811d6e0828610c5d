package computetest

import (
	"fmt"
	"math"

	"hebb/compute"
)

// A Machine is a [compute.Backend] made of the formulas of the ops, one operation of its Arithmetic after the other. It
// is written independently of the definitions, and in another way where there is one. It is slow.
type Machine[F Float] struct {
	Arithmetic[F]

	Window   func(g compute.Patches) compute.Patches // the geometry that a mutant takes one for, unless nil
	Products func(l compute.Leeway, a, b []F) F      // the geometry that a mutant uses instead, unless nil
	Instead  func(op compute.Op) bool                // runs an op in a way of its own, or reports false, unless nil
	Chunk    int                                     // the rows whose variances are merged, unless 0

	steps []F // memory of Evaluate, which runs once an element
}

// memory is a Buffer.
type memory[F Float] []F

func (m memory[F]) Write(off int, src []float32) error {
	for i, v := range src {
		m[off+i] = F(v)
	}
	return nil
}

func (m memory[F]) Read(off int, dst []float32) error {
	for i := range dst {
		dst[i] = float32(m[off+i])
	}
	return nil
}

func (m memory[F]) Free() {}

// Values returns the memory of a tensor of a Machine: its numbers, or pairs of halves if t is of Float16s.
func Values[F Float](t *compute.Tensor) []F {
	m := *t.Buffer().(*memory[F])
	if t.Type() == compute.Float16 {
		return m[t.Offset()/2:][:(t.Len()+1)/2]
	}
	return m[t.Offset():][:t.Len()]
}

func (*Machine[F]) Info() compute.Info { return compute.Info{Backend: "machine"} }
func (*Machine[F]) Sync() error        { return nil }
func (*Machine[F]) Close() error       { return nil }

// Alloc returns NaNs, since memory that no op has written must not be read.
func (*Machine[F]) Alloc(n int) (compute.Buffer, error) {
	if n > 1<<28 {
		return nil, fmt.Errorf("%d values, and there is room for %d", n, 1<<28)
	}
	m := make(memory[F], n)
	for i := range m {
		m[i] = F(math.NaN())
	}
	return &m, nil
}

func (m *Machine[F]) Run(op compute.Op) error {
	m.Begin()
	op = compute.Widened(op, func(t *compute.Tensor) *compute.Tensor {
		x := memory[F](halves[F](t))
		return t.Laid(&x)
	})
	if m.Instead != nil && m.Instead(op) {
		return nil
	}
	switch op := op.(type) {
	case compute.Gemm:
		m.gemm(op)
	case compute.Hebbian:
		m.hebbian(op)
	case compute.Gram:
		m.gram(op)
	case compute.KernelSums:
		m.kernelSums(op)
	case compute.KernelGrad:
		m.kernelGrad(op)
	case compute.Inverse:
		m.inverse(op)
	case compute.Conv:
		m.conv(op)
	case compute.ConvInput:
		m.convInput(op)
	case compute.Map:
		m.pointwise(op)
	case compute.Reduce:
		m.reduce(op)
	case compute.Standardize:
		m.standardize(op)
	case compute.StandardizeGrad:
		m.standardizeGrad(op)
	case compute.Pool:
		m.pool(op)
	case compute.PoolGrad:
		m.poolGrad(op)
	case compute.SoftmaxLoss:
		m.softmax(op)
	case compute.Random:
		m.random(op)
	case compute.Gather:
		m.gather(op)
	case compute.Resample:
		m.resample(op)
	case compute.Deliver:
		m.deliver(op)
	case compute.Plastic:
		m.plastic(op)
	case compute.Copy:
		m.copy(op)
	case compute.FMA:
		for i, v := range Values[F](op.X) {
			for range op.Rounds {
				v = m.Add(m.Mul(F(op.A), v), F(op.B))
			}
			Values[F](op.Out)[i] = v
		}
	default:
		return fmt.Errorf("%T: %w", op, compute.ErrUnsupported)
	}
	return nil
}

// The operations, with the errors that GLSL allows them (GLSL 4.60, §4.7.1).

func (m *Machine[F]) Add(a, b F) F { return m.Round(float64(a)+float64(b), 0, 0) }
func (m *Machine[F]) Sub(a, b F) F { return m.Round(float64(a)-float64(b), 0, 0) }
func (m *Machine[F]) Mul(a, b F) F { return m.Round(float64(m.Load(a))*float64(m.Load(b)), 0, 0) }
func (m *Machine[F]) Div(a, b F) F { return m.Round(float64(a)/float64(b), 1, 0) }
func (m *Machine[F]) Sqrt(a F) F   { return m.Round(math.Sqrt(float64(max(m.Load(a), 0))), 4, 0) }
func (m *Machine[F]) Rsqrt(a F) F  { return m.Round(1/math.Sqrt(float64(a)), 1, 0) }
func (m *Machine[F]) Exp(a F) F    { return m.Round(math.Exp(float64(a)), 2+2*math.Abs(float64(a)), 0) }

// Log errs by up to 2⁻²¹ within [0.5, 2].
func (m *Machine[F]) Log(a F) F {
	if 0.5 <= a && a <= 2 {
		return m.Round(math.Log(float64(a)), 0, 3)
	}
	return m.Round(math.Log(float64(a)), 2, 0)
}

// sum is Σ x.
func (m *Machine[F]) sum(x []F) F {
	ones := make([]F, len(x))
	for i := range ones {
		ones[i] = 1
	}
	return m.Dot(x, ones)
}

// mean is Σ x/n.
func (m *Machine[F]) mean(x []F) F { return m.Div(m.sum(x), F(len(x))) }

// member returns member z of t, or the only one, as a matrix of n rows.
func member[F Float](t *compute.Tensor, z, n int) [][]F {
	x, size := Values[F](t), n*t.Cols()
	return matrix(x[z%(len(x)/size)*size:][:size], t.Cols())
}

// matrix returns the rows of x.
func matrix[F Float](x []F, cols int) [][]F {
	rows := make([][]F, 0, len(x)/cols)
	for ; len(x) > 0; x = x[cols:] {
		rows = append(rows, x[:cols])
	}
	return rows
}

// turned returns the columns of a matrix.
func turned[F Float](x [][]F) [][]F {
	y := matrix(make([]F, len(x)*len(x[0])), len(x))
	for i, row := range x {
		for j, v := range row {
			y[j][i] = v
		}
	}
	return y
}
