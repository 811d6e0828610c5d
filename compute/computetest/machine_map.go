package computetest

import (
	"math"
	"math/bits"

	"hebb/compute"
)

// Evaluate runs a formula on numbers.
func (m *Machine[F]) Evaluate(f *compute.Func, in func(i int) F, old F) F {
	if len(m.steps) < len(f.Code) {
		m.steps = make([]F, len(f.Code))
	}
	r := m.steps[:len(f.Code)]
	for i, c := range f.Code {
		a, b := r[c.Args[0]], r[c.Args[1]]
		switch c.Do {
		case compute.PrimVar:
			r[i] = m.Load(in(c.Num))
		case compute.PrimConst:
			r[i] = m.Const(f.Consts[c.Num])
		case compute.PrimOld:
			r[i] = m.Load(old)
		case compute.PrimAdd, compute.PrimSub:
			r[i] = m.added(f.Code, c, r)
		case compute.PrimMul:
			r[i] = m.Mul(a, b)
		case compute.PrimDiv:
			r[i] = m.Div(a, b)
		case compute.PrimNeg:
			r[i] = -a
		case compute.PrimExp:
			r[i] = m.Exp(a)
		case compute.PrimLog:
			r[i] = m.Log(a)
		case compute.PrimSqrt:
			r[i] = m.Sqrt(a)
		case compute.PrimMax:
			r[i] = max(a, b)
		case compute.PrimMin:
			r[i] = min(a, b)
		case compute.PrimSelect:
			if r[i] = r[c.Args[2]]; a > 0 {
				r[i] = b
			}
		default:
			panic(c.Do)
		}
	}
	return r[len(r)-1]
}

// added returns a + b or a − b, of results r, fused with a product that is one of them.
func (m *Machine[F]) added(code []compute.Instr, c compute.Instr, r []F) F {
	a, b := r[c.Args[0]], r[c.Args[1]]
	if c.Do == compute.PrimSub {
		b = -b
	}
	switch p, q := code[c.Args[0]], code[c.Args[1]]; {
	case p.Do == compute.PrimMul:
		return m.FMA(r[p.Args[0]], r[p.Args[1]], b)
	case q.Do == compute.PrimMul && c.Do == compute.PrimAdd:
		return m.FMA(r[q.Args[0]], r[q.Args[1]], a)
	}
	return m.Add(a, b)
}

// spreadOf returns element b, r, c of t spread over a domain of that many.
func spreadOf[F Float](t *compute.Tensor, b, r, c int) F {
	return Values[F](t)[(b%t.Batch()*t.Rows()+r%t.Rows())*t.Cols()+c%t.Cols()]
}

// at returns the value of f at element i of over.
func (m *Machine[F]) at(f *compute.Func, in []*compute.Tensor, over *compute.Tensor, i int, old F) F {
	rows, cols := over.Rows(), over.Cols()
	return m.Evaluate(f, func(v int) F {
		if in[v].Len() == over.Len() {
			return Values[F](in[v])[i]
		}
		return spreadOf[F](in[v], i/cols/rows, i/cols%rows, i%cols)
	}, old)
}

func (m *Machine[F]) pointwise(p compute.Map) {
	out := Values[F](p.Out)
	for i, old := range out {
		out[i] = m.at(p.F, p.In, p.Out, i, old)
	}
}

func (m *Machine[F]) reduce(r compute.Reduce) {
	x := r.In[0]
	rows, cols := x.Rows(), x.Cols()
	each := x.Len() / r.Out.Len()
	values := matrix(make([]F, x.Len()), each)
	for o := range values {
		values[o] = values[o][:0]
	}
	for i, v := range Values[F](x) {
		o := 0
		switch r.Along {
		case compute.AlongRows:
			o = i/(rows*cols)*cols + i%cols
		case compute.AlongCols:
			o = i / cols
		}
		if v = m.Load(v); r.F != nil {
			v = m.at(r.F, r.In, x, i, F(math.NaN()))
		}
		values[o] = append(values[o], v)
	}
	for o, v := range values {
		switch y := &Values[F](r.Out)[o]; {
		case r.Fold == compute.FoldArgMax:
			*y = F(largest(v))
		case r.Fold == compute.FoldMax:
			*y = v[largest(v)]
		case r.Beta == 0:
			*y = m.Mul(m.Const(r.Alpha), m.sum(v))
		default:
			*y = m.FMA(F(r.Beta), *y, m.Mul(m.Const(r.Alpha), m.sum(v)))
		}
	}
}

