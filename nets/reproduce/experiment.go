// Package reproduce repeats published experiments, and sets the figures that come out beside those that were published.
//
// An [Experiment] is a value: who published what, the runs to be made with which seeds, the figures with their bands, and the
// claims that the figures of all seeds must bear out. How a run is made is its [Maker]: a [Training] by a Config, a [Program]
// for all seeds at once, or a program for [Each] seed.
package reproduce

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// An Experiment is a protocol of a paper or of its authors' code, at one or more scales.
type Experiment struct {
	Name    string
	About   string
	Systems map[string]string // what of [Systems] it shows: for the name of a part, a run with figures of it
	Source  string            // who published the figures that do not say it themselves
	Scales  []Scale
}

// A Scale is how large the experiment is made: "cpu" for half an hour or so on two cores, "gpu" for the whole of it where
// that takes longer, "small" for a device in software.
type Scale struct {
	Name  string
	About string
	Takes time.Duration // on two cores, about; 0: not known
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

// A Run is made with a number of seeds and gives figures, a value of each for each seed.
type Run struct {
	Name    string
	Make    Maker
	Seeds   int // 0 is 1
	Figures []Figure
}

// A Maker makes a run with the seeds that are asked for. What lies at the place from an earlier call is not made again, and
// what was interrupted goes on.
type Maker interface {
	Make(ctx context.Context, at Place, seeds Seeds) (Result, error)
}

// A FromData is a [Maker] that learns from data that [Place.Data] may have by that name.
type FromData interface {
	Maker
	DataName() string
}

// DataOf returns the names of the data that some parts learn from.
func DataOf(parts []Part) (names []string) {
	for _, p := range parts {
		for _, r := range p.Runs {
			if m, ok := r.Make.(FromData); ok && m.DataName() != "" {
				names = append(names, m.DataName())
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Seeds are N seeds: First and those that follow it.
type Seeds struct {
	First uint64 `json:"first"`
	N     int    `json:"n"`
}

// A Figure is a quantity of a run beside the published one.
type Figure struct {
	What      Quantity
	Published float64 // NaN: none was
	Within    float64 // how far the mean over as many seeds as the run has may be off; 0: not said
	From      string  // whose the published figure is, "theory" for example; "": of the experiment's Source
}

// Holds reports whether the values of a figure are all there, and their mean is within the band.
func (f Figure) Holds(v Values) bool {
	m := v.Mean()
	return m == m && (f.Within == 0 || math.Abs(m-f.Published) <= f.Within)
}

// Scale returns what number a value of the figure is to be written as [Plain] with: three digits of it, or two of its band.
func (f Figure) Scale(value float64) float64 {
	if f.Within > 0 {
		return min(math.Abs(value), 3*f.Within)
	}
	return value
}

// Text returns the values of a figure as [Values.String] does, with decimals that tell whether they are in the band.
func (f Figure) Text(v Values) string { return v.text(f.Scale(v.Mean())) }

// A Quantity names a number that a run gives, with its unit.
type Quantity string

const (
	Accuracy Quantity = "test accuracy, %"
	Delta    Quantity = "angle of the deltas to backprop's, °"
	Weights  Quantity = "angle of W and B, °"
	Loss     Quantity = "test loss"
	Error    Quantity = "test error, %"
	Seconds  Quantity = "time of training, s"
)

// updateOf is the angle between the update of a layer's weights, before the optimiser, and backprop's.
func updateOf(layer string) Quantity {
	return Quantity("angle of the update of " + layer + " to backprop's, °")
}

// deltasOf is the angle between the deltas of a layer and backprop's.
func deltasOf(layer string) Quantity {
	return Quantity("angle of the deltas of " + layer + " to backprop's, °")
}

// A Claim is about the runs of a part: an order, a distance, a spread, or how many of the seeds do something.
type Claim struct {
	Says  string
	Holds func(Rows) bool
}

// A Curve is a quantity of the runs over a number, drawn with a line for each run.
type Curve struct {
	X, Y   string // names of the axes
	Panels bool   // runs that are called "model, setting" have a panel for each model
	Points []Point
	Theory func(run string, at float64) float64 // what the quantity should be, drawn through the points; or nil

	Mark     float64 // where a vertical line is drawn; 0: none
	MarkName string
}

// A Point of a Curve.
type Point struct {
	At float64
	Of Quantity
}

// All are the experiments of this package.
var All = []Experiment{
	weightTransport,
	twoRoutes,
	hsicBottleneck,
	pHSIC,
	localErrors,
	hsicLoss,
	hopfield,
	influence,
	unbiased,
	rflo,
	ico,
	perturbation,
	altMin,
	retroaxonal,
	forwardForward,
	contrastive,
	targetPropagation,
	recirculation,
	syntheticGradients,
	online,
	lra,
	pseudoBackprop,
	cascade,
	creditAssignment,
	reversal,
	logic,
	softHebb,
	volatility,
	components,
	linsker,
	hmax,
	infomax,
	receptiveFields,
	triplets,
	eprop,
	evidence,
	dendrites,
	timeCode,
	assemblies,
	staleness,
}

// Find returns the experiment of a name, of a list, and its scale.
func Find(all []Experiment, name, scale string) (Experiment, Scale, error) {
	i := slices.IndexFunc(all, func(e Experiment) bool { return e.Name == name })
	if i < 0 {
		var names []string
		for _, e := range all {
			names = append(names, e.Name)
		}
		return Experiment{}, Scale{}, fmt.Errorf("experiment %q, want one of %s", name, strings.Join(names, ", "))
	}
	var names []string
	for _, s := range all[i].Scales {
		if s.Name == scale {
			return all[i], s, nil
		}
		names = append(names, s.Name)
	}
	return Experiment{}, Scale{}, fmt.Errorf("%s at the scale %q, want one of %s", name, scale, strings.Join(names, ", "))
}

func none(q Quantity) Figure { return Figure{What: q, Published: math.NaN()} }
