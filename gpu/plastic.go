package gpu

import (
	"fmt"

	"hebb/compute"
)

// plastic plans a Plastic: a thread has a synapse. Presynaptic cells lie along the axis of rows.
func (l *plan) plastic(p compute.Plastic) {
	slots, members, pre, fan, post := p.Dims()
	ops := []operand{grid(p.W, axisRow, axisCol).written()}
	for _, t := range p.Pre {
		o := at(t)
		o.ld, o.stride = 1, extent{axisMember: pre, axisRow: 1}
		ops = append(ops, o)
	}
	for _, t := range p.Post { // a synapse reads any cell in any row
		o := at(t)
		o.ld, o.stride, o.reach = members*post, extent{axisMember: post}, (slots-1)*members*post+post-1
		ops = append(ops, o)
	}
	if len(ops) == 1 {
		ops = append(ops, none)
	}
	to := len(ops)
	if ops = append(ops, grid(p.To, axisRow, axisCol)); p.Delay != nil {
		ops = append(ops, grid(p.Delay, axisRow, axisCol))
	}
	for _, b := range l.cut(extent{1, members, pre, fan, 1}, ops...) {
		d := l.piece("plastic", b, ops...)
		d.formula(p.F)
		d.define(true, fmt.Sprintf("PRES %d\nPOSTS %d\nTO %d", len(p.Pre), len(p.Post), to))
		d.define(p.Delay != nil, fmt.Sprint("DELAYS ", to+1))
		d.define(p.All, "ALL")
		d.args.Image = [4]int32{int32(p.Now), int32(slots), int32(p.Fixed)}
		x, y := d.rows(1)
		l.launch(d, x, y, int(d.args.Batch))
	}
}
