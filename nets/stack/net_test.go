package stack_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/credit"
	"hebb/nets/internal/lab"
	"hebb/nets/local"
	"hebb/nets/settle"
	"hebb/nets/stack"
	"hebb/nets/targets"
)

// chains are the rules for chains of layers without pooling, and refusing names the rules that refuse a network.
var (
	chains   = []string{"pbp", "dtp", "dni", "cdni", "lra-e", "lra-diff", "lra-fdbk", "pc", "softhebb"}
	refusing = map[string][]string{"mlp-tanh:64-20-4": {"softhebb"}, "lenet5": chains, "resnet8": append(slices.Clone(chains), "altmin")}
)

// TestLearns: every rule brings down the loss of networks of each family, and verifies each op as it runs; a rule that
// refuses a network names the layer.
func TestLearns(t *testing.T) {
	const classes, each, steps = 4, 4, 12
	for name, in := range map[string]nets.Shape{
		"mlp-tanh:64-20-4": {Height: 8, Width: 8, Channels: 1}, "lenet5": {Height: 16, Width: 16, Channels: 1}, "resnet8": {Height: 8, Width: 8, Channels: 1},
	} {
		for _, r := range slices.Concat(credit.Rules, local.Rules, targets.Rules, settle.Rules) {
			if slices.Contains(refusing[name], r.Name) {
				spec, err := stack.Parse(name, in, classes)
				if err == nil {
					_, err = stack.New(lab.Bare(t).Device, spec, in, r.Rule, 1)
				}
				if err == nil || !strings.Contains(err.Error(), "layer ") {
					t.Errorf("%s under %s: %v, want an error that names a layer", name, r.Name, err)
				}
				continue
			}
			t.Run(name+"/"+r.Name, func(t *testing.T) {
				rule := r.Rule
				switch r := rule.(type) {
				case credit.WeightMirror:
					r.Before = 20 // as checked ops take long
					rule = r
				case local.PHSIC:
					r.Sigma = 30 // 5 is for layers of few units
					rule = r
				case local.HSICBottleneck:
					r.Lambda = 2 // 50 is for networks with batch normalisation, at small rates
					rule = r
				}
				l := lab.Single(t)
				tr := lab.Trainer(t, parse(t, l, name, in, classes, rule), nets.SGD{Momentum: 0.9}, nets.CrossEntropy)
				x, labels := stripes(in, classes, each)
				var losses []float64
				for range steps {
					must.Do(t, tr.Step(x, labels, 0.02))
					s := must.Get(tr.Score())(t)
					losses = append(losses, s.Loss)
				}
				if !(losses[steps-1] < losses[0]) {
					t.Errorf("the losses are %.4g", losses)
				}
			})
		}
	}
}

func parse(t *testing.T, l lab.Lab, name string, in nets.Shape, classes int, rule stack.Rule) *stack.Net {
	t.Helper()
	spec := must.Get(stack.Parse(name, in, classes))(t)
	net := l.Net(t, spec, in, rule, 1)
	return net
}

// stripes are noisy images of a class each: a pattern of columns that is shifted from class to class.
func stripes(in nets.Shape, classes, each int) (x, labels []float32) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range classes * each {
		labels = append(labels, float32(i%classes))
		for j := range in.Len() {
			x = append(x, float32(0.3*rnd.NormFloat64())+float32((j/4%4+i)%4/3))
		}
	}
	return x, labels
}

