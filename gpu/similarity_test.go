package gpu

import (
	"errors"
	"testing"

	"hebb/compute"
)

// TestBands: bands cover every row of every member once, within the memory.
func TestBands(t *testing.T) {
	tensor := tensors(t)
	for _, c := range []struct{ batch, m, d, matrices, stored int }{
		{1, 1, 1, 1, 0}, {3, 129, 7, 5, 3000}, {70, 17, 3, 2, 3000}, {5, 1000, 2, 17, 1 << 16}, {1, 65536, 128, 6, 0}, {1, 65536, 1, 16, 0}, {900, 100, 4, 2, 0},
	} {
		x := tensor(c.batch, c.m, c.d)
		p := desk("", func(p *planner) { p.stored = c.stored })
		seen := make([]int, c.batch*c.m)
		for _, b := range p.bands(compute.Similarity{X: x}, c.matrices) {
			for z := range b.members {
				for i := range b.rows {
					seen[(b.z+z)*c.m+b.i+i]++
				}
			}
			most := max(c.stored, c.matrices*c.m)
			if c.stored == 0 {
				most = max(most, bandFloats, 4*x.Len())
			}
			if n := c.matrices * b.members * b.rows * c.m; n > most {
				t.Errorf("%+v: a band of %d numbers, want at most %d", c, n, most)
			}
		}
		for i, n := range seen {
			if n != 1 {
				t.Fatalf("%+v: row %d is in %d bands", c, i, n)
			}
		}
	}
}

// TestStreamingMemory: for 65 536 rows with three widths the backend's own memory is a few times X's, in a plan that is
// sound.
func TestStreamingMemory(t *testing.T) {
	const m, d = 65536, 128
	p := &paper{planner: desk("", nil)}
	x := tensorsOn(t, compute.New(p))
	k := compute.Similarity{X: x(m, d), Kernel: compute.Gaussian, Sigma: []float32{1, 2, 4}}
	l := compute.Similarity{X: x(m, d), Kernel: compute.Gaussian, Sigma: k.Sigma}
	for _, op := range []compute.Op{
		compute.KernelSums{Sum: x(3, m), Dot: x(3, m), K: k, L: l, A: x(3, m), B: x(3, m)},
		compute.KernelGrad{DX: x(m, d), K: k, Alpha: 1, Self: 1, R: x(3, m)},
	} {
		if err := p.Run(op); !errors.Is(err, errPlanned) {
			t.Fatal(err)
		}
	}
	for _, l := range p.plans {
		own := 0
		for _, n := range l.scratch {
			own += n
		}
		if own > 6*m*d {
			t.Errorf("%d numbers of scratch, want at most %d", own, 6*m*d)
		}
	}
	for _, err := range p.bad {
		t.Error(err)
	}
}

// TestPairTiles: a pair tile is square and of two stages, and its slices leave room for the sums of all threads.
func TestPairTiles(t *testing.T) {
	for _, x := range pairTiles {
		if err := x.check(); err != nil {
			t.Error(err)
		}
		slices := x.shared() / 16 / 2 // vec4s of rows, or of columns
		if sums := max(x.bn/x.tn, x.bm/x.tm) * x.bm / 4; x.bm != x.bn || x.stages != 2 || sums > slices || x.bm/4 > x.threads() {
			t.Errorf("tile %s: %d vec4s of sums, %d of slices, want a square of two stages with room for them", x.name(), sums, slices)
		}
		if x.shared() > 32<<10 {
			t.Errorf("tile %s: %d bytes of shared memory, want what OpenGL 4.3 promises", x.name(), x.shared())
		}
	}
}

// TestPairing: which ops keep their kernels in registers, and which go by bands.
func TestPairing(t *testing.T) {
	x, sigma := tensors(t), []float32{1, 2, 3, 4, 5, 6}
	for _, c := range []struct {
		name   string
		p      *planner
		widths int
		want   bool
	}{
		{"auto", desk("", nil), 3, true},
		{"as many factors as there are arguments", desk("", nil), 5, true},
		{"more factors", desk("", nil), 6, false},
		{"naive", desk("naive", nil), 3, false},
		{"no square tile", desk("64x32", nil), 3, false},
		{"by bands", desk("", func(p *planner) { p.byBands = true }), 3, false},
		{"small windows", desk("", func(p *planner) { p.maxBlock, p.align = 8<<10, 4 }), 3, false},
	} {
		k := compute.Similarity{X: x(200, 20), Kernel: compute.Gaussian, Sigma: sigma[:c.widths]}
		l := compute.Similarity{X: x(200, 20), Kernel: compute.Gaussian, Sigma: sigma[:c.widths]}
		got := false
		for _, d := range planOf(t, c.p, compute.KernelGrad{DX: x(200, 20), K: k, L: l, Alpha: 1, Cross: 1}).dispatches {
			got = got || d.file == "kernelgrad"
		}
		if got != c.want {
			t.Errorf("%s: kernels in registers: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestCorners: corners cover P on and right of its diagonal once, within the memory.
func TestCorners(t *testing.T) {
	tensor := tensors(t)
	for _, c := range []struct{ batch, m, d, stored int }{{1, 1, 1, 0}, {3, 129, 7, 3000}, {5, 33, 2, 3000}, {1, 65536, 128, 0}, {900, 100, 4, 0}} {
		x := tensor(c.batch, c.m, c.d)
		l := &plan{planner: desk("32x32", func(p *planner) { p.stored = c.stored })}
		p, ok := l.pairing(compute.Similarity{X: x}, compute.Similarity{}, false)
		bands, shown := l.corners(p)
		if !ok || !shown {
			t.Fatalf("%+v: no corners", c)
		}
		next := band{}
		for _, b := range bands {
			if b.z != next.z || b.i != next.i {
				t.Fatalf("%+v: a band at %d, %d, want %d, %d", c, b.z, b.i, next.z, next.i)
			}
			if n := b.members * p.corner(b).floats(); n > max(l.room(p.k), p.bm*fours(c.m)) {
				t.Errorf("%+v: a band of %d numbers", c, n)
			}
			if next = (band{z: b.z, i: b.i + b.rows}); next.i == c.m {
				next = band{z: b.z + b.members}
			}
		}
		if next.z != c.batch {
			t.Errorf("%+v: bands end at member %d", c, next.z)
		}
	}
}
