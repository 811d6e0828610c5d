package cpu

// pause tells the core that a loop waits, for some 40 ns or less. It is in crew_amd64.s.
//
//go:noescape
func pause()
