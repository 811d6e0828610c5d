package cpu

// vector is the widest kind of vector that this package has code for and the processor runs.
var vector = widest()

type width int

const (
	scalar width = iota
	avx2         // with fused multiply-add
	avx512
)

func (w width) String() string { return [...]string{"scalar", "AVX2", "AVX-512"}[w] }
