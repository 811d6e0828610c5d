package data

import (
	"archive/zip"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"hebb/internal/count"
)

// Sequences describes a [Set] of sequences: its Height is 1, its Width the moments of the longest example, its Channels the
// features of a moment. Behind the end of a shorter example all values are 0.
type Sequences struct {
	PerMoment bool `json:"per_moment"` // something is wanted at the moments of an example, and not at its last alone
	Numbers   int  `json:"numbers"`    // wanted at a time; 0: a class
}

// A Wanted is what the sequences of a [Split] want. The end of an example is the last moment at which it wants something.
type Wanted struct {
	Values []float32 // N × Width × Numbers, or N × Width class numbers; 0 where nothing is wanted
	At     []byte    // N × Width: 1 where something is wanted
}

// few returns the part of w that is of n examples from example i on, of N.
func (w *Wanted) few(i, n, of int) *Wanted {
	if w == nil {
		return nil
	}
	values, at := len(w.Values)/of, len(w.At)/of
	return &Wanted{w.Values[i*values:][:n*values], w.At[i*at:][:n*at]}
}

// Moments returns how many moments the examples of an NPZ file have if it looks like sequences, see [Load], and not
// like images: if it has a mask or lengths (then padded is true), or an x of three dimensions that is not bytes with a
// label for each example. Else it returns 0.
func Moments(nameOrPath string) (moments int, padded bool) {
	path, err := find(nameOrPath, "")
	if err != nil {
		return 0, false
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		return 0, false
	}
	defer z.Close()
	names := namesIn(&z.Reader).train
	var x, y npy
	for name, to := range map[string]*npy{names.x: &x, names.y: &y} {
		if readEntry(&z.Reader, name, func(a npy, _ io.Reader) error { *to = a; return nil }) != nil {
			return 0, false
		}
	}
	mask, lengths := names.bounds()
	padded = entry(&z.Reader, mask) != nil || entry(&z.Reader, lengths) != nil
	images := len(x.dims) != 3 || x.typ() == "u1" && y.n == x.dims[0]
	if images && !padded {
		return 0, false
	}
	return x.dims[min(1, len(x.dims)-1)], padded
}

// bounds are the names of the arrays that say where the sequences of a part end.
func (a arrays) bounds() (mask, lengths string) {
	suffix := strings.TrimPrefix(a.x, "x")
	return "mask" + suffix, "lengths" + suffix
}

// A series is a part of an NPZ file of sequences, as it is read.
type series struct {
	Sequences
	arrays
	n, moments, features int
	x, want              []float64
	at                   []byte // n × moments
	longest              int
	classes              int
}

// readSequences reads the arrays of the training part and, if both are there, those of a test part.
func readSequences(z *zip.Reader) (*Set, error) {
	names, s := namesIn(z), &Set{Height: 1}
	train, err := s.readSeries(z, names.train)
	if err != nil {
		return nil, err
	}
	parts, width := []*series{train}, train.longest
	if tests, ok := s.testNames(z, names); ok {
		test, err := s.readSeries(z, tests)
		if err != nil {
			return nil, err
		}
		if test.Sequences != train.Sequences || test.features != train.features {
			return nil, fmt.Errorf("sequences in %s %s, those in %s %s: want them alike",
				tests.x, test.Form(test.features), names.train.x, train.Form(train.features))
		}
		parts, width = append(parts, test), max(width, test.longest)
	}
	s.Sequences, s.Width, s.Channels = &train.Sequences, width, train.features
	var read []string
	for i, p := range parts {
		mask, lengths := p.bounds()
		read = append(read, p.arrays.x, p.arrays.y, mask, lengths)
		s.Classes = max(s.Classes, p.classes)
		*[]**Split{&s.Train, &s.Test}[i] = p.split(width)
	}
	s.sayUnread(z, read)
	return s, nil
}

// Form says what a moment of so many features shows and wants, as in "sequences that …".
func (q Sequences) Form(features int) string {
	what, when := "a class", "at the end"
	if q.Numbers > 0 {
		what = count.Of(q.Numbers, "number")
	}
	if q.PerMoment {
		when = "at each moment"
	}
	return fmt.Sprintf("have %s and want %s %s", count.Of(features, "feature"), what, when)
}

