package dependence

import (
	"context"
	"math"

	"hebb/compute"
)

// MostRows is the largest number of samples of [NormalisedHSIC], which stores matrices of rows × rows.
const MostRows = 4096

// DefaultEps is the ε of Ma, Lewis and Kleijn 2020.
const DefaultEps = 1e-5

// NormalisedHSIC returns, for each width, the normalised cross-covariance
//
//	nHSIC = tr(R_X·R_Y),  R = K̃·(K̃ + ε·m·I)⁻¹,  K̃ = H·K·H
//
// of Fukumizu, Gretton, Sun and Schölkopf 2007, as the HSIC bottleneck of Ma, Lewis and Kleijn 2020 uses it. It is between 0
// and m − 1. An error of u in K changes it in proportion to u/ε, so a small ε costs accuracy in float32. It stores m×m
// matrices, for at most [MostRows] rows.
func NormalisedHSIC(ctx context.Context, dev *compute.Device, x, y Samples, o Options, eps float64) ([]float64, error) {
	if o.World != nil {
		return nil, inputf("the normalised HSIC of Ma et al. in a world: it stores matrices of rows × rows, and is for one process alone")
	}
	h, err := o.settle(ctx, &x, &y, dev.Info())
	if err != nil {
		return nil, err
	}
	switch {
	case x.Rows > MostRows:
		return nil, inputf("%s has %d rows, want at most %d for the normalised HSIC of Ma et al., which stores matrices of rows × rows",
			x.Name, x.Rows, MostRows)
	case !(eps > 0 && eps*float64(x.Rows) <= math.MaxFloat32):
		return nil, inputf("ε is %g, want a number above 0", eps)
	}
	var a, b [][]float32
	for _, s := range []struct {
		to *[][]float32
		Samples
		Kernel
	}{{&a, x, o.X}, {&b, y, o.Y}} {
		err := dev.Step(func(st *compute.Step) (err error) {
			*s.to, err = h.residues(ctx, st, s.Samples, s.Kernel, eps)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	all := make([]float64, max(len(a), len(b)))
	for w := range all {
		for i, v := range a[w%len(a)] {
			all[w] += float64(v) * float64(b[w%len(b)][i])
		}
	}
	return all, nil
}

// residues returns R = I − c·(K̃ + c·I)⁻¹ for each width, with c = ε·m.
func (h *share) residues(ctx context.Context, st *compute.Step, s Samples, k Kernel, eps float64) ([][]float32, error) {
	p, err := h.place(st, s, k)
	if err != nil {
		return nil, err
	}
	m := s.Rows
	c := math.Ldexp(eps*float64(m), -p.scale())
	if c > math.MaxFloat32 {
		return nil, inputf("%s: beside ε·m = %.3g, float32 has nothing of a kernel matrix of 2^%d; want a smaller ε than %g",
			s.Name, eps*float64(m), p.scale(), eps)
	}
	gram, inv, info := st.Tensor(m, m), st.Tensor(m, m), st.Tensor(1)
	all := make([][]float32, p.widths())
	for w := range all {
		g := compute.Gram{K: gram, X: p.sim.X, Kernel: p.sim.Kernel, PerDim: k.PerDim, Center: compute.Double}
		if k.Kind == compute.Gaussian {
			g.Sigma = p.sim.Sigma[w:][:1]
		}
		if err := cause(ctx); err != nil {
			return nil, err
		}
		st.Do(g)
		trace := 0.0
		for i, v := range read(st, gram) {
			if i%(m+1) == 0 {
				trace += float64(v)
			}
		}
		if err := cause(ctx); err != nil {
			return nil, err
		}
		st.Do(compute.Inverse{Inv: inv, Info: info, A: gram, Shift: float32(c)})
		if read(st, info)[0] != 0 || c < 0x1p-23*trace/math.Sqrt(float64(m)) { // the change of an eigenvalue by roundings of m² entries
			return nil, inputf("%s: beside a kernel matrix of trace %.3g, float32 has nothing of ε·m = %.3g; want a larger ε than %g",
				s.Name, math.Ldexp(trace, p.scale()), eps*float64(m), eps)
		}
		all[w] = read(st, inv)
		for i, v := range all[w] {
			if all[w][i] = float32(-c * float64(v)); i%(m+1) == 0 {
				all[w][i] = float32(1 - c*float64(v))
			}
		}
	}
	return all, st.Err()
}
