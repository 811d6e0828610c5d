package bench

import (
	"fmt"
	"math"
	"testing"

	"hebb/internal/must"
	"hebb/nets"
)

// The convolutions that are found are those of the networks: they do as many multiplications as
// torchvision says of its models (1.814 and 4.089 billion, the last layer included).
func TestConvolutionsOf(t *testing.T) {
	for _, c := range []struct {
		net   string
		side  int
		count int
		want  float64 // billions, without the last layer
	}{
		{"resnet18", 224, 20, 1.814 - 512*1000e-9},
		{"resnet50", 224, 53, 4.089 - 2048*1000e-9},
		{"resnet18", 32, 20, 0.5554176}, // with a 3×3 stem and no pooling, worked by hand
	} {
		found := convolutionsOf(c.net, nets.Shape{Height: c.side, Width: c.side, Channels: 3})
		work := 0
		for i, l := range found {
			l.n = 1
			work += l.products()
			if l.first != (i == 0) || l.name == "" {
				t.Errorf("%s: layer %d is %+v", c.net, i, l)
			}
		}
		if got := float64(work) / 1e9; len(found) != c.count || math.Abs(got/c.want-1) > 5e-4 {
			t.Errorf("%s for %d×%d: %d convolutions of %.4g billion products, want %d of %.4g", c.net, c.side, c.side, len(found), got, c.count, c.want)
		}
	}
}

// Of every geometry there is one layer, in all passes; the first layer of a network sends nothing down.
func TestLayers(t *testing.T) {
	describe := func(c Case) description {
		p := must.Get(newProblem(c, 1, 0))(t)
		return p.description
	}
	seen, passes := map[string]bool{}, map[any]int{}
	stems := 0
	for _, c := range (Options{gpu: true}).layers() {
		d := describe(c)
		if key := fmt.Sprint(d.kind, d.sizes); seen[key] {
			t.Errorf("%s is there twice", c.Name)
		} else {
			seen[key] = true
		}
		passes[d.settings["pass"]]++
		if d.sizes["c"] == 3 && d.op == "conv" {
			stems++
		}
		if d.sizes["n"] != 64 {
			t.Errorf("%s has %d images, want 64 where there is a GPU", c.Name, d.sizes["n"])
		}
	}
	f := passes[forward]
	if stems != 2 || f < 40 || passes[weightGradient] != f || passes[inputGradient] != f-stems {
		t.Errorf("%v passes, %d of first layers", passes, stems)
	}
	for o, want := range map[*Options]int{{}: 16, {gpu: true, software: true}: 4, {gpu: true, Batch: 5}: 5} {
		if got := describe(o.layers()[0]).sizes["n"]; got != want {
			t.Errorf("%+v: %d images, want %d", o, got, want)
		}
	}
}
