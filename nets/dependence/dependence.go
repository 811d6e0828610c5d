// Package dependence measures the statistical dependence of two sets of samples by kernels: HSIC, its normalised forms and CKA,
// and pHSIC, with permutation tests. No kernel matrix is stored, so that the memory needed is linear in the number of samples.
// It works on any [compute.Device].
package dependence

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"hebb/compute"
	"hebb/internal/count"
)

// Samples is a matrix with a sample in each row. Row i of two Samples was observed together.
type Samples struct {
	Name       string // in messages
	Rows, Dims int
	Values     []float64 // Rows × Dims
}

func (s Samples) row(i int) []float64 { return s.Values[i*s.Dims:][:s.Dims] }

// FewestRows is the smallest number of samples that dependence is measured from.
const FewestRows = 4

// mostMagnitude is the largest number whose square can be added up in float64.
const mostMagnitude = 0x1p400

// An InputError says why dependence cannot be measured with such samples or such options.
type InputError struct{ error }

func (e InputError) Unwrap() error { return e.error }

func inputf(format string, args ...any) error { return InputError{fmt.Errorf(format, args...)} }

func (s Samples) check() error {
	switch {
	case s.Rows < 1 || s.Dims < 1 || len(s.Values) != s.Rows*s.Dims:
		return inputf("%s has %d values for %d×%d", s.Name, len(s.Values), s.Rows, s.Dims)
	case s.Rows < FewestRows:
		return inputf("%s has %s, want at least %d", s.Name, count.Of(s.Rows, "row"), FewestRows)
	}
	for i, v := range s.Values {
		if !(math.Abs(v) <= mostMagnitude) {
			return inputf("%s has %g in row %d, column %d (counted from 0), want finite numbers of at most %g",
				s.Name, v, i/s.Dims, i%s.Dims, mostMagnitude)
		}
	}
	for i := range s.Rows {
		if !slices.Equal(s.row(i), s.row(0)) {
			return nil
		}
	}
	return inputf("%s: %w", s.Name, ErrConstant)
}

// ErrConstant is of samples that do not differ, on which nothing can depend.
var ErrConstant = errors.New("all rows are equal: HSIC is 0 and normalised HSIC is 0/0")

// ErrParallel is of rows whose directions do not differ, beyond rounding to float64: their cosine kernel is constant.
var ErrParallel = fmt.Errorf("as directions, %w", ErrConstant)

// paired checks x and y, which get names where they have none.
func paired(x, y *Samples) error {
	for s, name := range map[*Samples]string{x: "X", y: "Y"} {
		if s.Name == "" {
			s.Name = name
		}
	}
	if x.Rows != y.Rows {
		return inputf("%s has %s and %s has %d, want as many: row i of one belongs to row i of the other",
			x.Name, count.Of(x.Rows, "row"), y.Name, y.Rows)
	}
	if err := x.check(); err != nil {
		return err
	}
	return y.check()
}

// A Kernel is a kernel function of two rows. The median heuristic sets the width to the median of the distances between two
// different rows, over all pairs or, if there are more than 65 536, over so many random ones.
type Kernel struct {
	Kind   compute.Kernel
	Sigma  []float64 // widths of the Gaussian exp(−‖a−b‖²/(2σ²)); none: the median heuristic
	PerDim bool      // Sigma is in units of √Dims
}

func (k Kernel) check(of string) error {
	switch {
	case k.Kind > compute.Gaussian:
		return inputf("kernel %v of %s, want linear, cosine or gaussian", k.Kind, of)
	case k.Kind != compute.Gaussian && (len(k.Sigma) > 0 || k.PerDim):
		return inputf("a width for the %v kernel of %s, which has none", k.Kind, of)
	case len(k.Sigma) > compute.MaxWidths:
		return inputf("%d widths for %s, want at most %d", len(k.Sigma), of, compute.MaxWidths)
	}
	for _, σ := range k.Sigma {
		if !(σ > 0 && σ <= mostMagnitude) {
			return inputf("width %g for %s, want a number above 0", σ, of)
		}
	}
	return nil
}

// Options configures [HSIC].
type Options struct {
	X, Y         Kernel // with the same number of widths, or one
	Permutations int    // of the rows of Y, for P; 0: none
	Seed         uint64 // of the permutations, and of the pairs of the median heuristic
	Progress     func(done int)
}

// settle checks the samples and options, and sets the widths that are not given.
func (o *Options) settle(ctx context.Context, x, y *Samples) error {
	if err := paired(x, y); err != nil {
		return err
	}
	if err := o.check(*x, *y); err != nil {
		return err
	}
	for k, s := range map[*Kernel]Samples{&o.X: *x, &o.Y: *y} {
		if k.Kind == compute.Gaussian && len(k.Sigma) == 0 {
			σ, err := median(ctx, s, o.Seed)
			if err != nil {
				return err
			}
			k.Sigma, k.PerDim = []float64{σ}, false
		}
	}
	return nil
}

func (o Options) check(x, y Samples) error {
	if err := o.X.check(x.Name); err != nil {
		return err
	}
	if err := o.Y.check(y.Name); err != nil {
		return err
	}
	a, b := max(1, len(o.X.Sigma)), max(1, len(o.Y.Sigma))
	switch {
	case a != b && a != 1 && b != 1:
		return inputf("%d widths for %s and %d for %s, want as many or one", a, x.Name, b, y.Name)
	case o.Permutations < 0:
		return inputf("%d permutations, want 0 or more", o.Permutations)
	}
	return nil
}
