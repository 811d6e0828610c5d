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
)

// An npy is the header of a NumPy array; its values follow (NumPy Enhancement Proposal 1, numpy.lib.format).
// There is a Go library for the format, github.com/sbinet/npyio v0.6.0; it is not used, since it panics
// on some damaged headers, allocates what any header says, and takes a cut file for one that ends in zeros.
type npy struct {
	order binary.ByteOrder
	kind  byte // u, i, f
	size  int  // bytes a value
	dims  []int
	n     int // values
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
	if fortran[1] == "True" && len(a.dims) > 1 {
		return a, fmt.Errorf("in Fortran order, want C order: save np.ascontiguousarray(x)")
	}
	a.n = n
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

// floats reads the values of an array of f4 or f8 as float32.
func (a npy) floats(r io.Reader) ([]float32, error) {
	var all []float32
	err := a.each(r, func(b []byte) error {
		if a.size == 4 {
			all = append(all, math.Float32frombits(a.order.Uint32(b)))
			return nil
		}
		x := math.Float64frombits(a.order.Uint64(b))
		if v := float32(x); math.IsInf(float64(v), 0) && !math.IsInf(x, 0) {
			return fmt.Errorf("value %d is %g, beyond float32", len(all), x)
		}
		all = append(all, float32(x))
		return nil
	})
	return all, err
}

// ints reads the values of an array of integers.
func (a npy) ints(r io.Reader) ([]int, error) {
	var all []int
	err := a.each(r, func(b []byte) error {
		v := a.whole(b)
		if a.kind == 'u' && v > math.MaxInt64 || int64(int(v)) != int64(v) {
			return fmt.Errorf("value %d is %d, beyond an int", len(all), v)
		}
		all = append(all, int(v))
		return nil
	})
	return all, err
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
