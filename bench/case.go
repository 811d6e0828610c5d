package bench

import (
	"fmt"
	"slices"

	"hebb/compute"
)

// A Case is one op at one size, or a [Training].
type Case struct {
	Suite string
	Name  string
	Quick bool // belongs to the handful of cases of a quick run
	Work
}

// Work is what a case computes: a [Product], an [Update], a [Similarity], a [Streaming], an [Inversion], a [Convolution], a
// [Move], an [Elementwise], a [Folding], a [Normalization], a [Classification] or a [Training]. It is plain data, so that a peer can be told of it in JSON.
type Work interface {
	// Op is the stem of the op: gemm, hebbian, gram, kernelsums, kernelgrad, inverse, conv, convinput, copy, map, reduce,
	// standardize, standardizegrad, softmaxloss; or training, of many ops.
	Op() string

	// Kind is Op with what sets its speed apart from others of the same sizes.
	Kind() string

	// Sizes are the numbers of Name, under their names.
	Sizes() map[string]int
}

// A calculation is Work of a single op.
type calculation interface {
	Work

	// build makes the op and its tensors, of step. The inputs are those whose contents matter, in the
	// order in which a peer fills its own.
	build(step *compute.Step) (op compute.Op, inputs []*compute.Tensor)

	// terms is how many products the definition of one element adds up, about.
	terms() int
}

// A Product is C = A·B, for a batch of matrices.
type Product struct {
	Batch  int  `json:"batch"`
	M      int  `json:"m"`
	N      int  `json:"n"`
	K      int  `json:"k"`
	TransA bool `json:"trans_a,omitempty"`
	TransB bool `json:"trans_b,omitempty"`
	Shared bool `json:"shared,omitempty"` // one B serves all of the batch
	Layer  bool `json:"layer,omitempty"`  // with a bias, and ReLU
	F16    bool `json:"f16,omitempty"`    // factors lie in memory as halves
}

func (p Product) Op() string { return "gemm" }

func (p Product) Kind() string {
	if p.Layer {
		return "gemm+bias+relu " + p.form()
	}
	return "gemm " + p.form()
}

func (p Product) form() string {
	letter := map[bool]string{false: "N", true: "T"}
	form := letter[p.TransA] + letter[p.TransB]
	if p.F16 {
		form += " f16"
	}
	return form
}

func (p Product) Sizes() map[string]int {
	return map[string]int{"batch": p.Batch, "m": p.M, "n": p.N, "k": p.K}
}

func (p Product) terms() int { return p.K }

func (p Product) build(step *compute.Step) (compute.Op, []*compute.Tensor) {
	side := func(batch, rows, cols int, trans bool) *compute.Tensor {
		if trans {
			rows, cols = cols, rows
		}
		if p.F16 {
			return step.TensorOf(compute.Float16, batch, rows, cols)
		}
		return step.Tensor(batch, rows, cols)
	}
	bs := p.Batch
	if p.Shared {
		bs = 1
	}
	g := compute.Gemm{
		C: step.Tensor(p.Batch, p.M, p.N), A: side(p.Batch, p.M, p.K, p.TransA), B: side(bs, p.K, p.N, p.TransB),
		TransA: p.TransA, TransB: p.TransB, Epilogue: compute.Epilogue{Alpha: 1},
	}
	inputs := []*compute.Tensor{g.A, g.B}
	if p.Layer {
		g.Bias, g.Act = step.Tensor(p.N), compute.ReLU
		inputs = append(inputs, g.Bias)
	}
	return g, inputs
}

// An Update is one Hebbian update of independent networks of units × inputs by n pairs.
type Update struct {
	Networks int    `json:"networks"`
	Units    int    `json:"units"`
	Inputs   int    `json:"inputs"`
	N        int    `json:"n"`
	Rule     string `json:"rule"`             // one of Rules
	Shared   bool   `json:"shared,omitempty"` // all networks see the same inputs
}

// Rules are the learning rules of an [Update]. "linsker" is Hebb with decay and hard bounds, "oja+decay" Oja with decay.
var Rules = []string{"hebb", "oja", "oja+decay", "softhebb", "sanger", "subspace", "linsker"}

// The rate is small enough for thousands of updates by the same pairs to stay finite.
const (
	rate  = 1e-3
	decay = 1e-3
	bound = 1
)

