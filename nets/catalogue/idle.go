package catalogue

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// idle reports the first of the set settings that has no effect beside the others. The tag "if" of its field gives the
// conditions, joined by "|"; one of them has to hold, or all of several that are joined by "&". "recurrent" holds if that setting is not 0, false or none,
// "!network" if it is, "kernel=gaussian" and "beta!=1" if the setting is that or is not. The tag of an embedded struct
// applies to all its fields.
func idle(into any, set []string) error {
	for _, f := range fieldsOf(reflect.Indirect(reflect.ValueOf(into)).Type()) {
		key, tag := keyOf(f), f.Tag.Get("if")
		if tag == "" || !slices.Contains(set, key) {
			continue
		}
		holds := false
		conditions := strings.Split(tag, "|")
		for _, c := range conditions {
			holds = holds || !slices.ContainsFunc(strings.Split(c, "&"), func(c string) bool { return !condition(c).holds(into) })
		}
		if !holds {
			return fmt.Errorf("%s has an effect %s alone", key, said(conditions))
		}
	}
	return nil
}

// Conditions returns, for each setting that has an effect beside some others alone, when that is: "with amp, null or
// sparse". of is a value with settings, or points to one.
func Conditions(of any) map[string]string {
	all := map[string]string{}
	for _, f := range fieldsOf(reflect.Indirect(reflect.ValueOf(of)).Type()) {
		if tag := f.Tag.Get("if"); tag != "" {
			all[keyOf(f)] = said(strings.Split(tag, "|"))
		}
	}
	return all
}

// said says when one of conditions holds: "with amp, null or sparse", "without recurrent and without rewarded".
func said(all []string) string {
	if len(all) == 1 && strings.Contains(all[0], "&") {
		var each []string
		for _, c := range strings.Split(all[0], "&") {
			each = append(each, said([]string{c}))
		}
		return strings.Join(each, " and ")
	}
	if key, ok := strings.CutPrefix(all[0], "!"); ok && len(all) == 1 {
		return "without " + key
	}
	last := len(all) - 1
	if last == 0 {
		return "with " + all[0]
	}
	return "with " + strings.Join(all[:last], ", ") + " or " + all[last]
}

// A condition is one condition in a tag that idle reads.
type condition string

func (c condition) holds(of any) bool {
	value := func(key string) reflect.Value {
		v, ok := fieldOf(of, key)
		if !ok {
			panic(fmt.Sprintf("catalogue: %T has no setting %s, and one has an effect if %s", of, key, c))
		}
		return v
	}
	if key, is, ok := strings.Cut(string(c), "!="); ok {
		return fmt.Sprint(value(key)) != is
	}
	if key, is, ok := strings.Cut(string(c), "="); ok {
		return fmt.Sprint(value(key)) == is
	}
	if key, ok := strings.CutPrefix(string(c), "!"); ok {
		return value(key).IsZero()
	}
	return !value(string(c)).IsZero()
}
