package nets

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"hebb/compute"
)

// A Store holds the named tensors of a [System] or a [Task]. Each tensor is learners × shape; a shape of one dimension, n,
// is a row, learners × 1 × n. The tensors of a role are contiguous in memory, and all are saved with every checkpoint. Names
// are unique. Methods do not return errors: the first one is reported when Build has returned.
type Store struct {
	Learners int
	Seed     uint64 // learner l draws from Seed + l

	dev     *compute.Device
	lease   *compute.Lease // of all tensors
	prefix  string         // of all names: "", "task.", "test." or "probe."
	named   []Named
	names   map[string]bool
	counts  map[string]*int64
	sources map[string]uint32 // checksums, by the names of their counters
	arenas  [roles]arena
	inits   []initial       // once built, of the State alone
	grads   *compute.Tensor // of all weights; nil until asked for
	gradOf  map[*compute.Tensor]*compute.Tensor
	// weights of each Descent, by the name of its count of updates
	descents map[string][]*compute.Tensor
	metrics  *accumulator
	averaged []*compute.Tensor // see [Store.Averaged]
	state    []*compute.Tensor
	scratch  int64           // numbers
	backup   *compute.Tensor // of the State during an evaluation; nil before
	ranges   map[[2]int]*compute.Tensor
	sealed   bool // Build has returned
	err      error
	planned  *Store // the store of the first Build, on a stage; nil in that Build
}

// An arena is the memory of all tensors of a role.
type arena struct {
	all  *compute.Tensor // nil until the sizes are known
	used int             // numbers
}

// A Role says when a tensor changes.
type Role uint8

const (
	// Weight is a learned parameter, which optimisers update and perturbation rules perturb.
	Weight Role = iota
	// Kept is a buffer that changes only while the system learns: running statistics, fixed feedback, optimiser state.
	Kept
	// State changes with every moment: activities and traces. It is saved before an evaluation and restored afterwards.
	State
	roles
)

// A Named is a tensor of a Store.
type Named struct {
	Name  string
	Value *compute.Tensor // learners × shape
	Shape []int           // of one learner, as given to the Store
	Role  Role
	// Aside says that predictions do not need the tensor: it is saved in the state file, not in the model file.
	Aside bool
	// Optional says that a model file may lack the tensor, which then stays as it is.
	Optional bool
	// Layout is the memory order in PyTorch, where it differs.
	Layout Layout
}

type initial struct {
	Named
	init Init
}

func newStore(dev *compute.Device, prefix string, learners int, seed uint64, planned *Store) *Store {
	lease := dev.Lease()
	return &Store{Learners: learners, Seed: seed, dev: dev, lease: lease, prefix: prefix, planned: planned, metrics: &accumulator{lease: lease, learners: learners},
		names: map[string]bool{}, counts: map[string]*int64{}, sources: map[string]uint32{}, descents: map[string][]*compute.Tensor{}}
}

