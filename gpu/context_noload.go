//go:build cgo && (windows || (linux && !amd64 && !arm64)) && !nogpu

package gpu

// missingX11 returns nil: on Windows GLFW needs no libX11, and on these processors no program starts without it.
func missingX11() error { return nil }
