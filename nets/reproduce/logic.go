package reproduce

import (
	"context"
	"fmt"
	"time"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/attract"
	"hebb/nets/tasks"
)

const (
	foundModels Quantity = "share of states that end with no violated clause"
	violated    Quantity = "violated clauses at the end"
	fromLeast   Quantity = "share of atoms unlike the least model"
)

// logic seeks models of random logic programs from random states, and compares what becomes of ties.
var logic = Experiment{
	Name:    "logic",
	Systems: map[string]string{"logic programs": "20 atoms, 4/10/10 clauses, ties random"},
	About:   "models of random logic programs, sought by a network of higher order, with three rules for ties",
	Source:  "reference: a program in float64 (numpy) by the same protocol, of 3 to 10 seeds",
	Scales: []Scale{
		{Name: "cpu", About: "the whole of it", Takes: 2 * time.Minute, Parts: []Part{modelsPart(programs, 10, 20, 50)}},
		{Name: "small", About: "programs of 10 atoms, of three seeds", Takes: 2 * time.Second, Parts: []Part{modelsPart(programs[:1], 3, 10, 25)}},
	},
}

// A horn is a kind of random programs, and the reference's share of states that end as models of them: the middle of the
// band and its half width, by the rule for ties.
type horn struct {
	tasks.Clauses
	share map[string][2]float64
}

func (h horn) name(ties string) string {
	return fmt.Sprintf("%d atoms, %d/%d/%d clauses, ties %s", h.Atoms, h.Facts, h.Pairs, h.Triples, ties)
}

var programs = []horn{
	{tasks.Clauses{Atoms: 10, Facts: 2, Pairs: 5, Triples: 5}, map[string][2]float64{"keep": {0.607, 0.11}, "plus": {0.985, 0.045}, "random": {0.981, 0.061}}},
	{tasks.Clauses{Atoms: 20, Facts: 4, Pairs: 10, Triples: 10}, map[string][2]float64{"keep": {0.393, 0.12}, "plus": {0.979, 0.039}, "random": {0.958, 0.158}}},
	{tasks.Clauses{Atoms: 40, Facts: 8, Pairs: 20, Triples: 20}, map[string][2]float64{"keep": {0.172, 0.078}, "plus": {0.993, 0.053}, "random": {0.877, 0.177}}},
	{tasks.Clauses{Atoms: 20, Facts: 2, Pairs: 30, Triples: 30}, map[string][2]float64{"keep": {0.111, 0.069}, "plus": {0.620, 0.18}}},
}

// modelsPart starts from 50 random states in each of some programs of each seed.
func modelsPart(of []horn, seeds, each, sweeps int) Part {
	p := Part{Name: "models", About: fmt.Sprintf("random programs of facts, A ← B and A ← B, C; %d programs of each seed, 50 random states of each, "+
		"units one after the other in random order, %d sweeps at most", each, sweeps)}
	for _, h := range of {
		for _, ties := range []string{"keep", "plus", "random"} {
			f := none(foundModels)
			if band, ok := h.share[ties]; ok {
				f.Published, f.Within = band[0], band[1]
			}
			task := h.Clauses
			task.Starts = 50
			p.Runs = append(p.Runs, Run{Name: h.name(ties), Seeds: seeds, Make: seekModels(task, attract.Logic{Sweeps: sweeps, Ties: ties}, each),
				Figures: []Figure{f, none(violated), none(fromLeast)}})
		}
	}
	p.Check = []Claim{
		{"random ties find more models than ties that are kept, by a tenth of the states or more in every seed", func(rows Rows) bool {
			for _, h := range of {
				kept, random := rows.Of(h.name("keep"), foundModels), rows.Of(h.name("random"), foundModels)
				for k, x := range kept {
					if k >= len(random) || !(random[k] >= x+0.1) {
						return false
					}
				}
			}
			return len(rows) > 0
		}},
		{"ties that become true end farther from the least model than random ones, of programs with as many rules as atoms", func(rows Rows) bool {
			for _, h := range of[:min(3, len(of))] {
				if !(rows.Mean(h.name("plus"), fromLeast) > rows.Mean(h.name("random"), fromLeast)) {
					return false
				}
			}
			return true
		}},
	}
	if len(of) > 2 {
		p.Check = append(p.Check, Claim{"with ties that are kept larger programs are harder, from 10 to 20 to 40 atoms", func(rows Rows) bool {
			share := func(k int) float64 { return rows.Mean(of[k].name("keep"), foundModels) }
			return share(0) > share(1)+0.1 && share(1) > share(2)+0.1
		}})
	}
	return p
}

// seekModels gives each seed some programs, which are learners of their own.
func seekModels(task tasks.Clauses, system attract.Logic, each int) Program {
	return func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
		m, err := lastMoment(ctx, dev, nets.Run{
			System:   func() nets.System { s := system; return &s },
			Task:     func() nets.Task { t := task; return &t },
			Learners: seeds.N * each, Seed: seeds.First * uint64(each),
		}, 1)
		f := Figures{}
		for q, name := range map[Quantity]string{foundModels: "at minimum", violated: "violated", fromLeast: "differ"} {
			for k, x := range m.Get(name).Each {
				if k%each == 0 {
					f[q] = append(f[q], 0)
				}
				f[q][k/each] += x / float64(each)
			}
		}
		return f, err
	}
}
