package stack_test

import (
	"math/rand/v2"
	"slices"

	"hebb/compute"
	"hebb/compute/computetest"
)

// A machine is a backend of float64s on which operations may stray as [computetest.Float64] says. See spread.
type machine struct {
	computetest.Machine[float64]
	drawn [][]float64 // what Random has made
}

// newMachine is exact.
func newMachine() *machine {
	return &machine{Machine: computetest.Machine[float64]{Arithmetic: &computetest.Float64{}}}
}

// strays has operations err by u of what they may, and constants by consts of themselves, from now on.
func (m *machine) strays(u, consts float64, seed uint64) {
	m.Arithmetic = &computetest.Float64{U: u, Consts: consts, Rand: rand.New(rand.NewPCG(seed, 1))}
}

func (m *machine) Run(op compute.Op) error {
	err := m.Machine.Run(op)
	if r, ok := op.(compute.Random); ok {
		m.drawn = append(m.drawn, slices.Clone(float64s(r.Out)))
	}
	return err
}

// float64s are the numbers of a tensor of a machine, where they lie.
var float64s = computetest.Values[float64]
