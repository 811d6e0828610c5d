package cpu

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// huge asks for pages of 2 MiB under x if it is as long, so that fewer addresses are looked up in tables: where the system has
// such pages for those who ask alone (/sys/kernel/mm/transparent_hugepage/enabled is madvise), Go's heap has none. The pages at
// both ends, which x shares with its neighbours, are asked for too. What was in use before is collapsed now rather than when the
// kernel finds it; without such pages all goes on as it was.
func huge(x []float32) {
	const page = 2 << 20
	if 4*len(x) < page {
		return
	}
	from, n := uintptr(unsafe.Pointer(&x[0])), 4*uintptr(len(x))
	before := from % page
	for _, advice := range []uintptr{unix.MADV_HUGEPAGE, unix.MADV_COLLAPSE} {
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, from-before, (before+n+page-1)/page*page, advice)
	}
	runtime.KeepAlive(x)
}
