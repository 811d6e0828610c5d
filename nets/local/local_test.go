package local_test

import (
	"maps"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/local"
	"hebb/nets/stack"
)

// A scene is what the objective of a block sees, in float64.
type scene struct {
	block   string
	z       [][]float64 // its output, a row per example, channels innermost
	places  int         // of an image
	x       [][]float64 // the input of the network
	classes []int
	of      int                  // classes
	branch  int                  // −1: there are none
	own     map[string][]float64 // the objective's own parameters
}

// An objective is a rule and what it is to descend, written down once more.
type objective struct {
	rule stack.Local
	j    func(scene) float64
}

func phsic(change func(*local.PHSIC)) objective {
	r := local.DefaultPHSIC
	r.Sigma = 1.5
	change(&r)
	return objective{r, func(s scene) float64 { return phsicObjective(r, s) }}
}

func hsic(change func(*local.HSICBottleneck)) objective {
	r := local.DefaultHSIC
	r.Sigma, r.Eps, r.Lambda = "0.75", 1e-2, 8
	change(&r)
	return objective{r, func(s scene) float64 { return bottleneckObjective(r, s) }}
}

func localErrors(r local.LocalError) objective {
	return objective{r, func(s scene) float64 { return errorObjective(r, s) }}
}

var locals = map[string]objective{
	"phsic":                   phsic(func(*local.PHSIC) {}),
	"phsic, cosine":           phsic(func(r *local.PHSIC) { r.Kernel = "cosine" }),
	"phsic, linear":           phsic(func(r *local.PHSIC) { r.Kernel = "linear" }),
	"phsic, biased":           phsic(func(r *local.PHSIC) { r.Biased, r.Gamma = true, 3 }),
	"phsic, gamma 0":          phsic(func(r *local.PHSIC) { r.Gamma = 0 }),
	"phsic, groups":           phsic(func(r *local.PHSIC) { r.Groups, r.Sigma = 2, 0.5 }),
	"phsic, groups, power":    phsic(func(r *local.PHSIC) { r.Groups, r.Sigma, r.Power, r.Delta = 2, 0.5, 0.75, 0.5 }),
	"phsic, groups, cosine":   phsic(func(r *local.PHSIC) { r.Groups, r.Kernel = 4, "cosine" }),
	"hsic":                    hsic(func(*local.HSICBottleneck) {}),
	"hsic, three widths":      hsic(func(r *local.HSICBottleneck) { r.Sigma = "0.5,1,2" }),
	"hsic, lambda 1":          hsic(func(r *local.HSICBottleneck) { r.Lambda = 1 }),
	"pred":                    localErrors(local.LocalError{Decoder: 16, Targets: 5}),
	"sim":                     localErrors(local.LocalError{Beta: 1, Decoder: 16, Targets: 5}),
	"predsim":                 localErrors(local.LocalError{Beta: 0.75, Decoder: 64, Targets: 5}),
	"sim, without deviations": localErrors(local.LocalError{Beta: 1, NoStd: true}),
	"pred, bio":               bioPrediction(local.LocalError{Decoder: 16, Targets: 5, Bio: true}),
	"predsim, bio":            bioPrediction(local.LocalError{Beta: 0.5, Decoder: 16, Targets: 5, Bio: true}),
	"sim, bio":                localErrors(local.LocalError{Beta: 1, Decoder: 16, Targets: 5, Bio: true}),
}

// probe is a local rule that shows what its blocks see.
type probe struct {
	stack.Local
	classes []int
	seen    map[string]scene
}

func (r probe) Gradient(p *stack.Pass, b *stack.Block, y *compute.Tensor) *compute.Tensor {
	s := scene{block: b.Name, z: rowsOf(y, p.Examples), places: b.Out.Height * b.Out.Width, x: rowsOf(p.Moment.X, p.Examples), classes: r.classes, of: p.Net.Classes, branch: -1, own: map[string][]float64{}}
	if strings.HasPrefix(b.Name, "e.") {
		s.branch = b.Branch
	}
	for _, n := range b.Extras {
		s.own[strings.TrimPrefix(n.Name, b.Name+".objective.")] = slices.Clone(lab.Float64s(n.Value))
	}
	r.seen[b.Name] = s
	return r.Local.Gradient(p, b, y)
}

func rowsOf(t *compute.Tensor, n int) (rows [][]float64) {
	for r := range slices.Chunk(slices.Clone(lab.Float64s(t)), t.Len()/n) {
		rows = append(rows, r)
	}
	return rows
}

var localClasses = []int{2, 0, 1, 2, 0, 0}

