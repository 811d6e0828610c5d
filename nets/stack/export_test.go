package stack

import "hebb/compute"

// Sums are what a trainer has counted since it was last asked: losses, then hits or squared errors.
func (t *Trainer) Sums() *compute.Tensor { return t.meter.sums }
