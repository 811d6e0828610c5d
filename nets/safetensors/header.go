package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// maxHeader is the limit of the format's reference implementation: 100 MB.
const maxHeader = 100_000_000

// An entry is a tensor in the header.
type entry struct {
	Type    Type    `json:"dtype"`
	Shape   []int   `json:"shape"`
	Offsets []int64 `json:"data_offsets"`
}

// readHeader returns what the header says, the tensors in the order of their data, and where the data
// start. Nothing is taken on trust: what it returns lies within size, the length of the file.
func readHeader(r io.ReaderAt, size int64) (all []Info, metadata map[string]string, data int64, err error) {
	var length [8]byte
	if err := readAt(r, length[:], 0, size); err != nil {
		return nil, nil, 0, fmt.Errorf("header's length: %w", err)
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader || int64(n) > size-8 {
		return nil, nil, 0, fmt.Errorf("header of %d bytes, want at most %d, in a file of %d: cut short, or no safetensors file", n, maxHeader, size)
	}
	text := make([]byte, n)
	if err := readAt(r, text, 8, size); err != nil {
		return nil, nil, 0, fmt.Errorf("header: %w", err)
	}
	data = 8 + int64(n)
	all, metadata, err = parse(text)
	if err == nil {
		err = settle(all, size-data)
	}
	if err != nil {
		return nil, nil, 0, fmt.Errorf("header: %w", err)
	}
	return all, metadata, data, nil
}

// readAt fills b, which must lie within the file.
func readAt(r io.ReaderAt, b []byte, at, size int64) error {
	if int64(len(b)) > size-at {
		return fmt.Errorf("cut short: %d bytes, want %d", size, at+int64(len(b)))
	}
	_, err := io.ReadFull(io.NewSectionReader(r, at, int64(len(b))), b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("cut short: want %d bytes from byte %d", len(b), at)
	}
	return err
}

// parse reads the header's JSON piece by piece, since a map would hide that a name is there twice.
func parse(text []byte) (all []Info, metadata map[string]string, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, nil, fmt.Errorf("starts with %.20q, want a JSON object", text)
	}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		name := t.(string) // a key: the decoder takes nothing else here
		if seen[name] {
			return nil, nil, fmt.Errorf("%q is there twice", name)
		}
		seen[name] = true
		if name == reserved {
			if err := d.Decode(&metadata); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", name, err)
			}
			continue
		}
		var e entry
		if err := d.Decode(&e); err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		if e.Shape == nil || len(e.Offsets) != 2 {
			return nil, nil, fmt.Errorf("tensor %q: shape %v and data_offsets %v, want a shape and two offsets", name, e.Shape, e.Offsets)
		}
		all = append(all, Info{name, e.Type, e.Shape, e.Offsets[0], e.Offsets[1]})
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return nil, nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, errors.New("something follows its JSON object, want spaces alone")
	}
	return all, metadata, nil
}

// settle sorts the tensors by where they lie, and sees that they fill the data without gaps.
func settle(all []Info, data int64) error {
	slices.SortFunc(all, func(a, b Info) int { return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end)) })
	at := int64(0)
	for _, t := range all {
		size := t.Type.size()
		if size == 0 {
			return fmt.Errorf("tensor %q is of type %q, which is not known here", t.Name, t.Type)
		}
		n, err := elements(t.Shape, size)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		if t.begin != at || t.end < t.begin {
			return fmt.Errorf("tensor %q lies from byte %d to %d, want it to start at %d, where the one before ends", t.Name, t.begin, t.end, at)
		}
		if t.end > data {
			return fmt.Errorf("tensor %q ends at byte %d of the data, of which there are %d: cut short", t.Name, t.end, data)
		}
		if t.end-t.begin != n*int64(size) {
			return fmt.Errorf("tensor %q has %d bytes, want %d: %s of shape %s", t.Name, t.end-t.begin, n*int64(size), t.Type, sizes(t.Shape))
		}
		at = t.end
	}
	if at != data {
		return fmt.Errorf("its tensors have %d bytes, the file has %d of data: something follows", at, data)
	}
	return nil
}
