package nets

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"

	"hebb/compute"
)

// An Init sets the initial values of a tensor: [Zeros], [Constant], [Drawn], [Directions] or [Filled]. They depend on the learner's seed
// and the tensor's name alone. A tensor of a test task starts with the values of the training task's tensor of that name.
type Init interface {
	set(st *compute.Step, s *Store, n Named) error
}

// Zeros initialises a tensor to 0.
var Zeros = Constant(0)

type constant float32

// Constant initialises a tensor to c.
func Constant(c float32) Init { return constant(c) }

func (c constant) set(st *compute.Step, _ *Store, n Named) error {
	st.Do(compute.Map{Out: n.Value, F: constantly.With("c", float32(c))})
	return nil
}

var constantly = compute.Formula("c")

type drawn compute.Law

// Drawn initialises a tensor with independent draws from a law, made on the device.
func Drawn(law compute.Law) Init { return drawn(law) }

// Normal initialises a tensor from the normal distribution of mean 0 and standard deviation sd.
func Normal(sd float64) Init { return Drawn(compute.Normal(0, float32(sd))) }

// Uniform initialises a tensor from the uniform distribution within ±a.
func Uniform(a float64) Init { return Drawn(compute.Uniform(float32(-a), float32(a))) }

func (d drawn) set(st *compute.Step, s *Store, n Named) error {
	st.Do(compute.Random{Out: n.Value, Law: compute.Law(d), Seed: s.Seed, Seeds: s.Learners, Stream: hash(origin(n.Name))})
	return nil
}

type filled func(r *rand.Rand, x []float32)

// Filled initialises a tensor on the host: fill sets the values of one learner, from a generator seeded by that learner's
// seed and the tensor's name, see [Generator].
func Filled(fill func(r *rand.Rand, x []float32)) Init { return filled(fill) }

func (f filled) set(st *compute.Step, s *Store, n Named) error {
	if s.dev.Staged() {
		return nil // a stage has no memory to write to
	}
	each := n.Value.Len() / s.Learners
	x := make([]float32, n.Value.Len())
	for l := range s.Learners {
		f(Generator(s.Seed+uint64(l), origin(n.Name)), x[l*each:][:each])
	}
	st.Write(n.Value, x)
	return nil
}

// Directions initialises a matrix of so many columns: each row has a random direction and length 1.
func Directions(cols int) Init {
	return Filled(func(r *rand.Rand, w []float32) {
		for ; len(w) > 0; w = w[cols:] {
			direction(r, w[:cols])
		}
	})
}

// direction fills w with a random direction of length 1.
func direction(r *rand.Rand, w []float32) {
	x, sum := make([]float64, len(w)), 0.0
	for i := range x {
		x[i] = r.NormFloat64()
		sum += x[i] * x[i]
	}
	for i := range w {
		w[i] = float32(x[i] / math.Sqrt(sum))
	}
}

// Generator returns a random number generator of the host, seeded by a seed and a name.
func Generator(seed uint64, name string) *rand.Rand { return rand.New(rand.NewPCG(seed, hash(name))) }

// origin is the name by which initial values are drawn. A test task draws as the training task does, so that both have
// the same patterns, the same teacher, the same world.
func origin(name string) string {
	if rest, ok := strings.CutPrefix(name, "test."); ok {
		return "task." + rest
	}
	return name
}

func hash(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return h.Sum64()
}
