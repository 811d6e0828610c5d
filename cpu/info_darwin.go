package cpu

import (
	"math"
	"runtime"

	"golang.org/x/sys/unix"
)

// processor returns the processor's name.
func processor() string {
	if v, err := unix.Sysctl("machdep.cpu.brand_string"); err == nil {
		return v
	}
	return runtime.GOARCH
}

// available returns all of the memory: macOS makes room by compressing.
func available() int64 {
	n, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return math.MaxInt64
	}
	return int64(n)
}
