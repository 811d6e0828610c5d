package catalogue

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/stack"
)

// wholly are the systems that learn from whole moments alone: one example after the other, from rewards, by spikes or closed
// forms, or by growing.
var wholly = []string{"retroaxonal", "hopfield", "logic", "linsker", "ico", "iso", "particles", "cascade", "vasilaki", "triplet", "reward-eprop",
	"dendrites", "scaling", "stdp"}

// trialsOf is tasks of 19 examples, which make parts of 2 and of 3.
func trialsOf(n lab.Noise, out, trial int) func() nets.Task {
	return func() nets.Task {
		task := n
		task.Spec = nets.Spec{In: nets.Row(5), Out: out, Examples: 19, Trial: trial, Epoch: 3}
		return &task
	}
}

// parted are systems that learn from moments in parts, with tasks that suit them: by the text that makes them.
func parted() map[string]func() nets.Task {
	masked := trialsOf(lab.Noise{Masked: true}, 2, 1)
	apart, gaps := trialsOf(lab.Noise{Gaps: true, Masked: true, Begins: true}, 2, 3), trialsOf(lab.Noise{Gaps: true, Masked: true}, 2, 3)
	endless, none := trialsOf(lab.Noise{Gaps: true, Masked: true}, 2, 0), trialsOf(lab.Noise{Masked: true}, 0, 1)
	classes := func() nets.Task {
		return &labelled{nets.Spec{In: nets.Row(5), Out: 2, Classes: true, Examples: 19, Trial: 1, Epoch: 3}}
	}
	all := map[string]func() nets.Task{
		"ff:units=[7,6]": classes, "bptt:units=7,tau=2,optimiser=adam": apart,
		"recirculation:units=3,gain=1": none, "chl:hidden=[4,3],gamma=0.5,tolerance=0": masked, "contrastive:sweeps=9,tolerance=0": masked,
		"eqprop:tolerance=0": masked, "infomax": none, "nonlinear:units=5,f=bcm": none, "nonlinear:units=5,decorrelate=true": none,
		"eprop:lif=5,adaptive=5,dt=1": gaps, "eprop:lif=5,adaptive=5,dt=1,form=traces,feedback=adaptive,decay=0.01": apart,
		"eprop:lif=5,adaptive=5,dt=1,credit=bptt,feedback=random": gaps,
	}
	for _, rule := range []string{"rflo", "tbptt:span=2", "rtrl", "uoro", "kfrtrl", "readout"} {
		rule = strings.Replace(rule+":units=7,tau=2,when=", ":span=2:", ":span=2,", 1)
		all[rule+"moment,optimiser=momentum"] = endless
		all[rule+"trial"] = apart
	}
	for _, unit := range []string{"hebb", "covariance", "oja", "subspace", "sanger"} {
		all[unit+":units=4"] = none
	}
	for _, noise := range []string{"wp", "wp0", "np", "hp"} {
		all[noise+":hidden=[4]"] = masked
		all[noise+":hidden=[4],exact=true"] = masked
	}
	return all
}

// TestPartsOfSystems: each system of the catalogue learns from moments in parts, to the same bits on any number of processes,
// or refuses at the start. Runs end within a trial.
func TestPartsOfSystems(t *testing.T) {
	c, all := Default(), parted()
	for _, s := range c.Systems {
		of := func(text string) bool { name, _, _ := strings.Cut(text, ":"); return name == s.Name }
		tried := false
		for text, task := range all {
			if !of(text) {
				continue
			}
			tried = true
			t.Run(text, func(t *testing.T) {
				t.Parallel()
				r := nets.Run{System: func() nets.System { return made(t, c, text) }, Task: task, Test: task, Rate: 0.01, Seed: 3, Moments: 9, Micro: 8}
				alike(t, r, 7, 2, 3, 4)
			})
		}
		if tried == slices.Contains(wholly, s.Name) {
			t.Errorf("%s is tried: %t, and among those that learn from whole moments: %t", s.Name, tried, !tried)
		}
		if tried {
			continue
		}
		system := s.System()
		d, ok := system.(nets.Divided)
		if ok && d.Divided() == nil {
			t.Errorf("%s does not refuse moments in parts", s.Name)
		}
		r := nets.Run{System: func() nets.System { return system }, Task: trialsOf(lab.Noise{}, 2, 1), Micro: 2, Moments: 1}
		if _, err := r.Open(lab.CPU(t)); !ok && !errors.Is(err, nets.ErrWhole) {
			t.Errorf("%s: %v, want ErrWhole", s.Name, err)
		}
	}
	for _, text := range []string{"wp:hidden=[4],trials=true", "np:hidden=[4],recurrent=true"} {
		r := nets.Run{System: func() nets.System { return made(t, c, text) }, Task: trialsOf(lab.Noise{}, 2, 3), Micro: 2, Moments: 1}
		if _, err := r.Open(lab.CPU(t)); !errors.Is(err, nets.ErrWhole) || !strings.Contains(err.Error(), "trials=false") {
			t.Errorf("%s: %v, want an error that says what to set", text, err)
		}
	}
}

func made(t *testing.T, c *Catalogue, text string) nets.System {
	s, err := c.System(text)
	if err != nil {
		t.Error(err)
	}
	return s
}

// alike makes moments of a run on one process and on others, and compares all that comes of them.
func alike(t *testing.T, r nets.Run, moments int, ranks ...int) {
	t.Helper()
	want, err := onRanks(t, r, 1, moments)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range ranks {
		got, err := onRanks(t, r, n, moments)
		if err != nil {
			t.Fatal(err)
		}
		for rank, g := range got {
			if err := g.same(want[0]); err != nil {
				t.Errorf("rank %d of %d: %v", rank, n, err)
			}
		}
	}
}

