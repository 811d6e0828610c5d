package dependence_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"hebb/compute"
	"hebb/cpu"
	"hebb/internal/must"
	"hebb/nets/dependence"
	"hebb/nets/internal/lab"
	"hebb/nets/spread"
)

// cut returns the rows of s that a rank has.
func cut(s dependence.Samples, w spread.World) dependence.Samples {
	lo, hi := dependence.Range(s.Rows, w)
	s.Values = s.Values[lo*s.Dims : hi*s.Dims]
	return s
}

// each calls f on all of so many ranks at once, and returns what it returned. A rank with an error is closed.
func each(ranks int, f func(w spread.World) error) []error {
	errs := make([]error, ranks)
	var all sync.WaitGroup
	for r, w := range spread.Fakes(ranks) {
		all.Go(func() {
			if errs[r] = f(w); errs[r] != nil {
				w.Close()
			}
		})
	}
	all.Wait()
	return errs
}

// over measures on so many ranks, which must agree to the bit.
func over(t *testing.T, ranks int, x, y dependence.Samples, o dependence.Options) dependence.Result {
	t.Helper()
	results := make([]dependence.Result, ranks)
	for r, err := range each(ranks, func(w spread.World) (err error) {
		b, err := cpu.Open()
		if err != nil {
			return err
		}
		dev := compute.New(b)
		defer dev.Close()
		o := o
		o.World = w
		results[w.Rank()], err = dependence.HSIC(t.Context(), dev, cut(x, w), cut(y, w), o)
		return err
	}) {
		if err != nil {
			t.Fatalf("rank %d of %d: %v", r, ranks, err)
		}
		if !equal(results[r], results[0]) {
			t.Errorf("rank %d of %d has %+v, and rank 0 %+v", r, ranks, results[r], results[0])
		}
	}
	return results[0]
}

// equal compares to the bit; a NaN is a NaN.
func equal(a, b dependence.Result) bool { return fmt.Sprintf("%x", a) == fmt.Sprintf("%x", b) }

// A pair is two samples, and how they are compared.
type pair struct {
	name string
	x, y dependence.Samples
	dependence.Options
}

// manyPairs are pairs of samples of all kernels, with one width and several, in whole blocks and in parts of some.
func manyPairs() (all []pair) {
	rnd := rand.New(rand.NewPCG(91, 97))
	few := func(σ ...float64) dependence.Kernel { return dependence.Kernel{Kind: compute.Gaussian, Sigma: σ} }
	cosine := dependence.Kernel{Kind: compute.Cosine}
	for _, size := range [][3]int{{5, 2, 3}, {70, 5, 2}, {96, 3, 40}, {203, 4, 3}} {
		x := normal(rnd, size[0], size[1])
		y := mapped(normal(rnd, size[0], size[2]), func(i int, v float64) float64 {
			return v + math.Sin(2*x.Values[i/size[2]*size[1]])
		})
		zeros := mapped(y, func(i int, v float64) float64 { return v * min(1, float64(i/size[2])) })
		far := mapped(x, func(_ int, v float64) float64 { return v + 1e6 })
		for name, o := range map[string]dependence.Options{
			"linear": {}, "cosine": both(cosine), "gaussian": both(gaussian), "widths": both(few(0.5, 1, 3)),
			"widths of x": {X: few(1, 2), Y: few(3)}, "widths of y": {X: few(2), Y: few(1, 2, 4)},
			"linear and gaussian": {Y: gaussian}, "cosine and linear": {X: cosine},
		} {
			o.Permutations, o.Seed = 2, 5
			all = append(all, pair{fmt.Sprintf("%s of %v", name, size), x, y, o})
		}
		all = append(all, pair{fmt.Sprintf("cosine of %v with a row of zeros", size), x, zeros, both(cosine)},
			pair{fmt.Sprintf("gaussian of %v far away", size), far, y, both(few(1))})
	}
	wide := normal(rnd, 20, 64)                                 // of which the products are not worth it
	long, broad := normal(rnd, 264, 520), normal(rnd, 264, 520) // whose products come in parts
	return append(all, pair{"linear of many columns", wide, wide, dependence.Options{}},
		pair{"linear in parts", long, broad, dependence.Options{}})
}

