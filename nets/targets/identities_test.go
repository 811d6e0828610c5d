package targets_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/stack"
	"hebb/nets/targets"
)

// deltas returns the deltas of all layers for a batch, with the given gradient by the outputs, and the outputs.
func deltas(t *testing.T, l lab.Lab, net *stack.Net, x, want []float32, by func(p *stack.Pass, y *compute.Tensor) *compute.Tensor) (all [][]float64) {
	t.Helper()
	var kept []*compute.Tensor
	n := len(x) / net.Input.Len()
	for _, w := range net.Weights {
		kept = append(kept, l.New(t, n, w.Out.Len()))
	}
	l.Pass(t, net, x, nil, func(p *stack.Pass, x *compute.Tensor) {
		p.Moment.Want = p.Tensor(1, n, len(want)/n)
		p.Write(p.Moment.Want, want)
		net.Backward(p, by(p, net.Forward(p, x)))
		for i, w := range net.Weights {
			p.Do(compute.Copy{Dst: kept[i], Src: w.Delta})
		}
	})
	for _, k := range kept {
		all = append(all, l.Values(t, k))
	}
	return all
}

// entropy returns the gradient of the mean cross-entropy.
func entropy(p *stack.Pass, y *compute.Tensor) *compute.Tensor {
	return nets.CrossEntropy.Judge(p.Pass, p.Moment, y, true).Delta
}

// near requires that numbers agree up to a share of the largest.
func near(t *testing.T, what string, got, want []float64, share float64) {
	t.Helper()
	top, worst := 0., 0.
	for i, w := range want {
		top, worst = max(top, math.Abs(w)), max(worst, math.Abs(got[i]-w))
	}
	if !(worst <= share*top) || top == 0 {
		t.Errorf("%s: off by %.2g of %.2g, want at most %.2g of it", what, worst, top, share)
	}
	t.Logf("%s: off by %.2g of the largest", what, worst/top)
}

// square is a chain of three hidden layers of four units.
func square(hidden compute.Act) stack.Stack {
	s := stack.Stack{}
	for _, name := range []string{"a", "b", "c"} {
		s = append(s, stack.Dense{Name: name, Units: 4, Act: hidden})
	}
	return append(s, stack.Dense{Name: "d", Units: 3})
}

// set writes the V of a network's inverses; f makes them from the weights of their layers.
func set(t *testing.T, l lab.Lab, net *stack.Net, f func(w *mat.Dense) *mat.Dense) {
	t.Helper()
	for _, n := range net.Tensors() {
		for _, w := range net.Weights {
			if n.Name != w.Name+".inverse.weight" {
				continue
			}
			v := f(mat.NewDense(w.Shape[0], w.Shape[1], slices.Clone(lab.Float64s(w.W))))
			copy(lab.Float64s(n.Value), v.RawMatrix().Data)
		}
	}
}

// TestTargetsInvert: in a linear network with exact inverses, DTP is target propagation: from the target of the layer
// below a layer makes its own target, f(t_l) = t_{l+1}. So a layer's error is W⁻¹ times the error of the layer above.
func TestTargetsInvert(t *testing.T) {
	l := lab.Exact(t)
	net := l.Net(t, square(compute.Identity), in, targets.DTP{Top: 0.5}, 9)
	set(t, l, net, func(w *mat.Dense) *mat.Dense {
		var v mat.Dense
		if err := v.Inverse(w); err != nil {
			t.Fatal(err)
		}
		return mat.DenseCopyOf(v.T())
	})
	x, labels := lab.Batch(in)
	d := deltas(t, l, net, x, labels, entropy)
	for i := 1; i < 3; i++ {
		var up mat.Dense
		up.Mul(mat.NewDense(4, 4, d[i-1]), mat.NewDense(4, 4, lab.Float64s(net.Weights[i].W)).T())
		near(t, fmt.Sprint("layer ", i), up.RawMatrix().Data, d[i], 1e-14)
	}
}

