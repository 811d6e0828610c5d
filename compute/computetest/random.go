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
	}
	lengths := []int{1, 2, 3, 4, 5, 6, 7, 255, 256, 257, 1000, 1024, 4099}
	numbers := []uint64{0, 1, 7, 1 << 31, 1 << 32, 0x9E3779B97F4A7C15, math.MaxUint64}
	for i := range c.count(3*len(laws), 30*len(laws)) {
		c.random(laws[i%len(laws)], lengths[i%len(lengths)], pick(c, numbers...), pick(c, numbers...))
	}
	for i := range 6 {
		c.random(laws[i], c.count(70001, 1000003), c.rnd.Uint64(), c.rnd.Uint64())
	}
}

func (c *chooser) random(law compute.Law, n int, seed, stream uint64) {
	c.add(fmt.Sprintf("n=%d %v seed %#x stream %#x", n, law, seed, stream), func(m *maker) compute.Op {
		return compute.Random{Out: m.out(false, n), Law: law, Seed: seed, Stream: stream}
	})
}
