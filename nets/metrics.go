package nets

import (
	"encoding/json"
	"math"
	"slices"

	"hebb/compute"
	"hebb/internal/float"
)

// A Metric is a mean of numbers that were counted under a name, see [Pass.Count], for each learner.
type Metric struct {
	Name  string
	Each  []float64 // learners; NaN for a lost learner, or if nothing was counted
	Count float64   // examples shown to each learner; Each leaves out masked ones

	counted []float64 // learners: examples of each that are in Each
}

// Mean returns the mean over the learners that have a number, or NaN if none has.
func (m Metric) Mean() float64 {
	sum, n := 0.0, 0
	for _, x := range m.Each {
		if x == x {
			sum += x
			n++
		}
	}
	return sum / float64(n)
}

// Metrics lists all metrics since the last reading, in the order in which they were first counted.
type Metrics []Metric

// Get returns the metric of a name, or one with no learners.
func (all Metrics) Get(name string) Metric {
	if i := slices.IndexFunc(all, func(m Metric) bool { return m.Name == name }); i >= 0 {
		return all[i]
	}
	return Metric{Name: name}
}

// unsound reports a learner that counted something that is not finite.
func (m Metric) unsound(learner int) bool { return m.counted[learner] != 0 && !finite(m.Each[learner]) }

// An accumulator holds the sums of recent moments on the device, so that no moment waits, and adds them up on the host in
// float64.
type accumulator struct {
	lease    *compute.Lease
	learners int
	partials []*partial
	faults   []faultCode
	out      []float32 // buffer
	listing  bool      // keep the numbers of each moment, see [Session.joinTest]
}

// depth returns the number of moments that are held on the device before the host reads them, so that a metric takes a few
// megabytes at most, or a number a learner.
func (m *accumulator) depth() int { return min(256, max(1, 1<<20/m.learners)) }

// A partial is a metric that is being accumulated: for each learner a sum of numbers, and the number of examples.
type partial struct {
	name   string
	sum    *sum
	n      float64 // examples shown
	whole  float64 // examples among them in moments without a mask
	masked *sum    // of the masks of the other moments; nil if there was none
}

// A sum is a number for each learner, added up over moments.
type sum struct {
	ring *compute.Tensor // moments × learners
	used int             // moments in ring
	each []float64       // learners: of earlier moments
	list []float32       // what each is the sum of, if that is kept
}

// A faultCode is the tensor that [Pass.Fault] returns under a name.
type faultCode struct {
	name string
	code *compute.Tensor
}

// count adds a moment of n examples to a metric. mask, learners × n, says which examples are in each; nil means all.
func (m *accumulator) count(p *Pass, name string, each, mask *compute.Tensor, n int) {
	c, err := m.partial(name, mask != nil)
	if err != nil {
		p.Fail(err)
		return
	}
	c.n += float64(n)
	m.add(p, c.sum, each)
	if mask == nil {
		c.whole += float64(n)
		return
	}
	m.add(p, c.masked, mask)
}

// partial returns the metric of a name, which begins with its first moment.
func (m *accumulator) partial(name string, masked bool) (c *partial, err error) {
	i := slices.IndexFunc(m.partials, func(c *partial) bool { return c.name == name })
	if i >= 0 {
		c = m.partials[i]
	} else {
		c = &partial{name: name}
		if c.sum, err = m.sum(); err != nil {
			return nil, err
		}
		m.partials = append(m.partials, c)
	}
	if masked && c.masked == nil {
		c.masked, err = m.sum()
	}
	return c, err
}

func (m *accumulator) sum() (*sum, error) {
	ring, err := m.lease.Tensor(m.depth(), m.learners)
	return &sum{ring: ring, each: make([]float64, m.learners)}, err
}

// add adds up the numbers of each learner in a tensor.
func (m *accumulator) add(p *Pass, s *sum, each *compute.Tensor) {
	if s.used == m.depth() {
		m.flush(p.Step, s)
	}
	p.perLearner(p.View(s.ring, s.used*m.learners, m.learners), nil, 1, each)
	s.used++
}

// flush moves the sums on the device to the host.
func (m *accumulator) flush(st *compute.Step, s *sum) {
	if s.used == 0 {
		return
	}
	m.out = slices.Grow(m.out[:0], s.used*m.learners)[:s.used*m.learners]
	st.Read(st.View(s.ring, 0, s.used, m.learners), m.out)
	for i, x := range m.out {
		s.each[i%m.learners] += float64(x)
	}
	if m.listing {
		s.list = append(s.list, m.out...)
	}
	s.used = 0
}

// reset drops what was counted and not read, as by an evaluation that was cancelled.
func (m *accumulator) reset() {
	for _, c := range m.partials {
		c.reset()
	}
}

func (c *partial) reset() {
	c.n, c.whole = 0, 0
	for _, s := range []*sum{c.sum, c.masked} {
		if s != nil {
			s.used, s.list = 0, s.list[:0]
			clear(s.each)
		}
	}
}