// convolutions is a sequence of two convolutions and two fully connected layers.
func convolutions(act compute.Act) stack.Stack {
	return stack.Stack{
		stack.Conv{Name: "a", Units: 3, Window: 3, Pad: 1, Act: act, Bias: true}, stack.Conv{Name: "b", Units: 4, Window: 3, Stride: 2, Pad: 1, Act: act},
		stack.Flatten{}, stack.Dense{Name: "c", Units: 5, Act: act}, stack.Dense{Name: "d", Units: 3},
	}
}

// TestTargetsTranspose: in a linear network with transposes as inverses, the deltas are 2·Top times backprop's. In any
// network this holds for the last hidden layer, and the output layer's deltas are backprop's.
func TestTargetsTranspose(t *testing.T) {
	const top = 0.5
	for name, c := range map[string]struct {
		in   nets.Shape
		spec func(compute.Act) stack.Stack
	}{"dense": {in, square}, "convolutions": {lab.ImageIn, convolutions}} {
		x, labels := lab.Batch(c.in)
		for _, act := range []compute.Act{compute.Identity, compute.Tanh} {
			l := lab.Exact(t)
			net := l.Net(t, c.spec(act), c.in, targets.DTP{Top: top}, 9)
			for _, n := range net.Tensors() {
				for _, w := range net.Weights {
					if n.Name == w.Name+".inverse.weight" {
						copy(lab.Float64s(n.Value), lab.Float64s(w.W))
					}
				}
			}
			got := deltas(t, l, net, x, labels, entropy)
			net.Rule = stack.Backprop{}
			for i, d := range deltas(t, l, net, x, labels, entropy) {
				for k := range d {
					if i < 3 {
						d[k] *= 2 * top
					}
				}
				if what := fmt.Sprint(name, ", ", act, ", layer ", i); act == compute.Identity || i >= 2 {
					near(t, what, got[i], d, 1e-14)
				} else if off := 1 - lab.Dot(got[i], d)/lab.Norm(got[i])/lab.Norm(d); !(off > 1e-3) {
					t.Errorf("%s: 1 − cos is %g, want another direction than backprop's", what, off)
				}
			}
		}
	}
}

// TestInversesDescend: in float64, the gradients of the inverses, of convolutions and of dense layers, are the slopes
// of the loss that they descend.
func TestInversesDescend(t *testing.T) {
	const step, rate = 1e-4, 0.5
	l := lab.Exact(t)
	net := l.Net(t, convolutions(compute.Tanh), lab.ImageIn, targets.DTP{Rate: rate}, 9)
	x, labels := lab.Batch(lab.ImageIn)
	value := map[string]*compute.Tensor{}
	for _, n := range net.Tensors() {
		value[n.Name] = n.Value
	}
	error := func(i int) (sum float64) { // of the inverse of layer i
		w, below := net.Weights[i], net.Weights[i-1]
		back, h := l.New(t, 4*w.In.Len()), l.New(t, 4*w.In.Len())
		l.Pass(t, net, x, labels, func(p *stack.Pass, x *compute.Tensor) {
			net.Forward(p, x)
			r := w.Back(p, p.View(value[w.Name+".inverse.weight"], 0, w.W.Shape()...), w.Y)
			p.Do(compute.Copy{Dst: back, Src: p.View(r, 0, r.Len())})
			p.Do(compute.Copy{Dst: h, Src: p.View(below.Y, 0, r.Len())})
		})
		c := lab.Float64s(value[w.Name+".inverse.bias"])
		for k, y := range l.Values(t, h) {
			sum += math.Pow(math.Tanh(lab.Float64s(back)[k]+c[k%len(c)])-y, 2) / 4
		}
		return sum
	}
	slopes := map[string][]float64{}
	for i, name := range []string{"b", "c"} {
		for _, of := range []string{name + ".inverse.weight", name + ".inverse.bias"} {
			v := lab.Float64s(value[of])
			for k := range v {
				was := v[k]
				v[k] = was + step
				up := error(i + 1)
				v[k] = was - step
				slopes[of] = append(slopes[of], (up-error(i+1))/(2*step))
				v[k] = was
			}
		}
	}
	before := l.Everything(t, net)
	lab.Steps(t, lab.Trainer(t, net, nets.SGD{}, nets.CrossEntropy), 1, 1)
	for of, want := range slopes {
		got := slices.Clone(before[of])
		for k := range got {
			got[k] = (got[k] - lab.Float64s(value[of])[k]) / rate
		}
		near(t, of, got, want, 1e-6) // differences err by step², and roundings by 1e-16/step
	}
}

