package compute_test

import (
	"math"
	"math/bits"

	"hebb/compute"
)

// evaluate runs a formula on numbers.
func (u unit) evaluate(f *compute.Func, in func(i int) float32, old float32) float32 {
	r := make([]float32, len(f.Code))
	for i, c := range f.Code {
		a, b := r[c.Args[0]], r[c.Args[1]]
		switch c.Do {
		case compute.PrimVar:
			r[i] = u.flush(in(c.Num))
		case compute.PrimConst:
			r[i] = u.flush(f.Consts[c.Num])
		case compute.PrimOld:
			r[i] = u.flush(old)
		case compute.PrimAdd:
			switch p, q := f.Code[c.Args[0]], f.Code[c.Args[1]]; {
			case p.Do == compute.PrimMul:
				r[i] = u.fma(r[p.Args[0]], r[p.Args[1]], b)
			case q.Do == compute.PrimMul:
				r[i] = u.fma(r[q.Args[0]], r[q.Args[1]], a)
			default:
				r[i] = u.add(a, b)
			}
		case compute.PrimSub:
			if p := f.Code[c.Args[0]]; p.Do == compute.PrimMul {
				r[i] = u.fma(r[p.Args[0]], r[p.Args[1]], -b)
			} else {
				r[i] = u.sub(a, b)
			}
		case compute.PrimMul:
			r[i] = u.mul(a, b)
		case compute.PrimDiv:
			r[i] = u.div(a, b)
		case compute.PrimNeg:
			r[i] = -a
		case compute.PrimExp:
			r[i] = u.exp(a)
		case compute.PrimLog:
			r[i] = u.log(a)
		case compute.PrimSqrt:
			r[i] = u.sqrt(a)
		case compute.PrimMax:
			r[i] = max(a, b)
		case compute.PrimMin:
			r[i] = min(a, b)
		case compute.PrimSelect:
			if r[i] = r[c.Args[2]]; a > 0 {
				r[i] = b
			}
		}
	}
	return r[len(r)-1]
}

// spreads is element b, r, c of t where t is spread over all those.
func spread(t *compute.Tensor, b, r, c int) float32 {
	return data(t)[(b%t.Batch()*t.Rows()+r%t.Rows())*t.Cols()+c%t.Cols()]
}

// at is the value of f at element i of over.
func (u unit) at(f *compute.Func, in []*compute.Tensor, over *compute.Tensor, i int, old float32) float32 {
	rows, cols := over.Rows(), over.Cols()
	return u.evaluate(f, func(v int) float32 {
		if in[v].Len() == over.Len() {
			return data(in[v])[i]
		}
		return spread(in[v], i/cols/rows, i/cols%rows, i%cols)
	}, old)
}

func (u unit) pointwise(m compute.Map) {
	for i, old := range data(m.Out) {
		data(m.Out)[i] = u.at(m.F, m.In, m.Out, i, old)
	}
}

func (u unit) reduce(r compute.Reduce) {
	x := r.In[0]
	rows, cols := x.Rows(), x.Cols()
	counts, best := make([]int, r.Out.Len()), make([]float32, r.Out.Len())
	places := make([]int, r.Out.Len())
	for i := range data(x) {
		o := 0
		switch r.Along {
		case compute.AlongRows:
			o = i/(rows*cols)*cols + i%cols
		case compute.AlongCols:
			o = i / cols
		}
		v := u.flush(data(x)[i])
		if r.F != nil {
			v = u.at(r.F, r.In, x, i, 0)
		}
		switch {
		case counts[o] == 0:
			best[o] = v
		case r.Fold == compute.FoldSum:
			best[o] = u.add(best[o], v)
		case v > best[o]:
			best[o], places[o] = v, counts[o]
		}
		counts[o]++
	}
	for o, v := range best {
		switch y := &data(r.Out)[o]; {
		case r.Fold == compute.FoldArgMax:
			*y = float32(places[o])
		case r.Fold == compute.FoldMax:
			*y = v
		case r.Beta == 0:
			*y = u.mul(r.Alpha, v)
		default:
			*y = u.fma(r.Beta, *y, u.mul(r.Alpha, v))
		}
	}
}

func (u unit) softmax(s compute.SoftmaxLoss) {
	n, classes := s.Dims()
	for i := range n {
		z := data(s.Logits)[i*classes:][:classes]
		label, top := float64(data(s.Labels)[i]), 0
		var own, total float32
		for j, v := range z {
			if u.flush(v) > u.flush(z[top]) {
				top = j
			}
			if label == float64(j) {
				own = v
			}
		}
		for _, v := range z {
			total = u.add(total, u.exp(u.sub(v, z[top])))
		}
		data(s.Loss)[i] = u.add(u.log(total), u.sub(z[top], own))
		if data(s.Hit)[i] = 0; label == float64(top) {
			data(s.Hit)[i] = 1
		}
		for j := range z {
			if s.Delta == nil {
				continue
			}
			p := u.div(u.exp(u.sub(z[j], z[top])), total)
			if label == float64(j) {
				p = u.sub(p, 1)
			}
			data(s.Delta)[i*classes+j] = u.mul(p, s.Scale)
		}
	}
}

func (u unit) random(r compute.Random) {
	u.sequences(r, func(k, n int) (seed uint64, i int) { return r.Seed + uint64(k/n), k % n })
}

// sequences fills parts of n numbers: number k is the i-th of the sequence of a seed.
func (u unit) sequences(r compute.Random, of func(k, n int) (seed uint64, i int)) {
	out := data(r.Out)
	for k := range out {
		seed, i := of(k, len(out)/max(1, r.Seeds))
		w := philox([4]uint32{uint32(i / 4), uint32(i / 4 >> 32), uint32(r.Stream), uint32(r.Stream >> 32)}, uint32(seed), uint32(seed>>32))
		out[k] = u.draw(r.Law, w, i%4)
	}
}

func (u unit) draw(l compute.Law, w [4]uint32, k int) float32 {
	upper := func(k int) float32 { return float32(w[k] / 256) }
	switch l.Distribution {
	case compute.UniformLaw:
		return u.add(l.A, u.mul(u.sub(l.B, l.A), upper(k)*0x1p-24))
	case compute.BernoulliLaw:
		if float64(w[k]) < math.Round(float64(l.A)*0x1p32) {
			return l.B
		}
		return 0
	}
	j := k - k%2
	r := u.sqrt(u.mul(-2, u.round(math.Log((float64(upper(j))+1)*0x1p-24), 5)))
	turn := 2 * math.Pi * float64(upper(j+1)) * 0x1p-24
	c := math.Cos(turn)
	if k != j {
		c = math.Sin(turn)
	}
	if u.times > 0 {
		c += u.error(c) * u.times * (0x1p-21 - 0x1p-23)
	}
	return u.fma(u.mul(r, u.round(c, 0)), l.B, l.A)
}

// philox is Philox 4×32-10 after the reference, with its two halves side by side.
func philox(x [4]uint32, k0, k1 uint32) [4]uint32 {
	for range 10 {
		h0, l0 := bits.Mul32(0xD2511F53, x[0])
		h1, l1 := bits.Mul32(0xCD9E8D57, x[2])
		x[0], x[1], x[2], x[3] = h1^x[1]^k0, l1, h0^x[3]^k1, l0
		k0, k1 = k0+0x9E3779B9, k1+0xBB67AE85
	}
	return x
}
