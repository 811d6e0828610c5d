package nets

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxIDX is the largest array read: a header that announces more is damaged.
const maxIDX = 1 << 31

// An idx is an array of bytes as an IDX file holds it: two zeros, the type (8: unsigned bytes),
// the number of dimensions, each dimension as 32 bits with the highest first, and the values
// (LeCun, Cortes and Burges, "The MNIST database", file formats).
type idx struct {
	dims []int
	data []byte
}

// readIDX reads one array of the given number of dimensions, compressed by gzip or not. It trusts
// nothing that the header says: memory grows with what is really read.
func readIDX(r io.Reader, dims int) (idx, error) {
	plain, err := unzipped(r)
	if err != nil {
		return idx{}, err
	}
	a, n, err := readHeader(plain, dims)
	if err != nil {
		return idx{}, err
	}
	var data bytes.Buffer
	got, err := io.Copy(&data, io.LimitReader(plain, int64(n)+1)) // one more, to see the end
	switch {
	case err != nil:
		return idx{}, fmt.Errorf("damaged after %d of %d values: %w", got, n, err)
	case got < int64(n):
		return idx{}, fmt.Errorf("cut short: %d values of the %d that its header announces (%s)", got, n, a)
	case got > int64(n):
		return idx{}, fmt.Errorf("more than the %d values that its header announces (%s)", n, a)
	}
	a.data = data.Bytes()
	return a, nil
}

// unzipped looks at the contents, since names lie about them.
func unzipped(r io.Reader) (io.Reader, error) {
	b := bufio.NewReader(r)
	if head, _ := b.Peek(2); !bytes.Equal(head, []byte{0x1f, 0x8b}) {
		return b, nil
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		return nil, fmt.Errorf("damaged gzip header: %w", err)
	}
	return z, nil
}

// readHeader returns an array without its values, and how many they should be.
func readHeader(r io.Reader, dims int) (a idx, n int, err error) {
	head := make([]byte, 4+4*dims)
	got, err := io.ReadFull(r, head)
	if want := []byte{0, 0, 8, byte(dims)}; got >= 4 && !bytes.Equal(head[:4], want) {
		return a, 0, fmt.Errorf("starts with % x, want % x: an IDX file of unsigned bytes in %d dimensions%s",
			head[:4], want, dims, mistaken(head))
	}
	switch {
	case got == 0 && errors.Is(err, io.EOF):
		return a, 0, errors.New("empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return a, 0, fmt.Errorf("cut short: %d bytes, want a header of %d", got, len(head))
	case err != nil:
		return a, 0, fmt.Errorf("damaged within the header: %w", err)
	}
	n = 1
	for k := range dims {
		d := int(binary.BigEndian.Uint32(head[4+4*k:]))
		a.dims = append(a.dims, d)
		if d == 0 || n > maxIDX/d {
			return a, 0, fmt.Errorf("header announces %v values, want dimensions of at least 1 and at most %d values", a, maxIDX)
		}
		n *= d
	}
	return a, n, nil
}

// mistaken says what a file with another beginning looks like.
func mistaken(head []byte) string {
	switch {
	case head[0] == 0 && head[1] == 0 && head[2] == 8 && head[3] == 1:
		return "; it looks like labels"
	case head[0] == 0 && head[1] == 0 && head[2] == 8 && head[3] == 3:
		return "; it looks like images"
	}
	return ""
}

func (a idx) String() string {
	s := make([]string, len(a.dims))
	for k, d := range a.dims {
		s[k] = fmt.Sprint(d)
	}
	return strings.Join(s, "×")
}

// openIDX reads the first file of names that exists.
func openIDX(dims int, names []string) (idx, string, error) {
	for _, name := range names {
		f, err := os.Open(name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return idx{}, name, err
		}
		defer f.Close()
		a, err := readIDX(f, dims)
		if err != nil {
			return idx{}, name, fmt.Errorf("%s: %w", name, err)
		}
		return a, name, nil
	}
	return idx{}, "", fmt.Errorf("none of %s", strings.Join(names, ", "))
}
