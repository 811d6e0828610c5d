package tasks

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// Parity asks whether the number of ones among some bits is odd. A moment has all 2^Bits patterns, with −1 for a 0 and
// 1 for a 1. A pattern wants ½ if its number of ones is odd, else −½. All learners see the same. It tests itself.
//
// Metrics: "error", the mean squared error, and "accuracy", the share of patterns with an answer on the right side of
// 0.
type Parity struct {
	Bits int `json:"bits" toml:"bits"`

	batch Batch
}

// mostParity is the largest number of bits; it has 65,536 patterns.
const mostParity = 16

// Check reports an invalid setting.
func (t *Parity) Check() error {
	if t.Bits < 1 || t.Bits > mostParity {
		return fmt.Errorf("parity: %d bits, want 1 to %d", t.Bits, mostParity)
	}
	return nil
}

// Build writes the patterns to the device.
func (t *Parity) Build(s *nets.Store) (nets.Spec, error) {
	t.batch = Batch{In: nets.Row(t.Bits), Out: 1}
	for i := range 1 << t.Bits {
		want := float32(-0.5)
		for b := range t.Bits {
			bit := float32(i>>b&1)*2 - 1
			t.batch.X = append(t.batch.X, bit)
			want *= -bit
		}
		t.batch.Want = append(t.batch.Want, want)
	}
	return t.batch.Build(s)
}

// Show returns all patterns.
func (t *Parity) Show(p *nets.Pass) nets.Moment { return t.batch.Show(p) }

// Judge counts the error and the accuracy.
func (t *Parity) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) { judgeSigns(p, m, y) }
