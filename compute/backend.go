package compute

// A Backend is a place where float32s live and ops run. It is all that cpu and gpu implement.
//
// A Backend is used by one goroutine, through a [Device], which has already checked every op:
// Run may take shapes, liveness and aliasing for granted.
type Backend interface {
	// Info says what runs the ops. It is the same from Open to Close.
	Info() Info

	// Alloc returns room for n > 0 float32s of unspecified contents.
	Alloc(n int) (Buffer, error)

	// Run starts op and may return before it is done. Ops take effect in the order of the calls.
	// An op the backend lacks is an error wrapping [ErrUnsupported], never a panic.
	Run(op Op) error

	// Sync waits for all that was started and returns the first failure since the Backend was
	// opened. The failure is never forgotten: every later Sync and Read returns it again.
	Sync() error

	// Close waits, then gives everything back.
	Close() error
}

// A Buffer is memory on a Backend. Read and Write are ordered with Run.
type Buffer interface {
	Write(off int, src []float32) error
	Read(off int, dst []float32) error // waits; no data comes out of a failed Backend
	Free()
}

// Info describes what a Backend runs on, for people and for records of measurements.
type Info struct {
	Backend    string   `json:"backend"`              // "gpu", "cpu"
	Device     string   `json:"device"`               // "NVIDIA H200", "AMD EPYC (2 cores)"
	Driver     string   `json:"driver"`               // "OpenGL 4.6.0 NVIDIA 550.54", "gonum v0.17.0, pure Go"
	Via        string   `json:"via,omitempty"`        // how the device was reached: "EGL device 0", "GLFW"
	Software   bool     `json:"software"`             // the "GPU" is a program on the CPU (llvmpipe)
	Half       bool     `json:"half,omitempty"`       // makes use of the leeway of that name
	Limits     []Limit  `json:"limits,omitempty"`     // in a fixed order
	Extensions []string `json:"extensions,omitempty"` // sorted
}

// A Limit is one number that bounds what a device does, under its own name.
type Limit struct {
	Name  string `json:"name"`
	Value int64  `json:"value"`
}

// String is a line for people: "gpu: llvmpipe (OpenGL 4.5, software renderer)".
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
