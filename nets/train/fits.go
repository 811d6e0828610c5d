package train

import (
	"errors"
	"fmt"
	"strings"

	"hebb/compute"
	"hebb/internal/count"
	"hebb/nets"
	"hebb/nets/catalogue"
	"hebb/nets/data"
)

// misfit adds to why a system cannot learn from its task what the task shows, and what tasks the system fits. Where it fits none,
// the task has no part in it.
func (c Config) misfit(why error, dev *compute.Device, names *catalogue.Catalogue, p plan, set *data.Set) error {
	if errors.Is(why, nets.ErrMemory) {
		return why
	}
	stage := compute.New(&compute.Stage{Of: dev.Info()})
	c.Learners = 1
	var spec nets.Spec
	_, err := nets.Open(stage, 1, c.Seed, func(s *nets.Store) (err error) {
		spec, err = c.run(names, p, set, data.Normalise{}).Task().Build(s)
		return err
	})
	fit := c.fitting(dev, names, p, set)
	if err != nil || len(fit) == 0 {
		return why
	}
	name, wants := "the task "+c.Task, "nothing of them"
	shown := fmt.Sprintf("%v numbers", spec.In)
	if spec.In.Len() == 1 {
		shown = "1 number"
	}
	if !c.ownTask() && c.Task != SamplesTask && c.encoder() == "" {
		name = "a task of the " + map[string]string{"": "images", SequencesTask: SequencesTask}[c.Task] + " of " + c.Data
	}
	switch {
	case spec.Rewards:
		wants = "an answer of " + count.Of(spec.Out, "number") + ", which it rewards"
	case spec.Classes:
		wants = "one of " + count.Of(spec.Out, "class")
	case spec.Out > 0:
		wants = count.Of(spec.Out, "number")
	}
	return fmt.Errorf("%w; %s shows examples of %s and wants %s, and %s fits %s", why, name, shown, wants, c.System, strings.Join(fit, ", "))
}

// labelled is what a message calls the task of the examples of Data with their labels.
const labelled = "images with labels (--data without --task)"

// fitting returns the tasks that the system can learn from. Images are those of a set or, where there is none, of the size of MNIST's.
func (c Config) fitting(dev *compute.Device, names *catalogue.Catalogue, p plan, set *data.Set) (fit []string) {
	if set == nil || set.Sequences != nil {
		set = &data.Set{Height: 28, Width: 28, Channels: 1, Classes: 10}
		set.Train = &data.Split{Pixels: make([]byte, c.Batch*28*28), Labels: make([]int, c.Batch)}
	}
	try := func(task, called string) {
		defer func() {
			if recover() != nil { // which is no fit either
				return
			}
		}()
		c.Task = task
		of := set
		if c.ownTask() {
			of = nil
		}
		if _, err := tried(c.run(names, p, of, data.Normalise{}), dev); err == nil {
			fit = append(fit, called)
		}
	}
	for _, t := range names.Tasks {
		try(t.Name, t.Name)
	}
	try(SamplesTask, SamplesTask)
	try("", labelled)
	return fit
}
