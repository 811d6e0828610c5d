package train

import (
	"time"

	"hebb/nets"
)

// A spikeWatch shows the spikes of the first learner and example while a run trains: now and then those of a trial, which it
// reads between moments.
type spikeWatch struct {
	cells   []nets.Cells
	moments int
	show    func(SpikeTrains)
	tap     *spikeTap // nil between two trials that are looked at
	into    [][]float32
	began   time.Time // of tap
	next    time.Time // no trial is looked at before
}

// How many time steps of a trial are looked at, and how many where trials have no end.
const mostWatched, endless = 1000, 200

// How long nothing is looked at after a trial: at least restTime, and restTimes as long as the trial took, so that a run is
// hardly slower.
var restTime, restTimes = 400 * time.Millisecond, time.Duration(8)

// WatchSpikes has Train call show with the spikes of the first learner and example of a trial, or of the beginning of a long
// one, again and again with rests between. It changes no bit of the run. The error wraps [ErrNoSpikes] if nothing spikes.
func (r *Run) WatchSpikes(show func(SpikeTrains)) error {
	cells, err := CellsOf(r.Session, r.Config.System)
	if err != nil {
		return err
	}
	steps := 1
	for i, c := range cells {
		steps = max(steps, c.Steps)
		cells[i].Membrane, cells[i].Threshold = "", ""
	}
	moments := r.Session.Spec.Trial
	if moments == 0 {
		moments = (endless-1)/steps + 1
	}
	r.spikes = &spikeWatch{cells: cells, moments: min(moments, max(1, mostWatched/steps)), show: show}
	return nil
}

// after looks at a moment of training, if it is time to.
func (w *spikeWatch) after(s *nets.Session) error {
	if w.tap != nil {
		if err := s.Peek(w.tap.names, w.into); err != nil {
			return err
		}
		w.tap.add(nil, w.into, 1)
		if w.tap.step[0] == w.moments || s.Spec.Trial > 0 && s.Between() {
			w.show(w.tap.done())
			now := time.Now()
			w.tap, w.next = nil, now.Add(max(restTime, restTimes*now.Sub(w.began)))
		}
	} else if s.Between() && !time.Now().Before(w.next) {
		w.tap, w.began = newSpikeTap(w.cells, 0, 0, w.moments), time.Now()
		w.into = w.into[:0]
		for _, c := range w.cells {
			w.into = append(w.into, make([]float32, c.Steps*c.N))
		}
	}
	return nil
}
