package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hebb/internal/must"
)

// holds requires that dir has these files and no other, name and content by turns.
func holds(t *testing.T, dir string, want ...string) {
	t.Helper()
	var got []string
	entries := must.Get(os.ReadDir(dir))(t)
	for _, e := range entries {
		text := must.Get(os.ReadFile(filepath.Join(dir, e.Name())))(t)
		got = append(got, e.Name(), string(text))
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the folder has %q, want %q", got, want)
	}
}

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

// A file is replaced by a whole one, readable as any other new file; where that fails the old one stays.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path, plain := filepath.Join(dir, "a"), filepath.Join(t.TempDir(), "plain")
	must.Do(t, errors.Join(Write(path, text("first")), os.WriteFile(plain, nil, 0o666)))
	holds(t, dir, "a", "first")
	mine, err1 := os.Stat(path)
	other, err2 := os.Stat(plain)
	if err := errors.Join(err1, err2); err != nil || mine.Mode() != other.Mode() {
		t.Errorf("mode %v, want %v; %v", mine.Mode(), other.Mode(), err)
	}
	bad := errors.New("half of it")
	err := Write(path, func(w io.Writer) error { return errors.Join(text("sec")(w), bad) })
	if !errors.Is(err, bad) || !strings.Contains(err.Error(), path) {
		t.Errorf("%v, want %v of %s", err, bad, path)
	}
	holds(t, dir, "a", "first")
	must.Do(t, Write(path, text("second")))
	holds(t, dir, "a", "second")
}

// A file that is not committed leaves nothing, and neither does a Commit that fails.
func TestClose(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	f, err := Create(path)
	if err == nil {
		err = errors.Join(text("new")(f), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	holds(t, dir)
	if f, err = Create(path); err == nil {
		err = os.Mkdir(path, 0o777)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); err == nil {
		t.Error("a file took the place of a folder")
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 || f.Close() != nil {
		t.Errorf("%v are left after a Commit that failed", left)
	}
}

// Create refuses to replace anything but a plain file.
func TestCreateRefuses(t *testing.T) {
	dir := t.TempDir()
	device := filepath.Join(dir, "device")
	if err := os.Symlink(os.DevNull, device); err != nil {
		t.Skip(err)
	}
	for path, want := range map[string]string{dir: ": it is a folder", device: ": it is not a plain file", filepath.Join(dir, "none", "a"): "no such file"} {
		if f, err := Create(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v; want %q", path, f, err, want)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("%v are left", left)
	}
}
