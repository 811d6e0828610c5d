package compute

import (
	"fmt"
	"math"
)

// Standardize is batch normalisation in training: each column of X is brought to mean 0 and variance 1
// over all rows, then scaled and shifted,
//
//	Mean_j = Σ_i X[i,j]/n, Var_j = Σ_i (X[i,j] − Mean_j)²/n
//	Y[i,j] = Act(Gain_j·(X[i,j] − Mean_j)/√(Var_j + Eps) + Bias_j)
//
// The rows run over all dimensions of X but the last: of images, n = N·H·W. If Mean and the other vectors hold numbers for
// several members, X is these members one after the other, of n rows each, and each member is standardized by itself.
// [StandardizeGrad] reads Mean and Var. The running statistics, unless nil, move by Momentum towards the batch statistics;
// the running variance divides by n−1 instead of n, as in PyTorch:
//
//	RunMean_j ← (1−m)·RunMean_j + m·Mean_j, RunVar_j ← (1−m)·RunVar_j + m·n/(n−1)·Var_j
//
// In evaluation the statistics are given, and a [Map] of X standardizes it.
//
// Source: Ioffe and Szegedy 2015. A backend may take two passes or merge chunks (Chan, Golub, LeVeque 1983): with
// δ = γ_n·Σ|x|/n, the variance v may be off by γ_{n+8}·(v+4δ√v+4δ²) + 4δ√v + 4δ².
// Cost: 9 flops an element.
type Standardize struct {
	Y               *Tensor // members · rows × columns
	Mean, Var       *Tensor // members × columns
	RunMean, RunVar *Tensor // members × columns, updated in place; or both nil
	X               *Tensor // as Y
	Gain, Bias      *Tensor // members × columns
	Eps, Momentum   float32
	Act             Act
}

func (s Standardize) operands(outs, ins []*Tensor) ([]*Tensor, []*Tensor) {
	return present(append(outs, s.Y, s.Mean, s.Var), s.RunMean, s.RunVar), append(ins, s.X, s.Gain, s.Bias)
}

// Members returns the number of members of X.
func (s Standardize) Members() int { return s.Mean.n / s.X.Cols() }

// Dims returns the size of a member of X as a matrix.
func (s Standardize) Dims() (rows, cols int) { return membersOf(s.X, s.Mean) }

// membersOf returns the size of one member of x, given the mean of each column of each member.
func membersOf(x, mean *Tensor) (rows, cols int) {
	return x.n / max(mean.n, x.Cols()), x.Cols()
}

func (s Standardize) check() error {
	rows, _ := s.Dims()
	switch {
	case (s.RunMean == nil) != (s.RunVar == nil):
		return fmt.Errorf("RunMean is %v and RunVar is %v, want both or neither", s.RunMean, s.RunVar)
	case !(0 <= s.Momentum && s.Momentum <= 1):
		return fmt.Errorf("Momentum %g, want a number within [0, 1]", s.Momentum)
	case s.RunVar != nil && rows == 1:
		return fmt.Errorf("X%v has one row for each member, and the running variance needs two", s.X)
	}
	return checkColumns(s.Y, s.X, s.Mean, s.Eps, s.Act, map[string]*Tensor{
		"Var": s.Var, "RunMean": s.RunMean, "RunVar": s.RunVar, "Gain": s.Gain, "Bias": s.Bias})
}

// checkColumns checks the fields that Standardize and StandardizeGrad share: they must fit x.
func checkColumns(y, x, mean *Tensor, eps float32, act Act, columns map[string]*Tensor) error {
	if y.n != x.n || y.Cols() != x.Cols() {
		return fmt.Errorf("Y%v of X%v, want the same", y, x)
	}
	cols := x.Cols()
	switch members := mean.n / cols; {
	case mean.n%cols != 0:
		return fmt.Errorf("Mean is %v, want [%d], one per column of X%v, or as many for each of its members", mean, cols, x)
	case x.n/cols%members != 0:
		return fmt.Errorf("Mean%v is for %d members, and X%v has %d rows, want as many for each", mean, members, x, x.n/cols)
	}
	for name, t := range columns {
		switch {
		case t == nil || t.n == mean.n:
		case mean.n == cols:
			return fmt.Errorf("%s is %v, want [%d], one per column of X%v", name, t, cols, x)
		default:
			return fmt.Errorf("%s is %v, want [%d %d] as Mean, one per member and column of X%v", name, t, mean.n/cols, cols, x)
		}
	}
	if !(eps > 0 && finite(eps)) {
		return fmt.Errorf("Eps %g, want a positive number", eps)
	}
	if int(act) >= len(actNames) {
		return fmt.Errorf("Act %v, want one of %v", act, actNames)
	}
	return nil
}

