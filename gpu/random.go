package gpu

import (
	"fmt"

	"hebb/compute"
)

func (l *plan) random(r compute.Random) {
	out := flat(r.Out).written()
	for _, b := range l.cut(flatSize(r.Out), out) {
		if b.at[axisCol]%4 != 0 {
			l.err = fmt.Errorf("gpu: a storage block of %d bytes is too small for whole blocks of random numbers", l.maxBlock)
			return
		}
		d := l.piece("random", b, out)
		a := &d.args
		block := uint64(b.at[axisCol] / 4)
		a.Col0, a.Row0 = int32(uint32(block)), int32(uint32(block>>32))
		a.Key = [4]int32{int32(uint32(r.Seed)), int32(uint32(r.Seed >> 32)), int32(uint32(r.Stream)), int32(uint32(r.Stream >> 32))}
		a.Kind, a.Alpha, a.Beta = int32(r.Law.Distribution), r.Law.A, r.Law.B
		if r.Law.Distribution == compute.BernoulliLaw {
			if hits := r.Law.Threshold(); hits > 0 {
				a.Chance = int32(uint32(hits - 1))
			} else {
				a.Beta = 0
			}
		}
		each := 4
		if l.naive() {
			d.define(true, "NAIVE")
			each = 1
		} else {
			d.define(d.aligned(0, a.N), "VEC")
		}
		l.launch(d, groups(a.N, 256*each), 1, 1)
	}
}
