package memory

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"hebb/internal/must"
)

const meminfo = "MemTotal:  8000000 kB\nMemFree:  10 kB\nMemAvailable:    4000000 kB\n"

// TestAvailable: the least of what the machine has and what each control group leaves.
func TestAvailable(t *testing.T) {
	const machine = 4000000 << 10
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"no groups":    {map[string]string{"proc/meminfo": meminfo}, machine},
		"nothing":      {map[string]string{}, -1},
		"no figure":    {map[string]string{"proc/meminfo": "MemTotal: 8000000 kB\n"}, -1},
		"not a figure": {map[string]string{"proc/meminfo": "MemAvailable: much kB\n"}, -1},
		"version 2": {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/jobs/7\n", "sys/fs/cgroup/jobs/7/memory.max": "1000000\n",
			"sys/fs/cgroup/jobs/7/memory.current": "700000\n", "sys/fs/cgroup/jobs/7/memory.stat": "anon 1\ninactive_file 50000\nactive_file 2\n"}, 350000},
		"a limit above": {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/jobs/7\n", "sys/fs/cgroup/jobs/7/memory.max": "max\n",
			"sys/fs/cgroup/jobs/7/memory.current": "700000\n", "sys/fs/cgroup/jobs/memory.max": "800000\n", "sys/fs/cgroup/jobs/memory.current": "750000\n"}, 50000},
		"more used than allowed": {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1000\n",
			"sys/fs/cgroup/memory.current": "1200\n"}, 0},
		"a container of version 1, whose own group is the topmost that it sees": {map[string]string{"proc/meminfo": meminfo,
			"proc/self/cgroup": "4:memory:/docker/ab\n2:cpu:/x\n0::/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "5000000\n",
			"sys/fs/cgroup/memory/memory.usage_in_bytes": "1000000\n", "sys/fs/cgroup/memory/memory.stat": "inactive_file 3\ntotal_inactive_file 100000\n"}, 4100000},
		"version 1 without a limit": {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "4:memory:/\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n", "sys/fs/cgroup/memory/memory.usage_in_bytes": "1000000\n"}, machine},
	} {
		root := t.TempDir()
		for path, text := range c.files {
			path = filepath.Join(root, path)
			must.Do(t, os.MkdirAll(filepath.Dir(path), 0o777))
			must.Do(t, os.WriteFile(path, []byte(text), 0o666))
		}
		if got, ok := available(root); ok != (c.want >= 0) || ok && got != c.want {
			t.Errorf("%s: %d, %t, want %d", name, got, ok, c.want)
		}
	}
}

// TestHere: this machine says something that can be.
func TestHere(t *testing.T) {
	if got, ok := Available(); ok != (runtime.GOOS == "linux") || ok && (got < 1<<20 || got > 1<<50) {
		t.Errorf("%d bytes, %t", got, ok)
	}
}
