package tasks

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/nets"
)

// Forage is a robot on a plane that steers to food, one piece a trial. It goes ahead by Speed a moment and turns left
// by an angle whose tangent is tanh(Gain·v) after a system's answer v. On either side, Eyes from its middle, it has a
// near sensor and a far one, whose signals fall with the distance to the food, to 0 at a distance of Near and of Far.
// With a and b the place of the food as the robot sees it, ahead and to the left:
//
//	s(R) = max(0, 1 − √(a² + (b − Eyes)²)/R) − max(0, 1 − √(a² + (b + Eyes)²)/R)
//	x_0 = sign s(Near)·max(0, |s(Near)| − Dead)         the reflex
//	x_1 = s(Far)                                        the predictor
//	(a, b) ← (a + b·τ, b − a·τ)/√(1 + τ²) − (Speed, 0),  τ = tanh(Gain·v)
//
// The reflex comes late and the predictor early; who steers by the predictor well needs no reflex. The food is reached
// within Contact of the robot; then there is nothing to be seen until the trial ends, after Moments. It begins with the
// food at a distance of 1 and b drawn within ±Offset. The task is ours, made after the robots of Porr and Wörgötter
// 2003 and 2006.
//
// Metrics, once a trial: "contacts", the share of the robots that reach the food; "by reflex", of those that reach it
// and had a reflex before; "reflex", the largest |x_0| of the trial.
type Forage struct {
	Moments int     `json:"moments" toml:"moments"` // of a trial
	Speed   float32 `json:"speed" toml:"speed"`     // a moment; distances are in units of the first one to the food
	Gain    float32 `json:"gain" toml:"gain"`
	Eyes    float32 `json:"eyes" toml:"eyes"`
	Near    float32 `json:"near" toml:"near"`
	Far     float32 `json:"far" toml:"far"`
	Dead    float32 `json:"dead" toml:"dead"` // the near signal that is not felt
	Offset  float32 `json:"offset" toml:"offset"`
	Contact float32 `json:"contact" toml:"contact"`

	a, b    *compute.Tensor // 1 × 1: the place of the food
	reached *compute.Tensor // 1 × 1: 1 once it is
	peak    *compute.Tensor // 1 × 1: the largest |x_0| so far
	channel *compute.Tensor // 1 × 2: 0, 1
}

// Check reports a setting that cannot be.
func (t *Forage) Check() error {
	for _, s := range []struct {
		key         string
		x, from, to float32
	}{
		{"speed", t.Speed, 0, 1}, {"gain", t.Gain, 0, math.MaxFloat32}, {"eyes", t.Eyes, 0, 1}, {"near", t.Near, 1e-6, math.MaxFloat32},
		{"far", t.Far, 1e-6, math.MaxFloat32}, {"contact", t.Contact, 0, 1},
	} {
		if !(s.x > s.from && s.x < s.to) {
			return fmt.Errorf("forage: %s %g, want a number above %g and below %g", s.key, s.x, s.from, s.to)
		}
	}
	if t.Near > t.Far {
		return fmt.Errorf("forage: near %g and far %g, want near at most as far: the reflex is to come after the predictor", t.Near, t.Far)
	}
	if t.Moments < 2 || !(t.Dead >= 0 && t.Dead < 2) || !(t.Offset >= 0 && t.Offset < 1) {
		return fmt.Errorf("forage: %d moments, dead %g and offset %g, want 2 moments at least, and numbers from 0 on, below 2 and below 1",
			t.Moments, t.Dead, t.Offset)
	}
	return nil
}

// Build asks for the place of the food and what became of it.
func (t *Forage) Build(s *nets.Store) (nets.Spec, error) {
	state := func(name string) *compute.Tensor { return s.State(name, nets.Zeros, 1) }
	t.a, t.b, t.reached, t.peak = state("ahead"), state("left"), state("reached"), state("peak")
	t.channel = s.Fixed([]float32{0, 1}, 2)
	return nets.Spec{In: nets.Row(2), Examples: 1, Trial: t.Moments, Epoch: t.Moments}, nil
}

var (
	onCircle = compute.Formula("sqrt(1 - b*b)", "b")
	distance = compute.Formula("sqrt(a*a + (b - eye)*(b - eye))", "a", "b")
	seen     = "(max(0, 1 - left*%[1]s) - max(0, 1 - right*%[1]s))" // by sensors of a range of 1/%[1]s
	nearBy   = fmt.Sprintf(seen, "near")
	sensed   = compute.Formula("where(reached, 0, where(channel, "+fmt.Sprintf(seen, "far")+
		", sign("+nearBy+")*max(0, abs("+nearBy+") - dead)))", "channel", "left", "right", "reached")
	peak   = compute.Formula("max(old, where(reached, 0, abs("+nearBy+") - dead))", "left", "right", "reached")
	turn   = compute.Formula("tanh(gain*v)", "v")
	ahead  = compute.Formula("(a + b*turn)/sqrt(1 + turn*turn) - speed", "a", "b", "turn")
	aside  = compute.Formula("(b - a*turn)/sqrt(1 + turn*turn)", "a", "b", "turn")
	arrive = compute.Formula("where(contact - sqrt(a*a + b*b), 1, old)", "a", "b")
	felt   = compute.Formula("where(peak, reached, 0)", "peak", "reached")
)

// Show returns what the sensors see, and lays out food in the first moment of a trial.
func (t *Forage) Show(p *nets.Pass) nets.Moment {
	now := int(p.Number % uint64(t.Moments))
	if now == 0 {
		p.Random(t.b, compute.Uniform(-t.Offset, t.Offset))
		p.Into(t.a, onCircle, t.b)
		p.Clear(t.reached, t.peak)
	}
	left, right := p.Map(distance.With("eye", t.Eyes), t.a, t.b), p.Map(distance.With("eye", -t.Eyes), t.a, t.b)
	x := p.Tensor(p.Learners, 1, 2)
	p.Into(x, sensed.With("near", 1/t.Near).With("far", 1/t.Far).With("dead", t.Dead), t.channel, left, right, t.reached)
	p.Into(t.peak, peak.With("near", 1/t.Near).With("dead", t.Dead), left, right, t.reached)
	return nets.Moment{X: x, First: now == 0, Last: now == t.Moments-1}
}

// Judge moves the robot, and counts what a trial came to when it ends.
func (t *Forage) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) {
	if err := oneNumber("forage", p, y); err != nil {
		p.Fail(err)
		return
	}
	turn := p.Map(turn.With("gain", t.Gain), y)
	a := p.Map(ahead.With("speed", t.Speed), t.a, t.b, turn)
	p.Do(compute.Copy{Dst: t.b, Src: p.Map(aside, t.a, t.b, turn)})
	p.Do(compute.Copy{Dst: t.a, Src: a})
	p.Into(t.reached, arrive.With("contact", t.Contact), t.a, t.b)
	if m.Last {
		p.Count("contacts", t.reached, 1)
		p.Count("by reflex", p.Map(felt, t.peak, t.reached), 1)
		p.Count("reflex", t.peak, 1)
	}
}
