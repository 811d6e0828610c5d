package bench

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
)

// Every case is accepted by the front of compute; its name, sizes and cost are read off its op, for its result and for
// a peer.
func TestDescribe(t *testing.T) {
	want := map[string]string{
		"product NT 1024³":                                                    "gemm NT map[batch:1 k:1024 m:1024 n:1024]",
		"product NN 1024³ bias+relu":                                          "gemm+bias+relu NN map[batch:1 k:1024 m:1024 n:1024]",
		"product NT 8×4096×4096":                                              "gemm NT map[batch:1 k:4096 m:8 n:4096]",
		"product NN f16 1024 × 64³":                                           "gemm NN f16 map[batch:1024 k:64 m:64 n:64]",
		"product NN 64 × 256³ shared B":                                       "gemm NN map[batch:64 k:256 m:256 n:256]",
		"hebbian hebb 32 × 32×64 n=32":                                        "hebbian hebb map[inputs:64 n:32 networks:32 units:32]",
		"hebbian softhebb 256×784 n=64":                                       "hebbian softhebb map[inputs:784 n:64 networks:1 units:256]",
		"hebbian oja+decay 256×784 n=64":                                      "hebbian oja+decay map[inputs:784 n:64 networks:1 units:256]",
		"hebbian linsker 256×784 n=64":                                        "hebbian linsker map[inputs:784 n:64 networks:1 units:256]",
		"gram gaussian 3 widths 128×64":                                       "gram gaussian 3 widths map[batch:1 d:64 m:128 n:128 widths:3]",
		"gram linear 256,512×128":                                             "gram linear map[batch:1 d:128 m:512 n:256 widths:1]",
		"gram gaussian double-centred 64 × 128×64":                            "gram gaussian double-centred map[batch:64 d:64 m:128 n:128 widths:1]",
		"hsic kernelsums stored 3 widths 1024×128":                            "kernelsums stored 3 widths map[d:128 dl:16 m:1024 widths:3]",
		"hsic kernelgrad 256×256":                                             "kernelgrad map[d:256 dl:16 m:256 widths:1]",
		"hsic inverse 8 × 256×256":                                            "inverse map[batch:8 n:256]",
		"pointwise copy 4194304":                                              "copy map[n:4194304]",
		"pointwise adam 4194304":                                              "map adam map[n:4194304]",
		"pointwise sum 1024×1024 along columns":                               "sum along columns map[cols:1024 rows:1024]",
		"pointwise standardizegrad 16×16×16×64":                               "standardizegrad map[c:64 n:16 side:16]",
		"pointwise softmaxloss 512×1000":                                      "softmaxloss map[classes:1000 n:512]",
		"roof fma 1024×512":                                                   "fma map[n:1024 rounds:512]",
		"layers resnet18 layer2.0.conv1 3×3/2 2×32×32×64→128 input gradient":  "convinput 3×3 input gradient map[c:64 h:32 k:128 n:2 pad:1 r:3 stride:2 w:32]",
		"layers resnet18 layer2.0.conv1 3×3/2 2×32×32×64→128 weight gradient": "hebbian 3×3 weight gradient map[c:64 h:32 k:128 n:2 pad:1 r:3 stride:2 w:32]",
	}
	told := map[string]string{
		"product NN f16 1024 × 64³":     "map[batch:1024 f16:true k:64 layer:false m:64 n:64 shared:false trans_a:false trans_b:false]",
		"product NN 64 × 256³ shared B": "map[batch:64 f16:false k:256 layer:false m:256 n:256 shared:true trans_a:false trans_b:false]",
		"hebbian linsker 256×784 n=64":  "map[bound:1 decay:0.001 inputs:784 n:64 networks:1 rate:0.001 rule:linsker shared:false units:256]",
		"gram gaussian 3 widths 128×64": "map[batch:1 center:raw d:64 kernel:gaussian m:128 n:128 other:false sigma:[0.5 1 2] widths:3]",
		"gram linear 256,512×128":       "map[batch:1 center:raw d:128 kernel:linear m:512 n:256 other:true sigma:[] widths:1]",
		"hsic kernelgrad 256×256":       "map[cross:1 d:256 dl:16 grad:true m:256 self:0.5 sigma:[1] sigma_l:1 widths:1]",
	}
	cases, small := append(mustCases(t, Options{Suites: Suites, Batch: 2}), Options{}.ladders()...), Options{Quick: true}.ladders()
	if len(small) != 8 {
		t.Errorf("a ladder of %d cases, want 8", len(small))
	}
	for _, l := range roofs() {
		cases = append(cases, l.rungs...)
	}
	cases = append(cases, small...)
	found := 0
	for _, c := range cases {
		if c.Build == nil {
			continue // see TestTrainings
		}
		p, err := newProblem(c, 1, 0)
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		if p.cost.Flops <= 0 && p.description.op != "copy" && !strings.HasPrefix(c.Name, "normal") || p.cost.Bytes <= 0 {
			t.Errorf("%s costs %+v", c.Name, p.cost)
		}
		name := c.Suite + " " + c.Name
		if want, ok := want[name]; ok {
			found++
			if got := fmt.Sprint(p.kind, " ", p.sizes); got != want {
				t.Errorf("%s is %s, want %s", name, got, want)
			}
		}
		if want, ok := told[name]; ok {
			found++
			if got := fmt.Sprint(p.told()); got != want {
				t.Errorf("%s is told as %s, want %s", name, got, want)
			}
		}
		outs, _ := compute.Operands(p.op)
		if _, drawn := p.op.(compute.Random); len(p.inputs) == 0 != drawn || len(p.sizes) == 0 || len(p.at) < min(64, outs[0].Len()) {
			t.Errorf("%s has %d inputs, sizes %v and a sample of %d", name, len(p.inputs), p.sizes, len(p.at))
		}
	}
	if found != len(want)+len(told) {
		t.Errorf("%d cases are there, want %d", found, len(want)+len(told))
	}
}

// Inputs that may not be any numbers are made fit: Adam's mean of squares, a variance, labels, halves.
func TestSuit(t *testing.T) {
	fits := map[string]func(op compute.Op, in int, x float32) bool{
		"pointwise adam 4194304":                func(_ compute.Op, in int, x float32) bool { return in != 2 || x >= 0 },
		"pointwise standardizegrad 16×16×16×64": func(_ compute.Op, in int, x float32) bool { return in != 3 || x >= 0.5 },
		"pointwise softmaxloss 512×1000": func(_ compute.Op, in int, x float32) bool {
			return in != 1 || x == float32(math.Round(float64(x))) && x >= 0 && x < 1000
		},
		"product NN f16 256³": func(_ compute.Op, _ int, x float32) bool {
			half := []float32{x}
			compute.RoundFloat16(half)
			return half[0] == x
		},
	}
	for _, c := range mustCases(t, Options{Suites: []string{"pointwise", "product"}, Quick: true}) {
		fit, ok := fits[c.Suite+" "+c.Name]
		if !ok {
			continue
		}
		delete(fits, c.Suite+" "+c.Name)
		p := must.Get(newProblem(c, 1, 0))(t)
		for in := range p.inputs {
			x := make([]float32, 1000)
			p.fill(real, in, x)
			for _, v := range x {
				if !fit(p.op, in, v) {
					t.Fatalf("%s: %g in input %d", c.Name, v, in)
				}
			}
		}
	}
	if len(fits) > 0 {
		t.Errorf("no case of %d", len(fits))
	}
}
