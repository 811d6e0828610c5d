package cpu

import (
	"math/rand/v2"
	"slices"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
)

// A tape makes ops at random on tensors of several members, on ones of all members, and on arenas that hold several tensors.
type tape struct {
	*compute.Step
	r       *rand.Rand
	members int
	arenas  [2]*compute.Tensor // of the same tensors
	states  []*compute.Tensor  // members × 4 × 5
	common  []*compute.Tensor  // 1 × 4 × 5
	ring    *compute.Tensor    // 3 slots × members × 4 × 5
	graphs  []compute.Synapses // of 5 × 5 synapses on 5 cells
	read    []float32          // what was read on the way
}

// parts are the tensors of an arena: where they begin, and their rows and columns.
var parts = [][3]int{{0, 4, 5}, {24, 5, 5}, {50, 1, 5}}

const arenaFloats = 56

func (p *tape) one(of []*compute.Tensor) *compute.Tensor { return of[p.r.IntN(len(of))] }

// part is a tensor of an arena.
func (p *tape) part(i int) *compute.Tensor {
	at := parts[i]
	return p.View(p.arenas[p.r.IntN(2)], at[0]*p.members, p.members, at[1], at[2])
}

var (
	affineOld = compute.Formula("0.9*old - 0.1*x", "x")
	twoInputs = compute.Formula("tanh(x + 0.3*y)", "x", "y")
	squares   = compute.Formula("x*x", "x")
	spiking   = compute.Formula("max(x, 0)", "x")
	twoOld    = compute.Formula("0.9*old + 0.1*x*(1 - y)", "x", "y")
)

// row is a row of the ring.
func (p *tape) row() *compute.Tensor {
	return p.View(p.ring, p.r.IntN(3)*20*p.members, p.members, 4, 5)
}

// graph draws synapses for each member or for all.
func (p *tape) graph(batch int, delays bool, tensor func(x []float32, shape ...int) *compute.Tensor) compute.Synapses {
	to, delay, lists := make([]float32, batch*25), make([]float32, batch*25), make([][]float32, batch*5)
	for i := range to {
		to[i] = float32(p.r.IntN(6) - 1)
		if delays {
			delay[i] = float32(p.r.IntN(3))
		}
	}
	for d := range 3 {
		for i, j := range to {
			if j >= 0 && delay[i] == float32(d) {
				lists[i/25*5+int(j)] = append(lists[i/25*5+int(j)], float32(i%25))
			}
		}
	}
	var from []float32
	for _, l := range lists {
		from = append(from, append(l, slices.Repeat([]float32{-1}, 25-len(l))...)...)
	}
	s := compute.Synapses{To: tensor(to, batch, 5, 5), From: tensor(from, batch, 5, 25), Fixed: p.r.IntN(3)}
	if delays {
		s.Delay, s.Fixed = tensor(delay, batch, 5, 5), 0
	}
	return s
}

