package vision_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/local"
	"hebb/nets/nettest"
	"hebb/nets/stack"
	"hebb/nets/targets"
	"hebb/nets/tasks"
	"hebb/nets/vision"
)

// TestGabor: filters have mean 0 and norm 1 and nothing outside their discs, they see their own orientation best, and half
// a turn makes no difference.
func TestGabor(t *testing.T) {
	for _, n := range []int{3, 5, 7, 9, 11} {
		for o := range 4 {
			angle := math.Pi * float64(o) / 4
			g, turned := vision.Gabor(n, angle), vision.Gabor(n, angle+math.Pi)
			mean := 0.0
			for i, v := range g {
				mean += v
				x, y := float64(i%n)-float64(n-1)/2, float64(i/n)-float64(n-1)/2
				if outside := x*x+y*y > float64(n*n)/4; outside && v != 0 || math.Abs(v-turned[i]) > 1e-12 {
					t.Errorf("size %d, %g: %g at %g, %g, and %g after half a turn", n, angle, v, x, y, turned[i])
				}
			}
			if norm := lab.Norm(g); math.Abs(mean) > 1e-12 || math.Abs(norm-1) > 1e-12 {
				t.Errorf("size %d, %g: mean %g and norm %g", n, angle, mean, norm)
			}
			for other := range 4 {
				if dot := lab.Dot(g, vision.Gabor(n, math.Pi*float64(other)/4)); other != o && dot > 0.9 {
					t.Errorf("size %d: orientations %d and %d have a product of %g", n, o, other, dot)
				}
			}
		}
	}
	upright := vision.Gabor(7, 0) // of x: it is constant along y but for the envelope and the disc
	if a, b := upright[3*7+3], upright[2*7+3]; !(a > 0 && b > 0 && upright[3*7+1] < 0) {
		t.Errorf("the filter of 0 is %.2g", upright)
	}
}

// small is two bands of few filters, and a readout.
var small = stack.Stack{
	vision.C2{Name: "c2", Templates: 6, Window: 2, Sigma: 1.5, Bands: []stack.Stack{
		{vision.S1{Name: "s1", Orientations: 3, Sizes: []int{3, 5}}, vision.C1{Name: "c1", Sizes: 2, Window: 4, Stride: 2}},
		{vision.S1{Name: "s1", Orientations: 3, Sizes: []int{7}}, vision.C1{Name: "c1", Sizes: 1, Window: 3, Stride: 3}},
	}},
	stack.Dense{Name: "fc", Units: 3},
}

var smallIn = nets.Shape{Height: 11, Width: 13, Channels: 2}

// An image is height × width × channels, in float64.
type image struct {
	nets.Shape
	v []float64
}

// at is 0 beyond the borders.
func (m image) at(y, x, c int) float64 {
	if y < 0 || y >= m.Height || x < 0 || x >= m.Width {
		return 0
	}
	return m.v[(y*m.Width+x)*m.Channels+c]
}

// made calls f for each number of an image.
func made(s nets.Shape, f func(y, x, c int) float64) image {
	m := image{Shape: s}
	for i := range s.Len() {
		m.v = append(m.v, f(i/s.Channels/s.Width, i/s.Channels%s.Width, i%s.Channels))
	}
	return m
}

// s1Of is the definition of S1.
func s1Of(m image, orientations int, sizes ...int) image {
	return made(nets.Shape{Height: m.Height, Width: m.Width, Channels: orientations * len(sizes)}, func(y, x, c int) (sum float64) {
		n := sizes[c%len(sizes)]
		for i, v := range vision.Gabor(n, math.Pi*float64(c/len(sizes))/float64(orientations)) {
			for colour := range m.Channels {
				sum += float64(float32(v/float64(m.Channels))) * m.at(y+i/n-n/2, x+i%n-n/2, colour) // weights are float32s
			}
		}
		return math.Abs(sum)
	})
}

