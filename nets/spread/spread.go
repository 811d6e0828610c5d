// Package spread has the world of the processes that make a run together, and sums over all of them whose bits do not
// depend on how many there are.
//
// A batch is M parts, a power of two, on any number of processes. Rank r of W has the parts [r·M/W, (r+1)·M/W)
// ([Parts]). What the parts give is added in float32 by a binary tree over the parts' numbers,
//
//	tree(a, a+1) = part a,  tree(a, b) = tree(a, c) + tree(c, b),  c = (a+b)/2,
//
// and the sum is tree(0, M). A rank adds up the largest nodes of the tree that lie within its parts ([Nodes]), and
// [Sum] adds the nodes of all ranks. A [World] moves numbers and never adds them.
package spread

import "fmt"

// A World is the processes that make a run together, ranks 0 to Size()−1. Every rank makes the same calls in the same
// order, one at a time. A rank that is gone, or does not answer within the world's patience, is a *RankError; after an
// error each further Exchange or Share returns that error.
type World interface {
	// Rank is the number of this process.
	Rank() int
	// Size is the number of processes.
	Size() int
	// Host is the name of the machine that the rank runs on.
	Host(rank int) string
	// Exchange sends send[r] to each other rank r and fills receive[r] with what rank r sent here. Lengths agree on both
	// sides; an empty slice is nothing. send[Rank()] and receive[Rank()] are left alone.
	Exchange(send, receive [][]float32) error
	// Share returns the bytes that each rank gave, by rank.
	Share(mine []byte) ([][]byte, error)
	// Close ends this rank's part in the world.
	Close() error
}

// A RankError says that another rank does not do its part.
type RankError struct {
	Rank int
	Host string
	What string // "is gone", …
}

func (e *RankError) Error() string { return fmt.Sprintf("rank %d on %s %s", e.Rank, e.Host, e.What) }

// CheckExchange returns an error unless an exchange has a slice to send to and one to receive from each of the ranks.
func CheckExchange(size int, send, receive [][]float32) error {
	if len(send) != size || len(receive) != size {
		return fmt.Errorf("exchange of %d slices to send and %d to receive, want %d of each, one a rank",
			len(send), len(receive), size)
	}
	return nil
}