// TestRanks: one process or several give the same bits, some of which may have no rows.
func TestRanks(t *testing.T) {
	for _, p := range manyPairs() {
		want := over(t, 1, p.x, p.y, p.Options)
		for _, ranks := range []int{2, 3, 5} {
			if got := over(t, ranks, p.x, p.y, p.Options); !equal(got, want) {
				t.Errorf("%s: %d ranks have %+v, and one %+v", p.name, ranks, got, want)
			}
		}
	}
}

// TestRanksAlone: they have what one finds without a world, within twice the bounds of either. Widths and warnings are the
// same, and so is P, since orders of the rows are.
func TestRanksAlone(t *testing.T) {
	dev := lab.CPU(t)
	for _, p := range manyPairs() {
		want := must.Get(dependence.HSIC(t.Context(), dev, p.x, p.y, p.Options))(t)
		got := over(t, 3, p.x, p.y, p.Options)
		if got.Rows != want.Rows || len(got.Widths) != len(want.Widths) || len(got.Warnings) != len(want.Warnings) {
			t.Errorf("%s: %+v, want %+v", p.name, got, want)
			continue
		}
		m := float64(p.x.Rows)
		for w, v := range got.Widths {
			u := want.Widths[w]
			kx := dependence.Kernel{Kind: p.X.Kind, Sigma: []float64{u.SigmaX}}
			ky := dependence.Kernel{Kind: p.Y.Kind, Sigma: []float64{u.SigmaY}}
			dx, dy := doubtOf(p.x, kx, u.HSICX), doubtOf(p.y, ky, u.HSICY)
			ab, aa, bb := bounds(m, dx, dy)
			share := shareOf(u.HSICX, u.HSICY, u.Normalised, ab, aa, bb)
			for _, c := range []struct {
				what             string
				got, want, bound float64
			}{
				{"HSIC", v.HSIC, u.HSIC, ab}, {"of X", v.HSICX, u.HSICX, aa}, {"of Y", v.HSICY, u.HSICY, bb},
				{"normalised", v.Normalised, u.Normalised, share}, {"mean when permuted", v.Null, u.Null, ab},
				{"pHSIC", v.PHSIC, u.PHSIC, ab + 2*(dx.rows*dy.sd+dy.rows*dx.sd)},
			} {
				if !(math.Abs(c.got-c.want) <= 2*c.bound) {
					t.Errorf("%s: %s is %.9g, want %.9g ± %.2g", p.name, c.what, c.got, c.want, 2*c.bound)
				}
			}
			if v.SigmaX != u.SigmaX || v.SigmaY != u.SigmaY || v.P != u.P {
				t.Errorf("%s: %+v, want %+v", p.name, v, u)
			}
		}
	}
}

// TestRanksVectors compares three ranks with numpy in float64, each op being held against its definition.
func TestRanksVectors(t *testing.T) {
	for _, v := range vectors(t) {
		x, y := saved(t, v.Name+"_x"), saved(t, v.Name+"_y")
		o := dependence.Options{X: kernel(v.X, v.SigmaX), Y: kernel(v.Y, v.SigmaY)}
		results := make([]dependence.Result, 3)
		for r, err := range each(3, func(w spread.World) (err error) {
			b, err := cpu.Open()
			if err != nil {
				return err
			}
			dev := compute.New(compute.Verify(b, 0))
			defer dev.Close()
			o := o
			o.World = w
			results[w.Rank()], err = dependence.HSIC(t.Context(), dev, cut(x, w), cut(y, w), o)
			return err
		}) {
			if err != nil {
				t.Fatalf("%v: rank %d: %v", v, r, err)
			}
		}
		v.compare(t, x, y, results[2].Widths[0])
	}
}