// TestNetworks: the named networks have the structure of their papers: so many parameters, counted by hand or, of
// torchvision's, by torchvision, and the names that PyTorch would give them.
func TestNetworks(t *testing.T) {
	vgg := 9*(1*128+128*256+256*256+256*512+512*512+512*512) + 2*(128+2*256+3*512) + 512*1024 + 2*1024 + 1024*10 + 10
	small, large := nets.Shape{Height: 32, Width: 32, Channels: 3}, nets.Shape{Height: 224, Width: 224, Channels: 3}
	for _, c := range []struct {
		name       string
		in         nets.Shape
		classes    int
		parameters int
		has        []string
	}{
		{"mlp:3072-100-10", small, 10, 3072*100 + 100 + 100*10 + 10, []string{"fc1.weight", "fc2.bias"}},
		{"mlp:3072-100-10,norm=plain,act=leaky,dropout=0.1", small, 10, 3072*100 + 100 + 100*10 + 10, []string{"bn1.running_mean"}},
		{"mlp:3072-100-10,norm=batch,bias=false,divisive=4", small, 10, 3072*100 + 2*100 + 100*10 + 10, []string{"bn1.weight", "fc1.weight"}},
		{"mlp:3072-100-10,bias=none,act=lwta,init=0.1", small, 10, 3072*100 + 100*10, []string{"fc1.weight", "fc2.weight"}},
		{"mlp:3072-100-10,branches=3", small, 10, 3*(3072*100+100) + 100*10 + 10, []string{"branches.2.fc1.weight", "fc2.bias"}},
		{"lenet5", nets.Shape{Height: 28, Width: 28, Channels: 1}, 10, 61706, []string{"conv1.bias", "fc3.weight"}},
		{"lenet1989", nets.Shape{Height: 16, Width: 16, Channels: 1}, 10, 12*25 + 12 + 12*12*25 + 12 + 12*16*30 + 30 + 310, []string{"conv2.bias", "fc2.weight"}},
		{"resnet20", small, 10, 272474, []string{"layer2.0.downsample.0.weight", "layer3.2.bn2.running_var"}},
		{"resnet18:7x7", large, 1000, 11689512, []string{"layer4.0.downsample.1.running_mean", "fc.bias"}},
		{"resnet18", small, 10, 11173962, []string{"conv1.weight", "layer1.1.conv2.weight"}},
		{"resnet34", large, 1000, 21797672, []string{"layer3.5.bn2.bias"}},
		{"resnet50", large, 1000, 25557032, []string{"layer1.0.downsample.0.weight", "layer4.2.conv3.weight"}},
		{"vgg8b", nets.Shape{Height: 28, Width: 28, Channels: 1}, 10, vgg, []string{"conv6.weight", "fc2.weight"}},
	} {
		net := parse(t, staged(), c.name, c.in, c.classes, stack.Backprop{})
		if net.Parameters() != c.parameters {
			t.Errorf("%s has %d parameters, want %d", c.name, net.Parameters(), c.parameters)
		}
		var names []string
		for _, n := range net.Tensors() {
			names = append(names, n.Name)
		}
		for _, name := range c.has {
			if !slices.Contains(names, name) {
				t.Errorf("%s has no %s", c.name, name)
			}
		}
		if net.Classes != c.classes || !net.Weights[0].First || !net.Weights[len(net.Weights)-1].Last {
			t.Errorf("%s: %d classes, first %v, last %v", c.name, net.Classes, net.Weights[0].First, net.Weights[len(net.Weights)-1].Last)
		}
	}
}

// TestStrides: a block halves the image where its paper, and torchvision, halve it.
func TestStrides(t *testing.T) {
	image := func(side, channels int) nets.Shape {
		return nets.Shape{Height: side, Width: side, Channels: channels}
	}
	for _, c := range []struct {
		net  string
		side int
		out  map[string]nets.Shape
	}{
		{"resnet20", 32, map[string]nets.Shape{
			"conv1": image(32, 16), "layer1.2.conv2": image(32, 16), "layer2.0.conv1": image(16, 32), "layer2.0.downsample.0": image(16, 32),
			"layer3.0.conv1": image(8, 64), "layer3.2.conv2": image(8, 64)}},
		{"resnet18:7x7", 224, map[string]nets.Shape{
			"conv1": image(112, 64), "layer1.0.conv1": image(56, 64), "layer2.0.conv1": image(28, 128), "layer4.1.conv2": image(7, 512)}},
		{"resnet18", 32, map[string]nets.Shape{"conv1": image(32, 64), "layer4.1.conv2": image(4, 512)}},
		{"resnet50", 224, map[string]nets.Shape{ // the stride is in the 3×3 convolution
			"layer2.0.conv1": image(56, 128), "layer2.0.conv2": image(28, 128), "layer2.0.conv3": image(28, 512), "layer4.2.conv3": image(7, 2048)}},
		{"vgg8b", 32, map[string]nets.Shape{
			"conv1": image(32, 128), "conv2": image(32, 256), "conv3": image(16, 256), "conv4": image(16, 512), "conv5": image(8, 512), "conv6": image(4, 512)}},
	} {
		net := parse(t, staged(), c.net, image(c.side, 3), 10, stack.Backprop{})
		for _, w := range net.Weights {
			if want, ok := c.out[w.Name]; ok && w.Out != want {
				t.Errorf("%s: %s makes %v, want %v", c.net, w.Name, w.Out, want)
			}
			delete(c.out, w.Name)
		}
		if len(c.out) > 0 {
			t.Errorf("%s has no %v", c.net, c.out)
		}
	}
}