// c1Of is the definition of C1.
func c1Of(m image, sizes, window, stride int) image {
	out := nets.Shape{Height: (m.Height-window)/stride + 1, Width: (m.Width-window)/stride + 1, Channels: m.Channels / sizes}
	return made(out, func(y, x, c int) (most float64) {
		for i := range window {
			for j := range window {
				for k := range sizes {
					most = max(most, m.at(y*stride+i, x*stride+j, c*sizes+k))
				}
			}
		}
		return most
	})
}

// patches are all patches of an image.
func patches(m image, window int) (all [][]float64) {
	for y := range m.Height - window + 1 {
		for x := range m.Width - window + 1 {
			var p []float64
			for i := range window {
				p = append(p, m.v[((y+i)*m.Width+x)*m.Channels:][:window*m.Channels]...)
			}
			all = append(all, p)
		}
	}
	return all
}

// apart is Σ(x − t)².
func apart(x, t []float64) (d float64) {
	for i := range x {
		d += (x[i] - t[i]) * (x[i] - t[i])
	}
	return d
}

// twin is what the layers of small make of images, by name; templates are 6 × 2·2·3.
func twin(x []float32, templates []float64) lab.Results {
	r := lab.Results{}
	for each := range slices.Chunk(x, smallIn.Len()) {
		m := image{Shape: smallIn}
		for _, v := range each {
			m.v = append(m.v, float64(v))
		}
		a, b := s1Of(m, 3, 3, 5), s1Of(m, 3, 7)
		c, d := c1Of(a, 2, 4, 2), c1Of(b, 1, 3, 3)
		of := slices.Concat(patches(c, 2), patches(d, 2))
		for name, v := range map[string][]float64{"band1.s1": a.v, "band2.s1": b.v, "band1.c1": c.v, "band2.c1": d.v} {
			r["c2."+name] = append(r["c2."+name], v...)
		}
		for k := range slices.Chunk(templates, 12) {
			least := math.Inf(1)
			for _, p := range of {
				least = min(least, apart(p, k))
			}
			r["c2"] = append(r["c2"], math.Exp(-least/(2*1.5*1.5)))
		}
	}
	return r
}

// seen are images that the templates come from, dark but for two columns, and others.
func seen() (first, others []float32) {
	rnd := rand.New(rand.NewPCG(4, 4))
	first, others = lab.Normals(rnd, 4*smallIn.Len()), lab.Normals(rnd, 2*smallIn.Len())
	for i := range first {
		if i/smallIn.Channels%smallIn.Width > 1 {
			first[i] *= 0.02
		}
	}
	return first, others
}

// layers imprints templates, and returns them with what each layer makes of other images.
func layers(t *testing.T, l lab.Lab) lab.Results {
	net := l.Net(t, small, smallIn, targets.DefaultRidge, 3)
	first, others := seen()
	must.Do(t, lab.Trainer(t, net, nets.SGD{}, nets.CrossEntropy).Step(first, []float32{0, 1, 2, 0}, 0.1))
	r := lab.Results{"templates": l.Everything(t, net)["c2.templates"]}
	for _, layer := range net.Layers()[:5] {
		must.Do(t, net.Watch(layer.Name))
		out := l.New(t, 2*layer.Out.Len())
		l.Pass(t, net, others, nil, func(p *stack.Pass, x *compute.Tensor) {
			net.Forward(p, x)
			p.Do(compute.Copy{Dst: out, Src: p.View(net.Watched(), 0, out.Len())})
		})
		r[layer.Name] = l.Values(t, out)
	}
	return r
}

// TestLayers holds each layer to its definition, d² by its direct form: in float64, on the CPU and on the GPU.
func TestLayers(t *testing.T) {
	got := layers(t, lab.Exact(t))
	_, others := seen()
	want := twin(others, got["templates"])
	want["templates"] = got["templates"] // which TestImprint holds
	_, bound := lab.Spread(t, lab.Float64ulp, 0, 12, layers)
	lab.Agree(t, "float64", got, want, bound, 2)
	lab.Telling(t, "float64", want, bound, 1e-11)
	_, bound = lab.Spread(t, lab.Float32s, 0, 12, layers)
	lab.Telling(t, "float32", want, bound, 2e-3)
	lab.Agree(t, "float32", layers(t, lab.Single(t)), want, bound, 1)
	t.Run("gpu", func(t *testing.T) { lab.Agree(t, "gpu", layers(t, lab.GPU(t)), want, bound, 1) })
}

