package local

import (
	"fmt"

	"hebb/compute"
	"hebb/internal/float"
	"hebb/nets"
	"hebb/nets/stack"
)

// PHSIC is the three-factor Hebbian rule of Pogodin and Latham 2020, "Kernelized information bottleneck leads to
// biologically plausible 3-factor Hebbian learning in deep networks". Each block minimises
//
//	J = pHSIC(Z, Z) − Gamma·pHSIC(Y, Z),  pHSIC(A, B) = mean_ij (A_ij − mean A)·B_ij
//
// with the kernel matrices of the block's output Z and of the labels Y, the cosine of centred one-hot vectors. The weight
// updates are products of presynaptic activity, postsynaptic activity and a third factor, common to the layer, which does not
// depend on other layers.
//
// With Groups, the kernel is of the groups' activities u = ((Σ_k z_k² + Delta)/n)^Power, with z centred in its group and u
// centred over the groups. Followed by a [stack.Divisive] with the same Groups and a Power of 1 − Power, the updates are
// again such products.
type PHSIC struct {
	Gamma  float32 `json:"gamma" toml:"gamma"`
	Kernel string  `json:"kernel" toml:"kernel"`                                        // of Z: "gaussian", "cosine" or "linear"
	Sigma  float32 `json:"sigma,omitempty" toml:"sigma,omitempty" if:"kernel=gaussian"` // width of the Gaussian, in units of z or u
	Groups int     `json:"groups,omitempty" toml:"groups,omitempty"`                    // 0: none
	Power  float32 `json:"power,omitempty" toml:"power,omitempty" if:"groups"`
	Delta  float32 `json:"delta,omitempty" toml:"delta,omitempty" if:"groups"`
	Biased bool    `json:"biased,omitempty" toml:"biased,omitempty"` // HSIC instead of pHSIC: centre rows and columns

	oneAtATime     `json:"-" toml:"-"`
	stack.Backprop `json:"-" toml:"-"`
}

// DefaultPHSIC has the hyper-parameters of the paper's code for networks of dense layers, without groups.
var DefaultPHSIC = PHSIC{Gamma: 2, Kernel: "gaussian", Sigma: 5, Power: 0.5, Delta: 1}

// Check reports invalid settings.
func (r PHSIC) Check() error {
	switch {
	case !(r.Gamma >= 0 && float.Finite(r.Gamma)):
		return fmt.Errorf("gamma %g, want at least 0", r.Gamma)
	case r.Kernel != "gaussian" && r.Kernel != "cosine" && r.Kernel != "linear":
		return fmt.Errorf("kernel %q, want gaussian, cosine or linear", r.Kernel)
	case !(r.Sigma == 0 && r.Kernel != "gaussian" || widthOK(r.Sigma)):
		return fmt.Errorf("sigma %g, want a width of 1e-15 to 1e15", r.Sigma)
	case r.Groups < 0:
		return fmt.Errorf("%d groups, want at least 0", r.Groups)
	case !(r.Power >= 0 && r.Power <= 4):
		return fmt.Errorf("power %g, want a number within (0, 4], or 0 without groups", r.Power)
	case !(r.Delta >= 0 && float.Finite(r.Delta)):
		return fmt.Errorf("delta %g, want a number above 0, or 0 without groups", r.Delta)
	}
	return nil
}

func widthOK(s float32) bool { return s >= 1e-15 && s <= 1e15 }

func (PHSIC) Learns() (blocks, output bool) { return true, true }
func (PHSIC) Least() int                    { return 4 }

func (r PHSIC) Extras(_ *stack.Net, b *stack.Block) ([]stack.Extra, error) {
	if r.Groups > 0 {
		g := stack.NewGrouping(b.Out, r.Groups, r.Power, r.Delta)
		if err := g.Check("phsic at " + b.Name); err != nil {
			return nil, err
		}
		b.Memo = g
	}
	return nil, r.Check()
}

