package safetensors

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"unicode/utf8"

	"hebb/internal/atomicfile"
)

// Write writes tensors and metadata, which may be nil, as one file. What it writes follows from their
// contents alone, whatever order they come in; data start at a multiple of 8 bytes and each tensor at
// one of its element's size. Values are written to the bit, NaNs too.
func Write(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	all, err := sorted(tensors)
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	head, err := header(all, metadata)
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	b := bufio.NewWriterSize(w, 1<<16)
	b.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(head)))) // b keeps the first error for Flush
	b.Write(head)
	for _, t := range all {
		t.writeTo(b)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	return nil
}

// writeTo leaves errors to the last Flush.
func (t Tensor) writeTo(b *bufio.Writer) {
	b.Write(t.Bytes)
	var word [8]byte
	for _, v := range t.Data {
		binary.LittleEndian.PutUint32(word[:], math.Float32bits(v))
		b.Write(word[:4])
	}
	for _, v := range t.Ints {
		binary.LittleEndian.PutUint64(word[:], uint64(v))
		b.Write(word[:])
	}
}

// header is the JSON of tensors that lie one after the other, padded so that 8 and it are a multiple
// of 8 bytes.
func header(all []Tensor, metadata map[string]string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	add := func(key string, value any) error {
		k, err := json.Marshal(key)
		if err != nil {
			return err
		}
		v, err := json.Marshal(value)
		if err != nil {
			return err
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		b.Write(k)
		b.WriteByte(':')
		b.Write(v)
		return nil
	}
	if len(metadata) > 0 {
		for _, k := range slices.Sorted(maps.Keys(metadata)) {
			if !utf8.ValidString(k) || !utf8.ValidString(metadata[k]) {
				return nil, fmt.Errorf("metadata %q: %q is not UTF-8", k, metadata[k])
			}
		}
		if err := add(reserved, metadata); err != nil { // in the order of its keys
			return nil, err
		}
	}
	at := int64(0)
	for _, t := range all {
		n, err := elements(t.Shape, t.typ().size())
		if err != nil {
			return nil, err
		}
		end := at + n*int64(t.typ().size())
		if err := add(t.Name, entry{t.typ(), append([]int{}, t.Shape...), []int64{at, end}}); err != nil {
			return nil, err
		}
		at = end
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	if b.Len() > maxHeader {
		return nil, fmt.Errorf("a header of %d bytes, want at most %d: too many tensors or metadata", b.Len(), maxHeader)
	}
	return b.Bytes(), nil
}

// WriteFile is [Write] into a file that appears whole or not at all, as [atomicfile.Write] has it: after an error, a file
// that was there before is as it was.
func WriteFile(path string, tensors []Tensor, metadata map[string]string) error {
	return atomicfile.Write(path, func(w io.Writer) error { return Write(w, tensors, metadata) })
}
