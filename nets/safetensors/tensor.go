// Package safetensors reads and writes tensors in the safetensors format
// (https://github.com/huggingface/safetensors, "Format"), which PyTorch, JAX and others read and write:
// eight bytes that hold the length of a header, lowest first; the header, JSON that gives for each
// tensor its type, its shape and where its data lie; and the data, lowest byte first, without gaps.
//
// The one Go module for it, github.com/nlpodyssey/safetensors, has no released version, wants the whole
// file in memory and takes two tensors of one name for one; so this is our own.
package safetensors

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Type is how a file holds a tensor's elements.
type Type string

// The types of the format that are supported; [File.Read] says how each is read.
const (
	Bool Type = "BOOL"
	U8   Type = "U8"
	I8   Type = "I8"
	I16  Type = "I16"
	U16  Type = "U16"
	F16  Type = "F16"
	BF16 Type = "BF16"
	I32  Type = "I32"
	U32  Type = "U32"
	F32  Type = "F32"
	F64  Type = "F64"
	I64  Type = "I64"
	U64  Type = "U64"
)

// size is the number of bytes of an element, and 0 of a type that is not known.
func (t Type) size() int {
	switch t {
	case Bool, U8, I8:
		return 1
	case I16, U16, F16, BF16:
		return 2
	case I32, U32, F32:
		return 4
	case F64, I64, U64:
		return 8
	}
	return 0
}

// A Tensor is an array with a name. One of Data, Ints and Bytes holds its elements, the last dimension
// varying fastest, and the other two are nil; it is written as F32, I64 or U8. A tensor without
// elements, a dimension being 0, may have all three nil and is F32.
type Tensor struct {
	Name  string
	Shape []int // nil or empty: a scalar
	Data  []float32
	Ints  []int64
	Bytes []byte
}

// typ is the type that t is written as.
func (t Tensor) typ() Type {
	switch {
	case t.Ints != nil:
		return I64
	case t.Bytes != nil:
		return U8
	}
	return F32
}

// An Info describes a tensor of a file.
type Info struct {
	Name  string
	Type  Type
	Shape []int

	begin, end int64 // within the data
}

// reserved is the name of the metadata in the header.
const reserved = "__metadata__"

// elements returns how many a shape has, unless their bytes exceed an int64.
func elements(shape []int, size int) (int64, error) {
	n := int64(1)
	for _, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("shape %s, want no dimension below 0", sizes(shape))
		}
		if d > 0 && n > maxBytes/int64(size)/int64(d) {
			return 0, fmt.Errorf("shape %s, want at most %d bytes", sizes(shape), int64(maxBytes))
		}
		n *= int64(d)
	}
	return n, nil
}

// maxBytes is the most bytes of a tensor; files are far smaller.
const maxBytes = 1 << 50

// sizes writes a shape as 2×3×4.
func sizes(shape []int) string {
	s := make([]string, len(shape))
	for k, d := range shape {
		s[k] = strconv.Itoa(d)
	}
	return "[" + strings.Join(s, "×") + "]"
}

// check reports a tensor that cannot be written.
func (t Tensor) check() error {
	n, err := elements(t.Shape, t.typ().size())
	if err != nil {
		return fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	kinds := 0
	for _, is := range []bool{t.Data != nil, t.Ints != nil, t.Bytes != nil} {
		if is {
			kinds++
		}
	}
	have := int64(len(t.Data) + len(t.Ints) + len(t.Bytes))
	switch {
	case t.Name == "" || t.Name == reserved || !utf8.ValidString(t.Name):
		return fmt.Errorf("a tensor is called %q, want a name in UTF-8 other than %q", t.Name, reserved)
	case kinds > 1:
		return fmt.Errorf("tensor %q has %d float32s, %d int64s and %d bytes, want one of them", t.Name, len(t.Data), len(t.Ints), len(t.Bytes))
	case have != n:
		return fmt.Errorf("tensor %q has %d elements, want %d: its shape is %s", t.Name, have, n, sizes(t.Shape))
	}
	return nil
}

// sorted returns the tensors in the order of a file: those of larger elements first, so that each lies
// at a multiple of its element's size, then by name. Two of one name are an error.
func sorted(tensors []Tensor) ([]Tensor, error) {
	all := slices.Clone(tensors)
	slices.SortFunc(all, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	for k, t := range all {
		if err := t.check(); err != nil {
			return nil, err
		}
		if k > 0 && all[k-1].Name == t.Name {
			return nil, fmt.Errorf("two tensors are called %q, want names that differ", t.Name)
		}
	}
	slices.SortStableFunc(all, func(a, b Tensor) int { return b.typ().size() - a.typ().size() })
	return all, nil
}