// TestImprint: each template is a patch of C1 of the first images, of either band, longer than 1, and another than its
// neighbours; later images, other runs and other rules change none of them; and each matches its own patch with a similarity of 1,
// never more, whatever the rounding errors.
func TestImprint(t *testing.T) {
	first, others := seen()
	labels := []float32{0, 1, 2, 0}
	var templates []float64
	for _, rule := range []stack.Rule{targets.DefaultRidge, stack.Backprop{}, local.LastLayer{}} {
		l := lab.Bare(t)
		net := l.Net(t, small, smallIn, rule, 3)
		tr := lab.Trainer(t, net, nets.SGD{}, nets.CrossEntropy)
		must.Do(t, tr.Step(first, labels, 0.1))
		now := l.Everything(t, net)["c2.templates"]
		if templates == nil {
			templates = now
		}
		must.Do(t, tr.Step(others, labels[:2], 0.1))
		must.Do(t, lab.Trainer(t, net, nets.SGD{}, nets.CrossEntropy).Step(others, labels[:2], 0.1)) // the first step of another run
		if later := l.Everything(t, net)["c2.templates"]; !slices.Equal(now, templates) || !slices.Equal(later, templates) {
			t.Errorf("%T: templates %.3g, later %.3g, want %.3g", rule, now, later, templates)
		}
		must.Do(t, net.Watch("c2"))
		out := l.New(t, 4, 6)
		l.Pass(t, net, first, nil, func(p *stack.Pass, x *compute.Tensor) {
			net.Forward(p, x)
			p.Do(compute.Copy{Dst: out, Src: net.Watched()})
		})
		for k := range 6 {
			best := 0.0
			for i, v := range l.Values(t, out) {
				if i%6 == k {
					best = max(best, v)
				}
			}
			if !(1-1e-5 <= best && best <= 1) {
				t.Errorf("%T: template %d matches its own patch by %.9g", rule, k, best)
			}
		}
	}
	r := twin(first, templates)
	from := map[string]int{}
	for k := range slices.Chunk(templates, 12) {
		if lab.Norm(k) <= 1 {
			t.Errorf("a template of length %g", lab.Norm(k))
		}
		for band, shape := range map[string]nets.Shape{"c2.band1.c1": {Height: 4, Width: 5, Channels: 3}, "c2.band2.c1": {Height: 3, Width: 4, Channels: 3}} {
			for each := range slices.Chunk(r[band], shape.Len()) {
				for _, p := range patches(image{shape, each}, 2) {
					if apart(p, k) < 1e-10 {
						from[band]++
					}
				}
			}
		}
	}
	if n := from["c2.band1.c1"] + from["c2.band2.c1"]; len(from) != 2 || n != 6 || slices.Equal(templates[:12], templates[12:24]) {
		t.Errorf("of 6 templates so many are patches: %v", from)
	}
}