// step does one op, or reads something.
func (p *tape) step() {
	square, state, other := p.part(1), p.one(p.states), p.Tensor(p.members, 4, 5)
	switch p.r.IntN(20) {
	case 0:
		p.Do(compute.Gemm{C: other, A: state, B: square, TransB: true, Epilogue: compute.Epilogue{Alpha: 0.5, Act: compute.Tanh}})
		p.Do(compute.Map{Out: state, In: []*compute.Tensor{other}, F: affineOld})
	case 1:
		p.Do(compute.Gemm{C: state, A: p.one(p.common), B: square, Epilogue: compute.Epilogue{Alpha: 0.25, Beta: 0.5}})
	case 2:
		p.Do(compute.Hebbian{W: square, Y: state, X: p.part(0), Rate: 0.1, Decay: 0.1})
	case 3:
		p.Do(compute.Map{Out: p.arenas[0], In: []*compute.Tensor{p.arenas[1]}, F: affineOld})
	case 4:
		p.Do(compute.Map{Out: state, In: []*compute.Tensor{p.one(p.common), p.part(2)}, F: twoInputs})
	case 5:
		p.Do(compute.Reduce{Out: p.part(2), In: []*compute.Tensor{state}, F: squares, Along: compute.AlongRows, Alpha: 0.1, Beta: 0.5})
	case 6:
		sums := p.Tensor(p.members, 4, 1)
		p.Do(compute.Reduce{Out: sums, In: []*compute.Tensor{state}, Along: compute.AlongCols, Alpha: 1})
		p.Do(compute.Map{Out: state, In: []*compute.Tensor{p.part(0), sums}, F: twoInputs})
	case 7:
		p.Do(compute.Random{Out: p.part(0), Law: compute.Normal(0, 0.5), Seeds: p.members, Stream: p.r.Uint64N(100)})
	case 8: // all members' make what is one for all
		p.Do(compute.Reduce{Out: p.View(p.one(p.common), 0, 1, 1, 20), In: []*compute.Tensor{p.View(state, 0, p.members, 20)}, Along: compute.AlongRows, Alpha: 1 / float32(p.members)})
	case 9:
		row := p.View(state, 0, p.members, 20)
		p.Do(compute.Reduce{Out: p.Tensor(p.members), In: []*compute.Tensor{row, p.View(other, 0, p.members, 20)}, F: compute.Formula("0*y + x", "x", "y"), Along: compute.AlongCols, Alpha: 1})
	case 10:
		x := make([]float32, state.Len())
		p.Read(state, x)
		p.read = append(p.read, x...)
	case 12:
		best := p.Tensor(p.members, 4, 1)
		p.Do(compute.Reduce{Out: best, In: []*compute.Tensor{state}, Fold: compute.FoldArgMax, Along: compute.AlongCols, Alpha: 1})
		p.Do(compute.Map{Out: state, In: []*compute.Tensor{best}, F: affineOld})
	case 13:
		labels, loss, hit := p.Tensor(p.members, 4), p.Tensor(p.members, 4), p.Tensor(p.members, 4)
		p.Do(compute.Reduce{Out: labels, In: []*compute.Tensor{state}, Fold: compute.FoldArgMax, Along: compute.AlongCols, Alpha: 1})
		p.Do(compute.SoftmaxLoss{Loss: loss, Hit: hit, Delta: state, Logits: p.part(0), Labels: labels, Scale: 0.25})
	case 14:
		p.Do(compute.Copy{Dst: state, Src: p.part(0)})
	case 15:
		p.Do(compute.Copy{Dst: p.arenas[1], Src: p.arenas[0]})
	case 16: // matrices that no member has whole
		best := p.Tensor(1, 1, 10)
		p.Do(compute.Reduce{Out: best, In: []*compute.Tensor{p.View(state, 0, 1, 2*p.members, 10)}, Fold: compute.FoldArgMax, Along: compute.AlongRows, Alpha: 1})
		p.Do(compute.Map{Out: p.View(p.one(p.common), 0, 10), In: []*compute.Tensor{p.View(best, 0, 10)}, F: affineOld})
	case 17: // 7 matrices, whatever the number of members
		sums := p.Tensor(7, 1, 4)
		p.Do(compute.Reduce{Out: sums, In: []*compute.Tensor{p.View(p.arenas[0], 0, 7, 2*p.members, 4)}, Along: compute.AlongRows, Alpha: 0.1})
		p.Do(compute.Map{Out: p.View(p.one(p.common), 0, 20), In: []*compute.Tensor{p.View(sums, 0, 20)}, F: affineOld})
	case 18:
		spikes := p.Tensor(p.members, 4, 5)
		p.Do(compute.Map{Out: spikes, In: []*compute.Tensor{state}, F: spiking})
		p.Do(compute.Deliver{Out: p.ring, Spikes: spikes, W: square, Synapses: p.graphs[p.r.IntN(len(p.graphs))], Now: p.r.IntN(3)})
		p.Do(compute.Map{Out: state, In: []*compute.Tensor{p.row()}, F: affineOld})
	case 19:
		pre, post := p.Tensor(p.members, 1, 5), p.View(p.ring, 0, 3, 4*p.members, 5)
		p.Do(compute.Map{Out: p.row(), In: []*compute.Tensor{state}, F: spiking})
		p.Do(compute.Reduce{Out: pre, In: []*compute.Tensor{p.row()}, Along: compute.AlongRows, Alpha: 1})
		if post = p.View(post, 0, 3, p.members, 5); p.r.IntN(2) == 0 { // whose members have others' places
			post = p.Tensor(3, p.members, 5)
			for i := range 3 {
				p.Do(compute.Map{Out: p.View(post, i*5*p.members, p.members, 5), In: []*compute.Tensor{p.View(p.part(2), 0, p.members, 5)}, F: spiking})
			}
		}
		p.Do(compute.Plastic{W: square, Synapses: p.graphs[p.r.IntN(len(p.graphs))], Pre: []*compute.Tensor{pre}, Post: []*compute.Tensor{post},
			Now: p.r.IntN(3), All: p.r.IntN(3) == 0, F: twoOld})
	case 11:
		p.Write(p.one(p.common), p.drawn(20))
	}
}

