package bench

import (
	"context"
	"fmt"
	"regexp"
	"testing"
	"time"

	"hebb/compute"
)

// A rehearsing is a Backend that is told of ops before they run, and notes of which it was not.
type rehearsing struct {
	*fake
	told  map[string]bool
	wrong []string
}

func kindOf(op compute.Op) string {
	outs, ins := compute.Operands(op)
	return fmt.Sprintf("%T %v %v", op, outs, ins)
}

func (p *rehearsing) Rehearse(ops []compute.Op) bool {
	for _, op := range ops {
		p.told[kindOf(op)] = true
	}
	return true
}

func (p *rehearsing) Run(op compute.Op) error {
	if _, roof := op.(compute.FMA); !roof && !p.told[kindOf(op)] {
		p.wrong = append(p.wrong, kindOf(op))
	}
	return p.fake.Run(op)
}

// TestRehearse: all ops of all cases are rehearsed, those of a case that is run as several among them.
func TestRehearse(t *testing.T) {
	t.Parallel()
	_, gpu, _ := world()
	p := &rehearsing{fake: gpu, told: map[string]bool{}}
	o := Options{Only: regexp.MustCompile(`^hebbian|^product|gram linear|hsic kernelsums stored 256`), Quick: true, MaxCase: time.Second, now: func() time.Time { return *gpu.now }, roofs: lowRoofs()[:1]}
	all := mustCases(t, o)
	if _, err := Run(context.Background(), []compute.Backend{p}, o); err != nil {
		t.Fatal(err)
	}
	if _, first := compute.Ahead(0, len(all)); len(all) <= first || len(p.told) < 10 {
		t.Errorf("%d cases, of %d kinds of ops, want more than are rehearsed at once", len(all), len(p.told))
	}
	for _, k := range p.wrong {
		t.Errorf("not rehearsed: %s", k)
	}
}
