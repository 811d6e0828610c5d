// Package float reads and writes numbers in JSON that may be infinite or NaN, which JSON itself cannot express; reads halves;
// and checks numbers that are settings.
package float

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// OrNull is a float64 that is null in JSON where it is NaN: a missing value.
type OrNull float64

// MarshalJSON writes null for NaN.
func (f OrNull) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(f)) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(f))
}

// UnmarshalJSON reads null as NaN.
func (f *OrNull) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*f = OrNull(math.NaN())
		return nil
	}
	return json.Unmarshal(text, (*float64)(f))
}

// OrText is a float64 that is "+Inf", "-Inf" or "NaN" in JSON where it is not finite: the error of an element whose
// bound is 0, for example.
type OrText float64

// MarshalJSON writes a number, or a string if f is not finite.
func (f OrText) MarshalJSON() ([]byte, error) {
	if x := float64(f); math.IsInf(x, 0) || math.IsNaN(x) {
		return json.Marshal(strconv.FormatFloat(x, 'g', -1, 64))
	}
	return json.Marshal(float64(f))
}

// UnmarshalJSON reads numbers, and such strings.
func (f *OrText) UnmarshalJSON(text []byte) error {
	var s string
	if json.Unmarshal(text, &s) != nil {
		return json.Unmarshal(text, (*float64)(f))
	}
	x, err := strconv.ParseFloat(s, 64)
	*f = OrText(x)
	return err
}

// Finite reports whether x is neither infinite nor NaN.
func Finite(x float32) bool { return math.Abs(float64(x)) <= math.MaxFloat32 }

// AtLeast0 reports a setting that is negative or not finite.
func AtLeast0(name string, x float32) error {
	if x >= 0 && Finite(x) {
		return nil
	}
	return fmt.Errorf("%s %g, want at least 0", name, x)
}
