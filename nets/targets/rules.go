// Package targets has rules that compute the updates of all layers together, without a delta that goes from layer to layer:
// by targets for each layer, and by synthetic gradients.
package targets

import (
	"fmt"
	"math"

	"hebb/nets"
	"hebb/nets/stack"
)

// Rules lists the rules of this package by name, with their default settings.
var Rules = []stack.NamedRule{
	{Name: "dtp", About: "difference target propagation: targets through learned inverses", Rule: DTP{Top: 0.3, Noise: 0.36, Rate: 5}},
	{Name: "dni", About: "synthetic gradients, predicted from a layer's output alone", Rule: DNI{Rate: 10}},
	{Name: "cdni", About: "synthetic gradients, predicted from a layer's output and the label", Rule: DNI{Label: true, Rate: 10}},
}

// Systems lists the systems of this package by name.
var Systems = []nets.NamedSystem{
	{Name: "recirculation", About: "an autoencoder that learns from what comes back (Hinton and McClelland 1988)", System: func() nets.System {
		return &Recirculation{Units: 3, Keep: 0.75, Gain: 0.5}
	}, Rate: 4},
}

// atLeast0 reports a setting that is negative or not finite.
func atLeast0(name string, x float32) error {
	if x >= 0 && x <= math.MaxFloat32 {
		return nil
	}
	return fmt.Errorf("%s %g, want at least 0", name, x)
}
