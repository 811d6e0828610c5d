//go:build cgo && linux && (amd64 || arm64) && !nogpu

package cli

import (
	"debug/elf"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hebb/internal/must"
)

// libc matches the libraries that every installation of a libc has.
var libc = regexp.MustCompile(`^(lib(c|m|dl|pthread|rt|resolv)|ld-linux[a-z0-9_-]*)\.`)

// TestLinked: the test, which is linked as hebb is, needs a libc to start, and nothing else.
func TestLinked(t *testing.T) {
	self, err := elf.Open(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	libraries, err := self.ImportedLibraries()
	if err != nil || len(libraries) == 0 {
		t.Fatal(libraries, err)
	}
	for _, l := range libraries {
		if !libc.MatchString(l) {
			t.Errorf("no start without %s: a function of it is missing in gpu/context_load.go", l)
		}
	}
}

// TestStart: hebb starts where no library of OpenGL or X11 can be loaded, and hebb info says what to install.
func TestStart(t *testing.T) {
	dir := t.TempDir()
	for _, l := range []string{"libEGL.so.1", "libGL.so.1", "libX11.so.6"} {
		must.Do(t, os.WriteFile(filepath.Join(dir, l), nil, 0o644))
	}
	p := newProcess(t, "info")
	p.Env = append(p.Env, "LD_LIBRARY_PATH="+dir)
	err := p.Run()
	out := p.stdout.String()
	if err != nil || p.stderr.Len() > 0 || !strings.Contains(out, "libegl1") {
		t.Errorf("%v, stderr %q, stdout\n%s", err, p.stderr.String(), out)
	}
	if !strings.Contains(out, "libx11-6") && !strings.Contains(out, "tag noglfw") {
		t.Errorf("not a word on libx11-6:\n%s", out)
	}
}
