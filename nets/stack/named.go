package stack

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"hebb/compute"
	"hebb/internal/count"
	"hebb/nets"
)

// Networks lists the names that [Parse] reads, with descriptions.
var Networks = []struct{ Name, About string }{
	{"mlp:IN-HIDDEN-…-OUT", "dense layers: mlp:784-500-10, ReLU; mlp-sigmoid:… and mlp-tanh:…, with weights balanced at first"},
	{"mlp:…,KEY=VALUE,…", "act=relu|leaky|selu|tanh|sigmoid|lwta (pairs)|sign|bernoulli; norm=batch|plain (without scale and shift); dropout=0.1; bias=false (of hidden layers)|none; init=torch|fan-out|balanced|fan-in|orthogonal|wide|SD (normal, biases 0); divisive=GROUPS (normalisation); branches=N (the mean of N such)"},
	{"lenet5", "LeCun et al. 1998 with ReLU and max pooling"},
	{"lenet1989", "LeCun et al. 1989, with all connections between the maps: strided convolutions and no pooling, tanh, orthogonal weights"},
	{"resnet8, resnet20, resnet32, resnet56", "He et al. 2016 for small images: 16, 32 and 64 channels"},
	{"resnet18, resnet34, resnet50", "torchvision's; a 3×3 stem without pooling for images up to 64×64, or resnet18:3x3, resnet18:7x7"},
	{"vgg8b", "Nøkland and Eidnes 2019"},
	{"softhebb:UNITS-UNITS-…,KEY=VALUE,…", "Journé et al. 2023: convolutions with normalised inputs, mirrored borders and triangle activations, and a linear readout; window=5, pool=4, power=0.7, dropout=0.5; softhebb:0 is the readout alone"},
	{"softhebb-dense:UNITS-…,KEY=VALUE,…", "the same of dense layers; power, dropout"},
}

// An UnknownError is the error of [Parse] for a name that is no network's.
type UnknownError string

func (e UnknownError) Error() string {
	names := make([]string, len(Networks))
	for i, n := range Networks {
		names[i] = n.Name
	}
	return fmt.Sprintf("network %q, want one of %s", string(e), strings.Join(names, "; "))
}

// Parse returns the network of a name, see [Networks], for examples of a shape. The sizes of an mlp must agree with it.
func Parse(name string, in nets.Shape, classes int) (Spec, error) {
	base, arg, _ := strings.Cut(name, ":")
	switch base {
	case "mlp":
		return mlp(arg, compute.ReLU, Torch, in, classes)
	case "mlp-sigmoid":
		return mlp(arg, compute.Sigmoid, Balanced, in, classes)
	case "mlp-tanh":
		return mlp(arg, compute.Tanh, Balanced, in, classes)
	case "lenet5":
		return noArg(name, arg, lenet5(classes))
	case "lenet1989":
		return noArg(name, arg, lenet1989(classes))
	case "vgg8b":
		return noArg(name, arg, vgg8b(classes))
	case "softhebb", "softhebb-dense":
		return triangles(name, arg, base == "softhebb-dense", classes)
	}
	if depth, err := strconv.Atoi(strings.TrimPrefix(base, "resnet")); err == nil && strings.HasPrefix(base, "resnet") {
		if s, err := resnet(depth, arg, in, classes); s != nil || err != nil {
			return s, err
		}
	}
	return nil, UnknownError(name)
}

func noArg(name, arg string, s Spec) (Spec, error) {
	if arg != "" {
		return nil, fmt.Errorf("network %q: nothing is known of %q", name, arg)
	}
	return s, nil
}

// An mlpForm describes the hidden layers of an mlp.
type mlpForm struct {
	act      compute.Act
	unit     func(name string) Spec // returns a layer of units, in place of act; or nil
	init     Init
	norm     string
	dropout  float32
	noBias   bool // hidden layers have no bias
	none     bool // nor does the output layer
	divisive int
	branches int
}

var mlpActs = map[string]compute.Act{"relu": compute.ReLU, "leaky": compute.LeakyReLU, "selu": compute.SELU, "tanh": compute.Tanh, "sigmoid": compute.Sigmoid}

var mlpUnits = map[string]func(name string) Spec{
	"lwta":      func(name string) Spec { return LWTA{Name: name, Group: 2} },
	"sign":      func(name string) Spec { return Sign{Name: name} },
	"bernoulli": func(name string) Spec { return Bernoulli{Name: name} },
}

// mlpValues describes the values of each option.
var mlpValues = map[string]string{
	"act": "relu, leaky, selu, tanh, sigmoid, lwta, sign or bernoulli", "norm": "batch or plain", "dropout": "a share within [0, 1)", "bias": "true, false or none",
	"init":     strings.Join(initNames, ", ") + " or a standard deviation of at least 0",
	"branches": "a whole number of at least 1", "divisive": "a number of groups, at least 1",
}

// set reads a KEY=VALUE option.
func (f *mlpForm) set(option string) (err error) {
	key, value, _ := strings.Cut(option, "=")
	known := true
	switch key {
	case "act":
		f.act, known = mlpActs[value]
		if f.unit = mlpUnits[value]; f.unit != nil {
			f.act, known = compute.Identity, true
		}
	case "norm":
		f.norm, known = value, value == "batch" || value == "plain"
	case "dropout":
		var x float64
		x, err = strconv.ParseFloat(value, 32)
		f.dropout, known = float32(x), 0 <= x && x < 1
	case "init":
		f.init, known = ParseInit(value)
	case "bias":
		b := false
		if f.none = value == "none"; !f.none {
			b, err = strconv.ParseBool(value)
		}
		f.noBias = !b
	case "branches":
		f.branches, err = strconv.Atoi(value)
		known = f.branches > 0
	case "divisive":
		f.divisive, err = strconv.Atoi(value)
		known = f.divisive > 0
	default:
		return fmt.Errorf("%q, want act, norm, dropout, bias, init, divisive or branches", option)
	}
	if err != nil || !known {
		return fmt.Errorf("%q, want %s", option, mlpValues[key])
	}
	return nil
}

