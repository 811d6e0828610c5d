package dependence_test

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
	"hebb/nets/dependence"
	"hebb/nets/internal/lab"
)

func scaled(s dependence.Samples, exp int) dependence.Samples {
	return mapped(s, func(_ int, v float64) float64 { return math.Ldexp(v, exp) })
}

// TestScales: a power of 2 changes not a bit of what is free of scale, and nothing else of the rest, down to the least
// float32 and far beyond the largest.
func TestScales(t *testing.T) {
	dev, rnd := lab.CPU(t), rand.New(rand.NewPCG(53, 59))
	few := func(n, d int) dependence.Samples { // of 8 bits, which the subnormals of float32 still hold
		return mapped(normal(rnd, n, d), func(_ int, v float64) float64 { return math.Round(max(-1, min(1, v/3)) * 127) })
	}
	x, y := few(30, 3), few(30, 2)
	for _, k := range []dependence.Kernel{{}, {Kind: compute.Cosine}, gaussian} {
		o := both(k)
		o.Permutations = 20
		want := hsic(t, dev, x, y, o)[0]
		for _, exp := range [][2]int{{120, 120}, {-149, -149}, {133, -140}, {300, 300}, {390, 390}, {-300, -300}, {-1050, 0}} {
			r, err := dependence.HSIC(t.Context(), dev, scaled(x, exp[0]), scaled(y, exp[1]), o)
			if err != nil {
				t.Errorf("%v, scales %v: %v", k.Kind, exp, err)
				continue
			}
			got := r.Widths[0]
			if got.Normalised != want.Normalised || got.P != want.P {
				t.Errorf("%v, scales %v: %g and P %g, want %g and %g", k.Kind, exp, got.Normalised, got.P, want.Normalised, want.P)
			}
			a, b := 2*exp[0], 2*exp[1]
			if k.Kind != compute.Linear {
				a, b = 0, 0
			}
			beyond := false
			for _, c := range [][3]float64{{got.HSIC, want.HSIC, float64(a + b)}, {got.HSICX, want.HSICX, float64(2 * a)}, {got.HSICY, want.HSICY, float64(2 * b)},
				{got.Null, want.Null, float64(a + b)}, {got.NullSD, want.NullSD, float64(a + b)}, {got.PHSIC, want.PHSIC, float64(a + b)}} {
				w := math.Ldexp(c[1], int(c[2]))
				beyond = beyond || math.IsInf(w, 0) || w == 0
				if c[0] != w {
					t.Errorf("%v, scales %v: %g, want %g·2^%g", k.Kind, exp, c[0], c[1], c[2])
				}
			}
			if said := strings.Contains(strings.Join(r.Warnings, ""), "beyond float64"); said != beyond {
				t.Errorf("%v, scales %v: %q", k.Kind, exp, r.Warnings)
			}
		}
	}
}

// prec is enough for rows whose directions differ in their last bits.
const prec = 400

// exactRows are the rows less an offset, or at length 1, without rounding worth the name.
func exactRows(s dependence.Samples, cosine bool) [][]*big.Float {
	rows := make([][]*big.Float, s.Rows)
	for i := range rows {
		norm := new(big.Float).SetPrec(prec)
		for _, v := range s.Values[i*s.Dims:][:s.Dims] {
			x := new(big.Float).SetPrec(prec).SetFloat64(v)
			rows[i] = append(rows[i], x)
			norm.Add(norm, new(big.Float).Mul(x, x))
		}
		for _, x := range rows[i] {
			if cosine && norm.Sign() > 0 {
				x.Quo(x, new(big.Float).Sqrt(norm))
			}
		}
	}
	for j := range s.Dims {
		mean := new(big.Float).SetPrec(prec)
		for _, r := range rows {
			mean.Add(mean, r[j])
		}
		mean.Quo(mean, big.NewFloat(float64(s.Rows)))
		for _, r := range rows {
			r[j].Sub(r[j], mean)
		}
	}
	return rows
}

// float is a matrix of centred rows as float64s, times 2^−exp.
func float(rows [][]*big.Float, exp int) dependence.Samples {
	s := dependence.Samples{Rows: len(rows), Dims: len(rows[0])}
	for _, r := range rows {
		for _, x := range r {
			v, _ := new(big.Float).SetMantExp(x, -exp).Float64()
			s.Values = append(s.Values, v)
		}
	}
	return s
}

