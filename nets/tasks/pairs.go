package tasks

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// Pairs is pairs of pulses: in each trial, of Period moments, a predictor, x_1, and after or before it a reflex, x_0.
// Nothing is wanted: a system is to find out by itself that the one announces the other. With t the moment of a trial,
// and the reflex at a moment at of each trial's own, drawn from Reflex − Jitter to Reflex + Jitter:
//
//	x_0 = amplitude if t = at, else 0
//	x_1 = 1 if t = Predictor, else 0
//	x_2 = 1 if at ≤ t < at + Third, else 0; if Third > 0: a third factor
//
// The amplitude is 1 or, where Closed, what the answer leaves of it: max(0, 1 − the answer at moment at − 1). In trials
// that begin at moment Until of the run or later, unless Until is 0, there is neither reflex nor third factor. An
// answer is one number.
//
// All learners see the same, but for Jitter, which draws by their seeds. An epoch is a trial.
//
// Metrics, once a trial: "anticipation", the answer in the moment before the reflex; "reflex", the amplitude.
type Pairs struct {
	Period    int  `json:"period" toml:"period"`       // in moments
	Predictor int  `json:"predictor" toml:"predictor"` // moment of a trial
	Reflex    int  `json:"reflex" toml:"reflex"`       // moment of a trial
	Jitter    int  `json:"jitter" toml:"jitter"`       // in moments
	Until     int  `json:"until" toml:"until"`         // moment of the run
	Third     int  `json:"third" toml:"third"`         // in moments
	Closed    bool `json:"closed" toml:"closed"`

	at           *compute.Tensor // 1 × 1: the moment of the reflex in this trial
	anticipation *compute.Tensor // 1 × 1: the answer in the moment before
	channel      *compute.Tensor // 1 × numbers of a moment: 0, 1, 2
}

// Check reports a setting that cannot be.
func (t *Pairs) Check() error {
	if t.Jitter < 0 || t.Until < 0 || t.Third < 0 {
		return fmt.Errorf("pairs: a jitter of %d, until %d and a third factor of %d moments, want at least 0", t.Jitter, t.Until, t.Third)
	}
	first, last := t.Reflex-t.Jitter, t.Reflex+t.Jitter
	if t.Predictor < 0 || t.Predictor >= t.Period || first < 1 || last >= t.Period {
		return fmt.Errorf("pairs: in a period of %d moments a predictor at %d and a reflex at %d to %d, by its jitter; "+
			"want the predictor from 0 and the reflex from 1 on, both below %d", t.Period, t.Predictor, first, last, t.Period)
	}
	return nil
}

// Build asks for the moment of the reflex and the answer before it.
func (t *Pairs) Build(s *nets.Store) (nets.Spec, error) {
	n := 2
	if t.Third > 0 {
		n = 3
	}
	t.channel = s.Fixed([]float32{0, 1, 2}[:n], n)
	t.at, t.anticipation = s.State("at", nets.Constant(float32(t.Reflex)), 1), s.State("anticipation", nets.Zeros, 1)
	return nets.Spec{In: nets.Row(n), Third: t.Third > 0, Examples: 1, Trial: t.Period, Epoch: t.Period}, nil
}

var (
	later     = compute.Formula("first + n", "n")
	atMoment  = compute.Formula("where(0.5 - abs(at - t), answer, old)", "at", "answer")
	amplitude = compute.Formula(left, "anticipation")
	pulses    = compute.Formula("where(channel - 1.5, where(t - at + 0.5, where(at + third - t - 0.5, there, 0), 0),"+
		"where(channel - 0.5, predictor, where(0.5 - abs(at - t), "+left+", 0)))", "channel", "at", "anticipation")
)

// left is what the answer leaves of the reflex.
const left = "there*max(0, 1 - closed*anticipation)"

// there is 1 in trials that have a reflex, else 0.
func (t *Pairs) there(p *nets.Pass) float32 {
	return oneIf(t.Until == 0 || p.Number-p.Number%uint64(t.Period) < uint64(t.Until))
}

func oneIf(is bool) float32 {
	if is {
		return 1
	}
	return 0
}

// Show returns moment p.Number, and draws the moment of a trial's reflex in its first.
func (t *Pairs) Show(p *nets.Pass) nets.Moment {
	now := int(p.Number % uint64(t.Period))
	if now == 0 {
		p.Clear(t.anticipation)
		if t.Jitter > 0 {
			t.draw(p)
		}
	}
	x := p.Tensor(p.Learners, 1, t.channel.Cols())
	f := pulses.With("there", t.there(p)).With("closed", oneIf(t.Closed)).With("third", float32(t.Third))
	p.Into(x, f.With("predictor", oneIf(now == t.Predictor)).With("t", float32(now)), t.channel, t.at, t.anticipation)
	return nets.Moment{X: x, First: now == 0, Last: now == t.Period-1}
}

// draw sets the moment of the reflex to Reflex − Jitter and, with equal chances, 0 to 2·Jitter: the place of the
// largest of as many numbers.
func (t *Pairs) draw(p *nets.Pass) {
	lots, place := p.Tensor(p.Learners, 1, 2*t.Jitter+1), p.Tensor(p.Learners, 1, 1)
	p.Random(lots, compute.Uniform(0, 1))
	p.Do(compute.Reduce{Out: place, In: []*compute.Tensor{lots}, Fold: compute.FoldArgMax, Along: compute.AlongCols, Alpha: 1})
	p.Into(t.at, later.With("first", float32(t.Reflex-t.Jitter)), place)
}

// Judge keeps the answer in the moment before the reflex, and counts it when the trial ends.
func (t *Pairs) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) {
	if err := oneNumber("pairs", p, y); err != nil {
		p.Fail(err)
		return
	}
	next := p.Number%uint64(t.Period) + 1
	p.Into(t.anticipation, atMoment.With("t", float32(next)), t.at, y)
	if m.Last {
		p.Count("anticipation", t.anticipation, 1)
		p.Count("reflex", p.Map(amplitude.With("there", t.there(p)).With("closed", oneIf(t.Closed)), t.anticipation), 1)
	}
}

// oneNumber reports an answer that is not one number for the one example of each learner.
func oneNumber(task string, p *nets.Pass, y *compute.Tensor) error {
	if y == nil || y.Len() != p.Learners {
		return fmt.Errorf("%s: the system answers %v, want one number of each learner", task, y)
	}
	return nil
}
