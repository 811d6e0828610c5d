package stack_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"hebb/compute"
)

// A machine is a backend of float64s on which an operation may stray: the ops' formulas, written once more
// and independently of their definitions.
//
// With u = 0 it is exact but for float64's own rounding, and judges what a network computes. With u > 0
// every operation errs by as much as it may, u times what compute promises in units of 2⁻²³, up or down at
// random: it shows what becomes of rounding errors on their way through a network. See spread.
type machine struct {
	u      float64
	consts float64 // what constants err by, having been rounded to float32
	rnd    *rand.Rand
	known  map[float32]float64 // constants that have been met
	drawn  [][]float64         // what Random has made
}

// stray is x after an error of by.
func (m *machine) stray(x, by float64) float64 {
	switch {
	case m.u == 0 || by == 0:
		return x
	case m.rnd.Uint64()&1 == 0:
		return x - m.u*by
	}
	return x + m.u*by
}

// constant is c after the error that rounding made of it, which is the same wherever c is used.
func (m *machine) constant(c float32) float64 {
	if m.u == 0 || m.consts == 0 {
		return float64(c)
	}
	x, ok := m.known[c]
	if !ok {
		x = m.stray(float64(c), m.consts/m.u*math.Abs(float64(c)))
		m.known[c] = x
	}
	return x
}

func (m *machine) ulps(x, n float64) float64 { return m.stray(x, n*math.Abs(x)) }

func (m *machine) add(a, b float64) float64 { return m.ulps(a+b, 1) }
func (m *machine) sub(a, b float64) float64 { return m.ulps(a-b, 1) }
func (m *machine) mul(a, b float64) float64 { return m.ulps(a*b, 1) }
func (m *machine) div(a, b float64) float64 { return m.ulps(a/b, 2.5) }
func (m *machine) exp(a float64) float64    { return m.ulps(math.Exp(a), 3+2*math.Abs(a)) }
func (m *machine) sqrt(a float64) float64   { return m.ulps(math.Sqrt(math.Max(a, 0)), 5) }

func (m *machine) log(a float64) float64 {
	x := math.Log(a)
	if 0.5 <= a && a <= 2 {
		return m.stray(x, 3*math.Abs(x)+4)
	}
	return m.ulps(x, 3)
}

// A sum is Σ a·b, with what bounds its error.
type sum struct {
	x, abs float64 // Σ term and Σ |term|
	n      int     // roundings that a term goes through
}

func (s *sum) term(a, b float64) {
	s.x += a * b
	s.abs += math.Abs(a * b)
}

// total is the sum after n roundings, each of which errs, in whatever order the terms are added, by at most
// u·Σ|term|: independent as they are, by √n times that together (Higham and Mary 2019, "A new approach to
// probabilistic rounding error analysis").
func (m *machine) total(s sum) float64 { return m.stray(s.x, math.Sqrt(float64(s.n))*s.abs) }

// times is s with every term multiplied by x.
func (s sum) times(x float64) sum { return sum{s.x * x, s.abs * math.Abs(x), s.n + 1} }

func (m *machine) act(a compute.Act, v float64) float64 {
	switch a {
	case compute.ReLU:
		return math.Max(v, 0)
	case compute.Tanh:
		e := m.exp(-2 * math.Abs(v))
		return math.Copysign(m.div(m.sub(1, e), m.add(1, e)), v)
	case compute.Sigmoid:
		e := m.exp(-math.Abs(v))
		if v > 0 {
			return m.div(1, m.add(1, e))
		}
		return m.div(e, m.add(1, e))
	case compute.LeakyReLU:
		if v <= 0 {
			v = m.mul(float64(compute.LeakySlope), v)
		}
	case compute.SELU:
		if v > 0 {
			return m.mul(float64(compute.SELUScale), v)
		}
		return m.mul(float64(compute.SELULimit), m.sub(m.exp(v), 1))
	}
	return v
}

// through is v·a′, seen from the output y of a.
func (m *machine) through(a compute.Act, v, y float64) float64 {
	switch a {
	case compute.ReLU:
		if y > 0 {
			return v
		}
		return 0
	case compute.Tanh:
		return m.mul(v, m.sub(1, m.mul(y, y)))
	case compute.Sigmoid:
		return m.mul(v, m.mul(y, m.sub(1, y)))
	case compute.LeakyReLU:
		if y <= 0 {
			v = m.mul(float64(compute.LeakySlope), v)
		}
	case compute.SELU:
		if y > 0 {
			return m.mul(v, float64(compute.SELUScale))
		}
		return m.mul(v, m.add(y, float64(compute.SELULimit)))
	}
	return v
}

type memory []float64

func (m memory) Write(off int, src []float32) error {
	for i, v := range src {
		m[off+i] = float64(v)
	}
	return nil
}

func (m memory) Read(off int, dst []float32) error {
	for i := range dst {
		dst[i] = float32(m[off+i])
	}
	return nil
}

func (m memory) Free() {}

func (*machine) Info() compute.Info { return compute.Info{Backend: "float64"} }
func (*machine) Sync() error        { return nil }
func (*machine) Close() error       { return nil }

// Alloc returns NaNs: what an op does not write must not be read.
func (*machine) Alloc(n int) (compute.Buffer, error) {
	m := make(memory, n)
	for i := range m {
		m[i] = math.NaN()
	}
	return &m, nil
}

// float64s are the numbers of a tensor of a machine, where they lie.
func float64s(t *compute.Tensor) []float64 {
	return (*t.Buffer().(*memory))[t.Offset():][:t.Len()]
}

func (m *machine) Run(op compute.Op) error {
	outs, ins := compute.Operands(op)
	if slices.ContainsFunc(append(outs, ins...), func(t *compute.Tensor) bool { return t.Type() != compute.Float32 }) {
		return fmt.Errorf("%T of halves: %w", op, compute.ErrUnsupported)
	}
	switch op := op.(type) {
	case compute.Gemm:
		return m.gemm(op)
	case compute.Hebbian:
		return m.hebbian(op)
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
		at := compute.Define(op, nil) // the generator has tests of its own
		for i, out := 0, float64s(op.Out); i < len(out); i++ {
			v := at(0, i)
			out[i] = m.stray(v.X, v.Err/0x1p-23)
		}
		m.drawn = append(m.drawn, slices.Clone(float64s(op.Out)))
	case compute.Gram:
		return m.gram(op)
	case compute.Inverse:
		m.inverses(op)
	case compute.KernelSums:
		m.kernelSums(op)
	case compute.KernelGrad:
		m.kernelGrad(op)
	case compute.Copy:
		copy(float64s(op.Dst), float64s(op.Src))
	default:
		return fmt.Errorf("%T: %w", op, compute.ErrUnsupported)
	}
	return nil
}
