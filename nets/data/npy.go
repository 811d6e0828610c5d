package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"

	"hebb/internal/float"
)

// An npy is the header of a NumPy array; its values follow (NumPy Enhancement Proposal 1, numpy.lib.format).
// There is a Go library for the format, github.com/sbinet/npyio v0.6.0; it is not used, since it panics
// on some damaged headers, allocates what any header says, and takes a cut file for one that ends in zeros.
type npy struct {
	order binary.ByteOrder
	kind  byte // u, i, f, b
	size  int  // bytes a value
	dims  []int
	n     int  // values
	first bool // the first dimension runs fastest, as in Fortran and MATLAB
}

// maxNPYHeader is far beyond what any array of numbers needs; NumPy pads its headers to 128 bytes.
const maxNPYHeader = 1 << 16

var (
	npyDescr   = regexp.MustCompile(`'descr':\s*'([<>|=])([a-zA-Z])([0-9]+)'`)
	npyFortran = regexp.MustCompile(`'fortran_order':\s*(True|False)`)
	npyShape   = regexp.MustCompile(`'shape':\s*\(([0-9, ]*)\)`)
)

func readNPYHeader(r io.Reader) (a npy, err error) {
	text, err := npyText(r)
	if err != nil {
		return a, err
	}
	descr, fortran, shape := npyDescr.FindStringSubmatch(text), npyFortran.FindStringSubmatch(text), npyShape.FindStringSubmatch(text)
	if descr == nil || fortran == nil || shape == nil {
		return a, fmt.Errorf("header %.200q, want descr of a number, fortran_order and shape", strings.TrimSpace(text))
	}
	a.order, a.kind = binary.LittleEndian, descr[2][0]
	if descr[1] == ">" {
		a.order = binary.BigEndian
	}
	if a.size, err = strconv.Atoi(descr[3]); err != nil {
		return a, fmt.Errorf("type %s: %w", descr[0], err)
	}
	for tok := range strings.SplitSeq(shape[1], ",") {
		if tok = strings.TrimSpace(tok); tok == "" {
			continue
		}
		d, err := strconv.Atoi(tok)
		if err != nil {
			return a, fmt.Errorf("shape (%s): %w", shape[1], err)
		}
		a.dims = append(a.dims, d)
	}
	n, ok := product(a.dims)
	if !ok || n == 0 || len(a.dims) == 0 {
		return a, fmt.Errorf("shape (%s), want dimensions of at least 1 and at most %d values", shape[1], maxValues)
	}
	a.n, a.first = n, fortran[1] == "True" && len(a.dims) > 1
	return a, nil
}

// npyText returns the dictionary that follows the magic number, version and length.
func npyText(r io.Reader) (string, error) {
	var magic [8]byte
	if _, err := io.ReadFull(r, magic[:]); err != nil {
		return "", fmt.Errorf("cut short within its header: %w", err)
	}
	if string(magic[:6]) != "\x93NUMPY" {
		return "", fmt.Errorf("starts with % x, want 93 4e 55 4d 50 59: an NPY array", magic[:6])
	}
	size := make([]byte, 2)
	if v := magic[6]; v == 2 || v == 3 {
		size = make([]byte, 4)
	} else if v != 1 {
		return "", fmt.Errorf("version %d.%d, want 1, 2 or 3", v, magic[7])
	}
	if _, err := io.ReadFull(r, size); err != nil {
		return "", fmt.Errorf("cut short within its header: %w", err)
	}
	n := binary.LittleEndian.Uint32(append(size, 0, 0)) // of four bytes, the two added are not read
	if n > maxNPYHeader {
		return "", fmt.Errorf("header of %d bytes, want at most %d", n, maxNPYHeader)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return "", fmt.Errorf("cut short within its header: %w", err)
	}
	return string(text), nil
}

func (a npy) String() string { return sizes(a.dims) }

// typ is NumPy's name of the type, less its order.
func (a npy) typ() string { return fmt.Sprintf("%c%d", a.kind, a.size) }

// wanted are the types that can be read, for messages.
const wanted = "f2, f4 or f8 (float16 to float64), integers, i1 to i8 or u1 to u8, or b1 (bool)"

// decoder returns the function that reads one value, and an error of one that float64 does not have.
func (a npy) decoder() (func(b []byte) (float64, error), error) {
	plain := func(f func(b []byte) float64) func(b []byte) (float64, error) {
		return func(b []byte) (float64, error) { return f(b), nil }
	}
	switch a.typ() {
	case "f2":
		return plain(func(b []byte) float64 { return float64(float.Half(a.order.Uint16(b))) }), nil
	case "f4":
		return plain(func(b []byte) float64 { return float64(math.Float32frombits(a.order.Uint32(b))) }), nil
	case "f8":
		return plain(func(b []byte) float64 { return math.Float64frombits(a.order.Uint64(b)) }), nil
	case "b1":
		return plain(func(b []byte) float64 { return float64(min(b[0], 1)) }), nil
	case "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8":
		return a.integer, nil
	}
	return nil, fmt.Errorf("type %s, want %s", a.typ(), wanted)
}

