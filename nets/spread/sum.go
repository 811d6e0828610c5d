package spread

import "fmt"

// stretch is how many numbers are added at a time: all that a stretch needs stays in the cache.
const stretch = 2048

// A Sum adds vectors of n numbers over the M parts of a batch and the ranks of a world. Each rank sends the q-th of W
// pieces of its nodes to rank q, which adds them in the tree's order, and the sums of the pieces go round: n·(W−1)/W
// numbers to and from each rank for one node a rank, twice. The bits depend on M and not on W.
type Sum struct {
	world   World
	n       int
	nodes   []Node         // of this rank
	mine    [2]int         // the piece that this rank adds
	at      map[Node]place // where a node's numbers are, of all ranks
	send    [][]float32    // by rank: the piece of that rank, of all nodes here
	receive [][]float32    // by rank: the piece of this rank, of all nodes there
	round   [][]float32    // by rank: the sums of this rank's piece, for all
	whole   [][]float32    // by rank: the piece of the total that this rank has
	sums    [][]float32    // by depth in the tree: the sum of a stretch
	root    Node
}

// A place is the index of a node among those of its rank.
type place struct{ rank, index int }

// NewSum makes the sum of vectors of n numbers over m parts on a world. All ranks make it with the same m and n.
func NewSum(w World, m, n int) (*Sum, error) {
	if err := CheckParts(m, w.Size()); err != nil {
		return nil, err
	}
	if n < 0 {
		return nil, fmt.Errorf("sum of vectors of %d numbers", n)
	}
	size := w.Size()
	s := &Sum{world: w, n: n, root: Node{0, m}, at: map[Node]place{}}
	for _, all := range []*[][]float32{&s.send, &s.receive, &s.round, &s.whole} {
		*all = make([][]float32, size)
	}
	s.mine[0], s.mine[1] = Parts(n, w.Rank(), size)
	for r := range size {
		lo, hi := Parts(m, r, size)
		nodes := Nodes(m, lo, hi)
		for i, node := range nodes {
			s.at[node] = place{r, i}
		}
		if r == w.Rank() {
			s.nodes = nodes
		} else {
			s.receive[r] = make([]float32, len(nodes)*(s.mine[1]-s.mine[0]))
		}
	}
	if len(s.nodes) > 1 {
		for r := range size {
			if lo, hi := Parts(n, r, size); r != w.Rank() {
				s.send[r] = make([]float32, len(s.nodes)*(hi-lo))
			}
		}
	}
	for d := m; d > 0; d /= 2 {
		s.sums = append(s.sums, make([]float32, stretch))
	}
	return s, nil
}

// Nodes returns the nodes whose sums this rank gives to Total.
func (s *Sum) Nodes() []Node { return s.nodes }

// Total fills total, n numbers, with the sum over all parts. nodes[i] has the n numbers of the i-th of Nodes(), which stay
// as they are; total may be one of them, which then does not. It allocates nothing. A NaN is a NaN in the total, with
// whatever payload.
func (s *Sum) Total(nodes [][]float32, total []float32) error {
	if err := s.check(nodes, total); err != nil {
		return err
	}
	rank, size := s.world.Rank(), s.world.Size()
	s.pack(nodes)
	if err := s.world.Exchange(s.send, s.receive); err != nil {
		return err
	}
	for lo := s.mine[0]; lo < s.mine[1]; lo += stretch {
		hi := min(lo+stretch, s.mine[1])
		copy(total[lo:hi], s.add(nodes, s.root, lo, hi, s.sums[0], 0))
	}
	for r := range size {
		lo, hi := Parts(s.n, r, size)
		s.whole[r] = total[lo:hi]
		s.round[r] = total[s.mine[0]:s.mine[1]]
	}
	s.whole[rank], s.round[rank] = nil, nil
	return s.world.Exchange(s.round, s.whole)
}

func (s *Sum) check(nodes [][]float32, total []float32) error {
	if len(nodes) != len(s.nodes) {
		return fmt.Errorf("sum of %d nodes on rank %d, want the %d of %v", len(nodes), s.world.Rank(), len(s.nodes), s.nodes)
	}
	for i, v := range nodes {
		if len(v) != s.n {
			return fmt.Errorf("node %v on rank %d has %d numbers, want %d", s.nodes[i], s.world.Rank(), len(v), s.n)
		}
	}
	if len(total) != s.n {
		return fmt.Errorf("total of %d numbers, want %d", len(total), s.n)
	}
	return nil
}

// pack puts each rank's piece of all nodes together: of a single node, where it is.
func (s *Sum) pack(nodes [][]float32) {
	for r := range s.send {
		lo, hi := Parts(s.n, r, len(s.send))
		switch {
		case r == s.world.Rank():
		case len(nodes) == 1:
			s.send[r] = nodes[0][lo:hi]
		default:
			for i, v := range nodes {
				copy(s.send[r][i*(hi-lo):], v[lo:hi])
			}
		}
	}
}

// add returns the numbers [lo, hi) of the sum at a node: where they came, or in into. It is at a depth below the root.
func (s *Sum) add(nodes [][]float32, at Node, lo, hi int, into []float32, depth int) []float32 {
	if p, given := s.at[at]; given {
		if p.rank == s.world.Rank() {
			return nodes[p.index][lo:hi]
		}
		skip := p.index*(s.mine[1]-s.mine[0]) - s.mine[0]
		return s.receive[p.rank][skip+lo : skip+hi]
	}
	left, right := at.Halves()
	into = into[:hi-lo]
	a := s.add(nodes, left, lo, hi, into, depth+1)[:len(into)]
	b := s.add(nodes, right, lo, hi, s.sums[depth+1], depth+1)[:len(into)]
	for i := range into {
		into[i] = a[i] + b[i]
	}
	return into
}
