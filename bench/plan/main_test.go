package main

import (
	"bytes"
	"io"
	"math"
	"strings"
	"testing"

	"hebb/internal/must"
)

// TestPlan: the times of three blocks on one, two and three machines, by hand.
func TestPlan(t *testing.T) {
	p := plan{blocks: []block{{"a", 10, 40, 5}, {"b", 30, 10, 8}, {"c", 20, 50, 2}}, examples: 100, batch: 10, micro: 2, speed: 100, every: 4}
	l := link{"", 0.5, 160}
	for n, want := range map[int][4]float64{
		1: {10 * 18, 10 * 2 * 9, 10 * 18, 10 * 18},
		// two stages: a and b, which sends 8, and c, or a, which sends 5, and b and c; of 40 and 50 flops
		2: {10 * (9 + 2*(0.5+200./160)), 10 * (3*(2+4) + 1), 10 * 12, 10 * (9 + 2*(0.5+200./160)/4)},
		3: {10 * (6 + 4*(0.5+400./3/160)), 10 * (4*(1.5+3) + 2), 10 * 9, 10 * (6 + 4*(0.5+400./3/160)/4)},
	} {
		for i, x := range p.epoch(n, l) {
			if math.Abs(x-want[i]) > 1e-9 {
				t.Errorf("%d machines: time %d is %g, want %g", n, i, x, want[i])
			}
		}
	}
	if got := p.epoch(4, l); got[2] == got[2] || got[0] != got[0] {
		t.Errorf("four machines for three blocks: %v, want no pipelines", got)
	}
	l.rate = 16 // 320 bytes in 20 s, and a step of 12
	if got := p.apart(2, l); got != 2 {
		t.Errorf("stages are %d steps apart, want 2", got)
	}
}

// TestBlocks: a network's blocks, in flops of an example, weights, and numbers that go on.
func TestBlocks(t *testing.T) {
	got := must.Get(blocksOf("resnet8", "28x28x1", 10))(t)
	if len(got) != 5 || got[0] != (block{"conv1", 2 * 9 * 16 * 784, 9 * 16, 784 * 16}) || got[4] != (block{"fc", 1280, 640, 10}) {
		t.Errorf("%+v", got)
	}
	if _, err := blocksOf("mlp:4-2", "2x2", 2); err == nil || !strings.Contains(err.Error(), `-in "2x2"`) {
		t.Errorf("%v, want an error of 2x2", err)
	}
}

// TestRefusals: what cannot be is status 2 and one line that names it, and nothing is printed as a result.
func TestRefusals(t *testing.T) {
	for args, want := range map[string]string{
		"-micro 512":              "-batch 256 in -micro 512 parts, want parts of one size",
		"-micro 3":                "-batch 256 in -micro 3 parts",
		"-batch 24":               "-batch 24 for up to 16 machines, want a multiple of 16",
		"-batch 0":                "-batch 0, want at least 1",
		"-batch 512 -examples 80": "-batch 512 of -examples 80",
		"-every -1":               "-every -1, want at least 1",
		"-speed NaN":              "-speed NaN, want a number of flop/s above 0",
		"mlp:4-2":                 `found "mlp:4-2", want flags only`,
		"-net mlp:5-2":            "784",
		"-classes 0":              "",
		"-bogus":                  "-bogus",
		"-batch x":                `invalid value "x"`,
	} {
		var out, errs bytes.Buffer
		if status := run(strings.Fields(args), &out, &errs); status != 2 || out.Len() > 0 || !strings.HasPrefix(errs.String(), "plan: ") ||
			strings.Count(errs.String(), "\n") != 1 || !strings.Contains(errs.String(), want) {
			t.Errorf("%s: status %d, stdout %q, stderr %q, want 2 and %q", args, status, out.String(), errs.String(), want)
		}
	}
	for _, args := range []string{"-batch 48 -micro 3", "-help"} {
		if status := run(strings.Fields(args), io.Discard, io.Discard); status != 0 {
			t.Errorf("%s: status %d, want 0", args, status)
		}
	}
}
