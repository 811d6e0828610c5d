package stack_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/stack"
)

// layered are networks that have each layer, and each way to set it, above weights that learn through it.
func layered() map[string]stack.Spec {
	dense := stack.Dense{Name: "top", Units: 3}
	conv := stack.Conv{Units: 2, Window: 3, Pad: 1, Bias: true}
	bare := stack.Conv{Units: 2, Window: 3, Pad: 1} // a bias below a BatchNorm has no effect
	all := map[string]stack.Spec{
		"Dense":                     stack.Stack{stack.Dense{Units: 4}, dense},
		"Dense without bias":        stack.Stack{stack.Dense{Units: 4, NoBias: true}, dense},
		"Flatten":                   stack.Stack{conv, stack.Flatten{}, stack.Dense{Units: 4}, dense},
		"Conv":                      stack.Stack{conv, stack.Conv{Units: 3, Window: 3}, dense},
		"Conv, stride 2":            stack.Stack{conv, stack.Conv{Units: 3, Window: 3, Stride: 2, Pad: 1}, dense},
		"Conv, stride 3":            stack.Stack{conv, stack.Conv{Units: 3, Window: 2, Stride: 3, Pad: 2}, dense},
		"Conv, 1×1":                 stack.Stack{conv, stack.Conv{Units: 3, Window: 1, Stride: 2}, dense},
		"max pool":                  stack.Stack{conv, stack.Pool{Pooling: compute.MaxPool, Window: 2}, dense},
		"max pool, overlaps":        stack.Stack{conv, stack.Pool{Pooling: compute.MaxPool, Window: 3, Stride: 2, Pad: 1}, dense},
		"max pool of all":           stack.Stack{conv, stack.Pool{Pooling: compute.MaxPool}, dense},
		"average pool":              stack.Stack{conv, stack.Pool{Pooling: compute.AveragePool, Window: 3, Stride: 1, Pad: 1}, dense},
		"average of all":            stack.Stack{conv, stack.Pool{Pooling: compute.AveragePool}, dense},
		"Gain":                      stack.Stack{stack.Dense{Units: 4}, Gain{}, dense},
		"Gain of images":            stack.Stack{conv, Gain{}, dense},
		"Dropout":                   stack.Stack{conv, stack.Dropout{Rate: 0.375}, dense},
		"BatchNorm of rows":         stack.Stack{stack.Dense{Units: 4, NoBias: true}, stack.BatchNorm{}, dense},
		"BatchNorm, plain":          stack.Stack{bare, stack.BatchNorm{Plain: true}, dense},
		"Divisive":                  stack.Stack{conv, stack.Divisive{Groups: 1, Power: 0.2, Delta: 1}, dense},
		"Divisive of rows":          stack.Stack{stack.Dense{Units: 8}, stack.Divisive{Groups: 2, Power: 0.5, Delta: 0.25}, dense},
		"LWTA":                      stack.Stack{conv, stack.LWTA{Group: 2}, dense},
		"LWTA of rows":              stack.Stack{stack.Dense{Units: 9}, stack.LWTA{Group: 3}, dense},
		"Centre":                    stack.Stack{conv, stack.Centre{}, dense},
		"Centre of rows":            stack.Stack{stack.Dense{Units: 4}, stack.Centre{}, dense},
		"Rectified":                 stack.Stack{conv, stack.Rectified{Power: 0.75}, dense},
		"Reflect":                   stack.Stack{conv, stack.Reflect{Pad: 2}, stack.Conv{Units: 2, Window: 3}, dense},
		"Group, BatchNorm first":    stack.Stack{stack.Group{Name: "g", Layers: stack.Stack{stack.BatchNorm{Plain: true}, conv}}, stack.Group{Layers: stack.Stack{stack.BatchNorm{Plain: true}, dense}}},
		"Ensemble":                  stack.Stack{conv, stack.Ensemble{Name: "e", Branches: []stack.Stack{{conv}, {bare, stack.BatchNorm{Act: compute.Tanh}}, {stack.Activation{Act: compute.Sigmoid}}}}, dense},
		"Ensemble, first":           stack.Stack{stack.Ensemble{Branches: []stack.Stack{{conv}, {conv, conv}}}, dense},
		"Residual":                  stack.Stack{conv, stack.Residual{Main: stack.Stack{conv}, Act: compute.Tanh}, dense},
		"Residual, first":           stack.Stack{stack.Residual{Main: stack.Stack{conv}, Skip: stack.Stack{stack.Conv{Units: 2, Window: 1}}}, dense},
		"Residual, first, x itself": stack.Stack{stack.Residual{Main: stack.Stack{conv, stack.Activation{Act: compute.Tanh}}}, dense},
		"Residual, first, skip without weights": stack.Stack{
			stack.Residual{Main: stack.Stack{conv}, Skip: stack.Stack{stack.Activation{Act: compute.Tanh}}}, conv, dense},
		"Residual, no weights": stack.Stack{conv, stack.Residual{Main: stack.Stack{stack.Activation{Act: compute.Tanh}}}, dense},
		"Residual, skip": stack.Stack{conv, stack.Residual{Act: compute.ReLU,
			Main: stack.Stack{stack.Conv{Name: "a", Units: 3, Window: 3, Stride: 2, Pad: 1}, stack.BatchNorm{Act: compute.ReLU}, stack.Conv{Units: 3, Window: 3, Pad: 1}},
			Skip: stack.Stack{stack.Conv{Units: 3, Window: 1, Stride: 2}, stack.BatchNorm{}},
		}, dense},
		"Residual in Residual": stack.Stack{conv, stack.Residual{Main: stack.Stack{conv, stack.Residual{Main: stack.Stack{conv}}}}, dense},
	}
	for _, a := range compute.Acts[1:] {
		all[fmt.Sprint("Activation ", a)] = stack.Stack{conv, stack.Activation{Act: a}, dense}
		all[fmt.Sprint("Dense ", a)] = stack.Stack{stack.Dense{Units: 4, Act: a}, dense}
		all[fmt.Sprint("Conv ", a)] = stack.Stack{stack.Conv{Units: 2, Window: 3, Act: a}, dense}
		all[fmt.Sprint("BatchNorm ", a)] = stack.Stack{bare, stack.BatchNorm{Act: a}, dense}
	}
	return all
}

