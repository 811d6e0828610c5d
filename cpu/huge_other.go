//go:build !linux

package cpu

// huge asks for large pages under x, where there is a way to.
func huge([]float32) {}
