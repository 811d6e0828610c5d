package reward_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/reward"
	"hebb/nets/tasks"
)

// settings are powers of 2, so that float32 holds them exactly.
func settings(eligibility string, hidden ...int) reward.Vasilaki {
	return reward.Vasilaki{Hidden: hidden, Pool: 3, Temperature: 1. / 16, AfterReward: 0.5, AfterError: 1, Kappa: 1. / 32, Eligibility: eligibility, Window: 16}
}

func of(v reward.Vasilaki) func() nets.System {
	return func() nets.System { one := v; return &one }
}

var variants = map[string]reward.Vasilaki{
	"running":            settings("running"),
	"running, layers":    settings("running", 7, 5),
	"expected, layer":    settings("expected", 7),
	"centred, hard":      func() reward.Vasilaki { v := settings("centred", 7); v.Hard = true; return v }(),
	"none, without stop": func() reward.Vasilaki { v := settings("none"); v.Kappa = 0; return v }(),
}

func reversal() nets.Task { return &tasks.Reversal{Inputs: 9, Active: 0.5, Block: 3} }

func TestPromises(t *testing.T) {
	for _, name := range []string{"running, layers", "centred, hard"} {
		t.Run(name, func(t *testing.T) { nettest.System(t, of(variants[name]), reversal) })
	}
}

func TestVerify(t *testing.T) {
	for name, v := range variants {
		t.Run(name, func(t *testing.T) {
			lab.Verify(t, nets.Run{System: of(v), Task: reversal, Learners: 2, Rate: 1}, 5)
		})
	}
}

// A lesson shows moments of examples, and rewards each as it was told to; a reward above 1 is of a game.
type lesson struct {
	in, out, examples int
	x                 []float32 // moments × examples × in, again and again
	r                 []float32 // moments × examples

	masks   bool
	shown   []*compute.Tensor
	told    []*compute.Tensor
	rewards *compute.Tensor
}

// game is a reward that depends on the answer: 1 where the first of two numbers is larger, −1 where it is smaller, and
// one of the two by chance where they are equal.
const game = 2

var (
	toOneSide = compute.Formula("where(0.5 - side, y, -y)", "y", "side")
	won       = compute.Formula("where(told - 1.5, where(d, 1, where(-d, -1, 2*coin - 1)), told)", "told", "d", "coin")
)

func (l *lesson) Build(s *nets.Store) (nets.Spec, error) {
	for x := range slices.Chunk(l.x, l.examples*l.in) {
		l.shown = append(l.shown, s.Fixed(x, l.examples, l.in))
	}
	for r := range slices.Chunk(l.r, l.examples) {
		l.told = append(l.told, s.Fixed(r, l.examples, 1))
	}
	l.rewards = s.State("rewards", nets.Zeros, l.examples, 1)
	return nets.Spec{In: nets.Row(l.in), Out: l.out, Examples: l.examples, Trial: 1, Rewards: true}, nil
}

func (l *lesson) Show(p *nets.Pass) nets.Moment {
	m := nets.Moment{X: l.shown[int(p.Number)%len(l.shown)], First: true, Last: true}
	if l.masks {
		m.Mask = l.told[0]
	}
	return m
}

func (l *lesson) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) {
	coin := p.Like(l.rewards)
	p.Random(coin, compute.Bernoulli(0.5, 1))
	d := p.PerExample(nil, p.Map(toOneSide, y, p.Numbers(l.out)))
	p.Into(l.rewards, won, l.told[int(p.Number)%len(l.told)], d, coin)
	p.Reward(l.rewards)
}

// lessons are six moments of two examples.
func lessons() *lesson {
	rnd := rand.New(rand.NewPCG(3, 4))
	l := &lesson{in: 9, out: 2, examples: 2}
	for range 6 * l.examples {
		for range l.in {
			l.x = append(l.x, float32(rnd.IntN(2)))
		}
		l.r = append(l.r, float32(1-2*rnd.IntN(2)))
	}
	return l
}

// A twin has the equations in float64, weight by weight.
type twin struct {
	reward.Vasilaki
	w, mean [][]float64 // of each layer, units × inputs
}

