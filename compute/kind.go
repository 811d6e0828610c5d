package compute

import (
	"fmt"
	"reflect"
	"strconv"
)

// A namer writes the features that distinguish one op from another: its type, the settings that choose how it runs, and
// the shapes of its operands. It finds them by reflection, and so knows no op.
//
// Numbers that may change from step to step without changing the work (rates, seeds) are left out: only booleans,
// signed integers and named values (Act, Mask, Kernel) count, and only where they are not zero. A formula counts
// without the values of its constants.
type namer struct {
	text   []byte
	pretty bool                      // for people; else for a map's key, which is quicker
	names  map[reflect.Type][]string // of fields; caches reflection's names
}

// kind writes the type and the settings of op: "Gemm TransB Act relu".
func (n *namer) kind(op Op) {
	v := reflect.ValueOf(op)
	n.text = append(n.text, v.Type().Name()...)
	n.fields(v)
}

func (n *namer) fields(v reflect.Value) {
	names := n.namesOf(v.Type())
	for i := range v.NumField() {
		f := v.Field(i)
		switch f.Kind() {
		case reflect.Struct:
			n.fields(f)
		case reflect.Bool:
			if f.Bool() {
				n.word(names[i])
			}
		case reflect.Int:
			if f.Int() != 0 {
				n.word(names[i])
				n.text = strconv.AppendInt(append(n.text, ' '), f.Int(), 10)
			}
		case reflect.Uint8:
			if f.Uint() != 0 {
				n.word(names[i])
				if named, ok := f.Interface().(fmt.Stringer); ok {
					n.word(named.String())
				} else {
					n.text = strconv.AppendUint(append(n.text, ' '), f.Uint(), 10)
				}
			}
		case reflect.Pointer:
			if p, ok := f.Interface().(*Func); ok && p != nil {
				n.formula(p)
			}
		}
	}
}

func (n *namer) namesOf(t reflect.Type) []string {
	if names, ok := n.names[t]; ok {
		return names
	}
	var names []string
	for i := range t.NumField() {
		names = append(names, t.Field(i).Name)
	}
	if n.names == nil {
		n.names = map[reflect.Type][]string{}
	}
	n.names[t] = names
	return names
}

func (n *namer) word(s string) { n.text = append(append(n.text, ' '), s...) }

func (n *namer) formula(f *Func) {
	if n.pretty {
		n.word(f.Shape())
	} else {
		n.word(f.Key())
	}
}

// operands writes the shapes of op's outputs and other inputs: "[128 500] ← [128 784] [500 784]".
func (n *namer) operands(op Op) {
	outs, ins := op.operands(nil, nil)
	n.shapes(outs)
	n.word("←")
	n.shapes(ins)
}

func (n *namer) shapes(ts []*Tensor) {
	for _, t := range ts {
		if len(n.text) > 0 {
			n.text = append(n.text, ' ')
		}
		for i, d := range t.shape {
			n.text = strconv.AppendInt(append(n.text, "[ "[min(i, 1)]), int64(d), 10)
		}
		n.text = append(n.text, ']')
	}
}