// localNets are networks of two hidden blocks, "a" and "b".
var localNets = map[string]struct {
	in   nets.Shape
	spec stack.Spec
}{
	"dense": {nets.Shape{Height: 1, Width: 1, Channels: 5}, stack.Stack{
		stack.Dense{Name: "a", Units: 8, Act: compute.Tanh}, stack.Dropout{Rate: 0.25}, stack.Dense{Name: "b", Units: 8, NoBias: true},
		stack.BatchNorm{Act: compute.LeakyReLU}, stack.Divisive{Groups: 2, Power: 0.2, Delta: 1}, stack.Dense{Name: "top", Units: 3},
	}},
	"branches": {nets.Shape{Height: 1, Width: 1, Channels: 5}, stack.Stack{
		stack.Ensemble{Name: "e", Branches: []stack.Stack{
			{stack.Dense{Name: "a", Units: 8, Act: compute.Tanh}, stack.Dense{Name: "b", Units: 8, Act: compute.Sigmoid}},
			{stack.Dense{Name: "a", Units: 8, Act: compute.Tanh}}, {stack.Dense{Name: "a", Units: 8}},
		}}, stack.BatchNorm{}, stack.Dense{Name: "top", Units: 3},
	}},
	"images": {nets.Shape{Height: 4, Width: 4, Channels: 2}, stack.Stack{
		stack.Conv{Name: "a", Units: 4, Window: 3, Pad: 1, Act: compute.Tanh, Bias: true}, stack.Divisive{Groups: 2, Power: 0.2, Delta: 1},
		stack.Residual{Act: compute.Tanh, Main: stack.Stack{stack.Conv{Name: "b", Units: 4, Window: 3, Pad: 1}, stack.BatchNorm{Act: compute.Tanh}, stack.Conv{Name: "c", Units: 4, Window: 1}}},
		stack.Pool{Pooling: compute.MaxPool, Window: 2}, stack.Dense{Name: "top", Units: 3},
	}},
}

// branched are the rules that are tested in branches too, which no rule but hsic looks at.
var branched = map[string]bool{"phsic": true, "hsic": true, "hsic, three widths": true, "predsim": true}

// TestEachTested: every rule that has a name, and objectives for blocks, is held to these.
func TestEachTested(t *testing.T) {
	for _, r := range local.Rules {
		if _, ok := r.Rule.(stack.Layerwise); ok {
			continue // without an objective
		}
		if tested, ok := locals[r.Name]; r.Rule != (local.LastLayer{}) && (!ok || reflect.TypeOf(tested.rule) != reflect.TypeOf(r.Rule)) {
			t.Errorf("%s is %T, and %T is tested", r.Name, r.Rule, tested.rule)
		}
	}
}

// TestLocalRules: what each block learns is the slope of its own objective, in float64, and of nothing else.
func TestLocalRules(t *testing.T) {
	const h = 0x1p-13
	for kind, c := range localNets {
		for _, name := range slices.Sorted(maps.Keys(locals)) {
			rule := locals[name]
			if kind == "branches" && !branched[name] {
				continue
			}
			t.Run(kind+"/"+name, func(t *testing.T) {
				l := lab.Exact(t)
				watch := probe{rule.rule, localClasses, map[string]scene{}}
				net := l.Net(t, c.spec, c.in, watch, 7)
				unfold(net)
				x := lab.Normals(rand.New(rand.NewPCG(5, 1)), len(localClasses)*c.in.Len())
				labels := make([]float32, len(localClasses))
				for i, c := range localClasses {
					labels[i] = float32(c)
				}
				pass := func() {
					l.Pass(t, net, x, labels, func(p *stack.Pass, x *compute.Tensor) {
						p.Training = true
						net.Forward(p, x)
					})
				}
				pass()
				for _, s := range watch.seen {
					rule.j(s) // which some remember
				}
				got := l.Grads(t, net)
				sizes := 0.0
				for _, n := range net.Tensors() {
					block := blockOf(n.Name)
					if n.Role != nets.Weight || block == "" {
						continue
					}
					w := lab.Float64s(n.Value)
					for i, at := range w {
						central := func(h float64) (f float64) {
							for _, side := range []float64{1, -1} {
								w[i] = at + side*h
								pass()
								f += side * rule.j(watch.seen[block])
							}
							w[i] = at
							return f / (2 * h)
						}
						half := central(h / 2)
						want := (4*half - central(h)) / 3
						// Constants, 2/m² for one, are float32s: they are off by 2⁻²⁴ of themselves.
						bound := math.Abs(want-half) + 1e-13/h + 0x1p-20*lab.Norm(got[n.Name])
						if d := math.Abs(got[n.Name][i] - want); !(d <= bound) {
							t.Fatalf("%s[%d]: gradient %g, slope %g ± %.2g", n.Name, i, got[n.Name][i], want, bound)
						}
						sizes = max(sizes, math.Abs(want))
					}
				}
				if sizes < 1e-4 {
					t.Errorf("the largest slope is %g, which tells nothing", sizes)
				}
			})
		}
	}
}

// unfold gives parameters that begin as zeros, or that change nothing, numbers of their own.
func unfold(net *stack.Net) {
	rnd := rand.New(rand.NewPCG(8, 8))
	for _, n := range net.Tensors() {
		if strings.Contains(n.Name, ".objective.") || strings.HasSuffix(n.Name, ".bias") {
			for i, w := range lab.Float64s(n.Value) {
				if w == 0 {
					lab.Float64s(n.Value)[i] = rnd.NormFloat64() / 2
				}
			}
		}
	}
}

// blockOf is the block that a parameter belongs to, "" for the output layer.
func blockOf(name string) string {
	first, _, _ := strings.Cut(name, ".")
	switch first {
	case "e":
		return strings.Join(strings.Split(name, ".")[:3], ".")
	case "1": // above the branches, and below the output layer
		return ""
	case "a":
		return "a"
	case "top":
		return ""
	case "2", "b", "3":
		if strings.HasPrefix(name, "2.") {
			return "2.b"
		}
		return "b"
	}
	return first
}
