package nets_test

import (
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
)

// TestPass: what a pass computes for two learners, from numbers of each or from those of one for all.
func TestPass(t *testing.T) {
	l := lab.Single(t)
	s := opened(t, l, 2, func(*nets.Store) {})
	var p *nets.Pass
	of := func(x []float32, shape ...int) *compute.Tensor {
		y := p.Tensor(shape...)
		p.Write(y, x)
		return y
	}
	w := []float32{1, 2, 0, -1, 1, 3, 2, 0, 1, 1, -1, 0} // 2 × 2 × 3
	x, all := []float32{1, 0, 2, -1, 1, 1}, []float32{1, 0, 2, -1, 1, 1, 3, 1, 0, 0, 0, 1}
	d := []float32{1, 2, 0, 1, -1, 0, 2, 2} // 2 × 2 × 2
	labels := []float32{2, 0}
	sum := compute.Pointwise(compute.Mul(compute.Var(0), compute.Var(1)))
	for what, c := range map[string]struct {
		f    func() *compute.Tensor
		want []float64
	}{
		"Product, one for all": {func() *compute.Tensor { return p.Product(of(w, 2, 2, 3), of(x, 1, 2, 3), compute.ReLU) }, []float64{1, 5, 1, 5, 4, 1, 0, 0}},
		"Product":              {func() *compute.Tensor { return p.Product(of(w, 2, 2, 3), of(all, 2, 2, 3), compute.Identity) }, []float64{1, 5, 1, 5, 6, 2, 1, 0}},
		"AddProduct": {func() *compute.Tensor {
			y := of(d, 2, 2, 2)
			p.AddProduct(y, of(w, 2, 2, 3), of(x, 1, 2, 3), compute.Identity)
			return y
		}, []float64{2, 7, 1, 6, 3, 1, 1, 0}},
		"Back": {func() *compute.Tensor { return p.Back(of(w, 2, 2, 3), of(d, 2, 2, 2)) }, []float64{-1, 4, 6, -1, 1, 3, -2, 0, -1, 6, -2, 2}},
		"Outer": {func() *compute.Tensor {
			v := of(w, 2, 2, 3)
			p.Outer(v, of(d, 2, 2, 2), of(x, 1, 2, 3), 0.5, 2)
			return v
		}, []float64{0.5 + 1, 1, 2, -0.5 + 2 - 1, 0.5 + 1, 6.5, -2, 2, 0.5 - 2 + 2, 0.5 - 2, -0.5 + 2, 2}},
		"Fold":                    {func() *compute.Tensor { return p.Fold(compute.FoldMax, of(all, 2, 2, 3)) }, []float64{2, 1, 3, 1}},
		"PerExample":              {func() *compute.Tensor { return p.PerExample(sum, of(d, 2, 2, 2), of(d, 2, 2, 2)) }, []float64{5, 1, 1, 8}},
		"PerLearner":              {func() *compute.Tensor { return p.PerLearner(nil, 0.5, of(d, 2, 2, 2)) }, []float64{2, 1.5}},
		"PerLearner, one for all": {func() *compute.Tensor { return p.PerLearner(sum, 1, of(d, 2, 2, 2), of(d[:4], 1, 2, 2)) }, []float64{6, 1}},
		"All":                     {func() *compute.Tensor { return p.All(of(labels, 1, 2, 1)) }, []float64{2, 0, 2, 0}},
		"OneHot":                  {func() *compute.Tensor { return p.OneHot(nets.Moment{Want: of(labels, 1, 2, 1)}, 3) }, []float64{0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0}},
		"Hits": {func() *compute.Tensor {
			return p.Hits(nets.Moment{Want: of(append(labels, 0, 2), 2, 2, 1)}, of(all, 2, 2, 3))
		}, []float64{1, 0, 1, 1}},
		"CentreRows": {func() *compute.Tensor { return p.CentreRows(of(x, 2, 3)) }, []float64{0, -1, 1, -4. / 3, 2. / 3, 2. / 3}},
		"Once": {func() *compute.Tensor {
			one := func() *compute.Tensor { return of([]float32{7}, 1) }
			if p.Once("key", one) != p.Once("key", func() *compute.Tensor { t.Error("twice"); return nil }) {
				t.Error("another tensor")
			}
			return p.Once("key", one)
		}, []float64{7}},
	} {
		l.Do(t, func(st *compute.Step) error {
			p = s.Pass(st)
			out := c.f()
			got := make([]float32, out.Len())
			p.Read(out, got)
			for i, x := range wide(got) { // thirds are rounded
				if d := x - c.want[i]; !(d*d < 1e-13) || len(got) != len(c.want) {
					t.Errorf("%s: %v, want %v", what, got, c.want)
					break
				}
			}
			return p.Failed()
		})
	}
}

// TestWrongCount: a metric that cannot be a mean over examples ends the moment with an error that names it.
func TestWrongCount(t *testing.T) {
	l := lab.Single(t)
	s := opened(t, l, 2, func(*nets.Store) {})
	for want, count := range map[string]func(p *nets.Pass){
		"the metric hits is counted of 0 examples":    func(p *nets.Pass) { p.Count("hits", p.Tensor(2, 1), 0) },
		"the metric hits is counted of -3 examples":   func(p *nets.Pass) { p.Count("hits", p.Tensor(2, 1), -3) },
		"want 2 learners × anything":                  func(p *nets.Pass) { p.Count("hits", p.Tensor(3, 1), 4) },
		"the metric hits is counted from <nil>, want": func(p *nets.Pass) { p.Count("hits", nil, 4) },
	} {
		l.Do(t, func(st *compute.Step) error {
			p := s.Pass(st)
			if count(p); p.Failed() == nil || !strings.Contains(p.Failed().Error(), want) {
				t.Errorf("%v, want %q", p.Failed(), want)
			}
			return nil
		})
	}
}
