package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"hebb/nets/stack"
)

// A Figure is a number of a [Summary]; NaN, null in JSON, is none.
type Figure float64

// MarshalJSON writes null for NaN.
func (f Figure) MarshalJSON() ([]byte, error) {
	if f != f {
		return []byte("null"), nil
	}
	return json.Marshal(float64(f))
}

// UnmarshalJSON reads null as NaN.
func (f *Figure) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*f = Figure(math.NaN())
		return nil
	}
	return json.Unmarshal(text, (*float64)(f))
}

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
	Seed            uint64       `json:"seed"`
	Epochs          Figure       `json:"epochs"`       // made
	EpochsAsked     Figure       `json:"epochs_asked"` // none where steps were asked for and none was made
	Accuracy        Figure       `json:"accuracy"`     // on the test part, at the end
	BestAccuracy    Figure       `json:"best_accuracy"`
	BestEpoch       Figure       `json:"best_epoch"` // the first with that accuracy
	TrainLoss       Figure       `json:"train_loss"` // of the last line
	TestLoss        Figure       `json:"test_loss"`  // at the end
	WeightAngle     stack.Degrees `json:"weight_angle"`
	DeltaAngle      stack.Degrees `json:"delta_angle"`       // both at the end, see MeanAngles
	ImagesPerSecond Figure       `json:"images_per_second"` // median of the lines of training
	Seconds         Figure       `json:"seconds"`           // of training, evaluation and saving not counted
	Device          string       `json:"device"`
}

// Summarise sums up the run in a folder. What cannot be read is a State and a Problem of the summary.
func Summarise(dir string) Summary {
	h, err := ReadHistory(dir)
	if err != nil {
		s := empty(dir)
		if s.State = Damaged; errors.Is(err, ErrNoRun) {
			s.State = NoRun
		}
		s.Problem = oneLine(err)
		return s
	}
	return h.Summary()
}

func empty(dir string) Summary {
	nan := Figure(math.NaN())
	return Summary{
		Dir: dir, Epochs: nan, EpochsAsked: nan, Accuracy: nan, BestAccuracy: nan, BestEpoch: nan, TrainLoss: nan, TestLoss: nan,
		WeightAngle: stack.Degrees(nan), DeltaAngle: stack.Degrees(nan), ImagesPerSecond: nan, Seconds: nan,
	}
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// Summary sums up the run.
func (h History) Summary() Summary {
	s := empty(h.Dir)
	s.Net, s.Rule, s.Data, s.Seed = h.Config.Net, h.Config.Rule, h.Config.Data, h.Config.Seed
	s.Device = h.Record.Device.String()
	done, asked := h.Epochs()
	s.Epochs = Figure(done)
	if asked > 0 {
		s.EpochsAsked = Figure(asked)
	}
	switch {
	case h.Damage != nil:
		s.State, s.Problem = Damaged, oneLine(h.Damage)
	case h.Finished():
		s.State = Finished
	default:
		s.State, s.Problem = Unfinished, fmt.Sprintf("%.3g of %.3g epochs", done, asked)
		if asked == 0 {
			s.Problem = "no step was made"
		}
	}
	s.training(h.Of("train"))
	s.testing(h.Of("test"))
	if angles := h.Of("angles"); len(angles) > 0 {
		s.WeightAngle, s.DeltaAngle = MeanAngles(angles[len(angles)-1].Layers)
	}
	return s
}

// training takes the time from the speeds of the lines, since their Seconds start anew where a run is resumed.
func (s *Summary) training(lines []Line) {
	if len(lines) == 0 {
		return
	}
	s.TrainLoss = Figure(lines[len(lines)-1].Loss)
	var speeds []float64
	seconds := 0.0
	for _, l := range lines {
		if l.ImagesPerSecond > 0 {
			speeds = append(speeds, l.ImagesPerSecond)
			seconds += float64(l.Examples) / l.ImagesPerSecond
		}
	}
	if len(speeds) == 0 {
		return
	}
	slices.Sort(speeds)
	n := len(speeds)
	s.ImagesPerSecond, s.Seconds = Figure((speeds[(n-1)/2]+speeds[n/2])/2), Figure(seconds)
}

func (s *Summary) testing(lines []Line) {
	for _, l := range lines {
		a := Figure(l.Accuracy)
		if !(a <= s.BestAccuracy) { // the first is above none
			s.BestAccuracy, s.BestEpoch = a, Figure(l.Epoch)
		}
		s.Accuracy, s.TestLoss = a, Figure(l.Loss)
	}
}
