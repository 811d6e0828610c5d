package stack

import (
	"fmt"
	"strconv"
	"strings"

	"hebb/compute"
)

// A triangleForm describes the networks "softhebb:" and "softhebb-dense:".
type triangleForm struct {
	units  []int // of each hidden layer
	dense  bool
	window int // of convolutions, odd
	pool   int // window and stride; 1: none
	power  float32
	drop   float32 // share of the features that the output layer does without
}

// triangles returns a network whose hidden layers have normalised inputs and triangle activations.
func triangles(name, arg string, dense bool, classes int) (Spec, error) {
	f := triangleForm{dense: dense, window: 5, pool: 4, power: 0.7, drop: 0.5}
	if dense {
		f.pool = 1
	}
	sizes, options, _ := strings.Cut(arg, ",")
	for text := range strings.SplitSeq(sizes, "-") {
		if sizes == "0" {
			break
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("network %s, want the units of each hidden layer with dashes between them, as %s:32-64, or 0 for none", name, strings.Split(name, ":")[0])
		}
		f.units = append(f.units, n)
	}
	if options != "" {
		for o := range strings.SplitSeq(options, ",") {
			if err := f.set(o); err != nil {
				return nil, fmt.Errorf("network %s: %w", name, err)
			}
		}
	}
	return f.spec(classes), nil
}

// set reads a KEY=VALUE option.
func (f *triangleForm) set(option string) error {
	key, value, _ := strings.Cut(option, "=")
	whole, notWhole := strconv.Atoi(value)
	x, notNumber := strconv.ParseFloat(value, 32)
	want := ""
	switch {
	case key == "window" && !f.dense:
		if f.window = whole; notWhole != nil || whole < 3 || whole%2 == 0 {
			want = "an odd number of at least 3"
		}
	case key == "pool" && !f.dense:
		if f.pool = whole; notWhole != nil || whole < 1 {
			want = "a whole number of at least 1"
		}
	case key == "power":
		if f.power = float32(x); notNumber != nil || !(0 < f.power && f.power <= 4) {
			want = "a number within (0, 4]"
		}
	case key == "dropout":
		if f.drop = float32(x); notNumber != nil || !(0 <= f.drop && f.drop < 1) {
			want = "a share within [0, 1)"
		}
	case f.dense:
		return fmt.Errorf("%q, want power or dropout", option)
	default:
		return fmt.Errorf("%q, want window, pool, power or dropout", option)
	}
	if want != "" {
		return fmt.Errorf("%q, want %s", option, want)
	}
	return nil
}

// spec returns the network.
func (f triangleForm) spec(classes int) Spec {
	var s Stack
	for i, units := range f.units {
		s = append(s, Group{fmt.Sprint("layer", i+1), f.weights(units)}, Centre{Name: fmt.Sprint("centre", i+1)})
		if f.pool > 1 {
			s = append(s, Pool{Name: fmt.Sprint("pool", i+1), Pooling: compute.MaxPool, Window: f.pool})
		}
		s = append(s, Rectified{Name: fmt.Sprint("power", i+1), Power: f.power})
	}
	return append(s, Flatten{Name: "flatten"}, Group{"output", Stack{Dropout{Name: "dropout", Rate: f.drop}, Dense{Name: "fc", Units: classes}}})
}

// weights returns the weights of a hidden layer, after the normalisation of its inputs.
func (f triangleForm) weights(units int) Stack {
	norm := BatchNorm{Name: "norm", Plain: true}
	if f.dense {
		return Stack{norm, Dense{Name: "fc", Units: units, NoBias: true, Init: Wide}}
	}
	return Stack{norm, Reflect{Name: "border", Pad: f.window / 2}, Conv{Name: "conv", Units: units, Window: f.window, Init: Wide}}
}
