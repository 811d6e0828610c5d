// Package reproduce repeats published experiments, and sets what comes out beside what was published.
package reproduce

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"hebb/nets/train"
)

// An Experiment is a protocol of a paper or of its authors' code, at one or more scales.
type Experiment struct {
	Name   string
	About  string
	Source string
	Scales []Scale
}

// A Scale is how large the experiment is made: "cpu" for half an hour or so on two cores, "gpu" for the whole of it.
type Scale struct {
	Name  string
	About string
	Parts []Part
}

// A Part is runs that belong in one table.
type Part struct {
	Name  string
	About string
	Runs  []Run
	Check []Claim
	Curve *Curve // or nil
}

// A Run is one training and the figures that it is to give.
type Run struct {
	Name    string
	From    string // the run of this part, made before, whose last weights it starts from; or none
	Config  train.Config
	Figures []Figure
	Seeds   int    // how many, from the one that was asked for; 0: one
	Exams   []Exam // taken by the trained network
	Own     Own    // makes the run in the place of hebb train, each time; or nil
}

// A Figure is a number of a run, beside the published one.
type Figure struct {
	What      Quantity
	Published float64 // NaN: none was
	Within    float64 // how far ours may be off; 0: not said
	From      string  // where it was published
}

// A Quantity is what is measured at the end of a run.
type Quantity string

const (
	Accuracy Quantity = "test accuracy, %"
	Delta    Quantity = "angle of the deltas to backprop's, °"
	Weights  Quantity = "angle of W and B, °"
	Loss     Quantity = "test loss"
	Error    Quantity = "test error, %"
	Seconds  Quantity = "time of training, s"
)

// A Claim is about several runs of a part: an order, or a distance.
type Claim struct {
	Says  string
	Holds func(of func(run string, q Quantity) float64) bool
}

// All are the experiments.
var All = []Experiment{weightTransport, twoRoutes, hsicBottleneck, pHSIC, localErrors, hsicLoss}

// Find returns the experiment of a name and its scale.
func Find(name, scale string) (Experiment, Scale, error) {
	i := slices.IndexFunc(All, func(e Experiment) bool { return e.Name == name })
	if i < 0 {
		var names []string
		for _, e := range All {
			names = append(names, e.Name)
		}
		return Experiment{}, Scale{}, fmt.Errorf("experiment %q, want one of %s", name, strings.Join(names, ", "))
	}
	var names []string
	for _, s := range All[i].Scales {
		if s.Name == scale {
			return All[i], s, nil
		}
		names = append(names, s.Name)
	}
	return Experiment{}, Scale{}, fmt.Errorf("%s at the scale %q, want one of %s", name, scale, strings.Join(names, ", "))
}

// Measure returns a quantity of a run, from the last of its metrics; NaN if it is not there.
func Measure(lines []train.Line, q Quantity) float64 {
	for _, l := range slices.Backward(lines) {
		switch {
		case q == Accuracy && l.Kind == "test":
			return 100 * l.Accuracy
		case q == Error && l.Kind == "test":
			return 100 * (1 - l.Accuracy)
		case q == Seconds && l.Kind == "train":
			return l.Seconds
		case q == Loss && l.Kind == "test":
			return l.Loss
		case (q == Delta || q == Weights) && l.Kind == "angles":
			w, d := train.MeanAngles(l.Layers)
			if q == Weights {
				return float64(w)
			}
			return float64(d)
		}
	}
	return math.NaN()
}

func none(q Quantity) Figure { return Figure{What: q, Published: math.NaN()} }
