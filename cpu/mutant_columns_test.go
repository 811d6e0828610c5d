package cpu

import (
	"math"

	"hebb/compute"
)

// afterwards runs op and then changes what it wrote.
func afterwards[O compute.Op](f func(op O)) func(func(compute.Op), compute.Op) {
	return bugged(func(run func(compute.Op), op O) { run(op); f(op) })
}

// keepLast leaves the last number of the output that of gives as it was.
func keepLast[O compute.Op](of func(op O) *compute.Tensor) func(func(compute.Op), compute.Op) {
	return bugged(func(run func(compute.Op), op O) {
		old := *last(of(op))
		run(op)
		*last(of(op)) = old
	})
}

// zeroed runs op while the last number of the input that of gives is 0.
func zeroed[O compute.Op](of func(op O) *compute.Tensor) func(func(compute.Op), compute.Op) {
	return bugged(func(run func(compute.Op), op O) { without(of(op), func() { run(op) }) })
}

var columnBugs = []planted{
	{"edge not stored", compute.Map{}, keepLast(func(m compute.Map) *compute.Tensor { return m.Out })},
	{"last input dropped", compute.Map{}, bugged(func(run func(compute.Op), m compute.Map) {
		if len(m.In) == 0 {
			run(m)
			return
		}
		without(m.In[len(m.In)-1], func() { run(m) })
	})},
	{"constants of another", compute.Map{}, misread(func(m *compute.Map) {
		c := append([]float32(nil), m.F.Consts...)
		for i := range c {
			c[i] = c[0]
		}
		m.F = m.F.WithConsts(c...)
	})},
	{"old taken for 0", compute.Map{}, bugged(func(run func(compute.Op), m compute.Map) {
		if m.F.Old {
			clear(values(m.Out))
		}
		run(m)
	})},
	{"what was there read", compute.Map{}, bugged(func(run func(compute.Op), m compute.Map) {
		old := *last(m.Out)
		if run(m); !m.F.Old {
			*last(m.Out) += 0 * old
		}
	})},
	{"first row for all", compute.Map{}, bugged(func(run func(compute.Op), m compute.Map) {
		for _, t := range m.In {
			if n := m.Out.Cols(); t.Len() < m.Out.Len() && t.Cols() == n && t.Rows() > 1 {
				during(t, func(x []float32) {
					for i := n; i < len(x); i++ {
						x[i] = x[i-n]
					}
				}, func() { run(m) })
				return
			}
		}
		run(m)
	})},
	{"two inputs exchanged", compute.Map{}, misread(func(m *compute.Map) {
		if len(m.In) > 1 && m.In[0].Len() == m.In[1].Len() {
			in := append([]*compute.Tensor(nil), m.In...)
			in[0], in[1] = in[1], in[0]
			m.In = in
		}
	})},

	{"edge not stored", compute.Reduce{}, keepLast(func(r compute.Reduce) *compute.Tensor { return r.Out })},
	{"last value dropped", compute.Reduce{}, zeroed(func(r compute.Reduce) *compute.Tensor { return r.In[0] })},
	{"alpha ignored", compute.Reduce{}, misread(func(r *compute.Reduce) { r.Alpha = 1 })},
	{"beta ignored", compute.Reduce{}, misread(func(r *compute.Reduce) { r.Beta = 0 })},
	{"Out read though beta is 0", compute.Reduce{}, bugged(func(run func(compute.Op), r compute.Reduce) {
		old := *last(r.Out)
		run(r)
		*last(r.Out) += r.Beta * old
	})},
	{"sum for maximum", compute.Reduce{}, misread(func(r *compute.Reduce) {
		if r.Fold == compute.FoldMax {
			r.Fold = compute.FoldSum
		}
	})},
	{"formula ignored", compute.Reduce{}, misread(func(r *compute.Reduce) { r.F, r.In = nil, r.In[:1] })},
	{"maximum not below 0", compute.Reduce{}, afterwards(func(r compute.Reduce) {
		for i, v := range values(r.Out) {
			if r.Fold == compute.FoldMax {
				values(r.Out)[i] = max(v, 0)
			}
		}
	})},
	{"last of the largest", compute.Reduce{}, afterwards(func(r compute.Reduce) {
		results, n, step := r.Dims()
		for o := 0; o < results && r.Fold == compute.FoldArgMax; o++ {
			x, best := values(r.In[0])[r.First(o):], 0
			for k := range n {
				if x[k*step] >= x[best*step] {
					best = k
				}
			}
			values(r.Out)[o] = float32(best)
		}
	})},

	{"edge not stored", compute.Random{}, keepLast(func(r compute.Random) *compute.Tensor { return r.Out })},
	{"stream ignored", compute.Random{}, misread(func(r *compute.Random) { r.Stream = 0 })},
	{"half of the seed ignored", compute.Random{}, misread(func(r *compute.Random) { r.Seed &= math.MaxUint32 })},
	{"half of the stream ignored", compute.Random{}, misread(func(r *compute.Random) { r.Stream &= math.MaxUint32 })},
	{"two words exchanged", compute.Random{}, afterwards(func(r compute.Random) {
		if x := values(r.Out); len(x) > 3 {
			x[2], x[3] = x[3], x[2]
		}
	})},
	{"moments ignored", compute.Random{}, misread(func(r *compute.Random) { r.Law.A, r.Law.B = 0, 1 })},
	{"uniform from 23 bits", compute.Random{}, afterwards(func(r compute.Random) {
		for i, v := range values(r.Out) {
			if r.Law == compute.Uniform(0, 1) {
				values(r.Out)[i] = float32(math.Floor(float64(v)*(1<<23)) / (1 << 23))
			}
		}
	})},

	{"edge not stored", compute.Standardize{}, keepLast(func(s compute.Standardize) *compute.Tensor { return s.Y })},
	{"mean not stored", compute.Standardize{}, keepLast(func(s compute.Standardize) *compute.Tensor { return s.Mean })},
	{"variance not stored", compute.Standardize{}, keepLast(func(s compute.Standardize) *compute.Tensor { return s.Var })},
	{"no activation", compute.Standardize{}, misread(func(s *compute.Standardize) { s.Act = compute.Identity })},
	{"eps ignored", compute.Standardize{}, misread(func(s *compute.Standardize) { s.Eps = math.SmallestNonzeroFloat32 })},
	{"momentum turned round", compute.Standardize{}, misread(func(s *compute.Standardize) { s.Momentum = 1 - s.Momentum })},
	{"last gain dropped", compute.Standardize{}, zeroed(func(s compute.Standardize) *compute.Tensor { return s.Gain })},
	{"last bias dropped", compute.Standardize{}, zeroed(func(s compute.Standardize) *compute.Tensor { return s.Bias })},
	{"variance by n − 1", compute.Standardize{}, afterwards(func(s compute.Standardize) {
		if rows, _ := s.Dims(); rows > 1 {
			v := values(s.Var)
			scale(v, v, float32(rows)/float32(rows-1))
		}
	})},
	{"running variance by n", compute.Standardize{}, bugged(func(run func(compute.Op), s compute.Standardize) {
		if run(s); s.RunVar != nil {
			rows, _ := s.Dims()
			v := *last(s.Var)
			*last(s.RunVar) += s.Momentum * (v - v*float32(rows)/float32(rows-1))
		}
	})},
	{"variance as the mean of squares less the square of the mean", compute.Standardize{}, afterwards(func(s compute.Standardize) {
		rows, cols := s.Dims()
		for j := range cols {
			var sum, squares float32
			for i := range rows {
				x := values(s.X)[i*cols+j]
				sum, squares = sum+x, squares+float32(x*x)
			}
			mean := sum / float32(rows)
			values(s.Var)[j] = squares/float32(rows) - mean*mean
		}
	})},

	{"edge not stored", compute.StandardizeGrad{}, keepLast(func(s compute.StandardizeGrad) *compute.Tensor { return s.DX })},
	{"last delta dropped", compute.StandardizeGrad{}, zeroed(func(s compute.StandardizeGrad) *compute.Tensor { return s.DY })},
	{"activation ignored", compute.StandardizeGrad{}, misread(func(s *compute.StandardizeGrad) { s.Act, s.Y = compute.Identity, nil })},
	{"eps ignored", compute.StandardizeGrad{}, misread(func(s *compute.StandardizeGrad) { s.Eps = math.SmallestNonzeroFloat32 })},
	{"DGain and DBias exchanged", compute.StandardizeGrad{}, misread(func(s *compute.StandardizeGrad) { s.DGain, s.DBias = s.DBias, s.DGain })},
	{"last gain dropped", compute.StandardizeGrad{}, zeroed(func(s compute.StandardizeGrad) *compute.Tensor { return s.Gain })},
	{"mean of the delta not taken off", compute.StandardizeGrad{}, afterwards(func(s compute.StandardizeGrad) {
		rows, cols := s.Dims()
		for i := range values(s.DX) {
			j := i % cols
			inverse := 1 / math.Sqrt(float64(values(s.Var)[j])+float64(s.Eps))
			values(s.DX)[i] += float32(float64(values(s.Gain)[j]*values(s.DBias)[j]) * inverse / float64(rows))
		}
	})},

	{"edge not stored", compute.SoftmaxLoss{}, bugged(func(run func(compute.Op), s compute.SoftmaxLoss) {
		if s.Delta == nil {
			run(s)
			return
		}
		old := *last(s.Delta)
		run(s)
		*last(s.Delta) = old
	})},
	{"last logit dropped", compute.SoftmaxLoss{}, zeroed(func(s compute.SoftmaxLoss) *compute.Tensor { return s.Logits })},
	{"scale ignored", compute.SoftmaxLoss{}, misread(func(s *compute.SoftmaxLoss) { s.Scale = 1 })},
	{"label taken for the one before", compute.SoftmaxLoss{}, bugged(func(run func(compute.Op), s compute.SoftmaxLoss) {
		during(s.Labels, func(l []float32) { shift(l, l, -1) }, func() { run(s) })
	})},
	{"label beyond the classes is the last", compute.SoftmaxLoss{}, bugged(func(run func(compute.Op), s compute.SoftmaxLoss) {
		_, classes := s.Dims()
		during(s.Labels, func(l []float32) {
			for i, v := range l {
				l[i] = min(v, float32(classes-1))
			}
		}, func() { run(s) })
	})},
	{"any of the largest hits", compute.SoftmaxLoss{}, afterwards(func(s compute.SoftmaxLoss) {
		n, classes := s.Dims()
		for i := range n {
			z, l := values(s.Logits)[i*classes:][:classes], values(s.Labels)[i]
			if l >= 0 && l < float32(classes) && l == float32(int(l)) && z[int(l)] == largest(z) {
				values(s.Hit)[i] = 1
			}
		}
	})},
	{"largest not taken off", compute.SoftmaxLoss{}, afterwards(func(s compute.SoftmaxLoss) {
		n, classes := s.Dims()
		for i := range n {
			var sum float32
			for _, z := range values(s.Logits)[i*classes:][:classes] {
				sum += exp64(z)
			}
			own := float32(0)
			if l := values(s.Labels)[i]; l >= 0 && l < float32(classes) && l == float32(int(l)) {
				own = values(s.Logits)[i*classes+int(l)]
			}
			values(s.Loss)[i] = float32(math.Log(float64(sum))) - own
		}
	})},
}
