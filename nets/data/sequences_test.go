package data

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"hebb/internal/must"
)

// upTo are the numbers 1, 2, …, n.
func upTo(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(i + 1)
	}
	return x
}

// sequencesOf reads three examples of 3 moments × 2 features, 1 to 18 in C order, with what else is in the file.
func sequencesOf(t *testing.T, more map[string][]byte, o Options) (*Set, error) {
	t.Helper()
	o.Sequences = true
	arrays := map[string][]byte{"x": npyFile("<f4", "(3, 3, 2)", upTo(18))}
	maps.Copy(arrays, more)
	return Load(put(t, t.TempDir(), "a.npz", npzFile(t, arrays)), o)
}

// TestSequences: what is wanted, and when, follows from the type and the shape of y, a mask or lengths; values behind the end
// of an example are of no account, and moments that no example reaches are none.
func TestSequences(t *testing.T) {
	nan := float32(math.NaN())
	holes := npyFile("|b1", "(3, 3)", []bool{true, false, false, false, true, false, true, true, false})
	inFortran := []float32{1, 7, 13, 3, 9, 15, nan, nan, nan, 2, 8, 14, 4, 10, 16, nan, nan, nan}
	for name, c := range map[string]struct {
		arrays       map[string][]byte
		is           Sequences
		width        int
		classes      int
		x, want      []float32 // of all examples
		at           []byte
		labels, ends []int
	}{
		"a class at the end": {map[string][]byte{"y": npyFile("<i8", "(3, 1)", []int64{2, 0, 1})},
			Sequences{}, 3, 3, upTo(18), []float32{0, 0, 2, 0, 0, 0, 0, 0, 1}, []byte{0, 0, 1, 0, 0, 1, 0, 0, 1}, []int{2, 0, 1}, []int{3, 3, 3}},
		"lengths": {map[string][]byte{"y": npyFile("|u1", "(3,)", []byte{2, 0, 1}), "lengths": npyFile("<i4", "(3,)", []int32{1, 2, 2})},
			Sequences{}, 2, 3, []float32{1, 2, 0, 0, 7, 8, 9, 10, 13, 14, 15, 16}, []float32{2, 0, 0, 0, 0, 1}, []byte{1, 0, 0, 1, 0, 1}, []int{2, 0, 1}, []int{1, 2, 2}},
		"Fortran order and NaN behind the end": {map[string][]byte{"x": fortran(npyFile("<f4", "(3, 3, 2)", inFortran)),
			"y": fortran(npyFile("<f8", "(3, 2)", []float64{1, 2, 3, 4, 5, 6})), "Mask": npyFile("<f4", "(3, 3, 1)", []float32{1, 0, 0, 0, 1, 0, 1, 1, 0})},
			Sequences{false, 2}, 2, 1, []float32{1, 2, 0, 0, 7, 8, 9, 10, 13, 14, 15, 16}, []float32{1, 4, 0, 0, 0, 0, 2, 5, 0, 0, 3, 6}, []byte{1, 0, 0, 1, 0, 1}, []int{0, 0, 0}, []int{1, 2, 2}},
		"classes at moments": {map[string][]byte{"y": npyFile("<i2", "(3, 3)", []int16{1, -1, -1, -1, 2, 9, 0, 1, 9}), "mask": holes},
			Sequences{true, 0}, 2, 3, []float32{1, 2, 0, 0, 7, 8, 9, 10, 13, 14, 15, 16}, []float32{1, 0, 0, 2, 0, 1}, []byte{1, 0, 0, 1, 1, 1}, []int{0, 0, 0}, []int{1, 2, 2}},
		"numbers at moments": {map[string][]byte{"y": npyFile("<f4", "(3, 3, 1)", upTo(9))},
			Sequences{true, 1}, 3, 1, upTo(18), upTo(9), slices.Repeat([]byte{1}, 9), []int{0, 0, 0}, []int{3, 3, 3}},
		"a number for each moment": {map[string][]byte{"y": npyFile("<f2", "(3, 3)", []uint16{0x3c00, 0, 0, 0, 0, 0, 0, 0, 0})},
			Sequences{true, 1}, 3, 1, upTo(18), []float32{1, 0, 0, 0, 0, 0, 0, 0, 0}, slices.Repeat([]byte{1}, 9), []int{0, 0, 0}, []int{3, 3, 3}},
	} {
		s, err := sequencesOf(t, c.arrays, Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if *s.Sequences != c.is || s.Height != 1 || s.Width != c.width || s.Channels != 2 || s.Classes != c.classes {
			t.Errorf("%s: %+v of %+v", name, *s.Sequences, s)
		}
		if p := s.Train; !slices.Equal(p.Floats, c.x) || !slices.Equal(p.Want.Values, c.want) || !slices.Equal(p.Want.At, c.at) ||
			!slices.Equal(p.Labels, c.labels) || !slices.Equal(p.Ends(), c.ends) {
			t.Errorf("%s: x %v, wanted %v at %v, labels %v, ends %v", name, p.Floats, p.Want.Values, p.Want.At, p.Labels, p.Ends())
		}
	}
}

// TestSequenceParts: a test part may be longer, examples are held out and chosen with what they want, and what is wanted is part
// of the checksum. The mean of a feature is that of moments before the ends.
func TestSequenceParts(t *testing.T) {
	y, lengths := npyFile("<i8", "(3,)", []int64{1, 0, 1}), npyFile("<i8", "(3,)", []int64{1, 2, 2})
	more := map[string][]byte{"y": y, "lengths": lengths, "x_test": npyFile("<f4", "(1, 4, 2)", upTo(8)), "y_test": npyFile("<i8", "(1,)", []int64{2})}
	s, err := sequencesOf(t, more, Options{})
	if err != nil || s.Width != 4 || s.Classes != 3 || !slices.Equal(s.Test.Floats, upTo(8)) || !slices.Equal(s.Train.Ends(), []int{1, 2, 2}) {
		t.Fatalf("%+v: %v", s, err)
	}
	if few, _ := s.Few(s.Train, 2); !slices.Equal(few.Want.Values, []float32{1, 0, 0, 0, 0, 0, 0, 0}) || !slices.Equal(few.Ends(), []int{1, 2}) {
		t.Errorf("the first two want %v at %v", few.Want.Values, few.Want.At)
	}
	if n := s.Measure(); n.Mean[0] != (1+7+9+13+15)/5. || n.Mean[1] != (2+8+10+14+16)/5. {
		t.Errorf("means %v", n.Mean)
	}
	sums := map[string]bool{s.Checksum(): true}
	for _, change := range []map[string][]byte{
		{"y": npyFile("<i8", "(3,)", []int64{1, 0, 0})}, {"lengths": npyFile("<i8", "(3,)", []int64{2, 2, 2})}, {"y": npyFile("<f8", "(3,)", []float64{1, 0, 1}), "y_test": npyFile("<f4", "(1,)", []float32{2})},
	} {
		other := maps.Clone(more)
		maps.Copy(other, change)
		s := must.Get(sequencesOf(t, other, Options{}))(t)
		sums[s.Checksum()] = true
	}
	if len(sums) != 4 {
		t.Errorf("%d checksums of 4 sets", len(sums))
	}
	sums = map[string]bool{}
	for _, mask := range [][]byte{{1, 1, 1, 1, 1, 1, 1, 1, 1}, {1, 0, 1, 1, 1, 1, 1, 1, 1}} {
		members := map[string][]byte{"y": npyFile("<i8", "(3, 3)", make([]int64, 9)), "mask": npyFile("|u1", "(3, 3)", mask)}
		s := must.Get(sequencesOf(t, members, Options{}))(t)
		sums[s.Checksum()] = true
	}
	if len(sums) != 2 {
		t.Error("what is wanted is no part of the checksum, but for its values")
	}
	s, err = sequencesOf(t, map[string][]byte{"y": npyFile("<f8", "(3,)", []float64{.1, .2, .3}), "lengths": lengths}, Options{Holdout: 0.4})
	if err != nil || !slices.Equal(s.Train.Want.Values, []float32{.1, 0, 0, .2}) || !slices.Equal(s.Test.Want.Values, []float32{0, .3}) ||
		!slices.Equal(s.Train.Ends(), []int{1, 2}) || !slices.Equal(s.Test.Ends(), []int{2}) {
		t.Errorf("held out: %+v: %v", s, err)
	}
}

// TestSequenceRefusals: what cannot be is said, with where it is and what was wanted.
func TestSequenceRefusals(t *testing.T) {
	nan := math.NaN()
	y := npyFile("<i8", "(3,)", []int64{1, 0, 1})
	x := func(at int, v float64) []byte {
		all := make([]float64, 18)
		all[at] = v
		return npyFile("<f8", "(3, 3, 2)", all)
	}
	integers := func(shape string, v ...int64) []byte { return npyFile("<i8", shape, v) }
	for want, more := range map[string]map[string][]byte{
		"array x: NaN of example 1 at moment 2, feature 1, want finite":                                                         {"y": y, "x": x(11, nan)},
		"array x: -Inf of example 0 at moment 0, feature 0":                                                                     {"y": y, "x": x(0, math.Inf(-1))},
		"array x: 1e+39 of example 2 at moment 2, feature 1":                                                                    {"y": y, "x": x(17, 1e39)},
		"array x: shape 3×2, want examples × time × features":                                                                   {"y": y, "x": npyFile("<f4", "(3, 2)", upTo(6))},
		"array x: shape (3, 0, 2), want dimensions of at least 1":                                                               {"y": y, "x": npyFile("<f4", "(3, 0, 2)", upTo(0))},
		"array y: shape 4, and x has 3 examples: want as many":                                                                  {"y": integers("(4,)", 1, 2, 3, 4)},
		"array y: shape 3×2 of type i8, want for 3 examples of 3 moments either":                                                {"y": integers("(3, 2)", 1, 2, 3, 4, 5, 6)},
		"numbers, floats of shape 3×K or 3×3×K":                                                                                 {"y": npyFile("<f4", "(3, 2, 1)", upTo(6))},
		"array y: class -1 of example 1 at moment 2, want 0 to 16777215; of a moment at which nothing is wanted a mask says so": {"y": integers("(3, 3)", 0, 0, 0, 0, 0, -1, 0, 0, 0)},
		"array y: NaN of example 2, want finite numbers of float32":                                                             {"y": npyFile("<f8", "(3,)", []float64{1, 2, nan})},
		"array x: NaN of example 1 at moment 1, feature 0, want finite numbers of float32: a mask hides what is wanted at a moment, and its features are shown until": {
			"y": y, "x": x(8, nan), "mask": integers("(3, 3)", 1, 0, 0, 1, 0, 1, 1, 0, 0)},
		"array mask: it hides all moments of example 1":                     {"y": y, "mask": integers("(3, 3)", 1, 0, 0, 0, 0, 0, 1, 0, 0)},
		"array mask: 2 of example 1 at moment 0, want 0 or 1":               {"y": y, "mask": integers("(3, 3)", 1, 0, 0, 2, 0, 0, 1, 0, 0)},
		"array mask: shape 3, want 3×3":                                     {"y": y, "mask": integers("(3,)", 1, 1, 1)},
		"array lengths: 0 moments of example 2, want 1 to 3":                {"y": y, "lengths": integers("(3,)", 1, 2, 0)},
		"array lengths: 4 moments of example 0, want 1 to 3, the time of x": {"y": y, "lengths": integers("(3,)", 4, 2, 1)},
		"array lengths: shape 2, want 3":                                    {"y": y, "lengths": integers("(2,)", 1, 2)},
		"arrays mask and lengths, want one of the two":                      {"y": y, "mask": integers("(1,)", 1), "lengths": integers("(1,)", 1)},
		"sequences in x_test have 2 features and want 1 number at the end, those in x have 2 features and want a class at the end": {
			"y": y, "x_test": npyFile("<f4", "(1, 3, 2)", upTo(6)), "y_test": npyFile("<f4", "(1,)", upTo(1))},
		"has no array y, only x": {},
	} {
		if _, err := sequencesOf(t, more, Options{}); err == nil || !strings.Contains(err.Error(), want) || !errors.Is(err, ErrUnfit) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := Load(t.TempDir(), Options{Sequences: true}); err == nil {
		t.Error("a folder is sequences")
	}
}

// TestMoments: an NPZ file looks like sequences by a mask, by lengths, or by an x of three dimensions, unless it is bytes with a
// label each.
func TestMoments(t *testing.T) {
	labels, each := npyFile("<i8", "(2,)", []int64{0, 1}), npyFile("<i8", "(2, 3)", make([]int64, 6))
	bytes, floats := npyFile("|u1", "(2, 3, 1)", make([]byte, 6)), npyFile("<f4", "(2, 3, 1)", upTo(6))
	for i, c := range []struct {
		want   int
		padded bool
		arrays map[string][]byte
	}{
		{0, false, map[string][]byte{"x": bytes, "y": labels}},
		{3, false, map[string][]byte{"x": floats, "y": labels}},
		{3, false, map[string][]byte{"x": bytes, "y": each}},
		{3, true, map[string][]byte{"x": bytes, "y": labels, "lengths": labels}},
		{3, true, map[string][]byte{"x_train": bytes, "y_train": labels, "mask_train": each}},
		{0, false, map[string][]byte{"x": npyFile("<f4", "(2, 3)", upTo(6)), "y": labels}},
		{0, false, map[string][]byte{"x": npyFile("<f4", "(2, 3, 1, 1)", upTo(6)), "y": labels}},
		{0, false, map[string][]byte{"x": floats}},
	} {
		if got, padded := Moments(put(t, t.TempDir(), "a.npz", npzFile(t, c.arrays))); got != c.want || padded != c.padded {
			t.Errorf("file %d has %d moments, padded %t, want %d and %t", i, got, padded, c.want, c.padded)
		}
	}
	if n, _ := Moments(fmt.Sprint(t.TempDir(), "/none.npz")); n != 0 {
		t.Errorf("a file that is not there has %d moments", n)
	}
}
