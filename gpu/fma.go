package gpu

import "hebb/compute"

func (l *plan) fma(f compute.FMA) {
	out, x := flat(f.Out).written(), flat(f.X)
	for _, b := range l.cut(flatSize(f.Out), out, x) {
		d := l.piece("fma", b, out, x)
		d.args.Alpha, d.args.Beta, d.args.Rounds = f.A, f.B, int32(f.Rounds)
		d.define(l.naive(), "NAIVE")
		each := 8 * 256 // per group, as in fma.comp
		if l.naive() {
			each = 256
		}
		l.launch(d, groups(d.args.N, each), 1, 1)
	}
}
