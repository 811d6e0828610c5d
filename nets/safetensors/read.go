package safetensors

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"hebb/internal/float"
)

// A File is a file of tensors whose header has been read and checked; the tensors are read one by one.
type File struct {
	Tensors  []Info // in the order of their data
	Metadata map[string]string

	r    io.ReaderAt
	data int64 // where the data start
	name string
	file *os.File // to be closed, or nil
}

// ErrUnfit is wrapped if a file is damaged, or is not a readable file of tensors.
var ErrUnfit = errors.New("unfit file")

// An unfitError is an error that wraps [ErrUnfit] too.
type unfitError struct{ error }

func (unfitError) Is(target error) bool { return target == ErrUnfit }
func (e unfitError) Unwrap() error      { return e.error }

// Open opens a file by name.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	s, err := New(f, info.Size())
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, unfitError{err})
	}
	s.name, s.file = path, f
	return s, nil
}

// New reads the header of a file of that many bytes. What PyTorch puts before all names of a wrapped model, "module." of
// DataParallel and "_orig_mod." of compile, is taken off.
func New(r io.ReaderAt, size int64) (*File, error) {
	if isNPZ(r) {
		return nil, errors.New("safetensors: an NPZ file of arrays, want a file of safetensors")
	}
	if isPickle(r) {
		return nil, errPickle
	}
	all, metadata, data, err := readHeader(r, size)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	for again := true; again; {
		again = unwrap(all, "module.") || unwrap(all, "_orig_mod.")
	}
	return &File{Tensors: all, Metadata: metadata, r: r, data: data}, nil
}

// errPickle is the error for a file of torch.save.
var errPickle = errors.New("safetensors: a file that torch.save wrote, a pickle, which is a program that is run to be read; make it one of " +
	`safetensors: python3 -c "import sys, torch; from safetensors.torch import save_file; save_file({k: v.contiguous() for k, v in ` +
	`torch.load(sys.argv[1], map_location='cpu', weights_only=True).items()}, sys.argv[2])" MODEL.pt MODEL.safetensors`)

// isPickle reports a pickle, or a zip archive, in which newer versions of torch.save put it.
func isPickle(r io.ReaderAt) bool {
	var b [4]byte
	n, _ := r.ReadAt(b[:], 0)
	return n == 4 && (string(b[:]) == "PK\x03\x04" || string(b[:]) == "\x80\x02\x8a\x0a") // lengths that no header has
}

// isNPZ reports a zip archive whose first file is an array.
func isNPZ(r io.ReaderAt) bool {
	var b [1 << 10]byte
	n, _ := r.ReadAt(b[:], 0)
	const name = 30 // where it begins; its length is before that
	if n < name || string(b[:4]) != "PK\x03\x04" {
		return false
	}
	end := name + int(b[26]) + int(b[27])<<8
	return end <= n && strings.HasSuffix(string(b[name:end]), ".npy")
}

// unwrap takes a prefix off all names, if all have it.
func unwrap(all []Info, prefix string) bool {
	if len(all) == 0 || slices.ContainsFunc(all, func(i Info) bool { return !strings.HasPrefix(i.Name, prefix) }) {
		return false
	}
	for i := range all {
		all[i].Name = all[i].Name[len(prefix):]
	}
	return true
}

// Close closes the file, if Open opened it.
func (f *File) Close() error {
	if f.file == nil {
		return nil
	}
	return f.file.Close()
}

// Read reads a tensor by name: F32, F16 and BF16 exactly, and F64 rounded to float32, into Data; I64,
// I32, I16, I8, U32 and U16 into Ints; U8 and BOOL into Bytes. An F64 beyond float32 is an error, as
// is U64, which no field holds.
func (f *File) Read(name string) (Tensor, error) {
	for _, t := range f.Tensors {
		if t.Name == name {
			return f.read(t)
		}
	}
	return Tensor{}, fmt.Errorf("%s has no tensor %q, only %s", f.what(), name, f.names())
}

