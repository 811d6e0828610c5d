package cpu

import (
	"sort"
	"sync"

	"hebb/compute"
)

// A plasticity computes a [compute.Plastic]: it goes through the synapses of the presynaptic cells that fired and then, by their
// lists, through those of postsynaptic cells that did, other than the former. What the formula reads is gathered for a block of
// synapses, since it computes many numbers in little more time than one.
type plasticity struct {
	compute.Plastic
	slots, members, pre, fan, post int

	formula         *evaluator
	cells           divisor // places by fan: presynaptic cells
	weights         []float32
	to, delay, from book
	known           [compute.MaxVars][]float32
	pres, posts     [][]float32 // parts of known
}

func newPlasticity(p compute.Plastic) *plasticity {
	v := &plasticity{Plastic: p, formula: newEvaluator(p.F, nil, p.W), weights: values(p.W), to: bookOf(p.To), delay: bookOf(p.Delay), from: bookOf(p.From)}
	v.slots, v.members, v.pre, v.fan, v.post = p.Dims()
	v.formula.size = max(64, min(blockSize, v.pre*v.fan/16)) // or all registers are made for a few synapses
	v.cells = divideBy(v.fan)
	for i, t := range p.Pre {
		v.known[i] = values(t)
	}
	for i, t := range p.Post {
		v.known[len(p.Pre)+i] = values(t)
	}
	v.pres, v.posts = v.known[:len(p.Pre)], v.known[len(p.Pre):][:len(p.Post)]
	return v
}

func plastic(p compute.Plastic) {
	v := newPlasticity(p)
	defer v.formula.done()
	if p.All && v.members*v.work() > alone {
		chunks(v.members*v.pre, max(1, 1<<14/v.fan), v.cellsFrom)
		return
	}
	perMember(v.members, v.work(), v.learn)
}

// learn changes synapses of members lo … hi.
func (v *plasticity) learn(lo, hi int) {
	if v.All {
		v.cellsFrom(lo*v.pre, hi*v.pre)
		return
	}
	v.events(lo, hi)
}

// work is what a member takes, roughly, where a cell in fifty fires.
func (v *plasticity) work() int {
	each := v.formula.work + 4*(1+len(v.pres)+len(v.posts))
	if v.All {
		return v.pre * v.fan * each
	}
	return v.pre*v.fan*each/25 + (v.pre+v.slots*v.post)/4
}

// cellsFrom changes all synapses of presynaptic cells lo … hi, counted through the members.
func (v *plasticity) cellsFrom(lo, hi int) {
	c := v.change()
	for i := lo; i < hi; i++ {
		c.row(i/v.pre, i%v.pre)
	}
	c.storeRuns()
	c.done()
}

// events changes the synapses of cells that fired, of members lo … hi.
func (v *plasticity) events(lo, hi int) {
	c := v.change()
	for z := lo; z < hi; z++ {
		if len(v.pres) > 0 {
			c.fired = fired(c.fired[:0], v.pres[0][z*v.pre:][:v.pre])
			for _, i := range c.fired {
				c.row(z, int(i))
			}
		}
		c.storeRuns()
		if len(v.posts) == 0 {
			continue
		}
		for delay := range v.slots {
			if v.Delay == nil && delay != v.Fixed {
				continue
			}
			at := v.ring(z, delay)
			c.fired = fired(c.fired[:0], v.posts[0][at:][:v.post])
			for _, j := range c.fired {
				c.column(z, int(j), delay)
			}
		}
		c.storePlaces()
	}
	c.done()
}

// ring returns where the cells of member z begin in the row of that many steps ago.
func (v *plasticity) ring(z, delay int) int {
	slot := v.Now - delay
	if slot < 0 {
		slot += v.slots
	}
	return (slot*v.members + z) * v.post
}

// A change is a block of synapses, of one member, whose weights are computed together.
type change struct {
	*plasticity
	*core
	n      int     // synapses in the block
	runs   []span  // of the weights, where they are neighbours
	places []int32 // of the weights among the member's, where they are not
	member int
	cell   []int32 // of synapses that are added, among what is gathered
	fired  []int32
	begins []int32 // see rows
}

// changes are those that are not in use.
var changes = sync.Pool{New: func() any { return new(change) }}

func (v *plasticity) change() *change {
	c := changes.Get().(*change)
	c.plasticity, c.core = v, v.formula.core(blockSize)
	c.begins = c.begins[:0]
	if len(c.places) < blockSize {
		c.places, c.cell = make([]int32, blockSize), make([]int32, blockSize)
	}
	return c
}

// done gives c back.
func (c *change) done() {
	c.core.done()
	c.plasticity, c.core = nil, nil
	changes.Put(c)
}

// space makes room in the block and returns how much there is.
func (c *change) space(store func()) int {
	if c.n == c.size {
		store()
	}
	return c.size - c.n
}

