package stack_test

import (
	"math"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/stack"
)

// TestTriangle: what the layers of a triangle network make of an image, by their definitions.
func TestTriangle(t *testing.T) {
	root := math.Pow(3, 0.75)
	for name, c := range map[string]struct {
		in   nets.Shape
		x    []float32
		of   stack.Spec
		want []float64
	}{
		"Centre":         {nets.Shape{Height: 1, Width: 2, Channels: 4}, []float32{1, 2, 6, -1, -3, 0, 0, 1}, stack.Centre{}, []float64{-1, 0, 4, -3, -2.5, 0.5, 0.5, 1.5}},
		"Rectified":      {nets.Row(4), []float32{3, -3, 0, 1}, stack.Rectified{Power: 0.75}, []float64{root, 0, 0, 1}},
		"Rectified by 1": {nets.Row(3), []float32{3, -3, 0.5}, stack.Rectified{Power: 1}, []float64{3, 0, 0.5}},
		"Reflect": {nets.Shape{Height: 3, Width: 4, Channels: 1}, []float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, stack.Reflect{Pad: 2}, []float64{
			10, 9, 8, 9, 10, 11, 10, 9,
			6, 5, 4, 5, 6, 7, 6, 5,
			2, 1, 0, 1, 2, 3, 2, 1,
			6, 5, 4, 5, 6, 7, 6, 5,
			10, 9, 8, 9, 10, 11, 10, 9,
			6, 5, 4, 5, 6, 7, 6, 5,
			2, 1, 0, 1, 2, 3, 2, 1,
		}},
	} {
		l := lab.Exact(t)
		spec := stack.Stack{stack.Group{Name: "g", Layers: stack.Stack{c.of}}, stack.Flatten{}, stack.Dense{Name: "top", Units: 2}}
		net := l.Net(t, spec, c.in, stack.Backprop{}, 1)
		must.Do(t, net.Watch("g"))
		l.Pass(t, net, c.x, nil, func(p *stack.Pass, x *compute.Tensor) {
			net.Forward(p, x)
			got := lab.Float64s(net.Watched())
			if len(got) != len(c.want) {
				t.Fatalf("%s: %d numbers, want %d", name, len(got), len(c.want))
			}
			for i, want := range c.want {
				if math.Abs(got[i]-want) > 1e-12 {
					t.Errorf("%s: number %d is %.15g, want %.15g", name, i, got[i], want)
				}
			}
		})
	}
}

// TestTriangleNetworks: parameters of the networks by their names, and which layers stand where.
func TestTriangleNetworks(t *testing.T) {
	image := nets.Shape{Height: 28, Width: 28, Channels: 1}
	for name, want := range map[string]int{
		"softhebb:32":                           32*25 + 10*(7*7*32+1),
		"softhebb:8-12,pool=2,window=3":         8*9 + 12*8*9 + 10*(7*7*12+1),
		"softhebb:8,pool=1,power=1.5,dropout=0": 8*25 + 10*(28*28*8+1),
		"softhebb:0":                            10 * (784 + 1),
		"softhebb-dense:20-30,power=1":          20*784 + 30*20 + 10*(30+1),
	} {
		spec := must.Get(stack.Parse(name, image, 10))(t)
		net := must.Get(stack.New(lab.Bare(t).Device, spec, image, stack.Backprop{}, 1))(t)
		if got := net.Parameters(); got != want {
			t.Errorf("%s: %d parameters, want %d", name, got, want)
		}
		if first := net.Weights[0]; first.Init != stack.Wide && len(net.Weights) > 1 || !strings.HasPrefix(first.Name, "layer1.") && len(net.Weights) > 1 {
			t.Errorf("%s: the first weights are %s, of %v", name, first.Name, first.Init)
		}
	}
}