// trial learns from the examples x with rewards r, by the chances of the units of each layer.
func (n *twin) trial(x [][]float64, r []float64, chances [][]float64) {
	q := map[bool]float64{true: rate * float64(n.AfterReward), false: rate * float64(n.AfterError)}
	for k, w := range n.w {
		in := len(x[0])
		units := len(w) / in
		y, g, moved := make([][]float64, len(x)), make([]float64, len(w)), make([]float64, len(w))
		for b := range x {
			y[b] = make([]float64, units)
			for i := range units {
				h, norm := 0., 0.
				for j, v := range x[b] {
					h, norm = h+(2*w[i*in+j]-1)*v, norm+v
				}
				h /= norm
				p := 1 / (1 + math.Exp(-h/float64(n.Temperature)))
				if chances[k][b*units+i] < p {
					y[b][i] = 1
				}
				decided := n.Kappa > 0 && r[b] > 0 && math.Abs(h) > float64(n.Kappa)
				for j, v := range x[b] {
					at := i*in + j
					e := map[string]float64{"expected": v * (y[b][i] - p), "centred": v * (y[b][i] - 0.5), "none": v * y[b][i]}[n.Eligibility]
					if n.Eligibility == "running" {
						e = v*y[b][i] - n.mean[k][at]
					}
					if !decided {
						g[at] += q[r[b] > 0] * r[b] * e / float64(len(x))
					}
					moved[at] += v * y[b][i] / float64(len(x))
				}
			}
		}
		for at := range w {
			switch {
			case n.Hard:
				w[at] += g[at]
			case g[at] > 0:
				w[at] += g[at] * (1 - w[at])
			default:
				w[at] += g[at] * w[at]
			}
			w[at] = min(1, max(0, w[at]))
			n.mean[k][at] += (moved[at] - n.mean[k][at]) / float64(n.Window)
		}
		x = y
	}
}

const rate, lessonMoments = 0.5, 12

// learned makes moments of the lessons, and returns all weights and means.
func learned(t *testing.T, l lab.Lab, v reward.Vasilaki, moments int) lab.Results {
	t.Helper()
	s := lab.Make(t, l.Device, nets.Run{System: of(v), Task: func() nets.Task { return lessons() }, Seed: 5, Rate: rate}, moments)
	all := lab.Results{}
	for _, n := range s.Tensors() {
		if !strings.HasPrefix(n.Name, "task.") {
			all[n.Name] = l.Values(t, n.Value)
		}
	}
	return all
}

// TestTwin holds the lessons to the equations: in float64, and in float32 on the CPU and on the GPU, within the bound
// that follows from the bounds of the ops.
func TestTwin(t *testing.T) {
	for name, v := range variants {
		exact := lab.Exact(t)
		first := learned(t, exact, v, 0)
		before := len(exact.Drawn())
		learned(t, exact, v, lessonMoments)
		drawn := exact.Drawn()[2*before:] // after the draws of the first weights, which are made again
		n := &twin{Vasilaki: v}
		want := lab.Results{}
		for k := range len(v.Hidden) + 1 {
			w := slices.Clone(first[fmt.Sprint(k+1)])
			n.w, n.mean = append(n.w, w), append(n.mean, slices.Repeat([]float64{0.25}, len(w)))
			if want[fmt.Sprint(k+1)] = w; v.Eligibility == "running" {
				want[fmt.Sprint(k+1, ".mean")] = n.mean[k]
			}
		}
		each := len(v.Hidden) + 2 // a draw for each layer, and the task's coin
		lesson := lessons()
		for m := range lessonMoments {
			var x [][]float64
			var r []float64
			for b := range lesson.examples {
				at := m%6*lesson.examples + b
				x, r = append(x, widened(lesson.x[at*lesson.in:][:lesson.in])), append(r, float64(lesson.r[at]))
			}
			n.trial(x, r, drawn[m*each:])
		}
		for _, c := range []struct {
			what     string
			u, small float64
			open     func(*testing.T) lab.Lab
		}{{"float64", lab.Float64ulp, 1e-11, lab.Exact}, {"cpu", lab.Float32s, 2e-3, lab.Single}, {"gpu", lab.Float32s, 2e-3, lab.GPU}} {
			t.Run(name+"/"+c.what, func(t *testing.T) {
				f := func(t *testing.T, l lab.Lab) lab.Results { return learned(t, l, v, lessonMoments) }
				got := f(t, c.open(t))
				_, bound := lab.Spread(t, c.u, 0, 8, f)
				lab.Agree(t, c.what, got, want, bound, 2)
				lab.Telling(t, c.what, want, bound, c.small)
			})
		}
	}
}

func widened(x []float32) (y []float64) {
	for _, v := range x {
		y = append(y, float64(v))
	}
	return y
}