// row adds the synapses of presynaptic cell i of member z.
func (c *change) row(z, i int) {
	to, w := c.to.of(z)[i*c.fan:][:c.fan], c.weights
	for k := 0; k < c.fan; {
		n := min(c.space(c.storeRuns), c.fan-k)
		if n = c.postsynaptic(z, i*c.fan+k, to[k:k+n]); n == 0 {
			k++ // no synapse
			continue
		}
		at := (z*c.pre+i)*c.fan + k
		if c.F.Old {
			copy(c.block[c.n:][:n], w[at:])
		}
		for v, x := range c.pres {
			fill(c.registers[v][c.n:][:n], x[z*c.pre+i])
		}
		for v, x := range c.posts {
			pick(c.registers[len(c.pres)+v][c.n:], x, c.cell[:n])
		}
		c.runs = append(c.runs, span{off: at, n: n})
		c.n += n
		k += n
	}
}

// postsynaptic sets cell to the places in the ring that the synapses of member z from a place on read, up to the first that is
// none, and returns how many these are.
func (c *change) postsynaptic(z, place int, to []float32) int {
	cells, post := c.cell[:len(to)], uint32(c.post)
	if c.Delay == nil {
		at := int32(c.ring(z, c.Fixed))
		for k, t := range to {
			j := int32(t)
			if uint32(j) >= post {
				return k
			}
			cells[k] = at + j
		}
		return len(to)
	}
	delay, at := c.delay.of(z)[place:][:len(to)], c.rows(z)
	for k, t := range to {
		j, d := int32(t), uint32(int32(delay[k]))
		if uint32(j) >= post || d >= uint32(len(at)) {
			return k
		}
		cells[k] = at[d] + j
	}
	return len(to)
}

// rows returns where the row of each delay begins in the ring, for member z.
func (c *change) rows(z int) []int32 {
	if len(c.begins) > 0 && c.begins[0] == int32(c.ring(z, 0)) {
		return c.begins
	}
	c.begins = c.begins[:0]
	for d := range c.slots {
		c.begins = append(c.begins, int32(c.ring(z, d)))
	}
	return c.begins
}

// column adds the synapses on postsynaptic cell j of member z that have that delay and presynaptic cells which did not fire.
func (c *change) column(z, j, delay int) {
	list, w := c.listed(z, j, delay), c.weights[z*c.pre*c.fan:][:c.pre*c.fan]
	c.member = z
	for len(list) > 0 {
		room := min(c.space(c.storePlaces), len(list))
		from := c.n
		seen, n := c.silent(z, delay, list[:room])
		c.n += n
		if c.F.Old {
			pick(c.block[from:], w, c.places[from:c.n])
		}
		for v, x := range c.pres {
			pick(c.registers[v][from:], x[z*c.pre:], c.cell[:n])
		}
		for v, x := range c.posts {
			fill(c.registers[len(c.pres)+v][from:c.n], x[c.ring(z, delay)+j])
		}
		if list = list[room:]; seen < room {
			return
		}
	}
}

// listed returns the list of postsynaptic cell j of member z, from the first synapse of that delay on.
func (c *change) listed(z, j, delay int) []float32 {
	list := c.from.of(z)
	n := len(list) / c.post
	list = list[j*n:][:n]
	if c.Delay == nil {
		return list
	}
	delays, d := c.delay.of(z), float32(delay)
	return list[sort.Search(n, func(k int) bool {
		place := uint(int32(list[k]))
		return place >= uint(len(delays)) || delays[place] >= d
	}):]
}

// silent adds listed places to the block, up to the last one of that delay, but for presynaptic cells that fired. It returns
// how many it has seen, and how many added.
func (c *change) silent(z, delay int, list []float32) (seen, n int) {
	places, cells, size := c.places[c.n:][:len(list)], c.cell[:len(list)], uint(c.pre*c.fan)
	var spikes []float32
	if len(c.pres) > 0 {
		spikes = c.pres[0][z*c.pre:][:c.pre]
	}
	delays := c.delay.of(z)
	for k, x := range list {
		place := uint(int32(x))
		if place >= size || place < uint(len(delays)) && delays[place] != float32(delay) {
			return k, n
		}
		i := uint(c.cells.of(int(place)))
		if i < uint(len(spikes)) && spikes[i] != 0 {
			continue
		}
		places[n], cells[n] = int32(place), int32(i)
		n++
	}
	return len(list), n
}

// pick sets dst to the numbers of x at those places.
func pick(dst, x []float32, places []int32) {
	dst = dst[:len(places)]
	for k, i := range places {
		dst[k] = x[i]
	}
}

// storeRuns computes the weights of a block of neighbours.
func (c *change) storeRuns() {
	if c.n == 0 {
		return
	}
	c.run(c.block[:c.n], c.block[:c.n])
	w, at := c.weights, 0
	for _, r := range c.runs {
		copy(w[r.off:][:r.n], c.block[at:])
		at += r.n
	}
	c.runs, c.n = c.runs[:0], 0
}

// storePlaces computes the weights of a block of listed ones.
func (c *change) storePlaces() {
	if c.n == 0 {
		return
	}
	c.run(c.block[:c.n], c.block[:c.n])
	w := c.weights[c.member*c.pre*c.fan:][:c.pre*c.fan]
	block := c.block[:c.n]
	for k, i := range c.places[:len(block)] {
		w[i] = block[k]
	}
	c.n = 0
}
