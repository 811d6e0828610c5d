package compute_test

import (
	"math"
	"testing"

	"hebb/compute"
)

// stored returns the kernel matrices of s, by the definition of Gram.
func (o operands) stored(s compute.Similarity) (k [][][]float64) {
	m := s.X.Rows()
	at := compute.Define(compute.Gram{K: tensor(o.t, o.d, s.Widths(), s.X.Batch(), m, m), X: s.X, Kernel: s.Kernel, Sigma: s.Sigma, PerDim: s.PerDim}, o.c)
	k = make([][][]float64, s.Widths()*s.X.Batch())
	for p := range k {
		k[p] = make([][]float64, m)
		for i := range m {
			for j := range m {
				k[p][i] = append(k[p][i], at(0, (p*m+i)*m+j).X)
			}
		}
	}
	return k
}

// objective is the J of g.
func (o operands) objective(g compute.KernelGrad) (sum float64) {
	_, batch, m, _ := g.Dims()
	kernel := o.stored(g.K)
	var other [][][]float64
	if g.L.X != nil {
		other = o.stored(g.L)
	}
	for p, k := range kernel {
		for i := range m {
			for j := range m {
				v := float64(g.Self) / 2 * k[i][j]
				if other != nil {
					v += float64(g.Cross) * other[(p/batch%g.L.Widths())*batch+p%batch][i][j]
				}
				if g.R != nil {
					v += float64(o.c[g.R][p*m+i]) + float64(o.c[g.R][p*m+j])
				}
				if g.G != nil {
					v += float64(o.c[g.G][(p*m+i)*m+j])
				}
				sum += v * k[i][j]
			}
		}
	}
	return sum
}

// descends requires that op is scale times the gradient of f by x.
func (o operands) descends(name string, f func() float64, scale float64, x *compute.Tensor, op compute.Op) {
	o.t.Helper()
	at := compute.Define(op, o.c)
	for j := range o.c[x] {
		diff := func(h float32) float64 {
			was := o.c[x][j]
			defer func() { o.c[x][j] = was }()
			o.c[x][j] = was + h
			up := f()
			o.c[x][j] = was - h
			return scale * (up - f()) / (2 * float64(h))
		}
		wide, near := diff(0x1p-9), diff(0x1p-10)
		want := near + (near-wide)/3
		v := at(0, j)
		if !(math.Abs(v.X-want) <= math.Abs(near-wide)+v.Err+1e-11*math.Abs(want)) || !(v.Err <= 1e-2) {
			o.t.Errorf("%s: element %d is %v, want %g ± %.2g", name, j, v, want, math.Abs(near-wide))
		}
	}
}

// symmetrical makes the matrices of t symmetric.
func (o operands) symmetrical(t *compute.Tensor) *compute.Tensor {
	m := t.Rows()
	for p := 0; p < t.Len(); p += m * m {
		for i := range m {
			for j := range i {
				o.c[t][p+i*m+j] = o.c[t][p+j*m+i]
			}
		}
	}
	return t
}

// TestKernelGradients: the op is the gradient of its objective, part by part and all together.
func TestKernelGradients(t *testing.T) {
	const batch, m, d = 2, 4, 2
	for _, kernel := range []compute.Kernel{compute.Gaussian, compute.Linear} {
		for parts := 1; parts < 16; parts++ {
			o := newOperands(t)
			k := compute.Similarity{X: o.real(batch, m, d), Kernel: kernel}
			l := compute.Similarity{X: o.real(batch, m, 3), Kernel: compute.Cosine}
			if kernel == compute.Gaussian {
				k.Sigma, k.PerDim = []float32{1, 1.5}, parts%2 == 0
				l.Kernel, l.Sigma = kernel, []float32{2, 1}[:1+parts%2]
			}
			g := compute.KernelGrad{DX: o.real(batch, m, d), K: k, Alpha: -0.5}
			if parts&1 != 0 {
				g.Self = 1.5
			}
			if parts&2 != 0 {
				g.L, g.Cross = l, -2
			}
			if parts&4 != 0 {
				g.R = o.real(k.Widths(), batch, m)
			}
			if parts&8 != 0 {
				g.G = o.symmetrical(o.real(k.Widths(), batch, m, m))
			}
			o.descends(kernel.String(), func() float64 { return o.objective(g) }, -0.5, k.X, g)
		}
	}
}

// TestObjectives: with the R that KernelGrad's comment gives, it is the gradient of HSIC and of pHSIC, which are
// written here with all their means.
func TestObjectives(t *testing.T) {
	o := newOperands(t)
	const m, gamma = 5, 2
	z := compute.Similarity{X: o.real(m, 2), Kernel: compute.Gaussian, Sigma: []float32{1.5}}
	y := compute.Similarity{X: o.real(m, 3), Kernel: compute.Cosine}
	rows := func(s compute.Similarity) (row [m]float64, all float64) {
		for i, k := range o.stored(s)[0] {
			for _, v := range k {
				row[i] += v / m
				all += v / (m * m)
			}
		}
		return row, all
	}
	hsic := func() (sum float64) {
		k, l := o.stored(z)[0], o.stored(y)[0]
		row, all := rows(z)
		for i := range m {
			for j := range m {
				sum += (k[i][j] - row[i] - row[j] + all) * l[i][j] / ((m - 1) * (m - 1))
			}
		}
		return sum
	}
	phsic := func() (sum float64) {
		k, l := o.stored(z)[0], o.stored(y)[0]
		_, ofK := rows(z)
		_, ofL := rows(y)
		for i := range m {
			for j := range m {
				sum += ((k[i][j]-ofK)*k[i][j] - gamma*(l[i][j]-ofL)*k[i][j]) / (m * m)
			}
		}
		return sum
	}
	row, all := rows(y)
	_, ofK := rows(z)
	once, twice := tensor(t, o.d, m), tensor(t, o.d, m)
	for i := range m {
		o.c[once] = append(o.c[once], float32((all/2-row[i])/((m-1)*(m-1))))
		o.c[twice] = append(o.c[twice], float32((gamma*all-2*ofK)/(2*m*m)))
	}
	dx := tensor(t, o.d, m, 2)
	o.descends("HSIC", hsic, 1, z.X, compute.KernelGrad{DX: dx, K: z, L: y, Alpha: 1, Cross: 1. / ((m - 1) * (m - 1)), R: once})
	o.descends("pHSIC", phsic, 1, z.X, compute.KernelGrad{DX: dx, K: z, L: y, Alpha: 1, Self: 2. / (m * m), Cross: -gamma / float32(m*m), R: twice})
}
