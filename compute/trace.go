package compute

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Trace returns b with a line on w for every op: its name, the shapes of its operands, its cost and the time of the
// call; with wait, the call waits until the op is done, so that the time is the op's own and ops no longer overlap.
func Trace(b Backend, w io.Writer, wait bool) Backend { return &tracer{b, w, wait} }

type tracer struct {
	Backend
	w    io.Writer
	wait bool
}

func (t *tracer) Run(op Op) error {
	start := time.Now()
	err := t.Backend.Run(op)
	if t.wait && err == nil {
		err = t.Backend.Sync()
	}
	took := time.Since(start)
	outs, ins := op.operands(nil, nil)
	cost := op.cost()
	fmt.Fprintf(t.w, "%-16T %s ← %s  %d flops %d bytes  %v", op, shapes(outs), shapes(ins), cost.Flops, cost.Bytes, took)
	if err != nil {
		fmt.Fprintf(t.w, "  error: %v", err)
	}
	fmt.Fprintln(t.w)
	return err
}

func (t *tracer) TimeOps(f func(Timing)) error { return TimeOps(t.Backend, f) }

func (t *tracer) Rehearse(ops []Op) bool { return Rehearse(t.Backend, ops) }

func shapes(ts []*Tensor) string {
	s := make([]string, len(ts))
	for i, t := range ts {
		s[i] = t.String()
	}
	return strings.Join(s, " ")
}