// inner is tr(K·L) of the linear kernels of centred rows.
func inner(x, y dependence.Samples) (sum float64) {
	for i := range x.Rows {
		for j := range x.Rows {
			k, l := 0.0, 0.0
			for c := range x.Dims {
				k += x.Values[i*x.Dims+c] * x.Values[j*x.Dims+c]
			}
			for c := range y.Dims {
				l += y.Values[i*y.Dims+c] * y.Values[j*y.Dims+c]
			}
			sum += k * l
		}
	}
	return sum
}

// TestFarRows: what all rows have in common, up to the last bits of float32, does not harm the linear and the cosine
// kernel. The bound is that of the linear kernel of exactly centred rows (directions, for the cosine), which are of the
// size of what differs, and for each entry of them what float64 leaves: 2⁻⁵³·(d/2+4), at most, of a length of 1, and of
// values their own last bit.
func TestFarRows(t *testing.T) {
	dev, rnd := lab.CPU(t), rand.New(rand.NewPCG(61, 67))
	tried := 0
	for _, size := range [][2]int{{12, 3}, {40, 5}, {20, 64}} {
		x := normal(rnd, size[0], size[1])
		y := mapped(normal(rnd, size[0], 2), func(i int, v float64) float64 { return v + x.Values[i/2*size[1]] })
		for _, offset := range []float64{0, 1, 3000, 1e4, 1e5, 1e6, -1e6} {
			for _, k := range []dependence.Kernel{{}, {Kind: compute.Cosine}} {
				far := mapped(x, func(_ int, v float64) float64 { return float64(float32(v + offset)) })
				isCosine := k.Kind == compute.Cosine
				rx, ry := exactRows(far, isCosine), exactRows(y, false)
				exp := 0
				if isCosine && offset != 0 {
					exp = -int(math.Log2(math.Abs(offset)))
				}
				ex, ey := float(rx, exp), float(ry, 0)
				ab, aa, bb := inner(ex, ey), inner(ex, ex), inner(ey, ey)
				want := ab / math.Sqrt(aa*bb)

				m := float64(size[0])
				lost := 2 * math.Ldexp((float64(size[1])/2+4)*0x1p-53, -exp) // of an entry, beside the others
				if !isCosine {
					lost = 0
				}
				dx := doubtOf(ex, dependence.Kernel{}, aa/(m-1)/(m-1))
				dx.entry += 2 * lost * math.Sqrt(float64(size[1])*dx.norm)
				dy := doubtOf(ey, dependence.Kernel{}, bb/(m-1)/(m-1))
				eab, eaa, ebb := bounds(m, dx, dy)
				pairs := (m - 1) * (m - 1)
				bound := shareOf(aa/pairs, bb/pairs, want, eab, eaa, ebb)
				got := hsic(t, dev, far, y, dependence.Options{X: k})[0].Normalised
				if tried++; !(math.Abs(got-want) <= bound) || bound > 0.01 {
					t.Errorf("%v kernel, %v rows around %g: %.9g, want %.9g ± %.2g", k.Kind, size, offset, got, want, bound)
				}
			}
		}
	}
	t.Logf("%d pairs of samples", tried)
}

// TestMeansBetweenNumbers: a mean that float64 does not have still leaves centred columns.
func TestMeansBetweenNumbers(t *testing.T) {
	dev := lab.CPU(t)
	small := dependence.Samples{Rows: 6, Dims: 1, Values: []float64{0, 1, 0, 1, 1, 0}}
	big := mapped(small, func(_ int, v float64) float64 { return 0x1p53 + 2*v })
	y := dependence.Samples{Rows: 6, Dims: 1, Values: []float64{3, 1, 4, 1, 5, 9}}
	want := hsic(t, dev, small, y, dependence.Options{})[0].Normalised
	if got := hsic(t, dev, big, y, dependence.Options{})[0].Normalised; got != want {
		t.Errorf("around 2^53: %g, want %g", got, want)
	}
}

