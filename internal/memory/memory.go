// Package memory says how much memory a process may still take.
package memory

import (
	"bufio"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Available returns how many bytes this process can allocate before the kernel ends it or another: what is free on the
// machine or can be freed, and no more than the limits of its control groups leave. ok is false where that is not known:
// anywhere but on Linux.
func Available() (bytes int64, ok bool) { return available("/") }

// available is Available of a machine whose /proc and /sys are below root.
func available(root string) (bytes int64, ok bool) {
	free, ok := field(filepath.Join(root, "proc/meminfo"), "MemAvailable:")
	if !ok || free > math.MaxInt64>>10 {
		return 0, false
	}
	free <<= 10 // from KiB
	for _, g := range groups(root) {
		if left, ok := g.left(); ok {
			free = min(free, left)
		}
	}
	return free, true
}

// A group is a control group, with the names that its version of the interface has.
type group struct{ dir, limit, usage, inactive string }

// groups returns the control groups of this process and all those above them, as far as they can be seen: in a container,
// which may see its own as the topmost, the path is that of the host.
func groups(root string) (all []group) {
	text, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		part := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3) // number:controllers:path
		if len(part) != 3 {
			continue
		}
		g := group{"sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"}
		if part[1] == "memory" {
			g = group{"sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"}
		} else if part[1] != "" {
			continue
		}
		top := filepath.Join(root, g.dir)
		for path := filepath.Clean("/" + part[2]); ; path = filepath.Dir(path) {
			g.dir = filepath.Join(top, path)
			if all = append(all, g); path == "/" {
				break
			}
		}
	}
	return all
}

// left returns what the limit of the group leaves: pages of files that nobody uses are given up first.
func (g group) left() (bytes int64, ok bool) {
	limit, ok := number(filepath.Join(g.dir, g.limit)) // else there is none: "max", or no such group
	usage, known := number(filepath.Join(g.dir, g.usage))
	if !ok || !known {
		return 0, false
	}
	inactive, _ := field(filepath.Join(g.dir, "memory.stat"), g.inactive)
	return max(0, limit-usage+min(inactive, usage)), true
}

func number(path string) (n int64, ok bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	n, err = strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return n, err == nil
}

// field returns the number after a name that begins a line.
func field(path, name string) (n int64, ok bool) {
	f, err := os.Open(path)
	if err != nil {
		return 0, false
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if words := strings.Fields(s.Text()); len(words) > 1 && words[0] == name {
			n, err := strconv.ParseInt(words[1], 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}
