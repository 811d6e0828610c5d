package ci

import (
	"os/exec"
	"strings"
	"testing"
)

// The script for machines with a GPU is one that a shell reads, and it refuses what it does not know.
func TestGPUScript(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip(err)
	}
	if out, err := exec.Command(bash, "-n", "gpu.sh").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, args := range [][]string{nil, {"/nowhere/hebb"}, {"--budget", "8q", bash}, {"--budget=0", bash}, {"--verbose", bash}, {bash, "out", "more"}} {
		out, err := exec.Command(bash, append([]string{"gpu.sh"}, args...)...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "BINARY [OUTDIR]") {
			t.Errorf("%v: %v, %s", args, err, out)
		}
	}
}
