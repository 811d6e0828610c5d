// Package computetest is the conformance suite of backends: for each op a crossed set of cases, each run twice on each
// device and checked element by element against the op's definition.
//
// Sizes straddle the tiles of all kernels. Half of all cases are on small whole numbers, on which every order of
// summation gives the same bits and the bound is 0: a worst-case bound is too wide to see one lost term among
// thousands, an exact sum is not. The other half are reals of mixed magnitude, zeros and subnormals among them. Memory
// that an op must not read is full of NaN; every tensor lies inside a guarded parent, so that a write beside it is
// detected; inputs must come out unchanged.
package computetest

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"hebb/compute"
)

// A Level sets the number of cases.
type Level int

const (
	Quick Level = iota // a seeded choice from the crossed set: a few hundred in all
	Full               // thousands, large ones among them
)

// A Case is one op on operands of given shapes and contents.
type Case struct {
	Op    string // "Gemm"
	Name  string // its shapes and parameters
	plain bool   // integers
	seed  uint64
	build func(m *maker) compute.Op
}

// families maps each op to the maker of its cases.
var families = map[reflect.Type]func(c *chooser){
	reflect.TypeFor[compute.Gemm]():            gemmCases,
	reflect.TypeFor[compute.Hebbian]():         hebbianCases,
	reflect.TypeFor[compute.Gram]():            gramCases,
	reflect.TypeFor[compute.KernelSums]():      kernelSumsCases,
	reflect.TypeFor[compute.KernelGrad]():      kernelGradCases,
	reflect.TypeFor[compute.Inverse]():         inverseCases,
	reflect.TypeFor[compute.Conv]():            convCases,
	reflect.TypeFor[compute.ConvInput]():       convInputCases,
	reflect.TypeFor[compute.Map]():             mapCases,
	reflect.TypeFor[compute.Reduce]():          reduceCases,
	reflect.TypeFor[compute.Standardize]():     standardizeCases,
	reflect.TypeFor[compute.StandardizeGrad](): standardizeGradCases,
	reflect.TypeFor[compute.Pool]():            poolCases,
	reflect.TypeFor[compute.PoolGrad]():        poolGradCases,
	reflect.TypeFor[compute.SoftmaxLoss]():     softmaxCases,
	reflect.TypeFor[compute.Random]():          randomCases,
	reflect.TypeFor[compute.Gather]():          gatherCases,
	reflect.TypeFor[compute.Resample]():        resampleCases,
	reflect.TypeFor[compute.Deliver]():         deliverCases,
	reflect.TypeFor[compute.Plastic]():         plasticCases,
	reflect.TypeFor[compute.Copy]():            copyCases,
	reflect.TypeFor[compute.FMA]():             fmaCases,
}

// Cases returns the cases of all ops in a fixed order.
func Cases(level Level) (all []Case) {
	for _, op := range compute.Ops {
		cs, err := CasesOf(op, level)
		if err != nil {
			panic(err) // no backend can change this: a test of this package finds it first
		}
		all = append(all, cs...)
	}
	return all
}

// CasesOf returns the cases of op's type.
func CasesOf(op compute.Op, level Level) ([]Case, error) { return casesOf(op, level, 0) }

// casesOf is CasesOf with the choices and contents of a seed.
func casesOf(op compute.Op, level Level, seed uint32) ([]Case, error) {
	t := reflect.TypeOf(op)
	f, ok := families[t]
	if !ok {
		return nil, fmt.Errorf("computetest has no cases for %v", t)
	}
	c := &chooser{op: t.Name(), level: level, seed: seed, rnd: rand.New(rand.NewPCG(7+uint64(seed)<<32, 11))}
	f(c)
	return c.cases, nil
}

// A Result is the outcome of one case.
type Result struct {
	Elements int             // in the outputs
	Tallies  []compute.Tally // by device
	Diff     float64         // the largest difference between two devices, in units of the bound
}

// Check runs c twice on each device and checks sample elements of each output (0: all). Its error wraps
// compute.ErrWrong if the device answered and the answer is wrong.
func (c Case) Check(sample int, devs ...*compute.Device) (Result, error) {
	res := Result{Tallies: make([]compute.Tally, len(devs))}
	var runs []run
	for _, d := range devs {
		r, err := c.run(d)
		if err != nil {
			return res, fmt.Errorf("%s, %s on %s: %w", c.Op, c.Name, d.Info().Backend, err)
		}
		runs = append(runs, r)
	}
	if len(runs) == 0 {
		return res, errors.New("computetest: no device to check on")
	}
	outs, _ := compute.Operands(runs[0].op)
	seen, define := compute.Examine(runs[0].op, runs[0].before)
	after := make([]compute.Contents, len(runs)) // as if the first op had run on each device
	for k, r := range runs {
		after[k] = compute.Contents{}
		for o, t := range outs {
			after[k][t] = r.outs[o]
		}
	}
	rnd := rand.New(rand.NewPCG(c.seed, 3))
	for o, t := range outs {
		res.Elements += t.Len()
		for _, i := range compute.Sample(rnd, t.Len(), sample) {
			want := define(o, i)
			for k := range runs {
				got := seen(after[k], o, i)
				if !res.Tallies[k].Judge(want, got) {
					return res, fmt.Errorf("%s, %s on %s: %w: %s %d of %v is %g, want %g ± %.2g",
						c.Op, c.Name, devs[k].Info().Backend, compute.ErrWrong, compute.Examined(runs[0].op), i, t, got, want.X, want.Err)
				}
				for _, other := range after[:k] {
					between := compute.Val{X: float64(seen(other, o, i)), Err: want.Err}
					res.Diff = max(res.Diff, between.Distance(float64(got)))
				}
			}
		}
	}
	return res, nil
}

