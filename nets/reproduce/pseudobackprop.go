package reproduce

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/credit"
	"hebb/nets/stack"
)

// pseudoBackprop follows the deltas of feedback alignment in a linear network: at first they turn towards backprop, at
// the end they lie along the Moore–Penrose inverse. By then errors are so small that in float32 they are noise, so only
// the run in float64 goes on for so long.
var pseudoBackprop = Experiment{
	Name:    "pseudo-backprop",
	Systems: map[string]string{"feedback alignment": "fa, float32"},
	About:   "what feedback alignment sends in a linear network, beside backprop and the Moore–Penrose inverse",
	Source: "a program in float64 of 20 seeds, of the task of Lillicrap, Cownden, Tweed, Akerman 2016, \"Random synaptic feedback weights support error " +
		"backpropagation for deep learning\"",
	Scales: []Scale{
		{Name: "cpu", About: "20 seeds, 4000 steps in float64 and 1000 on the device", Takes: 30 * time.Second, Parts: []Part{linearAngles(20, 4000, 1000)}},
		{Name: "small", About: "4 seeds, 1000 steps in float64 and 300 on the device", Takes: 5 * time.Second, Parts: []Part{linearAngles(4, 1000, 300)}},
	},
}

// Quantities measured after a number of steps.
func nseAfter(steps int) Quantity {
	return Quantity(fmt.Sprintf("relative squared error after %d steps", steps))
}

func angleAfter(between string, steps int) Quantity {
	return Quantity(fmt.Sprintf("angle %s after %d steps, °", between, steps))
}

// The angles between the deltas that feedback alignment, backprop and pseudo-backprop send.
const (
	faBP  = "FA-BP"
	faPBP = "FA-PBP"
	bpPBP = "BP-PBP"
)

// lillicrap has means and standard deviations over 20 seeds, by steps, of the four quantities at rate 0.005: the relative error
// and the three angles; NaN where none was given.
var lillicrap = map[int][4][2]float64{
	0:    {{1, 0}, {90.8, 4.4}, {90.3, 4.0}, {40.6, 5.1}},
	100:  {{0.394, 0.036}, {36.2, 3.1}, {48.7, 4.5}, {64.6, 4.1}},
	200:  {{0.082, 0.015}, {30.4, 4.1}, {30.7, 4.4}, {36.2, 5.1}},
	300:  {{0.0167, 0.005}, {31.0, 4.1}, {22.1, 3.8}, {26.8, 4.4}},
	1000: {{math.NaN(), 0}, {28.0, 4.6}, {9.0, 2.2}, {25.6, 4.7}},
	4000: {{math.NaN(), 0}, {26.3, 6.5}, {2.11, 0.23}, {26.2, 6.5}},
}

// looks are the steps after which angles are measured, with the published ones among them.
var looks = []int{0, 50, 100, 200, 300, 500, 1000, 2000, 4000}

func linearAngles(seeds, exact, device int) Part {
	p := Part{
		Name:  "linear",
		About: "30-20-10, y = T·x with T even in ±1, weights in ±0.01, B in ±0.5, one x a step, rate 0.005; angles are means of 500 examples",
		Runs: []Run{
			{Name: "fa, float64", Seeds: seeds, Make: Each(lillicrapTask{rate: 0.005, steps: exact}.host), Figures: lillicrapFigures(seeds, exact)},
			{Name: "fa, float32", Seeds: seeds, Make: Each(lillicrapTask{rate: 0.005, steps: device}.device), Figures: lillicrapFigures(seeds, device)},
			{Name: "bp, float64", Seeds: seeds, Make: Each(lillicrapTask{rate: 0.005, steps: exact, exactly: true}.host), Figures: []Figure{
				{What: angleAfter(faBP, exact), Published: 90, Within: 4 * 9.7 / math.Sqrt(float64(seeds)), From: "theory"}}},
		},
	}
	atLeast := func(holds func(rows Rows, run string, l, at int) bool, run string, at ...int) func(Rows) bool {
		return func(rows Rows) bool {
			for _, n := range at {
				count := 0
				for l := range rows.Of(run, angleAfter(faBP, n)) {
					if holds(rows, run, l, n) {
						count++
					}
				}
				if all := len(rows.Of(run, angleAfter(faBP, n))); all == 0 || 20*count < 19*all {
					return false
				}
			}
			return true
		}
	}
	nearer := func(rows Rows, run string, l, at int) bool {
		return rows.Of(run, angleAfter(faPBP, at))[l] < rows.Of(run, angleAfter(faBP, at))[l]
	}
	further := func(rows Rows, run string, l, at int) bool { return !nearer(rows, run, l, at) }
	late := slices.DeleteFunc(slices.Clone(looks), func(n int) bool { return n < 500 || n > exact })
	p.Check = []Claim{
		{"after 50 steps, feedback alignment sends nearer to backprop than to the inverse, in 19 of 20 seeds", atLeast(further, "fa, float64", 50)},
		{"from 500 steps on it sends nearer to the inverse, in 19 of 20 seeds", atLeast(nearer, "fa, float64", late...)},
		{"on the device the angles are those of float64, within a thousandth of a degree, after 300 steps", func(rows Rows) bool {
			for _, between := range []string{faBP, faPBP, bpPBP} {
				want := rows.Of("fa, float64", angleAfter(between, 300))
				got := rows.Of("fa, float32", angleAfter(between, 300))
				for l := range want {
					if len(got) != len(want) || !(math.Abs(got[l]-want[l]) < 1e-3) {
						return false
					}
				}
			}
			return true
		}},
	}
	return p
}

