package bench

import (
	"fmt"

	"hebb/compute"
)

// A gram is a Gram matrix of n rows of length d with m others or, if m is 0, with themselves.
type gram struct {
	batch, n, m, d int
	kernel         compute.Kernel
	sigma          []float32 // in units of √d
	center         compute.Center
}

// The widths of Gaussian kernels.
var (
	oneWidth    = []float32{1}
	threeWidths = []float32{0.5, 1, 2}
)

func (g gram) build(s *compute.Step) compute.Op {
	op := compute.Gram{
		X: s.Tensor(g.batch, g.n, g.d), Kernel: g.kernel, Sigma: g.sigma, PerDim: g.kernel == compute.Gaussian, Center: g.center,
	}
	m := g.n
	if g.m != 0 {
		m, op.Y = g.m, s.Tensor(g.batch, g.m, g.d)
	}
	op.K = s.Tensor(max(1, len(g.sigma)), g.batch, g.n, m)
	return op
}

// name is the variant and the size: "gaussian 3 widths 16 × 64,128×64".
func (g gram) name() string {
	size := fmt.Sprintf("%d×%d", g.n, g.d)
	if g.m != 0 {
		size = fmt.Sprintf("%d,%d×%d", g.n, g.m, g.d)
	}
	return variant(g.kernel, g.sigma, g.center) + " " + times(g.batch, size)
}

// variant tells Gram matrices of one size apart: "gaussian 3 widths double-centred".
func variant(k compute.Kernel, sigma []float32, c compute.Center) string {
	name := k.String() + widths(len(sigma))
	if c != compute.Raw {
		name += " " + c.String() + "-centred"
	}
	return name
}

// widths says how many widths a kernel has, if several.
func widths(n int) string {
	if n < 2 {
		return ""
	}
	return fmt.Sprintf(" %d widths", n)
}

func grams() []Case {
	var cases []Case
	add := func(quick bool, g gram) { cases = append(cases, Case{Name: g.name(), Quick: quick, Build: g.build}) }
	linear, gaussian := gram{kernel: compute.Linear}, gram{kernel: compute.Gaussian, sigma: oneWidth}
	sized := func(g gram, batch, n, m, d int) gram {
		g.batch, g.n, g.m, g.d = batch, n, m, d
		return g
	}
	for _, s := range []struct {
		n, d  int
		quick bool
	}{{128, 64, true}, {512, 128, true}, {1024, 512, false}, {4096, 512, false}, {16384, 512, false}} {
		add(s.quick, sized(linear, 1, s.n, 0, s.d))
		add(false, sized(gram{kernel: compute.Cosine}, 1, s.n, 0, s.d))
		add(s.quick, sized(gaussian, 1, s.n, 0, s.d))
		add(s.quick, sized(gram{kernel: compute.Gaussian, sigma: threeWidths}, 1, s.n, 0, s.d))
	}
	for _, g := range []gram{linear, gaussian} {
		add(true, sized(g, 1, 256, 512, 128))
		add(false, sized(g, 1, 1024, 4096, 512))
	}
	// The definition of a centred matrix evaluates all of it, so these stay moderate.
	double, grand := gaussian, gaussian
	double.center, grand.center = compute.Double, compute.Grand
	for _, g := range []gram{double, grand} {
		add(g.center == compute.Double, sized(g, 1, 256, 0, 64))
		add(false, sized(g, 1, 1024, 0, 128))
	}
	add(true, sized(gaussian, 16, 64, 0, 64))
	add(false, sized(linear, 256, 128, 0, 64))
	add(false, sized(gaussian, 256, 128, 0, 64))
	add(false, sized(double, 64, 128, 0, 64))
	return cases
}