// TestTargetsFirstOrder: a layer's error is f′∘(V·the error of the layer above), but for a share that falls as Top.
func TestTargetsFirstOrder(t *testing.T) {
	x, labels := lab.Batch(in)
	var before float64
	for _, top := range []float32{1. / 16, 1. / 1024} {
		l := lab.Exact(t)
		net := l.Net(t, square(compute.Tanh), in, targets.DTP{Top: top}, 9)
		scale := func(act [][]float64, d []float64) *mat.Dense { // the layer's error, times 2/n
			out := slices.Clone(d)
			for i := range out {
				out[i] /= 1 - act[i/4][i%4]*act[i/4][i%4]
			}
			return mat.NewDense(4, 4, out)
		}
		ys := activities(net, x)
		d := deltas(t, l, net, x, labels, entropy)
		worst := 0.
		for i := 1; i < 3; i++ {
			v := mat.NewDense(4, 4, nil)
			for _, n := range net.Tensors() {
				if n.Name == net.Weights[i].Name+".inverse.weight" {
					copy(v.RawMatrix().Data, lab.Float64s(n.Value))
				}
			}
			below := &layer{w: mat.DenseCopyOf(v.T()).RawMatrix().Data, b: make([]float64, 4), in: 4, act: compute.Tanh}
			g := below.forward(ys[i])
			var linear mat.Dense
			linear.Mul(scale(ys[i], d[i]), v)
			linear.Apply(func(k, j int, x float64) float64 { return x * (1 - g[k][j]*g[k][j]) }, &linear)
			off := scale(ys[i-1], d[i-1])
			size := mat.Norm(off, 2)
			off.Sub(off, &linear)
			worst = max(worst, mat.Norm(off, 2)/size)
		}
		if t.Logf("top %g: off by %.3g", top, worst); before > 0 && !(48 < before/worst && before/worst < 80) {
			t.Errorf("off by %g and by %g at a 64th of the step, want a 64th of it", before, worst)
		}
		before = worst
	}
}

// activities returns the activities of the layers of a network of tanh units, in float64.
func activities(net *stack.Net, x []float32) (all [][][]float64) {
	var rows [][]float64
	for k := 0; k < len(x); k += net.Input.Len() {
		var row []float64
		for _, v := range x[k:][:net.Input.Len()] {
			row = append(row, float64(v))
		}
		rows = append(rows, row)
	}
	for _, w := range net.Weights {
		l := &layer{w: lab.Float64s(w.W), b: lab.Float64s(w.Bias), in: w.Shape[1], act: w.Act}
		rows = l.forward(rows)
		all = append(all, rows)
	}
	return all
}

