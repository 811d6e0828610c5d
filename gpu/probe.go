package gpu

import "hebb/compute"

// A Feature is something that a driver's compiler takes or refuses, whatever its list of extensions
// says: what a faster kernel could be built on.
type Feature struct {
	Name string `json:"name"` // the extension that a shader requires
	For  string `json:"for"`  // what it would give
	Err  string `json:"err,omitempty"`
}

// Probe opens the device that o leads to and tries what its compiler takes.
func Probe(o Options) (compute.Info, []Feature, error) { return probe(o) }
