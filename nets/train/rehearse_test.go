package train

import (
	"errors"
	"fmt"
	"testing"

	"hebb/compute"
	"hebb/cpu"
)

// A theatre is a Backend that is told of ops before they run, and wants to have been told of all.
type theatre struct {
	compute.Backend
	told  map[string]bool
	wrong []string
}

// kind is an op's type and the shapes of its operands.
func kind(op compute.Op) string {
	outs, ins := compute.Operands(op)
	s := fmt.Sprintf("%T", op)
	for _, l := range [][]*compute.Tensor{outs, ins} {
		for _, t := range l {
			s += " " + t.String()
		}
	}
	return s
}

func (b *theatre) Rehearse(ops []compute.Op) bool {
	for _, op := range ops {
		b.told[kind(op)] = true
	}
	return true
}

func (b *theatre) Run(op compute.Op) error {
	if k := kind(op); !b.told[k] {
		b.wrong = append(b.wrong, k)
		b.told[k] = true
	}
	return b.Backend.Run(op)
}

// TestRehearse: whatever the rule, all ops of a training and of what an epoch ends with were rehearsed, and the training is the
// one that it is without.
func TestRehearse(t *testing.T) {
	for _, test := range []struct{ net, rule, optimiser string }{
		{"mlp:64-8-4,norm=batch,dropout=0.2", "bp", "adam"}, {"resnet8", "kp", "momentum"}, {"mlp:64-8-6-4", "dfa", "momentum"},
		{"mlp:64-8-6-4", "wm", "momentum"}, {"mlp:64-8-6-4,norm=plain", "hsic", "momentum"}, {"mlp:64-8-6-4", "phsic", "momentum"},
		{"mlp:64-8-6-4,norm=batch", "predsim", "adam"},
	} {
		t.Run(test.net+" "+test.rule, func(t *testing.T) {
			c := small(t, test.net, test.rule)
			c.Optimiser, c.Steps, c.LogEvery = test.optimiser, 7, 2
			b, err := cpu.Open()
			if err != nil {
				t.Fatal(err)
			}
			stage := &theatre{Backend: b, told: map[string]bool{}}
			dev := compute.New(stage)
			r, err := New(dev, names, c)
			if err != nil {
				t.Fatal(err)
			}
			told := len(stage.told)
			err = r.Train(t.Context(), nil)
			learned := everything(t, r)
			err = errors.Join(err, r.Close())
			if err != nil || told < 5 {
				t.Errorf("%d kinds of ops rehearsed, %v", told, err)
			}
			for _, k := range stage.wrong {
				t.Errorf("not rehearsed: %s", k)
			}
			plain := start(t, c, t.TempDir())
			if err := plain.Train(t.Context(), nil); err != nil {
				t.Error(err)
			}
			requireSame(t, everything(t, plain), learned)
			if err := dev.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
