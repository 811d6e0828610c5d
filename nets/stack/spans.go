package stack

// A span is a part of the parameters that is learned at a rate of its own.
type span struct {
	at, n  int
	output bool // of the output layer
}

// spans are the parameters of the output layer and the others, in the order in which they lie.
func (b *builder) spans(starts []int, total int) (all []span) {
	out := b.weights[len(b.weights)-1]
	add := func(at, n int, output bool) {
		if k := len(all) - 1; k >= 0 && all[k].output == output {
			all[k].n += n
		} else if n > 0 {
			all = append(all, span{at, n, output})
		}
	}
	for _, k := range []kind{matrices, vectors} {
		at := starts[k]
		for _, p := range b.kinds[k] {
			n := room(length(p.shape))
			add(at, n, p.value == &out.W || p.value == &out.Bias)
			at += n
		}
	}
	add(starts[extras], total-starts[extras], false)
	return all
}