func (s Standardize) define(before Contents) func(out, i int) Val {
	rows, cols := s.Dims()
	x, gain, bias := before[s.X], before[s.Gain], before[s.Bias]
	moments := perColumn(func(c int) (mean, v Val) {
		x := x[c/cols*rows*cols+c%cols:]
		return momentsOf(rows, func(i int) float32 { return x[i*cols] })
	})
	keep, part := Val{X: 1}.sub(leaf(s.Momentum)), leaf(s.Momentum)
	return func(out, i int) Val {
		c := i // the column, counted through the members
		if out == 0 {
			c = columnOf(i, rows, cols)
		}
		mean, v := moments(c)
		switch out {
		case 1:
			return mean
		case 2:
			return v
		case 3:
			return keep.mul(leaf(before[s.RunMean][i])).add(part.mul(mean))
		case 4:
			unbias := rounded(float64(rows)/float64(rows-1), 0, 2.5)
			return keep.mul(leaf(before[s.RunVar][i])).add(part.mul(unbias).mul(v))
		}
		z := leaf(x[i]).sub(mean).mul(v.inverseSD(s.Eps))
		return z.mul(leaf(gain[c])).add(leaf(bias[c])).slack(4).act(s.Act)
	}
}

// perColumn returns f, each column's two numbers computed once.
func perColumn(f func(c int) (a, b Val)) func(c int) (a, b Val) {
	known := map[int][2]Val{}
	return func(c int) (a, b Val) {
		v, ok := known[c]
		if !ok {
			v[0], v[1] = f(c)
			known[c] = v
		}
		return v[0], v[1]
	}
}

// columnOf returns the column of element i, counted through the members, each of rows×cols.
func columnOf(i, rows, cols int) int { return i/(rows*cols)*cols + i%cols }

// momentsOf returns the mean and the variance of n numbers.
func momentsOf(n int, x func(i int) float32) (mean, v Val) {
	s := sum{whole: true, n: n}
	for i := range n {
		s.addTerm(1, float64(x(i)))
	}
	s = s.mean(n)
	mean = s.val()
	mu := s.x
	for i := range n {
		d := float64(x(i)) - mu
		v.X += d * d / float64(n)
	}
	delta := mean.Err + gamma(n)*s.abs
	off := 4*delta*math.Sqrt(v.X) + 4*delta*delta
	v.Err = gamma(n+8)*(v.X+off) + off + float64(n+8)*tiny
	if !mean.Bounded() || !v.Bounded() || v.X*float64(n) > math.MaxFloat32/2 {
		return unbounded, unbounded
	}
	return mean, v
}

// inverseSD returns 1/√(v + eps) of a variance v, which no evaluation makes negative.
func (v Val) inverseSD(eps float32) Val {
	if !v.Bounded() {
		return unbounded
	}
	e := float64(eps)
	x, lo := 1/math.Sqrt(v.X+e), 1/math.Sqrt(math.Max(v.X-v.Err, 0)+e)
	err := math.Max(lo-x, x-1/math.Sqrt(v.X+v.Err+e))
	return rounded(x, err, 8) // as 1/sqrt: half of the sum's 1, 4.5 and 2.5; inversesqrt has 2
}

// slack returns v after so many more roundings, of another order of the same operations.
func (v Val) slack(ulps float64) Val {
	if v.Bounded() {
		v.Err += ulps * ulp * (math.Abs(v.X) + v.Err)
	}
	return v
}

func (s Standardize) cost() Cost {
	return Cost{9 * int64(s.X.n), 8 * int64(s.X.n)}
}

