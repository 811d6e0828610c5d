package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hebb/internal/must"
)

// samples has each kind of tensor, a scalar, one without elements, and names that JSON must escape.
func samples() []Tensor {
	return []Tensor{
		{Name: "w", Shape: []int{2, 3}, Data: []float32{1, -2, 0.5, 1e-40, float32(math.Inf(1)), math.MaxFloat32}},
		{Name: "steps", Data: nil, Ints: []int64{math.MinInt64}},
		{Name: `a "quoted" <name>, 3×3`, Shape: []int{3}, Bytes: []byte{0, 128, 255}},
		{Name: "none", Shape: []int{4, 0, 2}},
		{Name: "b", Shape: []int{1}, Data: []float32{float32(math.Copysign(0, -1))}},
	}
}

func written(t testing.TB, tensors []Tensor, metadata map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	must.Do(t, Write(&b, tensors, metadata))
	return b.Bytes()
}

func read(t testing.TB, file []byte) ([]Tensor, map[string]string) {
	t.Helper()
	all, metadata, err := Read(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return all, metadata
}

func same(a, b Tensor) bool {
	bits := func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) }
	return a.Name == b.Name && slices.Equal(a.Shape, b.Shape) && slices.EqualFunc(a.Data, b.Data, bits) &&
		slices.Equal(a.Ints, b.Ints) && bytes.Equal(a.Bytes, b.Bytes)
}

func wantIn(t testing.TB, what string, err error, want ...string) {
	t.Helper()
	for _, w := range want {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("%s: error is %v, want %q in it", what, err, w)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	nan := math.Float32frombits(0x7fc12345)
	in := append(samples(), Tensor{Name: "nan", Shape: []int{1, 1}, Data: []float32{nan}})
	metadata := map[string]string{"format": "pt", "note": "ε < 1"}
	file := written(t, in, metadata)
	out, meta := read(t, file)
	if !maps.Equal(meta, metadata) || len(out) != len(in) {
		t.Fatalf("metadata %v and %d tensors", meta, len(out))
	}
	for _, want := range in {
		k := slices.IndexFunc(out, func(o Tensor) bool { return o.Name == want.Name })
		if k < 0 || !same(out[k], want) {
			t.Errorf("%q is not as it was: %+v", want.Name, out)
		}
	}
	slices.Reverse(in)
	if again := written(t, in, maps.Clone(metadata)); !bytes.Equal(again, file) {
		t.Error("another order of the tensors gives another file")
	}
	if again := written(t, out, meta); !bytes.Equal(again, file) {
		t.Error("what was read is not written as it was")
	}
}

// TestLayout holds a file against the format, byte by byte.
func TestLayout(t *testing.T) {
	file := written(t, []Tensor{
		{Name: "u", Shape: []int{3}, Bytes: []byte{7, 8, 9}},
		{Name: "b", Shape: []int{1, 2}, Data: []float32{1, 2}},
		{Name: "a", Ints: []int64{-1}},
	}, map[string]string{"k": "v"})
	head := `{"__metadata__":{"k":"v"},"a":{"dtype":"I64","shape":[],"data_offsets":[0,8]},` +
		`"b":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]},"u":{"dtype":"U8","shape":[3],"data_offsets":[16,19]}}`
	for len(head)%8 != 0 {
		head += " "
	}
	want := binary.LittleEndian.AppendUint64(nil, uint64(len(head)))
	want = append(want, head...)
	want = append(want, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 7, 8, 9)
	if !bytes.Equal(file, want) {
		t.Errorf("wrote\n%q, want\n%q", file, want)
	}
	if empty := written(t, nil, nil); string(empty) != "\x08\x00\x00\x00\x00\x00\x00\x00{}      " {
		t.Errorf("no tensors are %q", empty)
	}
}

func TestWriteRefusals(t *testing.T) {
	one := []float32{1}
	for want, tensors := range map[string][]Tensor{
		"two tensors are called \"a\"":             {{Name: "a", Data: one}, {Name: "b", Data: one}, {Name: "a", Ints: []int64{1}}},
		"has 1 elements, want 2: its shape is [2]": {{Name: "a", Shape: []int{2}, Data: one}},
		"has 0 elements, want 1: its shape is []":  {{Name: "a"}},
		"want no dimension below 0":                {{Name: "a", Shape: []int{-1, -1}, Data: one}},
		"at most":                                  {{Name: "a", Shape: []int{1 << 40, 1 << 40}, Data: one}},
		"has 1 float32s, 0 int64s and 2 bytes":     {{Name: "a", Data: one, Bytes: []byte{1, 2}}},
		`called "__metadata__"`:                    {{Name: "__metadata__", Data: one}},
		`called ""`:                                {{Data: one}},
		`called "\xff"`:                            {{Name: "\xff", Data: one}},
	} {
		var b bytes.Buffer
		err := Write(&b, tensors, nil)
		wantIn(t, want, err, want)
		if b.Len() > 0 {
			t.Errorf("%s: %d bytes were written", want, b.Len())
		}
	}
	wantIn(t, "metadata", Write(io.Discard, nil, map[string]string{"k": "\xff"}), "not UTF-8")
}

// file is a file with that header and so many bytes of data, each its number.
func file(head string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(head)))
	b = append(b, head...)
	for i := range data {
		b = append(b, byte(i))
	}
	return b
}

