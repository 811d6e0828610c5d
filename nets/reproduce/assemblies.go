package reproduce

import (
	"context"
	"fmt"
	"math"
	"time"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/spiking"
	"hebb/nets/tasks"
)

// assemblies stores patterns in a variable space, recalls them from it, copies them to another, and compares two.
var assemblies = Experiment{
	Name:  "assemblies",
	About: "assemblies of spiking cells in two spaces that bind by spike-timing-dependent plasticity: what is stored in one is recalled in the other, copied, and compared",
	Source: "reference: a program of lists in C of the same equations and protocol, 8 seeds; constants and protocol are of the authors' code for " +
		"Müller, Papadimitriou, Maass, Legenstein 2020, \"A model for structured information representation in neural networks of the brain\", with longer steps and shorter pauses",
	Systems: map[string]string{"store and recall": storedRun, "copy": copiedRun, "compare": comparedRun},
	Scales: []Scale{
		{Name: "cpu", About: "the whole of it", Takes: 15 * time.Minute, Parts: []Part{
			wholeSpaces.recalls("full", 3, 0.03, assemblyRun{dt: 0.5, shown: 200}),
			wholeSpaces.recalls("fast", 8, 0.12, assemblyRun{dt: 1, shown: 50}),
			wholeSpaces.controls(5),
			wholeSpaces.copies(3),
			wholeSpaces.compares(3),
		}},
		{Name: "small", About: "spaces of a tenth of the size with as many synapses a cell, two patterns, and one control", Takes: 2 * time.Minute, Parts: []Part{smallSpaces.smallRecalls(1)}},
	},
}

// Quantities of operations, each a mean over the patterns.
const (
	recallsRight   Quantity = "operations that succeed, of 1"
	recallsReadout Quantity = "operations whose pattern the readout tells, of 1"
	recallsShared  Quantity = "cells of the test's assembly in the recall, of 1"
	recallsExcess  Quantity = "other cells in the recall, of the size of the assembly"
	recallsAgain   Quantity = "cells of the variable assembly in the recall, of 1"
	contentCells   Quantity = "cells of a content assembly"
	variableCells  Quantity = "cells of a variable assembly"

	pairsRight     Quantity = "pairs told right, of 1"
	sameRight      Quantity = "pairs of the same told right, of 1"
	differentRight Quantity = "pairs of different ones told right, of 1"
	sameMoves      Quantity = "drive of the second recall, of the first, the same"
	differentMoves Quantity = "drive of the second recall, of the first, different"
)

var ofOperations = map[Quantity]string{recallsRight: "success", recallsReadout: "readout", recallsShared: "shared", recallsExcess: "excess",
	recallsAgain: "recovered", contentCells: "content cells", variableCells: "variable cells",
	pairsRight: "right", sameRight: "same right", differentRight: "different right", sameMoves: "same moves", differentMoves: "different moves"}

// An assemblySize is how large spaces are, as a share of the protocol's, and how many patterns there are.
type assemblySize struct {
	share    float64
	patterns int
}

var wholeSpaces, smallSpaces = assemblySize{1, 5}, assemblySize{0.1, 2}

// An assemblyRun is what differs between runs.
type assemblyRun struct {
	dt               float64
	shown            int
	operation        string
	unstored, frozen bool
	brief            bool // a pattern takes 100 ms, its creation 400, and the delay 50
}

// make runs the protocol once, for all seeds at once.
func (z assemblySize) make(r assemblyRun) Program {
	return func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
		task := z.task(r)
		s, err := nets.Run{System: func() nets.System { return z.system(r) }, Task: func() nets.Task { t := task; return &t }, Learners: seeds.N, Seed: seeds.First, Rate: 1}.Open(dev)
		if err != nil {
			return nil, err
		}
		defer s.Close()
		for range task.Moments() {
			if err := s.Step(ctx); err != nil {
				return nil, err
			}
		}
		m, err := s.Metrics()
		if err != nil {
			return nil, err
		}
		f := Figures{}
		for q, name := range ofOperations {
			if v := of(m, name, itself); len(v) > 0 {
				f[q] = v
			}
		}
		return f, nil
	}
}

