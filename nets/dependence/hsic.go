package dependence

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"hebb/compute"
)

// A Result is the result of [HSIC].
type Result struct {
	Rows     int      `json:"rows"`
	Widths   []Value  `json:"widths"`
	Warnings []string `json:"warnings,omitempty"`
}

// A Value is the dependence for one pair of kernels, with matrices K and L of the m rows of X and Y. Normalised is NaN if a
// kernel is so nearly constant that its HSIC with itself is 0.
type Value struct {
	SigmaX     float64 // 0 where the kernel has no width
	SigmaY     float64
	HSIC       float64 // tr(K·H·L·H)/(m−1)², the biased estimate of Gretton et al. 2005, H = I − 1·1ᵀ/m
	HSICX      float64 // of X with itself
	HSICY      float64
	Normalised float64 // HSIC/√(HSICX·HSICY), which is CKA with these kernels (Kornblith et al. 2019)
	PHSIC      float64 // mean(K∘L) − mean(K)·mean(L) (Pogodin and Latham 2020)

	// With Permutations alone: mean and standard deviation of HSIC where the rows of Y are permuted at random, and
	// P = (1 + how many of these are no less than HSIC)/(1 + how many there are). Normalised has the same P.
	Null, NullSD, P float64
}

// HSIC measures the dependence of x and y, for each width. For m rows it takes O(m²·(dx+dy)) operations on the device, as
// many again for each permutation, and O(m·(dx+dy)) memory: no kernel matrix is stored. Sums over pairs of rows are float32
// along a row and float64 over rows. It begins no other op when ctx has ended. With o.World all processes call it at once.
func HSIC(ctx context.Context, dev *compute.Device, x, y Samples, o Options) (Result, error) {
	h, err := o.settle(ctx, &x, &y, dev.Info())
	if err != nil {
		return Result{}, err
	}
	r := Result{Rows: x.Rows}
	err = dev.Step(func(st *compute.Step) error { return r.measure(ctx, dev, st, h, x, y, o) })
	return r, err
}

func (r *Result) measure(ctx context.Context, dev *compute.Device, st *compute.Step,
	h *share, x, y Samples, o Options) error {
	a, err := h.newSide(ctx, dev, st, x, o.X)
	if err != nil {
		return err
	}
	b, err := h.newSide(ctx, dev, st, y, o.Y)
	if err != nil {
		return err
	}
	var traces [3][]float64
	for i, pair := range [][2]*side{{a, b}, {a, a}, {b, b}} {
		if traces[i], err = trace(ctx, dev, pair[0], pair[1]); err != nil {
			return err
		}
	}
	for w := range max(a.widths(), b.widths()) {
		v, w := w%a.widths(), w%b.widths()
		r.Widths = append(r.Widths, valueOf(a, b, v, w, traces[0][max(v, w)], traces[1][v], traces[2][w]))
	}
	r.warn(a)
	r.warn(b)
	if o.Permutations > 0 {
		if err := r.permute(ctx, dev, st, a, b, o); err != nil {
			return err
		}
	}
	r.enlarge(a.scale(), b.scale())
	return h.err
}

// enlarge brings what is not free of scale to that of the samples, whose kernels are 2^x and 2^y times those on the device.
func (r *Result) enlarge(x, y int) {
	for w := range r.Widths {
		v := &r.Widths[w]
		small := *v
		for to, exp := range map[*float64]int{&v.HSIC: x + y, &v.HSICX: 2 * x, &v.HSICY: 2 * y, &v.PHSIC: x + y, &v.Null: x + y, &v.NullSD: x + y} {
			*to = math.Ldexp(*to, exp)
		}
		if math.IsInf(v.HSICX, 0) || math.IsInf(v.HSICY, 0) || small.HSIC != 0 && math.Abs(v.HSIC) < 0x1p-1022 || math.IsInf(v.HSIC, 0) {
			r.Warnings = append(r.Warnings, fmt.Sprintf("HSIC is %.3g·2^%d, beyond float64; what is normalised, and p, are free of scale", small.HSIC, x+y))
		}
	}
}