func TestDamaged(t *testing.T) {
	whole := written(t, samples(), nil)
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":               {nil, "cut short: 0 bytes, want 8"},
		"half a length":       {whole[:5], "cut short: 5 bytes, want 8"},
		"half a header":       {whole[:50], "in a file of 50: cut short"},
		"a length of 2⁶⁴−1":   {bytes.Repeat([]byte{255}, 100), "header of 18446744073709551615 bytes, want at most 100000000"},
		"a value short":       {whole[:len(whole)-1], "cut short"},
		"a value too many":    {append(bytes.Clone(whole), 0), "something follows"},
		"a pickle":            {[]byte("\x80\x02}q\x00X\x01\x00\x00\x00wq"), "no safetensors file"},
		"not JSON":            {file("hello", 0), "want a JSON object"},
		"an array":            {file("[]", 0), "want a JSON object"},
		"half an object":      {file(`{"a":{"dtype":"F32"`, 0), "unexpected EOF"},
		"two objects":         {file(`{}{}`, 0), "something follows"},
		"an unknown type":     {file(`{"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}`, 4), `type "F8_E4M3"`},
		"no type":             {file(`{"a":{"shape":[4],"data_offsets":[0,4]}}`, 4), `type ""`},
		"no shape":            {file(`{"a":{"dtype":"U8","data_offsets":[0,1]}}`, 1), "want a shape"},
		"one offset":          {file(`{"a":{"dtype":"U8","shape":[],"data_offsets":[0]}}`, 1), "two offsets"},
		"three offsets":       {file(`{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1,2]}}`, 1), "two offsets"},
		"an unknown field":    {file(`{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1],"x":1}}`, 1), "unknown field"},
		"twice one name":      {file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), `"a" is there twice`},
		"an overlap":          {file(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 3), `"b" lies from byte 1 to 3, want it to start at 2`},
		"a gap":               {file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}`, 3), "want it to start at 1"},
		"a gap at the start":  {file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), "want it to start at 0"},
		"offsets backwards":   {file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,-1]}}`, 1), "from byte 0 to -1"},
		"beyond the file":     {file(`{"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}}`, 1), "ends at byte 9 of the data, of which there are 1: cut short"},
		"another size":        {file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4), "4 bytes, want 8: F32 of shape [2]"},
		"an overflow":         {file(`{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, 0), "want at most"},
		"a negative size":     {file(`{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}`, 1), "below 0"},
		"a fraction":          {file(`{"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}}`, 1), "1.5"},
		"metadata of numbers": {file(`{"__metadata__":{"a":1}}`, 0), "__metadata__"},
	} {
		_, _, err := Read(bytes.NewReader(c.file), int64(len(c.file)))
		wantIn(t, name, err, c.want)
		path := filepath.Join(t.TempDir(), "f.safetensors")
		must.Do(t, os.WriteFile(path, c.file, 0o666))
		_, _, err = ReadFile(path)
		wantIn(t, name, err, path, c.want)
	}
}

// TestTypes reads each type, the elements being worked by hand.
func TestTypes(t *testing.T) {
	bits := binary.LittleEndian
	for typ, c := range map[Type]struct {
		data []byte
		want Tensor
	}{
		F16:  {[]byte{0x00, 0x3c, 0x00, 0xc0, 0xff, 0x7b, 0x01, 0x00, 0x00, 0xfc, 0x00, 0x80}, Tensor{Data: []float32{1, -2, 65504, 0x1p-24, float32(math.Inf(-1)), float32(math.Copysign(0, -1))}}},
		BF16: {[]byte{0x80, 0x3f, 0x49, 0x40}, Tensor{Data: []float32{1, 3.140625}}},
		F64:  {bits.AppendUint64(bits.AppendUint64(nil, math.Float64bits(0.1)), math.Float64bits(math.Inf(1))), Tensor{Data: []float32{0.1, float32(math.Inf(1))}}},
		I8:   {[]byte{255, 127}, Tensor{Ints: []int64{-1, 127}}},
		I16:  {[]byte{254, 255}, Tensor{Ints: []int64{-2}}},
		U16:  {[]byte{254, 255}, Tensor{Ints: []int64{65534}}},
		I32:  {[]byte{253, 255, 255, 255}, Tensor{Ints: []int64{-3}}},
		U32:  {[]byte{253, 255, 255, 255}, Tensor{Ints: []int64{1<<32 - 3}}},
		I64:  {bits.AppendUint64(nil, 1<<63), Tensor{Ints: []int64{math.MinInt64}}},
		Bool: {[]byte{0, 1}, Tensor{Bytes: []byte{0, 1}}},
		U8:   {[]byte{0, 255}, Tensor{Bytes: []byte{0, 255}}},
	} {
		n := len(c.data) / typ.size()
		b := file(fmt.Sprintf(`{"a":{"dtype":%q,"shape":[%d],"data_offsets":[0,%d]}}`, typ, n, len(c.data)), 0)
		all, _ := read(t, append(b, c.data...))
		c.want.Name, c.want.Shape = "a", []int{n}
		if len(all) != 1 || !same(all[0], c.want) {
			t.Errorf("%s: %+v, want %+v", typ, all, c.want)
		}
	}
}

// TestOneByOne: what cannot be read hinders nothing else.
func TestOneByOne(t *testing.T) {
	head := `{"big":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"count":{"dtype":"U64","shape":[],"data_offsets":[8,16]},"w":{"dtype":"U8","shape":[],"data_offsets":[16,17]}}`
	b := binary.LittleEndian.AppendUint64(file(head, 0), math.Float64bits(1e39))
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0, 42)
	path := filepath.Join(t.TempDir(), "f.safetensors")
	must.Do(t, os.WriteFile(path, b, 0o666))
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if len(f.Tensors) != 3 || f.Tensors[1].Type != U64 {
		t.Errorf("%+v", f.Tensors)
	}
	if w, err := f.Read("w"); err != nil || w.Bytes[0] != 42 {
		t.Errorf("%+v, %v", w, err)
	}
	_, err = f.Read("big")
	wantIn(t, "big", err, path, `tensor "big": element 0 is 1e+39, beyond float32`)
	_, err = f.Read("count")
	wantIn(t, "count", err, path, "type U64 cannot be read")
	_, err = f.Read("v")
	wantIn(t, "v", err, path, `no tensor "v", only big, count, w`)
	if _, _, err := ReadFile(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// FuzzRead: whatever the file, reading ends in an error or in tensors that hold together and that are
// written and read again to the bit.
func FuzzRead(f *testing.F) {
	f.Add(written(f, samples(), map[string]string{"k": "v"}))
	f.Add(written(f, nil, nil))
	f.Add(file(`{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"I64","shape":[],"data_offsets":[4,12]}}`, 12))
	f.Add(file(`{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, 0))
	f.Add(bytes.Repeat([]byte{255}, 20))
	f.Fuzz(func(t *testing.T, file []byte) {
		all, metadata, err := Read(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return
		}
		for _, tensor := range all {
			if tensor.Name == "" {
				return // others may write it; Write does not
			}
			must.Do(t, tensor.check())
		}
		again, meta := read(t, written(t, all, metadata))
		if len(again) != len(all) || len(meta) != len(metadata) {
			t.Fatalf("%d tensors, %d again", len(all), len(again))
		}
		for _, a := range again {
			k := slices.IndexFunc(all, func(b Tensor) bool { return a.Name == b.Name })
			if k < 0 || !same(a, all[k]) {
				t.Fatalf("%q is not as it was", a.Name)
			}
		}
	})
}

// TestTorch: a file of torch.save is named for what it is, with what makes it one of safetensors; and names lose what PyTorch
// puts before all of them, and nothing else.
func TestTorch(t *testing.T) {
	for _, begin := range []string{"PK\x03\x04\x00\x00\x08\x08", "\x80\x02\x8a\nl\xfc\x9cF"} {
		b := []byte(begin + strings.Repeat("x", 100))
		_, err := New(bytes.NewReader(b), int64(len(b)))
		wantIn(t, "torch.save", err, "torch.save", "save_file(")
	}
	npz := []byte("PK\x03\x04" + strings.Repeat("\x00", 22) + "\x05\x00\x00\x00x.npy and so on")
	_, err := New(bytes.NewReader(npz), int64(len(npz)))
	wantIn(t, "an NPZ file", err, "an NPZ file of arrays")
	for want, names := range map[string][]string{
		"a b":               {"module.a", "module.b"},
		"fc.bias fc.weight": {"_orig_mod.module.fc.weight", "_orig_mod.module.fc.bias"},
		"b module.a":        {"module.a", "b"},
	} {
		var all []Tensor
		for _, n := range names {
			all = append(all, Tensor{Name: n, Shape: []int{1}, Data: []float32{1}})
		}
		b := written(t, all, nil)
		f := must.Get(New(bytes.NewReader(b), int64(len(b))))(t)
		var got []string
		for _, i := range f.Tensors {
			x, err := f.Read(i.Name)
			if err != nil || x.Data[0] != 1 {
				t.Errorf("%s: %v, %v", i.Name, x, err)
			}
			got = append(got, i.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%v is read as %v, want %s", names, got, want)
		}
	}
}
