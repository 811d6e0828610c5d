package computetest

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"hebb/compute"
)

// A graph is the shape of the synapses of a case.
type graph struct {
	slots, members, pre, fan, post int
	one, delayed, holes            bool // one graph for all members; a delay for each synapse; places without a synapse
	active                         int  // of 8 cells fire
	now                            int
}

func (c *chooser) graph(i int) graph {
	g := graph{slots: pick(c, 1, 2, 3, 7), members: pick(c, 1, 1, 2, 3), pre: pick(c, 1, 2, 5, 17, 64, 130), fan: pick(c, 1, 2, 3, 7, 16, 33),
		post: pick(c, 1, 2, 3, 8, 17, 40), one: c.bool(), delayed: c.bool(), holes: i%3 > 0, active: pick(c, 0, 1, 1, 2, 2, 4, 8)}
	if i%32 >= 30 { // more than small windows show
		g.slots, g.pre, g.fan, g.post, g.delayed, g.active = 7, 300, 33, 400, true, 4
	}
	g.now = c.rnd.IntN(g.slots)
	return g
}

func (g graph) String() string {
	s := fmt.Sprintf("slots=%d members=%d pre=%d fan=%d post=%d now=%d %d/8 fire", g.slots, g.members, g.pre, g.fan, g.post, g.now, g.active)
	for i, on := range []bool{g.one, g.delayed, g.holes} {
		if on {
			s += []string{" one graph", " delays", " holes"}[i]
		}
	}
	return s
}

// synapses draws the synapses of a graph.
func (g graph) synapses(m *maker) compute.Synapses {
	graphs, size := g.members, g.pre*g.fan
	if g.one {
		graphs = 1
	}
	to, delay := make([]float32, graphs*size), make([]float32, graphs*size)
	s, fanIn := compute.Synapses{Fixed: m.rnd.IntN(g.slots)}, 1
	if g.delayed {
		s.Fixed = 0
	}
	lists := make([][]int, graphs*g.post)
	for i := range to {
		to[i] = float32(m.rnd.IntN(g.post))
		if g.delayed {
			delay[i] = float32(m.rnd.IntN(g.slots))
			if g.holes && m.rnd.IntN(8) == 0 {
				delay[i] = float32(g.slots + m.rnd.IntN(3)) // no synapse either, though it is listed
			}
		}
		if g.holes && m.rnd.IntN(4) == 0 {
			to[i] = -1
			continue
		}
		j := i/size*g.post + int(to[i])
		lists[j] = append(lists[j], i)
		fanIn = max(fanIn, len(lists[j]))
	}
	from := make([]float32, 0, len(lists)*fanIn)
	for _, list := range lists {
		slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(delay[a], delay[b]) })
		for k := range fanIn {
			if from = append(from, -1); k < len(list) {
				from[len(from)-1] = float32(list[k] % size)
			}
		}
	}
	s.To, s.From = m.given(to, graphs, g.pre, g.fan), m.given(from, graphs, g.post, fanIn)
	if g.delayed {
		s.Delay = m.given(delay, graphs, g.pre, g.fan)
	}
	return s
}

// given is a tensor of given numbers.
func (m *maker) given(x []float32, shape ...int) *compute.Tensor {
	i := -1
	return m.fill(func() float32 { i++; return x[i] }, shape...)
}

// spikes are zeros, some of them below 0, but for the cells that fire.
func (m *maker) spikes(active int, shape ...int) *compute.Tensor {
	return m.fill(func() float32 {
		switch {
		case m.rnd.IntN(8) >= active:
			return float32(math.Copysign(0, m.rnd.Float64()-0.5))
		case m.plain || m.rnd.IntN(2) == 0:
			return 1
		}
		return m.value(8)
	}, shape...)
}

func deliverCases(c *chooser) {
	for i := range c.count(64, 600) {
		g, examples := c.graph(i), pick(c, 1, 1, 2, 3)
		c.add(fmt.Sprintf("%v examples=%d", g, examples), func(m *maker) compute.Op {
			d := compute.Deliver{Out: m.out(true, g.slots, g.members, examples, g.post), Spikes: m.spikes(g.active, g.members, examples, g.pre),
				W: m.in(g.members, g.pre, g.fan), Synapses: g.synapses(m), Now: g.now}
			m.forbid(d.W, func(i int) bool { // weights of cells that did not fire, and of no synapse
				z, cell := i/(g.pre*g.fan), i/g.fan
				fired := false
				for e := range examples {
					fired = fired || m.of(d.Spikes)[(z*examples+e)*g.pre+cell%g.pre] != 0
				}
				return !fired || m.of(d.To)[i%d.To.Len()] < 0 || d.Delay != nil && m.of(d.Delay)[i%d.To.Len()] >= float32(g.slots)
			})
			return d
		})
	}
}

// of returns the numbers of an operand that was made.
func (m *maker) of(t *compute.Tensor) []float32 {
	i := slices.IndexFunc(m.made, func(d made) bool { return d.t == t })
	return m.made[i].x[m.made[i].lead:][:t.Len()]
}