// valueOf returns the Value for widths v of a and w of b, of the kernels on the device, from tr(K·H·L·H), tr(K·H·K·H) and
// tr(L·H·L·H).
func valueOf(a, b *side, v, w int, ab, aa, bb float64) Value {
	m := float64(a.Rows)
	k, l := a.rows[v], b.rows[w]
	meanK, meanL := a.average(k), b.average(l)
	both := a.sums(1, func(to []float64, i int) { to[0] += (k[i] - meanK) * (l[i] - meanL) })[0]
	of := Value{
		HSIC: ab / (m - 1) / (m - 1), HSICX: aa / (m - 1) / (m - 1), HSICY: bb / (m - 1) / (m - 1),
		Normalised: ab / math.Sqrt(aa*bb),
		PHSIC:      ab/m/m + 2*both/m, // the means of the rows, which H takes out twice, count
	}
	if !(aa > 0 && bb > 0) {
		of.Normalised = math.NaN()
	}
	if a.Kind == compute.Gaussian {
		of.SigmaX = a.Sigma[v]
	}
	if b.Kind == compute.Gaussian {
		of.SigmaY = b.Sigma[w]
	}
	return of
}

// trace returns tr(K·H·L·H), of the kernels on the device, for each pair of widths.
func trace(ctx context.Context, dev *compute.Device, a, b *side) (sums []float64, err error) {
	if b.widths() > a.widths() {
		a, b = b, a
	}
	if err := a.agree(cause(ctx)); err != nil {
		return nil, err
	}
	covaried := a.sim.Kernel == compute.Linear && b.sim.Kernel == compute.Linear && a.Dims*b.Dims <= a.Rows*(a.Dims+b.Dims)
	switch {
	case a.world != nil && covaried:
		return tiledCovariances(ctx, dev, a, b)
	case a.world != nil:
		return tiledTrace(ctx, dev, a, b)
	}
	sums = make([]float64, a.widths())
	err = dev.Step(func(st *compute.Step) error {
		if covaried {
			sums[0] = covariances(st, a, b)
			return nil
		}
		dot := st.Tensor(a.widths(), a.Rows)
		st.Do(compute.KernelSums{Dot: dot, K: a.sim, A: a.a, L: b.sim, B: b.a})
		for i, v := range read(st, dot) {
			sums[i/a.Rows] += float64(v)
		}
		return nil
	})
	return sums, err
}

// cause is why ctx has ended, or nil; it is asked before each op, of which one may take long, and each pair of a median.
func cause(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return context.Cause(ctx)
}

// covariances returns the trace for two linear kernels as ‖XᵀY‖², which is less work for many short rows.
func covariances(st *compute.Step, a, b *side) (sum float64) {
	c := st.Tensor(a.Dims, b.Dims)
	st.Do(compute.Gemm{C: c, A: a.sim.X, B: b.sim.X, TransA: true, Epilogue: compute.Epilogue{Alpha: 1}})
	for _, v := range read(st, c) {
		sum += float64(v) * float64(v)
	}
	return sum
}

func read(st *compute.Step, t *compute.Tensor) []float32 {
	all := make([]float32, t.Len())
	st.Read(t, all)
	return all
}

// permute measures P.
func (r *Result) permute(ctx context.Context, dev *compute.Device, st *compute.Step, a, b *side, o Options) error {
	rnd := rand.New(rand.NewPCG(o.Seed, permutationStream))
	m := float64(a.Rows)
	null := make([]running, len(r.Widths))
	for n := range o.Permutations {
		if err := b.permute(st, rnd.Perm(a.Rows)); err != nil {
			return err
		}
		traces, err := trace(ctx, dev, a, b)
		if err = cmp.Or(st.Err(), err); err != nil {
			return err
		}
		for w, t := range traces {
			null[w].add(t/(m-1)/(m-1), r.Widths[w].leastTie())
		}
		if o.Progress != nil {
			o.Progress(n + 1)
		}
	}
	for w, s := range null {
		v := &r.Widths[w]
		v.Null, v.NullSD = s.mean, math.Sqrt(s.square/max(1, s.n-1))
		v.P = (1 + s.above) / (1 + s.n)
	}
	return nil
}

