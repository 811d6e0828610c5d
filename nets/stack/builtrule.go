package stack

import "hebb/nets"

// A BuiltRule is a [Rule] with tensors of its own beside the feedback weights: traces, running means. Build is called after the
// weights have been allocated. It allocates its tensors in s and keeps them in the Memo of each of n.Weights, since a rule is
// a value that may serve several networks. It marks tensors that predictions do not need by [nets.Store.Aside].
type BuiltRule interface {
	Rule
	Build(s *nets.Store, n *Net) error
}
