package gpu

import "hebb/compute"

// deliver plans a Deliver. Examples lie along the axis of widths, slots of the ring along that of rows, and presynaptic cells
// along that of terms. Long lists are gone through in several dispatches.
func (l *plan) deliver(d compute.Deliver) {
	slots, members, examples, pre, fan, post := d.Dims()
	out := at(d.Out).written()
	out.ld = members * examples * post
	out.stride = extent{axisWidth: post, axisMember: examples * post, axisRow: out.ld, axisCol: 1}
	spikes := at(d.Spikes)
	spikes.ld = pre
	spikes.stride = extent{axisWidth: pre, axisMember: examples * pre, axisTerm: 1}
	list, fanIn := cells(d.From, axisCol), d.From.Cols()
	most := min(fanIn, rounds, l.maxBlock/8)
	for first := 0; first < fanIn; first += most {
		part := list
		part.off += first
		part.reach = min(most, fanIn-first) - 1
		ops := []operand{out, spikes, cells(d.W, axisTerm), part, cells(d.Delay, axisTerm)}
		for _, b := range l.cut(extent{examples, members, slots, post, pre}, ops...) {
			p := l.piece("deliver", b, ops...)
			p.args.Image = [4]int32{int32(fan), int32(part.reach + 1), int32(d.Now)}
			p.args.Slide = [4]int32{int32(slots), int32(d.Fixed)}
			l.launch(p, groups(p.args.N, 256), int(p.args.Widths), int(p.args.Batch))
		}
	}
}

// cells returns a tensor with a row for each cell, which lie along an axis, and no row of which is cut.
func cells(t *compute.Tensor, along axis) operand {
	o := grid(t, along, axisRow)
	if t != nil {
		o.stride[axisRow], o.reach = 0, t.Cols()-1
	}
	return o
}
