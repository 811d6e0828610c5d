package tasks

import (
	"math"

	"hebb/compute"
	"hebb/nets"
)

// Spirals is the two spirals (Wieland; Lang and Witbrock 1988): it shows points of a plane on two spirals that wind
// around each other three times, and asks for the spiral of each point. A moment has all 194 points, two for each i
// from 0 to 96:
//
//	a = i·π/16, r = 6.5·(104 − i)/104
//	x = (r·sin a, r·cos a), which wants ½, and −x, which wants −½
//
// All learners see the same. It tests itself.
//
// Metrics: "error", the mean squared error, and "accuracy", the share of points with an answer on the right side of 0.
type Spirals struct{ batch Batch }

// SpiralPoints is the number of points of each spiral.
const SpiralPoints = 97

// Build writes the points to the device.
func (t *Spirals) Build(s *nets.Store) (nets.Spec, error) {
	t.batch = Batch{In: nets.Row(2), Out: 1}
	for i := range SpiralPoints {
		a, r := float64(i)*math.Pi/16, 6.5*float64(104-i)/104
		x, y := float32(r*math.Sin(a)), float32(r*math.Cos(a))
		t.batch.X = append(t.batch.X, x, y, -x, -y)
		t.batch.Want = append(t.batch.Want, 0.5, -0.5)
	}
	return t.batch.Build(s)
}

// Show returns all points.
func (t *Spirals) Show(p *nets.Pass) nets.Moment { return t.batch.Show(p) }

// Judge counts the error and the accuracy.
func (t *Spirals) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) { judgeSigns(p, m, y) }

// judgeSigns counts the error and, as accuracy, the share of answers with the sign of the wanted number.
func judgeSigns(p *nets.Pass, m nets.Moment, y *compute.Tensor) {
	countError(p, m, y)
	p.Count("accuracy", p.Map(rightSign, y, m.Want), m.Examples())
}