func (u Update) Op() string   { return "hebbian" }
func (u Update) Kind() string { return "hebbian " + u.Rule }

func (u Update) Sizes() map[string]int {
	return map[string]int{"networks": u.Networks, "units": u.Units, "inputs": u.Inputs, "n": u.N}
}

func (u Update) terms() int {
	if u.Rule == "sanger" || u.Rule == "subspace" {
		return u.N * u.Units
	}
	return u.N + u.Units
}

// plain is the product at the heart of u: YᵀX, and nothing else.
func (u Update) plain() Product {
	return Product{Batch: u.Networks, M: u.Units, N: u.Inputs, K: u.N, TransA: true, Shared: u.Shared}
}

func (u Update) build(step *compute.Step) (compute.Op, []*compute.Tensor) {
	xs := u.Networks
	if u.Shared {
		xs = 1
	}
	h := compute.Hebbian{
		W: step.Tensor(u.Networks, u.Units, u.Inputs),
		Y: step.Tensor(u.Networks, u.N, u.Units), X: step.Tensor(xs, u.N, u.Inputs), Rate: rate,
	}
	inputs := []*compute.Tensor{h.W, h.Y, h.X}
	switch u.Rule {
	case "oja":
		h.Mask, h.G = compute.Diagonal, h.Y
	case "oja+decay":
		h.Mask, h.G, h.Decay = compute.Diagonal, h.Y, decay
	case "softhebb":
		h.Mask, h.G = compute.Diagonal, step.Tensor(u.Networks, u.N, u.Units)
		inputs = append(inputs, h.G)
	case "sanger":
		h.Mask, h.G = compute.Lower, h.Y
	case "subspace":
		h.Mask, h.G = compute.Full, h.Y
	case "linsker":
		h.Decay, h.Lo, h.Hi = decay, -bound, bound
	}
	return h, inputs
}

// A Similarity is a Gram matrix of the rows of X with those of Y, or with themselves.
type Similarity struct {
	Batch  int            `json:"batch"`
	N      int            `json:"n"`
	M      int            `json:"m"` // rows of Y; 0: X itself
	D      int            `json:"d"`
	Kernel compute.Kernel `json:"-"`
	Sigma  []float32      `json:"sigma,omitempty"` // in units of √d
	Center compute.Center `json:"-"`
}

func (s Similarity) Op() string { return "gram" }

func (s Similarity) Kind() string {
	k := "gram " + s.Kernel.String()
	if len(s.Sigma) > 1 {
		k += fmt.Sprintf(" %d widths", len(s.Sigma))
	}
	if s.Center != compute.Raw {
		k += " " + s.Center.String() + "-centred"
	}
	return k
}

func (s Similarity) Sizes() map[string]int {
	sizes := map[string]int{"batch": s.Batch, "n": s.N, "d": s.D, "widths": max(1, len(s.Sigma))}
	if sizes["m"] = s.M; s.M == 0 {
		sizes["m"] = s.N
	}
	return sizes
}

func (s Similarity) terms() int { return 4 * s.D }

func (s Similarity) build(step *compute.Step) (compute.Op, []*compute.Tensor) {
	g := compute.Gram{
		X:      step.Tensor(s.Batch, s.N, s.D),
		Kernel: s.Kernel, Sigma: s.Sigma, PerDim: s.Kernel == compute.Gaussian, Center: s.Center,
	}
	inputs := []*compute.Tensor{g.X}
	m := s.N
	if s.M != 0 {
		m = s.M
		g.Y = step.Tensor(s.Batch, s.M, s.D)
		inputs = append(inputs, g.Y)
	}
	g.K = step.Tensor(max(1, len(s.Sigma)), s.Batch, s.N, m)
	return g, inputs
}

// Suites are the names of the suites, in the order in which they are run.
var Suites = []string{"product", "hebbian", "gram", "hsic", "pointwise", "layers", "training"}

// sampled are the suites of which a run that names none has but the quick cases.
var sampled = []string{"layers", "training"}

// Cases returns the cases that o asks for, of those that o.Only matches in "suite name", each suite's from small to large: what a large case will
// take is judged by the smaller ones before it. Images go at o.Batch at a time.
func Cases(o Options) ([]Case, error) {
	makers := map[string]func() []Case{
		"product": products, "hebbian": updates, "gram": grams, "hsic": func() []Case { return slices.Concat(streamings(), inversions()) },
		"pointwise": pointwise, "layers": o.layers, "training": o.trainings,
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
			if (c.Quick || !quick) && (o.Only == nil || o.Only.MatchString(c.Suite+" "+c.Name)) {
				all = append(all, c)
			}
		}
	}
	return all, nil
}

