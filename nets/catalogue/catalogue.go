// Package catalogue is what text can name: networks, rules, losses, optimisers, schedules, systems and tasks, with their
// settings. A program adds its own to a [Catalogue] and has all that the command has.
package catalogue

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"hebb/nets"
	"hebb/nets/adapt"
	"hebb/nets/attract"
	"hebb/nets/credit"
	"hebb/nets/develop"
	"hebb/nets/grow"
	"hebb/nets/local"
	"hebb/nets/perturb"
	"hebb/nets/recurrent"
	"hebb/nets/reward"
	"hebb/nets/settle"
	"hebb/nets/spiking"
	"hebb/nets/stack"
	"hebb/nets/targets"
	"hebb/nets/tasks"
	"hebb/nets/vision"
)

// A Catalogue lists what text can name.
type Catalogue struct {
	Networks   []Network
	Rules      []stack.NamedRule
	Losses     []nets.NamedLoss
	Optimisers []Optimiser
	Systems    []nets.NamedSystem
	Recurrent  []recurrent.NamedNetwork // networks of recurrent systems
	Tasks      []nets.NamedTask

	lenient bool
}

// Lenient returns c as it is for folders of an older hebb, which may have settings without an effect.
func (c *Catalogue) Lenient() *Catalogue {
	l := *c
	l.lenient = true
	return &l
}

// A Network is architectures under a name: the text before the first colon; Parse gets what is after it.
type Network struct {
	Name, About string
	Parse       func(arg string, in nets.Shape, outputs int) (stack.Spec, error)
}

// An Optimiser is one under a name, with the settings that it has unless the text says more.
type Optimiser struct {
	Name      string
	Optimiser nets.Optimiser
}

// Default returns a catalogue of all that this module has.
func Default() *Catalogue {
	return &Catalogue{
		Networks: []Network{{"hmax", vision.About, vision.Parse}},
		Rules:    slices.Concat(credit.Rules, local.Rules, targets.Rules, settle.Rules),
		Losses:   slices.Concat(ofClasses(nets.Losses), local.Losses),
		Systems: slices.Concat(
			recurrent.Systems,
			perturb.Systems,
			credit.Systems,
			local.Systems,
			settle.Systems,
			attract.Systems,
			develop.Systems,
			adapt.Systems,
			grow.Systems,
			targets.Systems,
			reward.Systems,
			spiking.Systems,
		),
		Recurrent: recurrent.Networks,
		Tasks:     tasks.Tasks,
		Optimisers: []Optimiser{
			{"adam", nets.DefaultAdam},
			{"adamw", nets.Adam{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.01, Decoupled: true}},
			{"momentum", nets.SGD{Momentum: 0.9}},
			{"nesterov", nets.SGD{Momentum: 0.9, Nesterov: true}},
			{"quickprop", nets.Quickprop{Mu: 2}},
			{"rmsprop", nets.DefaultRMSProp},
			{"sgd", nets.SGD{}},
		},
	}
}

func ofClasses(all []nets.NamedLoss) []nets.NamedLoss {
	return slices.DeleteFunc(slices.Clone(all), func(l nets.NamedLoss) bool { return l.Loss.Targets() })
}

// Network returns the architecture of a name: one of c's own, or one that [stack.Parse] knows.
func (c *Catalogue) Network(name string) stack.Architecture {
	base, arg, _ := strings.Cut(name, ":")
	for _, n := range c.Networks {
		if n.Name == base {
			return func(in nets.Shape, outputs int) (stack.Spec, error) { return n.Parse(arg, in, outputs) }
		}
	}
	return func(in nets.Shape, outputs int) (stack.Spec, error) {
		spec, err := stack.Parse(name, in, outputs)
		if none := stack.UnknownError(""); errors.As(err, &none) {
			own := c.NetworkNames()[:len(c.Networks)]
			err = NameError{"network", name, c.NetworkNames(), strings.Join(append([]string{err.Error()}, own...), "; ")}
		}
		return spec, err
	}
}

