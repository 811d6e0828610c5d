// Package dependence measures the statistical dependence of two sets of samples by kernels: HSIC, its normalised forms and
// CKA, and pHSIC, with permutation tests. No kernel matrix is stored, so that the memory needed is linear in the number of
// samples, which several processes can share out. It works on any [compute.Device].
package dependence

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hebb/compute"
	"hebb/internal/count"
	"hebb/nets/spread"
)

// Samples is a matrix with a sample in each row. Row i of two Samples was observed together. With [Options.World], Values
// has the rows of [Range] alone.
type Samples struct {
	Name       string // in messages
	Rows, Dims int
	Values     []float64 // Rows × Dims
	Checksum   string    // of all rows, which processes compare
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

func (h *share) check(s Samples) error {
	var err error
	switch {
	case s.Rows < 1 || s.Dims < 1 || len(s.Values) != h.here()*s.Dims:
		err = inputf("%s has %d values for %d×%d", s.Name, len(s.Values), h.here(), s.Dims)
	case s.Rows < FewestRows:
		err = inputf("%s has %s, want at least %d", s.Name, count.Of(s.Rows, "row"), FewestRows)
	}
	if err = h.agree(err); err != nil {
		return err
	}
	for _, bad := range h.gather(h.bad(s)) {
		if len(bad) > 0 {
			return inputf("%s has %g in row %.0f, column %.0f (counted from 0), want finite numbers of at most %g",
				s.Name, bad[0], bad[1], bad[2], mostMagnitude)
		}
	}
	if differ := h.differ(s); h.err != nil || differ {
		return h.err
	}
	return inputf("%s: %w", s.Name, ErrConstant)
}

// bad is the first value here that is not finite or too large, with its row among all and its column; nothing if there is
// none.
func (h *share) bad(s Samples) []float64 {
	for i, v := range s.Values {
		if !(math.Abs(v) <= mostMagnitude) {
			return []float64{v, float64(h.lo + i/s.Dims), float64(i % s.Dims)}
		}
	}
	return nil
}

// differ reports whether any row is unlike the first.
func (h *share) differ(s Samples) bool {
	var first, differ []float64
	if h.lo == 0 && h.here() > 0 {
		first = s.row(0)
	}
	first = slices.Concat(h.gather(first)...)
	for i := range h.here() {
		if !slices.Equal(s.row(i), first) {
			differ = first[:1]
			break
		}
	}
	return len(slices.Concat(h.gather(differ)...)) > 0
}

// ErrConstant is of samples that do not differ, on which nothing can depend.
var ErrConstant = errors.New("all rows are equal: HSIC is 0 and normalised HSIC is 0/0")

// ErrParallel is of rows whose directions do not differ, beyond rounding to float64: their cosine kernel is constant.
var ErrParallel = fmt.Errorf("as directions, %w", ErrConstant)

// name gives names to samples that have none.
func name(x, y *Samples) {
	x.Name, y.Name = cmp.Or(x.Name, "X"), cmp.Or(y.Name, "Y")
}

// A Kernel is a kernel function of two rows. The median heuristic sets the width to the median of the distances between two
// different rows, over all pairs or, if there are more than 65 536, over so many random ones.
type Kernel struct {
	Kind   compute.Kernel
	Sigma  []float64 // widths of the Gaussian exp(−‖a−b‖²/(2σ²)); none: the median heuristic
	PerDim bool      // Sigma is in units of √Dims
}

// String returns "linear", "gaussian", or with widths "gaussian of width 1, 2".
func (k Kernel) String() string {
	text := k.Kind.String()
	for i, σ := range k.Sigma {
		text += map[bool]string{true: " of width ", false: ", "}[i == 0] + strconv.FormatFloat(σ, 'g', -1, 64)
	}
	if k.PerDim {
		text += " times √d"
	}
	return text
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

	// World is of the processes that measure together, nil for one alone: each has the rows of [Range] and O(m·(dx+dy)/W)
	// memory on W processes. The Result is the same on all, to the bit, whatever W is, and differs from that without a World by
	// roundings.
	World spread.World
}

// settle checks the samples and options, and sets the widths that are not given.
func (o *Options) settle(ctx context.Context, x, y *Samples, on compute.Info) (*share, error) {
	name(x, y)
	if err := o.alike(*x, *y, on); err != nil {
		return nil, err
	}
	if x.Rows != y.Rows {
		return nil, inputf("%s has %s and %s has %d, want as many: row i of one belongs to row i of the other",
			x.Name, count.Of(x.Rows, "row"), y.Name, y.Rows)
	}
	h := newShare(x.Rows, o.World)
	if err := cmp.Or(h.check(*x), h.check(*y)); err != nil {
		return nil, err
	}
	if err := o.check(*x, *y); err != nil {
		return nil, err
	}
	for _, side := range []struct {
		*Kernel
		Samples
	}{{&o.X, *x}, {&o.Y, *y}} {
		if side.Kind == compute.Gaussian && len(side.Sigma) == 0 {
			σ, err := h.median(ctx, side.Samples, o.Seed)
			if err != nil {
				return nil, err
			}
			side.Sigma, side.PerDim = []float64{σ}, false
		}
	}
	return h, nil
}

// alike reports a process that is about to measure something else than the first, or on another device.
func (o *Options) alike(x, y Samples, on compute.Info) error {
	device, _, _ := strings.Cut(on.Device, " (") // a processor's cores change no bit
	facts := []spread.Fact{{Name: "device", Value: device}, {Name: "driver or vector kernels", Value: on.Driver}}
	for _, s := range []Samples{x, y} {
		file := filepath.Base(s.Name) // folders may differ
		facts = append(facts, spread.Fact{Name: "shape of " + file, Value: fmt.Sprintf("%d×%d", s.Rows, s.Dims)},
			spread.Fact{Name: "checksum of " + file, Value: s.Checksum})
	}
	err := spread.Alike(o.World, append(facts,
		spread.Fact{Name: "kernel of X", Value: o.X.String()}, spread.Fact{Name: "kernel of Y", Value: o.Y.String()},
		spread.Fact{Name: "number of permutations", Value: fmt.Sprint(o.Permutations)}, spread.Fact{Name: "seed", Value: fmt.Sprint(o.Seed)}))
	if agreed := (*spread.Agreed)(nil); errors.As(err, &agreed) {
		return InputError{err}
	}
	return err
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
