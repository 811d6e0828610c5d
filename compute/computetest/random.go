package computetest

import (
	"fmt"
	"math"

	"hebb/compute"
)

func randomCases(c *chooser) {
	laws := []compute.Law{
		compute.Uniform(0, 1), compute.Normal(0, 1), compute.Bernoulli(0.5, 2), compute.Uniform(-0.3, 0.7), compute.Normal(-2, 0.1),
		compute.Bernoulli(0.9, 1/0.9), compute.Uniform(0, 4), compute.Normal(5, 0), compute.Bernoulli(0x1p-9, -1),
		compute.Uniform(-3, 5), compute.Bernoulli(0, 3), compute.Bernoulli(1, 3),
		compute.Beta(4.5, 0.5), compute.Beta(0.625, 0.5), compute.Beta(300, 0.5),
	}
	lengths := []int{1, 2, 3, 4, 5, 6, 7, 255, 256, 257, 1000, 1024, 4099}
	numbers := []uint64{0, 1, 7, 1 << 31, 1 << 32, 0x9E3779B97F4A7C15, math.MaxUint64}
	for i := range c.count(3*len(laws), 30*len(laws)) {
		c.random(laws[i%len(laws)], lengths[i%len(lengths)], 0, pick(c, numbers...), pick(c, numbers...))
	}
	for i := range 7 {
		c.random(laws[i*2%13], c.count(70001, 1000003), 0, c.rnd.Uint64(), c.rnd.Uint64())
	}

	// Parts of whole blocks of four and of broken ones; seeds that carry, to the upper word and out of it.
	parts := []int{1, 2, 3, 5, 16, 67, 300}
	lengths = []int{1, 2, 3, 4, 5, 7, 8, 30, 64, 101}
	numbers = []uint64{0, 7, math.MaxUint32 - 1, math.MaxUint64 - 1, 0x9E3779B97F4A7C15}
	for i := range c.count(2*len(laws), 30*len(laws)) {
		c.random(laws[i%len(laws)], lengths[i%len(lengths)], parts[i%len(parts)], numbers[i%len(numbers)], pick(c, numbers...))
	}
	for i, parts := range []int{1025, 1025, 7, 3, 3} {
		c.random(laws[i], []int{5, 8, 1028, 5001, 5004}[i], parts, numbers[i], c.rnd.Uint64())
	}
}

// random adds a case of parts of n numbers; of no parts, of n numbers without Seeds.
func (c *chooser) random(law compute.Law, n, parts int, seed, stream uint64) {
	name := fmt.Sprintf("n=%d", n)
	if parts > 0 {
		name = fmt.Sprintf("%d parts n=%d", parts, n)
	}
	c.add(fmt.Sprintf("%s %v seed %#x stream %#x", name, law, seed, stream), func(m *maker) compute.Op {
		return compute.Random{Out: m.out(false, max(1, parts), n), Law: law, Seed: seed, Stream: stream, Seeds: parts}
	})
}

// Parts lets d fill tensors with random numbers, in parts and each part by itself, and reports where the two differ in
// a bit.
func Parts(d *compute.Device) error {
	for _, law := range []compute.Law{compute.Uniform(-0.3, 0.7), compute.Normal(-2, 0.1), compute.Bernoulli(0.9, 1/0.9), compute.Beta(4.5, 0.5)} {
		for _, n := range []int{1, 2, 3, 4, 6, 33, 64, 1000} {
			for _, seed := range []uint64{3, math.MaxUint32 - 4, math.MaxUint64 - 4} {
				r := compute.Random{Law: law, Seed: seed, Stream: 1<<40 + 9, Seeds: 9}
				if err := d.Step(func(s *compute.Step) error { return parts(s, r, n) }); err != nil {
					return fmt.Errorf("%d parts of %d numbers %v, Seed %#x: %w", r.Seeds, n, law, seed, err)
				}
			}
		}
	}
	return nil
}

func parts(s *compute.Step, r compute.Random, n int) error {
	all, one := make([]float32, r.Seeds*n), make([]float32, n)
	r.Out = s.Tensor(r.Seeds, n)
	s.Do(r)
	s.Read(r.Out, all)
	alone := compute.Random{Out: s.Tensor(n), Law: r.Law, Stream: r.Stream}
	for k := range r.Seeds {
		alone.Seed = r.Seed + uint64(k)
		s.Do(alone)
		if s.Read(alone.Out, one); s.Err() != nil {
			return s.Err()
		}
		if part := all[k*n:][:n]; !equalBits(part, one) {
			return fmt.Errorf("%w: part %d is %v, alone it is %v", compute.ErrWrong, k, part, one)
		}
	}
	return nil
}
