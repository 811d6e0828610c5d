// Package nets trains learning systems of any kind on a [compute.Device]. It has no learning rules and depends on no backend.
//
// A [System] is a model with its learning rule, a [Task] is a source of inputs and a judge of answers, and a [Run] trains
// systems on tasks for any number of learners. A system allocates named tensors in a [Store], side by side for all learners,
// and answers one [Moment] at a time with ops on a [Pass]. Its tensors are saved, resumed, evaluated and checked without a
// line in the system.
//
// A learner is a seed: learner l of a run of L learners has the weights and the scores of a run of one learner with the
// seed Seed + l, to the bit on the CPU. Systems whose ops support one learner only return [ErrAlone] from Build, and their
// learners take turns.
//
// The systems are in the packages below: feed-forward networks in stack, their rules in credit and local, and one package
// for each other family. Package nettest tests that a System keeps these rules.
package nets