func (p *tape) drawn(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = p.r.Float32() - 0.5
	}
	return x
}

// run plays a tape and returns all that there is in the end, and the most ops that were put off at a time.
func (p *tape) run(t *testing.T, seed uint64, window bool) (all []float32, most int) {
	be := must.Get(Open())(t)
	dev := compute.New(be)
	defer dev.Close()
	p.r = rand.New(rand.NewPCG(seed, 0))
	if window {
		dev.Window(p.members)
	}
	step := func(f func()) {
		must.Do(t, dev.Step(func(s *compute.Step) error { p.Step = s; f(); return nil }))
		most = max(most, len(be.(*backend).put.ops))
	}
	tensors := func(n int, shape ...int) (ts []*compute.Tensor) {
		for range n {
			x := must.Get(dev.Tensor(shape...))(t)
			step(func() { p.Write(x, p.drawn(x.Len())) })
			ts = append(ts, x)
		}
		return ts
	}
	p.arenas = [2]*compute.Tensor(tensors(2, arenaFloats*p.members))
	p.states, p.common = tensors(3, p.members, 4, 5), tensors(2, 1, 4, 5)
	given := func(x []float32, shape ...int) *compute.Tensor {
		y := must.Get(dev.Tensor(shape...))(t)
		step(func() { p.Write(y, x) })
		return y
	}
	p.ring, p.graphs = tensors(1, 3, p.members, 4, 5)[0], nil
	for _, batch := range []int{1, p.members} {
		p.graphs = append(p.graphs, p.graph(batch, true, given), p.graph(batch, false, given))
	}
	for range 100 {
		step(func() {
			for range p.r.IntN(6) {
				p.step()
			}
		})
	}
	for _, x := range slices.Concat(p.arenas[:], p.states, p.common, []*compute.Tensor{p.ring}) {
		step(func() {
			last := make([]float32, x.Len())
			p.Read(x, last)
			p.read = append(p.read, last...)
		})
	}
	return p.read, most
}

// TestStretch: ops that are put off and done member by member give the bits of ops done one after the other.
func TestStretch(t *testing.T) {
	set(t, &alone, 1000) // so that cores share them out
	put := 0
	for seed := range uint64(40) {
		members := []int{2, 3, 16}[seed%3]
		set(t, &mostSmall, []int{1 << 14, 50}[seed%2]) // or products are not small
		want, _ := (&tape{members: members}).run(t, seed, false)
		got, most := (&tape{members: members}).run(t, seed, true)
		put = max(put, most)
		for i := range want {
			if !sameBits(got[i], want[i]) {
				t.Fatalf("seed %d, %d members: number %d of %d is %g, want %g", seed, members, i, len(want), got[i], want[i])
			}
		}
	}
	if put < 20 {
		t.Errorf("at most %d ops were put off at a time, want more: the test tests little", put)
	}
}

// TestStretchOfArena: an update of all weights at once does not part the stretch, once there were ops on each of them.
func TestStretchOfArena(t *testing.T) {
	be, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	dev := compute.New(be)
	defer dev.Close()
	const members = 4
	dev.Window(members)
	err = dev.Step(func(s *compute.Step) error {
		arena, grads := s.Tensor(arenaFloats*members), s.Tensor(arenaFloats*members)
		p := &tape{Step: s, r: rand.New(rand.NewPCG(1, 1)), members: members, arenas: [2]*compute.Tensor{arena, grads}}
		s.Write(arena, p.drawn(arena.Len()))
		s.Write(grads, p.drawn(arena.Len()))
		for range 3 {
			for _, at := range parts {
				w := s.View(arena, at[0]*members, members, at[1], at[2])
				s.Do(compute.Map{Out: s.View(grads, at[0]*members, members, at[1], at[2]), In: []*compute.Tensor{w}, F: squares})
			}
			s.Do(compute.Map{Out: arena, In: []*compute.Tensor{grads}, F: affineOld})
		}
		if n := len(be.(*backend).put.ops); n != 12 {
			t.Errorf("%d ops are put off, want all 12", n)
		}
		return s.Err()
	})
	if err != nil {
		t.Error(err)
	}
}