// largest returns the index of the first of the largest.
func largest[F Float](x []F) (top int) {
	for i, v := range x {
		if v > x[top] {
			top = i
		}
	}
	return top
}

func (m *Machine[F]) softmax(s compute.SoftmaxLoss) {
	n, classes := s.Dims()
	for i := range n {
		z, label := make([]F, classes), float64(Values[F](s.Labels)[i])
		var own F // 0 for an invalid label
		for j, v := range Values[F](s.Logits)[i*classes:][:classes] {
			if z[j] = m.Load(v); label == float64(j) {
				own = v
			}
		}
		top, e := largest(z), make([]F, classes)
		for j, v := range z {
			e[j] = m.Exp(m.Sub(v, z[top]))
		}
		total := m.sum(e)
		Values[F](s.Loss)[i] = m.Add(m.Log(total), m.Sub(z[top], own))
		Values[F](s.Hit)[i] = 0
		if label == float64(top) {
			Values[F](s.Hit)[i] = 1
		}
		for j := range z {
			if s.Delta == nil {
				break
			}
			p := m.Div(e[j], total)
			if label == float64(j) {
				p = m.Sub(p, 1)
			}
			Values[F](s.Delta)[i*classes+j] = m.Mul(p, F(s.Scale))
		}
	}
}

func (m *Machine[F]) random(r compute.Random) {
	m.Sequences(r, func(k, n int) (seed uint64, i int) { return r.Seed + uint64(k/n), k % n })
}

// Sequences fills parts of n numbers, fewer than 2³⁴: number k is the i-th of the sequence of a seed.
func (m *Machine[F]) Sequences(r compute.Random, of func(k, n int) (seed uint64, i int)) {
	out := Values[F](r.Out)
	for k := range out {
		seed, i := of(k, len(out)/max(1, r.Seeds))
		if r.Law.Distribution == compute.BetaLaw {
			i *= 2
		}
		words := Philox([4]uint32{uint32(i / 4), 0, uint32(r.Stream), uint32(r.Stream >> 32)}, uint32(seed), uint32(seed>>32))
		out[k] = m.draw(r.Law, words, i%4)
	}
}

// draw makes the number whose words begin at k of a block.
func (m *Machine[F]) draw(l compute.Law, w [4]uint32, k int) F {
	upper := func(k int) float64 { return float64(w[k] / 256) }
	a, b := F(l.A), F(l.B)
	switch l.Distribution {
	case compute.UniformLaw:
		return m.Add(a, m.Mul(m.Sub(b, a), F(upper(k)*0x1p-24)))
	case compute.BernoulliLaw:
		if float64(w[k]) < math.Round(float64(l.A)*0x1p32) {
			return b
		}
		return 0
	}
	if l.Distribution == compute.BetaLaw { // 1 − sin²·(1 − q)
		q := m.Exp(m.Mul(m.Round(math.Log((upper(k)+1)*0x1p-24), 3, 0), F(1/(float64(l.A)-0.5))))
		cos := m.Round(math.Cos(2*math.Pi*upper(k+1)*0x1p-24), 0, 3)
		return m.FMA(m.Sub(1, q), m.Mul(cos, cos), q)
	}
	j := k - k%2
	r := m.Sqrt(m.Mul(-2, m.Round(math.Log((upper(j)+1)*0x1p-24), 5, 0)))
	sin, cos := math.Sincos(2 * math.Pi * upper(j+1) * 0x1p-24)
	if k == j {
		return m.FMA(m.Mul(r, m.Round(cos, 0, 3)), b, a)
	}
	return m.FMA(m.Mul(r, m.Round(sin, 0, 3)), b, a)
}

// Philox is Philox 4×32-10, as in the reference, with its two halves side by side.
func Philox(x [4]uint32, k0, k1 uint32) [4]uint32 {
	for range 10 {
		h0, l0 := bits.Mul32(0xD2511F53, x[0])
		h1, l1 := bits.Mul32(0xCD9E8D57, x[2])
		x[0], x[1], x[2], x[3] = h1^x[1]^k0, l1, h0^x[3]^k1, l0
		k0, k1 = k0+0x9E3779B9, k1+0xBB67AE85
	}
	return x
}
