package perturb

import "math"

// Linear is a task for a network without hidden layers whose mean loss has a closed form, as σ → 0 (Züge, Klos,
// Memmesheimer 2023): inputs that are orthogonal over the examples of a trial, of mean square Strength, of which each
// trial has Trial, drawn anew from Task. The loss here is half the squared error; tasks.Subtasks is such a task.
type Linear struct {
	Outputs     int
	Task, Trial int     // inputs that any trial has, and one
	Strength    float64 // mean square of an active input
	Floor       float64 // the loss of the best weights
	First       float64 // the loss at first
}

// A Curve is a mean loss after n trials, End + (First − End)·Ratioⁿ.
type Curve struct {
	First, End, Ratio float64
}

// At returns the loss after n trials.
func (c Curve) At(n float64) float64 { return c.End + (c.First-c.End)*math.Pow(c.Ratio, n) }

// Rate returns the learning rate of nets.SquaredError, which is twice the loss here, at which the loss falls fastest: of
// [Weight] with inputs those of the task, of [ActiveWeight] and [Node] with those of a trial. At twice the rate it stays.
func (l Linear) Rate(inputs int) float64 {
	return 1 / (2 * float64(l.Outputs*inputs+2) * l.Strength)
}

// curve is that of a rate for so many inputs.
func (l Linear) curve(inputs int, end float64) Curve {
	return Curve{l.First, end, 1 - float64(l.Trial)/float64(l.Task)/float64(l.Outputs*inputs+2)}
}

// Weight returns the curve of [Weight] at its best rate.
func (l Linear) Weight() Curve { return l.curve(l.Task, l.Floor) }

// ActiveWeight returns the curve of [ActiveWeight] at its best rate.
func (l Linear) ActiveWeight() Curve { return l.curve(l.Trial, l.Floor) }

// Node returns the curve of [Node] at its best rate, which ends above the floor: the noise on the units is learned along
// with the part of the error that no weights take away.
func (l Linear) Node() Curve {
	k := float64(l.Outputs * l.Trial)
	return l.curve(l.Trial, l.Floor*(1+k/(k+2)))
}
