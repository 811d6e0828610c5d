package catalogue

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"hebb/nets"
	"hebb/nets/recurrent"
	"hebb/nets/stack"
)

// settings reads "name:key=value,key=value" after the name into the fields of a struct: values are TOML's, lists in brackets,
// and words need no quotes. A value that is itself a name with settings, as of a system's optimiser, is a text of c, in
// brackets where it has a comma: "optimiser=[adam:beta1=0.8,eps=1e-6]".
func (c *Catalogue) settings(into any, text string) error {
	var set []string
	for _, s := range fields(text) {
		key, value, ok := strings.Cut(s, "=")
		if !ok {
			return fmt.Errorf("%q, want key=value", s)
		}
		key = strings.TrimSpace(key)
		field, ok := fieldOf(into, key)
		switch {
		case !ok && len(keys(into)) == 0:
			return fmt.Errorf("%q: no setting is called %s; there are none", text, key)
		case !ok:
			return fmt.Errorf("%q: no setting is called %s; there are: %s", text, key, strings.Join(keys(into), ", "))
		case slices.Contains(set, key):
			return fmt.Errorf("%q: %s is set twice", text, key)
		}
		set = append(set, key)
		if err := c.read(field, strings.TrimSpace(value)); err != nil {
			return fmt.Errorf("%q: %w", s, err)
		}
	}
	if c.lenient {
		return nil
	}
	return idle(into, set)
}

// fieldOf returns the field of a struct that a key sets; those of a struct within count as its own.
func fieldOf(into any, key string) (reflect.Value, bool) {
	v := reflect.Indirect(reflect.ValueOf(into))
	for _, f := range fieldsOf(v.Type()) {
		if keyOf(f) == key {
			return v.FieldByIndex(f.Index), true
		}
	}
	return reflect.Value{}, false
}

// fieldsOf returns the fields of a struct that are settings; none of another type.
func fieldsOf(t reflect.Type) (all []reflect.StructField) {
	for i := 0; t.Kind() == reflect.Struct && i < t.NumField(); i++ {
		f := t.Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct && f.Tag.Get("toml") == "" {
			for _, inner := range fieldsOf(f.Type) {
				inner.Index = append([]int{i}, inner.Index...)
				inner.Tag += " " + f.Tag // Get takes the first
				all = append(all, inner)
			}
		} else if keyOf(f) != "" {
			all = append(all, f)
		}
	}
	return all
}

// read sets a field to a value. Its errors say what kind of value the field takes.
func (c *Catalogue) read(field reflect.Value, value string) error {
	if named := c.named(field.Type()); named != nil {
		v, err := named(strings.TrimSuffix(strings.TrimPrefix(value, "["), "]"))
		if err == nil {
			field.Set(reflect.ValueOf(v))
		}
		return err
	}
	to := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "X", Type: field.Type(), Tag: `toml:"x"`}})).Elem()
	if strings.ContainsAny(value, "\r\n") {
		return errors.New("want one line")
	}
	if _, err := toml.Decode("x = "+literal(value, field.Type()), to.Addr().Interface()); err != nil {
		if own := (toml.ParseError{}); hasReader(field.Type()) && errors.As(err, &own) {
			return errors.New(own.Message)
		}
		return fmt.Errorf("want %s", kindOf(field.Type()))
	}
	if err := inRange(to.Field(0)); err != nil {
		return err
	}
	field.Set(to.Field(0))
	return nil
}

// named returns the function that reads what c has of a type by name, or nil.
func (c *Catalogue) named(of reflect.Type) func(text string) (any, error) {
	switch of {
	case reflect.TypeFor[nets.Optimiser]():
		return func(text string) (any, error) { return c.Optimiser(text) }
	case reflect.TypeFor[nets.Loss]():
		return func(text string) (any, error) { return c.Loss(text) }
	case reflect.TypeFor[nets.Task]():
		return func(text string) (any, error) { return c.Task(text) }
	case reflect.TypeFor[recurrent.Network]():
		return func(text string) (any, error) { return c.RecurrentNetwork(text) }
	case reflect.TypeFor[stack.Rule]():
		return func(text string) (any, error) { return c.Rule(text) }
	case reflect.TypeFor[stack.Architecture]():
		return func(text string) (any, error) { return c.Network(text), nil }
	}
	return nil
}