// TestFirst: only weights with nothing to learn below them send nothing, and have no feedback weights.
func TestFirst(t *testing.T) {
	net := staged().Net(t, stack.Stack{
		stack.Residual{Name: "r",
			Main: stack.Stack{stack.Conv{Name: "a", Units: 2, Window: 1}, stack.Conv{Name: "b", Units: 2, Window: 1}},
			Skip: stack.Stack{stack.Conv{Name: "c", Units: 2, Window: 1}, stack.Conv{Name: "d", Units: 2, Window: 1}}},
		stack.Dense{Name: "e", Units: 2},
	}, lab.ImageIn, credit.FeedbackAlignment{}, 1)
	first := map[string]bool{"r.a": true, "r.downsample.c": true}
	for _, w := range net.Weights {
		if w.First != first[w.Name] || (w.B == nil) != first[w.Name] {
			t.Errorf("%s: first %v, feedback weights %v", w.Name, w.First, w.B != nil)
		}
	}
}

// staged is a device without memory, on which large networks cost nothing.
func staged() lab.Lab { return lab.Lab{Device: compute.New(&compute.Stage{})} }

// TestBadNames: a name that is not known, or does not fit, gets an error that says what was found and wanted.
func TestBadNames(t *testing.T) {
	in := nets.Shape{Height: 8, Width: 8, Channels: 3}
	for name, want := range map[string]string{
		"":                     `network "", want one of mlp:`,
		"perceptron":           `network "perceptron", want one of mlp:`,
		"resnet":               `network "resnet", want one of`,
		"resnet19":             `network "resnet19", want one of`,
		"resnet-20":            `network "resnet-20", want one of`,
		"resnet20:3x3":         `nothing is known of "3x3"`,
		"resnet18:5x5":         "want resnet18:3x3 or resnet18:7x7",
		"lenet5:big":           `nothing is known of "big"`,
		"vgg8b:x":              `nothing is known of "x"`,
		"mlp":                  "want sizes of at least 1",
		"mlp:":                 "want sizes of at least 1",
		"mlp:192":              "want at least two sizes",
		"mlp:192-0-4":          "want sizes of at least 1",
		"mlp:192-x-4":          "want sizes of at least 1",
		"mlp:192--4":           "want sizes of at least 1",
		"mlp:191-4":            "takes 191 numbers, and the examples are 8×8×3, 192 numbers",
		"mlp:192-5":            "makes 5 numbers, and there are 4 classes",
		"mlp:192-8-4,act=gelu": `"act=gelu", want relu, leaky, selu, tanh, sigmoid, lwta, sign or bernoulli`,
		"mlp:192-8-4,init=-1":  `"init=-1", want torch, fan-out, balanced, fan-in, orthogonal, wide or a standard deviation`, "mlp:192-8-4,init=1e39": `"init=1e39", want torch`,
		"mlp:192-8-4,init=nan": `"init=nan", want torch`, "mlp:192-8-4,init=he": `"init=he", want torch`,
		"mlp:192-8-4,dropout=nan": `"dropout=nan", want a share within [0, 1)`, "mlp:192-8-4,dropout=-0.1": `"dropout=-0.1", want a share`,
		"mlp:192-8-4,dropout=1": `"dropout=1", want a share`, "mlp:192-8-4,divisive=-2": `"divisive=-2", want a number of groups`,
		"mlp:192-8-4,norm=layer": `"norm=layer"`,
		"mlp:192-8-4,dropout=x":  `"dropout=x"`,
		"mlp:192-8-4,bias=2":     `"bias=2"`,
		"mlp:192-8-4,branches=0": `"branches=0"`,
		"mlp:192-4,branches=2":   "branches of no hidden layer",
		"mlp:192-8-4,width=3":    `"width=3", want act, norm`,
		"mlp-tanh:191-4":         "takes 191 numbers",
		"mlp-sigmoid:-1-4":       "want sizes of at least 1",
		"softhebb":               "want the units of each hidden layer", "softhebb:8-0": "want the units of each hidden layer",
		"softhebb:8,window=4": `"window=4", want an odd number of at least 3`, "softhebb:8,pool=0": `"pool=0", want a whole number`,
		"softhebb:8,power=0": `"power=0", want a number within (0, 4]`, "softhebb:8,power=nan": `"power=nan", want a number`,
		"softhebb:8,dropout=1": `"dropout=1", want a share within [0, 1)`, "softhebb:8,act=relu": `"act=relu", want window, pool, power or dropout`,
		"softhebb-dense:8,pool=2": `"pool=2", want power or dropout`, "softhebb-dense:x": "as softhebb-dense:32-64",
	} {
		spec, err := stack.Parse(name, in, 4)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %v, %v, want an error with %q", name, spec, err, want)
		}
	}
}

