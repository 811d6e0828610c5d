package tasks

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// Kick is a task of answering one event: it shows which of Cells cells are kicked, always the same ones, and wants nothing.
// What a kick is, and when it comes in the trial, the system says. A moment is a trial, and an epoch 20 of them. The answer
// is how often each cell spikes in the trial.
//
//	x_i = 1 of the first Kicked cells, else 0
//
// Metrics, over the cells: "spikes", the mean number of spikes; "once" and "silent", the shares of cells with one spike and
// with none.
type Kick struct {
	Cells  int `json:"cells" toml:"cells"`
	Kicked int `json:"kicked" toml:"kicked"`

	x *compute.Tensor // 1 × Cells
}

// Check reports an invalid setting.
func (k *Kick) Check() error {
	if k.Cells < 1 || k.Kicked < 0 || k.Kicked > k.Cells {
		return fmt.Errorf("kick: %d cells of which %d are kicked, want at least 1 cell, and kicked from 0 to the cells", k.Cells, k.Kicked)
	}
	return nil
}

// Build writes the kicks, which all learners share.
func (k *Kick) Build(s *nets.Store) (nets.Spec, error) {
	k.x = s.FixedBy(func(x []float32) {
		for i := range k.Kicked {
			x[i] = 1
		}
	}, k.Cells)
	return nets.Spec{In: nets.Row(k.Cells), Out: k.Cells, Examples: 1, Trial: 1, Epoch: 20}, nil
}

var (
	isOne  = compute.Formula("where(0.5 - abs(n - 1), 1, 0)", "n")
	isNone = compute.Formula("where(0.5 - abs(n), 1, 0)", "n")
)

// Show returns a trial.
func (k *Kick) Show(*nets.Pass) nets.Moment { return nets.Moment{X: k.x, First: true, Last: true} }

// Judge counts the spikes.
func (k *Kick) Judge(p *nets.Pass, _ nets.Moment, spikes *compute.Tensor) {
	p.Count("spikes", spikes, k.Cells)
	p.Count("once", p.Map(isOne, spikes), k.Cells)
	p.Count("silent", p.Map(isNone, spikes), k.Cells)
}
