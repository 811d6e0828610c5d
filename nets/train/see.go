package train

import (
	"errors"

	"hebb/compute"
	"hebb/internal/float"
	"hebb/nets"
	"hebb/nets/stack"
)

// A Sight is what the network of one learner makes of a batch of an evaluation.
type Sight struct {
	Learner int
	First   int       // number of the first example within the part; the others follow
	Of      int       // examples of all batches
	Labels  []float32 // of each example
	Answers []float32 // examples × classes: the outputs, or the loss's predictions if it is a [nets.Predictor]
	Layer   []float32 // examples × numbers: the output of Exam.Layer, if there is one
}

// watchLayer has the networks of a run keep the output of a layer.
func (r *Run) watchLayer(layer string) (nets []*stack.Net, err error) {
	for _, s := range r.Session.Systems() {
		net := s.(*stack.System).Network()
		if nets = append(nets, net); layer != "" {
			err = errors.Join(err, net.Watch(layer))
		}
		if err != nil {
			return nil, err
		}
	}
	return nets, nil
}

// see calls See with what each learner of a cohort makes of a batch.
func (w *watched) see(p *nets.Pass, m nets.Moment, answer *compute.Tensor) error {
	first := int(p.Seed - w.exam.Seed)
	all := []*compute.Tensor{p.All(m.Want), p.All(answer)}
	if w.exam.Layer != "" {
		all = append(all, w.nets[min(first, len(w.nets)-1)].Watched()) // of learners side by side there is one
	}
	values := make([][]float32, 3)
	for i, t := range all {
		values[i] = make([]float32, t.Len())
		p.Read(t, values[i])
	}
	for l := range p.Learners {
		of := func(x []float32) []float32 { return x[l*len(x)/p.Learners : (l+1)*len(x)/p.Learners] }
		err := w.exam.See(Sight{Learner: first + l, First: int(p.Number) * w.Options.Batch, Of: w.Part.N(),
			Labels: of(values[0]), Answers: of(values[1]), Layer: of(values[2])})
		if err != nil {
			return err
		}
	}
	return nil
}

// Of topFive: the output of the label, and by how many outputs it is surpassed, those before it that equal it among them.
var (
	ofLabel   = compute.Formula("where(0.5 - abs(label - class), z, 0)", "z", "label", "class")
	surpassed = compute.Formula("where(z - own, 1, where(own - z, 0, where(label - class, 1, 0)))", "z", "own", "label", "class")
	amongFive = compute.Formula("where(4.5 - above, 1, 0)", "above")
)

// countTopFive counts the examples whose label is among the five largest outputs.
func countTopFive(p *nets.Pass, m nets.Moment, answer *compute.Tensor) {
	rows, classes := p.Learners*m.Examples(), answer.Cols()
	z := p.View(p.All(answer), 0, rows, classes)
	labels, own, above := p.View(p.Labels(m), 0, rows, 1), p.Tensor(rows), p.Tensor(rows)
	p.Do(compute.Reduce{Out: own, In: []*compute.Tensor{z, labels, p.Numbers(classes)}, F: ofLabel, Along: compute.AlongCols, Alpha: 1})
	in := []*compute.Tensor{z, p.View(own, 0, rows, 1), labels, p.Numbers(classes)}
	p.Do(compute.Reduce{Out: above, In: in, F: surpassed, Along: compute.AlongCols, Alpha: 1})
	p.Count(topFive, p.View(p.Map(amongFive, above), 0, p.Learners, m.Examples(), 1), m.Examples())
}

const topFive = "top-5"

// A ClassScore is how a network does on a class.
type ClassScore struct {
	Class     string       `json:"class"`
	Examples  int          `json:"examples"`
	Recall    float.OrNull `json:"recall"`    // share of its examples that are taken for it; null where there are none
	Precision float.OrNull `json:"precision"` // share of the examples taken for it that are of it; null where there are none
}

// PerClass returns the scores of all classes, if their confusions were counted.
func (v Evaluation) PerClass() (all []ClassScore) {
	for i, row := range v.Confusion {
		c, taken := ClassScore{Class: v.Classes[i]}, 0
		for j, n := range row {
			c.Examples += n
			taken += v.Confusion[j][i]
		}
		c.Recall, c.Precision = float.OrNull(float64(row[i])/float64(c.Examples)), float.OrNull(float64(row[i])/float64(taken))
		all = append(all, c)
	}
	return all
}
