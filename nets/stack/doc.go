// Package stack trains feed-forward networks by exchangeable rules of credit assignment.
//
// A network is described by a [Spec]: a [Stack] of layers, as plain data, or a name that [Parse] knows. A [System] trains a
// network with a [Rule], a loss and an optimiser, in a [nets.Run]; a [Trainer] does so for programs with a training loop of
// their own, and [New] makes a network alone. A Rule of four methods distinguishes backprop from feedback alignment, weight
// mirror or activation alignment: the shape of the feedback weights, their initial values, the delta that a layer sends
// down, and how the feedback weights learn. A [Local] rule trains each block by an objective of its own. The rules are in
// packages credit and local; the programs in examples/rule, examples/local and examples/layer add a rule, an objective and
// a layer.
//
// Networks of dense layers support several learners side by side: activities are then learners × examples × units.
// Convolutions and rules that compare examples by kernels support one learner at a time, see [nets.ErrAlone].
package stack