// Open builds a Store without a [Run], for programs with a training loop of their own. build is called twice, as
// [System.Build] is.
func Open(dev *compute.Device, learners int, seed uint64, build func(s *Store) error) (*Store, error) {
	if learners < 1 {
		return nil, fmt.Errorf("nets: %d learners, want at least 1", learners)
	}
	plan := newStore(compute.New(&compute.Stage{Of: dev.Info()}), "", learners, seed, nil)
	s := newStore(dev, "", learners, seed, plan)
	for _, s := range []*Store{plan, s} {
		if err := build(s); err != nil {
			return nil, cmp.Or(s.err, err) // the first failure is the cause
		}
		if err := s.finish(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Adopt adds the tensors and counters of another store of the same device to s, so that they are saved and checked with it.
// Tensors of s of the same names are removed first.
func (s *Store) Adopt(other *Store) {
	s.Disown(other)
	s.named = append(s.named, other.named...)
	maps.Copy(s.names, other.names)
	maps.Copy(s.counts, other.counts)
	s.state = append(s.state, other.memory()...)
}

// Disown removes the tensors and counters of another store from s. They stay valid.
func (s *Store) Disown(other *Store) {
	s.drop(func(name string) bool { return other.names[name] })
	s.state = slices.DeleteFunc(s.state, func(t *compute.Tensor) bool { return slices.Contains(other.memory(), t) })
}

// Forget removes the tensors and counters whose names begin with a prefix from s. They stay valid.
func (s *Store) Forget(prefix string) {
	s.drop(func(name string) bool { return strings.HasPrefix(name, prefix) })
}

func (s *Store) drop(named func(name string) bool) {
	s.named = slices.DeleteFunc(s.named, func(n Named) bool { return named(n.Name) })
	for name := range s.names {
		if named(name) {
			delete(s.names, name)
			delete(s.counts, name)
			delete(s.descents, name)
		}
	}
}

// Err returns the first error.
func (s *Store) Err() error { return s.err }

// Pass returns a Pass for a step of the device, for programs without a [Run]. Its Learning is false.
func (s *Store) Pass(st *compute.Step) *Pass {
	return &Pass{Step: st, Learners: s.Learners, Seed: s.Seed, ctx: background, store: s, metrics: s.metrics}
}

// Weights allocates a learned tensor, learners × shape, with initial values from init.
func (s *Store) Weights(name string, init Init, shape ...int) *compute.Tensor {
	return s.add(name, Weight, init, shape)
}

// Kept allocates a buffer that changes only while the system learns: running statistics, fixed feedback weights.
func (s *Store) Kept(name string, init Init, shape ...int) *compute.Tensor {
	return s.add(name, Kept, init, shape)
}

// State allocates a tensor that may change with every moment, also in evaluations: activities, traces.
func (s *Store) State(name string, init Init, shape ...int) *compute.Tensor {
	return s.add(name, State, init, shape)
}

// Scratch allocates memory for n moments of a trial, n × learners × shape, which is neither initialised nor saved. [At]
// returns the part of one moment.
func (s *Store) Scratch(n int, shape ...int) *compute.Tensor {
	t, err := s.lease.Tensor(append([]int{n, s.Learners}, matrix(shape)...)...)
	if err != nil {
		s.fail(err)
		t, _ = s.lease.Tensor(1, 1, 1)
	}
	s.scratch += int64(t.Len())
	return t
}

// At returns the part of moment t, learners × shape, of a tensor from [Store.Scratch].
func At(scratch *compute.Tensor, t int) *compute.Tensor {
	shape := scratch.Shape()[1:]
	v, err := scratch.View(t*(scratch.Len()/scratch.Shape()[0]), shape...)
	if err != nil {
		panic(err) // t is not below n
	}
	return v
}

// Counter returns a counter on the host, 0 at first, which is saved with the tensors.
func (s *Store) Counter(name string) *int64 {
	if err := s.unique(name); err != nil {
		return new(int64)
	}
	n := new(int64)
	s.counts[s.prefix+name] = n
	return n
}

// Source records the checksum of something outside the run that a task is made from, such as a file. A run goes on from a
// checkpoint only with the same checksum, see [ErrSource].
func (s *Store) Source(name string, checksum uint32) {
	*s.Counter(name) = int64(checksum)
	s.sources[s.prefix+name] = checksum
}

// Aside marks tensors that predictions do not need: they are saved in the state file, not in the model file.
func (s *Store) Aside(ts ...*compute.Tensor) {
	for _, t := range ts {
		if n := s.find(t); n != nil {
			n.Aside = true
		}
	}
}

// Optional marks tensors that a model file may lack, since only some ways of training have them.
func (s *Store) Optional(ts ...*compute.Tensor) {
	for _, t := range ts {
		if n := s.find(t); n != nil {
			n.Optional = true
		}
	}
}

// SetLayout sets the memory order that a tensor has in PyTorch.
func (s *Store) SetLayout(t *compute.Tensor, l Layout) {
	if n := s.find(t); n != nil {
		n.Layout = l
	}
}

// Name returns the name of a tensor of the store, or "".
func (s *Store) Name(t *compute.Tensor) string {
	if n := s.find(t); n != nil {
		return n.Name
	}
	return ""
}

// Device returns the device of the tensors.
func (s *Store) Device() *compute.Device { return s.dev }

// Tensors returns all tensors, in the order of their allocation.
func (s *Store) Tensors() []Named { return s.named }

func (s *Store) find(t *compute.Tensor) *Named {
	for i := range s.named {
		if s.named[i].Value == t {
			return &s.named[i]
		}
	}
	s.fail(fmt.Errorf("nets: a tensor %v is none of this store", t))
	return nil
}

func (s *Store) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// unique claims a name, or reports that it is in use.
func (s *Store) unique(name string) error {
	var err error
	switch full := s.prefix + name; {
	case name == "":
		err = errors.New("nets: a tensor without a name")
	case s.names[full]:
		err = fmt.Errorf("nets: two tensors are called %s", full)
	case full == "__metadata__":
		err = errors.New("nets: a tensor called __metadata__, which is what checkpoints call something else")
	default:
		s.names[full] = true
		return nil
	}
	s.fail(err)
	return err
}

// padded is n rounded up to a multiple of 256 bytes, as devices want tensors aligned. The padding is zeros and stays zeros.
func padded(n int) int { return (n + 63) / 64 * 64 }

// matrix makes a row of a shape of one dimension.
func matrix(shape []int) []int {
	if len(shape) == 1 {
		return []int{1, shape[0]}
	}
	return shape
}

func length(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

func (s *Store) add(name string, role Role, init Init, shape []int) *compute.Tensor {
	t, err := s.tryAdd(name, role, init, shape)
	if err == nil {
		return t
	}
	s.fail(err)
	// For a Build to go on with to its end, on a device of its own: what is full cannot give more.
	stand, _ := compute.New(&compute.Stage{}).Tensor(append([]int{s.Learners}, matrix(shape)...)...)
	if stand == nil {
		stand, _ = compute.New(&compute.Stage{}).Tensor(s.Learners, 1, 1)
	}
	return stand
}

func (s *Store) tryAdd(name string, role Role, init Init, shape []int) (*compute.Tensor, error) {
	if s.err != nil {
		return nil, s.err
	}
	if s.sealed {
		return nil, fmt.Errorf("nets: %s was asked for after Build", s.prefix+name)
	}
	if err := s.unique(name); err != nil {
		return nil, err
	}
	if init == nil || len(shape) == 0 || slices.ContainsFunc(shape, func(d int) bool { return d < 1 }) {
		return nil, fmt.Errorf("nets: %s is asked for as %v with the first values %v, want dimensions of at least 1 and an Init", s.prefix+name, shape, init)
	}
	t, err := s.allocate(role, append([]int{s.Learners}, matrix(shape)...))
	if err != nil {
		return nil, fmt.Errorf("nets: %s: %w", s.prefix+name, err)
	}
	n := Named{Name: s.prefix + name, Value: t, Shape: slices.Clone(shape), Role: role}
	s.named = append(s.named, n)
	s.inits = append(s.inits, initial{n, init})
	return t, nil
}

// allocate returns the next part of a role's arena; on a stage, where the arena's size is not known yet, it returns memory
// of its own.
func (s *Store) allocate(role Role, shape []int) (*compute.Tensor, error) {
	a := &s.arenas[role]
	at := a.used
	a.used += padded(length(shape))
	if s.planned == nil {
		return s.lease.Tensor(shape...)
	}
	size := s.planned.arenas[role].used
	if a.used > size {
		return nil, fmt.Errorf("the second Build asks for more than the first, %d numbers; Build may depend on the settings and the Spec alone", size)
	}
	if a.all == nil {
		all, err := s.zeros(size)
		if err != nil {
			return nil, err
		}
		a.all = all
	}
	return a.all.View(at, shape...)
}

func (s *Store) zeros(n int) (*compute.Tensor, error) {
	t, err := s.lease.Tensor(n)
	if err != nil {
		return nil, err
	}
	return t, s.dev.Step(func(st *compute.Step) error {
		st.Do(compute.Map{Out: t, F: zero})
		return nil
	})
}

// finish ends a Build: it returns the first error, or sets the initial values.
func (s *Store) finish() error {
	s.sealed = true
	if s.err != nil {
		return s.err
	}
	if err := s.asPlanned(); err != nil {
		return err
	}
	err := s.begin(s.inits)
	s.inits = slices.DeleteFunc(s.inits, func(i initial) bool { return i.Role != State }) // with what the others hold
	return err
}

// asPlanned reports a second Build that asked for other tensors than the first.
func (s *Store) asPlanned() error {
	if s.planned == nil {
		return nil
	}
	text := func(all []Named, i int) string {
		if i >= len(all) {
			return "nothing more"
		}
		return fmt.Sprintf("%s %v", all[i].Name, all[i].Shape)
	}
	first, second := s.planned.named, s.named
	for i := range max(len(first), len(second)) {
		if a, b := text(first, i), text(second, i); a != b || first[i].Role != second[i].Role {
			return fmt.Errorf("nets: Build asked for %s and then, the second time, for %s: it may depend on the settings and the Spec alone", a, b)
		}
	}
	return nil
}

// begin sets initial values.
func (s *Store) begin(inits []initial) error {
	return s.dev.Step(func(st *compute.Step) error {
		for _, i := range inits {
			if err := cmp.Or(i.init.set(st, s, i.Named), st.Err()); err != nil {
				return fmt.Errorf("nets: %s: %w", i.Name, err)
			}
		}
		return nil
	})
}

// reset sets the State and the counters to their initial values.
func (s *Store) reset() error {
	for _, n := range s.counts {
		*n = 0
	}
	return s.begin(s.inits)
}

// memory returns the arenas and the optimiser state, which hold all tensors in few pieces.
func (s *Store) memory() (all []*compute.Tensor) {
	for _, a := range s.arenas {
		if a.all != nil {
			all = append(all, a.all)
		}
	}
	return append(all, s.state...)
}

// size returns how many numbers the tensors of all learners are.
func (s *Store) size() (n int64) {
	for _, a := range s.arenas {
		n += int64(a.used)
	}
	for _, t := range s.state {
		n += int64(t.Len())
	}
	return n
}

// Grad returns the gradient of a tensor of weights, 0 at first. A system sets it before each update of a [Descent].
func (s *Store) Grad(weights *compute.Tensor) *compute.Tensor {
	if s.err != nil {
		return weights
	}
	if g := s.gradOf[weights]; g != nil {
		return g
	}
	g, err := s.gradient(weights)
	if err != nil {
		s.fail(err)
		return weights
	}
	if s.gradOf == nil {
		s.gradOf = map[*compute.Tensor]*compute.Tensor{}
	}
	s.gradOf[weights] = g
	return g
}

func (s *Store) gradient(weights *compute.Tensor) (*compute.Tensor, error) {
	if s.planned == nil { // on a stage, where the number of weights is not known yet
		return s.lease.Tensor(weights.Shape()...)
	}
	at := 0
	for _, n := range s.named {
		if n.Role != Weight {
			continue
		}
		if n.Value == weights {
			all, err := s.gradients()
			if err != nil {
				return nil, err
			}
			return all.View(at, weights.Shape()...)
		}
		at += padded(n.Value.Len())
	}
	return nil, fmt.Errorf("nets: a tensor %v is no weights of this store", weights)
}

// absolute is |x|, scaled so that a sum of finite numbers does not overflow.
var absolute = compute.Formula("small*abs(x)", "x").With("small", 0x1p-40)

func finite(x float64) bool { return math.Abs(x) <= math.MaxFloat32 }

// sound returns, for each learner, the first tensor that has NaN or Inf, or nil.
func (s *Store) sound() ([]*Named, error) {
	bad := make([]*Named, s.Learners)
	sums := make([]float32, 1)
	whole := true
	err := s.dev.Step(func(st *compute.Step) error {
		for _, t := range s.memory() {
			out := st.Tensor(1)
			st.Do(compute.Reduce{Out: out, In: []*compute.Tensor{t}, F: absolute, Along: compute.AlongAll, Alpha: 1})
			st.Read(out, sums)
			whole = whole && finite(float64(sums[0]))
		}
		return nil
	})
	if whole || err != nil {
		return bad, err
	}
	each := make([]float32, s.Learners)
	for _, n := range s.named {
		err := s.dev.Step(func(st *compute.Step) error {
			out := st.Tensor(s.Learners)
			flat := st.View(n.Value, 0, s.Learners, n.Value.Len()/s.Learners)
			st.Do(compute.Reduce{Out: out, In: []*compute.Tensor{flat}, F: absolute, Along: compute.AlongCols, Alpha: 1})
			st.Read(out, each)
			return nil
		})
		if err != nil {
			return nil, err
		}
		for l, x := range each {
			if bad[l] == nil && !finite(float64(x)) {
				bad[l] = &n
			}
		}
	}
	return bad, nil
}

// unprefixed is a name without the prefix of the store.
func (s *Store) unprefixed(name string) string { return strings.TrimPrefix(name, s.prefix) }

// Fixed allocates a constant, 1 × shape, which all learners share and which is not saved.
func (s *Store) Fixed(x []float32, shape ...int) *compute.Tensor {
	return s.fixed(func(int) []float32 { return x }, shape)
}

// FixedBy is Fixed with numbers that fill sets, from 0, when it is known that there is memory for them: for as many as a setting
// asks for.
func (s *Store) FixedBy(fill func(x []float32), shape ...int) *compute.Tensor {
	return s.fixed(func(n int) []float32 {
		x := make([]float32, n)
		fill(x)
		return x
	}, shape)
}

func (s *Store) fixed(numbers func(n int) []float32, shape []int) *compute.Tensor {
	t, err := s.lease.Tensor(append([]int{1}, matrix(shape)...)...)
	if err == nil && !s.dev.Staged() {
		err = s.dev.Step(func(st *compute.Step) error {
			st.Write(t, numbers(t.Len()))
			return nil
		})
	}
	if err != nil {
		s.fail(fmt.Errorf("nets: fixed numbers: %w", err))
	}
	return t
}

// numbers returns 0, 1, …, rows·cols−1, which lie as rows × cols, column by column, from a cache.
func (s *Store) numbers(rows, cols int) (*compute.Tensor, error) {
	key := [2]int{rows, cols}
	if t := s.ranges[key]; t != nil {
		return t, nil
	}
	t, err := s.lease.Tensor(rows * cols)
	if err != nil {
		return nil, err
	}
	x := make([]float32, rows*cols)
	for i := range x {
		x[i] = float32(i%rows*cols + i/rows)
	}
	if s.ranges == nil {
		s.ranges = map[[2]int]*compute.Tensor{}
	}
	s.ranges[key] = t
	return t, s.dev.Step(func(st *compute.Step) error {
		st.Write(t, x)
		return nil
	})
}

// Metrics returns the metrics since the last call, for programs without a [Run]. It reports faults and means that are not
// finite as errors; explain, if not nil, describes a fault as [Explainer] does. It waits for the device.
func (s *Store) Metrics(explain func(name string, code float32) error) (all Metrics, err error) {
	var faults []fault
	err = s.dev.Step(func(st *compute.Step) error {
		all, faults = s.metrics.read(st)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		for l, x := range m.Each {
			if m.unsound(l) {
				return all, fmt.Errorf("%w: the mean %s is %g", ErrDiverged, m.Name, x)
			}
		}
	}
	if len(faults) == 0 {
		return all, nil
	}
	var why error
	if explain != nil {
		why = explain(faults[0].name, faults[0].code)
	}
	return all, faultError(faults[0], why)
}

// Sound reports the first tensor with NaN or Inf, of any learner. It waits for the device.
func (s *Store) Sound() error {
	bad, err := s.sound()
	for _, n := range bad {
		if err == nil && n != nil {
			err = fmt.Errorf("%w: %s", ErrDiverged, n.notFinite())
		}
	}
	return err
}