// TestShift: on a canvas with room around the image a shift by 6 pixels, which both strides divide, changes no bit of C2;
// one by a pixel does, and on a small canvas one by 6 does too.
func TestShift(t *testing.T) {
	shape := func(side int) nets.Shape { return nets.Shape{Height: side, Width: side, Channels: 1} }
	rnd := rand.New(rand.NewPCG(2, 2))
	h := vision.HMAX{Templates: 12, Sigma: 2}
	features := func(t *testing.T, l lab.Lab, side int, blob []float32, shifts ...[2]int) (all [][]float64) {
		size := int(math.Sqrt(float64(len(blob))))
		net := l.Net(t, stack.Stack{h.Features(), stack.Dense{Name: "fc", Units: 2}}, shape(side), stack.Backprop{}, 5)
		x := make([]float32, len(shifts)*side*side)
		for k, by := range shifts {
			for i, v := range blob {
				y, col := (side-size)/2+by[0]+i/size, (side-size)/2+by[1]+i%size
				x[(k*side+y)*side+col] = v
			}
		}
		must.Do(t, lab.Trainer(t, net, nets.SGD{}, nets.CrossEntropy).Step(x[:side*side], []float32{0}, 0.1))
		must.Do(t, net.Watch("c2"))
		out := l.New(t, len(shifts), h.Templates)
		l.Pass(t, net, x, nil, func(p *stack.Pass, x *compute.Tensor) {
			net.Forward(p, x)
			p.Do(compute.Copy{Dst: out, Src: net.Watched()})
		})
		for v := range slices.Chunk(l.Values(t, out), h.Templates) {
			all = append(all, v)
		}
		return all
	}
	for name, c := range map[string]struct {
		open             func(*testing.T) lab.Lab
		side, tight, has int
		shifts           [][2]int
	}{
		"cpu": {lab.Single, 100, 46, 28, [][2]int{{6, -6}, {6, 0}, {12, 6}}},
		"gpu": {lab.GPU, 72, 28, 10, [][2]int{{6, -6}}}, // in software
	} {
		t.Run(name, func(t *testing.T) {
			l := c.open(t)
			blob := make([]float32, c.has*c.has)
			for i := range blob {
				y, x := float64(i/c.has)-float64(c.has-1)/2, float64(i%c.has)-float64(c.has-1)/2
				blob[i] = float32(math.Exp(-(y*y+x*x)/60) * rnd.Float64())
			}
			all := features(t, l, c.side, blob, slices.Concat([][2]int{{0, 0}, {1, 0}}, c.shifts)...)
			for k, by := range c.shifts {
				if !slices.Equal(all[k+2], all[0]) {
					t.Errorf("moved by %v: %.9g, want %.9g", by, all[k+2], all[0])
				}
			}
			if slices.Equal(all[1], all[0]) || all[0][0] == 0 {
				t.Errorf("moved by a pixel: %.9g as %.9g", all[1], all[0])
			}
			if beside := features(t, l, c.tight, blob, [2]int{0, 0}, [2]int{6, 6}); slices.Equal(beside[0], beside[1]) {
				t.Error("no bit changes beside the border")
			}
		})
	}
}

// TestHMAXPromises holds networks with these layers to the promises of package nets.
func TestHMAXPromises(t *testing.T) {
	for name, rule := range map[string]stack.Rule{"ridge": targets.DefaultRidge, "bp": stack.Backprop{}} {
		t.Run(name, func(t *testing.T) {
			nettest.System(t, func() nets.System {
				return &stack.System{Net: stack.Always(small), Rule: rule, Optimiser: nets.SGD{Momentum: 0.5}}
			}, func() nets.Task {
				x, _ := seen()
				return &tasks.Batch{In: smallIn, Out: 3, Classes: true, X: x, Want: []float32{2, 0, 1, 2}}
			})
		})
	}
}

