package spread

import (
	"fmt"
	"math/bits"
)

// Parts returns the parts [lo, hi) = [rank·m/size, (rank+1)·m/size) of m that a rank has.
func Parts(m, rank, size int) (lo, hi int) { return bound(m, rank, size), bound(m, rank+1, size) }

// bound is r·n/size, rounded down, for r ≤ size, where r·n may be too large for an int.
func bound(n, r, size int) int {
	high, low := bits.Mul64(uint64(r), uint64(n))
	q, _ := bits.Div64(high, low, uint64(size))
	return int(q)
}

// A Node is a node of the tree: the sum over the parts [Lo, Hi).
type Node struct{ Lo, Hi int }

// Leaf reports whether the node is a single part.
func (n Node) Leaf() bool { return n.Hi-n.Lo == 1 }

// Halves returns the two nodes whose sum is n, which is no leaf.
func (n Node) Halves() (left, right Node) {
	c := n.Lo + (n.Hi-n.Lo)/2
	return Node{n.Lo, c}, Node{c, n.Hi}
}

// Nodes returns the largest nodes of the tree over m parts that lie within [lo, hi), in order. They have each part of
// [lo, hi) once, and are at most 2·log₂ m, at least one where hi > lo.
func Nodes(m, lo, hi int) []Node { return within(nil, Node{0, m}, lo, hi) }

func within(all []Node, n Node, lo, hi int) []Node {
	switch {
	case n.Hi <= lo || hi <= n.Lo:
		return all
	case lo <= n.Lo && n.Hi <= hi:
		return append(all, n)
	}
	left, right := n.Halves()
	return within(within(all, left, lo, hi), right, lo, hi)
}

// CheckParts returns an error unless a batch can be m parts, a power of two, on so many ranks, none without a part.
func CheckParts(m, size int) error {
	if m < 1 || m&(m-1) != 0 {
		return fmt.Errorf("%d parts of a batch, want a power of two: 1, 2, 4, 8, …", m)
	}
	if size < 1 || size > m {
		return fmt.Errorf("%d parts of a batch on %d ranks, want from 1 to %d ranks: one without a part has nothing to do",
			m, size, m)
	}
	return nil
}
