package computetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"hebb/compute"
)

// A maker makes the operands of one case, in a Step of one device. The same case gives the same
// operands on every device.
type maker struct {
	s       *compute.Step
	rnd     *rand.Rand
	plain   bool // integers
	aligned bool // tensors start at a multiple of 4, so that kernels may load vectors
	narrow  factors
	made    []made
}

// factors is a subset of the two factors of a product.
type factors int

const (
	first factors = 1 << iota
	second
)

// factor is [maker.within], of Float16s if m.narrow has it.
func (m *maker) factor(which factors, top int, shape ...int) *compute.Tensor {
	if m.narrow&which == 0 {
		return m.within(top, shape...)
	}
	return m.half(top, shape...)
}

// half is [maker.within] of Float16s, subnormal ones among them.
func (m *maker) half(top int, shape ...int) *compute.Tensor {
	return m.fillOf(compute.Float16, func() float32 {
		if x := m.value(top); x == 0 || x*x > 0 {
			return x
		}
		return float32(m.rnd.IntN(1<<10)) * 0x1p-24
	}, shape...)
}

// made is a tensor of n elements at lead in parent, which starts as x.
type made struct {
	t, parent *compute.Tensor
	x         []float32
	lead      int
}

// twin makes the last of rows of length d the same as the first, at distance 0, and the second a row of zeros.
func (m made) twin(rows, d int) {
	x := m.x[m.lead:]
	copy(x[(rows-1)*d:rows*d], x[:d])
	clear(x[d : 2*d])
}

// in returns an input: integers in [−8, 8], or reals of mixed magnitude, some of them zero or subnormal (which a shader
// may take for 0).
func (m *maker) in(shape ...int) *compute.Tensor { return m.within(8, shape...) }

// within is in, with integers in [−top, top].
func (m *maker) within(top int, shape ...int) *compute.Tensor {
	return m.fill(func() float32 { return m.value(top) }, shape...)
}

// value is an element of an input.
func (m *maker) value(top int) float32 {
	if m.plain {
		return float32(m.rnd.IntN(2*top+1) - top)
	}
	switch m.rnd.IntN(64) {
	case 0, 1, 2, 3, 4, 5, 6, 7:
		return 0
	case 8:
		return math.Float32frombits(m.rnd.Uint32N(1 << 23))
	}
	return float32(m.rnd.NormFloat64() * float64(int(1)<<m.rnd.IntN(9)) / 16)
}

// out returns an output tensor: full of NaN unless the op reads it.
func (m *maker) out(read bool, shape ...int) *compute.Tensor {
	if read {
		return m.in(shape...)
	}
	return m.fill(func() float32 { return float32(math.NaN()) }, shape...)
}

// scalar returns a parameter: an integer where the case is on integers.
func (m *maker) scalar(whole, real float32) float32 {
	if m.plain {
		return whole
	}
	return real
}

const guard = -1234.5

// fill returns a tensor inside a larger one. Parents come in few lengths, so that their memory is used again.
func (m *maker) fill(f func() float32, shape ...int) *compute.Tensor {
	return m.fillOf(compute.Float32, f, shape...)
}

func (m *maker) fillOf(typ compute.Type, f func() float32, shape ...int) *compute.Tensor {
	n := 1
	for _, d := range shape {
		n *= d
	}
	lead := m.rnd.IntN(4)
	if typ == compute.Float16 {
		lead *= 2
	}
	if m.aligned {
		lead *= 4
	}
	total := 64
	for total < lead+n+2 {
		total += total / 2
	}
	if typ == compute.Float16 && n%2 != 0 {
		total = lead + n // or the last would share a word
	}
	x := make([]float32, total)
	for i := range x {
		if x[i] = guard; i >= lead && i < lead+n {
			x[i] = f()
		}
	}
	if typ == compute.Float16 {
		compute.RoundFloat16(x)
	}
	parent := m.s.TensorOf(typ, total)
	t := m.s.View(parent, lead, shape...)
	m.made = append(m.made, made{t, parent, x, lead})
	return t
}

func (m *maker) contents() compute.Contents {
	c := compute.Contents{}
	for _, d := range m.made {
		c[d.t] = d.x[d.lead:][:d.t.Len()]
	}
	return c
}

func (m *maker) write() {
	for _, d := range m.made {
		m.s.Write(d.parent, d.x)
	}
}

// intact reports an input that changed, or a write beside any tensor.
func (m *maker) intact(ins []*compute.Tensor) error {
	for _, d := range m.made {
		now := make([]float32, len(d.x))
		if m.s.Read(d.parent, now); m.s.Err() != nil {
			return m.s.Err()
		}
		input := slices.Contains(ins, d.t)
		for i, x := range now {
			inside := i >= d.lead && i < d.lead+d.t.Len()
			if math.Float32bits(x) == math.Float32bits(d.x[i]) || inside && !input {
				continue
			}
			if inside {
				return fmt.Errorf("%w: input %v changed from %g to %g at %d", compute.ErrWrong, d.t, d.x[i], x, i-d.lead)
			}
			return fmt.Errorf("%w: wrote %g beside the tensor, at %d of %d", compute.ErrWrong, x, i-d.lead, d.t.Len())
		}
	}
	return nil
}
