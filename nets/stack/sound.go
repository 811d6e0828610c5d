package stack

import (
	"errors"
	"fmt"
	"math"

	"hebb/compute"
)

// Sound reports whether all parameters are finite numbers, naming the first that has others.
func (t *Trainer) Sound() error {
	all := make([]float32, 1)
	sum := func(v *compute.Tensor) (float64, error) {
		err := t.Net.dev.Step(func(s *compute.Step) error {
			out := s.Tensor(1)
			s.Do(compute.Reduce{Out: out, In: []*compute.Tensor{v}, F: absolute, Along: compute.AlongAll, Alpha: 1})
			s.Read(out, all)
			return nil
		})
		return float64(all[0]), err
	}
	whole := []*compute.Tensor{t.Net.Params, t.Net.States, t.Net.Feedback}
	if t.Net.offset != nil {
		whole = append(whole, t.Net.offset.value)
	}
	for _, v := range whole {
		if v == nil {
			continue
		}
		if x, err := sum(v); err != nil || finite32(x) {
			if err != nil {
				return err
			}
			continue
		}
		for _, n := range t.Net.Tensors() {
			if x, err := sum(n.Value); err != nil || !finite32(x) {
				return errors.Join(fmt.Errorf("%w: %s is not finite after step %d", ErrDiverged, n.Name, t.steps), err)
			}
		}
	}
	return nil
}

// absolute is |x|, so small that a sum of numbers that are finite is finite.
var absolute = compute.Pointwise(compute.Mul(compute.Const(0x1p-40), compute.Abs(compute.Var(0))))

func finite32(x float64) bool { return math.Abs(x) <= math.MaxFloat32 }

// Diagnose names the first layer whose output is no longer finite on a batch, or the first parameter that is
// not. It is nil where all is finite.
func (t *Trainer) Diagnose(x, labels []float32) error {
	ws := t.Net.Weights
	sums := make([]float32, len(ws))
	err := t.pass(x, labels, func(p *Pass, in, _ *compute.Tensor) {
		p.Training, p.quiet = true, true
		t.Net.Forward(p, in)
		all := p.Tensor(len(ws))
		for i, w := range ws {
			p.Do(compute.Reduce{Out: p.View(all, i, 1), In: []*compute.Tensor{w.Y}, F: absolute, Along: compute.AlongAll, Alpha: 1})
		}
		p.Read(all, sums)
	})
	if err != nil {
		return err
	}
	if err := t.Sound(); err != nil {
		return err
	}
	for i, w := range ws {
		if !finite32(float64(sums[i])) {
			return fmt.Errorf("%w: the output of layer %s is not finite at step %d", ErrDiverged, w.Name, t.steps)
		}
	}
	return nil
}
