package stack

import (
	"fmt"

	"hebb/compute"
)

// PHSIC is the three-factor Hebbian rule of Pogodin and Latham 2020, "Kernelized information bottleneck leads to
// biologically plausible 3-factor Hebbian learning in deep networks": each block descends
//
//	J = pHSIC(Z, Z) − Gamma·pHSIC(Y, Z),  pHSIC(A, B) = mean_ij (A_ij − mean A)·B_ij
//
// A being the kernel matrix of the block's output Z and B that of the labels, the cosine of one-hot vectors less
// their mean. The weights change by pre × post × a factor common to the layer, which no other layer has a part in.
//
// With Groups, the kernel is one of the groups' activities instead, u = ((Σ_k z_k² + Delta)/n)^Power with z less its
// mean in the group, and u less its mean over the groups. Beside a [Divisive] of the same Groups and of 1 − Power
// the updates are again a product of pre, post and a third factor.
type PHSIC struct {
	Gamma  float32 `json:"gamma" toml:"gamma"`
	Kernel string  `json:"kernel" toml:"kernel"`                     // of Z: "gaussian", "cosine" or "linear"
	Sigma  float32 `json:"sigma,omitempty" toml:"sigma,omitempty"`   // of the Gaussian, in units of z or u
	Groups int     `json:"groups,omitempty" toml:"groups,omitempty"` // 0: none
	Power  float32 `json:"power,omitempty" toml:"power,omitempty"`
	Delta  float32 `json:"delta,omitempty" toml:"delta,omitempty"`
	Biased bool    `json:"biased,omitempty" toml:"biased,omitempty"` // HSIC in the place of pHSIC: rows and columns lose their means

	Backprop `json:"-" toml:"-"`
}

// DefaultPHSIC has the constants of the paper's code for its networks of dense layers, without groups.
var DefaultPHSIC = PHSIC{Gamma: 2, Kernel: "gaussian", Sigma: 5, Power: 0.5, Delta: 1}

// Check reports a setting that cannot be.
func (r PHSIC) Check() error {
	switch {
	case !(r.Gamma >= 0 && finite32(float64(r.Gamma))):
		return fmt.Errorf("gamma %g, want at least 0", r.Gamma)
	case r.Kernel != "gaussian" && r.Kernel != "cosine" && r.Kernel != "linear":
		return fmt.Errorf("kernel %q, want gaussian, cosine or linear", r.Kernel)
	case r.Kernel == "gaussian" && !widthOK(r.Sigma):
		return fmt.Errorf("sigma %g, want a width of 1e-15 to 1e15", r.Sigma)
	case r.Groups < 0:
		return fmt.Errorf("%d groups, want at least 0", r.Groups)
	}
	return nil
}

func widthOK(s float32) bool { return s >= 1e-15 && s <= 1e15 }

func (PHSIC) Learns() (blocks, output bool) { return true, true }
func (PHSIC) Least() int                    { return 4 }

func (r PHSIC) Extras(_ *Net, b *Block) ([]Extra, error) {
	if r.Groups > 0 {
		g := newGrouping(b.Out, r.Groups, r.Power, r.Delta)
		if err := g.check("phsic at " + b.Name); err != nil {
			return nil, err
		}
		b.Memo = g
	}
	return nil, r.Check()
}

// Gradient is dJ/dy: of the Gaussian, −(2/(σ²m²))·Σ_j S_ij·K_ij·(z_i − z_j) with S_ij = 2·(K_ij − mean K) − Gamma·(L_ij − mean L).
func (r PHSIC) Gradient(p *Pass, b *Block, y *compute.Tensor) *compute.Tensor {
	if r.Groups == 0 {
		z := p.matrix(y)
		return p.View(r.descend(p, b, z), 0, y.Shape()...)
	}
	g := b.Memo.(grouping)
	sums, squared := g.spread(p, y)
	u := p.centreRows(p.Map(g.root, squared))
	du := r.descend(p, b, u) // of rows without means, and so without means itself
	return g.byGroup(p, g.along, y, sums, p.Map(g.slope, du, squared))
}

