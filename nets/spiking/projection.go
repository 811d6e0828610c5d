package spiking

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"hebb/compute"
	"hebb/nets"
)

// A Projection is the synapses of one group of cells on another, or on itself, drawn at random: a cell has a synapse on each other
// with probability P, and its delay is a whole number of steps, Least … Most, all alike. Each learner draws its own.
//
// The synapses are lists ([compute.Synapses]), which cost what the spikes are, or a matrix of pre × post that is 0 where there is
// no synapse, which costs what the matrix is. Both give the same to rounding, and Form chooses.
type Projection struct {
	Pre, Post   int
	P           float64
	Others      bool // no synapse of a cell on itself
	Least, Most int  // delays, in steps
	Form        Form

	W *compute.Tensor // pre × fan or, of a matrix, pre × post
	compute.Synapses
	there *compute.Tensor // of a matrix, 1 where there is a synapse; nil: lists
}

// A Form says how synapses are kept.
type Form uint8

const (
	ByLists  Form = iota // lists of the synapses that there are
	AsMatrix             // a matrix; there is one delay
)

// Check reports an invalid setting.
func (x *Projection) Check() error {
	switch {
	case x.Pre < 1 || x.Post < 1:
		return fmt.Errorf("spiking: synapses of %d cells on %d, want at least 1 of each", x.Pre, x.Post)
	case !(x.P > 0 && x.P <= 1):
		return fmt.Errorf("spiking: synapses with probability %g, want a number above 0, at most 1", x.P)
	case x.Others && x.Pre != x.Post:
		return fmt.Errorf("spiking: synapses of %d cells on %d others, want one group of cells", x.Pre, x.Post)
	case x.Others && x.Pre == 1:
		return fmt.Errorf("spiking: synapses of one cell on the others of its group, which has none")
	case x.Least < 0 || x.Most < x.Least:
		return fmt.Errorf("spiking: delays of %d … %d steps, want from 0, the least first", x.Least, x.Most)
	case x.Form == AsMatrix && x.Most > x.Least:
		return fmt.Errorf("spiking: a matrix of synapses with delays of %d … %d steps, want one delay, or lists", x.Least, x.Most)
	case x.Pre*max(x.fan(), x.Post*int(x.Form)) > 1<<24:
		return fmt.Errorf("spiking: %d cells with %d synapses each, want at most %d in all", x.Pre, x.fan(), 1<<24)
	}
	return nil
}

// Slots returns how many rows a ring of what arrives needs.
func (x *Projection) Slots() int { return x.Most + 1 }

// room bounds how many of n synapses are there: seven standard deviations above the mean, and some for the few.
func (x *Projection) room(n int) int {
	mean := float64(n) * x.P
	return min(n, int(math.Ceil(mean+7*math.Sqrt(mean*(1-x.P))))+7)
}

func (x *Projection) fan() int { return x.room(x.Post) }

// A wire is a synapse of a learner.
type wire struct{ pre, post, place, delay int32 }

// draw draws the synapses of a learner, in order of their presynaptic and then of their postsynaptic cells. Where a cell has more
// than there is room for, which is rarer than one in 10¹⁰, it draws all of them again.
func (x *Projection) draw(r *rand.Rand) (all []wire) {
	in := make([]int, x.Post)
	for i := range x.Pre {
		k := 0
		for j := x.next(r, -1); j < x.Post; j = x.next(r, j) {
			if x.Others && i == j {
				continue
			}
			all = append(all, wire{int32(i), int32(j), int32(i*x.fan() + k), int32(x.Least + r.IntN(x.Most-x.Least+1))})
			in[j]++
			if k++; k > x.fan() || in[j] > x.room(x.Pre) {
				return x.draw(r)
			}
		}
	}
	return all
}

// next returns the next cell after j that there is a synapse on.
func (x *Projection) next(r *rand.Rand, j int) int {
	if x.P == 1 {
		return j + 1
	}
	return j + 1 + int(min(math.Log(1-r.Float64())/math.Log(1-x.P), float64(x.Post)))
}

// Build asks for the synapses, called name, with first weights from a law. They are weights if they learn, or else kept.
func (x *Projection) Build(s *nets.Store, name string, first func(r *rand.Rand) float64, learns bool) error {
	if err := x.Check(); err != nil {
		return err
	}
	drawn := make([][]wire, s.Learners)
	for l := range drawn {
		if !s.Device().Staged() {
			drawn[l] = x.draw(nets.Generator(s.Seed+uint64(l), name))
		}
	}
	// each is what f returns for each synapse at its place, and else no.
	each := func(no float32, f func(r *rand.Rand, w wire) float64) nets.Init {
		return ofLearners(drawn, func(r *rand.Rand, all []wire, t []float32) {
			fill(t, no)
			for _, w := range all {
				if x.Form == AsMatrix {
					t[int(w.pre)*x.Post+int(w.post)] = float32(f(r, w))
				} else {
					t[w.place] = float32(f(r, w))
				}
			}
		})
	}
	width := x.Post
	if x.Form == AsMatrix {
		x.there = s.Kept(name+".there", each(0, func(*rand.Rand, wire) float64 { return 1 }), x.Pre, x.Post)
	} else {
		width = x.fan()
		x.To = s.Kept(name+".to", each(-1, func(_ *rand.Rand, w wire) float64 { return float64(w.post) }), x.Pre, width)
		x.From = s.Kept(name+".from", ofLearners(drawn, x.from), x.Post, x.room(x.Pre))
		if x.Fixed = x.Least; x.Most > x.Least {
			x.Fixed = 0
			x.Delay = s.Kept(name+".delay", each(0, func(_ *rand.Rand, w wire) float64 { return float64(w.delay) }), x.Pre, width)
		}
	}
	ask := s.Kept
	if learns {
		ask = s.Weights
	}
	x.W = ask(name, each(0, func(r *rand.Rand, _ wire) float64 { return first(r) }), x.Pre, width)
	return nil
}

