package cpu

import (
	"math"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"
)

// processor returns the processor's name.
func processor() string {
	if v := os.Getenv("PROCESSOR_IDENTIFIER"); v != "" {
		return v
	}
	return runtime.GOARCH
}

// memoryStatus is MEMORYSTATUSEX of sysinfoapi.h.
type memoryStatus struct {
	length, load                   uint32
	physical, freePhysical         uint64
	pageFile, freePageFile         uint64
	virtual, freeVirtual, extended uint64
}

// available returns the free physical memory.
func available() int64 {
	s := memoryStatus{length: uint32(unsafe.Sizeof(memoryStatus{}))}
	f := windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")
	if ok, _, _ := f.Call(uintptr(unsafe.Pointer(&s))); ok == 0 {
		return math.MaxInt64
	}
	return int64(s.freePhysical)
}
