package compute

// Philox is for the generator's known answers: of its counter, Random reaches few values.
var Philox = philox