// TestBadSpecs: a network that cannot be is refused by the name of the layer that cannot.
func TestBadSpecs(t *testing.T) {
	in := nets.Shape{Height: 4, Width: 4, Channels: 2}
	conv, dense := stack.Conv{Name: "c", Units: 2, Window: 3}, stack.Dense{Name: "d", Units: 3}
	for _, c := range []struct {
		spec stack.Spec
		in   nets.Shape
		want string
	}{
		{stack.Stack{dense}, nets.Shape{}, "examples of 0×0×0"},
		{stack.Stack{conv, stack.Reflect{Name: "r", Pad: 2}, dense}, in, "r adds a border of 2 pixels to 2×2×2, want 1 to 1"},
		{stack.Stack{stack.Reflect{Name: "r"}, dense}, in, "r adds a border of 0 pixels"},
		{stack.Stack{dense, stack.Rectified{Name: "p", Power: 5}}, in, "p has a power of 5, want a number within (0, 4]"},
		{stack.Stack{}, in, "without weights"},
		{stack.Stack{stack.Flatten{}}, in, "without weights"},
		{stack.Stack{nil}, in, "layer 0 is nil"},
		{stack.Stack{dense, nil}, in, "layer 1 is nil"},
		{stack.Stack{conv}, in, "ends in 2×2×2, want one number per class"},
		{stack.Stack{dense, dense}, in, "two parameters are called d.weight"},
		{stack.Stack{stack.Dense{Name: "d"}}, in, "d has 0 units, want at least 1"},
		{stack.Stack{stack.Dense{Name: "d", Units: 2, Init: stack.Normal(float32(math.NaN()))}}, in, "d starts as normal NaN, want"},
		{stack.Stack{stack.Dense{Name: "d", Units: 2, Init: stack.Normal(-1)}}, in, "d starts as normal -1, want"},
		{stack.Stack{dense, stack.LWTA{Name: "u", Group: 2}}, in, "u has groups of 2 of 3 units"},
		{stack.Stack{dense, stack.LWTA{Name: "u"}}, in, "u has groups of 0"},
		{stack.Stack{stack.Conv{Name: "c", Window: 3}}, in, "c has 0 units"},
		{stack.Stack{stack.Conv{Name: "c", Units: 2}}, in, "c has a window of 0"},
		{stack.Stack{stack.Conv{Name: "c", Units: 2, Window: 5}}, in, "c has a window of 5×5, and its input is 4×4×2 with padding 0"},
		{stack.Stack{stack.Conv{Name: "c", Units: 2, Window: 3, Stride: -1}}, in, "stride -1"},
		{stack.Stack{stack.Conv{Name: "c", Units: 2, Window: 3, Pad: -1}}, in, "padding -1"},
		{stack.Stack{conv, conv2(), stack.Pool{Name: "p", Window: 2}}, in, "p has a window of 2×2, and its input is 2 with padding 0"},
		{stack.Stack{stack.Dropout{Name: "x", Rate: 1}, dense}, in, "x drops 1 of its input"},
		{stack.Stack{stack.Dropout{Rate: -0.5}, dense}, in, "0 drops -0.5 of its input"},
		{stack.Stack{stack.BatchNorm{Name: "bn"}, dense}, in, "bn stands before any weights"},
		{stack.Stack{Gain{Name: "own"}, dense}, in, "own stands before any weights"},
		{stack.Stack{stack.Residual{Name: "r", Main: stack.Stack{conv}}, dense}, in, "r adds 4×4×2 to 2×2×2"},
		{stack.Stack{stack.Residual{Name: "r", Main: stack.Stack{stack.Dense{Name: "d"}}}, dense}, in, "r.d has 0 units"},
		{stack.Stack{stack.Residual{Name: "r", Main: stack.Stack{conv}, Skip: stack.Stack{stack.Conv{Window: 3}}}, dense}, in, "r.downsample.0 has 0 units"},
	} {
		_, err := stack.New(staged().Device, c.spec, c.in, stack.Backprop{}, 1)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want an error with %q", c.spec, err, c.want)
		}
	}
}

func conv2() stack.Spec { return stack.Conv{Units: 2, Window: 2} }
