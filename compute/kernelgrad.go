package compute

import (
	"fmt"
	"math"
)

// KernelGrad is Alpha times the gradient, by the rows of X, of a quadratic function of their kernel matrices, none of
// which is stored. With K of X = K.X, all terms of one width,
//
//	J = Σ_w Σ_ij ½·Self·K² + Cross·K·L + (R[i]+R[j])·K + G[i,j]·K
//	S[i,j] = Self·K[i,j] + Cross·L[i,j] + R[i] + R[j] + G[i,j]           = ∂J/∂K[i,j]
//
//	Gaussian  DX[i] = −4·Alpha·Σ_w 1/(2σ²)·Σ_j S[i,j]·K[i,j]·(x_i − x_j)
//	Linear    DX[i] =  2·Alpha·Σ_j S[i,j]·x_j
//
// Since S and K are symmetric, the first is diag(P·1)·X − P·X with P = S∘K, in which j = i does not count.
//
//	HSIC(K, L)                    Cross 1/(m−1)²,          R (l̄/2 − l̄_i)/(m−1)²
//	pHSIC(K, K) − γ·pHSIC(L, K)   Self 2/m², Cross −γ/m²,  R (γ·l̄ − 2·k̄)/(2m²)
//	a loss of K itself            G = ∂loss/∂K
//
// where l̄_i is the mean of row i of L and l̄ the mean of all. The rules of Ma, Lewis and Kleijn (2020), Pogodin and
// Latham (2020) and Greenfeld and Shalit (2020) descend the first; nHSIC, which has an inverse in it, gives a G.
//
// The bound admits both forms of the Gaussian's sum, and P as the sum of all widths: γ_{m+widths+4} of the sum of
// |P|·(|x_i| + |x_j|), plus the error of P. Memory: O(m·d), but for G. Cost: m·(m+1)·d flops for each kernel, an exp
// for each pair and width, 4 flops for each entry of P and term, and 2·m²·d for P·X.
type KernelGrad struct {
	DX                 *Tensor    // shaped as K.X
	K, L               Similarity // K Gaussian or Linear; L any kernel, of as many widths as K or of one; none where Cross is 0
	Alpha, Self, Cross float32
	R                  *Tensor // widths × batch × m; nil: 0
	G                  *Tensor // widths × batch × m × m, symmetric (a backend reads either half); nil: 0
}

func (g KernelGrad) operands(outs, ins []*Tensor) ([]*Tensor, []*Tensor) {
	return append(outs, g.DX), present(append(ins, g.K.X), g.L.X, g.R, g.G)
}

// Dims returns the sizes: widths × batch kernel matrices of m×m, of rows of length d.
func (g KernelGrad) Dims() (widths, batch, m, d int) {
	return g.K.Widths(), g.K.X.Batch(), g.K.X.Rows(), g.K.X.Cols()
}

// Scale returns the factor of S·K of width w, or of S for the Linear kernel: P = Σ_w Scale·S∘K.
func (g KernelGrad) Scale(w int) float64 {
	if g.K.Kernel == Linear {
		return 2 * float64(g.Alpha)
	}
	return 4 * float64(g.Alpha) * g.K.Factor(w)
}

func (g KernelGrad) check() error {
	widths, batch, m, d := g.Dims()
	if g.K.Kernel != Gaussian && g.K.Kernel != Linear {
		return fmt.Errorf("K is %v, want a gaussian or linear kernel", g.K.Kernel)
	}
	if err := g.K.check(); err != nil {
		return fmt.Errorf("K: %w", err)
	}
	switch {
	case !g.DX.is(batch, m, d):
		return fmt.Errorf("DX is %v, want %v as K.X", g.DX, g.K.X)
	case !finite(g.Alpha) || !finite(g.Self) || !finite(g.Cross):
		return fmt.Errorf("Alpha %g, Self %g and Cross %g, want finite numbers", g.Alpha, g.Self, g.Cross)
	case g.Alpha == 0:
		return fmt.Errorf("Alpha is 0, so the result would ignore its inputs; want Alpha: 1?")
	case (g.Cross == 0) != (g.L.X == nil):
		return fmt.Errorf("Cross is %g and L.X is %v, want both or neither", g.Cross, g.L.X)
	case g.Self == 0 && g.Cross == 0 && g.R == nil && g.G == nil:
		return fmt.Errorf("Self and Cross are 0 and R and G nil, so there is nothing to differentiate")
	case g.G != nil && (g.G.Rows() != m || g.G.Cols() != m || g.G.Len() != widths*batch*m*m):
		return fmt.Errorf("G is %v of X%v, want %d×%d×[%d %d]", g.G, g.K.X, widths, batch, m, m)
	}
	for w := range widths {
		if s := g.Scale(w); !(math.Abs(s) >= tiny && math.Abs(s) <= math.MaxFloat32) {
			return fmt.Errorf("Alpha %g and width %d make a factor of %g, want one that is a float32", g.Alpha, w, s)
		}
	}
	if err := g.K.rowwise("R", g.R); err != nil || g.L.X == nil {
		return err
	}
	if err := g.L.check(); err != nil {
		return fmt.Errorf("L: %w", err)
	}
	return g.L.beside(g.K)
}

