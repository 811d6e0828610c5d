//go:build !windows

package cli

import "syscall"

// usr1 is the signal by which Slurm tells a job that its time is nearly over, where it is asked to; 0: there is none.
const usr1 = syscall.SIGUSR1
