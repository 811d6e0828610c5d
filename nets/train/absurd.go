package train

import (
	"fmt"
	"math"
)

// absurd is how many times its first value a loss is when a run is told that it learns nothing.
const absurd = 1e6

// A lossWatch follows the loss of a run, or the error of a system that has none, for values that are finite and absurd.
type lossWatch struct {
	first float64 // 0 until there is any
	sane  int     // step of the last line that was not absurd
	lost  bool    // the last line was
}

// see returns a warning where a line of training is the first that is absurd.
func (w *lossWatch) see(l Line) string {
	name, x := "loss", math.Abs(l.Loss)
	if x == 0 {
		name, x = "error", math.Abs(l.Metrics["error"])
	}
	if w.first == 0 {
		w.first = x
	}
	was := w.lost
	if w.lost = x > absurd*w.first; !w.lost {
		w.sane = l.Step
	}
	if was || !w.lost {
		return ""
	}
	return fmt.Sprintf("the %s at step %d is %.4g, %.2g times the first, %.4g: is the rate too high? The newest checkpoint up to step %d is kept",
		name, l.Step, x, x/w.first, w.first, w.sane)
}

// watch looks at a line of training, after those of the folder where the run was resumed.
func (r *Run) watch(l *Line) error {
	if r.loss == nil {
		r.loss = &lossWatch{}
		if r.Folder != nil && r.Folder.mine() { // who alone says what it finds
			before, err := ReadMetrics(r.Folder.Dir)
			if err != nil {
				return err
			}
			for _, b := range (History{Lines: before}).Of("train") {
				r.loss.see(b)
			}
		}
	}
	l.Warning = r.loss.see(*l)
	return nil
}

// spared reports whether a checkpoint is the last one before the loss became absurd, which is kept.
func (r *Run) spared(all []saved, i int) bool {
	return r.loss != nil && r.loss.lost && all[i].step <= r.loss.sane && (i+1 == len(all) || all[i+1].step > r.loss.sane)
}
