package ci

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPath: make path gives the module another path everywhere: nothing imports the old one, in the examples' module
// neither, and errors of ops still name the line of who asked.
func TestPath(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("..")); err != nil {
		t.Fatal(err)
	}
	in := func(where, name string, args ...string) (string, error) {
		c := exec.Command(name, args...)
		c.Dir, c.Env = filepath.Join(dir, where), append(os.Environ(), "CGO_ENABLED=0")
		out, err := c.CombinedOutput()
		return string(out), err
	}
	for _, bad := range []string{"", "/hebb", "example.org/#", "example.org/hebb/"} {
		if out, err := in("", "make", "path", "MODULE="+bad); err == nil || !strings.Contains(out, "want a module path") {
			t.Errorf("%q is taken: %s", bad, out)
		}
	}
	if out, err := in("", "make", "path", "MODULE=example.org/my/hebb"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, where := range []string{"", "examples"} {
		out, err := in(where, "go", "list", "-deps", "-test", "./...")
		if err != nil || strings.Contains("\n"+out, "\nhebb/") || !strings.Contains(out, "\nexample.org/my/hebb/nets\n") {
			t.Errorf("%s: %v: %s", where, err, out)
		}
	}
	if out, err := in("", "go", "test", "./compute", "-run", "Where"); err != nil || strings.Contains(out, "no tests") {
		t.Errorf("%v: %s", err, out)
	}
}