// NetworkNames returns what the names of networks begin with: those of c's own first.
func (c *Catalogue) NetworkNames() (names []string) {
	for _, n := range c.Networks {
		names = append(names, n.Name)
	}
	for _, n := range stack.Networks {
		for name := range strings.SplitSeq(n.Name, ", ") {
			if name, _, _ = strings.Cut(name, ":"); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// Rule returns the rule that a text names and sets: "bp", "aa:rate=0.05,share=0.25".
func (c *Catalogue) Rule(text string) (stack.Rule, error) {
	return choose(c, c.Rules, "rule", text, func(r stack.NamedRule) (string, stack.Rule) { return r.Name, r.Rule })
}

// Loss returns the loss that a text names and sets: "hsic:sigma_x=22.0,sigma_y=1.0".
func (c *Catalogue) Loss(text string) (nets.Loss, error) {
	return choose(c, c.Losses, "loss", text, func(l nets.NamedLoss) (string, nets.Loss) { return l.Name, l.Loss })
}

// Optimiser returns the optimiser that a text names and sets: "momentum:weight_decay=5e-4".
func (c *Catalogue) Optimiser(text string) (nets.Optimiser, error) {
	return choose(c, c.Optimisers, "optimiser", text, func(o Optimiser) (string, nets.Optimiser) { return o.Name, o.Optimiser })
}

// Schedule returns the schedule that a text names and sets: "cosine:warmup=1", "step:at=[4, 6],factor=0.25".
func (c *Catalogue) Schedule(text string) (nets.Schedule, error) {
	return choose(c, nets.ScheduleKinds, "schedule", text, func(kind string) (string, nets.Schedule) { return kind, nets.Schedule{Kind: kind} })
}

// System returns a new system that a text names and sets: "rflo:units=50,tau=10".
func (c *Catalogue) System(text string) (nets.System, error) {
	return fresh(c, c.Systems, "system", text, func(s nets.NamedSystem) (string, func() nets.System) { return s.Name, s.System })
}

// RecurrentNetwork returns a new network of recurrent systems that a text names and sets: "balance:units=23".
func (c *Catalogue) RecurrentNetwork(text string) (recurrent.Network, error) {
	return fresh(c, c.Recurrent, "network", text, func(n recurrent.NamedNetwork) (string, func() recurrent.Network) { return n.Name, n.Network })
}

// Task returns a new task that a text names and sets: "sines:period=40".
func (c *Catalogue) Task(text string) (nets.Task, error) {
	return fresh(c, c.Tasks, "task", text, func(t nets.NamedTask) (string, func() nets.Task) { return t.Name, t.Task })
}

// fresh returns a new entry of a list that a text names and sets, checked if it can be.
func fresh[E, T any](c *Catalogue, all []E, what, text string, of func(E) (string, func() T)) (T, error) {
	name, set, _ := strings.Cut(text, ":")
	for _, e := range all {
		n, make := of(e)
		if n != name {
			continue
		}
		v := make()
		if err := c.settings(v, set); err != nil {
			return v, fmt.Errorf("%s %s: %w", what, name, err)
		}
		if check, ok := any(v).(nets.Checker); ok {
			if err := check.Check(); err != nil {
				return v, fmt.Errorf("%s %q: %w", what, text, err)
			}
		}
		return v, nil
	}
	var none T
	return none, unknown(all, what, name, func(e E) string { n, _ := of(e); return n })
}

// ErrName is wrapped by the error of a text that names nothing in the catalogue.
var ErrName = errors.New("no such name")

// A NameError is an ErrName that says which names there are.
type NameError struct {
	What, Name string   // "rule", "faa"
	Names      []string // all that there are
	text       string
}

func (e NameError) Error() string     { return e.text }
func (e NameError) Is(err error) bool { return err == ErrName }

func unknown[E any](all []E, what, name string, of func(E) string) error {
	e := NameError{What: what, Name: name, text: fmt.Sprintf("%s %q, want one of %s", what, name, nets.Names(all, of))}
	for _, x := range all {
		e.Names = append(e.Names, of(x))
	}
	return e
}

// choose returns the entry of a list that a text names, with what the text after its name sets, checked if it can be.
func choose[E, T any](c *Catalogue, all []E, what, text string, of func(E) (string, T)) (T, error) {
	name, set, _ := strings.Cut(text, ":")
	var none T
	for _, e := range all {
		n, first := of(e)
		if n != name {
			continue
		}
		v, err := with(c, first, set)
		if err != nil {
			return none, fmt.Errorf("%s %s: %w", what, name, err)
		}
		if check, ok := any(v).(nets.Checker); ok {
			if err := check.Check(); err != nil {
				return none, fmt.Errorf("%s %q: %w", what, text, err)
			}
		}
		return v, nil
	}
	return none, unknown(all, what, name, func(e E) string { n, _ := of(e); return n })
}
