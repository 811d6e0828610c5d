package catalogue

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
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
		if name == "-" || !t.Field(i).IsExported() {
			continue
		}
		if name == "" {
			name = t.Field(i).Name
		}
		names = append(names, name)
	}
	return names
}

// with returns a copy of a value with what a text sets.
func with[T any](first T, set string) (T, error) {
	v := reflect.New(reflect.TypeOf(first))
	v.Elem().Set(reflect.ValueOf(first))
	err := settings(v.Interface(), set)
	return v.Elem().Interface().(T), err
}

// Settings returns the names of what can be set of a value.
func Settings(of any) []string {
	p := reflect.New(reflect.TypeOf(of))
	return keys(p.Interface())
}

// Defaults returns what can be set of a value, or of what it points to, each as "key=value".
func Defaults(of any) (all []string) {
	v := reflect.Indirect(reflect.ValueOf(of))
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("toml"), ",")
		if name != "" && name != "-" && v.Type().Field(i).IsExported() {
			all = append(all, fmt.Sprintf("%s=%v", name, v.Field(i)))
		}
	}
	return all
}