// integer reads a value of kind u or i.
func (a npy) integer(b []byte) (float64, error) {
	w := a.whole(b)
	if a.kind == 'i' {
		v := int64(w)
		if f := float64(v); f < 0x1p63 && int64(f) == v {
			return f, nil
		}
		return 0, fmt.Errorf("%d, which float64 would round: subtract a constant before it is saved", v)
	}
	if f := float64(w); f < 0x1p64 && uint64(f) == w {
		return f, nil
	}
	return 0, fmt.Errorf("%d, which float64 would round: subtract a constant before it is saved", w)
}

// numbers reads the values of an array in C order, each made a T by convert, into room for as many as the file can have.
func numbers[T any](a npy, r io.Reader, room int64, convert func(float64) (T, error)) ([]T, error) {
	value, err := a.decoder()
	if err != nil {
		return nil, err
	}
	all := make([]T, 0, min(int64(a.n), room))
	err = a.each(r, func(b []byte) error {
		x, err := value(b)
		if err != nil {
			return fmt.Errorf("value %d is %w", len(all), err)
		}
		v, err := convert(x)
		if err != nil {
			return fmt.Errorf("value %d is %w", len(all), err)
		}
		all = append(all, v)
		return nil
	})
	return inC(a, all), err
}

// floats reads the values as float32.
func (a npy) floats(r io.Reader) ([]float32, error) {
	return numbers(a, r, 0, func(x float64) (float32, error) {
		v := float32(x)
		if math.IsInf(float64(v), 0) && !math.IsInf(x, 0) {
			return 0, fmt.Errorf("%g, beyond float32", x)
		}
		return v, nil
	})
}

// ints reads whole numbers, of whatever type.
func (a npy) ints(r io.Reader) ([]int, error) {
	return numbers(a, r, 0, func(x float64) (int, error) {
		switch {
		case x != math.Trunc(x): // a NaN is neither
			return 0, fmt.Errorf("%g, want integers", x)
		case math.Abs(x) > 1<<53:
			return 0, fmt.Errorf("%g, beyond an int", x)
		}
		return int(x), nil
	})
}

// inC returns the values as they are in C order, in which the last dimension runs fastest.
func inC[T any](a npy, v []T) []T {
	if !a.first || len(v) != a.n {
		return v
	}
	all, step, index := make([]T, a.n), make([]int, len(a.dims)), make([]int, len(a.dims))
	for d, n := 0, 1; d < len(a.dims); d++ {
		step[d] = n
		n *= a.dims[d]
	}
	from := 0
	for i := range all {
		all[i] = v[from]
		for d := len(a.dims) - 1; d >= 0; d-- {
			from += step[d]
			if index[d]++; index[d] < a.dims[d] {
				break
			}
			from -= step[d] * a.dims[d]
			index[d] = 0
		}
	}
	return all
}

// whole is an integer as 64 bits: of kind i, the bits of an int64.
func (a npy) whole(b []byte) (v uint64) {
	for k := range b {
		if a.order == binary.BigEndian {
			v = v<<8 | uint64(b[k])
		} else {
			v |= uint64(b[k]) << (8 * k)
		}
	}
	if shift := 64 - 8*len(b); a.kind == 'i' {
		v = uint64(int64(v<<shift) >> shift)
	}
	return v
}

// each reads the values that are all that is left of r, a piece at a time, since the header is not
// to be trusted.
func (a npy) each(r io.Reader, f func(b []byte) error) error {
	buf := make([]byte, 8192*a.size)
	for done := 0; done < a.n; {
		want := min(8192, a.n-done)
		got, err := io.ReadFull(r, buf[:want*a.size])
		for k := range got / a.size {
			if err := f(buf[k*a.size:][:a.size]); err != nil {
				return err
			}
		}
		done += got / a.size
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return fmt.Errorf("cut short: %d values of the %d that its header announces (%s)", done, a.n, a)
		case err != nil:
			return fmt.Errorf("damaged after %d of %d values: %w", done, a.n, err)
		}
	}
	switch got, err := io.ReadFull(r, buf[:1]); {
	case got > 0:
		return fmt.Errorf("more than the %d values that its header announces (%s)", a.n, a)
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("damaged after its %d values: %w", a.n, err)
	}
	return nil
}
