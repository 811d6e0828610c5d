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

	formula *evaluator
	cells   divisor // places by fan: presynaptic cells
	pres    [][]float32
	posts   [][]float32
}

func newPlasticity(p compute.Plastic) *plasticity {
	v := &plasticity{Plastic: p, formula: newEvaluator(p.F, nil, p.W)}
	v.slots, v.members, v.pre, v.fan, v.post = p.Dims()
	v.formula.size = blockSize
	v.cells = divideBy(v.fan)
	for _, t := range p.Pre {
		v.pres = append(v.pres, values(t))
	}
	for _, t := range p.Post {
		v.posts = append(v.posts, values(t))
	}
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
}

// changes are those that are not in use.
var changes = sync.Pool{New: func() any { return new(change) }}

func (v *plasticity) change() *change {
	c := changes.Get().(*change)
	c.plasticity, c.core = v, v.formula.core(blockSize)
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
	to, w := partOf(c.To, z)[i*c.fan:][:c.fan], values(c.W)
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
	if c.Delay == nil {
		at := int32(c.ring(z, c.Fixed))
		for k, t := range to {
			j := int32(t)
			if uint32(j) >= uint32(c.post) {
				return k
			}
			c.cell[k] = at + j
		}
		return len(to)
	}
	delay := partOf(c.Delay, z)[place:][:len(to)]
	for k, t := range to {
		j, d := int32(t), int32(delay[k])
		if uint32(j) >= uint32(c.post) || uint32(d) >= uint32(c.slots) {
			return k
		}
		c.cell[k] = int32(c.ring(z, int(d))) + j
	}
	return len(to)
}

// column adds the synapses on postsynaptic cell j of member z that have that delay and presynaptic cells which did not fire.
func (c *change) column(z, j, delay int) {
	list, w, at := c.listed(z, j, delay), values(c.W), z*c.pre*c.fan
	c.member = z
	for len(list) > 0 {
		room := c.space(c.storePlaces)
		from, n := c.n, c.silent(z, list[:min(room, len(list))])
		list = list[min(room, len(list)):]
		c.n += n
		if c.F.Old {
			pick(c.block[from:], w[at:], c.places[from:c.n])
		}
		for v, x := range c.pres {
			pick(c.registers[v][from:], x[z*c.pre:], c.cell[:n])
		}
		for v, x := range c.posts {
			fill(c.registers[len(c.pres)+v][from:c.n], x[c.ring(z, delay)+j])
		}
	}
}

// listed returns the places of the synapses on postsynaptic cell j of member z that have that delay.
func (c *change) listed(z, j, delay int) []float32 {
	list := partOf(c.From, z)
	n := len(list) / c.post
	list = list[j*n:][:n]
	if c.Delay == nil {
		return list
	}
	delays := partOf(c.Delay, z)
	from := func(d int) int {
		return sort.Search(n, func(k int) bool {
			place := uint(int32(list[k]))
			return place >= uint(len(delays)) || delays[place] >= float32(d)
		})
	}
	lo := from(delay)
	return list[lo:max(lo, from(delay+1))]
}

// silent adds the listed places to the block, but for presynaptic cells that fired, and returns how many it added.
func (c *change) silent(z int, list []float32) (n int) {
	places, size := c.places[c.n:], c.pre*c.fan
	var spikes []float32
	if len(c.pres) > 0 {
		spikes = c.pres[0][z*c.pre:][:c.pre]
	}
	for _, x := range list {
		place := int(int32(x))
		if uint(place) >= uint(size) {
			break
		}
		i := c.cells.of(place)
		if spikes != nil && spikes[i] != 0 {
			continue
		}
		places[n], c.cell[n] = int32(place), int32(i)
		n++
	}
	return n
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
	w, at := values(c.W), 0
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
	w := values(c.W)[c.member*c.pre*c.fan:]
	for k, i := range c.places[:c.n] {
		w[i] = c.block[k]
	}
	c.n = 0
}