// TestPartsOfNetworks: convolutions, pooling, normalisation, dropout, branches and losses with statistics of their own, under
// optimisers and rules with settings of their own.
func TestPartsOfNetworks(t *testing.T) {
	c := Default()
	images := func() nets.Task {
		return &labelled{nets.Spec{In: nets.Shape{Height: 8, Width: 8, Channels: 1}, Out: 2, Classes: true, Examples: 35, Trial: 1, Epoch: 5}}
	}
	dense := func() nets.Task {
		return &labelled{nets.Spec{In: nets.Row(6), Out: 2, Classes: true, Examples: 35, Trial: 1, Epoch: 5}}
	}
	const norm, tanh, plain = "mlp:6-8-7-2,norm=batch,dropout=0.1", "mlp-tanh:6-8-7-2", "mlp:6-8-7-2,act=tanh,bias=false"
	for _, n := range []struct {
		net, rule, loss, optimiser string
		task                       func() nets.Task
		clip                       float32
		noise                      float32
	}{
		{net: "resnet8", rule: "bp", optimiser: "momentum", task: images},
		{net: "resnet8", rule: "kp", optimiser: "nesterov:weight_decay=0.01", task: images},
		{net: norm, rule: "bp", optimiser: "quickprop", task: dense},
		{net: norm, rule: "bp", optimiser: "rmsprop", clip: 0.1, noise: 0.1, task: dense},
		{net: norm + ",branches=2", rule: "predsim", optimiser: "adamw", task: dense},
		{net: norm, rule: "bp", loss: "hsic", optimiser: "adam", task: dense},
		{net: norm, rule: "hsic", optimiser: "sgd", task: dense},
		{net: tanh, rule: "dtp:span=2", optimiser: "sgd", task: dense},
		{net: tanh, rule: "dni:units=5,inputs=true", optimiser: "momentum", task: dense},
		{net: norm, rule: "aa:noise=0,share=0.5,centre=true", optimiser: "momentum", task: dense},
		{net: norm, rule: "ia:share=1", optimiser: "momentum", task: dense},
		{net: plain, rule: "altmin:forget=0.1,prior=0.1", optimiser: "adam", task: dense},
	} {
		t.Run(strings.Join([]string{n.net, n.rule, n.loss, n.optimiser}, ";"), func(t *testing.T) {
			t.Parallel()
			rule, err := c.Rule(n.rule)
			if err != nil {
				t.Fatal(err)
			}
			o, err := c.Optimiser(n.optimiser)
			if err != nil {
				t.Fatal(err)
			}
			var loss nets.Loss
			if n.loss != "" {
				if loss, err = c.Loss(n.loss); err != nil {
					t.Fatal(err)
				}
			}
			o = nets.Clipped{Optimiser: nets.Noisy{Optimiser: o, SD: n.noise}, Norm: n.clip}
			r := nets.Run{System: func() nets.System { return &stack.System{Net: c.Network(n.net), Rule: rule, Loss: loss, Optimiser: o} },
				Task: n.task, Test: n.task, Rate: 0.01, Seed: 3, Epochs: 2, Micro: 8}
			alike(t, r, 5, 2, 3)
		})
	}
}

// allocating counts the memory that is asked of a backend.
type allocating struct {
	compute.Backend
	n int
}

func (a *allocating) Alloc(n int) (compute.Buffer, error) {
	a.n++
	return a.Backend.Alloc(n)
}

// TestPartsAllocate: moments in parts ask for no memory once all has happened.
func TestPartsAllocate(t *testing.T) {
	c := Default()
	o, err := c.Optimiser("adam")
	if err != nil {
		t.Fatal(err)
	}
	classes := func() nets.Task {
		return &labelled{nets.Spec{In: nets.Row(6), Out: 2, Classes: true, Examples: 35, Trial: 1, Epoch: 10}}
	}
	rule, err := c.Rule("altmin:forget=0.1,prior=0.1")
	if err != nil {
		t.Fatal(err)
	}
	of := func(net string, rule stack.Rule) func() nets.System {
		return func() nets.System { return &stack.System{Net: c.Network(net), Rule: rule, Optimiser: o} }
	}
	for name, r := range map[string]nets.Run{
		"backprop": {System: of("mlp:6-8-7-2,norm=batch,dropout=0.1", stack.Backprop{}), Task: classes},
		"codes":    {System: of("mlp:6-8-7-2,act=tanh,bias=false", rule), Task: classes},
		"trials":   {System: func() nets.System { return made(t, c, "bptt:units=7") }, Task: trialsOf(lab.Noise{Gaps: true, Masked: true}, 2, 3)},
		"means":    {System: func() nets.System { return made(t, c, "sanger:units=4") }, Task: trialsOf(lab.Noise{}, 0, 1)},
	} {
		b, err := cpu.Open()
		if err != nil {
			t.Fatal(err)
		}
		count := &allocating{Backend: b}
		dev := compute.New(count)
		r.Micro, r.Moments, r.Rate = 8, 20, 0.01
		s := lab.Make(t, dev, r, 6)
		lab.Metrics(t, s)
		before := count.n
		lab.On(t, s, 6)
		lab.Metrics(t, s)
		if count.n != before {
			t.Errorf("%s: %d pieces of memory in moments 7 to 12, want none", name, count.n-before)
		}
	}
}
