package catalogue

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hebb/nets"
	"hebb/nets/local"
)

// An entry is a thing of the catalogue, with its first settings, and how a text sets them.
type entry struct {
	what, name string
	value      any
	read       func(text string) error
}

func entries(c *Catalogue) (all []entry) {
	for _, s := range c.Systems {
		all = append(all, entry{"system", s.Name, s.System(), func(text string) error { _, err := c.System(text); return err }})
	}
	for _, s := range c.Tasks {
		all = append(all, entry{"task", s.Name, s.Task(), func(text string) error { _, err := c.Task(text); return err }})
	}
	for _, n := range c.Recurrent {
		all = append(all, entry{"network", n.Name, n.Network(), func(text string) error { _, err := c.RecurrentNetwork(text); return err }})
	}
	for _, r := range c.Rules {
		all = append(all, entry{"rule", r.Name, r.Rule, func(text string) error { _, err := c.Rule(text); return err }})
	}
	for _, l := range c.Losses {
		all = append(all, entry{"loss", l.Name, l.Loss, func(text string) error { _, err := c.Loss(text); return err }})
	}
	for _, o := range c.Optimisers {
		all = append(all, entry{"optimiser", o.Name, o.Optimiser, func(text string) error { _, err := c.Optimiser(text); return err }})
	}
	for _, kind := range nets.ScheduleKinds {
		s := nets.Schedule{Kind: kind}
		if kind == "step" {
			s.At, s.Factor = []float64{1}, 0.5
		}
		all = append(all, entry{"schedule", kind, s, func(text string) error { _, err := c.Schedule(text); return err }})
	}
	return all
}

// wrong are numbers that no setting can have: the text, and the number in a program. Of those beyond a float32 or an int32 there
// is the text alone.
var wrong = []struct {
	text    string
	number  float64
	program bool
}{
	{"nan", math.NaN(), true}, {"inf", math.Inf(1), true}, {"-inf", math.Inf(-1), true}, {"-1", -1, true}, {"1e39", 1e39, false}, {"4611686018427387904", 1 << 62, false},
}

// TestNumbers: every numeric setting of everything in the catalogue refuses what cannot be, and its error names the setting;
// from a text and, by Check, from a program.
func TestNumbers(t *testing.T) {
	settings := 0
	for _, e := range entries(Default()) {
		of := reflect.Indirect(reflect.ValueOf(e.value))
		for _, field := range fieldsOf(of.Type()) {
			key, kind := keyOf(field), field.Type
			list := kind.Kind() == reflect.Slice
			if list {
				kind = kind.Elem()
			}
			whole := kind.Kind() == reflect.Int
			if widths := kind == reflect.TypeFor[local.Widths](); key == "" || !whole && kind.Kind() != reflect.Float32 && kind.Kind() != reflect.Float64 && !widths {
				continue
			}
			settings++
			signed := e.name == "linsker" && slices.Contains([]string{"k1", "k2", "below_k1", "below_k2"}, key)
			for _, w := range wrong {
				if !whole && w.number == 1<<62 || signed && w.number == -1 { // which a float32 can be, as large as it is
					continue
				}
				value := w.text
				if list {
					value = "[" + value + "]"
				}
				text := fmt.Sprintf("%s:%s=%s", e.name, key, value)
				named(t, e.read(text), e.what, text, key)
				if w.program && (!whole || w.number == -1) {
					v := reflect.New(of.Type())
					v.Elem().Set(of)
					set(v.Elem().FieldByIndex(field.Index), w.number)
					if c, ok := v.Interface().(nets.Checker); ok {
						named(t, c.Check(), e.what, text, key)
					} else {
						t.Errorf("%s %s has the setting %s and no Check", e.what, e.name, key)
					}
				}
			}
		}
	}
	if settings < 40 {
		t.Errorf("%d settings were looked at, want all", settings)
	}
}

// named wants an error that names a setting beside the text that was read.
func named(t *testing.T, err error, what, text, key string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s %s is accepted", what, text)
		return
	}
	_, setting, _ := strings.Cut(text, ":")
	if said := strings.ReplaceAll(err.Error(), strconv.Quote(text), ""); !strings.Contains(said, strings.ReplaceAll(key, "_", " ")) && !strings.Contains(said, key) ||
		strings.Contains(said, "toml") || strings.Contains(said, "destination") {
		t.Errorf("%s %s: %v, want an error that names %s in the words of this program", what, setting, err, key)
	}
}

func set(to reflect.Value, x float64) {
	switch to.Kind() {
	case reflect.Slice:
		to.Set(reflect.MakeSlice(to.Type(), 1, 1))
		set(to.Index(0), x)
	case reflect.Int:
		to.SetInt(int64(x))
	case reflect.String:
		to.SetString(fmt.Sprint(x))
	default:
		to.SetFloat(x)
	}
}