// A weight is an entry of P, which is a sum over widths: Σ|terms| counts, not |Σ terms|.
type weight struct{ x, abs, err float64 }

func (g KernelGrad) define(before Contents) func(out, e int) Val {
	widths, _, m, d := g.Dims()
	x, p := before[g.K.X], g.weights(before)
	row, of := []weight(nil), -1
	return func(_, e int) Val {
		i, k := e/d, e%d
		if i != of {
			row, of = p(i/m, i%m), i
		}
		own, all := i%m, x[i/m*m*d:]
		t := newTotal()
		t.n = m + widths + 2
		for j, w := range row {
			if xj := leaf(all[j*d+k]); g.K.Kernel == Linear {
				t.addWeighted(w, xj)
			} else if j != own {
				t.addWeighted(w, xj)
				t.addWeighted(w, leaf(all[own*d+k]).neg())
			}
		}
		if !(t.abs/min(1, g.smallest()) <= math.MaxFloat32/2) {
			return unbounded // the sum may overflow before its factor makes it small
		}
		return t.val()
	}
}

// addWeighted adds w·x, a term with no more roundings than t already counts.
func (t *total) addWeighted(w weight, x Val) {
	if !x.Bounded() || !(w.abs+w.err <= math.MaxFloat32) {
		w.err = math.Inf(1)
		x = Val{}
	}
	a := math.Abs(x.X) + x.Err
	t.x += w.x * x.X
	t.abs += (w.abs + w.err) * a
	t.err += w.err*a + w.abs*x.Err
	t.under += 4 * tiny * (1 + w.abs + a)
	t.whole = t.whole && w.err == 0 && x.Err == 0 && whole(w.x) && whole(x.X)
}

// smallest returns the least of the factors in P.
func (g KernelGrad) smallest() float64 {
	least := math.Inf(1)
	for w := range g.K.Widths() {
		least = min(least, math.Abs(g.Scale(w)))
	}
	return least
}

// weights returns row i of member z of P.
func (g KernelGrad) weights(before Contents) func(z, i int) []weight {
	widths, _, m, _ := g.Dims()
	kernel, slope := g.K.between(before, nil), g.slope(before)
	return func(z, i int) []weight {
		row := make([]weight, m)
		parallel(m, func(j int) {
			for w := range widths {
				k := kernel(w, z, i, j)
				s, c := slope(w, z, i, j, k), g.Scale(w)
				if g.K.Kernel == Linear {
					k = Val{X: 1}
				}
				row[j].add(c, s, k)
			}
		})
		return row
	}
}

// add adds c·s·k, multiplied in any order, where c is rounded and may instead multiply the total.
func (p *weight) add(c float64, s, k Val) {
	if !s.Bounded() || !k.Bounded() {
		p.err = math.Inf(1)
		return
	}
	x, a := c*s.X*k.X, math.Abs(c)
	p.x += x
	p.abs += math.Abs(x)
	if s.Err == 0 && k == (Val{X: 1}) && whole(c) && whole(s.X) && whole(x) {
		return
	}
	err := a * (math.Abs(s.X)*k.Err + math.Abs(k.X)*s.Err + s.Err*k.Err)
	p.err += err + gamma(6)*(math.Abs(x)+err) + 4*tiny*(1+a)*(1+math.Abs(s.X)+s.Err)*(1+math.Abs(k.X)+k.Err)
}

// slope returns S, given K.
func (g KernelGrad) slope(before Contents) func(w, z, i, j int, k Val) Val {
	_, batch, m, _ := g.Dims()
	var other func(w, z, i, j int) Val
	if g.L.X != nil {
		other = g.L.between(before, nil)
	}
	r, by := before[g.R], before[g.G]
	return func(w, z, i, j int, k Val) Val {
		at := (w*batch + z) * m
		t := newTotal()
		if g.Self != 0 {
			t.addVal(leaf(g.Self).mul(k))
		}
		if other != nil {
			t.addVal(leaf(g.Cross).mul(other(w%g.L.Widths(), z, i, j)))
		}
		if g.R != nil {
			t.addVal(leaf(r[at+i]))
			t.addVal(leaf(r[at+j]))
		}
		if g.G != nil {
			t.addVal(leaf(by[(at+i)*m+j]))
		}
		return t.val()
	}
}

func (g KernelGrad) cost() Cost {
	widths, batch, m, d := g.Dims()
	entries := int64(batch) * int64(m) * int64(m)
	terms := int64(0)
	for _, there := range []bool{g.Self != 0, g.Cross != 0, g.R != nil, g.G != nil} {
		if there {
			terms++
		}
	}
	flops := g.K.flops() + 4*terms*int64(widths)*entries + 2*entries*int64(d)
	if g.L.X != nil {
		flops += g.L.flops()
	}
	outs, ins := g.operands(nil, nil)
	return Cost{flops, 4 * (lengths(outs) + lengths(ins))}
}
