//go:build !cgo || nogpu || !(linux || windows)

package gpu

import (
	"fmt"
	"runtime"

	"hebb/compute"
)

// Open returns the reason why this program has no OpenGL.
func Open(o Options) (compute.Backend, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	return nil, absent()
}

// Devices returns the reason why this program has no OpenGL.
func Devices() []Candidate { return []Candidate{{Via: "OpenGL", Err: absent()}} }

func absent() error {
	why := "this program was built without cgo (CGO_ENABLED=0) or with the tag nogpu: build it with a C compiler and OpenGL's headers (libgl-dev)"
	if runtime.GOOS != "linux" && runtime.GOOS != "windows" {
		why = runtime.GOOS + " has no OpenGL compute shaders, or none that this program knows how to reach"
	}
	return fmt.Errorf("gpu: %w: %s", compute.ErrUnavailable, why)
}

func probe(Options) (compute.Info, []Feature, error) { return compute.Info{}, nil, absent() }
