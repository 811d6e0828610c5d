package compute

// A Backend allocates buffers of float32s and runs ops on them. Packages cpu and gpu implement it, and nothing else.
//
// One goroutine uses a Backend, through a [Device], which has already checked every op: Run may take shapes, liveness
// and aliasing for granted.
type Backend interface {
	// Info describes the device that runs the ops. It is the same from Open to Close.
	Info() Info

	// Alloc returns a Buffer of n > 0 float32s of unspecified contents.
	Alloc(n int) (Buffer, error)

	// Run starts op and may return before it is done. Ops take effect in the order of the calls.
	// An op the backend lacks is an error wrapping [ErrUnsupported], never a panic.
	Run(op Op) error

	// Sync waits for all started work and returns the first failure since the Backend was opened. The failure is never
	// forgotten: every later Sync and Read returns it again.
	Sync() error

	// Close waits for all work, then releases all memory and the device.
	Close() error
}

// A Buffer is memory on a Backend. Read and Write are ordered with Run.
type Buffer interface {
	Write(off int, src []float32) error
	Read(off int, dst []float32) error // waits; no data comes out of a failed Backend
	Free()
}

// Info describes the device of a Backend, for people and for records of measurements.
type Info struct {
	Backend    string   `json:"backend"`              // "gpu", "cpu"
	Device     string   `json:"device"`               // "NVIDIA H200", "AMD EPYC (2 cores)"
	Driver     string   `json:"driver"`               // "OpenGL 4.6.0 NVIDIA 550.54", "gonum v0.17.0, pure Go"
	Via        string   `json:"via,omitempty"`        // how the device was reached: "EGL device 0", "GLFW"
	Software   bool     `json:"software"`             // the "GPU" is a program on the CPU (llvmpipe)
	Tuning     string   `json:"tuning,omitempty"`     // what was measured that choices of kernels go by: a checksum
	Half       bool     `json:"half,omitempty"`       // the device multiplies in half precision under Leeway Half
	Limits     []Limit  `json:"limits,omitempty"`     // in a fixed order
	Extensions []string `json:"extensions,omitempty"` // sorted
}

// A Limit is one limit of a device, under the device's own name for it.
type Limit struct {
	Name  string `json:"name"`
	Value int64  `json:"value"`
}

// String returns one line for people: "gpu: llvmpipe (OpenGL 4.5, software renderer)".
func (i Info) String() string {
	s := i.Backend
	if i.Device != "" {
		s += ": " + i.Device
	}
	if i.Driver != "" {
		s += " (" + i.Driver
		if i.Software {
			s += ", software renderer"
		}
		s += ")"
	}
	return s
}
