package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMisplacedOutputs: a path that cannot be written is wrong input, said with what was found and wanted before any work.
func TestMisplacedOutputs(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "plain", nil)
	plain, set, run := filepath.Join(dir, "plain"), images(t, 40), filepath.Join(dir, "run")
	ok(t, append(small(set, run), "--epochs", "1")...)
	system := filepath.Join(dir, "system")
	ok(t, "train", "rflo:units=3", "--task", "sines", "--steps", "1", "--backend", "cpu", "--out", system)
	reproduces(t, 8, nil, new(uint64))
	for _, args := range []string{
		"train --out ", "train --out " + run + "2 --backend cpu --trace ", "train --backend cpu --out " + run + "2 --profile ",
		"sweep --set seed=1 --out ", "reproduce fake --out ", "reproduce fake --out " + run + "2 --record ",
		"export " + run + " --out ", "bench --json ", "bench --report ",
		"record " + system + " --backend cpu --out ", "record " + system + " --backend cpu --picture ", "weights " + run + " --out ", "man ",
		"data fetch mnist --dir ",
	} {
		below := "/x"
		switch {
		case strings.HasSuffix(args, "--picture "):
			below = "/x.svg"
		case strings.HasPrefix(args, "record "), strings.HasPrefix(args, "weights "):
			below = "/x.npz"
		}
		status, stdout, stderr := hebb(t, strings.Fields(args+plain+below)...)
		if status != 2 || stdout != "" || !strings.Contains(stderr, plain+below+" cannot be") || !strings.Contains(stderr, "; want a ") {
			t.Errorf("%s: status %d, stdout %q, stderr %q, want 2 and what is wanted", args, status, stdout, stderr)
		}
		if _, err := os.Stat(run + "2"); err == nil {
			t.Errorf("%s: there is a folder", args)
		}
	}
	for _, args := range []string{"train --out ", "sweep --set seed=1 --out ", "reproduce fake --out "} { // a plain file in place of a folder
		if status, _, stderr := hebb(t, strings.Fields(args+plain)...); status != 2 || !strings.Contains(stderr, "; want a folder") {
			t.Errorf("%s: status %d, stderr %q", args, status, stderr)
		}
	}
}
