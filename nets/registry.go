package nets

import (
	"fmt"
	"reflect"
	"strings"
)

// A NamedSystem is a [System] that configurations and the command line refer to by name. System returns a pointer to a new
// struct with the default settings; its settings are the exported fields with toml tags, see [Settings].
type NamedSystem struct {
	Name, About string
	System      func() System
	Rate        float64 // learning rate at which it learns as it is; 0 is 0.01
	// Rates are the rates for tasks of these names, where they differ.
	Rates map[string]float64
	// NoRate says that it learns without a learning rate.
	NoRate bool
}

// A NamedTask is a [Task] that configurations and the command line refer to by name, with settings as a [NamedSystem].
type NamedTask struct {
	Name, About string
	Task        func() Task
	Moments     int // that a run shows unless it is told how many; 0: ten epochs
}

// A Setting is the name and the value of a setting, as text.
type Setting struct{ Name, Value string }

func (s Setting) String() string { return s.Name + "=" + s.Value }

// Settings returns the exported fields with a toml tag of a System, a Task or another pointer to a struct, in the order of
// the fields. Those of a struct within it, without a tag, count as its own.
func Settings(of any) (all []Setting) {
	return settingsOf(reflect.Indirect(reflect.ValueOf(of)))
}

func settingsOf(v reflect.Value) (all []Setting) {
	for i := 0; v.Kind() == reflect.Struct && i < v.NumField(); i++ {
		field := v.Type().Field(i)
		if field.Anonymous && field.Tag.Get("toml") == "" {
			all = append(all, settingsOf(v.Field(i))...)
		}
		name, _, _ := strings.Cut(field.Tag.Get("toml"), ",")
		none := field.Type.Kind() == reflect.Interface && v.Field(i).IsNil() // such as a network where there is another
		if field.IsExported() && name != "" && name != "-" && !none {
			text := fmt.Sprint(v.Field(i))
			if field.Type.Kind() == reflect.Interface && strings.Contains(text, ",") { // a name with settings of its own
				text = "[" + text + "]"
			}
			all = append(all, Setting{name, text})
		}
	}
	return all
}

// named returns "name:setting=value,…", without what is 0 or false.
func named(name string, of any) string {
	var set []string
	for _, s := range Settings(of) {
		if s.Value != "0" && s.Value != "false" {
			set = append(set, s.String())
		}
	}
	if len(set) > 0 {
		name += ":" + strings.Join(set, ",")
	}
	return name
}