// TestSyntheticExact: in a linear network with the loss ½·Σ(y − y*)² the gradient at h is P·Pᵀ·h + P·(c − y*), with P
// the product of the weights above and c the sum that their biases add. Linear synthesisers with the label can
// represent it: then the deltas are backprop's, and the synthesisers rest.
func TestSyntheticExact(t *testing.T) {
	spec := stack.Stack{stack.Dense{Name: "a", Units: 5}, stack.Dense{Name: "b", Units: 4}, stack.Dense{Name: "c", Units: 3}}
	const examples = 8
	rnd := rand.New(rand.NewPCG(2, 3))
	x, want := lab.Normals(rnd, examples*6), lab.Normals(rnd, examples*3)
	l := lab.Exact(t)
	net := l.Net(t, spec, nets.Row(6), targets.DNI{Label: true, Rate: 1}, 9)
	p, c := mat.DenseCopyOf(mat.NewDiagDense(3, []float64{1, 1, 1})), mat.NewVecDense(3, nil) // 3 × units, of the layers above
	for i := 2; i > 0; i-- {
		w := net.Weights[i]
		var bias, product, square, constant mat.Dense
		bias.Mul(p, mat.NewDense(w.Shape[0], 1, lab.Float64s(w.Bias)))
		c.AddVec(c, bias.ColView(0))
		product.Mul(p, mat.NewDense(w.Shape[0], w.Shape[1], lab.Float64s(w.W)))
		p = &product
		square.Mul(p.T(), p)
		constant.Mul(p.T(), c)
		for name, v := range map[string]mat.Matrix{".weight": &square, ".label.weight": p.T(), ".bias": &constant} {
			for _, n := range net.Tensors() {
				if n.Name != net.Weights[i-1].Name+".synthesiser"+name {
					continue
				}
				copy(lab.Float64s(n.Value), mat.DenseCopyOf(v).RawMatrix().Data)
				for k := range lab.Float64s(n.Value) {
					if name == ".label.weight" {
						lab.Float64s(n.Value)[k] *= -1
					}
				}
			}
		}
	}
	off := compute.Formula("(y - want)/n", "y", "want").With("n", examples)
	by := func(p *stack.Pass, y *compute.Tensor) *compute.Tensor {
		return p.Map(off, y, p.AsRows(p.Moment.Want, examples, 3))
	}
	net.Rule.(stack.Optimised).Optimise(net.Store(), net, nets.SGD{})
	got := deltas(t, l, net, x, want, by)
	for name, g := range l.Grads(t, net) {
		if len(name) > 13 && name[2:13] == "synthesiser" && lab.Norm(g) > 1e-13 {
			t.Errorf("the gradient of %s is %g long, want 0", name, lab.Norm(g))
		}
	}
	net.Rule = stack.Backprop{}
	for i, d := range deltas(t, l, net, x, want, by) {
		near(t, fmt.Sprint("layer ", i), got[i], d, 1e-14)
	}
}

// TestSyntheticLearned: in a linear network with fixed weights, synthesisers that begin at zero come to backprop's
// deltas.
func TestSyntheticLearned(t *testing.T) {
	const examples = 100
	rnd := rand.New(rand.NewPCG(2, 3))
	x, want := lab.Normals(rnd, examples*6), lab.Normals(rnd, examples*3)
	spec := stack.Stack{stack.Dense{Name: "a", Units: 5}, stack.Dense{Name: "b", Units: 4}, stack.Dense{Name: "c", Units: 3}}
	l := lab.Bare(t)
	net := l.Net(t, spec, nets.Row(6), targets.DNI{Label: true, Rate: 1}, 9)
	resting := nets.Scaled{Optimiser: nets.Scaled{Optimiser: nets.DefaultAdam, Names: "?.weight"}, Names: "?.bias"}
	tr := lab.Trainer(t, net, resting, nets.SquaredError)
	last := math.Inf(1)
	for _, steps := range []int{100, 900} {
		for range steps {
			if err := tr.Step(x, want, 3e-3); err != nil {
				t.Fatal(err)
			}
		}
		all, err := tr.Angles(x, want)
		if err != nil {
			t.Fatal(err)
		}
		now := float64(all[0].Delta)
		t.Logf("after %d more steps: %.2f° and %.2f°", steps, now, float64(all[1].Delta))
		if !(now < last/2) || steps == 900 && !(now < 12) {
			t.Errorf("the deltas of the first layer are %g° off after %d more steps, and were %g°; want half of it, and below 12° at the end", now, steps, last)
		}
		last = now
	}
}

// TestSyntheticZero: while the synthesisers are zero, the hidden layers do not move at all, and the output layer does.
func TestSyntheticZero(t *testing.T) {
	l := lab.Bare(t)
	net := l.Net(t, chain, in, targets.DNI{Label: true}, 9)
	before := l.State(t, net)
	lab.Steps(t, lab.Trainer(t, net, nets.DefaultAdam, nets.CrossEntropy), 3, rate)
	after := l.State(t, net)
	for name, w := range before {
		if moved := !slices.Equal(w, after[name]); (name == "a.W" || name == "b.b" || name == "c.W") && moved || name == "d.W" && !moved {
			t.Errorf("%s moved: %v", name, moved)
		}
	}
}
