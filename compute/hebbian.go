package compute

import (
	"fmt"
	"math"
)

// A Mask selects part of a matrix of units × units.
type Mask uint8

const (
	None     Mask = iota // nothing
	Diagonal             // each unit with itself
	Lower                // each unit and those before it, the diagonal included
	Full                 // all units
)

var maskNames = []string{"none", "diagonal", "lower", "full"}

func (m Mask) String() string {
	if int(m) < len(maskNames) {
		return maskNames[m]
	}
	return fmt.Sprintf("Mask(%d)", m)
}

// Keeps reports whether the mask keeps row u, column v.
func (m Mask) Keeps(u, v int) bool {
	switch m {
	case Diagonal:
		return u == v
	case Lower:
		return v <= u
	case Full:
		return true
	}
	return false
}

// Hebbian is W ← clip((1−Decay)·W + Rate/n·(YᵀX − Mask(YᵀG)·W)), the outer-product update of the weights W by the mean
// over n pairs of activities, for each network of a batch; with Rates, the rate of network z is Rate·Rates[z]:
//
//	Δw_u = Rate/n · Σ_b y_bu · (x_b − Σ_v g_bv·w_v), over the v that Mask keeps for u
//
// Mask and G choose the part of x that is subtracted as already explained:
//
//	None               Hebb        Δw_u = η·y_u·x
//	Diagonal, G = Y    Oja         Δw_u = η·y_u·(x − y_u·w_u)
//	Diagonal, G = U    SoftHebb    Δw_u = η·y_u·(x − u_u·w_u), U the weighted input; G = 1: instar
//	Lower,    G = Y    Sanger      Δw_u = η·y_u·(x − Σ_{v≤u} y_v·w_v): principal components in order
//	Full,     G = Y    subspace    Δw_u = η·y_u·(x − Σ_v y_v·w_v): their subspace
//
// All units are updated from the same old W. Decay is a plain weight decay; if it is 1 and Mask is None, the old contents
// of W are not read: with Rate n the op is then the gradient YᵀX of a layer's weights. Lo and Hi, unless both are 0, bound
// each new weight (Linsker); either may be infinite. The weights are read once and written once, and no array of
// n × units × inputs exists.
//
// With Patches, x_b is an image patch, as in a convolution (see [Conv]): X is images, Y is N×P×Q×units, W is
// units×R×S×channels, and x_b holds the R·S·channels numbers, zeros beyond the borders, under the window at one of its
// n = N·P·Q places. The GPU never stores a patch twice.
//
// Sources: Oja 1982 (J. Math. Biol. 15), Sanger 1989 (Neural Networks 2), Oja 1989 (Int. J. Neural
// Systems 1), Linsker 1986 (PNAS 83), Moraitis et al. 2022 (SoftHebb). The bound on a float32
// result is γ_{n+units+…}·Σ|terms|, see docs/error-bounds.md; a rate beyond float32 has no bound. Cost:
// 2·n·units·inputs flops a network; Full adds the lesser of 2·units²·(n+inputs) and 2·n·units·inputs, for (YᵀG)·W or
// Yᵀ·(G·W); Lower adds the lesser of half the former and the latter.
type Hebbian struct {
	W           *Tensor // batch × units × inputs, updated in place
	Y           *Tensor // batch × n × units: postsynaptic activity; of either Type if Mask is None
	X           *Tensor // batch × n × inputs: presynaptic activity, of either Type
	G           *Tensor // batch × n × units; nil exactly if Mask is None. A batch of 1 of Y, X or G serves all networks
	Mask        Mask
	Rate, Decay float32 // η and λ, per update
	Rates       *Tensor // batch × 1 × 1: factors of Rate, one for each network; nil for all ones
	Lo, Hi      float32
	Patches     Slide // of images, unless Stride is 0
	Leeway      Leeway
}

func (h Hebbian) operands(outs, ins []*Tensor) ([]*Tensor, []*Tensor) {
	ins = append(ins, h.Y, h.X)
	if h.G != nil && h.G != h.Y {
		ins = append(ins, h.G)
	}
	return append(outs, h.W), present(ins, h.Rates)
}