// system returns the network of a run. Smaller spaces have higher probabilities, so that a cell has as many synapses from
// excitatory cells, and stronger synapses of the fewer inhibitory ones.
func (z assemblySize) system(r assemblyRun) nets.System {
	a := spiking.DefaultAssemblies
	a.DT, a.Frozen = r.dt, r.frozen
	a.Content, a.Variable = z.cells(a.Content), z.cells(a.Variable)
	a.Connect = []float64{a.Connect[0] / z.share, a.Connect[1], a.Connect[2], a.Connect[3], a.Connect[4] / z.share}
	a.Static = []float64{a.Static[0] / z.share, a.Static[1] / z.share, a.Static[2] / z.share}
	if r.operation != "" {
		a.Spaces = 2
	}
	if r.operation == comparing {
		a.Depressing = []float64{0.25, 706, 21}
	}
	return &a
}

func (z assemblySize) cells(n int) int { return int(math.Round(z.share * float64(n))) }

// task returns the protocol of a run.
func (z assemblySize) task(r assemblyRun) tasks.Assemblies {
	t := tasks.DefaultAssemblies
	t.Content, t.Variable, t.Patterns = z.cells(t.Content), z.cells(t.Variable), z.patterns
	t.Shown, t.Unstored = r.shown, r.unstored
	if r.brief {
		t.Present, t.Create, t.Delay = 2, 8, 1
	}
	if r.operation != "" {
		t.Spaces, t.Operation = 2, r.operation
	}
	return t
}

const copied, comparing = "copy", "compare"

// Names of the runs.
const (
	storedRun   = "store and recall"
	unstoredRun = "variable space inhibited in store"
	frozenRun   = "no plasticity of the variable space"
	copiedRun   = "store, copy and recall"
	uncopiedRun = "the same without plasticity of variable spaces"
	comparedRun = "store in two spaces and compare"
	unboundRun  = "compare without plasticity of variable spaces"
)

// recalls is the protocol with so many seeds; excess is the band of what else is recalled.
func (z assemblySize) recalls(name string, seeds int, excess float64, r assemblyRun) Part {
	published := map[float64][7]float64{0.5: {1, 1, 0.979, 0.001, 0.995, 69.1, 112.4}, 1: {39. / 40, 1, 0.970, 0.019, 0, 69.5, 118.9}}[r.dt]
	p := Part{Name: name, About: fmt.Sprintf("spaces of 1000 and 2000 excitatory cells, steps of %g ms, %d presentations; five patterns are tested, made assemblies of in the variable space, stored there and recalled after a second",
		r.dt, r.shown),
		Runs: []Run{{Name: storedRun, Seeds: seeds, Make: z.make(r), Figures: []Figure{
			{What: recallsRight, Published: published[0], Within: 1. / 15}, {What: recallsReadout, Published: published[1]},
			{What: recallsShared, Published: published[2], Within: published[2] - 0.93}, {What: recallsExcess, Published: published[3], Within: excess - published[3]},
			none(recallsAgain), {What: contentCells, Published: published[5], Within: 14}, {What: variableCells, Published: published[6], Within: 16},
		}}},
		Check: []Claim{
			{"of the operations 14 of 15 succeed", func(rows Rows) bool { return rows.Mean(storedRun, recallsRight) >= 14./15 }},
			{fmt.Sprintf("recalls have 0.93 of the assembly's cells, and at most %g of its size of others, in the mean", excess), func(rows Rows) bool {
				return rows.Mean(storedRun, recallsShared) >= 0.93 && rows.Mean(storedRun, recallsExcess) <= excess
			}},
			{"content assemblies have 55 to 85 cells, and variable ones 95 to 135, in the mean of each seed", func(rows Rows) bool {
				return rows.all(storedRun, contentCells, func(x float64) bool { return x >= 55 && x <= 85 }) &&
					rows.all(storedRun, variableCells, func(x float64) bool { return x >= 95 && x <= 135 })
			}},
		}}
	if r.dt == 0.5 {
		p.Runs[0].Figures[4] = Figure{What: recallsAgain, Published: published[4]}
	}
	return p
}

// atChance is the claim that a control recalls what it was not told.
func atChance(run string) Claim {
	return Claim{run + ": at most 2 of 15 operations succeed, and the readout tells at most 7 of 15 patterns, chance being 3", func(rows Rows) bool {
		return rows.Mean(run, recallsRight) <= 2./15 && rows.Mean(run, recallsReadout) <= 7./15
	}}
}