// leastTie is the smallest HSIC of a permutation that counts as a tie. Two orders of the same pairs are rounded differently,
// in proportion to the largest HSIC that such kernels could have, and have to be a tie.
func (v Value) leastTie() float64 { return v.HSIC - 0x1p-18*math.Sqrt(v.HSICX*v.HSICY) }

// A running has a running mean and variance (Welford 1962), and the number of values above a limit.
type running struct{ n, mean, square, above float64 }

func (s *running) add(x, limit float64) {
	s.n++
	d := x - s.mean
	s.mean += d / s.n
	s.square += d * (x - s.mean)
	if x >= limit {
		s.above++
	}
}

// LinearCKA returns the centred kernel alignment with linear kernels, ‖XᵀY‖²/(‖XᵀX‖·‖YᵀY‖) for X and Y with centred columns
// (Kornblith, Norouzi, Lee and Hinton 2019).
func LinearCKA(ctx context.Context, dev *compute.Device, x, y Samples) (float64, error) {
	r, err := HSIC(ctx, dev, x, y, Options{})
	if err != nil {
		return 0, err
	}
	return r.Widths[0].Normalised, nil
}

// Bounds for warnings: of the mean entry of a kernel matrix off its diagonal, and of the errors of entries.
const (
	nearlyNothing  = 0.01  // beside the 1 on the diagonal
	nearlyConstant = 0.001 // from 1 for each
	nearlyRounding = 0.05  // of an entry of at most 1
)

// warn reports widths that are far from the distances between rows, and kernels of which rounding may have left little.
func (r *Result) warn(s *side) {
	note := func(format string, args ...any) { r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...)) }
	for w, σ := range s.Sigma {
		switch mean := s.between(w); {
		case mean*float64(s.Rows-1) < nearlyNothing:
			note("sigma %g is small for %s: different rows have a mean similarity of %.2g, and its kernel is nearly the identity", σ, s.Name, mean)
		case 1-mean < nearlyConstant:
			note("sigma %g is large for %s: different rows have a mean similarity of 1 − %.2g, and its kernel is nearly constant", σ, s.Name, 1-mean)
		case s.gaussianError(w) > nearlyRounding:
			note("sigma %g is small for %s, whose rows reach %.3g from their mean: float32 leaves its kernel an error of up to %.2g",
				σ, s.Name, math.Ldexp(math.Sqrt(s.farthest()), s.exp), min(1, s.gaussianError(w)))
		}
	}
	if s.Kind == compute.Cosine && s.sim.Kernel == compute.Linear {
		if e := 4 * s.directionError() / s.reach(); e > nearlyConstant {
			note("the rows of %s differ in direction by %.2g, of which float64 leaves an error of up to %.2g of a part", s.Name, s.reach(), e)
		}
	}
}

// farthest is the largest square of a row's distance from the mean, as the device has it.
func (p *side) farthest() (far float64) {
	for i := range p.here() {
		sum := 0.0
		for j, v := range p.row(i) {
			d := math.Ldexp(v-p.mean[j], -p.exp)
			sum += d * d
		}
		far = max(far, sum)
	}
	return p.most(far)
}

// gaussianError bounds the error of the argument of exp, and so of an entry, for width w: a distance that is made of norms
// and a product is within γ_{d+5} of 4·‖x‖², in units of 2⁻²³ (docs/error-bounds.md, Gram).
func (p *side) gaussianError(w int) float64 {
	return p.sim.Factor(w) * float64(p.Dims+5) * 0x1p-23 * 4 * p.farthest()
}