// TestRanksRefuse: all ranks get the same error, which says what was found, and where among all rows.
func TestRanksRefuse(t *testing.T) {
	const m = 70 // of which 1 of 3 has 16 rows, 2 of 3 have 16, 32 and 22
	good := normal(rand.New(rand.NewPCG(1, 2)), m, 3)
	good.Name, good.Checksum = "a.npy", "abc"
	with := func(i int, v float64) dependence.Samples {
		s := mapped(good, func(_ int, v float64) float64 { return v })
		s.Values[i] = v
		return s
	}
	one := mapped(good, func(int, float64) float64 { return 2 })
	last := mapped(one, func(i int, v float64) float64 { return v + float64(i/(3*m-1)) })
	along := mapped(one, func(i int, v float64) float64 { return v * float64(1+i/3) })
	few := normal(rand.New(rand.NewPCG(1, 2)), 3, 3)
	cosine := both(dependence.Kernel{Kind: compute.Cosine})
	for _, c := range []struct {
		x, y dependence.Samples
		o    dependence.Options
		odd  func(x *dependence.Samples, o *dependence.Options) // what rank 1 does otherwise
		want string
	}{
		{good, last, dependence.Options{}, nil, ""},
		{with(3*40+2, math.NaN()), good, dependence.Options{}, nil, "a.npy has NaN in row 40, column 2 (counted from 0)"},
		{good, with(3*69+1, math.Inf(1)), dependence.Options{}, nil, "a.npy has +Inf in row 69, column 1"},
		{with(0, 1e300), with(5, math.NaN()), dependence.Options{}, nil, "a.npy has 1e+300 in row 0, column 0"},
		{good, one, dependence.Options{}, nil, "a.npy: all rows are equal"},
		{good, one, cosine, nil, "a.npy: all rows are equal"},
		{good, along, cosine, nil, "a.npy: as directions, all rows are equal"},
		{few, few, dependence.Options{}, nil, "X has 3 rows, want at least 4"},
		{good, few, dependence.Options{}, nil, "a.npy has 70 rows and Y has 3, want as many"},
		{good, good, both(kernel("gaussian", 1e-30)), nil, "width 1e-30 for a.npy, whose values reach"},
		{good, good, dependence.Options{}, func(x *dependence.Samples, _ *dependence.Options) { x.Checksum = "abd" },
			"rank 1 on fake1 has another checksum of a.npy than rank 0 on fake0: abd, and there abc; want the same on all"},
		{good, good, dependence.Options{}, func(x *dependence.Samples, _ *dependence.Options) { x.Rows = 71 },
			"rank 1 on fake1 has another shape of a.npy than rank 0 on fake0: 71×3, and there 70×3"},
		{good, good, dependence.Options{}, func(_ *dependence.Samples, o *dependence.Options) { o.Seed = 9 },
			"rank 1 on fake1 has another seed than rank 0 on fake0: 9, and there 0; want the same on all"},
		{good, good, dependence.Options{}, func(_ *dependence.Samples, o *dependence.Options) { o.Y = kernel("gaussian", 1, 0.5) },
			"rank 1 on fake1 has another kernel of Y than rank 0 on fake0: gaussian of width 1, 0.5, and there linear; want"},
		{good, good, dependence.Options{}, func(x *dependence.Samples, _ *dependence.Options) { x.Values = x.Values[1:] },
			"a.npy has 95 values for 32×3"},
	} {
		for r, err := range each(3, func(w spread.World) error {
			dev := lab.CPU(t)
			x, y, o := cut(c.x, w), cut(c.y, w), c.o
			if o.World = w; w.Rank() == 1 && c.odd != nil {
				c.odd(&x, &o)
			}
			_, err := dependence.HSIC(t.Context(), dev, x, y, o)
			return err
		}) {
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("rank %d: %v, want %q", r, err, c.want)
			}
			if input := (dependence.InputError{}); c.odd != nil && c.want[:4] == "rank" && !errors.As(err, &input) {
				t.Errorf("rank %d: %v is no error of the input", r, err)
			}
			if constant := strings.Contains(c.want, "all rows are equal"); errors.Is(err, dependence.ErrConstant) != constant {
				t.Errorf("rank %d: %v is of samples that do not differ: %v", r, err, !constant)
			}
		}
	}
	_, err := dependence.NormalisedHSIC(t.Context(), lab.CPU(t), good, good, dependence.Options{World: spread.Fakes(1)[0]}, 0.1)
	if err == nil || !strings.Contains(err.Error(), "stores matrices of rows × rows") {
		t.Errorf("nHSIC in a world: %v", err)
	}
}

// A broken Backend fails in one of its ops.
type broken struct {
	compute.Backend
	ops, at int
}

var errBroken = errors.New("out of order")

func (b *broken) Run(op compute.Op) error {
	if b.ops++; b.ops == b.at {
		return errBroken
	}
	return b.Backend.Run(op)
}