// controls are the fast protocol without what stores a pattern, and without what binds.
func (z assemblySize) controls(seeds int) Part {
	return Part{Name: "controls", About: "the fast protocol: without store no cell of the variable space is more excitable, so that which assembly was stored is not known; without plasticity no synapse binds",
		Runs: []Run{
			{Name: unstoredRun, Seeds: seeds, Make: z.make(assemblyRun{dt: 1, shown: 50, unstored: true}), Figures: []Figure{{What: recallsRight, Published: 0, Within: 2. / 15}, {What: recallsReadout, Published: 3. / 25, Within: 0.35}, none(recallsShared)}},
			{Name: frozenRun, Seeds: seeds, Make: z.make(assemblyRun{dt: 1, shown: 50, frozen: true}), Figures: []Figure{{What: recallsRight, Published: 0, Within: 2. / 15}, {What: recallsReadout, Published: 4. / 25, Within: 0.3}, none(recallsShared)}},
		},
		Check: []Claim{atChance(unstoredRun), atChance(frozenRun)}}
}

// copies stores in one variable space, copies to another, and recalls from that.
func (z assemblySize) copies(seeds int) Part {
	p := Part{Name: copied, About: "two variable spaces, the fast protocol; figures of hebb's own, of which the paper has none for these pauses",
		Check: []Claim{{"of the copies 13 of 15 are recalled from the second space", func(rows Rows) bool { return rows.Mean(copiedRun, recallsRight) >= 13./15 }}, atChance(uncopiedRun)}}
	for _, r := range []struct {
		name   string
		frozen bool
	}{{copiedRun, false}, {uncopiedRun, true}} {
		p.Runs = append(p.Runs, Run{Name: r.name, Seeds: seeds, Make: z.make(assemblyRun{dt: 1, shown: 50, operation: copied, frozen: r.frozen}), Figures: []Figure{
			none(recallsRight), none(recallsReadout), none(recallsShared), none(recallsExcess), none(recallsAgain), none(contentCells), none(variableCells)}})
	}
	return p
}

// compares stores a pattern in each of two variable spaces, and tells whether they are the same.
func (z assemblySize) compares(seeds int) Part {
	p := Part{Name: comparing, About: "two variable spaces, the fast protocol, each pattern beside itself and beside the next: recalled from one space and at once from the other, through depressing synapses on a readout; figures of hebb's own, of which the paper has none",
		Check: []Claim{
			{"of the pairs 0.9 are told right", func(rows Rows) bool { return rows.Mean(comparedRun, pairsRight) >= 0.9 }},
			{"without plasticity 0.35 to 0.65 of the pairs are told right, chance being 0.5, and the second recall drives the readout alike, to 0.1, whether it is the same or not", func(rows Rows) bool {
				return math.Abs(rows.Mean(unboundRun, pairsRight)-0.5) <= 0.15 && math.Abs(rows.Mean(unboundRun, sameMoves)-rows.Mean(unboundRun, differentMoves)) <= 0.1
			}},
		}}
	for _, r := range []struct {
		name   string
		frozen bool
	}{{comparedRun, false}, {unboundRun, true}} {
		p.Runs = append(p.Runs, Run{Name: r.name, Seeds: seeds, Make: z.make(assemblyRun{dt: 1, shown: 50, operation: comparing, frozen: r.frozen}), Figures: []Figure{
			none(pairsRight), none(sameRight), none(differentRight), none(sameMoves), none(differentMoves)}})
	}
	return p
}

// smallRecalls is a short protocol and a control with small spaces.
func (z assemblySize) smallRecalls(seeds int) Part {
	p := Part{Name: "recall", About: fmt.Sprintf("%d patterns, 6 presentations of 100 ms, steps of 1 ms; creations take 400 ms, and the delay 50: what binds is seen, but with many other cells", z.patterns),
		Check: []Claim{{"recalls have at least 0.25 more of the assembly's cells than without plasticity of the variable space", func(rows Rows) bool {
			return rows.Mean(storedRun, recallsShared)-rows.Mean(frozenRun, recallsShared) >= 0.25
		}}}}
	for _, frozen := range []bool{false, true} {
		name := map[bool]string{false: storedRun, true: frozenRun}[frozen]
		p.Runs = append(p.Runs, Run{Name: name, Seeds: seeds, Make: z.make(assemblyRun{dt: 1, shown: 6, frozen: frozen, brief: true}), Figures: []Figure{
			none(recallsRight), none(recallsReadout), none(recallsShared), none(recallsExcess), none(contentCells), none(variableCells)}})
	}
	return p
}