// literal is a value as TOML writes it: text has quotes there, which a shell takes away.
func literal(value string, of reflect.Type) string {
	inner, list := strings.CutPrefix(value, "[")
	switch quoted := strings.HasPrefix(value, `"`) || strings.HasPrefix(value, "'"); {
	case quoted:
		return value
	case of.Kind() == reflect.Slice && of.Elem().Kind() == reflect.String && list:
		var all []string
		for _, s := range fields(strings.TrimSuffix(inner, "]")) {
			all = append(all, literal(strings.TrimSpace(s), of.Elem()))
		}
		return "[" + strings.Join(all, ", ") + "]"
	case of.Kind() == reflect.String && !hasReader(of):
		return strconv.Quote(value)
	case hasReader(of) && !list:
		if _, err := toml.Decode("x = "+value, &struct{ X any }{}); err != nil {
			return strconv.Quote(value)
		}
	}
	return value
}

// hasReader reports whether a type reads its own values.
func hasReader(of reflect.Type) bool {
	p := reflect.PointerTo(of)
	return p.Implements(reflect.TypeFor[toml.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// kindOf describes the values of a type.
func kindOf(of reflect.Type) string {
	switch k := of.Kind(); {
	case k == reflect.Bool:
		return "true or false"
	case k == reflect.String:
		return "a word"
	case k == reflect.Slice:
		return "a list in brackets, [first, second], each " + kindOf(of.Elem())
	case k >= reflect.Int && k <= reflect.Uintptr:
		return "a whole number"
	case k == reflect.Float32 || k == reflect.Float64:
		return "a number within ±3.4e38"
	}
	return "a value of " + of.String()
}

// inRange reports a number that is not finite or beyond a float32, in which systems compute, and a size beyond an int32. What
// else a number may be, the Check of its owner says.
func inRange(v reflect.Value) error {
	switch {
	case v.CanFloat() && !(math.Abs(v.Float()) <= math.MaxFloat32):
		return errors.New("want a finite number within ±3.4e38")
	case v.Kind() == reflect.Int && v.Int() != int64(int32(v.Int())):
		return fmt.Errorf("want a whole number within ±%d", math.MaxInt32)
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			if err := inRange(v.Index(i)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Split splits a text at commas that are not within brackets.
func Split(s string) (all []string) {
	depth, begin := 0, 0
	for i, c := range s {
		switch {
		case c == '[':
			depth++
		case c == ']':
			depth--
		case c == ',' && depth == 0:
			all, begin = append(all, s[begin:i]), i+1
		}
	}
	return append(all, s[begin:])
}

// fields is Split without empty parts.
func fields(s string) []string {
	return slices.DeleteFunc(Split(s), func(part string) bool { return part == "" })
}

// keyOf is the name of a field in texts; "" if it is no setting.
func keyOf(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
	switch {
	case name == "-" || !f.IsExported():
		return ""
	case name == "":
		return f.Name
	}
	return name
}

// keys are the names of the settings of a struct, or of what points to one.
func keys(of any) (names []string) {
	t := reflect.TypeOf(of)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	for _, f := range fieldsOf(t) {
		names = append(names, keyOf(f))
	}
	return names
}

// with returns a copy of a value, or of what it points to, with what a text sets.
func with[T any](c *Catalogue, first T, set string) (T, error) {
	v := reflect.New(reflect.TypeOf(first))
	v.Elem().Set(reflect.ValueOf(first))
	to := v
	if p := v.Elem(); p.Kind() == reflect.Pointer && !p.IsNil() {
		to = reflect.New(p.Type().Elem())
		to.Elem().Set(p.Elem())
		p.Set(to)
	}
	err := c.settings(to.Interface(), set)
	return v.Elem().Interface().(T), err
}

// Settings returns the names of what can be set of a value.
func Settings(of any) []string { return keys(of) }