// Dims returns the sizes: batch networks of units × inputs weights, and n pairs of activities.
func (h Hebbian) Dims() (batch, units, inputs, n int) {
	if h.OfImages() {
		units = h.W.shape[0]
		return 1, units, h.W.n / units, h.Y.n / h.Y.Cols()
	}
	return h.W.Batch(), h.W.Rows(), h.W.Cols(), h.X.Rows()
}

// OfImages reports whether Patches is set: whether X is images and W a convolution's weights.
func (h Hebbian) OfImages() bool { return h.Patches != Slide{} }

// Geometry returns the geometry of the convolution, with Patches.
func (h Hebbian) Geometry() Patches {
	g, _ := window(h.X, h.Y, h.W, h.Patches)
	return g
}

// Keeps reports whether the new weights depend on the old ones.
func (h Hebbian) Keeps() bool { return h.Decay != 1 || h.Mask != None }

// Bounded reports whether Lo and Hi bound the weights.
func (h Hebbian) Bounded() bool { return h.Lo != 0 || h.Hi != 0 }

func (h Hebbian) check() error {
	if h.OfImages() {
		if _, err := window(h.X, h.Y, h.W, h.Patches); err != nil {
			return err
		}
		if h.G != nil && (h.G.n != h.Y.n || h.G.Cols() != h.Y.Cols()) {
			return fmt.Errorf("G is %v, want %v as Y", h.G, h.Y)
		}
		return h.checkRule()
	}
	batch, units, inputs, n := h.Dims()
	switch {
	case h.Y.Rows() != n || h.Y.Cols() != units || h.X.Cols() != inputs:
		return fmt.Errorf("W%v, Y%v and X%v do not fit: want units×inputs, n×units and n×inputs", h.W, h.Y, h.X)
	case !serves(h.Y, batch) || !serves(h.X, batch):
		return fmt.Errorf("W%v is a batch of %d, Y%v of %d and X%v of %d, want as many or 1",
			h.W, batch, h.Y, h.Y.Batch(), h.X, h.X.Batch())
	case h.G != nil && (!serves(h.G, batch) || h.G.Rows() != n || h.G.Cols() != units):
		return fmt.Errorf("G is %v, want n×units as Y%v, a batch of %d or 1", h.G, h.Y, batch)
	}
	return h.checkRule()
}

// serves reports whether t has one matrix for each member of a batch, or one for all.
func serves(t *Tensor, batch int) bool { return t.Batch() == batch || t.Batch() == 1 }

func (h Hebbian) checkRule() error {
	switch batch, _, _, _ := h.Dims(); {
	case int(h.Mask) >= len(maskNames):
		return fmt.Errorf("Mask is %v, want one of %v", h.Mask, maskNames)
	case (h.G != nil) != (h.Mask != None):
		return fmt.Errorf("Mask is %v and G is %v, want both or neither", h.Mask, h.G)
	case !finite(h.Rate) || !finite(h.Decay):
		return fmt.Errorf("Rate %g and Decay %g, want finite numbers", h.Rate, h.Decay)
	case h.Rates != nil && !h.Rates.is(batch, 1, 1):
		return fmt.Errorf("Rates is %v, want [%d 1 1], one number for each network of W%v", h.Rates, batch, h.W)
	case h.Lo != h.Lo || h.Hi != h.Hi || h.Bounded() && h.Lo >= h.Hi:
		return fmt.Errorf("bounds [%g, %g], want Lo < Hi, or both 0 for none", h.Lo, h.Hi)
	}
	return h.Leeway.check()
}

