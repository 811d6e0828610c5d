package reproduce

import (
	"testing"

	"hebb/internal/must"
)

// TestTriplets: at its small scale the experiment holds with one seed, and of rows in changed places it does not.
func TestTriplets(t *testing.T) {
	_, scale, err := Find(All, "triplets", "small")
	must.Do(t, err)
	for _, p := range scale.Parts {
		r := runner(t)
		r.Seeds = 1
		rows := make1(t, r, p)
		figuresHold(t, p, rows)
		claimsHold(t, p, rows)
	}
}

// TestTripletsClaims: the figures and the claims hold of what was measured.
func TestTripletsClaims(t *testing.T) { measuredHold(t, "triplets") }
