package cpu

// vector is the widest kind of vector that this package has code for and the processor runs.
var vector = widest()

// A width is scalar or, above, a kind of vector of the architecture, the narrowest first.
type width int

const scalar width = 0