func (h Hebbian) define(before Contents) func(out, i int) Val {
	_, units, inputs, n := h.Dims()
	pairs := h.pairs(before)
	wall, yall := before[h.W], before[h.Y]
	rows := map[int][]sum{} // of Mask(YᵀG), computed when first needed
	coupling := func(z, u int) []sum {
		row, ok := rows[z*units+u]
		if !ok && h.Mask != None {
			y, g := member(yall, z, n*units), member(before[h.G], z, n*units)
			row = make([]sum, units)
			for v := range units {
				if h.Mask.Keeps(u, v) {
					row[v] = dot(n, func(b int) (float32, float32) { return y[b*units+u], g[b*units+v] })
				}
			}
			rows[z*units+u] = row
		}
		return row
	}
	return func(_, i int) Val {
		z, u, j := i/(units*inputs), i/inputs%units, i%inputs
		w, y := member(wall, z, units*inputs), member(yall, z, n*units)
		x := pairs(z, j)
		s := dot(n, func(b int) (float32, float32) { return y[b*units+u], x(b) }).within(h.Leeway)
		for v, t := range coupling(z, u) {
			if h.Mask.Keeps(u, v) {
				s = s.plus(t.times(-float64(w[v*inputs+j])))
			}
		}
		s, ok := h.rated(before, s, z)
		if !ok {
			return unbounded
		}
		if h.Keeps() {
			keep := sum{whole: true}
			keep.addTerm(1, float64(w[u*inputs+j]))
			keep.addTerm(-float64(h.Decay), float64(w[u*inputs+j]))
			s = s.plus(keep)
		}
		s.n += units + 3 // Rate/n, 1−Decay, and for Mask(YᵀG)·W as a product of either association
		v := s.val()
		if h.Bounded() && v.Bounded() {
			v = v.clip(float64(h.Lo), float64(h.Hi))
		}
		return v
	}
}

// rated returns s times the rate of network z; ok is false if that rate is beyond float32.
func (h Hebbian) rated(before Contents, s sum, z int) (r sum, ok bool) {
	_, _, _, n := h.Dims()
	rate := float64(h.Rate) / float64(n)
	if h.Rates == nil {
		return s.times(rate), true
	}
	own := rate * float64(before[h.Rates][z])
	r = s.times(own)
	r.under += tiny * math.Abs(rate) * s.abs // a subnormal factor may be taken for 0
	r.n++
	return r, math.Abs(own) <= math.MaxFloat32
}

// pairs returns a reader of the presynaptic activities: input j of network z, by pair.
func (h Hebbian) pairs(before Contents) func(z, j int) func(b int) float32 {
	_, _, inputs, n := h.Dims()
	all := before[h.X]
	if !h.OfImages() {
		return func(z, j int) func(b int) float32 {
			x := member(all, z, n*inputs)
			return func(b int) float32 { return x[b*inputs+j] }
		}
	}
	g := h.Geometry()
	return func(_, j int) func(b int) float32 {
		r, s, c := j/g.C/g.S, j/g.C%g.S, j%g.C
		return func(b int) float32 {
			if at := g.pixel(b/g.Q/g.P, b/g.Q%g.P, b%g.Q, r, s); at >= 0 {
				return all[at+c]
			}
			return 0
		}
	}
}

func (h Hebbian) cost() Cost {
	z, u, in, n := h.Dims()
	batch, units, inputs, pairs := int64(z), int64(u), int64(in), int64(n)
	flops := 2 * pairs * units * inputs
	if h.OfImages() {
		g := h.Geometry()
		flops = 2 * g.pairs() * int64(g.N) * int64(g.C) * units
	}
	// Mask(YᵀG)·W is computed as (YᵀG)·W or as Yᵀ·(G·W), whichever is less work.
	switch h.Mask {
	case Diagonal:
		flops += 2*pairs*units + 2*units*inputs
	case Lower:
		flops += min(units*(units+1)*(pairs+inputs), 2*pairs*units*inputs)
	case Full:
		flops += min(2*units*units*(pairs+inputs), 2*pairs*units*inputs)
	}
	traffic := bytes(h.W, h.Y, h.X, h.Rates)
	if h.Keeps() {
		traffic += bytes(h.W)
	}
	if h.G != h.Y {
		traffic += bytes(h.G)
	}
	return Cost{batch * flops, traffic}
}
