package bench

import (
	"fmt"

	"hebb/compute"
)

// smallMembers has batches of matrices so small that what is between the ops counts as much as they do: networks of that many
// units, each of which is shown one example at a time.
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
