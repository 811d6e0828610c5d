package cpu

import (
	"bufio"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// processor returns the processor's name.
func processor() string {
	if v := field("/proc/cpuinfo", "model name"); v != "" {
		return v
	}
	return runtime.GOARCH
}

// available returns the bytes that can be allocated without swapping out others.
func available() int64 {
	kb, _, _ := strings.Cut(field("/proc/meminfo", "MemAvailable"), " ")
	n, err := strconv.ParseInt(kb, 10, 64)
	if err != nil {
		return math.MaxInt64
	}
	return min(n<<10, allowed())
}

// allowed returns the bytes left within the memory limit of this process's control group, where there is one.
func allowed() int64 {
	limit, err1 := number("/sys/fs/cgroup/memory.max")
	used, err2 := number("/sys/fs/cgroup/memory.current")
	if err1 != nil || err2 != nil {
		return math.MaxInt64
	}
	return max(0, limit-used)
}

func number(file string) (int64, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
}

// field returns the first value of a file of lines "name : value".
func field(file, name string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if k, v, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
