package reproduce

import (
	"time"

	"hebb/nets/train"
)

// retroaxonal tests Harris's hypothesis as nets/credit defines it. It fails if "grown" is not below its control
// "shuffled", or "shrunk" is not above units that never change.
var retroaxonal = Experiment{
	Name:    "retroaxonal",
	Systems: map[string]string{"selection": "grown"},
	About:   "hidden units keep a change of their inputs where their outputs grew, and get no error: selection beside its controls, on MNIST",
	Source:  "the hypothesis is of Harris 2008, \"Stability of the fittest\"; it was published without equations or figures: definition and figures are ours, those to compare with of another program (numpy), three seeds",
	Scales: []Scale{
		{Name: "cpu", About: "100 units, 100 periods of 40 batches, three seeds", Takes: time.Minute, Parts: []Part{retroaxonalPart("", 4800, 0,
			[]retroaxonalArm{{"grown", 10.24, 0.85}, {"none", 12.89, 0.6}, {"shuffled", 12.95, 1.45}, {"all", 13.27, 1.05}, {"shrunk", 14.67, 0.85}},
			Claim{"shuffled errs more than grown by 1.5 points", func(rows Rows) bool { return rows.Mean("shuffled", Error)-rows.Mean("grown", Error) >= 1.5 }},
			Claim{"shrunk errs more than none by 0.8 points", func(rows Rows) bool { return rows.Mean("shrunk", Error)-rows.Mean("none", Error) >= 0.8 }},
			Claim{"grown errs less than shuffled with every seed", func(rows Rows) bool {
				shuffled := rows.Of("shuffled", Error)
				for k, e := range rows.Of("grown", Error) {
					if e >= shuffled[k] {
						return false
					}
				}
				return len(shuffled) > 0
			}},
		)}},
		{Name: "small", About: "for a device in software: ten periods", Takes: time.Minute, Parts: []Part{retroaxonalPart(",periods=10,warmup=100", 600, 2000,
			[]retroaxonalArm{{"grown", 0, 0}, {"shrunk", 0, 0}},
			Claim{"shrunk errs more than grown", func(rows Rows) bool { return rows.Mean("shrunk", Error) > rows.Mean("grown", Error) }},
		)}},
	},
}

// A retroaxonalArm is a choice of what units keep, and the error to compare with.
type retroaxonalArm struct {
	keep          string
	error, within float64
}

func retroaxonalPart(settings string, steps, tests int, arms []retroaxonalArm, claims ...Claim) Part {
	p := Part{Name: "mnist", About: "784-100-10, inputs within [0, 1], batches of 100, rate 0.2, 20 labile units of 100", Check: claims}
	for _, a := range arms {
		c := train.Default
		c.Net, c.System, c.Data, c.Normalise = "", "retroaxonal:keep="+a.keep+settings, "mnist", "none"
		c.Batch, c.Steps, c.Rate, c.LogEvery, c.TestLimit = 100, steps, 0.2, 600, tests
		f := none(Error)
		if a.error > 0 {
			f = Figure{What: Error, Published: a.error, Within: a.within}
		}
		p.Runs = append(p.Runs, Run{Name: a.keep, Make: Training{Config: c}, Seeds: 3, Figures: []Figure{f}})
	}
	return p
}
