package bench

import (
	"fmt"
	"strings"
)

// A target is a ratio that the project wants to reach on an H200, and how it is read off results.
type target struct {
	name    string
	want    float64
	most    bool // the ratio is to be want at most, and not at least
	suite   string
	cases   []string
	measure func(r *Report, suite, name string) (ratio float64)
}

// targets are in the order in which they were set. A ratio of 0 is one that was not measured.
var targets = []target{
	{"product, against torch, TF32 off", 0.9, false, "product", []string{"NN 4096³", "NN 8192³"}, (*Report).againstTorch},
	{"batched products, against torch.bmm", 1.2, false, "product", []string{"NN 1024 × 64³", "NN 256 × 128³"}, (*Report).againstTorch},
	{"Hebbian update with Oja's mask and decay, against torch", 2, false, "hebbian", []string{"oja+decay 4096×4096 n=256"}, (*Report).againstTorch},
	{"Gaussian Gram of three widths, against torch", 3, false, "gram", []string{"gaussian 3 widths 16384×512"}, (*Report).againstTorch},
	{"streaming HSIC, against torch in chunks", 2, false, "hsic", []string{"kernelsums 3 widths 65536×128", "kernelgrad 3 widths 65536×128"}, (*Report).againstTorch},
	{"training steps by backprop, against torch", 1, false, "training", []string{"resnet18 32×32×3 n=256 bp"}, (*Report).againstTorch},
	{"steps by other rules, in those of backprop", 1.1, true, "training", []string{"resnet18 32×32×3 n=256 sa", "resnet18 32×32×3 n=256 aa"}, (*Report).inSteps},
	{"training on the GPU, against the CPU path, in images/s", 50, false, "training", []string{"resnet18 32×32×3 n=256 bp"}, (*Report).againstCPU},
	{"bandwidth, against torch's copy", 0.9, false, "pointwise", []string{"copy 67108864", "axpy 67108864", "relu 67108864"}, (*Report).againstCopy},
}

// find is the result of a case on a backend that was timed, or nil.
func (r *Report) find(suite, name, backend string) *Result {
	for i := range r.Results {
		c := &r.Results[i]
		if c.Suite == suite && c.Case == name && c.Backend == backend && c.Seconds > 0 && !c.reduced() {
			return c
		}
	}
	return nil
}

const cuda = "torch-cuda"

func (r *Report) againstTorch(suite, name string) float64 {
	ours, theirs := r.find(suite, name, "gpu"), r.find(suite, name, cuda)
	if ours == nil || theirs == nil {
		return 0
	}
	return theirs.Seconds / ours.Seconds
}

func (r *Report) inSteps(suite, name string) float64 {
	if ours := r.find(suite, name, "gpu"); ours != nil {
		return ours.VsBackprop
	}
	return 0
}

// againstCPU compares images a second: the CPU may have been given other batches.
func (r *Report) againstCPU(suite, name string) float64 {
	ours := r.find(suite, name, "gpu")
	net, _, _ := strings.Cut(name, " n=")
	for _, c := range r.Results {
		if ours != nil && c.Suite == suite && c.Backend == "cpu" && c.Images > 0 && !c.reduced() && strings.HasPrefix(c.Case, net+" n=") && strings.HasSuffix(c.Case, " bp") {
			return ours.Images / c.Images
		}
	}
	return 0
}

func (r *Report) againstCopy(suite, name string) float64 {
	ours, theirs := r.find(suite, name, "gpu"), r.find(suite, "copy 67108864", cuda)
	if ours == nil || theirs == nil {
		return 0
	}
	return ours.Gbps / theirs.Gbps
}

// targetTable has a row for each case of each target.
func (r *Report) targetTable() table {
	s := table{Title: "Targets, set for an H200", Head: []string{"target", "case", "wanted", "measured", "met"}}
	for _, t := range targets {
		sign := "≥"
		if t.most {
			sign = "≤"
		}
		name := t.name
		for _, c := range t.cases {
			measured, met := "–", "not measured"
			if v := t.measure(r, t.suite, c); v > 0 {
				measured, met = ratio(v), "no"
				if v >= t.want && !t.most || v <= t.want && t.most {
					met = "yes"
				}
			}
			s.Rows = append(s.Rows, []string{name, c, fmt.Sprintf("%s %g×", sign, t.want), measured, met})
			name = ""
		}
	}
	return s
}

// tf32Table sets products beside a peer that keeps 10 bits of each factor, which no result of ours may.
func (r *Report) tf32Table() table {
	s := table{Title: "products beside torch with TF32, whose results are not float32's", Head: []string{"case", "gpu time", "torch time, TF32", "gpu/torch"}}
	for _, c := range r.Results {
		if !c.PeerTF32 || c.Seconds == 0 || isPeer(c.Backend) {
			continue
		}
		for _, p := range r.Results {
			if p.PeerTF32 && isPeer(p.Backend) && p.Case == c.Case && p.Seconds > 0 {
				s.Rows = append(s.Rows, []string{c.Case, c.took(), p.took(), ratio(p.Seconds / c.Seconds)})
			}
		}
	}
	return s
}

// leewayTable sets what ran with leeway beside the same case without.
func (r *Report) leewayTable() table {
	s := table{Title: "with leeway, whose results are not float32's", Head: []string{"case", "allowed", "time", "GFLOP/s", "without", "faster by"}}
	for _, c := range r.Results {
		if c.Allow == "" || c.Seconds == 0 || isPeer(c.Backend) {
			continue
		}
		without, faster := "–", "–"
		if w := r.find(c.Suite, c.Case, c.Backend); w != nil {
			without, faster = w.took(), ratio(w.Seconds/c.Seconds)
		}
		s.Rows = append(s.Rows, []string{c.Suite + " " + c.Case, c.Allow, c.took(), fmt.Sprintf("%.0f", c.Gflops), without, faster})
	}
	return s
}