// forbid makes numbers of an input NaN or infinite, which the op must not look at.
func (m *maker) forbid(t *compute.Tensor, which func(i int) bool) {
	for i, x := 0, m.of(t); i < len(x); i++ {
		if which(i) {
			x[i] = float32(math.Inf(m.rnd.IntN(2)*2 - 1))
			if m.rnd.IntN(2) == 0 {
				x[i] = float32(math.NaN())
			}
		}
	}
}

// plasticities are rules by the number of what they know of each cell.
var plasticities = []struct {
	pre, post int
	f         *compute.Func
}{
	{2, 2, compute.Formula("min(max(old + 0.5*post*x - 0.25*pre*y, -4), 4)", "pre", "x", "post", "y")},
	{1, 1, compute.Formula("0.75*old + pre*post - pre", "pre", "post")},
	{2, 3, compute.Formula("old + post*x*(1 + u) - 0.5*pre*y*exp(-abs(old))", "pre", "x", "post", "y", "u")},
	{3, 3, compute.Formula("where(post, old + x*u, old - pre*y*v)", "pre", "x", "v", "post", "y", "u")},
	{1, 0, compute.Formula("old*(1 - 0.5*pre) + pre", "pre")},
	{0, 2, compute.Formula("old + y*post", "post", "y")},
	{1, 1, compute.Formula("pre*post + 2", "pre", "post")},
	{0, 0, compute.Formula("0.5*old")},
}

func plasticCases(c *chooser) {
	for i := range c.count(80, 800) {
		g, rule := c.graph(i), plasticities[i/2%len(plasticities)]
		all := rule.pre+rule.post == 0 || i%5 == 0
		if rule.pre+rule.post == 6 {
			g.delayed = false
		}
		if rule.post == 0 {
			g.slots, g.now = 1, 0
		}
		g.delayed = g.delayed && g.slots > 1
		fresh := all && !rule.f.Old // the old weights are not read
		if fresh {
			g.holes = false
		}
		c.add(fmt.Sprintf("%v by %v, all %v", g, rule.f, all), func(m *maker) compute.Op {
			p := compute.Plastic{W: m.out(!fresh, g.members, g.pre, g.fan), Synapses: g.synapses(m), Now: g.now, All: all, F: rule.f}
			state := func(k int, shape ...int) *compute.Tensor {
				if k == 0 {
					return m.spikes(g.active, shape...)
				}
				return m.within(4, shape...)
			}
			for k := range rule.pre {
				p.Pre = append(p.Pre, state(k, g.members, 1, g.pre))
			}
			for k := range rule.post {
				p.Post = append(p.Post, state(k, g.slots, g.members, g.post))
			}
			return p
		})
	}
}

// synapses calls f with each synapse that both lists have, of a delay within so many slots: its member, place, cells, and what remains of a ring's row.
func synapses[F Float](s compute.Synapses, w *compute.Tensor, slots int, f func(z, place, i, j, delay int)) {
	fan, post, size := w.Cols(), s.From.Rows(), w.Rows()*w.Cols()
	for z := range w.Batch() {
		at := z % s.To.Batch() * size
		to := Values[F](s.To)[at:][:size]
		for j, list := range member[F](s.From, z, post) {
			for _, place := range list {
				if !(place >= 0 && int(place) < len(to)) || to[int(place)] != F(j) {
					continue
				}
				delay := s.Fixed
				if s.Delay != nil {
					delay = int(max(0, Values[F](s.Delay)[at+int(place)]))
				}
				if delay < slots {
					f(z, int(place), int(place)/fan, j, delay)
				}
			}
		}
	}
}

func (m *Machine[F]) deliver(d compute.Deliver) {
	slots, members, examples, pre, fan, post := d.Dims()
	out, w, spikes := Values[F](d.Out), Values[F](d.W), Values[F](d.Spikes)
	synapses[F](d.Synapses, d.W, slots, func(z, place, i, j, delay int) {
		for e := range examples {
			if s := spikes[(z*examples+e)*pre+i]; s != 0 {
				to := &out[(((d.Now+delay)%slots*members+z)*examples+e)*post+j]
				*to = m.FMA(m.Load(s), m.Load(w[z*pre*fan+place]), *to)
			}
		}
	})
}

func (m *Machine[F]) plastic(p compute.Plastic) {
	slots, members, pre, fan, post := p.Dims()
	w := Values[F](p.W)
	synapses[F](p.Synapses, p.W, slots, func(z, place, i, j, delay int) {
		var in []F
		for _, t := range p.Pre {
			in = append(in, Values[F](t)[z*pre+i])
		}
		for _, t := range p.Post {
			in = append(in, Values[F](t)[((p.Now-delay+slots)%slots*members+z)*post+j])
		}
		if p.All || len(p.Pre) > 0 && in[0] != 0 || len(p.Post) > 0 && in[len(p.Pre)] != 0 {
			at := &w[z*pre*fan+place]
			*at = m.Evaluate(p.F, func(v int) F { return in[v] }, *at)
		}
	})
}