// hidden returns a hidden layer, with its normalisation and dropout.
func (f mlpForm) hidden(number, units int) (s Stack) {
	d := Dense{Name: fmt.Sprint("fc", number), Units: units, Act: f.act, Init: f.init, NoBias: f.noBias}
	if f.norm != "" {
		d.Act = compute.Identity
	}
	s = Stack{d}
	if f.norm != "" {
		s = append(s, BatchNorm{Name: fmt.Sprint("bn", number), Act: f.act, Plain: f.norm == "plain"})
	}
	if f.unit != nil {
		s = append(s, f.unit(fmt.Sprint("units", number)))
	}
	if f.divisive > 0 {
		s = append(s, Divisive{Groups: f.divisive, Power: 0.2, Delta: 1})
	}
	if f.dropout > 0 {
		s = append(s, Dropout{Rate: f.dropout})
	}
	return s
}

func mlp(arg string, act compute.Act, init Init, in nets.Shape, classes int) (Spec, error) {
	form := mlpForm{act: act, init: init}
	sizes, options, _ := strings.Cut(arg, ",")
	if options != "" {
		for o := range strings.SplitSeq(options, ",") {
			if err := form.set(o); err != nil {
				return nil, fmt.Errorf("network mlp:%s: %w", arg, err)
			}
		}
	}
	n, err := mlpSizes(sizes, in, classes)
	if err != nil {
		return nil, err
	}
	var s Stack
	last := len(n) - 1
	for i, units := range n[1:last] {
		s = append(s, form.hidden(i+1, units)...)
	}
	if form.branches > 1 {
		if last < 2 {
			return nil, fmt.Errorf("network mlp:%s: branches of no hidden layer", arg)
		}
		s = Stack{Ensemble{Name: "branches", Branches: slices.Repeat([]Stack{s}, form.branches)}}
	}
	s = append(Stack{Flatten{}}, s...)
	return append(s, Dense{Name: fmt.Sprint("fc", last), Units: n[last], Init: form.init, NoBias: form.none}), nil
}

// mlpSizes reads IN-HIDDEN-…-OUT.
func mlpSizes(sizes string, in nets.Shape, classes int) (n []int, err error) {
	for s := range strings.SplitSeq(sizes, "-") {
		k, err := strconv.Atoi(s)
		if err != nil || k < 1 {
			return nil, fmt.Errorf("network mlp:%s, want sizes of at least 1 with dashes between them, as mlp:784-500-10", sizes)
		}
		n = append(n, k)
	}
	switch last := len(n) - 1; {
	case last < 1:
		return nil, fmt.Errorf("network mlp:%s, want at least two sizes", sizes)
	case n[0] != in.Len():
		return nil, fmt.Errorf("network mlp:%s takes %s, and the examples are %v, %s", sizes, count.Of(n[0], "number"), in, count.Of(in.Len(), "number"))
	case n[last] != classes:
		return nil, fmt.Errorf("network mlp:%s makes %s, and there are %d classes", sizes, count.Of(n[last], "number"), classes)
	}
	return n, nil
}

func lenet5(classes int) Spec {
	relu := compute.ReLU
	half := Pool{Pooling: compute.MaxPool, Window: 2}
	return Stack{
		Conv{Name: "conv1", Units: 6, Window: 5, Pad: 2, Act: relu, Bias: true}, half,
		Conv{Name: "conv2", Units: 16, Window: 5, Act: relu, Bias: true}, half,
		Flatten{},
		Dense{Name: "fc1", Units: 120, Act: relu}, Dense{Name: "fc2", Units: 84, Act: relu}, Dense{Name: "fc3", Units: classes},
	}
}

// lenet1989 has one bias for each map; the paper has one for each place.
func lenet1989(classes int) Spec {
	conv := func(name string) Conv {
		return Conv{Name: name, Units: 12, Window: 5, Stride: 2, Pad: 2, Act: compute.Tanh, Bias: true, Init: Orthogonal}
	}
	return Stack{conv("conv1"), conv("conv2"), Flatten{},
		Dense{Name: "fc1", Units: 30, Act: compute.Tanh, Init: Orthogonal}, Dense{Name: "fc2", Units: classes, Init: Orthogonal}}
}

// vgg8b has six convolutions and one hidden dense layer, with dropout 0.2 after each block.
func vgg8b(classes int) Spec {
	var s Stack
	n := 0
	block := func(units int, pool bool) {
		n++
		s = append(s,
			Conv{Name: fmt.Sprint("conv", n), Units: units, Window: 3, Pad: 1, Init: FanOut},
			BatchNorm{Name: fmt.Sprint("bn", n), Act: compute.ReLU},
			Dropout{Rate: 0.2})
		if pool {
			s = append(s, Pool{Pooling: compute.MaxPool, Window: 2})
		}
	}
	block(128, false)
	block(256, true)
	block(256, false)
	block(512, true)
	block(512, true)
	block(512, true)
	return append(s, Flatten{},
		Dense{Name: "fc1", Units: 1024, NoBias: true}, BatchNorm{Name: "bn7", Act: compute.ReLU}, Dropout{Rate: 0.2},
		Dense{Name: "fc2", Units: classes})
}