// TestDirections: rows of one direction have a constant cosine kernel, whatever their lengths, and zeros are orthogonal to
// all.
func TestDirections(t *testing.T) {
	dev, rnd := lab.CPU(t), rand.New(rand.NewPCG(71, 73))
	y := normal(rnd, 20, 2)
	along := normal(rnd, 1, 3).Values
	parallel := mapped(normal(rnd, 20, 3), func(i int, v float64) float64 { return float64(i/3+1) * 0.1 * along[i%3] })
	_, err := dependence.HSIC(t.Context(), dev, parallel, y, both(dependence.Kernel{Kind: compute.Cosine}))
	if !errors.Is(err, dependence.ErrConstant) {
		t.Errorf("parallel rows: %v", err)
	}
	nearly := mapped(parallel, func(i int, v float64) float64 { return v * (1 + 1e-13*float64(i*i%7)) })
	r, err := dependence.HSIC(t.Context(), dev, nearly, y, both(dependence.Kernel{Kind: compute.Cosine}))
	if err != nil || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "differ in direction by") {
		t.Errorf("nearly parallel rows: %q, %v", r.Warnings, err)
	}
	zero := mapped(normal(rnd, 20, 3), func(i int, v float64) float64 { return v * min(float64(i/3), 1) })
	wide := dependence.Samples{Rows: 20, Dims: 4} // the first row has a direction of its own instead
	for i := range 20 {
		wide.Values = append(append(wide.Values, zero.Values[3*i:][:3]...), 0)
	}
	wide.Values[3] = 5
	a := hsic(t, dev, zero, y, both(dependence.Kernel{Kind: compute.Cosine}))[0]
	b := hsic(t, dev, wide, y, both(dependence.Kernel{Kind: compute.Cosine}))[0]
	if !(math.Abs(a.Normalised-b.Normalised) <= 20*22*ulp) {
		t.Errorf("a row of zeros: %g, want %g", a.Normalised, b.Normalised)
	}
}

// TestNarrowAmongFar: a width far below the distance of rows from their mean is said, with the error's size, which is not
// exceeded: two heaps, each of which the kernel is to see from within.
func TestNarrowAmongFar(t *testing.T) {
	dev, rnd := lab.CPU(t), rand.New(rand.NewPCG(79, 83))
	for _, apart := range []float64{1, 100, 1000, 3000, 1e5} {
		x := mapped(normal(rnd, 30, 2), func(i int, v float64) float64 { return v + apart*float64(i/2%2) })
		r := must.Get(dependence.HSIC(t.Context(), dev, x, x, both(kernel("gaussian", 1))))(t)
		said := 0.0
		for _, w := range r.Warnings {
			if _, text, ok := strings.Cut(w, "float32 leaves its kernel an error of up to "); ok {
				if _, err := fmt.Sscan(text, &said); err != nil {
					t.Fatal(err)
				}
			}
		}
		if (said > 0) != (apart > 500) {
			t.Errorf("heaps %g apart: warnings %q", apart, r.Warnings)
		}
		want := gaussianHSIC(x, 1)
		d := doubt{entry: max(said, 0.05) + 8*ulp, norm: 29 * math.Sqrt(want)}
		if bound, _, _ := bounds(30, d, d); !(math.Abs(r.Widths[0].HSIC-want) <= bound) {
			t.Errorf("heaps %g apart: HSIC is %g, want %g ± %.2g", apart, r.Widths[0].HSIC, want, bound)
		}
	}
}

// gaussianHSIC is that of s with itself, all matrices written out in float64.
func gaussianHSIC(s dependence.Samples, σ float64) (sum float64) {
	m := s.Rows
	k, mean, all := make([]float64, m*m), make([]float64, m), 0.0
	for i := range m {
		for j := range m {
			dd := 0.0
			for c := range s.Dims {
				diff := s.Values[i*s.Dims+c] - s.Values[j*s.Dims+c]
				dd += diff * diff
			}
			k[i*m+j] = math.Exp(-dd / (2 * σ * σ))
			mean[i] += k[i*m+j] / float64(m)
		}
		all += mean[i] / float64(m)
	}
	for i := range k {
		centred := k[i] - mean[i/m] - mean[i%m] + all
		sum += centred * centred
	}
	return sum / float64((m-1)*(m-1))
}
