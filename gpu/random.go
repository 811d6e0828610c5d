package gpu

import (
	"fmt"

	"hebb/compute"
)

func (l *plan) random(r compute.Random) {
	parts, n := r.Dims()
	out := rowsOf(r.Out, parts, n, axisRow, axisCol).written()
	for _, b := range l.cut(extent{1, 1, parts, n, 1}, out) {
		per := r.Law.PerBlock()
		if b.at[axisCol]%4 != 0 {
			l.err = fmt.Errorf("gpu: a storage block of %d bytes is too small for whole blocks of random numbers", l.maxBlock)
			return
		}
		d := l.piece("random", b, out)
		a := &d.args
		block, seed := uint64(b.at[axisCol]/per), r.Seed+uint64(b.at[axisRow])
		a.Col0, a.Row0 = int32(uint32(block)), int32(uint32(block>>32))
		a.Key = [4]int32{int32(uint32(seed)), int32(uint32(seed >> 32)), int32(uint32(r.Stream)), int32(uint32(r.Stream >> 32))}
		a.Kind, a.Alpha, a.Beta = int32(r.Law.Distribution), r.Law.A, r.Law.B
		if r.Law.Distribution == compute.BernoulliLaw {
			if hits := r.Law.Threshold(); hits > 0 {
				a.Chance = int32(uint32(hits - 1))
			} else {
				a.Beta = 0
			}
		}
		if r.Law.Distribution == compute.BetaLaw {
			a.Alpha = float32(r.Law.Exponent())
		}
		threads := a.M * int32(groups(a.N, 4)) // one for each four numbers
		if l.naive() {
			d.define(true, "NAIVE")
			threads = a.M * a.N
		} else {
			d.define(d.aligned(0, a.N), "VEC")
		}
		l.launch(d, groups(threads, 256), 1, 1)
	}
}