// Read reads all tensors of a file of that many bytes, and its metadata.
func Read(r io.ReaderAt, size int64) ([]Tensor, map[string]string, error) {
	f, err := New(r, size)
	if err != nil {
		return nil, nil, err
	}
	return f.all()
}

// ReadFile reads all tensors of a file, and its metadata.
func ReadFile(path string) ([]Tensor, map[string]string, error) {
	f, err := Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	return f.all()
}

func (f *File) all() ([]Tensor, map[string]string, error) {
	all := make([]Tensor, len(f.Tensors))
	for k, t := range f.Tensors {
		var err error
		if all[k], err = f.read(t); err != nil {
			return nil, nil, err
		}
	}
	return all, f.Metadata, nil
}

func (f *File) what() string {
	if f.name != "" {
		return f.name
	}
	return "safetensors: the file"
}

// names lists the first few.
func (f *File) names() string {
	var names []string
	for k, t := range f.Tensors {
		if k == 20 {
			return strings.Join(names, ", ") + ", …"
		}
		names = append(names, t.Name)
	}
	return strings.Join(names, ", ")
}

func (f *File) read(info Info) (Tensor, error) {
	t := Tensor{Name: info.Name, Shape: info.Shape}
	r := io.NewSectionReader(f.r, f.data+info.begin, info.end-info.begin)
	err := info.fill(&t, r)
	if err != nil {
		return Tensor{}, fmt.Errorf("%s, tensor %q: %w", f.what(), info.Name, unfitError{err})
	}
	return t, nil
}

func (i Info) fill(t *Tensor, r io.Reader) error {
	n := (i.end - i.begin) / int64(i.Type.size()) // in a file that large, so it may be allocated
	switch i.Type {
	case F32, F16, BF16, F64:
		t.Data = make([]float32, n)
		return i.each(r, func(k int, b []byte) error {
			v, err := decoded(i.Type, b)
			t.Data[k] = v
			if err != nil {
				return fmt.Errorf("element %d %w", k, err)
			}
			return nil
		})
	case I64, I32, I16, I8, U32, U16:
		t.Ints = make([]int64, n)
		return i.each(r, func(k int, b []byte) error {
			t.Ints[k] = integer(i.Type, b)
			return nil
		})
	case U8, Bool:
		t.Bytes = make([]byte, n)
		_, err := io.ReadFull(r, t.Bytes)
		return err
	}
	return fmt.Errorf("type %s cannot be read here", i.Type)
}

// each calls f with every element, through a piece of memory.
func (i Info) each(r io.Reader, f func(k int, b []byte) error) error {
	size := i.Type.size()
	buf := make([]byte, min(i.end-i.begin, 1<<16))
	for k, left := 0, i.end-i.begin; left > 0; {
		piece := buf[:min(left, int64(len(buf)))]
		if _, err := io.ReadFull(r, piece); err != nil {
			return err
		}
		left -= int64(len(piece))
		for ; len(piece) > 0; piece = piece[size:] {
			if err := f(k, piece[:size]); err != nil {
				return err
			}
			k++
		}
	}
	return nil
}

func decoded(t Type, b []byte) (float32, error) {
	switch t {
	case F32:
		return math.Float32frombits(binary.LittleEndian.Uint32(b)), nil
	case F16:
		return float.Half(binary.LittleEndian.Uint16(b)), nil
	case BF16: // the upper half of a float32
		return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16), nil
	}
	x := math.Float64frombits(binary.LittleEndian.Uint64(b))
	v := float32(x)
	if math.IsInf(float64(v), 0) && !math.IsInf(x, 0) {
		return 0, fmt.Errorf("is %g, beyond float32", x)
	}
	return v, nil
}

func integer(t Type, b []byte) int64 {
	switch t {
	case I8:
		return int64(int8(b[0]))
	case I16:
		return int64(int16(binary.LittleEndian.Uint16(b)))
	case U16:
		return int64(binary.LittleEndian.Uint16(b))
	case I32:
		return int64(int32(binary.LittleEndian.Uint32(b)))
	case U32:
		return int64(binary.LittleEndian.Uint32(b))
	}
	return int64(binary.LittleEndian.Uint64(b))
}