func times(batch int, size string) string {
	if batch == 1 {
		return size
	}
	return fmt.Sprintf("%d × %s", batch, size)
}

func products() []Case {
	var cases []Case
	add := func(quick bool, p Product) {
		size := fmt.Sprintf("%d×%d×%d", p.M, p.N, p.K)
		if p.M == p.N && p.N == p.K {
			size = fmt.Sprintf("%d³", p.M)
		}
		name := p.form() + " " + times(p.Batch, size)
		if p.Shared {
			name += " shared B"
		}
		if p.Layer {
			name += " bias+relu"
		}
		cases = append(cases, Case{"product", name, quick, p})
	}
	cube := func(batch, n int) Product { return Product{Batch: batch, M: n, N: n, K: n} }
	for _, n := range []int{32, 64, 128, 256, 512, 1024, 2048, 4096, 8192} {
		add(n == 32 || n == 256, cube(1, n))
	}
	for _, form := range []Product{{TransB: true}, {TransA: true}, {TransA: true, TransB: true}, {Layer: true}} {
		for _, n := range []int{256, 1024} {
			form.Batch, form.M, form.N, form.K = 1, n, n, n
			add(n == 256, form)
		}
	}
	add(false, cube(4096, 32))
	add(true, cube(64, 64))
	add(false, cube(1024, 64))
	add(false, cube(256, 128))
	add(true, cube(8, 256))
	add(false, cube(64, 256))
	shared := cube(64, 256)
	shared.Shared = true
	add(false, shared)
	add(false, Product{Batch: 1, M: 64, N: 64, K: 65536, TransA: true}) // long sums, few results
	add(false, Product{Batch: 1, M: 4096, N: 4096, K: 64})              // short sums, many results
	few := Product{Batch: 1, M: 8, N: 4096, K: 4096, TransB: true}      // as fast as memory is
	add(false, few)
	for _, p := range []Product{cube(1, 256), cube(1, 4096), cube(1024, 64), few} {
		p.F16 = true
		add(p.M == 256, p)
	}
	return append(cases, resnet()...)
}

// resnet is the layers of a ResNet-18 for 32×32 images, 128 at a time, as products over image
// patches (He et al. 2016; the stem is 3×3 and there is no pooling after it, as is usual for small
// images). Layers of equal shape are listed once.
func resnet() []Case {
	const images = 128
	layers := []struct {
		name              string
		side, in, out, kk int // side of the output; kernel area
		quick             bool
	}{
		{"fc", 1, 512, 10, 1, true},
		{"stage4 1×1", 4, 256, 512, 1, true},
		{"stage3 1×1", 8, 128, 256, 1, false},
		{"stage2 1×1", 16, 64, 128, 1, false},
		{"stem 3×3", 32, 3, 64, 9, false},
		{"stage4 first 3×3", 4, 256, 512, 9, false},
		{"stage3 first 3×3", 8, 128, 256, 9, false},
		{"stage2 first 3×3", 16, 64, 128, 9, false},
		{"stage4 3×3", 4, 512, 512, 9, false},
		{"stage3 3×3", 8, 256, 256, 9, false},
		{"stage2 3×3", 16, 128, 128, 9, false},
		{"stage1 3×3", 32, 64, 64, 9, false},
	}
	var cases []Case
	for _, l := range layers {
		rows, k, n := images*l.side*l.side, l.in*l.kk, l.out
		for _, pass := range []struct {
			name string
			Product
		}{
			{"forward", Product{Batch: 1, M: rows, N: n, K: k}},
			{"weight gradient", Product{Batch: 1, M: k, N: n, K: rows, TransA: true}},
			{"input gradient", Product{Batch: 1, M: rows, N: k, K: n, TransB: true}},
		} {
			if l.name == "stem 3×3" && pass.name == "input gradient" {
				continue // nobody asks for the gradient of the image
			}
			name := fmt.Sprintf("resnet18 %s %s %d×%d×%d", l.name, pass.name, pass.M, pass.N, pass.K)
			cases = append(cases, Case{"product", name, l.quick, pass.Product})
		}
	}
	return cases
}