// descend is dJ/dz of rows z.
func (r PHSIC) descend(p *Pass, b *Block, z *compute.Tensor) *compute.Tensor {
	if r.Kernel != "cosine" {
		return r.towards(p, b, z)
	}
	unit, inverse := p.normaliseRows(z)
	return p.throughNorm(r.towards(p, b, unit), unit, inverse)
}

func (r PHSIC) towards(p *Pass, b *Block, z *compute.Tensor) *compute.Tensor {
	k := compute.Similarity{X: z, Kernel: compute.Linear}
	if r.Kernel == "gaussian" {
		k.Kernel, k.Sigma = compute.Gaussian, []float32{r.Sigma}
	}
	l := compute.Similarity{X: p.codes(), Kernel: compute.Linear}
	ours, labels := p.means(k), p.Once(labelMeans{}, func() *compute.Tensor { return p.offsets(p.means(l), r.Biased) })
	if r.Kernel == "gaussian" {
		p.faultOf(b, z, ours.all)
	}
	m := float64(p.Examples)
	self, cross, offsets := float32(2/(m*m)), float32(-float64(r.Gamma)/(m*m)), p.Tensor(1, int(m))
	in, f := []*compute.Tensor{ours.all, labels}, offsetsOfAll.WithConsts(-self/2, -cross)
	if r.Biased {
		in, f = []*compute.Tensor{ours.sums, ours.all, labels}, offsetsOfRows.WithConsts(-self/float32(m), self/2, -cross)
	}
	p.Do(compute.Map{Out: offsets, In: in, F: f})
	if r.Gamma == 0 {
		l = compute.Similarity{}
	}
	dz := p.Like(z)
	p.Do(compute.KernelGrad{DX: dz, K: k, L: l, Alpha: 1, Self: self, Cross: cross, R: offsets})
	return dz
}

type labelMeans struct{}

// kernelMeans are the sums of the rows of a kernel matrix, and the mean of all of it.
type kernelMeans struct{ sums, all *compute.Tensor }

func (p *Pass) means(k compute.Similarity) kernelMeans {
	m := k.X.Rows()
	sums, all := p.Tensor(1, m), p.Tensor(1, 1)
	p.Do(compute.KernelSums{Sum: sums, K: k})
	p.Do(compute.Reduce{Out: all, In: []*compute.Tensor{sums}, Along: compute.AlongAll, Alpha: float32(1 / (float64(m) * float64(m)))})
	return kernelMeans{sums, all}
}

// offsets are what [compute.KernelSums] calls A, that K − A[i] − A[j] is K without its mean or, by rows, without those of
// its rows and columns.
func (p *Pass) offsets(k kernelMeans, rows bool) *compute.Tensor {
	out := p.Like(k.sums)
	if rows {
		p.Do(compute.Map{Out: out, In: []*compute.Tensor{k.sums, k.all}, F: lessHalf.WithConsts(1/float32(k.sums.Len()), 0.5)})
	} else {
		p.Do(compute.Map{Out: out, In: []*compute.Tensor{k.all}, F: half})
	}
	return out
}

var (
	weighted = compute.Pointwise(compute.Add(compute.Mul(compute.Const(1), compute.Var(0)), compute.Mul(compute.Const(1), compute.Var(1))))
	half     = compute.Pointwise(compute.Mul(compute.Const(0.5), compute.Var(0)))
	lessHalf = compute.Pointwise(compute.Sub(compute.Mul(compute.Const(1), compute.Var(0)), compute.Mul(compute.Const(0.5), compute.Var(1))))
	// R of KernelGrad, −Self·(offsets of Z) − Cross·(offsets of Y), from the means of Z
	offsetsOfAll  = weighted
	offsetsOfRows = compute.Pointwise(compute.Add(compute.Add(compute.Mul(compute.Const(1), compute.Var(0)), compute.Mul(compute.Const(1), compute.Var(1))),
		compute.Mul(compute.Const(1), compute.Var(2))))
)
