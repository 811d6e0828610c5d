package lab

import (
	"math/rand/v2"
	"slices"

	"hebb/compute"
	"hebb/compute/computetest"
)

// A machine is a backend of float64s whose operations may err as [computetest.Float64] says. See [Spread].
type machine struct {
	computetest.Machine[float64]
	drawn [][]float64 // by Random
}

// newMachine returns a machine that is exact but for float64's own rounding.
func newMachine() *machine {
	return &machine{Machine: computetest.Machine[float64]{Arithmetic: &computetest.Float64{}}}
}

// strays makes operations err by u times their largest errors, and constants by consts of themselves, from now on.
func (m *machine) strays(u, consts float64, seed uint64) {
	m.Arithmetic = &computetest.Float64{U: u, Consts: consts, Rand: rand.New(rand.NewPCG(seed, 1))}
}

func (m *machine) Run(op compute.Op) error {
	err := m.Machine.Run(op)
	if r, ok := op.(compute.Random); ok && err == nil {
		m.drawn = append(m.drawn, slices.Clone(Float64s(r.Out)))
	}
	return err
}

// Float64s returns the memory of a tensor of [Exact].
func Float64s(t *compute.Tensor) []float64 { return computetest.Values[float64](t) }
