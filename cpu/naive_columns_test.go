package cpu

import (
	"math"

	"hebb/compute"
)

// naiveFormula is element i of the domain of a formula.
func naiveFormula(f *compute.Func, in []*compute.Tensor, domain *compute.Tensor, i int, old float32) float32 {
	r := make([]float32, len(f.Code))
	for k, c := range f.Code {
		a, b, d := r[c.Args[0]], r[c.Args[1]], r[c.Args[2]]
		switch c.Do {
		case compute.PrimVar:
			t := in[c.Num]
			s := t.SpreadOver(domain)
			rows, cols := domain.Rows(), domain.Cols()
			r[k] = values(t)[i/(rows*cols)*s.Batch+i/cols%rows*s.Row+i%cols*s.Col]
		case compute.PrimConst:
			r[k] = f.Consts[c.Num]
		case compute.PrimOld:
			r[k] = old
		case compute.PrimAdd:
			r[k] = a + b
		case compute.PrimSub:
			r[k] = a - b
		case compute.PrimMul:
			r[k] = float32(a * b)
		case compute.PrimDiv:
			r[k] = a / b
		case compute.PrimNeg:
			r[k] = -a
		case compute.PrimExp:
			r[k] = exp64(a)
		case compute.PrimLog:
			r[k] = float32(math.Log(float64(a)))
		case compute.PrimSqrt:
			r[k] = float32(math.Sqrt(math.Max(float64(a), 0)))
		case compute.PrimMax:
			r[k] = max(a, b)
		case compute.PrimMin:
			r[k] = min(a, b)
		case compute.PrimSelect:
			if r[k] = d; a > 0 {
				r[k] = b
			}
		}
	}
	return r[len(r)-1]
}

func naiveMap(m compute.Map) {
	for i, old := range values(m.Out) {
		values(m.Out)[i] = naiveFormula(m.F, m.In, m.Out, i, old)
	}
}

func naiveReduce(r compute.Reduce) {
	results, n, step := r.Dims()
	for o := range results {
		var sum, most float32
		best := -1
		for k := range n {
			i := r.First(o) + k*step
			x := values(r.In[0])[i]
			if r.F != nil {
				x = naiveFormula(r.F, r.In, r.In[0], i, 0)
			}
			if sum += x; best < 0 || x > most {
				best, most = k, x
			}
		}
		out := &values(r.Out)[o]
		switch r.Fold {
		case compute.FoldMax:
			*out = most
		case compute.FoldArgMax:
			*out = float32(best)
		default:
			v := r.Alpha * sum
			if r.Beta != 0 {
				v += float32(r.Beta * *out)
			}
			*out = v
		}
	}
}

func naiveStandardize(s compute.Standardize) {
	rows, cols := s.Dims()
	x, n := values(s.X), float32(rows)
	for j := range cols {
		var mean, variance float32
		for i := range rows {
			mean += x[i*cols+j] / n
		}
		for i := range rows {
			d := x[i*cols+j] - mean
			variance += float32(d*d) / n
		}
		values(s.Mean)[j], values(s.Var)[j] = mean, variance
		if s.RunMean != nil {
			m, v := &values(s.RunMean)[j], &values(s.RunVar)[j]
			*m = float32((1-s.Momentum)**m) + float32(s.Momentum*mean)
			*v = float32((1-s.Momentum)**v) + float32(s.Momentum*(n/(n-1))*variance)
		}
		scale := values(s.Gain)[j] / float32(math.Sqrt(float64(variance+s.Eps)))
		for i := range rows {
			z := float32((x[i*cols+j]-mean)*scale) + values(s.Bias)[j]
			values(s.Y)[i*cols+j] = naiveAct(s.Act, z)
		}
	}
}

func naiveStandardizeGrad(s compute.StandardizeGrad) {
	rows, cols := s.Dims()
	n := float32(rows)
	for j := range cols {
		inverse := 1 / float32(math.Sqrt(float64(values(s.Var)[j]+s.Eps)))
		at := func(i int) (e, xhat float32) {
			e = values(s.DY)[i*cols+j]
			if s.Act != compute.Identity {
				e *= slope(s.Act, values(s.Y)[i*cols+j])
			}
			return e, (values(s.X)[i*cols+j] - values(s.Mean)[j]) * inverse
		}
		var dbias, dgain float32
		for i := range rows {
			e, xhat := at(i)
			dbias += e
			dgain += float32(e * xhat)
		}
		values(s.DBias)[j], values(s.DGain)[j] = dbias, dgain
		for i := range rows {
			e, xhat := at(i)
			values(s.DX)[i*cols+j] = values(s.Gain)[j] * inverse * (e - dbias/n - float32(xhat*dgain/n))
		}
	}
}

func naiveSoftmaxLoss(s compute.SoftmaxLoss) {
	n, classes := s.Dims()
	for i := range n {
		z, label := values(s.Logits)[i*classes:][:classes], values(s.Labels)[i]
		first := 0
		for j, v := range z {
			if v > z[first] {
				first = j
			}
		}
		var sum, own float32
		for j, v := range z {
			if sum += exp64(v - z[first]); float32(j) == label {
				own = v
			}
		}
		values(s.Loss)[i] = float32(math.Log(float64(sum))) + z[first] - own
		values(s.Hit)[i] = 0
		if float32(first) == label {
			values(s.Hit)[i] = 1
		}
		for j, v := range z {
			if s.Delta != nil {
				p := exp64(v-z[first]) / sum
				if float32(j) == label {
					p--
				}
				values(s.Delta)[i*classes+j] = p * s.Scale
			}
		}
	}
}

func naiveRandom(r compute.Random) {
	_, n := r.Dims()
	for k := range values(r.Out) {
		word := func(i int) uint32 { return philox(uint64(i/4), r.Stream, r.Seed+uint64(k/n))[i%4] }
		uniform := func(i int) float64 { return float64(word(i) >> 8) }
		x, i := &values(r.Out)[k], k%n
		switch r.Law.Distribution {
		case compute.UniformLaw:
			*x = float32(float64(r.Law.A) + (float64(r.Law.B)-float64(r.Law.A))*uniform(i)/(1<<24))
		case compute.NormalLaw:
			radius := math.Sqrt(-2 * math.Log((uniform(i&^1)+1)/(1<<24)))
			turn := 2 * math.Pi * uniform(i|1) / (1 << 24)
			*x = float32(float64(r.Law.A) + float64(r.Law.B)*radius*math.Cos(turn-float64(i%2)*math.Pi/2))
		default:
			if *x = 0; uint64(word(i)) < r.Law.Threshold() {
				*x = r.Law.B
			}
		}
	}
}