// A duel is two pools of two units, whose states and a coin are enumerated. Weights keep away from 0 and 1.
type duel struct{ p [4]float64 }

const duelRate, duelInputs = 0.25, 3 // of which the second is silent

var duelInput, duelWeights = []float32{1, 0, 1}, []float32{0.5, 0.25, 0.75, 0.375, 0.5, 0.6875, 0.5, 0.25, 0.25, 0.25, 0.5, 0.5}

func newDuel(temperature float64) (d duel) {
	for i := range d.p {
		h := (2*float64(duelWeights[i*duelInputs]) - 1 + 2*float64(duelWeights[i*duelInputs+2]) - 1) / 2
		d.p[i] = 1 / (1 + math.Exp(-h/temperature))
	}
	return d
}

// gradient is T·∂E[R]/∂h_i of the game: p(1 − p) times the difference that y_i makes to the mean reward.
func (d duel) gradient(i int) float64 {
	mean := [2]float64{}
	for state := range 1 << len(d.p) {
		value := state >> i & 1
		mean[value] += chance(state, d.p) / oneOf(value, d.p[i]) * float64(sign(state))
	}
	return d.p[i] * (1 - d.p[i]) * (mean[1] - mean[0])
}

// meanChange is the mean of the changes of weights over all outcomes, of each of which some learner has an example.
func (d duel) meanChange(t *testing.T, after, rewards []float64, isGame bool) []float64 {
	sum, seen := make([]float64, len(duelWeights)), map[[2]int]bool{}
	for k, r := range rewards {
		state, change := 0, make([]float64, len(sum))
		for i := range change {
			change[i] = after[k*len(sum)+i] - float64(duelWeights[i])
			if i%duelInputs == 0 && change[i]*r > 0 {
				state |= 1 << (i / duelInputs)
			}
		}
		outcome := [2]int{state, int(r)}
		if seen[outcome] {
			continue
		}
		seen[outcome] = true
		share := chance(state, d.p)
		if isGame && sign(state) == 0 {
			share /= 2
		}
		for i := range sum {
			sum[i] += share * change[i]
		}
	}
	if n := len(seen); n != 16 && !isGame || n != 16+6 && isGame {
		t.Fatalf("%d outcomes, want all", n)
	}
	return sum
}

// TestMeanChange enumerates what two and two units can do, and what a coin then decides: the mean of the changes that
// the system makes is, with e = x(y − p), T times the gradient of the mean reward by h, and 0 if the reward is always
// the same; with e = x(y − ½) it is not 0 then, but x(p − ½).
func TestMeanChange(t *testing.T) {
	const learners = 1024
	v := reward.Vasilaki{Pool: 2, Temperature: 2, AfterReward: duelRate, AfterError: duelRate, Hard: true}
	d := newDuel(float64(v.Temperature))
	for _, c := range []struct {
		eligibility string
		reward      float32
		want        func(i int) float64 // of an active input
	}{
		{"expected", game, d.gradient},
		{"expected", 1, func(int) float64 { return 0 }},
		{"centred", 1, func(i int) float64 { return d.p[i] - 0.5 }},
	} {
		v.Eligibility = c.eligibility
		l := lab.Exact(t)
		s := lab.Make(t, l.Device, nets.Run{System: of(v), Task: func() nets.Task {
			return &lesson{in: duelInputs, out: 2, examples: 1, x: duelInput, r: []float32{c.reward}}
		}, Learners: learners, Seed: 3, Rate: 1}, 0)
		at := map[string]*compute.Tensor{}
		for _, n := range s.Tensors() {
			at[n.Name] = n.Value
		}
		l.Write(t, at["1"], slices.Repeat(duelWeights, learners))
		lab.On(t, s, 1)
		for i, got := range d.meanChange(t, l.Values(t, at["1"]), l.Values(t, at["task.rewards"]), c.reward == game) {
			active := float64(duelInput[i%duelInputs])
			want := duelRate * c.want(i/duelInputs) * active
			if !(math.Abs(got-want) < 1e-15) || active > 0 && c.reward == game && math.Abs(want) < 0.01 {
				t.Errorf("%s, reward %g: the mean change of weight %d is %.17g, want %.17g", c.eligibility, c.reward, i, got, want)
			}
		}
	}
}

// chance is the probability of a state of the units.
func chance(state int, p [4]float64) float64 {
	x := 1.
	for i := range p {
		x *= oneOf(state>>i&1, p[i])
	}
	return x
}

