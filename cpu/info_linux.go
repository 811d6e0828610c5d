package cpu

import (
	"bufio"
	"math"
	"os"
	"runtime"
	"strings"

	host "hebb/internal/memory"
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
	if n, ok := host.Available(); ok {
		return n
	}
	return math.MaxInt64
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
