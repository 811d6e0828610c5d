package gpu

import "hebb/compute"

// A Feature is a language feature that a driver's compiler accepts or refuses, whatever its list of extensions says:
// faster kernels could use it.
type Feature struct {
	Name string `json:"name"` // the extension that a shader requires
	For  string `json:"for"`  // its use
	Err  string `json:"err,omitempty"`
}

// Probe opens the device that o selects and tries the features on its compiler.
func Probe(o Options) (compute.Info, []Feature, error) { return probe(o) }
