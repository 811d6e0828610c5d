package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A page is made of what was recorded, twice as of once; what is not results is refused, and no page made.
func TestReport(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "page")
	file := filepath.Join("testdata", "bench.json")
	var out, errs bytes.Buffer
	if status := run(context.Background(), []string{"report", file, file, "--out", dir}, &out, &errs); status != 0 || strings.TrimSpace(out.String()) != dir {
		t.Fatalf("exit status %d, %q: %s", status, out.String(), errs.String())
	}
	read := func(name string) string {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Error(err)
		}
		return string(b)
	}
	page := read(filepath.Join(dir, "README.md"))
	for _, want := range []string{"# llvmpipe", "## roofs, measured", "| copy 4194304 |", "| naive |", "torch 1.13"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in the page", want)
		}
	}
	if strings.Contains(page, "H200") {
		t.Error("the page of a program on the CPU has the targets of a GPU")
	}
	if got, want := strings.Count(read(filepath.Join(dir, "bench.json")), "\n"), strings.Count(read(file), "\n"); got != want {
		t.Errorf("%d results, want %d", got, want)
	}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"nothing":    {nil, "no file"},
		"no file":    {[]string{"none.json"}, "none.json"},
		"no results": {[]string{"report_test.go"}, "report_test.go"},
		"empty":      {[]string{os.DevNull}, "no results in " + os.DevNull},
	} {
		errs.Reset()
		other := filepath.Join(t.TempDir(), "page")
		status := run(context.Background(), append([]string{"report", "--out", other}, c.args...), &out, &errs)
		if _, err := os.Stat(other); status == 0 || !strings.Contains(errs.String(), c.want) || err == nil {
			t.Errorf("%s: exit status %d, %q", name, status, errs.String())
		}
	}
}
