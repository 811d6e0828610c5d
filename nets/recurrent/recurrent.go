// Package recurrent has recurrent networks that learn from sequences, moment by moment.
//
// A [Network] is what learns, leaky rate units unless another is given; a rule is how: each system of the package is one,
// written once for all networks. All of them follow the gradient of the loss, or what they take for it:
//
//	system   gradient                              work a moment  memory   (of n units and |θ| weights, for each example)
//	bptt     exact, when a trial ends              |θ|            n·trial
//	tbptt    of the last k moments                 k·|θ|          n·k
//	rtrl     exact, at each moment                 n²·|θ|         n·|θ|
//	uoro     right in the mean, of high variance   |θ|            |θ|
//	kfrtrl   right in the mean, of less            n³             n² + n
//	rflo     of what needs no recurrent weights    |θ|            |θ|
//	readout  of the readout alone: the control     n              n
package recurrent

import "hebb/nets"

// Systems are the systems of this package that text can name.
var Systems = []nets.NamedSystem{
	{Name: "rflo", About: "random feedback local online learning (Murray 2019)", Rate: 5e-4,
		System: func() nets.System { return &RFLO{Leaky: first, When: atMoments, Learning: learning(random)} }},
	{Name: "bptt", About: "backprop through time, over whole trials (Werbos 1990)", Rate: 5e-4,
		System: func() nets.System { return &BPTT{Leaky: first, Learning: learning(transposed)} }},
	{Name: "tbptt", About: "backprop through the last moments (Williams and Peng 1990)", Rate: 5e-4,
		System: func() nets.System {
			return &TBPTT{Leaky: first, Span: 10, When: atMoments, Learning: learning(transposed)}
		}},
	{Name: "rtrl", About: "real-time recurrent learning (Williams and Zipser 1989)", Rate: 5e-4,
		System: func() nets.System { return &RTRL{Leaky: first, When: atMoments, Learning: learning(transposed)} }},
	{Name: "uoro", About: "unbiased online recurrent optimisation (Tallec and Ollivier 2018)", Rate: 5e-5,
		System: func() nets.System { return &UORO{Leaky: first, When: atMoments, Learning: learning(transposed)} }},
	{Name: "kfrtrl", About: "Kronecker-factored RTRL (Mujika, Meier and Steger 2018)", Rate: 1e-4,
		System: func() nets.System { return &KFRTRL{Leaky: first, When: atMoments, Learning: learning(transposed)} }},
	{Name: "readout", About: "a random network whose readout alone learns, the control of rules that learn more (Jaeger 2001)", Rate: 5e-4,
		System: func() nets.System { return &Readout{Leaky: first, When: atMoments, Optimiser: nets.SGD{}} }},
}

// first is a network as it is unless a text says more.
var first = Leaky{Units: 50, Tau: 10, Gain: 1.5, Act: "tanh"}

func learning(feedback string) Learning { return Learning{Feedback: feedback, Optimiser: nets.SGD{}} }

// A NamedNetwork is a [Network] that text can name, network=NAME of any system of this package: Network returns a pointer
// to a new struct, whose settings are its exported fields with toml tags.
type NamedNetwork struct {
	Name, About string
	Network     func() Network
}

// Networks are the networks of this package that text can name. Leaky units are what there is without.
var Networks = []NamedNetwork{
	{"balance", "influence balancing (Tallec and Ollivier 2018): one weight, whose influence changes its sign with time",
		func() Network { return &Balance{Units: 23, Plus: 10} }},
}
