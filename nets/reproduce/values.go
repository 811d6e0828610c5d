package reproduce

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"hebb/compute"
	"hebb/internal/float"
	"hebb/nets/train"
)

// Values are a quantity as it was measured, one for each seed; NaN, null in JSON, of a seed that was lost.
type Values []float64

// Mean returns the mean over the seeds; NaN where there are none or one of them was lost.
func (v Values) Mean() float64 {
	sum := 0.0
	for _, x := range v {
		sum += x / float64(len(v))
	}
	if len(v) == 0 {
		return math.NaN()
	}
	return sum
}

// SD returns the standard deviation over the seeds, with n − 1 as the divisor; NaN of fewer than two.
func (v Values) SD() float64 {
	if len(v) < 2 {
		return math.NaN()
	}
	mean, squares := v.Mean(), 0.0
	for _, x := range v {
		squares += (x - mean) * (x - mean)
	}
	return math.Sqrt(squares / float64(len(v)-1))
}

// Median returns the median over the seeds; NaN without seeds, or if one was lost.
func (v Values) Median() float64 {
	if math.IsNaN(v.Mean()) {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(v))
	return (sorted[(len(v)-1)/2] + sorted[len(v)/2]) / 2
}

// Count returns of how many seeds holds is true.
func (v Values) Count(holds func(float64) bool) (n int) {
	for _, x := range v {
		if holds(x) {
			n++
		}
	}
	return n
}

// String returns the mean, of several seeds with the standard deviation and their number: "97.10 ± 0.20, n = 5".
func (v Values) String() string { return v.text(v.Mean()) }

// text is String with as many decimals as three digits of scale need.
func (v Values) text(scale float64) string {
	text := Plain(v.Mean(), scale)
	if len(v) > 1 {
		text += fmt.Sprintf(" ± %s, n = %d", Plain(v.SD(), scale), len(v))
	}
	return text
}

// Plain returns x with two decimals, or as many as three digits of scale need.
func Plain(x, scale float64) string {
	decimals := 2
	if a := math.Abs(scale); 0 < a && a < 0.1 {
		decimals = 2 - int(math.Floor(math.Log10(a)))
	}
	return fmt.Sprintf("%.*f", min(decimals, 12), x)
}

// MarshalJSON writes null for NaN.
func (v Values) MarshalJSON() ([]byte, error) {
	all := make([]float.OrNull, len(v))
	for i, x := range v {
		all[i] = float.OrNull(x)
	}
	return json.Marshal(all)
}

// UnmarshalJSON reads null as NaN.
func (v *Values) UnmarshalJSON(text []byte) error {
	var all []float.OrNull
	err := json.Unmarshal(text, &all)
	*v = nil
	for _, x := range all {
		*v = append(*v, float64(x))
	}
	return err
}

// Figures are the quantities that a run gave.
type Figures map[Quantity]Values

// A Result is what came of a run.
type Result struct {
	Figures Figures        `json:"figures"`
	Seconds float64        `json:"seconds"` // of training, or of a program as a whole; of all seeds together
	Made    time.Time      `json:"made"`
	Device  compute.Info   `json:"device"`
	History *train.History `json:"-"` // of a training; or nil
}

// A Row is a run of a part that has been made.
type Row struct {
	Part, Run string
	Seeds     Seeds
	Dir       string
	Result
}

// Rows are the runs of a part that have been made.
type Rows []Row

// Of returns the values of a run's quantity, one for each seed; none of a run that is not there.
func (all Rows) Of(run string, q Quantity) Values {
	for _, r := range all {
		if r.Run == run {
			return r.Figures[q]
		}
	}
	return nil
}

// Mean returns the mean of a run's quantity over the seeds.
func (all Rows) Mean(run string, q Quantity) float64 { return all.Of(run, q).Mean() }
