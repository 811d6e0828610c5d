package train

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"hebb/nets/stack"
)

// settings reads "name:key=value,key=value" after the name: values are TOML's, lists in brackets.
func settings(into any, text string) error {
	if text == "" {
		return nil
	}
	var lines strings.Builder
	for _, s := range fields(text) {
		key, value, ok := strings.Cut(s, "=")
		if !ok {
			return fmt.Errorf("%q, want key=value", s)
		}
		fmt.Fprintf(&lines, "%s = %s\n", strings.TrimSpace(key), quoted(strings.TrimSpace(value)))
	}
	known, err := toml.Decode(lines.String(), into)
	if err != nil {
		return fmt.Errorf("%q: %w", text, err)
	}
	if extra := known.Undecoded(); len(extra) > 0 {
		return fmt.Errorf("%q: no setting is called %s; there are: %s", text, extra[0], strings.Join(keys(into), ", "))
	}
	return nil
}

// quoted is a value of TOML: a word is a string without quotes, unless it means something else there.
func quoted(value string) string {
	if value == "true" || value == "false" || value == "inf" || value == "nan" || !word.MatchString(value) {
		return value
	}
	return strconv.Quote(value)
}

var word = regexp.MustCompile(`^[A-Za-z][A-Za-z-]*$`)

// fields splits at commas that are not within brackets.
func fields(s string) []string {
	depth := 0
	return strings.FieldsFunc(s, func(r rune) bool {
		switch r {
		case '[':
			depth++
		case ']':
			depth--
		}
		return r == ',' && depth == 0
	})
}

// keys are the names of the settings of a struct.
func keys(of any) (names []string) {
	t := reflect.TypeOf(of).Elem()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("toml"), ",")
		if name == "-" {
			continue
		}
		if name == "" {
			name = t.Field(i).Name
		}
		names = append(names, name)
	}
	return names
}

// choose returns the value of a named kind, with what the text after its name sets.
func choose[T any](what, text string, names []string, of func(name string) T) (T, error) {
	name, set, _ := strings.Cut(text, ":")
	var none T
	if !slices.Contains(names, name) {
		return none, fmt.Errorf("%s %q, want one of %s", what, name, strings.Join(names, ", "))
	}
	first := of(name)
	v := reflect.New(reflect.TypeOf(first))
	v.Elem().Set(reflect.ValueOf(first))
	if err := settings(v.Interface(), set); err != nil {
		return none, fmt.Errorf("%s %s: %w", what, name, err)
	}
	return v.Elem().Interface().(T), nil
}

// Rule returns the rule that a text names and sets: "bp", "aa:rate=0.05,share=0.25". A rule with a method Check() error
// has its settings checked.
func Rule(text string) (stack.Rule, error) {
	var names []string
	for _, r := range stack.Rules {
		names = append(names, r.Name)
	}
	r, err := choose("rule", text, names, func(name string) stack.Rule {
		r, _ := stack.ParseRule(name) // it is one of them
		return r
	})
	if own, ok := r.(interface{ Check() error }); ok && err == nil {
		if err = own.Check(); err != nil {
			err = fmt.Errorf("rule %q: %w", text, err)
		}
	}
	return r, err
}

// Loss returns the loss of classes that a text names and sets: "hsic:sigma_x=22.0,sigma_y=1.0".
func Loss(text string) (stack.Loss, error) {
	var names []string
	for _, l := range stack.Losses {
		names = append(names, l.Name)
	}
	l, err := choose("loss", text, names, func(name string) stack.Loss {
		l, _ := stack.ParseLoss(name) // it is one of them
		return l
	})
	if err == nil {
		if err = l.Check(); err != nil {
			err = fmt.Errorf("loss %q: %w", text, err)
		}
	}
	return l, err
}

// Optimisers are the optimisers by name, as they are unless more is said.
var Optimisers = map[string]stack.Optimiser{
	"sgd":      stack.SGD{},
	"momentum": stack.SGD{Momentum: 0.9},
	"nesterov": stack.SGD{Momentum: 0.9, Nesterov: true},
	"adam":     stack.DefaultAdam,
	"adamw":    stack.Adam{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.01, Decoupled: true},
}

// OptimiserNames returns the names of the optimisers.
func OptimiserNames() []string { return sorted(Optimisers) }

// Optimiser returns the optimiser that a text names and sets: "momentum:weight_decay=5e-4".
func Optimiser(text string) (stack.Optimiser, error) {
	o, err := choose("optimiser", text, sorted(Optimisers), func(name string) stack.Optimiser { return Optimisers[name] })
	if err == nil {
		err = o.Check()
	}
	return o, err
}

// Schedule returns the schedule that a text names and sets: "cosine:warmup=1", "step:at=[4, 6],factor=0.25".
func Schedule(text string) (stack.Schedule, error) {
	s, err := choose("schedule", text, []string{"constant", "cosine", "step"}, func(name string) stack.Schedule {
		return stack.Schedule{Kind: name}
	})
	if err == nil {
		err = s.Check()
	}
	return s, err
}

func sorted[V any](m map[string]V) (names []string) {
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Settings returns the names of what can be set of a rule or an optimiser.
func Settings(of any) []string {
	p := reflect.New(reflect.TypeOf(of))
	return keys(p.Interface())
}
