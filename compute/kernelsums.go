package compute

import "fmt"

// KernelSums adds up the entries of one kernel matrix and the products of two, along their rows, without storing
// either: for each width and member, and each row i,
//
//	Sum[i] = Σ_j K̃[i,j]             K̃[i,j] = K[i,j] − A[i] − A[j]
//	Dot[i] = Σ_j K̃[i,j]·L̃[i,j]      L̃[i,j] = L[i,j] − B[i] − B[j]
//
// Where A holds each row's mean less half of the overall mean, K̃ is H·K·H with H = I − 1·1ᵀ/m, and where A is half of
// the overall mean, K̃ is K − mean(K). So, with L̃ one of H·L·H and L,
//
//	HSIC = Σ_i Dot[i]/(m−1)²        (Gretton, Bousquet, Smola and Schölkopf 2005)
//
// and with the overall means alone, Σ_i Dot[i]/m² is pHSIC (Pogodin and Latham 2020); the means are Sum/m of a first
// KernelSums without A. Subtracting them from each entry avoids the cancellation in Σ K·L less products of sums.
//
// Every entry is evaluated as written, the three terms of K̃ in any order, and a row is added up in any order: the
// bound is the error of each product, and γ_{m+2} of Σ|products|. Memory: O(m·d), whatever m is. Cost: m·(m+1)·d flops
// for each kernel, an exp for each pair and width, and of m² entries of each width one flop for Sum and two for Dot.
type KernelSums struct {
	Sum, Dot *Tensor    // widths × batch × m; one of them may be nil
	K, L     Similarity // L where there is Dot, of as many widths as K or of one for all
	A, B     *Tensor    // widths × batch × m, B of as many widths as L; nil: 0
}

func (k KernelSums) operands(outs, ins []*Tensor) ([]*Tensor, []*Tensor) {
	return present(outs, k.Sum, k.Dot), present(append(ins, k.K.X), k.L.X, k.A, k.B)
}

// Dims returns the sizes: widths × batch kernel matrices of m×m.
func (k KernelSums) Dims() (widths, batch, m int) {
	return k.K.Widths(), k.K.X.Batch(), k.K.X.Rows()
}

func (k KernelSums) check() error {
	if k.Sum == nil && k.Dot == nil {
		return fmt.Errorf("neither Sum nor Dot, want at least one")
	}
	if (k.Dot == nil) != (k.L.X == nil) {
		return fmt.Errorf("Dot is %v and L.X is %v, want both or neither", k.Dot, k.L.X)
	}
	if k.B != nil && k.L.X == nil {
		return fmt.Errorf("B is %v and there is no L", k.B)
	}
	if err := k.K.check(); err != nil {
		return fmt.Errorf("K: %w", err)
	}
	if err := k.K.rowwise("Sum", k.Sum, "Dot", k.Dot, "A", k.A); err != nil || k.L.X == nil {
		return err
	}
	if err := k.L.check(); err != nil {
		return fmt.Errorf("L: %w", err)
	}
	if err := k.L.beside(k.K); err != nil {
		return err
	}
	return k.L.rowwise("B", k.B)
}

// rowwise reports a tensor, each given after its name, that is not one number for each width, member and row.
func (s Similarity) rowwise(named ...any) error {
	n, m := s.Widths()*s.X.Batch()*s.X.Rows(), s.X.Rows()
	for i := 0; i < len(named); i += 2 {
		if t := named[i+1].(*Tensor); t != nil && (t.Cols() != m || t.Len() != n) {
			return fmt.Errorf("%s is %v of X%v, want %d×%d×%d", named[i], t, s.X, s.Widths(), s.X.Batch(), m)
		}
	}
	return nil
}

func (k KernelSums) define(before Contents) func(out, i int) Val {
	_, batch, m := k.Dims()
	first := k.K.centred(before, k.A)
	var second func(w, z, i, j int) Val
	if k.Dot != nil {
		second = k.L.centred(before, k.B)
	}
	return func(out, e int) Val {
		w, z, i := e/(batch*m), e/m%batch, e%m
		t := newTotal()
		for j := range m {
			v := first(w, z, i, j)
			if out == 1 || k.Sum == nil {
				v = v.mul(second(w%k.L.Widths(), z, i, j))
			}
			t.addVal(v)
		}
		return t.val()
	}
}

func (k KernelSums) cost() Cost {
	widths, batch, m := k.Dims()
	pairs := int64(widths) * int64(batch) * int64(m) * int64(m)
	flops := k.K.flops()
	if k.Sum != nil {
		flops += pairs
	}
	if k.Dot != nil {
		flops += k.L.flops() + 2*pairs
	}
	outs, ins := k.operands(nil, nil)
	return Cost{flops, 4 * (lengths(outs) + lengths(ins))}
}
