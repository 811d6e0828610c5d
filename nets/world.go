package nets

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"math"
	"slices"

	"hebb/compute"
	"hebb/nets/spread"
)

// together reports whether several processes make the run.
func (s *Session) together() bool { return s.World != nil && s.World.Size() > 1 }

// byLearners reports whether they share its learners, and not the parts of its moments.
func (s *Session) byLearners() bool { return s.together() && s.Learners >= s.World.Size() }

// gather returns a value of each process, by rank.
func gather[T any](w spread.World, mine T) ([]T, error) {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(&mine); err != nil {
		return nil, err
	}
	shared, err := w.Share(b.Bytes())
	if err != nil {
		return nil, err
	}
	all := make([]T, len(shared))
	for rank, text := range shared {
		if err := gob.NewDecoder(bytes.NewReader(text)).Decode(&all[rank]); err != nil {
			return nil, fmt.Errorf("nets: from rank %d on %s: %w", rank, w.Host(rank), err)
		}
	}
	return all, nil
}

// A told is an error of another process: its text, and which errors that callers know it wraps.
type told struct {
	Text string
	Of   []bool
}

var known = []error{ErrDiverged, ErrFault, ErrFinished, ErrMemory}

func tell(errs map[int]error) map[int]*told {
	all := map[int]*told{}
	for l, err := range errs {
		t := &told{Text: err.Error()}
		for _, k := range known {
			t.Of = append(t.Of, errors.Is(err, k))
		}
		all[l] = t
	}
	return all
}

func (t *told) Error() string { return t.Text }

// Is reports whether the error wraps one of those that callers know.
func (t *told) Is(target error) bool {
	for i, k := range known {
		if k == target {
			return t.Of[i]
		}
	}
	return false
}

// anyones returns the error of the first process that has one. All call it at the same place of the run.
func (s *Session) anyones(mine error) error {
	if !s.together() {
		return mine
	}
	errs := map[int]error{}
	if mine != nil {
		errs[0] = mine
	}
	all, err := gather(s.World, tell(errs))
	for _, other := range all {
		if other[0] != nil {
			return other[0]
		}
	}
	return err
}

// news is what a process tells the others of its learners.
type news struct {
	Metrics    []toldMetric
	Lost, Done map[int]*told
	At         map[int]uint64
}

type toldMetric struct {
	Name          string
	Each, Counted []float64
	Count         float64
}

// joined returns the metrics of the learners of all processes, and learns which of them have ended. Processes that share parts
// have the same metrics, and may differ in which State they know of.
func (s *Session) joined(all Metrics) (Metrics, error) {
	if !s.together() {
		return all, nil
	}
	mine := news{Lost: tell(s.lost), Done: tell(s.done), At: s.lostAt}
	for _, m := range all {
		mine.Metrics = append(mine.Metrics, toldMetric{m.Name, m.Each, m.counted, m.Count})
	}
	others, err := gather(s.World, mine)
	if err != nil {
		return nil, err
	}
	if s.byLearners() {
		all = nil
	}
	for _, o := range others {
		var more Metrics
		for _, m := range o.Metrics {
			more = append(more, Metric{Name: m.Name, Each: m.Each, Count: m.Count, counted: m.Counted})
		}
		if s.byLearners() {
			all = join(all, more)
		}
		for l, why := range o.Lost {
			if s.lost[l] == nil {
				s.lost[l], s.lostAt[l] = why, o.At[l]
			}
		}
		for l, why := range o.Done {
			if s.done[l] == nil {
				s.done[l] = why
			}
		}
	}
	return all, nil
}

// tested is a metric of some moments of a test, the numbers of each.
type tested struct {
	Name        string
	N, Whole    float64
	Sums, Masks []float32
}

// joinTest makes the metrics of one process's moments of a test those of all. Each moment's numbers are added in the order of
// the moments, as one process adds them, to the same bits.
func (s *Session) joinTest(m *accumulator) error {
	var mine []tested
	err := s.dev.Step(func(st *compute.Step) error {
		for _, c := range m.partials {
			m.flush(st, c.sum)
			t := tested{Name: c.name, N: c.n, Whole: c.whole, Sums: c.sum.list}
			if c.masked != nil {
				m.flush(st, c.masked)
				t.Masks = c.masked.list
			}
			mine = append(mine, t)
		}
		return nil
	})
	if err != nil {
		return err
	}
	all, err := gather(s.World, mine)
	if err != nil {
		return err
	}
	m.reset()
	for _, t := range slices.Concat(all...) {
		c, err := m.partial(t.Name, len(t.Masks) > 0)
		if err != nil {
			return err
		}
		c.n, c.whole = c.n+t.N, c.whole+t.Whole
		for _, x := range t.Sums {
			c.sum.each[0] += float64(x)
		}
		for _, x := range t.Masks {
			c.masked.each[0] += float64(x)
		}
	}
	return nil
}

// faults returns those of all processes that have parts of the same moments, one of each name.
func (s *Session) faults(mine []fault) ([]fault, error) {
	if !s.together() || s.byLearners() {
		return mine, nil
	}
	type code struct {
		Name string
		Code float32
	}
	var codes []code
	for _, f := range mine {
		codes = append(codes, code{f.name, f.code})
	}
	others, err := gather(s.World, codes)
	var all []fault
	seen := map[string]bool{}
	for _, o := range others {
		for _, c := range o {
			if !seen[c.Name] {
				seen[c.Name], all = true, append(all, fault{0, c.Name, c.Code})
			}
		}
	}
	return all, err
}

// floats and numbers are the bytes of numbers, and back.
func floats(to []byte, x []float32) []byte {
	for _, v := range x {
		to = binary.LittleEndian.AppendUint32(to, math.Float32bits(v))
	}
	return to
}

func numbers(b []byte) []float32 {
	x := make([]float32, len(b)/4)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return x
}
