package compute_test

import "hebb/compute/computetest"

// A machine is the backend that the tests of this package run on.
type machine = computetest.Machine[float32]

var data = computetest.Values[float32]

// plain is a machine that rounds as Go does.
func plain() *machine { return rounding(computetest.Float32{}) }

// rounding is a machine that rounds like f.
func rounding(f computetest.Float32) *machine { return &machine{Arithmetic: &f} }
