package bench

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"strings"

	"hebb/compute"
)

// A description has the words and numbers of a case for its results, and for a peer that runs the same.
type description struct {
	op       string         // its type: gemm, hebbian, gram, …; or training, of many ops
	kind     string         // op, and what sets its speed apart from others of the same sizes: "gemm NT"
	sizes    map[string]int // the numbers of the case's name
	settings map[string]any // what else a peer needs: modes, constants
}

// told returns sizes and settings together, for a peer.
func (d description) told() map[string]any {
	all := maps.Clone(d.settings)
	if all == nil {
		all = map[string]any{}
	}
	for name, n := range d.sizes {
		all[name] = n
	}
	return all
}

type (
	sizes    = map[string]int
	settings = map[string]any
)

// describe reads the description of an op off its fields.
func describe(op compute.Op) description {
	d := description{op: strings.ToLower(reflect.TypeOf(op).Name())}
	d.kind = d.op
	switch o := op.(type) {
	case compute.Gemm:
		d.gemm(o)
	case compute.Hebbian:
		d.hebbian(o)
	case compute.Gram:
		widths, batch, n, m, dim := o.Dims()
		d.kind += " " + variant(o.Kernel, o.Sigma, o.Center)
		d.sizes = sizes{"batch": batch, "n": n, "m": m, "d": dim, "widths": widths}
		d.settings = settings{"other": o.Y != nil, "kernel": o.Kernel.String(), "sigma": o.Sigma, "center": o.Center.String()}
	case compute.KernelSums:
		d.kernels(o.K, o.L)
		d.settings["grad"] = false
	case compute.KernelGrad:
		d.kernels(o.K, o.L)
		d.settings["grad"], d.settings["self"], d.settings["cross"] = true, o.Self, o.Cross
	case compute.Inverse:
		batch, n := o.Dims()
		d.sizes, d.settings = sizes{"batch": batch, "n": n}, settings{"shift": o.Shift}
	case compute.Conv:
		d.convolution(o.X, o.W, o.Slide, forward)
	case compute.ConvInput:
		d.convolution(o.X, o.W, o.Slide, inputGradient)
	default:
		d.pointwise(op)
	}
	return d
}

func (d *description) gemm(g compute.Gemm) {
	batch, m, n, k := g.Dims()
	f16, layer := g.A.Type() == compute.Float16, g.Bias != nil
	if layer {
		d.kind += "+bias+relu"
	}
	d.kind += " " + form(g.TransA, g.TransB, f16)
	d.sizes = sizes{"batch": batch, "m": m, "n": n, "k": k}
	d.settings = settings{"trans_a": g.TransA, "trans_b": g.TransB, "shared": g.B.Batch() < batch, "layer": layer, "f16": f16}
}

func (d *description) hebbian(h compute.Hebbian) {
	if h.OfImages() {
		d.convolution(h.X, h.W, h.Patches, weightGradient)
		return
	}
	networks, units, inputs, n := h.Dims()
	d.kind += " " + ruleOf(h)
	d.sizes = sizes{"networks": networks, "units": units, "inputs": inputs, "n": n}
	d.settings = settings{"rule": ruleOf(h), "shared": h.X.Batch() < networks, "rate": h.Rate, "decay": h.Decay, "bound": h.Hi}
}

func (d *description) kernels(k, l compute.Similarity) {
	d.kind += widths(k.Widths())
	d.sizes = sizes{"m": k.X.Rows(), "d": k.X.Cols(), "dl": l.X.Cols(), "widths": k.Widths()}
	d.settings = settings{"sigma": k.Sigma, "sigma_l": l.Sigma[0]}
}

func (d *description) convolution(x, w *compute.Tensor, s compute.Slide, pass string) {
	xs, ws := x.Shape(), w.Shape()
	d.kind += fmt.Sprintf(" %d×%d %s", ws[1], ws[2], pass)
	d.sizes = sizes{"n": xs[0], "h": xs[1], "w": xs[2], "c": xs[3], "k": ws[0], "r": ws[1], "stride": s.Stride, "pad": s.Pad}
	d.settings = settings{"pass": pass}
}

// pointwise describes the ops that are bound by memory, and FMA.
func (d *description) pointwise(op compute.Op) {
	images := func(x *compute.Tensor, eps float32, grad bool) {
		s := x.Shape()
		d.sizes, d.settings = sizes{"n": s[0], "side": s[1], "c": s[3]}, settings{"eps": eps, "grad": grad}
	}
	switch o := op.(type) {
	case compute.FMA:
		d.sizes = sizes{"n": o.X.Len(), "rounds": o.Rounds}
	case compute.Copy:
		d.sizes = sizes{"n": o.Src.Len()}
	case compute.Map:
		d.kind += " " + formulaOf(o)
		d.sizes = sizes{"n": o.Out.Len()}
		d.settings = settings{"formula": formulaOf(o), "slope": slope, "rate": rate, "beta1": beta1, "beta2": beta2, "eps": eps}
	case compute.Random:
		d.kind = "random"
		parts, n := o.Dims()
		d.sizes, d.settings = sizes{"parts": parts, "n": n}, settings{"law": o.Law.String()}
	case compute.Reduce:
		along := map[bool]string{true: "rows", false: "columns"}[o.Along == compute.AlongRows]
		d.kind = "sum along " + along
		d.sizes, d.settings = sizes{"rows": o.In[0].Rows(), "cols": o.In[0].Cols()}, settings{"along": along}
	case compute.Standardize:
		images(o.X, o.Eps, false)
	case compute.StandardizeGrad:
		images(o.X, o.Eps, true)
	case compute.SoftmaxLoss:
		n, classes := o.Dims()
		d.sizes = sizes{"n": n, "classes": classes}
	}
}

// inputsOf returns the tensors that op reads, and the W of a Hebbian that it updates, in the order in which a peer makes its own.
func inputsOf(op compute.Op) []*compute.Tensor {
	_, ins := compute.Operands(op)
	if h, ok := op.(compute.Hebbian); ok {
		return append(ins, h.W)
	}
	return ins
}

// suit changes x, the numbers for input in of op, where op cannot take any numbers: variances become positive, running
// means of squares nonnegative, labels one of the classes, and halves are rounded.
func suit(op compute.Op, in *compute.Tensor, x []float32) {
	abs := func(_ int, v float32) float32 { return float32(math.Abs(float64(v))) }
	change := func(f func(i int, v float32) float32) {
		for i, v := range x {
			x[i] = f(i, v)
		}
	}
	switch o := op.(type) {
	case compute.Map:
		if o.F == formulas["adam"] && in == o.In[2] {
			change(abs)
		}
	case compute.StandardizeGrad:
		if in == o.Var {
			change(func(i int, v float32) float32 { return abs(i, v) + 0.5 })
		}
	case compute.SoftmaxLoss:
		if in == o.Labels {
			change(func(i int, _ float32) float32 { return float32(i % o.Logits.Cols()) })
		}
	}
	if in.Type() == compute.Float16 {
		compute.RoundFloat16(x)
	}
}

// terms estimates how many products the definition of one of n elements of op adds up: as many as the op spends on one,
// and more where the op shares sums between elements and its definition does not.
func terms(op compute.Op, n int) int {
	switch o := op.(type) {
	case compute.Hebbian:
		if _, units, _, pairs := o.Dims(); o.Mask == compute.Lower || o.Mask == compute.Full {
			return pairs * units
		}
	case compute.KernelGrad:
		_, _, m, d := o.Dims()
		return m * d
	case compute.Inverse:
		_, rows := o.Dims()
		return rows * rows
	}
	return int(compute.CostOf(op).Flops) / 2 / n
}