// Gradient returns dJ/dy: for the Gaussian, −(2/(σ²m²))·Σ_j S_ij·K_ij·(z_i − z_j), S_ij = 2·(K_ij − mean K) − Gamma·(L_ij − mean L).
func (r PHSIC) Gradient(p *stack.Pass, b *stack.Block, y *compute.Tensor) *compute.Tensor {
	if r.Groups == 0 {
		z := p.Matrix(y)
		return p.View(r.descend(p, b, z), 0, y.Shape()...)
	}
	g := b.Memo.(stack.Grouping)
	sums, squared := g.Spread(p.Pass, y)
	u := p.CentreRows(p.Map(g.Root, squared))
	du := r.descend(p, b, u) // centred, as u is
	return g.ByGroup(p.Pass, g.Along, y, sums, p.Map(g.Slope, du, squared))
}

// descend returns dJ/dz for rows z.
func (r PHSIC) descend(p *stack.Pass, b *stack.Block, z *compute.Tensor) *compute.Tensor {
	if r.Kernel != "cosine" {
		return r.towards(p, b, z)
	}
	unit, inverse := p.NormaliseRows(z)
	return p.ThroughNorm(r.towards(p, b, unit), unit, inverse)
}

func (r PHSIC) towards(p *stack.Pass, b *stack.Block, z *compute.Tensor) *compute.Tensor {
	k := compute.Similarity{X: z, Kernel: compute.Linear}
	if r.Kernel == "gaussian" {
		k.Kernel, k.Sigma = compute.Gaussian, []float32{r.Sigma}
	}
	l := compute.Similarity{X: codes(p), Kernel: compute.Linear}
	ours, labels := means(p.Pass, k), p.Once(labelMeans{}, func() *compute.Tensor { return offsetsOf(p.Pass, means(p.Pass, l), r.Biased) })
	if r.Kernel == "gaussian" {
		faultOf(p, b, z, ours.all)
	}
	m := float64(p.Examples)
	self, cross, offsets := float32(2/(m*m)), float32(-float64(r.Gamma)/(m*m)), p.Tensor(1, int(m))
	in, f := []*compute.Tensor{ours.all, labels}, weighted.With("a", -self/2).With("b", -cross)
	if r.Biased {
		in, f = []*compute.Tensor{ours.sums, ours.all, labels}, offsetsOfRows.With("a", -self/float32(m)).With("b", self/2).With("c", -cross)
	}
	p.Into(offsets, f, in...)
	if r.Gamma == 0 {
		l = compute.Similarity{}
	}
	dz := p.Like(z)
	p.Do(compute.KernelGrad{DX: dz, K: k, L: l, Alpha: 1, Self: self, Cross: cross, R: offsets})
	return dz
}

type labelMeans struct{}

// kernelMeans is the row sums of a kernel matrix and the mean of all entries.
type kernelMeans struct{ sums, all *compute.Tensor }

func means(p *nets.Pass, k compute.Similarity) kernelMeans {
	m := k.X.Rows()
	sums, all := p.Tensor(1, m), p.Tensor(1, 1)
	p.Do(compute.KernelSums{Sum: sums, K: k})
	p.Do(compute.Reduce{Out: all, In: []*compute.Tensor{sums}, Along: compute.AlongAll, Alpha: float32(1 / (float64(m) * float64(m)))})
	return kernelMeans{sums, all}
}

// offsetsOf returns centring offsets A, see [compute.KernelSums]: K − A[i] − A[j] is K minus its mean or, if rows is true, K
// with centred rows and columns.
func offsetsOf(p *nets.Pass, k kernelMeans, rows bool) *compute.Tensor {
	out := p.Like(k.sums)
	if rows {
		p.Into(out, rowOffsets.With("part", 1/float32(k.sums.Len())), k.sums, k.all)
	} else {
		p.Into(out, half, k.all)
	}
	return out
}

var (
	half       = compute.Formula("0.5*x", "x")
	rowOffsets = compute.Formula("part*sum - 0.5*mean", "sum", "mean")
	// R of KernelGrad, −Self·(offsets of Z) − Cross·(offsets of Y), for pHSIC and for HSIC
	weighted      = compute.Formula("a*x + b*y", "x", "y")
	offsetsOfRows = compute.Formula("a*sum + b*mean + c*labels", "sum", "mean", "labels")
)
