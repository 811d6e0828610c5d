package data

import (
	"archive/zip"
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// An Output is an array to write.
type Output struct {
	Name   string // within an NPZ file
	Shape  []int
	Values Values
}

// WriteNPZ writes arrays as an NPZ file, as numpy.savez does.
func WriteNPZ(w io.Writer, all ...Output) error {
	z := zip.NewWriter(w)
	for _, a := range all {
		f, err := z.CreateHeader(&zip.FileHeader{Name: a.Name + ".npy", Method: zip.Store})
		if err == nil {
			err = WriteNPY(f, a)
		}
		if err != nil {
			return fmt.Errorf("array %s: %w", a.Name, err)
		}
	}
	return z.Close()
}

// WriteNPY writes an array as an NPY file.
func WriteNPY(w io.Writer, a Output) error {
	descr, n, values := a.Values.npy()
	if want, ok := product(a.Shape); !ok || want != n {
		return fmt.Errorf("%d values for the shape %s", n, sizes(a.Shape))
	}
	b := bufio.NewWriterSize(w, 1<<16)
	if err := writeNPYHeader(b, descr, a.Shape); err != nil {
		return err
	}
	if err := binary.Write(b, binary.LittleEndian, values); err != nil {
		return err
	}
	return b.Flush()
}

// Values are those of an array, in C order.
type Values interface {
	npy() (descr string, n int, values any)
}

// The types of values that can be written.
type (
	Floats []float32
	Ints   []int64
	Texts  []string
)

func (v Floats) npy() (string, int, any) { return "<f4", len(v), v }
func (v Ints) npy() (string, int, any)   { return "<i8", len(v), v }

// npy has each text in UTF-32, padded with zeros to the longest.
func (v Texts) npy() (string, int, any) {
	width := 1
	for _, s := range v {
		width = max(width, utf8.RuneCountInString(s))
	}
	all := make([]rune, width*len(v))
	for i, s := range v {
		copy(all[i*width:], []rune(s))
	}
	return fmt.Sprintf("<U%d", width), len(v), all
}

// WriteFloatsHeader writes what stands before the values of an NPY file of float32, which are to follow in little-endian and
// C order.
func WriteFloatsHeader(w io.Writer, shape ...int) error { return writeNPYHeader(w, "<f4", shape) }

// writeNPYHeader writes version 1.0, padded so that the values begin at a multiple of 64 bytes, as NumPy has it.
func writeNPYHeader(w io.Writer, descr string, shape []int) error {
	var dims strings.Builder
	for _, d := range shape {
		fmt.Fprintf(&dims, "%d,", d)
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, dims.String())
	const before = 10 // magic number, version, length
	text += strings.Repeat(" ", 63-(before+len(text))%64) + "\n"
	head := binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(text)))
	_, err := w.Write(append(head, text...))
	return err
}
