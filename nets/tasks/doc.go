// Package tasks has the tasks that systems learn from: each is a [nets.Task] in a file of its own.
package tasks

import (
	"hebb/compute"
	"hebb/nets"
)

// Tasks are the tasks of this package that text can name.
var Tasks = []nets.NamedTask{
	{Name: "sines", About: "sines for so long, after a cue at their beginning", Task: func() nets.Task { return &Sines{Period: 40, Outputs: 1, Cue: 5} }, Moments: 24000},
	{Name: "xor", About: "exclusive or, its four examples at once", Task: func() nets.Task { return &XOR{} }, Moments: 1200},
	{Name: "recall", About: "patterns of ±1, and then each of them with bits flipped", Task: func() nets.Task { return &Recall{Bits: 200, Patterns: 15, Flip: 0.1} }, Moments: 2},
	{Name: "clauses", About: "a logic program, and then random states, to be changed until they violate none of its clauses", Task: func() nets.Task {
		return &Clauses{Atoms: 20, Facts: 4, Pairs: 10, Triples: 10, Starts: 50}
	}, Moments: 2},
	{Name: "codes", About: "one-hot codes, all at once, and each wanted back", Task: func() nets.Task { return &Codes{Bits: 8} }, Moments: 2000},
	{Name: "subtasks", About: "few of many inputs in each trial, and a linear function of them", Task: func() nets.Task {
		return &Subtasks{Outputs: 10, Inputs: 100, Length: 100, Task: 50, Trial: 10, Floor: 2, Weight: 0.1}
	}, Moments: 5000},
	{Name: "butterfly", About: "a butterfly to be drawn from the activities of a random recurrent network", Task: func() nets.Task { return &Butterfly{Units: 200, Length: 200, Tau: 10} }, Moments: 2000},
	{Name: "pairs", About: "a pulse, and later the reflex that it announces", Task: func() nets.Task {
		return &Pairs{Period: 1000, Predictor: 500, Reflex: 525, Until: 100000}
	}, Moments: 150000},
	{Name: "loop", About: "pairs whose reflex is as strong as the answer leaves it", Task: func() nets.Task {
		return &Pairs{Period: 600, Predictor: 100, Reflex: 125, Jitter: 5, Closed: true}
	}, Moments: 180000},
	{Name: "forage", About: "a robot that steers to food by near and far sensors", Task: func() nets.Task {
		return &Forage{Moments: 200, Speed: 0.01, Gain: 0.002, Eyes: 0.1, Near: 0.25, Far: 1, Dead: 0.15, Offset: 0.25, Contact: 0.05}
	}, Moments: 20000},
	{Name: "addition", About: "two marked numbers among many, and at the end their sum", Task: func() nets.Task { return &Addition{Length: 20, Batch: 16} }, Moments: 100_000},
	{Name: "copy", About: "symbols, and after a delay the same again", Task: func() nets.Task { return &Copy{Length: 20, Items: 3, Symbols: 4, Batch: 16} }, Moments: 100_000},
	{Name: "anbn", About: "strings of n a and as many b, symbol by symbol, with pauses: the next one", Task: func() nets.Task { return &AnBn{Most: 16, Pause: 0.5, Length: 80, Batch: 16} }, Moments: 400_000},
	{Name: "strung", About: "patterns that are learned one by one and strung into a sequence by the answers (hebb's own)", Task: func() nets.Task {
		return &Strung{Patterns: 4, Period: 20, Delay: 8, Order: "random"}
	}, Moments: 100_000},
	{Name: "wave", About: "a period of a sum of sines, without any input", Task: func() nets.Task { return &Wave{Period: 100} }, Moments: 99000},
	{Name: "spirals", About: "points on two spirals that wind around each other, and on which each is", Task: func() nets.Task { return &Spirals{} }, Moments: 2500},
	{Name: "parity", About: "whether the number of ones among bits is odd, all patterns at once", Task: func() nets.Task { return &Parity{Bits: 8} }, Moments: 1500},
	{Name: "reversal", About: "two images that ask for left and right, and change places without notice; a reward", Task: func() nets.Task {
		return &Reversal{Inputs: 100, Active: 0.5, Block: 60}
	}, Moments: 600},
	{Name: "walk", About: "a random walk seen through noise, of each volatility and each noise", Task: func() nets.Task {
		return &Walk{Volatility: []float64{0.5, 1.5}, Noise: []float64{1, 3}, Agents: 100, Moments: 200}
	}, Moments: 200},
	{Name: "kick", About: "the cells that are kicked once in a trial, always the same ones; nothing is wanted", Task: func() nets.Task { return &Kick{Cells: 400, Kicked: 12} }, Moments: 1000},
	{Name: "spectrum", About: "inputs whose covariance has given eigenvalues, all at once", Task: func() nets.Task {
		return &Spectrum{Values: []float32{4, 2, 1, 0.8714, 0.7429, 0.6143, 0.4857, 0.3571, 0.2286, 0.1}}
	}, Moments: 4000},
	{Name: "sources", About: "mixtures of independent sources with heavy tails, whitened", Task: func() nets.Task { return &Sources{Sources: 10, Rows: 20000, Batch: 2000} }, Moments: 600},
	{Name: "patches", About: "whitened patches of the photographs in --data FOLDER", Task: func() nets.Task {
		return &Patches{Size: 12, Places: 40000, Take: 10000, Contrast: 0.05, Whiten: "pca", Keep: 80, Batch: 1000}
	}, Moments: 800},
	{Name: "assemblies", About: "patterns that are stored in a space of cells and recalled from it, or copied to another", Task: func() nets.Task {
		t := DefaultAssemblies
		return &t
	}, Moments: 720},
	{Name: "constant", About: "the same number at every moment", Task: func() nets.Task { return &Constant{Value: 1} }, Moments: 20000},
	{Name: "evidence", About: "cues on the left and on the right, and after a delay the side that had more; spikes", Task: func() nets.Task {
		return &Evidence{Step: 3, Cues: 7, Period: 150, Length: 100, Delay: 1050, Recall: 150, Rate: 40, Background: 10, Odds: 0.7, Group: 10, Batch: 64}
	}, Moments: 225_000},
	{Name: "pattern", About: "frozen spikes, and a sum of sines to be made from them", Task: func() nets.Task {
		return &Pattern{Step: 2, Length: 1000, Inputs: 100, Rate: 50, Periods: []float64{1000, 500, 333, 200}}
	}, Moments: 100_000},
	{Name: "white-noise", About: "independent normal numbers on a sheet of cells, and nothing is wanted", Task: func() nets.Task { return &WhiteNoise{Side: 32, Batch: 20} }, Moments: 3000},
	{Name: "encoded", About: "the examples of --data or, with of=TASK, of another task, as spikes", Task: func() nets.Task {
		return &Encoded{Encoder: "poisson", Rate: 100, MS: 100, DT: 1, Want: 20, High: 1, Curve: "linear", Tau: 20, Threshold: 0.2}
	}},
}

var (
	squaredError = compute.Formula("(y - want)*(y - want)", "y", "want")
	product      = compute.Formula("x*y", "x", "y")
)

// countVariance counts the mean of ‖answer‖² as "variance".
func countVariance(p *nets.Pass, m nets.Moment, answer *compute.Tensor) {
	p.Count("variance", p.PerLearner(squared, 1, answer), m.Examples())
}

// countError counts the mean squared error of an answer as "error": Σ (y − want)² over the numbers of an example, divided
// by how many they are.
func countError(p *nets.Pass, m nets.Moment, y *compute.Tensor) {
	each := p.Masked(p.Map(squaredError, y, m.Want), m)
	p.CountOf(m, "error", p.PerLearner(nil, 1/float32(y.Cols()), each))
}