// lillicrapFigures returns the published figures up to a number of steps. Means over their 20 seeds and over ours
// differ by less than four standard deviations of the difference.
func lillicrapFigures(seeds, steps int) (all []Figure) {
	for _, at := range looks {
		known, ok := lillicrap[at]
		if !ok || at > steps {
			continue
		}
		for i, q := range []Quantity{nseAfter(at), angleAfter(faBP, at), angleAfter(faPBP, at), angleAfter(bpPBP, at)} {
			if mean, sd := known[i][0], known[i][1]; mean == mean {
				all = append(all, Figure{What: q, Published: mean, Within: 4 * sd * math.Sqrt(1./20+1/float64(seeds))})
			}
		}
	}
	return all
}

// A lillicrapTask is a number of steps at a rate, by feedback alignment or exactly by backprop.
type lillicrapTask struct {
	rate    float64
	steps   int
	exactly bool
}

const linearIn, linearHidden, linearOut = 30, 20, 10

// linearDraw holds everything that a seed draws: the task, the first weights, the feedback and the examples of the
// test. Then rnd draws the examples of training.
type linearDraw struct {
	t, w0, w, b *mat.Dense // outputs × inputs, hidden × inputs, outputs × hidden, hidden × outputs
	tests       *mat.Dense
	rnd         *rand.Rand
}

func drawLinear(seed uint64) linearDraw {
	rnd := rand.New(rand.NewPCG(seed, 16))
	matrix := func(rows, cols int, most float64) *mat.Dense {
		x := make([]float64, rows*cols)
		for i := range x {
			x[i] = float64(float32(most * even(rnd))) // as on the device
		}
		return mat.NewDense(rows, cols, x)
	}
	d := linearDraw{t: matrix(linearOut, linearIn, 1), w0: matrix(linearHidden, linearIn, 0.01), w: matrix(linearOut, linearHidden, 0.01),
		b: matrix(linearHidden, linearOut, 0.5), rnd: rnd}
	tests := make([]float64, linearIn*500)
	for i := range tests {
		tests[i] = rnd.NormFloat64()
	}
	d.tests = mat.NewDense(linearIn, 500, tests)
	return d
}

// example returns the next x, and T·x.
func (d linearDraw) example() (x, want *mat.VecDense) {
	x, want = mat.NewVecDense(linearIn, nil), mat.NewVecDense(linearOut, nil)
	for i := range linearIn {
		x.SetVec(i, float64(float32(d.rnd.NormFloat64())))
	}
	want.MulVec(d.t, x)
	return x, want
}

