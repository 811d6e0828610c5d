package safetensors

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"hebb/internal/must"
)

// TestFileLimit writes beyond the largest file that the system lets a process write, which fails as a
// full disk does. The limit is the process's, so a second one sets it.
func TestFileLimit(t *testing.T) {
	big := []Tensor{{Name: "a", Shape: []int{100000}, Data: make([]float32, 100000)}}
	if path := os.Getenv("HEBB_TEST_FILE_LIMIT"); path != "" {
		signal.Ignore(syscall.SIGXFSZ)
		limit := syscall.Rlimit{Cur: 8192, Max: 8192}
		must.Do(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
		if err := WriteFile(path, big, nil); !errors.Is(err, syscall.EFBIG) {
			t.Errorf("beyond the limit: %v, want %v", err, syscall.EFBIG)
		}
		return
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "f.safetensors")
	must.Do(t, WriteFile(path, samples(), nil))
	cmd := exec.Command(os.Args[0], "-test.run=^TestFileLimit$", "-test.v")
	cmd.Env = append(os.Environ(), "HEBB_TEST_FILE_LIMIT="+path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	only(t, dir, "f.safetensors", written(t, samples(), nil))
}