// Rehearse lets d prepare for c.
func (c Case) Rehearse(d *compute.Device) error {
	return d.Rehearse(func(d *compute.Device) error {
		return d.Step(func(s *compute.Step) error {
			s.Do(c.build(c.maker(s)))
			return s.Err()
		})
	})
}

// A run is the result of a case on one device.
type run struct {
	op     compute.Op
	before compute.Contents
	outs   [][]float32
}

func (c Case) maker(s *compute.Step) *maker {
	return &maker{s: s, rnd: rand.New(rand.NewPCG(c.seed, 1)), plain: c.plain, aligned: c.seed/2%2 == 0}
}

// run builds the op on d, runs it twice from the same contents and requires the same bits.
func (c Case) run(d *compute.Device) (r run, err error) {
	err = d.Step(func(s *compute.Step) error {
		m := c.maker(s)
		r.op = d.Lend(c.build(m))
		r.before = m.contents()
		outs, ins := compute.Operands(r.op)
		for range 2 {
			m.write()
			s.Do(r.op)
			now := make([][]float32, len(outs))
			for o, t := range outs {
				now[o] = make([]float32, t.Len())
				s.Read(t, now[o])
			}
			if err := m.intact(ins); err != nil {
				return err
			}
			if r.outs == nil {
				r.outs = now
			} else if s.Err() == nil && !slices.EqualFunc(r.outs, now, equalBits) {
				return fmt.Errorf("%w: two runs on the same inputs differ", compute.ErrWrong)
			}
		}
		return nil
	})
	return r, err
}

func equalBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// Run tests every op on the backend that open returns. No op is optional and none is skipped.
func Run(t *testing.T, open func() (compute.Backend, error)) {
	t.Helper()
	RunEvery(t, 1, open)
}

// RunEvery is Run on every n-th case of each op, n odd: for a backend's alternative ways of running ops, once the main
// one has passed all cases. Odd steps meet integers and reals, aligned and unaligned tensors alike. With ops given, it
// tests only them.
func RunEvery(t *testing.T, n int, open func() (compute.Backend, error), ops ...compute.Op) {
	t.Helper()
	if len(ops) == 0 {
		ops = compute.Ops
	}
	for _, op := range ops {
		t.Run(reflect.TypeOf(op).Name(), func(t *testing.T) {
			tally, err := TryWithin(op, 0, n, open)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d elements judged, %d loosely, %d unbounded; the largest error is %.2f of its bound",
				tally.Judged, tally.Loose, tally.Unbounded, tally.Worst)
			if tally.Judged == 0 || tally.Unbounded > tally.Judged/20 {
				t.Error("too much is beyond judgement")
			}
		})
	}
}

// Try runs the cases of op's type on a new backend until one fails.
func Try(op compute.Op, open func() (compute.Backend, error)) (compute.Tally, error) {
	return TryWithin(op, 0, 1, open)
}

// TryWithin is Try on every n-th case, on a device that allows that leeway.
func TryWithin(op compute.Op, l compute.Leeway, n int, open func() (compute.Backend, error)) (compute.Tally, error) {
	var tally compute.Tally
	cases, err := CasesOf(op, Quick)
	if err != nil {
		return tally, err
	}
	b, err := open()
	if err != nil {
		return tally, err
	}
	d := compute.New(b)
	d.Allow(l)
	for i := 0; i < len(cases); i += n {
		res, err := cases[i].Check(0, d)
		if len(res.Tallies) > 0 {
			tally.Add(res.Tallies[0])
		}
		if err != nil {
			return tally, errors.Join(err, d.Close())
		}
	}
	return tally, d.Close()
}

// Explore tests n cases, of any op, that a seed chooses instead of the suite's own.
func Explore(t *testing.T, seed uint32, n int, open func() (compute.Backend, error)) {
	t.Helper()
	b, err := open()
	if err != nil {
		t.Fatal(err)
	}
	d, rnd := compute.New(b), rand.New(rand.NewPCG(uint64(seed), 13))
	for range n {
		cases, err := casesOf(compute.Ops[rnd.IntN(len(compute.Ops))], Quick, seed)
		if err == nil {
			_, err = cases[rnd.IntN(len(cases))].Check(0, d)
		}
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// A chooser makes the cases of one op.
type chooser struct {
	op    string
	level Level
	seed  uint32
	rnd   *rand.Rand
	cases []Case
}

// add appends a case; whole numbers and reals take turns.
func (c *chooser) add(name string, build func(m *maker) compute.Op) {
	k := len(c.cases)
	c.cases = append(c.cases, Case{Op: c.op, Name: name, plain: k%2 == 0, seed: uint64(c.seed)<<32 + uint64(k), build: build})
}

// narrow makes the factors of the last case that are in the set Float16s.
func (c *chooser) narrow(set factors) {
	last := &c.cases[len(c.cases)-1]
	build := last.build
	last.Name += [...]string{"", " of f16·", " of ·f16", " of f16·f16"}[set]
	last.build = func(m *maker) compute.Op {
		m.narrow = set
		return build(m)
	}
}

// narrowed returns each nonempty set of factors in turn.
func narrowed(turn int) factors { return []factors{first | second, first, second}[turn%3] }

// count returns the number of random cases at this level.
func (c *chooser) count(quick, full int) int {
	if c.level == Full {
		return full
	}
	return quick
}

// sizes straddle the tiles of all kernels (16, 32, 64, 128): 1, a prime, a tile less one, a tile, a tile and one.
var sizes = []int{1, 2, 3, 4, 7, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 127, 128, 129}

func (c *chooser) size() int            { return pick(c, sizes...) }
func (c *chooser) bool() bool           { return c.rnd.IntN(2) == 0 }
func pick[T any](c *chooser, of ...T) T { return of[c.rnd.IntN(len(of))] }
