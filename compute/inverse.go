package compute

import (
	"fmt"
	"math"
)

// Inverse is the inverse of symmetric positive definite matrices, by their Cholesky factors:
//
//	Inv = (A + Shift·I)⁻¹ = MᵀM,  M = L⁻¹,  L·Lᵀ = A + Shift·I
//
// Inverse reads the lower triangle of A alone. Inv is symmetric to the bit. Info is 0 for a positive definite matrix,
// else k, the order of its first leading minor that is not, as in LAPACK's potrf; then Inv's matrix is all NaN.
//
// Its residual Inv·B − I, B = A + Shift·I, is verified; for a symmetric Inv it is the other side's too. Sums may be
// in any order; solving with a diagonal block of L, of at most [InverseBlock] rows and columns, may be a product with
// that block's inverse, computed in float64. Then to first order
//
//	|Inv·B − I| ≤ |Inv|·U + |Mᵀ|·E·|Lᵀ| + (|L|·E·|M|)ᵀ + γ_n·|Mᵀ|·|M|·|B|
//
// where U is about γ_{n+11}·|L|·|Lᵀ| and E about γ_{n+2}·|M|·|L|: docs/error-bounds.md derives it. A matrix with a
// pivot within four times its rounding error has no bound, and its Info may be either.
//
// Cost: n³ flops a member. Source: Higham, Accuracy and Stability of Numerical Algorithms, chapters 10 and 14.
type Inverse struct {
	Inv   *Tensor // batch × n × n
	Info  *Tensor // batch
	A     *Tensor // batch × n × n
	Shift float32
}

// InverseBlock is the size of the diagonal blocks of an [Inverse], which start at its multiples. Each backend computes
// a block with one core or one group of threads, in float64.
const InverseBlock = 32

func (v Inverse) operands(outs, ins []*Tensor) ([]*Tensor, []*Tensor) {
	return append(outs, v.Inv, v.Info), append(ins, v.A)
}

// Dims returns the sizes: batch matrices of n×n.
func (v Inverse) Dims() (batch, n int) { return v.A.Batch(), v.A.Rows() }

func (v Inverse) check() error {
	batch, n := v.Dims()
	switch {
	case v.A.Cols() != n:
		return fmt.Errorf("A is %v, want square matrices", v.A)
	case !v.Inv.is(batch, n, n):
		return fmt.Errorf("Inv is %v, want %v as A", v.Inv, v.A)
	case v.Info.n != batch:
		return fmt.Errorf("Info is %v, want [%d], one for each matrix of A%v", v.Info, batch, v.A)
	case !finite(v.Shift):
		return fmt.Errorf("Shift %g, want a finite number", v.Shift)
	}
	return nil
}

// define returns the elements of the inverse: where the residual is R, they err by R·(A + Shift·I)⁻¹.
func (v Inverse) define(before Contents) func(out, i int) Val {
	_, n := v.Dims()
	of := v.factored(before)
	return func(out, i int) Val {
		if out == 1 {
			return of(i).info()
		}
		f := of(i / (n * n))
		if f.order > 0 || f.doubt {
			return unbounded
		}
		return f.element(i/n%n, i%n)
	}
}

// residual replaces element i of Inv by element i of Inv·(A + Shift·I) − I. Where Info reports that there is no
// inverse, NaN is as good as a residual of 0.
func (v Inverse) residual(before Contents) (seen func(after Contents, out, i int) float32, want func(out, i int) Val) {
	_, n := v.Dims()
	of := v.factored(before)
	seen = func(after Contents, out, i int) float32 {
		if out == 1 {
			return after[v.Info][i]
		}
		z := i / (n * n)
		if after[v.Info][z] != 0 {
			return number(after[v.Inv][i])
		}
		return of(z).product(after[v.Inv][z*n*n:], i/n%n, i%n)
	}
	want = func(out, i int) Val {
		if out == 1 {
			return of(i).info()
		}
		switch f := of(i / (n * n)); {
		case f.doubt:
			return unbounded
		case f.order > 0:
			return Val{}
		default:
			return Val{Err: f.residual(i / n % n)[i%n]}
		}
	}
	return seen, want
}

// number is 0 for a NaN, else 1.
func number(x float32) float32 {
	if x != x {
		return 0
	}
	return 1
}

// factored returns the factors of member z, computed at the first call.
func (v Inverse) factored(before Contents) func(z int) *factors {
	batch, n := v.Dims()
	known := make([]*factors, batch)
	return func(z int) *factors {
		if known[z] == nil {
			a, b := before[v.A][z*n*n:], make([]float64, n*n)
			for i := range n {
				for j := range i {
					b[i*n+j] = float64(a[i*n+j])
					b[j*n+i] = b[i*n+j]
				}
				b[i*n+i] = float64(a[i*n+i]) + float64(v.Shift)
			}
			known[z] = newFactors(n, b)
		}
		return known[z]
	}
}

// info returns 0, or the order of the first leading minor that is not positive definite.
func (f *factors) info() Val {
	if f.doubt {
		return unbounded
	}
	return Val{X: float64(f.order)}
}

// product returns element i, j of inv·B − I, or NaN if inv is not symmetric there.
func (f *factors) product(inv []float32, i, j int) float32 {
	n := f.n
	if !same(inv[i*n+j], inv[j*n+i]) {
		return float32(math.NaN())
	}
	s := 0.0
	if i == j {
		s = -1
	}
	for k := range n {
		s += float64(inv[i*n+k]) * f.b[k*n+j]
	}
	return float32(s)
}

func (v Inverse) cost() Cost {
	batch, n := v.Dims()
	k := int64(n)
	return Cost{int64(batch) * k * k * k, 4 * int64(batch) * (k*(k+1)/2 + k*k + 1)}
}
