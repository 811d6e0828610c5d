//go:build !amd64

package cpu

// pause is the PAUSE of amd64.
func pause() {}
