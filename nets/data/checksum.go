package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
)

// Checksum returns the SHA-256 of what the set holds: sizes, labels and values of both parts, and what sequences want. It is the same wherever the
// files lie, in whatever format.
func (s *Set) Checksum() string {
	h := sha256.New()
	fmt.Fprintf(h, "%d×%d×%d", s.Height, s.Width, s.Channels)
	for _, part := range []*Split{s.Train, s.Test} {
		if part == nil {
			continue
		}
		fmt.Fprintf(h, ", %d labels, %d bytes, %d floats\n", part.N(), len(part.Pixels), len(part.Floats))
		addUint32s(h, part.Labels, func(l int) uint32 { return uint32(l) }) // which are below 2²⁴
		h.Write(part.Pixels)
		addUint32s(h, part.Floats, math.Float32bits)
		if w := part.Want; w != nil {
			fmt.Fprintf(h, "%+v\n", *s.Sequences)
			addUint32s(h, w.Values, math.Float32bits)
			h.Write(w.At)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// addUint32s adds numbers to a sum, a few at a time.
func addUint32s[T any](h hash.Hash, all []T, bits func(T) uint32) {
	b := make([]byte, 0, 1<<12)
	for i, x := range all {
		if b = binary.LittleEndian.AppendUint32(b, bits(x)); len(b) == cap(b) || i == len(all)-1 {
			h.Write(b)
			b = b[:0]
		}
	}
}