// A slope is a network whose f = Σ c·logits is differentiated.
type slope struct {
	net  *stack.Net
	x, c []float32
}

func newSlope(t *testing.T, l lab.Lab, spec stack.Spec) slope {
	t.Helper()
	in := nets.Shape{Height: 5, Width: 4, Channels: 2}
	net := l.Net(t, spec, in, stack.Backprop{}, 5)
	rnd := rand.New(rand.NewPCG(4, 2))
	return slope{net, lab.Normals(rnd, 3*in.Len()), lab.Normals(rnd, 3*net.Classes)}
}

// value is f and, if that is wanted, leaves the gradients of f. Each pass has the same dropout.
func (d slope) value(t *testing.T, l lab.Lab, backward bool) (f float64) {
	t.Helper()
	l.Pass(t, d.net, d.x, nil, func(p *stack.Pass, x *compute.Tensor) {
		p.Training = true
		y, c := d.net.Forward(p, x), p.Tensor(3, d.net.Classes)
		p.Write(c, d.c)
		if backward {
			d.net.Backward(p, c)
		}
		for i, v := range lab.Float64s(y) {
			f += float64(d.c[i]) * v
		}
	})
	return f
}

// run gives f and its gradients.
func (d slope) run(t *testing.T, l lab.Lab) lab.Results {
	f := d.value(t, l, true)
	out := l.Grads(t, d.net)
	out[""] = []float64{f}
	return out
}

// TestFiniteDifferences: what a layer sends down, and its gradients, are the slopes of what it computes, in float64.
//
// With D(h) = (f(w+h) − f(w−h))/2h = f′ + c·h² + O(h⁴), R = (4·D(h/2) − D(h))/3 is f′ + O(h⁴), and is nearer to f′
// than D(h/2) is: |R − D(h/2)| bounds its error. A rounding error of f is in R up to 3/h times.
func TestFiniteDifferences(t *testing.T) {
	const h = 0x1p-16 // so small that no weight here takes ReLU or a maximum past a kink
	all := layered()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		spec := all[name]
		t.Run(name, func(t *testing.T) {
			l := lab.Exact(t)
			d := newSlope(t, l, spec)
			var made slope
			_, bound := lab.Spread(t, lab.Float64ulp, 0, 24, func(t *testing.T, l lab.Lab) lab.Results {
				if made.net == nil {
					made = newSlope(t, l, spec)
				}
				return made.run(t, l)
			})
			got := d.run(t, l)
			want := lab.Results{}
			for _, n := range d.net.Tensors() {
				if n.Role != nets.Weight {
					continue
				}
				w := lab.Float64s(n.Value)
				for i, at := range w {
					central := func(h float64) float64 {
						w[i] = at + h
						f := d.value(t, l, false)
						w[i] = at - h
						f -= d.value(t, l, false)
						w[i] = at
						return f / (2 * h)
					}
					half := central(h / 2)
					r := (4*half - central(h)) / 3
					want[n.Name] = append(want[n.Name], r)
					bound[n.Name][i] += math.Abs(r-half) + 3/h*bound[""][0]
				}
			}
			lab.Agree(t, "gradients", got, want, bound, 1)
			lab.Telling(t, "gradients", want, bound, 1e-5)
		})
	}
}