func oneOf(value int, p float64) float64 {
	if value == 1 {
		return p
	}
	return 1 - p
}

// sign is 1 if more of the first two units are active than of the last two, −1 if fewer.
func sign(state int) int {
	d := state&1 + state>>1&1 - state>>2&1 - state>>3&1
	return max(-1, min(1, d))
}

// TestSoftBounds: steps of a·(1 − w) up and b·w down, in turn, come to rest at a/(1 − (1−a)(1−b)) after one up. A unit
// that is never active has e = −½, so that it goes up by half of q after an error, and down after a reward.
func TestSoftBounds(t *testing.T) {
	for _, c := range []struct{ a, b, off float64 }{{1. / 8, 1. / 4, 1e-14}, {0.1, 0.2, 1e-8}} { // which float32 has, and has not
		v := reward.Vasilaki{Pool: 1, Temperature: 1e-3, AfterReward: float32(2 * c.b), AfterError: float32(2 * c.a), Eligibility: "centred"}
		l := lab.Exact(t)
		s := lab.Make(t, l.Device, nets.Run{System: of(v), Task: func() nets.Task {
			return &lesson{in: 1, out: 1, examples: 1, x: []float32{1}, r: []float32{1, -1}}
		}, Rate: 1}, 0)
		w := s.Tensors()[0].Value
		l.Write(t, w, []float32{0.4375})
		lab.On(t, s, 200)
		high := c.a / (1 - (1-c.a)*(1-c.b))
		if x := l.Values(t, w)[0]; !(math.Abs(x-high) < c.off) {
			t.Errorf("%g up and %g down: the weight is %.15g, want %.15g", c.a, c.b, x, high)
		}
		lab.On(t, s, 1)
		if x := l.Values(t, w)[0]; !(math.Abs(x-high*(1-c.b)) < c.off) {
			t.Errorf("%g up and %g down: the weight is %.15g, want %.15g", c.a, c.b, x, high*(1-c.b))
		}
	}
}

// TestWrong: settings that cannot be, and tasks that do not suit, are errors in words.
func TestWrong(t *testing.T) {
	set := func(change func(v *reward.Vasilaki)) reward.Vasilaki {
		v := settings("running")
		change(&v)
		return v
	}
	subtasks := func() nets.Task {
		return &tasks.Subtasks{Outputs: 2, Inputs: 4, Length: 3, Task: 2, Trial: 1, Floor: 0.5, Weight: 0.1, InTime: true, Rewarded: true}
	}
	for _, c := range []struct {
		want string
		v    reward.Vasilaki
		task func() nets.Task
	}{
		{"hidden layers of [3 0] units", settings("running", 3, 0), reversal},
		{"pool 0, want at least 1", set(func(v *reward.Vasilaki) { v.Pool = 0 }), reversal},
		{"temperature 1e-05, want at least 0.0001", set(func(v *reward.Vasilaki) { v.Temperature = 1e-5 }), reversal},
		{"after_reward -1, want at least 0", set(func(v *reward.Vasilaki) { v.AfterReward = -1 }), reversal},
		{"after_error NaN", set(func(v *reward.Vasilaki) { v.AfterError = float32(math.NaN()) }), reversal},
		{"kappa 1.5, want 0, which stops nothing, or at most 1", set(func(v *reward.Vasilaki) { v.Kappa = 1.5 }), reversal},
		{`eligibility "mean", want running, expected, centred or none`, set(func(v *reward.Vasilaki) { v.Eligibility = "mean" }), reversal},
		{"window 0.5, want at least 1 trial", set(func(v *reward.Vasilaki) { v.Window = 0.5 }), reversal},
		{"learns from rewards, and the task gives none; want one that does, such as reversal", settings("running"), func() nets.Task { return &tasks.XOR{} }},
		{"trials of the task have 3; want trials of 1 moment", settings("running"), subtasks},
		{"takes no numbers as an answer", settings("running"), func() nets.Task { return &lesson{in: 1, examples: 1, x: []float32{1}, r: []float32{1}} }},
		{"the task masks examples", settings("running"), func() nets.Task { l := lessons(); l.masks = true; return l }},
	} {
		s, err := nets.Run{System: of(c.v), Task: c.task, Rate: 1}.Open(lab.CPU(t))
		if err == nil {
			err = s.Step(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), "vasilaki: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error is %v, want %q in it", err, c.want)
		}
	}
}
