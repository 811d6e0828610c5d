package bench

import (
	"fmt"

	"hebb/compute"
)

// smallMembers returns the suite "small": batches of networks of 8 to 128 units that are shown one example at a time, where the
// cost of calling an op counts as much as its arithmetic.
func smallMembers() []Case {
	var cases []Case
	for _, n := range []int{8, 32, 50, 128} {
		for _, batch := range []int{1, 16, 256, 4096} {
			if batch*n*n > 1<<24 { // as much as memory takes anyway
				continue
			}
			add := func(name string, build func(*compute.Step) compute.Op) {
				name += " " + times(batch, fmt.Sprintf("%d×%d", n, n))
				cases = append(cases, Case{Name: name, Quick: n == 50 && batch == 16, Build: build})
			}
			add("vector", product{batch: batch, m: 1, n: n, k: n, transB: true}.build)
			add("outer", update{networks: batch, units: n, inputs: n, n: 1, rule: "hebb"}.build)
			add("axpy", formulaOn(batch*n*n, "axpy").Build)
			add("sums", func(s *compute.Step) compute.Op {
				return compute.Reduce{Out: s.Tensor(batch*n, 1), In: []*compute.Tensor{s.Tensor(batch*n, n)}, Along: compute.AlongCols, Alpha: 1}
			})
			add("normal", func(s *compute.Step) compute.Op {
				return compute.Random{Out: s.Tensor(batch, n, n), Law: compute.Normal(0, 1), Seed: 1, Seeds: batch}
			})
		}
	}
	return cases
}
