package bench

import (
	"fmt"
	"slices"

	"hebb/compute"
)

// A Case is one op at one size or, in the suite training, the training steps of one network.
type Case struct {
	Suite string
	Name  string
	Quick bool // belongs to the handful of cases of a quick run

	// Build makes the op and its tensors, within a step. It is nil in a case that has a Training.
	Build func(*compute.Step) compute.Op

	// Parts, if not nil, makes the ops that run instead of op: the stored form of a pass that streams.
	Parts func(s *compute.Step, op compute.Op) []compute.Op

	Training *Training
}

// ops makes the op of c and the ops that are run for it.
func (c Case) ops(s *compute.Step) (op compute.Op, run []compute.Op) {
	op = c.Build(s)
	if c.Parts == nil || s.Err() != nil {
		return op, []compute.Op{op}
	}
	return op, c.Parts(s, op)
}

// Suites are the names of the suites, in the order in which they are run.
var Suites = []string{"product", "hebbian", "gram", "hsic", "pointwise", "small", "layers", "training"}

// sampled are the suites of which a run that names none has only the quick cases.
var sampled = []string{"small", "layers", "training"}

// Cases returns the cases that o asks for, of those that o.Only matches in "suite name", each suite's from small to large: the
// time of a large case is predicted from the smaller ones before it. Images go at o.Batch at a time. With a Budget the quick
// cases come first.
func Cases(o Options) ([]Case, error) {
	makers := map[string]func() []Case{
		"product": products, "hebbian": updates, "gram": grams, "hsic": func() []Case { return slices.Concat(kernelPasses(), inverses()) },
		"pointwise": pointwise, "small": smallMembers, "layers": o.layers, "training": o.trainings,
	}
	for _, s := range o.Suites {
		if makers[s] == nil {
			return nil, fmt.Errorf("no suite %q; there are %v", s, Suites)
		}
	}
	var all []Case
	for _, s := range Suites {
		named := slices.Contains(o.Suites, s)
		if !named && len(o.Suites) > 0 {
			continue
		}
		quick := o.Quick || !named && slices.Contains(sampled, s)
		for _, c := range makers[s]() {
			c.Suite = s
			if (c.Quick || !quick) && o.matches(c) {
				all = append(all, c)
			}
		}
	}
	if o.Budget > 0 {
		slices.SortStableFunc(all, func(a, b Case) int {
			switch {
			case a.Quick == b.Quick:
				return 0
			case a.Quick:
				return -1
			}
			return 1
		})
	}
	return all, nil
}

func (o Options) matches(c Case) bool { return o.Only == nil || o.Only.MatchString(c.Suite+" "+c.Name) }

// times is the size of one member of a batch, with the number of members if there are several.
func times(batch int, size string) string {
	if batch == 1 {
		return size
	}
	return fmt.Sprintf("%d × %s", batch, size)
}
