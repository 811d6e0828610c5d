package compute

import "fmt"

// Gemm is C = epilogue(op(A)·op(B)), op(X) being X or Xᵀ, for each matrix of a batch:
//
//	acc[i,j] = Σ_p op(A)[i,p] · op(B)[p,j]
//
// The batch is the dimensions of C before its last two; A and B have the same batch, or a batch of 1 that serves every
// member. The [Epilogue] turns acc into C; with Alpha: 1 alone C is the plain product. A layer with its bias and
// activation, the backward pass of a delta through it, and a weight gradient (TransA, Beta: 1) are all Gemms.
//
// The bound on a float32 result is γ_{k+5}·Σ|terms|, see docs/error-bounds.md. Cost: 2·m·n·k flops a member, whatever Used
// says.
type Gemm struct {
	C, A, B        *Tensor // batch×m×n; m×k and k×n after transposition, of either Type
	TransA, TransB bool
	Epilogue
	Leeway Leeway
	// Used, batch × 1 × 1, says how many rows of B, as it is stored, count in each member: whole numbers; nil is all. The caller
	// promises that the rows after them make only products of 0, so an implementation may skip them. It is for networks with
	// room to grow, and for members that do not learn.
	Used *Tensor
}

func (g Gemm) operands(outs, ins []*Tensor) ([]*Tensor, []*Tensor) {
	return append(outs, g.C), present(g.ins(append(ins, g.A, g.B)), g.Used)
}

// Dims returns the sizes of the products: C is m×n, and each sum has k terms.
func (g Gemm) Dims() (batch, m, n, k int) {
	m, k = flip(g.TransA, g.A.Rows(), g.A.Cols())
	_, n = flip(g.TransB, g.B.Rows(), g.B.Cols())
	return g.C.Batch(), m, n, k
}

func (g Gemm) check() error {
	batch, m, n, k := g.Dims()
	if kb, _ := flip(g.TransB, g.B.Rows(), g.B.Cols()); k != kb || g.C.Rows() != m || g.C.Cols() != n {
		return fmt.Errorf("C%v = A%v%s · B%v%s does not fit: want m×n = m×k · k×n",
			g.C, g.A, mark(g.TransA), g.B, mark(g.TransB))
	}
	for name, t := range map[string]*Tensor{"A": g.A, "B": g.B} {
		if !serves(t, batch) {
			return fmt.Errorf("%s%v is a batch of %d and C%v of %d, want as many or 1", name, t, t.Batch(), g.C, batch)
		}
	}
	if g.Used != nil && !g.Used.is(batch, 1, 1) {
		return fmt.Errorf("Used is %v, want [%d 1 1], one number for each member of C%v", g.Used, batch, g.C)
	}
	if err := g.Leeway.check(); err != nil {
		return err
	}
	return g.Epilogue.check(batch, m, n)
}

func (g Gemm) define(before Contents) func(out, i int) Val {
	_, m, n, k := g.Dims()
	a, b := before[g.A], before[g.B]
	// op(A)[i,p] is at i·ai + p·ap, op(B)[p,j] at p·bp + j·bj.
	ai, ap := k, 1
	if g.TransA {
		ai, ap = 1, m
	}
	bp, bj := n, 1
	if g.TransB {
		bp, bj = 1, k
	}
	return func(_, i int) Val {
		z, r, c := i/(m*n), i/n%m, i%n
		a, b := member(a, z, m*k), member(b, z, k*n)
		acc := dot(k, func(p int) (float32, float32) { return a[r*ai+p*ap], b[p*bp+c*bj] })
		return g.Epilogue.at(before, g.C, acc.within(g.Leeway), i)
	}
}

func (g Gemm) cost() Cost {
	z, m, n, k := g.Dims()
	mn := int64(z) * int64(m) * int64(n)
	traffic := bytes(g.A, g.B, g.C) + bytes(g.ins(nil)...)
	if g.Beta != 0 {
		traffic += bytes(g.C)
	}
	return Cost{2 * mn * int64(k), traffic}
}

// member returns matrix z of a batch of matrices of n elements; a batch of one serves every z.
func member(x []float32, z, n int) []float32 {
	if len(x) == n {
		return x
	}
	return x[z*n:][:n]
}

// flip returns (c, r) if t, else (r, c).
func flip(t bool, r, c int) (int, int) {
	if t {
		return c, r
	}
	return r, c
}

func mark(t bool) string {
	if t {
		return "ᵀ"
	}
	return ""
}