func (s *Set) readSeries(z *zip.Reader, names arrays) (*series, error) {
	p := &series{arrays: names}
	err := readEntry(z, names.x, func(a npy, r io.Reader) (err error) {
		if len(a.dims) != 3 {
			return fmt.Errorf("shape %s, want examples × time × features", a)
		}
		if a.kind != 'f' {
			s.note("%s is of type %s: its numbers are taken as they are", names.x, a.typ())
		}
		p.n, p.moments, p.features = a.dims[0], a.dims[1], a.dims[2]
		p.x, err = numbers(a, r, 0, asItIs)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := p.readBounds(z); err != nil {
		return nil, err
	}
	err = readEntry(z, names.y, func(a npy, r io.Reader) (err error) {
		if err := p.wants(a); err != nil {
			return err
		}
		p.want, err = numbers(a, r, 0, asItIs)
		if whole := !slices.ContainsFunc(p.want, func(v float64) bool { return v != math.Trunc(v) }); whole && p.Numbers == 1 && err == nil {
			s.note("%s is of floats, and so numbers to predict: classes are of an integer type", names.y)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return p, p.finish()
}

func asItIs(x float64) (float64, error) { return x, nil }

// wants finds out what is wanted, and when, by the shape and the type of y.
func (p *series) wants(a npy) error {
	class, d := a.kind != 'f', a.dims
	last := 1 // numbers at a time
	switch {
	case d[0] != p.n:
		return fmt.Errorf("shape %s, and %s has %s: want as many", a, p.arrays.x, count.Of(p.n, "example"))
	case len(d) == 1 || len(d) == 2 && d[1] == 1:
	case len(d) == 2 && d[1] == p.moments:
		p.PerMoment = true
	case len(d) == 2 && !class:
		last = d[1]
	case len(d) == 3 && d[1] == p.moments && (!class || d[2] == 1):
		p.PerMoment, last = true, d[2]
	default:
		return fmt.Errorf("shape %s of type %s, want for %s of %s either classes, integers of shape %d or %d×%d, "+
			"or numbers, floats of shape %d×K or %d×%d×K", a, a.typ(), count.Of(p.n, "example"), count.Of(p.moments, "moment"), p.n, p.n, p.moments, p.n, p.n, p.moments)
	}
	if !class {
		p.Numbers = last
	}
	return nil
}

// readBounds reads the mask or the lengths, if one of them is there.
func (p *series) readBounds(z *zip.Reader) error {
	mask, lengths := p.bounds()
	p.at = slices.Repeat([]byte{1}, p.n*p.moments)
	switch masked, bounded := entry(z, mask) != nil, entry(z, lengths) != nil; {
	case masked && bounded:
		return fmt.Errorf("arrays %s and %s, want one of the two", mask, lengths)
	case masked:
		return readEntry(z, mask, p.readMask)
	case bounded:
		return readEntry(z, lengths, p.readLengths)
	}
	return nil
}

func (p *series) readMask(a npy, r io.Reader) error {
	if len(a.dims) < 2 || a.dims[0] != p.n || a.dims[1] != p.moments || a.n != p.n*p.moments {
		return fmt.Errorf("shape %s, want %d×%d: 1 at the moments of each example that count, else 0", a, p.n, p.moments)
	}
	all, err := numbers(a, r, 0, asItIs)
	for i, v := range all {
		if p.at[i] = byte(v); v != 0 && v != 1 {
			return fmt.Errorf("%g of example %d at moment %d, want 0 or 1", v, i/p.moments, i%p.moments)
		}
	}
	if err != nil {
		return err
	}
	for i := range p.n {
		if !slices.Contains(p.at[i*p.moments:][:p.moments], 1) {
			return fmt.Errorf("it hides all moments of example %d, want at least one that counts", i)
		}
	}
	return nil
}

func (p *series) readLengths(a npy, r io.Reader) error {
	if a.n != p.n || slices.Max(a.dims) != p.n {
		return fmt.Errorf("shape %s, want %d, the length of each example", a, p.n)
	}
	all, err := a.ints(r)
	for i, n := range all {
		if n < 1 || n > p.moments {
			return fmt.Errorf("%d moments of example %d, want 1 to %d, the time of %s", n, i, p.moments, p.arrays.x)
		}
		clear(p.at[i*p.moments+n : (i+1)*p.moments])
	}
	return err
}

// end returns the number of moments of an example.
func (p *series) end(i int) int {
	t := p.moments
	for p.at[i*p.moments+t-1] == 0 {
		t--
	}
	return t
}

// finish moves what is wanted of an example to its last moment, and reports numbers that cannot be.
func (p *series) finish() error {
	each := max(1, p.Numbers)
	want := make([]float64, p.n*p.moments*each)
	for i := range p.n {
		end, of := p.end(i), p.at[i*p.moments:][:p.moments]
		p.longest = max(p.longest, end)
		if err := p.finite(i, end); err != nil {
			return fmt.Errorf("array %s: %w", p.arrays.x, err)
		}
		if !p.PerMoment {
			clear(of)
			of[end-1] = 1
		}
		for t, on := range of {
			if on == 0 {
				continue
			}
			from := i
			if p.PerMoment {
				from = i*p.moments + t
			}
			for k, v := range p.want[from*each:][:each] {
				if err := p.wantable(v, i, t); err != nil {
					return fmt.Errorf("array %s: %w", p.arrays.y, err)
				}
				want[(i*p.moments+t)*each+k] = v
			}
		}
	}
	p.want = want
	return nil
}

// finite sets all behind the end of an example to 0, and reports the first number before it that float32 has not.
func (p *series) finite(i, end int) error {
	of := p.x[i*p.moments*p.features:][:p.moments*p.features]
	clear(of[end*p.features:])
	for k, v := range of {
		if !(math.Abs(v) <= math.MaxFloat32) {
			hint := ""
			if p.at[i*p.moments+k/p.features] == 0 {
				hint = ": a mask hides what is wanted at a moment, and its features are shown until the example ends"
			}
			return fmt.Errorf("%g of example %d at moment %d, feature %d, want finite numbers of float32%s", v, i, k/p.features, k%p.features, hint)
		}
	}
	return nil
}

// wantable reports numbers that an example cannot want at a moment.
func (p *series) wantable(v float64, example, t int) error {
	where, hint := fmt.Sprintf("example %d", example), ""
	if p.PerMoment {
		where, hint = fmt.Sprintf("%s at moment %d", where, t), "; of a moment at which nothing is wanted a mask says so"
	}
	switch {
	case p.Numbers > 0 && !(math.Abs(v) <= math.MaxFloat32):
		return fmt.Errorf("%g of %s, want finite numbers of float32%s", v, where, hint)
	case p.Numbers == 0 && !(v >= 0 && v <= maxLabel):
		return fmt.Errorf("class %g of %s, want 0 to %d%s", v, where, maxLabel, hint)
	case p.Numbers == 0:
		p.classes = max(p.classes, int(v)+1)
	}
	return nil
}

// split is the part with so many moments. Examples are labelled by what they want at their ends, if that is a class and all.
func (p *series) split(width int) *Split {
	each := max(1, p.Numbers)
	s := &Split{Labels: make([]int, p.n), Want: &Wanted{Values: make([]float32, p.n*width*each), At: make([]byte, p.n*width)},
		Floats: make([]float32, p.n*width*p.features)}
	n := min(width, p.moments)
	for i := range p.n {
		copy(s.Want.At[i*width:], p.at[i*p.moments:][:n])
		for k, v := range p.want[i*p.moments*each:][:n*each] {
			s.Want.Values[i*width*each+k] = float32(v)
		}
		for k, v := range p.x[i*p.moments*p.features:][:n*p.features] {
			s.Floats[i*width*p.features+k] = float32(v)
		}
		if p.Numbers == 0 && !p.PerMoment {
			s.Labels[i] = int(p.want[i*p.moments+p.end(i)-1])
		}
	}
	return s
}

// Ends returns the number of moments of each example of a part of sequences.
func (s *Split) Ends() []int {
	ends, width := make([]int, s.N()), len(s.Want.At)/s.N()
	for i := range ends {
		for t, on := range s.Want.At[i*width:][:width] {
			if on == 1 {
				ends[i] = t + 1
			}
		}
	}
	return ends
}
