package reproduce

import (
	"fmt"
	"time"

	"hebb/nets/data"
	"hebb/nets/train"
)

// hmax reads out C2 and, as a control, pixels, by the same ridge regression, and moves the images that it tests on. It
// fails if C2 does not keep its accuracy, or pixels do.
var hmax = Experiment{
	Name:    "hmax",
	Systems: map[string]string{"HMAX": "C2"},
	About:   "HMAX and pixels on images that are moved: ridge regression of 3000 images in the middle of a canvas",
	Source:  "a sketch of the model of Riesenhuber, Poggio 1999 and Serre et al. 2007, which report no such figures: they are of another program (numpy), three seeds, tested on 1000 images",
	Scales: []Scale{
		{Name: "cpu", About: "the whole of it, tested on all images", Takes: 10 * time.Minute, Parts: []Part{
			moved{"mnist", 3, 100, 30, 0, 200, [][2]Figure{
				{{Published: 95.3, Within: 1.8}, {Published: 82.2, Within: 4}},
				{none(movedBy(1)), none(movedBy(1))},
				{{Published: 93.4, Within: 6.4}, {Published: 25.3, Within: 9.7}},
				{none(movedBy(3)), none(movedBy(3))},
				{{Published: 83.8, Within: 13.8}, {Published: 13.0, Within: 16}},
			}}.part(40),
			moved{"fashion-mnist", 3, 100, 30, 0, 200, [][2]Figure{
				{{Published: 79.9, Within: 5}, {Published: 77.8, Within: 11}},
				{none(movedBy(1)), none(movedBy(1))},
				{{Published: 72.5, Within: 4.5}, {Published: 31.5, Within: 8.5}},
				{none(movedBy(3)), none(movedBy(3))},
				{{Published: 60.4, Within: 10.4}, {Published: 14.7, Within: 8.5}},
			}}.part(30),
		}},
		{Name: "small", About: "for a device in software: 20 templates, 200 images, tested on 100", Takes: time.Minute, Parts: []Part{smallMoved}},
	},
}

var smallMoved = moved{"mnist", 1, 40, 5, 100, 20, [][2]Figure{
	{none(Accuracy), none(Accuracy)}, {none(movedBy(1)), none(movedBy(1))}, {none(movedBy(2)), none(movedBy(2))},
}}.part(10)

func movedBy(pixels int) Quantity {
	return Quantity(fmt.Sprintf("accuracy moved by (%d, %d), %%", pixels, pixels))
}

// A moved is an experiment on data that are moved by 0, 1, 2 … pixels, with the figures of C2 and of pixels.
type moved struct {
	data         string
	seeds        int
	batch, steps int
	tests        int // 0: all
	templates    int
	figures      [][2]Figure
}

// part is both runs; moved the farthest, C2 has to be ahead by so many points with every seed.
func (m moved) part(ahead float64) Part {
	p := Part{Name: m.data, About: fmt.Sprintf("%d images; C2 of %d templates on canvases of 46×46 pixels, pixels of 36×36", m.batch*m.steps, m.templates),
		Curve: &Curve{X: "pixels that the image is moved down and right", Y: "test accuracy in %"}}
	const c2, pixels = "C2", "pixels"
	for k, name := range []string{c2, pixels} {
		c := train.Default
		c.Data, c.Rule, c.Optimiser, c.Normalise = m.data, "ridge", "sgd", "none"
		c.Batch, c.Epochs, c.Steps, c.TestLimit = m.batch, 0, m.steps, m.tests
		c.Net, c.Canvas = fmt.Sprintf("hmax:templates=%d", m.templates), 46
		if name == pixels {
			c.Net, c.Canvas = "mlp:1296-10", 36
		}
		run := Run{Name: name, Seeds: m.seeds}
		var exams []Exam
		for by, f := range m.figures {
			q := Accuracy
			if by > 0 {
				q = movedBy(by)
				exams = append(exams, Exam{Gives: q, Shift: data.Shift{Down: by, Right: by}})
			}
			if k == 0 {
				p.Curve.Points = append(p.Curve.Points, Point{float64(by), q})
			}
			f[k].What = q
			run.Figures = append(run.Figures, f[k])
		}
		run.Make = Training{Config: c, Exams: exams}
		p.Runs = append(p.Runs, run)
	}
	far := movedBy(len(m.figures) - 1)
	p.Check = []Claim{{fmt.Sprintf("moved the farthest, C2 is ahead of pixels by %g points with every seed", ahead), func(rows Rows) bool {
		of := rows.Of(pixels, far)
		for i, x := range rows.Of(c2, far) {
			if !(x >= of[i]+ahead) {
				return false
			}
		}
		return len(of) > 0
	}}, {"C2 loses less than half as much as pixels do", func(rows Rows) bool {
		lost := func(run string) float64 { return rows.Mean(run, Accuracy) - rows.Mean(run, far) }
		return lost(c2) < lost(pixels)/2
	}}}
	return p
}