// StandardizeGrad is the gradient of [Standardize], whose X, Y, Mean, Var, Gain, Eps and Act it takes. With
// x̂ = (X − Mean)/√(Var + Eps), n rows, and e = DY·Act′, the derivative computed from Y,
//
//	DBias_j = Σ_i e[i,j], DGain_j = Σ_i e[i,j]·x̂[i,j]
//	DX[i,j] = Gain_j/√(Var_j + Eps)·(e[i,j] − DBias_j/n − x̂[i,j]·DGain_j/n)
//
// for each member by itself, as in Standardize. Mean and Var are taken as exact. The bound of a sum is
// γ_{n+2}·Σ(|v|+err v) + Σ err v; DX follows step by step. Cost: 12 flops an element.
type StandardizeGrad struct {
	DX           *Tensor // members · rows × columns
	DGain, DBias *Tensor // members × columns
	DY           *Tensor // as DX
	X            *Tensor
	Y            *Tensor // as DX; nil exactly if Act is Identity
	Mean, Var    *Tensor // members × columns
	Gain         *Tensor
	Eps          float32
	Act          Act
}

func (s StandardizeGrad) operands(outs, ins []*Tensor) ([]*Tensor, []*Tensor) {
	return append(outs, s.DX, s.DGain, s.DBias), present(append(ins, s.DY, s.X, s.Mean, s.Var, s.Gain), s.Y)
}

// Members returns the number of members of X.
func (s StandardizeGrad) Members() int { return s.Mean.n / s.X.Cols() }

// Dims returns the size of a member of X as a matrix.
func (s StandardizeGrad) Dims() (rows, cols int) { return membersOf(s.X, s.Mean) }

func (s StandardizeGrad) check() error {
	same := func(t *Tensor) bool { return t == nil || t.n == s.X.n && t.Cols() == s.X.Cols() }
	switch {
	case (s.Y != nil) != (s.Act != Identity):
		return fmt.Errorf("Act is %v and Y is %v, want both or neither", s.Act, s.Y)
	case !same(s.DX) || !same(s.DY) || !same(s.Y):
		return fmt.Errorf("DX%v, DY%v and Y%v of X%v, want the same", s.DX, s.DY, s.Y, s.X)
	}
	return checkColumns(s.DX, s.X, s.Mean, s.Eps, s.Act, map[string]*Tensor{
		"DGain": s.DGain, "DBias": s.DBias, "Var": s.Var, "Gain": s.Gain})
}

func (s StandardizeGrad) define(before Contents) func(out, i int) Val {
	rows, cols := s.Dims()
	x, dy, gain := before[s.X], before[s.DY], before[s.Gain]
	y, mean, variance := before[s.Y], before[s.Mean], before[s.Var]
	at := func(i int) (e, xhat Val) {
		j := columnOf(i, rows, cols)
		if e = leaf(dy[i]); s.Act != Identity {
			e = e.through(s.Act, leaf(y[i]))
		}
		return e, leaf(x[i]).sub(leaf(mean[j])).mul(leaf(variance[j]).inverseSD(s.Eps)).slack(2)
	}
	sums := perColumn(func(c int) (dbias, dgain Val) {
		b, g := newTotal(), newTotal()
		first := c/cols*rows*cols + c%cols
		for i := range rows {
			e, xhat := at(first + i*cols)
			b.addVal(e)
			g.addVal(e.mul(xhat))
		}
		return b.val(), g.val()
	})
	return func(out, i int) Val {
		c := i
		if out == 0 {
			c = columnOf(i, rows, cols)
		}
		dbias, dgain := sums(c)
		switch out {
		case 1:
			return dgain
		case 2:
			return dbias
		}
		e, xhat := at(i)
		n := Val{X: 1 / float64(rows), Err: 2.5 * ulp / float64(rows)}
		scale := leaf(gain[c]).mul(leaf(variance[c]).inverseSD(s.Eps)).slack(2)
		terms := newTotal() // in any order
		terms.addVal(e.mul(scale))
		terms.addVal(dbias.mul(n).mul(scale).neg())
		terms.addVal(xhat.mul(dgain.mul(n)).mul(scale).neg())
		return terms.val().slack(4)
	}
}

func (s StandardizeGrad) cost() Cost {
	bytes := 12 * int64(s.X.n)
	if s.Y != nil {
		bytes += 4 * int64(s.X.n)
	}
	return Cost{12 * int64(s.X.n), bytes}
}
