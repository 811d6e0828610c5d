//go:build !cgo || nogpu

package cli

import (
	"strings"
	"testing"
)

// TestNoGPU: a program without OpenGL says so, and goes on with the CPU unless the GPU was asked for.
func TestNoGPU(t *testing.T) {
	for _, args := range [][]string{{"verify", "--backend", "gpu"}, {"verify", "--backend", "cpu,gpu"}} {
		status, _, stderr := hebb(t, args...)
		if status != 1 || !strings.Contains(stderr, "without cgo") {
			t.Errorf("hebb %v: status %d, stderr %q", args, status, stderr)
		}
	}
	status, out, stderr := hebb(t, "verify", "--op", "Copy")
	if status != 0 || !strings.Contains(stderr, "going on without gpu") || !strings.Contains(out, "cases right") {
		t.Errorf("hebb verify: status %d, stderr %q, stdout\n%s", status, stderr, out)
	}
	t.Chdir(t.TempDir())
	status, out, stderr = hebb(t, "train", "--rule", "sanger", "--data", images(t, 40), "--units", "1", "--batch", "20")
	if status != 0 || stderr != "" || !strings.Contains(out, "device    cpu") || !strings.Contains(out, "no gpu: ") {
		t.Errorf("hebb train: status %d, stderr %q, stdout\n%s", status, stderr, out)
	}
	if status, _, stderr = hebb(t, "train", "--backend", "gpu", "--data", images(t, 40)); status != 1 || !strings.Contains(stderr, "not available") {
		t.Errorf("hebb train --backend gpu: status %d, stderr %q", status, stderr)
	}
}