// TestHMAXRefusals: settings, and images that are too small, are refused, and the error names the layer.
func TestHMAXRefusals(t *testing.T) {
	grey := func(height, width int) nets.Shape { return nets.Shape{Height: height, Width: width, Channels: 1} }
	for arg, want := range map[string]string{
		"templates=0":    "network hmax:templates=0: 0 templates, want 1 to 4096",
		"templates=4.5":  `"templates=4.5"`,
		"templates=5000": "5000 templates",
		"sigma=nan":      "sigma NaN, want a number of at least 0.001",
		"sigma=-1":       "sigma -1",
		"sigma=1e30":     "sigma 1e+30",
		"units=3":        `"units=3": want templates or sigma`,
	} {
		if _, err := vision.Parse(arg, grey(46, 46), 10); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("hmax:%s: %v, want %q", arg, err, want)
		}
	}
	s1 := func(orientations int, sizes ...int) stack.Spec {
		return vision.S1{Name: "s1", Orientations: orientations, Sizes: sizes}
	}
	c1 := func(sizes, window, stride int) stack.Spec {
		return stack.Stack{s1(4, 3, 5), vision.C1{Name: "c1", Sizes: sizes, Window: window, Stride: stride}}
	}
	c2 := func(templates, window int, sigma float64, bands ...stack.Stack) stack.Spec {
		return vision.C2{Name: "c2", Bands: bands, Templates: templates, Window: window, Sigma: float32(sigma)}
	}
	for want, c := range map[string]struct {
		spec stack.Spec
		in   nets.Shape
	}{
		"c2.band1.s1 has filters of 7×7, and its input is 6×46×1":    {vision.DefaultHMAX.Features(), grey(6, 46)},
		"c2.band2.s1 has filters of 11×11, and its input is 46×10×1": {c2(1, 1, 1, stack.Stack{s1(4, 3)}, stack.Stack{s1(4, 11)}), grey(46, 10)},
		"c2.band1.s1 has filters of 7×7, and its input is 784":       {vision.DefaultHMAX.Features(), nets.Row(784)},
		"c2 has templates of 4×4 places, and c2.band2 has 2×5×4":     {vision.DefaultHMAX.Features(), grey(13, 21)},
		"s1 has filters of 4×4, want odd sizes from 3 to 255":        {s1(4, 4), grey(9, 9)},
		"s1 has filters of 257×257":                                  {s1(4, 257), grey(9, 9)},
		"s1 has 0 orientations and 1 sizes":                          {s1(0, 3), grey(9, 9)},
		"1.c1 takes maxima over 3 sizes, and its input is 9×9×8":     {stack.Stack{stack.Flatten{}, c1(3, 2, 2)}, grey(9, 9)},
		"c1 has windows of 5 places, 2 apart, want a multiple":       {c1(2, 5, 2), grey(9, 9)},
		"c1 has windows of 4 places, 0 apart":                        {c1(2, 4, 0), grey(9, 9)},
		"c1 has windows of 12×12 places, and its input is 9×9×8":     {c1(2, 12, 2), grey(9, 9)},
		"c2 has 0 templates of 2×2 places, 1 bands and sigma 1":      {c2(0, 2, 1, stack.Stack{s1(4, 3)}), grey(9, 9)},
		"c2 has 1 templates of 0×0 places":                           {c2(1, 0, 1, stack.Stack{s1(4, 3)}), grey(9, 9)},
		"c2 has 1 templates of 2×2 places, 0 bands":                  {c2(1, 2, 1), grey(9, 9)},
		"c2 has 1 templates of 2×2 places, 1 bands and sigma NaN":    {c2(1, 2, math.NaN(), stack.Stack{s1(4, 3)}), grey(9, 9)},
		"c2.band2 has 9×9×2, want 4 channels as the first band":      {c2(1, 2, 1, stack.Stack{s1(4, 3)}, stack.Stack{s1(2, 3)}), grey(9, 9)},
	} {
		net := stack.Stack{c.spec, stack.Dense{Name: "fc", Units: 2}}
		if _, err := stack.New(lab.Bare(t).Device, net, c.in, stack.Backprop{}, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestParse: the network that text names has the layers of the model, and its settings.
func TestParse(t *testing.T) {
	spec := must.Get(vision.Parse("templates=7,sigma=0.5", nets.Shape{}, 10))(t)
	net := lab.Bare(t).Net(t, spec, nets.Shape{Height: 46, Width: 46, Channels: 1}, stack.Backprop{}, 1)
	want := "[{c2.band1.s1 46×46×8} {c2.band1.c1 21×21×4} {c2.band2.s1 46×46×8} {c2.band2.c1 13×13×4} {c2 7} {fc 10}]"
	if got := fmt.Sprint(net.Layers()); got != want || spec.(stack.Stack)[0].(vision.C2).Sigma != 0.5 {
		t.Errorf("%s, want %s", got, want)
	}
}
