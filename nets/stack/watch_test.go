package stack_test

import (
	"errors"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/credit"
	"hebb/nets/internal/lab"
	"hebb/nets/local"
	"hebb/nets/stack"
)

// TestWatch: of each layer the output is kept that the next one gets, in blocks and branches too, under rules of both kinds.
func TestWatch(t *testing.T) {
	l := lab.Single(t)
	small := nets.Shape{Height: 8, Width: 8, Channels: 1}
	for _, c := range []struct {
		name, layers string
		in           nets.Shape
		rule         stack.Rule
	}{
		{"mlp:64-12-10-4,norm=batch,dropout=0.5", "0 fc1 bn1 3 fc2 bn2 6 fc3", small, credit.Backprop{}},
		{"mlp:64-12-10-4,norm=batch,dropout=0.5", "0 fc1 bn1 3 fc2 bn2 6 fc3", small, local.DefaultPHSIC},
		{"mlp:64-6-4,branches=2", "0 branches.0.fc1 branches.1.fc1 branches fc2", small, credit.Backprop{}},
		{"lenet5", "conv1 1 conv2 3 4 fc1 fc2 fc3", nets.Shape{Height: 16, Width: 16, Channels: 1}, credit.Backprop{}},
		{"resnet8", "conv1 bn1 layer1.0.conv1 layer1.0.bn1 layer1.0.conv2 layer1.0.bn2 layer1.0", small, credit.Backprop{}},
	} {
		net := parse(t, l, c.name, c.in, 4, c.rule)
		var names []string
		for _, layer := range net.Layers() {
			names = append(names, layer.Name)
		}
		if got := strings.Join(names, " "); !strings.HasPrefix(got, c.layers) {
			t.Errorf("%s has the layers %s, want %s", c.name, got, c.layers)
		}
		x, labels := stripes(c.in, 4, 2)
		inputs := map[string]*compute.Tensor{}
		for _, layer := range net.Layers() {
			must.Do(t, net.Watch(layer.Name))
			l.Pass(t, net, x, labels, func(p *stack.Pass, x *compute.Tensor) {
				net.Forward(p, x)
				for _, w := range net.Weights {
					inputs[w.Name] = w.X
					if w.Name == layer.Name && w.Y != net.Watched() {
						t.Errorf("%s: of %s another tensor is kept", c.name, layer.Name)
					}
				}
				if want := 8 * layer.Out.Len(); net.Watched().Len() != want {
					t.Errorf("%s: %s has %d numbers, want %d", c.name, layer.Name, net.Watched().Len(), want)
				}
				if next := map[string]string{"layer1.0": "layer2.0.conv1", "bn1": "layer1.0.conv1"}[layer.Name]; next != "" && c.name == "resnet8" && inputs[next] != net.Watched() {
					t.Errorf("%s: what is kept of %s is not what %s gets", c.name, layer.Name, next)
				}
			})
		}
		err := net.Watch("fc9")
		if !errors.Is(err, stack.ErrLayer) || !strings.Contains(err.Error(), strings.Join(names, ", ")) {
			t.Errorf("%s: %v, want all names", c.name, err)
		}
	}
}
