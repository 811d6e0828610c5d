package data

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
)

// A Part is some rows of an [Array] as a matrix ([Array.Rows]).
type Part struct {
	Rows, Cols int       // of the whole matrix
	Lo, Hi     int       // rows [Lo, Hi) are here
	Values     []float64 // (Hi − Lo) × Cols
	Checksum   string    // SHA-256 of all values, their type, order and shape, as the file has them
}

// ReadRows is [ReadArray] of the rows [lo, hi) that choose returns for the number of all. It reads the array from its start
// to its end, compressed or not, in either order, and keeps its own rows alone.
func ReadRows(path string, choose func(rows int) (lo, hi int)) (p Part, err error) {
	err = openArray(path, func(h npy, r io.Reader, size int64) (err error) {
		if most := size / int64(max(1, h.size)); int64(h.n) > most {
			return fmt.Errorf("cut short: at most %d values of the %d that its header announces (%s)", most, h.n, h)
		}
		p.Rows, p.Cols = h.dims[0], h.n/h.dims[0]
		p.Lo, p.Hi = choose(p.Rows)
		sum := sha256.New()
		fmt.Fprintf(sum, "%s %v %v %v\n", h.typ(), h.order, h.first, h.dims)
		err = p.read(h, io.TeeReader(r, sum))
		p.Checksum = hex.EncodeToString(sum.Sum(nil))
		return err
	})
	return p, err
}

// read fills in the values.
func (p *Part) read(h npy, r io.Reader) error {
	value, err := h.decoder()
	if err != nil {
		return err
	}
	p.Values = make([]float64, (p.Hi-p.Lo)*p.Cols)
	at, k := h.places(), 0
	return h.each(r, func(b []byte) error {
		row, col := at(k)
		if p.Lo <= row && row < p.Hi {
			x, err := value(b)
			if err != nil {
				return fmt.Errorf("value %d is %w", k, err)
			}
			p.Values[(row-p.Lo)*p.Cols+col] = x
		}
		k++
		return nil
	})
}

// places returns the function from the number of a value in the file to its row and column.
func (a npy) places() func(k int) (row, col int) {
	rows, cols := a.dims[0], a.n/a.dims[0]
	if !a.first {
		return func(k int) (row, col int) { return k / cols, k % cols }
	}
	columns := make([]int, cols) // of those in the order of the file
	for k := range columns {
		columns[k] = k
	}
	columns = inC(npy{dims: a.dims[1:], n: cols, first: true}, columns)
	place := make([]int, cols)
	for col, k := range columns {
		place[k] = col
	}
	return func(k int) (row, col int) { return k % rows, place[k/rows] }
}