func updates() []Case {
	all, main := Rules, []string{"hebb", "oja"}
	large := append(slices.Clone(main), "oja+decay")
	sizes := []struct {
		Update
		rules []string
		quick bool
	}{
		{Update{Networks: 1, Units: 64, Inputs: 64, N: 16}, main, true},
		{Update{Networks: 1, Units: 16, Inputs: 784, N: 128}, all, true},
		{Update{Networks: 1, Units: 256, Inputs: 784, N: 64}, all, false},
		{Update{Networks: 1, Units: 512, Inputs: 512, N: 128}, main, true},
		{Update{Networks: 32, Units: 32, Inputs: 64, N: 32}, main, true},
		{Update{Networks: 256, Units: 64, Inputs: 64, N: 32}, all, false},
		{Update{Networks: 64, Units: 128, Inputs: 256, N: 64, Shared: true}, main, false},
		{Update{Networks: 1, Units: 1024, Inputs: 1024, N: 128}, main, false},
		{Update{Networks: 1, Units: 2048, Inputs: 2048, N: 256}, all, false},
		{Update{Networks: 1, Units: 4096, Inputs: 4096, N: 256}, large, false},
	}
	var cases []Case
	for _, s := range sizes {
		name := times(s.Networks, fmt.Sprintf("%d×%d", s.Units, s.Inputs)) + fmt.Sprintf(" n=%d", s.N)
		if s.Shared {
			name += " shared X"
		}
		cases = append(cases, Case{"hebbian", "plain " + name, s.quick, s.plain()})
		for _, r := range s.rules {
			u := s.Update
			u.Rule = r
			cases = append(cases, Case{"hebbian", r + " " + name, s.quick, u})
		}
	}
	return cases
}

func grams() []Case {
	var cases []Case
	one, three := []float32{1}, []float32{0.5, 1, 2}
	add := func(quick bool, s Similarity) {
		size := fmt.Sprintf("%d×%d", s.N, s.D)
		if s.M != 0 {
			size = fmt.Sprintf("%d,%d×%d", s.N, s.M, s.D)
		}
		cases = append(cases, Case{"gram", s.Kind()[len("gram "):] + " " + times(s.Batch, size), quick, s})
	}
	for _, s := range []struct {
		n, d  int
		quick bool
	}{{128, 64, true}, {512, 128, true}, {1024, 512, false}, {4096, 512, false}, {16384, 512, false}} {
		add(s.quick, Similarity{Batch: 1, N: s.n, D: s.d, Kernel: compute.Linear})
		add(false, Similarity{Batch: 1, N: s.n, D: s.d, Kernel: compute.Cosine})
		add(s.quick, Similarity{Batch: 1, N: s.n, D: s.d, Kernel: compute.Gaussian, Sigma: one})
		add(s.quick, Similarity{Batch: 1, N: s.n, D: s.d, Kernel: compute.Gaussian, Sigma: three})
	}
	for _, k := range []Similarity{{Kernel: compute.Linear}, {Kernel: compute.Gaussian, Sigma: one}} {
		for _, s := range []struct {
			n, m, d int
			quick   bool
		}{{256, 512, 128, true}, {1024, 4096, 512, false}} {
			k.Batch, k.N, k.M, k.D = 1, s.n, s.m, s.d
			add(s.quick, k)
		}
	}
	// The definition of a centred matrix evaluates all of it, so these stay moderate.
	for _, c := range []compute.Center{compute.Double, compute.Grand} {
		add(c == compute.Double, Similarity{Batch: 1, N: 256, D: 64, Kernel: compute.Gaussian, Sigma: one, Center: c})
		add(false, Similarity{Batch: 1, N: 1024, D: 128, Kernel: compute.Gaussian, Sigma: one, Center: c})
	}
	add(true, Similarity{Batch: 16, N: 64, D: 64, Kernel: compute.Gaussian, Sigma: one})
	add(false, Similarity{Batch: 256, N: 128, D: 64, Kernel: compute.Linear})
	add(false, Similarity{Batch: 256, N: 128, D: 64, Kernel: compute.Gaussian, Sigma: one})
	add(false, Similarity{Batch: 64, N: 128, D: 64, Kernel: compute.Gaussian, Sigma: one, Center: compute.Double})
	return cases
}