// A tally is what an accumulator has counted.
type tally struct {
	partials []partial // without rings
	faults   [][]float32
}

// tally returns the counts since the last reading, and goes on.
func (m *accumulator) tally(st *compute.Step) (t tally) {
	for _, c := range m.partials {
		k := partial{n: c.n, whole: c.whole}
		for from, to := range map[*sum]**sum{c.sum: &k.sum, c.masked: &k.masked} {
			if from != nil {
				m.flush(st, from)
				*to = &sum{each: slices.Clone(from.each)}
			}
		}
		t.partials = append(t.partials, k)
	}
	for _, f := range m.faults {
		codes := make([]float32, m.learners)
		st.Read(f.code, codes)
		t.faults = append(t.faults, codes)
	}
	return t
}

// restore sets the accumulator back to a tally: it drops the metrics and faults since.
func (m *accumulator) restore(st *compute.Step, t tally) {
	m.reset()
	for i, k := range t.partials {
		c := m.partials[i]
		c.n, c.whole = k.n, k.whole
		copy(c.sum.each, k.sum.each)
		if k.masked != nil {
			copy(c.masked.each, k.masked.each)
		}
	}
	for i, f := range m.faults {
		if i < len(t.faults) {
			st.Write(f.code, t.faults[i])
		} else {
			st.Do(compute.Map{Out: f.code, F: zero})
		}
	}
}

// metric returns the metric of what was counted since the last reset.
func (m *accumulator) metric(st *compute.Step, c *partial) Metric {
	x := Metric{Name: c.name, Each: make([]float64, m.learners), Count: c.n, counted: slices.Repeat([]float64{c.whole}, m.learners)}
	m.flush(st, c.sum)
	if c.masked != nil {
		m.flush(st, c.masked)
	}
	for l, s := range c.sum.each {
		if c.masked != nil {
			x.counted[l] += c.masked.each[l]
		}
		x.Each[l] = s / x.counted[l]
	}
	return x
}

func (m *accumulator) fault(p *Pass, name string) *compute.Tensor {
	for _, f := range m.faults {
		if f.name == name {
			return f.code
		}
	}
	t, err := m.lease.Tensor(m.learners)
	if err != nil {
		p.Fail(err)
		return p.Tensor(m.learners)
	}
	p.Clear(t)
	m.faults = append(m.faults, faultCode{name, t})
	return t
}

// A fault is a code that a system set for a learner.
type fault struct {
	learner int
	name    string
	code    float32
}

// read returns the metrics since the last call and the faults, and clears both. It waits for the device.
func (m *accumulator) read(st *compute.Step) (all Metrics, faults []fault) {
	for _, c := range m.partials {
		if c.n > 0 {
			all = append(all, m.metric(st, c))
		}
		c.reset()
	}
	codes := make([]float32, m.learners)
	for _, f := range m.faults {
		st.Read(f.code, codes)
		st.Do(compute.Map{Out: f.code, F: zero})
		for l, c := range codes {
			if c != 0 { // or NaN
				faults = append(faults, fault{l, f.name, c})
			}
		}
	}
	return all, faults
}

// Degrees is an angle; NaN, null in JSON, stands for none.
type Degrees = float.OrNull

// An Angle compares a system with backprop at one layer: angles in degrees, and norms.
type Angle struct {
	Layer        string  `json:"layer"`
	Weights      Degrees `json:"weights"`    // between W and B; NaN without a B of the shape of W
	Delta        Degrees `json:"delta"`      // between the system's delta at the pre-activation and backprop's
	Gradient     Degrees `json:"gradient"`   // between the system's update of W, before the optimiser, and backprop's
	NormW        float64 `json:"norm_w"`     // ‖W‖
	NormB        float64 `json:"norm_b"`     // ‖B‖
	NormDelta    float64 `json:"norm_delta"` // of the system's delta
	NormBackprop float64 `json:"norm_bp"`    // of backprop's delta

	Learners [][3]Degrees `json:"learners,omitempty"` // Weights, Delta and Gradient of each, where there are several; the others are means
	each     []Angle      // of each, where there are several
}

// MarshalJSON writes null for a norm that overflows, as those of a run that diverges do.
func (a Angle) MarshalJSON() ([]byte, error) {
	type plain Angle
	norm := func(x float64) float.OrNull {
		if math.IsInf(x, 0) {
			x = math.NaN()
		}
		return float.OrNull(x)
	}
	return json.Marshal(struct {
		plain
		NormW        float.OrNull `json:"norm_w"`
		NormB        float.OrNull `json:"norm_b"`
		NormDelta    float.OrNull `json:"norm_delta"`
		NormBackprop float.OrNull `json:"norm_bp"`
	}{plain(a), norm(a.NormW), norm(a.NormB), norm(a.NormDelta), norm(a.NormBackprop)})
}
