package components

import (
	"fmt"
	"slices"
	"strings"

	"hebb/compute"
)

// A Rule is a Hebbian learning rule of linear units y = W·x: what each takes to be explained
// already, see [compute.Hebbian].
type Rule uint8

const (
	Sanger   Rule = iota // Δw_u = η·y_u·(x − Σ_{v≤u} y_v·w_v): the principal components in order
	Subspace             // Δw_u = η·y_u·(x − Σ_v y_v·w_v): some basis of their span
	Oja                  // Δw_u = η·y_u·(x − y_u·w_u): every unit the first component
	Hebb                 // Δw_u = η·y_u·x, and w_u/‖w_u‖ after each update: alone it diverges
)

var ruleNames = []string{"sanger", "subspace", "oja", "hebb"}

func (r Rule) String() string {
	if int(r) < len(ruleNames) {
		return ruleNames[r]
	}
	return fmt.Sprintf("Rule(%d)", r)
}

// MarshalText returns the rule's name, in JSON too.
func (r Rule) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText sets r to the rule of that name.
func (r *Rule) UnmarshalText(name []byte) error {
	k := slices.Index(ruleNames, string(name))
	if k < 0 {
		return fmt.Errorf("rule %q, want one of %s", name, strings.Join(ruleNames, ", "))
	}
	*r = Rule(k)
	return nil
}

func (r Rule) mask() compute.Mask {
	return [...]compute.Mask{Sanger: compute.Lower, Subspace: compute.Full, Oja: compute.Diagonal, Hebb: compute.None}[r]
}

// single reports whether all units learn the first component.
func (r Rule) single() bool { return r == Oja || r == Hebb }

// update is one step of the rule on the activities y of w for the inputs x.
func (r Rule) update(w, y, x *compute.Tensor, rate float64) compute.Hebbian {
	h := compute.Hebbian{W: w, Y: y, X: x, Mask: r.mask(), Rate: float32(rate)}
	if h.Mask != compute.None {
		h.G = y
	}
	return h
}