// host learns in float64; it is an [Each].
func (l lillicrapTask) host(ctx context.Context, _ *compute.Device, seed uint64) (map[Quantity]float64, error) {
	d, f := drawLinear(seed), map[Quantity]float64{}
	var h, e, sent mat.VecDense
	var dW, dW0 mat.Dense
	for step := range l.steps + 1 {
		if slices.Contains(looks, step) {
			d.measure(f, step)
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		x, want := d.example()
		h.MulVec(d.w0, x)
		e.MulVec(d.w, &h)
		e.SubVec(want, &e)
		if l.exactly {
			sent.MulVec(d.w.T(), &e)
		} else {
			sent.MulVec(d.b, &e)
		}
		dW.Outer(l.rate, &e, &h)
		dW0.Outer(l.rate, &sent, x)
		d.w.Add(d.w, &dW)
		d.w0.Add(d.w0, &dW0)
	}
	return f, nil
}

// device learns by the rule fa; it is an [Each].
func (l lillicrapTask) device(ctx context.Context, dev *compute.Device, seed uint64) (map[Quantity]float64, error) {
	d, f := drawLinear(seed), map[Quantity]float64{}
	net, err := stack.New(dev, stack.Stack{stack.Dense{Name: "hidden", Units: linearHidden, NoBias: true}, stack.Dense{Name: "out", Units: linearOut, NoBias: true}},
		nets.Row(linearIn), credit.FeedbackAlignment{}, seed)
	if err != nil {
		return nil, err
	}
	below, above := net.Weights[0], net.Weights[1]
	err = dev.Step(func(s *compute.Step) error {
		s.Write(below.W, singles(d.w0))
		s.Write(above.W, singles(d.w))
		s.Write(above.B, singles(d.b.T()))
		return nil
	})
	if err != nil {
		return nil, err
	}
	tr, err := stack.NewTrainer(net, nets.SGD{}, nets.SquaredError)
	if err != nil {
		return nil, err
	}
	for step := range l.steps + 1 {
		if slices.Contains(looks, step) {
			if err := d.read(dev, below.W, above.W); err != nil {
				return nil, err
			}
			d.measure(f, step)
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		x, want := d.example()
		if err := tr.Step(singles(x), singles(want), l.rate/2); err != nil { // it is the gradient of Σe²: −2e
			return nil, err
		}
	}
	return f, nil
}

// singles returns the numbers of a matrix, row by row.
func singles(m mat.Matrix) (x []float32) {
	rows, cols := m.Dims()
	for i := range rows {
		for j := range cols {
			x = append(x, float32(m.At(i, j)))
		}
	}
	return x
}

// read copies the device's weights.
func (d linearDraw) read(dev *compute.Device, w0, w *compute.Tensor) error {
	a, b := make([]float32, w0.Len()), make([]float32, w.Len())
	err := dev.Step(func(s *compute.Step) error {
		s.Read(w0, a)
		s.Read(w, b)
		return nil
	})
	for i, v := range a {
		d.w0.Set(i/linearIn, i%linearIn, float64(v))
	}
	for i, v := range b {
		d.w.Set(i/linearHidden, i%linearHidden, float64(v))
	}
	return err
}

// measure adds the relative error of the test, and the mean angles between the three deltas.
func (d linearDraw) measure(f map[Quantity]float64, step int) {
	var e, want, product, inverse, fa, bp, pbp mat.Dense
	want.Mul(d.t, d.tests)
	product.Mul(d.w, d.w0)
	e.Mul(&product, d.tests)
	e.Sub(&want, &e)
	f[nseAfter(step)] = math.Pow(mat.Norm(&e, 2)/mat.Norm(&want, 2), 2)
	fa.Mul(d.b, &e)
	bp.Mul(d.w.T(), &e)
	var gram mat.Dense
	gram.Mul(d.w, d.w.T())
	if err := inverse.Solve(&gram, &e); err != nil { // not invertible, so it has no angle
		inverse.Scale(math.NaN(), &e)
	}
	pbp.Mul(d.w.T(), &inverse)
	f[angleAfter(faBP, step)] = meanAngle(&fa, &bp)
	f[angleAfter(faPBP, step)] = meanAngle(&fa, &pbp)
	f[angleAfter(bpPBP, step)] = meanAngle(&bp, &pbp)
}

// meanAngle returns the mean angle between the columns of two matrices, in degrees.
func meanAngle(a, b *mat.Dense) (mean float64) {
	_, n := a.Dims()
	for k := range n {
		x, y := a.ColView(k), b.ColView(k)
		cos := mat.Dot(x, y) / (mat.Norm(x, 2) * mat.Norm(y, 2))
		mean += math.Acos(math.Max(-1, math.Min(1, cos))) * 180 / math.Pi / float64(n)
	}
	return mean
}
