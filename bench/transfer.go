package bench

import (
	"errors"
	"fmt"
	"slices"

	"hebb/compute"
)

// transferSizes are in float32s: 4 KiB, 1 MiB and 64 MiB.
var transferSizes = []int{1 << 10, 1 << 18, 1 << 24}

// measureTransfers times the way to a device's memory and back. What comes back is compared, all
// of it, with what went.
func (r *runner) measureTransfers(d *device) {
	for _, n := range transferSizes {
		both := Case{Suite: "transfer", Name: bytesOf(n)}
		if only := r.Options.Only; only != nil && !only.MatchString("transfer write "+bytesOf(n)) {
			continue
		}
		if d.lost != nil || r.Options.Quick && n > 1<<22 || !r.begin(both) {
			return
		}
		results := make([]Result, 2)
		for i, op := range []string{"write", "read"} {
			c := Case{Suite: "transfer", Name: fmt.Sprintf("%s %s", op, bytesOf(n))}
			results[i] = r.result(c, description{op: op, kind: op, sizes: sizes{"n": n}}, compute.Cost{Bytes: 4 * int64(n)}, d.info)
		}
		err := d.Step(func(s *compute.Step) error { return r.transfer(s, d, n, results) })
		d.Trim()
		for i := range results {
			results[i].fail(err)
		}
		r.finish(both, results)
	}
}

// transfer fills in the results of writing and of reading n values.
func (r *runner) transfer(s *compute.Step, d *device, n int, results []Result) error {
	t, there, back := s.Tensor(n), make([]float32, n), make([]float32, n)
	real.fill(there, uint32(r.Options.Seed), 0)
	s.Write(t, there)
	s.Read(t, back)
	if err := s.Err(); err != nil {
		return err
	}
	if !slices.Equal(there, back) {
		for i := range results {
			results[i].stop(Failed, "what was read is not what was written")
		}
		return nil
	}
	for i, move := range []func(*compute.Tensor, []float32){s.Write, s.Read} {
		seen, err := d.clock.round(func(k int) error {
			for range k {
				move(t, back)
			}
			return errors.Join(s.Err(), d.Sync())
		}, r.Options.MaxCase/4, enough)
		if err != nil {
			return err
		}
		results[i].rate(seen)
		results[i].judge(compute.Tally{Judged: n})
		results[i].Sample = "all"
	}
	return nil
}

func bytesOf(n int) string {
	switch b := 4 * n; {
	case b >= 1<<20:
		return fmt.Sprintf("%d MiB", b>>20)
	default:
		return fmt.Sprintf("%d KiB", b>>10)
	}
}
