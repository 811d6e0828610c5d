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
	Each  []float64 // learners; NaN for a learner that is lost
	Count float64   // examples, of each learner
}

// Mean returns the mean over the learners that are not lost, or NaN if all are.
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

// An accumulator holds the sums of recent moments on the device, so that no moment waits, and adds them up on the host in
// float64.
type accumulator struct {
	dev      *compute.Device
	learners int
	partials []*partial
	faults   []faultCode
	out      []float32 // buffer
}

// depth returns the number of moments that are held on the device before the host reads them, so that a metric takes a few
// megabytes at most, or a number a learner.
func (m *accumulator) depth() int { return min(256, max(1, 1<<20/m.learners)) }

// A partial is a metric that is being accumulated.
type partial struct {
	name string
	ring *compute.Tensor // sums, moments × learners
	used int             // moments in ring
	sums []float64       // of earlier moments
	n    float64         // examples
}

// A faultCode is the tensor that [Pass.Fault] returns under a name.
type faultCode struct {
	name string
	code *compute.Tensor
}

func (m *accumulator) count(p *Pass, name string, each *compute.Tensor, n int) {
	i := slices.IndexFunc(m.partials, func(c *partial) bool { return c.name == name })
	if i < 0 {
		ring, err := m.dev.Tensor(m.depth(), m.learners)
		if err != nil {
			p.Fail(err)
			return
		}
		i, m.partials = len(m.partials), append(m.partials, &partial{name: name, ring: ring, sums: make([]float64, m.learners)})
	}
	c := m.partials[i]
	if c.used == m.depth() {
		m.flush(p.Step, c)
	}
	p.perLearner(p.View(c.ring, c.used*m.learners, m.learners), nil, 1, each)
	c.used++
	c.n += float64(n)
}

// flush moves the sums on the device to the host.
func (m *accumulator) flush(st *compute.Step, c *partial) {
	if c.used == 0 {
		return
	}
	m.out = slices.Grow(m.out[:0], c.used*m.learners)[:c.used*m.learners]
	st.Read(st.View(c.ring, 0, c.used, m.learners), m.out)
	for i, x := range m.out {
		c.sums[i%m.learners] += float64(x)
	}
	c.used = 0
}

// reset drops what was counted and not read, as by an evaluation that was cancelled.
func (m *accumulator) reset() {
	for _, c := range m.partials {
		c.used, c.n = 0, 0
		clear(c.sums)
	}
}

func (m *accumulator) fault(p *Pass, name string) *compute.Tensor {
	for _, f := range m.faults {
		if f.name == name {
			return f.code
		}
	}
	t, err := m.dev.Tensor(m.learners)
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
		m.flush(st, c)
		if c.n == 0 {
			continue
		}
		x := Metric{Name: c.name, Each: make([]float64, m.learners), Count: c.n}
		for l, s := range c.sums {
			x.Each[l] = s / c.n
		}
		clear(c.sums)
		c.n = 0
		all = append(all, x)
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
