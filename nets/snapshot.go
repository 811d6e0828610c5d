package nets

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"hebb/compute"
)

// Tensors describes the saved tensors of the run, the system's and the task's. Their Value is the tensor of the first cohort
// alone; [Session.Read] reads all learners. State of moments in parts is parts × shape, see [Run.Micro].
func (s *Session) Tensors() (all []Named) {
	c := s.cohorts[0]
	for _, n := range c.store.named {
		if c.parts != nil && n.Role == State {
			n.Shape = append([]int{s.Micro}, n.Shape...)
		}
		all = append(all, n)
	}
	return append(all, c.task.store.named...)
}

// Read returns the values of tensors of the run, each learners × shape. It waits for the device.
func (s *Session) Read(tensors []Named) (values [][]float32, err error) {
	values = make([][]float32, len(tensors))
	err = s.eachTensor(tensors, func(st *compute.Step, _ *cohort, i int, vs []*compute.Tensor) error {
		for _, v := range vs {
			x := make([]float32, v.Len())
			st.Read(v, x)
			values[i] = append(values[i], x...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, t := range tensors {
		if s.byLearners() || s.together() && s.inParts(t) {
			if values[i], err = s.allOf(values[i]); err != nil {
				return nil, err
			}
		}
	}
	return values, nil
}

// inParts reports whether each part of a moment has its own tensor.
func (s *Session) inParts(t Named) bool {
	c := s.cohorts[0]
	return c.parts != nil && t.Role == State && c.store.names[t.Name]
}

// allOf returns the numbers of all processes: of learners one process after the other, or of each learner its parts.
func (s *Session) allOf(mine []float32) (all []float32, err error) {
	shared, err := s.World.Share(floats(nil, mine))
	learners := 1
	if !s.byLearners() {
		learners = s.Learners
	}
	for l := range learners {
		for _, b := range shared {
			n := len(b) / learners
			all = append(all, numbers(b[l*n:][:n])...)
		}
	}
	return all, err
}

// Write sets the values of tensors of the run, each learners × shape.
func (s *Session) Write(tensors []Named, values [][]float32) error {
	return s.eachTensor(tensors, func(st *compute.Step, c *cohort, i int, vs []*compute.Tensor) error {
		each := length(tensors[i].Shape)
		if len(values[i]) != each*s.Learners {
			return fmt.Errorf("nets: %d numbers for %s, want %d learners × %v", len(values[i]), tensors[i].Name, s.Learners, tensors[i].Shape)
		}
		at := c.first * each
		if s.inParts(tensors[i]) {
			at += s.lo * (each / s.Micro)
		}
		for _, v := range vs {
			st.Write(v, values[i][at:][:v.Len()])
			at += v.Len()
		}
		return nil
	})
}

// eachTensor calls f with the i-th of tensors of each cohort, or those of its parts, in a step for each cohort.
func (s *Session) eachTensor(tensors []Named, f func(st *compute.Step, c *cohort, i int, vs []*compute.Tensor) error) error {
	for _, c := range s.cohorts {
		named := map[string]*compute.Tensor{}
		for _, n := range append(slices.Clone(c.task.store.named), c.store.named...) {
			named[n.Name] = n.Value
		}
		err := s.dev.Step(func(st *compute.Step) error {
			for i, t := range tensors {
				v := named[t.Name]
				if v == nil {
					return fmt.Errorf("nets: no tensor is called %s", t.Name)
				}
				vs := []*compute.Tensor{v}
				if s.inParts(t) {
					vs = c.parts.of(st, v)
				}
				if err := f(st, c, i, vs); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *cohort) value(name string) (*compute.Tensor, error) {
	for _, s := range []*Store{c.store, c.task.store} {
		for _, n := range s.named {
			if n.Name == name {
				return n.Value, nil
			}
		}
	}
	return nil, fmt.Errorf("nets: no tensor is called %s", name)
}

// Peek reads the first numbers of State tensors of the system, those of the first learner and example, as many as there is room
// for in each of into. It waits for the device, and changes nothing.
func (s *Session) Peek(names []string, into [][]float32) error {
	c := s.cohorts[0]
	return s.dev.Step(func(st *compute.Step) error {
		for i, name := range names {
			t, err := c.value(name)
			if err != nil {
				return err
			}
			st.Read(st.View(t, 0, len(into[i])), into[i])
		}
		return nil
	})
}

// Counters returns the counters of the run by name, see [Store.Counter].
func (s *Session) Counters() map[string]int64 {
	all := map[string]int64{}
	for _, store := range []*Store{s.cohorts[0].store, s.cohorts[0].task.store} {
		for name, n := range store.counts {
			all[name] = *n
		}
	}
	return all
}

// ErrSource is wrapped where a run would go on with a task that is made from other things than it learned from, see
// [Store.Source].
var ErrSource = errors.New("nets: other contents than the run learned from")

// Continue sets the number of moments of training so far and the counters, to go on from a checkpoint whose tensors were
// written by [Session.Write].
func (s *Session) Continue(moments int, counters map[string]int64) error {
	for _, c := range s.cohorts {
		for _, store := range []*Store{c.store, c.task.store} {
			for name, n := range store.counts {
				x, ok := counters[name]
				if !ok {
					return fmt.Errorf("nets: no value for the counter %s", name)
				}
				if sum, ok := store.sources[name]; ok && int64(sum) != x {
					return fmt.Errorf("%w: %s, checksum %08x, want %08x", ErrSource, strings.TrimPrefix(name, store.prefix), sum, x)
				}
				*n = x
			}
		}
	}
	s.number, s.between = uint64(moments), true
	return nil
}

// A Snapshot is a copy on the host of everything that moments of training change.
type Snapshot struct {
	number  uint64
	between bool
	cohorts []kept
}

// A kept is a cohort's part of a Snapshot.
type kept struct {
	memory  [][]float32 // of the stores' tensors
	counts  map[*int64]int64
	metrics tally
}

// memory returns what moments of training change on the device.
func (c *cohort) memory() (all []*compute.Tensor) {
	for _, store := range c.stores() {
		all = append(all, store.memory()...)
	}
	if c.parts != nil {
		all = append(all, c.parts.states...)
	}
	return all
}

// stores returns the stores of training.
func (c *cohort) stores() []*Store { return []*Store{c.store, c.task.store} }

// Snapshot copies what moments of training change, for [Session.Restore]. It waits for the device. It reuses the memory
// of an older snapshot, which may be nil. The error wraps [ErrMemory] if the copy would take more than a quarter of the
// free memory, of any process.
func (s *Session) Snapshot(old *Snapshot) (*Snapshot, error) {
	size := int64(0)
	for _, c := range s.cohorts {
		for _, t := range c.memory() {
			size += 4 * int64(t.Len())
		}
	}
	if old == nil {
		var err error
		if free, ok := available(); ok && size > free/4 {
			err = fmt.Errorf("nets: %w: a copy of the run is %d MiB, and %d are free", ErrMemory, size>>20, free>>20)
		}
		if err := s.anyones(err); err != nil {
			return nil, err
		}
		old = &Snapshot{cohorts: make([]kept, len(s.cohorts))}
	}
	old.number, old.between = s.number, s.between
	return old, s.eachKept(old, func(st *compute.Step, c *cohort, k *kept) {
		k.counts = map[*int64]int64{}
		for _, store := range c.stores() {
			store.tally(k.counts)
		}
		for i, t := range c.memory() {
			if i == len(k.memory) {
				k.memory = append(k.memory, make([]float32, t.Len()))
			}
			st.Read(t, k.memory[i])
		}
		k.metrics = c.store.metrics.tally(st)
	})
}

// Restore sets the run back to one of its snapshots, as if no moment had been made since; one of those moments may have
// failed.
func (s *Session) Restore(from *Snapshot) error {
	s.number, s.between = from.number, from.between
	return s.eachKept(from, func(st *compute.Step, c *cohort, k *kept) {
		for n, x := range k.counts {
			*n = x
		}
		for i, t := range c.memory() {
			st.Write(t, k.memory[i])
		}
		c.store.metrics.restore(st, k.metrics)
	})
}

func (s *Session) eachKept(of *Snapshot, f func(st *compute.Step, c *cohort, k *kept)) error {
	for i, c := range s.cohorts {
		err := s.dev.Step(func(st *compute.Step) error {
			f(st, c, &of.cohorts[i])
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Parameters returns the number of learned parameters of a learner.
func (s *Session) Parameters() (n int) {
	for _, t := range s.cohorts[0].store.named {
		if t.Role == Weight && !t.Aside {
			n += length(t.Shape)
		}
	}
	return n
}

// TraceBytes returns the size in bytes of a learner's activities, traces and past, see [Store.State] and [Store.Scratch].
// Weights and Kept tensors do not count.
func (s *Session) TraceBytes() int64 {
	store := s.cohorts[0].store
	n := store.scratch
	for _, t := range store.named {
		if t.Role == State {
			n += int64(t.Value.Len())
		}
	}
	return 4 * n / int64(store.Learners)
}

// Systems returns the systems of the run: one for all learners or, if they take turns, one for each.
func (s *Session) Systems() (all []System) {
	for _, c := range s.cohorts {
		all = append(all, c.System)
	}
	return all
}

// On makes the whole run on dev. It calls tell with the metrics after every so many moments and after the last. It ends
// early when all learners are finished. Nothing is saved; package train makes runs with checkpoints.
func (r Run) On(dev *compute.Device, every int, tell func(moments int, m Metrics)) error {
	s, err := r.Open(dev)
	if err != nil {
		return err
	}
	defer s.Close()
	if every < 1 || s.Total() < 1 {
		return fmt.Errorf("nets: a run of %d moments, told every %d, want at least 1 of both", s.Total(), every)
	}
	for n := 1; n <= s.Total(); n++ {
		if err := s.Step(background); err != nil {
			return err
		}
		if n%every == 0 || n == s.Total() {
			m, err := s.Metrics()
			if err != nil {
				return err
			}
			tell(n, m)
			if s.Ended() {
				return nil
			}
		}
	}
	return nil
}