// TestRanksFail: when one rank's device fails, or its context ends, in whichever op, all end: it with its own error, the
// others with its name, or cancelled too. When it is gone, they say so.
func TestRanksFail(t *testing.T) {
	x := normal(rand.New(rand.NewPCG(43, 47)), 70, 3)
	o := both(gaussian)
	o.Permutations = 1
	run := func(what func(w spread.World, b compute.Backend) (context.Context, compute.Backend)) []error {
		return each(3, func(w spread.World) error {
			ctx, b := what(w, must.Get(cpu.Open())(t))
			if b == nil {
				return errBroken
			}
			dev := compute.New(b)
			defer dev.Close()
			o := o
			o.World = w
			_, err := dependence.HSIC(ctx, dev, cut(x, w), cut(x, w), o)
			return err
		})
	}
	of := func(r int, err, want error) bool { // is err of rank 1?
		text := fmt.Sprint(err)
		return (r == 1 || want == context.Canceled) && errors.Is(err, want) ||
			r != 1 && strings.HasPrefix(text, "rank 1 on fake1: ") && strings.HasSuffix(text, want.Error())
	}
	ops := 0
	for _, err := range run(func(w spread.World, b compute.Backend) (context.Context, compute.Backend) {
		if w.Rank() == 1 {
			b = &counting{Backend: b, ops: &ops}
		}
		return t.Context(), b
	}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for at := 1; at <= ops; at++ {
		for r, err := range run(func(w spread.World, b compute.Backend) (context.Context, compute.Backend) {
			if w.Rank() == 1 {
				b = &broken{Backend: b, at: at}
			}
			return t.Context(), b
		}) {
			if !of(r, err, errBroken) {
				t.Errorf("op %d of %d, rank %d: %v", at, ops, r, err)
			}
		}
		for r, err := range run(func(w spread.World, b compute.Backend) (context.Context, compute.Backend) {
			ctx, cancel := context.WithCancel(t.Context())
			t.Cleanup(cancel)
			if w.Rank() == 1 {
				b = &stopping{Backend: b, at: at, stop: cancel}
			}
			return ctx, b
		}) {
			if at < ops && !of(r, err, context.Canceled) {
				t.Errorf("stopped in op %d of %d, rank %d: %v", at, ops, r, err)
			}
		}
	}
	for r, err := range run(func(w spread.World, b compute.Backend) (context.Context, compute.Backend) {
		if w.Rank() == 1 {
			b = nil
		}
		return t.Context(), b
	}) {
		if gone := (*spread.RankError)(nil); r != 1 && (!errors.As(err, &gone) || gone.Rank != 1) {
			t.Errorf("rank %d: %v, want that rank 1 is gone", r, err)
		}
	}
}

// A counting Backend counts its ops, and the numbers that it has.
type counting struct {
	compute.Backend
	ops     *int
	numbers int
}

func (b *counting) Run(op compute.Op) error {
	if b.ops != nil {
		*b.ops++
	}
	return b.Backend.Run(op)
}

func (b *counting) Alloc(n int) (compute.Buffer, error) {
	b.numbers += n // a Device keeps them until it is closed
	return b.Backend.Alloc(n)
}

// TestRanksMemory: a rank's device has its own rows and a visitor's, and tiles, whatever the number of ranks is; so that
// with twice the ranks it has half of the rows.
func TestRanksMemory(t *testing.T) {
	const m, d, block = 2048, 200, 32
	x := normal(rand.New(rand.NewPCG(5, 7)), m, d)
	o := dependence.Options{X: kernel("gaussian", 20), Y: kernel("gaussian", 10), Permutations: 1}
	for _, ranks := range []int{1, 2, 4, 8} {
		most := make([]int, ranks)
		for r, err := range each(ranks, func(w spread.World) error {
			b := &counting{Backend: must.Get(cpu.Open())(t)}
			dev := compute.New(b)
			defer dev.Close()
			o := o
			o.World = w
			_, err := dependence.HSIC(t.Context(), dev, cut(x, w), cut(x, w), o)
			most[w.Rank()] = b.numbers
			return err
		}) {
			if err != nil {
				t.Fatalf("rank %d: %v", r, err)
			}
		}
		rows := m / ranks
		sides := 2 * rows * (d + 1)   // own rows and offsets
		visits := 2 * sides           // visitors' of both sides, and of one at a time
		tiles := 2*block*block + 4096 // and sums along rows
		for r, n := range most {
			if limit := sides + visits + tiles + 2*rows; n > limit || n < sides {
				t.Errorf("%d ranks: rank %d has %d numbers on its device, want from %d to %d", ranks, r, n, sides, limit)
			}
		}
	}
}
