package gpu

import (
	"encoding/binary"
	"math"
	"reflect"
	"unsafe"

	"hebb/compute"
)

// A launch is a plan with the programs of its dispatches, complete for running an op. It is never changed.
type launch struct {
	*plan
	programs []uint32 // by dispatch

	key  signature
	held []any // keeps alive the objects whose addresses are in key, so that no other gets one
}

// A memo caches launches, since a training asks for the same ops on the same memory in every step, and planning one
// takes longer than running a small op. Two generations bound it: when the young one is full, the old one, with all
// launches not used since, is dropped.
type memo struct {
	young, old map[signature]*launch
	text       []byte
	held       []any
}

// remembered is the number of launches in a generation, of about a kilobyte each: a step of a residual network is some
// hundred ops, on the same memory each time ([compute.Device.Step]), and evaluation has others.
const remembered = 4096

// A signature is equal for ops that share a plan: it has the values of their fields, and the addresses and shapes of
// their tensors.
type signature struct {
	op   reflect.Type
	text string
}

// look returns the cached launch of op, or nil.
func (m *memo) look(op compute.Op) *launch {
	if !m.sign(op) {
		return nil
	}
	l := m.young[signature{reflect.TypeOf(op), string(m.text)}]
	if l == nil {
		if l = m.old[signature{reflect.TypeOf(op), string(m.text)}]; l != nil {
			m.put(l)
		}
	}
	return l
}

// keep caches l as the launch of op.
func (m *memo) keep(op compute.Op, l *launch) {
	if m.sign(op) {
		l.key = signature{reflect.TypeOf(op), string(m.text)}
		l.held = append(l.held, m.held...)
		m.put(l)
	}
}

func (m *memo) put(l *launch) {
	if m.young == nil || len(m.young) >= remembered {
		m.young, m.old = map[signature]*launch{}, m.young
	}
	m.young[l.key] = l
}

// forget empties the memo.
func (m *memo) forget() { m.young, m.old = nil, nil }

// sign sets text to a key that distinguishes op from others of its type, and reports whether it can.
func (m *memo) sign(op compute.Op) bool {
	m.text, m.held = m.text[:0], m.held[:0]
	return m.value(reflect.ValueOf(op))
}

func (m *memo) word(x uint64) { m.text = binary.LittleEndian.AppendUint64(m.text, x) }

func (m *memo) words(all ...int) bool {
	for _, x := range all {
		m.word(uint64(x))
	}
	return true
}

// value adds v to the text. It returns false for unknown kinds of fields, so that their ops are never cached.
func (m *memo) value(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Bool:
		m.word(uint64(bit(v.Bool())))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		m.word(uint64(v.Int()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		m.word(v.Uint())
	case reflect.Float32, reflect.Float64:
		m.word(math.Float64bits(v.Float()))
	case reflect.Struct:
		for i := range v.NumField() {
			if !m.value(v.Field(i)) {
				return false
			}
		}
	case reflect.Slice:
		m.word(uint64(v.Len()))
		for i := range v.Len() {
			if !m.value(v.Index(i)) {
				return false
			}
		}
	case reflect.Pointer:
		return m.pointer(v)
	default:
		return false
	}
	return true
}

func (m *memo) pointer(v reflect.Value) bool {
	if !v.CanInterface() {
		return false
	}
	switch p := v.Interface().(type) {
	case *compute.Tensor:
		if p == nil {
			m.word(0)
			return true
		}
		m.word(m.address(p.Buffer()))
		return m.words(p.Offset(), int(p.Type()), len(p.Shape())) && m.words(p.Shape()...)
	case *compute.Func:
		if p == nil {
			m.word(0)
			return true
		}
		m.word(m.address(unsafe.SliceData(p.Code))) // a formula with other constants shares the code
		m.words(len(p.Code), p.Vars, bit(p.Old), len(p.Consts))
		for _, c := range p.Consts {
			m.word(uint64(math.Float32bits(c)))
		}
		return true
	}
	return false
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// address returns the address of a pointer's target, which it keeps alive so that the address stays unique.
func (m *memo) address(p any) uint64 {
	m.held = append(m.held, p)
	return uint64(reflect.ValueOf(p).Pointer())
}