// ofLearners fills a tensor by the synapses of each learner.
func ofLearners(drawn [][]wire, f func(r *rand.Rand, all []wire, t []float32)) nets.Init {
	l := 0
	return nets.Filled(func(r *rand.Rand, t []float32) {
		f(r, drawn[l], t)
		l++
	})
}

// from fills lists of places, of each postsynaptic cell in order of delay.
func (x *Projection) from(_ *rand.Rand, all []wire, t []float32) {
	lists := make([][]wire, x.Post)
	for _, w := range all {
		lists[w.post] = append(lists[w.post], w)
	}
	fill(t, -1)
	for j, list := range lists {
		slices.SortStableFunc(list, func(a, b wire) int { return cmp.Compare(a.delay, b.delay) })
		for k, w := range list {
			t[j*x.room(x.Pre)+k] = float32(w.place)
		}
	}
}

func fill(t []float32, x float32) {
	for i := range t {
		t[i] = x
	}
}

// Deliver adds what spikes, learners × examples × pre, bring to a ring of slots × learners × examples × post, of which now is
// the row of this step.
func (x *Projection) Deliver(p *nets.Pass, ring, spikes *compute.Tensor, now int) {
	if x.there == nil {
		p.Do(compute.Deliver{Out: ring, Spikes: spikes, W: x.W, Synapses: x.Synapses, Now: now})
		return
	}
	n := p.Learners * spikes.Rows() * x.Post
	row := p.View(ring, (now+x.Least)%(ring.Len()/n)*n, p.Learners, spikes.Rows(), x.Post)
	p.Do(compute.Gemm{C: row, A: spikes, B: x.W, Epilogue: compute.Epilogue{Alpha: 1, Beta: 1}})
}

// A Rule is a formula for new weights, for either form of synapses.
type Rule struct {
	lists, matrix *compute.Func
	pre, post     int
	all           bool
}

// NewRule makes a Rule of a text as [compute.Plastic] has it: old is the weight, pre and post name what is known of either cell,
// the first of each being its spikes. The weights of a synapse change when either cell has fired.
func NewRule(text string, pre, post []string) Rule { return newRule(text, pre, post, false) }

// NewRuleOfAll makes a Rule that changes all synapses, whether their cells have fired or not.
func NewRuleOfAll(text string, pre, post []string) Rule { return newRule(text, pre, post, true) }

func newRule(text string, pre, post []string, all bool) Rule {
	in := slices.Concat(pre, post)
	var fired []string
	for _, names := range [][]string{pre, post} {
		if len(names) > 0 {
			fired = append(fired, "abs("+names[0]+")")
		}
	}
	when := "there*(" + strings.Join(fired, " + ") + ")"
	if all {
		when = "there"
	}
	return Rule{compute.Formula(text, in...), compute.Formula("where("+when+", "+text+", old)", append(in, "there")...), len(pre), len(post), all}
}

// With returns r with a value for one of its constants.
func (r Rule) With(name string, value float32) Rule {
	r.lists, r.matrix = r.lists.With(name, value), r.matrix.With(name, value)
	return r
}

// Change changes the weights by a rule of what is known of presynaptic cells, learners × 1 × pre each, and, in rings of slots ×
// learners × post each, of postsynaptic ones. now is the row of this step: a synapse sees what its postsynaptic cell did as many
// steps ago as its delay is, or now, in rings of one slot.
func (x *Projection) Change(p *nets.Pass, r Rule, pre, post []*compute.Tensor, now int) {
	if x.there == nil {
		synapses := x.Synapses
		if len(post) == 0 || post[0].Len() == p.Learners*x.Post { // one row, which all delays see
			synapses.Delay, synapses.Fixed, now = nil, 0, 0
		}
		p.Do(compute.Plastic{W: x.W, Synapses: synapses, Pre: pre, Post: post, Now: now, All: r.all, F: r.lists})
		return
	}
	var in []*compute.Tensor
	for _, t := range pre {
		in = append(in, p.View(t, 0, p.Learners, x.Pre, 1))
	}
	for _, t := range post {
		n := p.Learners * x.Post
		slots := t.Len() / n
		in = append(in, p.View(t, (now-x.Least%slots+slots)%slots*n, p.Learners, 1, x.Post))
	}
	p.Into(x.W, r.matrix, append(in, x.there)...)
}
