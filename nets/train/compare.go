package train

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"hebb/internal/float"
	"hebb/nets"
)

// A Figure is a number of a [Summary]; NaN, null in JSON, is none.
type Figure = float.OrNull

// A State is how far a run is.
type State string

// The states of a run.
const (
	Finished   State = "finished"   // all steps were made
	Unfinished State = "unfinished" // stopped, diverged or under way
	Damaged    State = "damaged"    // a file is missing or cannot be read; the summary is of the rest
	NoRun      State = "no run"     // the folder is not that of a run
)

// A Summary is how a run went, in a row.
type Summary struct {
	Dir             string       `json:"dir"`
	State           State        `json:"state"`
	Problem         string       `json:"problem,omitempty"`
	Net             string       `json:"net"`
	Rule            string       `json:"rule"`
	Data            string       `json:"data"`
	System          string       `json:"system,omitempty"`
	Task            string       `json:"task,omitempty"`
	Seed            uint64       `json:"seed"`
	Learners        int          `json:"learners"`
	Lost            int          `json:"lost,omitempty"`
	Epochs          Figure       `json:"epochs"`       // made
	EpochsAsked     Figure       `json:"epochs_asked"` // none where steps were asked for and none was made
	Accuracy        Figure       `json:"accuracy"`     // on the test part, at the end
	BestAccuracy    Figure       `json:"best_accuracy"`
	BestEpoch       Figure       `json:"best_epoch"` // the first with that accuracy
	TrainLoss       Figure       `json:"train_loss"` // of the last line
	TestLoss        Figure       `json:"test_loss"`  // at the end
	WeightAngle     nets.Degrees `json:"weight_angle"`
	DeltaAngle      nets.Degrees `json:"delta_angle"`       // both at the end, see MeanAngles
	ImagesPerSecond Figure       `json:"images_per_second"` // median of the lines of training
	Seconds         Figure       `json:"seconds"`           // of training, evaluation and saving not counted
	Device          string       `json:"device"`
}

// noFigure is a figure that is not there.
var noFigure = Figure(math.NaN())

// Summarise sums up the run in a folder. What cannot be read is a State and a Problem of the summary.
func Summarise(dir string) Summary {
	h, _ := ReadHistory(dir) // whose Damage is the error
	return h.Summary()
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// State returns how far the run is.
func (h History) State() State {
	switch {
	case errors.Is(h.Damage, ErrNoRun):
		return NoRun
	case h.Damage != nil:
		return Damaged
	case h.Finished():
		return Finished
	}
	return Unfinished
}

// Summary sums up the run. Of several learners, numbers are means over those that are not lost.
func (h History) Summary() Summary {
	c, o := h.Config, h.Outcome()
	end := func(name string) Figure { return o.Spread(name).Mean }
	s := Summary{
		Dir: h.Dir, State: h.State(), Problem: h.problem(), Net: c.Net, Rule: c.Rule, Data: c.Data, System: c.System, Task: c.Task,
		Seed: c.Seed, Learners: c.Learners, Lost: len(h.Lost()), Device: h.Record.Device.String(), Epochs: noFigure, EpochsAsked: noFigure,
		Accuracy: end("test accuracy"), BestAccuracy: end("best accuracy"), BestEpoch: end("best epoch"),
		TrainLoss: end("train loss"), TestLoss: end("test loss"),
		WeightAngle: nets.Degrees(end("weight angle")), DeltaAngle: nets.Degrees(end("delta angle")),
		ImagesPerSecond: end("images/s"), Seconds: end("seconds"),
	}
	if c != (Config{}) {
		done, asked := h.Epochs()
		if s.Epochs = Figure(done); asked > 0 {
			s.EpochsAsked = Figure(asked)
		}
	}
	return s
}

// problem says what did not go its way, if anything.
func (h History) problem() string {
	short := ""
	switch done, asked := h.Made(); {
	case h.Damage != nil:
		return oneLine(h.Damage)
	case h.State() == Finished:
	case asked == 0:
		short = "no step was made"
	case h.InSteps():
		short = fmt.Sprintf("%.0f of %.0f steps", done, asked)
	default:
		short = fmt.Sprintf("%.3g of %.3g epochs", done, asked)
	}
	return strings.Join(slices.DeleteFunc([]string{short, h.fewer(), h.warned()}, func(s string) bool { return s == "" }), "; ")
}

// warned returns the last warning of the run, if there is any.
func (h History) warned() string {
	for _, l := range slices.Backward(h.Lines) {
		if l.Warning != "" {
			return l.Warning
		}
	}
	return ""
}

// fewer says which learners are lost, if any.
func (h History) fewer() string {
	lost := h.Lost()
	switch n := len(lost); n {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("1 of %d learners is lost and does not count: %s", h.Config.Learners, nets.LostText(h.Config.Seed, lost))
	default:
		return fmt.Sprintf("%d of %d learners are lost and do not count: %s", n, h.Config.Learners, nets.LostText(h.Config.Seed, lost))
	}
}

// Outcome returns how the run ended: the metrics of its last lines, the best accuracy on the test part, angles (see
// [MeanAngles]), the median speed, and the seconds of training, without evaluation and saving. A lost learner has NaN
// everywhere.
func (h History) Outcome() Outcome {
	o := Outcome{}
	for _, kind := range []string{"test", "train"} {
		lines := h.Of(kind)
		for _, name := range Measured([]History{h}, kind) {
			o[kind+" "+name] = lines[len(lines)-1].Each(name)
		}
	}
	if _, ok := o["test accuracy"]; ok {
		h.best(o)
	}
	for learner := range h.Lost() {
		for _, each := range o {
			if len(each) == h.Config.Learners {
				each[learner] = math.NaN()
			}
		}
	}
	if angles := h.Of("angles"); len(angles) > 0 {
		w, d := MeanAngles(angles[len(angles)-1].Layers)
		o["weight angle"], o["delta angle"] = []float64{float64(w)}, []float64{float64(d)}
	}
	h.speed(o)
	return o
}

// best adds the best accuracy of each learner, and when it had it first.
func (h History) best(o Outcome) {
	at, unit := make([]float64, len(o["test accuracy"])), "best epoch"
	if h.InSteps() {
		unit = "best step"
	}
	best := slices.Repeat([]float64{math.NaN()}, len(at))
	for _, l := range h.Of("test") {
		for i, a := range l.Each("accuracy") {
			if !(a <= best[i]) { // the first is above none
				best[i], at[i] = a, h.At(l)
			}
		}
	}
	o["best accuracy"], o[unit] = best, at
}

// speed takes the time from the speeds of the lines, since their Seconds start anew where a run is resumed.
func (h History) speed(o Outcome) {
	var speeds []float64
	seconds := 0.0
	for _, l := range h.Of("train") {
		if l.ImagesPerSecond > 0 {
			speeds = append(speeds, l.ImagesPerSecond)
			seconds += float64(l.Examples*max(h.Config.Learners, 1)) / l.ImagesPerSecond
		}
	}
	if n := len(speeds); n > 0 {
		slices.Sort(speeds)
		o["images/s"], o["seconds"] = []float64{(speeds[(n-1)/2] + speeds[n/2]) / 2}, []float64{seconds}
	}
}
