package cpu

import (
	"fmt"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
)

// idle runs no op: what a call still takes are the checks of [compute.Step.Do].
type idle struct{ compute.Backend }

func (idle) Run(compute.Op) error { return nil }

// BenchmarkCall is a small op from call to return, layer by layer: checks alone, checks and the backend, and the arithmetic alone.
func BenchmarkCall(b *testing.B) {
	axpy := compute.Formula("slope*x + y", "x", "y").With("slope", 0.5)
	relu := compute.Formula("relu(x)", "x")
	for _, n := range []int{1, 100, 10000} {
		x, y, z := lined(n), lined(n), lined(n)
		fill(x, 1)
		fill(y, 2)
		for _, c := range []struct {
			name string
			op   func(out, a, b, one *compute.Tensor) compute.Op
			work func()
		}{
			{"copy", func(out, a, _, _ *compute.Tensor) compute.Op { return compute.Copy{Dst: out, Src: a} }, func() { copy(z, x) }},
			{"axpy", func(out, a, b, _ *compute.Tensor) compute.Op {
				return compute.Map{Out: out, In: []*compute.Tensor{a, b}, F: axpy}
			}, func() { affine(z, x, y, 0.5, 1) }},
			{"relu", func(out, a, _, _ *compute.Tensor) compute.Op {
				return compute.Map{Out: out, In: []*compute.Tensor{a}, F: relu}
			}, func() { larger(z, x, y) }},
			{"sum", func(_, a, _, one *compute.Tensor) compute.Op {
				return compute.Reduce{Out: one, In: []*compute.Tensor{a}, Along: compute.AlongAll, Alpha: 1}
			}, func() { z[0] = sum(x) }},
			{"normal", func(out, _, _, _ *compute.Tensor) compute.Op {
				return compute.Random{Out: out, Law: compute.Normal(0, 1), Seed: 1}
			}, func() { normals(z, 0, 0, 1, compute.Normal(0, 1)) }},
		} {
			for _, layer := range []string{"checks", "all"} {
				b.Run(fmt.Sprintf("%s/%d/%s", c.name, n, layer), func(b *testing.B) {
					be := must.Get(Open())(b)
					if layer == "checks" {
						be = idle{be}
					}
					d := compute.New(be)
					defer d.Close()
					must.Do(b, d.Step(func(s *compute.Step) error {
						out, t, u, one := s.Tensor(n), s.Tensor(n), s.Tensor(n), s.Tensor(1)
						s.Write(t, x)
						s.Write(u, y)
						b.ReportAllocs()
						for b.Loop() {
							s.Do(c.op(out, t, u, one))
						}
						return nil
					}))
				})
			}
			b.Run(fmt.Sprintf("%s/%d/arithmetic", c.name, n), func(b *testing.B) {
				for b.Loop() {
					c.work()
				}
			})
		}
	}
}
