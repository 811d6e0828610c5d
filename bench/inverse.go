package bench

import (
	"fmt"
	"math"

	"hebb/compute"
)

// An Inversion is the inverse of symmetric positive definite matrices: the lower triangle of numbers of no preference, and
// a shift that is larger than any eigenvalue of theirs.
type Inversion struct {
	Batch int `json:"batch"`
	N     int `json:"n"`
}

func (i Inversion) Op() string            { return "inverse" }
func (i Inversion) Kind() string          { return "inverse" }
func (i Inversion) Sizes() map[string]int { return map[string]int{"batch": i.Batch, "n": i.N} }
func (i Inversion) terms() int            { return i.N * i.N }

// shift is beyond the 2√(2n) that the eigenvalues of n×n numbers from −2 to 2 reach.
func (i Inversion) shift() float32 { return 4 * float32(math.Ceil(math.Sqrt(float64(i.N)))) }

func (i Inversion) build(step *compute.Step) (compute.Op, []*compute.Tensor) {
	op := compute.Inverse{
		A: step.Tensor(i.Batch, i.N, i.N), Inv: step.Tensor(i.Batch, i.N, i.N), Info: step.Tensor(i.Batch), Shift: i.shift(),
	}
	return op, []*compute.Tensor{op.A}
}

func inversions() []Case {
	var cases []Case
	for _, i := range []Inversion{{1, 64}, {1, 256}, {1, 512}, {1, 1024}, {8, 256}, {8, 512}} {
		cases = append(cases, Case{"hsic", "inverse " + times(i.Batch, fmt.Sprintf("%d×%d", i.N, i.N)), i == Inversion{1, 256}, i})
	}
	return cases
}
