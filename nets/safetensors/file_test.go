package safetensors

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"hebb/internal/must"
)

// only asserts that dir holds that file, with these contents, and nothing else.
func only(t *testing.T, dir, name string, want []byte) {
	t.Helper()
	entries := must.Get(os.ReadDir(dir))(t)
	if len(entries) != 1 || entries[0].Name() != name {
		t.Errorf("the folder holds %v, want %s alone", entries, name)
	}
	if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s has %d bytes, want %d others, %v", name, len(got), len(want), err)
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f.safetensors")
	for _, tensors := range [][]Tensor{samples(), samples()[:2]} { // new, and in the place of another
		must.Do(t, WriteFile(path, tensors, nil))
		only(t, dir, "f.safetensors", written(t, tensors, nil))
	}
	t.Chdir(dir)
	must.Do(t, WriteFile("f.safetensors", samples(), nil))
	only(t, dir, "f.safetensors", written(t, samples(), nil))
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o600 != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// TestFailedWrite: where tensors cannot be written, the file is as it was.
func TestFailedWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f.safetensors")
	must.Do(t, WriteFile(path, samples(), nil))
	before := written(t, samples(), nil)

	wantIn(t, "a bad tensor", WriteFile(path, []Tensor{{Name: "a"}}, nil), path, "has 0 elements")
	only(t, dir, "f.safetensors", before)
}

// TestWriterFails: Write returns the error of its writer, at whatever byte it comes.
func TestWriterFails(t *testing.T) {
	big := []Tensor{{Name: "a", Shape: []int{100000}, Data: make([]float32, 100000)}}
	full := errors.New("the disk is full")
	for _, room := range []int{0, 7, 50, 70000, 400000} {
		if err := Write(&small{room, full}, big, nil); !errors.Is(err, full) {
			t.Errorf("room for %d bytes: %v", room, err)
		}
	}
}

// small is a writer with room for so many bytes.
type small struct {
	room int
	err  error
}

func (s *small) Write(p []byte) (int, error) {
	n := min(len(p), s.room)
	s.room -= n
	if n < len(p) {
		return n, s.err
	}
	return n, nil
}
