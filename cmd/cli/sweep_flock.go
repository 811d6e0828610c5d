//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly || illumos

package cli

import (
	"os"
	"syscall"
)

// orphaned reports whether a process of an earlier sweep still runs. A run's log is locked by the sweep that opens it, and the
// lock is of the open file: the run's process inherits it, and holds it from before its first instruction to its end.
func orphaned(log *os.File, _ string) bool {
	return syscall.Flock(int(log.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == syscall.EWOULDBLOCK
}
