package cli

import "syscall"

const usr1 = syscall.Signal(0)
