package vision

import (
	"fmt"
	"math/rand/v2"

	"hebb/compute"
	"hebb/internal/float"
	"hebb/nets"
	"hebb/nets/stack"
)

// C2 matches templates with patches of the outputs of all Bands, layers up to C1, and keeps the best match of each.
// With t a template of Window×Window places and all orientations, and x such a patch,
//
//	S2   d² = Σ(x − t)² = |x|² + |t|² − 2·x·t
//	C2   exp(−max(min of d², 0)/(2·Sigma²)), the minimum over all places of all bands
//
// S2 has a number for each template and place, some eighty times as many as C1, and is folded up as it is made. So the
// two are one layer. The sum may come out below 0, by rounding errors that γ·(|x|² + |t|² + 2·|x|·|t|) bounds.
//
// In the first moment that is learned from, the templates are imprinted: each is the first of 64 patches that has a norm
// above 1 (or the first of all, where none has), of images of the batch, bands and places that are drawn evenly from the
// seed. So a batch should have images of all kinds. Templates that are there already, of a run that starts from another
// one's weights, stay.
type C2 struct {
	Name      string
	Bands     []stack.Stack
	Templates int
	Window    int
	Sigma     float32
}

// candidates is how many patches are looked at for a template.
const candidates = 64

func (c C2) Label() string { return c.Name }

// A band is layers up to a C1.
type band struct {
	stack.Layer
	out          nets.Shape
	height, wide int // places of a window
}

type c2 struct {
	C2
	name      string
	bands     []band
	channels  int
	templates *compute.Tensor // templates × window × window × channels
	ones      *compute.Tensor // 1 × window × window × 1
}

// Build builds the bands.
func (c C2) Build(b *stack.Builder, name string, in nets.Shape) (stack.Layer, nets.Shape, error) {
	if c.Templates < 1 || c.Templates > mostTemplates || c.Window < 1 || len(c.Bands) == 0 || !(c.Sigma > 0 && float.Finite(c.Sigma*c.Sigma)) {
		return nil, in, fmt.Errorf("vision: %s has %d templates of %d×%d places, %d bands and sigma %g, want 1 to %d templates, and at least 1, 1 and above 0",
			name, c.Templates, c.Window, c.Window, len(c.Bands), c.Sigma, mostTemplates)
	}
	l := &c2{C2: c, name: name}
	for i, spec := range c.Bands {
		of := fmt.Sprintf("%s.band%d", name, i+1)
		layer, out, err := spec.Build(b, of, in)
		if err != nil {
			return nil, in, err
		}
		if out.Height < c.Window || out.Width < c.Window {
			return nil, in, fmt.Errorf("vision: %s has templates of %d×%d places, and %s has %v: want larger images", name, c.Window, c.Window, of, out)
		}
		if i > 0 && out.Channels != l.channels {
			return nil, in, fmt.Errorf("vision: %s has %v, want %d channels as the first band", of, out, l.channels)
		}
		l.channels = out.Channels
		l.bands = append(l.bands, band{layer, out, out.Height - c.Window + 1, out.Width - c.Window + 1})
	}
	b.SingleLearner("%s is a convolution", name)
	filled := func(v float32) func(*rand.Rand, []float32) {
		return func(_ *rand.Rand, x []float32) {
			for i := range x {
				x[i] = v
			}
		}
	}
	err := b.Add(stack.Constants, stack.Parameter{Shape: []int{1, c.Window, c.Window, 1}, Value: &l.ones, Fill: filled(1)})
	if err != nil {
		return nil, in, err
	}
	return l, nets.Row(c.Templates), b.Add(stack.Statistic, stack.Parameter{
		Name: name + ".templates", Shape: []int{c.Templates, c.Window, c.Window, l.channels}, Value: &l.templates, Layout: nets.ChannelsLast, Fill: filled(0),
	})
}

var (
	square     = compute.Formula("x*x", "x")
	nearness   = compute.Formula("2*dot - norm", "dot", "norm")
	nearer     = compute.Formula("max(old, x)", "x")
	similarity = compute.Formula("exp(-max(norm - near, 0)/(2*sigma*sigma))", "near", "norm")
)

// Forward returns the best match of each template, after imprinting if it is the first moment.
func (l *c2) Forward(p *stack.Pass, x *compute.Tensor) *compute.Tensor {
	outs := make([]*compute.Tensor, len(l.bands))
	for i, b := range l.bands {
		outs[i] = b.Forward(p, x)
	}
	if p.Learning && !p.Quiet && p.Number == 0 {
		l.imprint(p, outs)
	}
	best := l.near(p, l.bands[0], outs[0])
	for i, b := range l.bands[1:] {
		p.Into(best, nearer, l.near(p, b, outs[i+1]))
	}
	return p.Map(similarity.With("sigma", l.Sigma), best, l.norms(p, p.View(l.templates, 0, l.Templates, l.patch())))
}

// patch is how many numbers a template has.
func (l *c2) patch() int { return l.Window * l.Window * l.channels }

// norms returns the squared lengths of rows.
func (*c2) norms(p *stack.Pass, x *compute.Tensor) *compute.Tensor {
	out := p.Tensor(x.Rows())
	p.Do(compute.Reduce{Out: out, In: []*compute.Tensor{x}, F: square, Along: compute.AlongCols, Alpha: 1})
	return out
}

// near returns the largest 2·x·t − |x|² over the places of a band, examples × templates: |t|² less the least d².
func (l *c2) near(p *stack.Pass, b band, x *compute.Tensor) *compute.Tensor {
	n := p.Examples
	places := b.height * b.wide
	dots := p.Tensor(n, b.height, b.wide, l.Templates)
	p.Do(compute.Conv{Y: dots, X: x, W: l.templates, Slide: compute.Slide{Stride: 1}, Epilogue: stack.Plain})
	squares := p.Tensor(n, b.out.Height, b.out.Width, 1)
	p.Do(compute.Reduce{Out: squares, In: []*compute.Tensor{p.View(x, 0, squares.Len(), l.channels)}, F: square, Along: compute.AlongCols, Alpha: 1})
	norms := p.Tensor(n, b.height, b.wide, 1)
	p.Do(compute.Conv{Y: norms, X: squares, W: l.ones, Slide: compute.Slide{Stride: 1}, Epilogue: stack.Plain})
	near, all := p.Tensor(n, l.Templates), []*compute.Tensor{p.View(dots, 0, n, places, l.Templates), p.View(norms, 0, n, places, 1)}
	p.Do(compute.Reduce{Out: near, In: all, F: nearness, Fold: compute.FoldMax, Along: compute.AlongRows, Alpha: 1})
	return near
}

var (
	sum   = compute.Formula("old + x", "x")
	early = compute.Formula("where(max(x - 1, 0), candidates - k, 0)", "x", "k").With("candidates", candidates)
	still = compute.Formula("where(norm, old, x)", "norm", "x")
)

// imprint sets the templates. A patch is Window² rows of channels; a row that a band does not have is zeros.
func (l *c2) imprint(p *stack.Pass, outs []*compute.Tensor) {
	all := l.Templates * candidates
	patches := p.Tensor(all*l.Window*l.Window, l.channels)
	for i, rows := range l.drawn(p) {
		of := p.Tensor(len(rows))
		p.Write(of, rows)
		from := p.View(outs[i], 0, outs[i].Len()/l.channels, l.channels)
		if i == 0 {
			p.Do(compute.Gather{Out: patches, X: from, Rows: of})
			continue
		}
		more := p.Like(patches)
		p.Do(compute.Gather{Out: more, X: from, Rows: of})
		p.Into(patches, sum, more)
	}
	flat := p.View(patches, 0, all, l.patch())
	above := p.Map(early, p.View(l.norms(p, flat), 0, l.Templates, candidates), p.Numbers(candidates))
	first := p.Tensor(l.Templates, 1, 1) // the number of the first above 1
	p.Do(compute.Reduce{Out: first, In: []*compute.Tensor{above}, Fold: compute.FoldArgMax, Along: compute.AlongCols, Alpha: 1})
	chosen := p.Tensor(l.Templates, 1, l.patch())
	p.Do(compute.Gather{Out: chosen, X: p.View(flat, 0, l.Templates, candidates, l.patch()), Rows: first})
	templates := p.View(l.templates, 0, l.Templates, l.patch())
	p.Into(templates, still, p.View(l.norms(p, templates), 0, l.Templates, 1), p.View(chosen, 0, l.Templates, l.patch()))
}

// drawn returns the row numbers of all candidates in each band, −1 for candidates of other bands.
func (l *c2) drawn(p *stack.Pass) [][]float32 {
	rnd := nets.Generator(p.Seed, l.name+".templates")
	rows := make([][]float32, len(l.bands))
	for range l.Templates * candidates {
		chosen := rnd.IntN(len(l.bands))
		of := l.bands[chosen]
		image, y, x := rnd.IntN(p.Examples), rnd.IntN(of.height), rnd.IntN(of.wide)
		for i := range rows {
			for at := range l.Window * l.Window {
				row := -1
				if i == chosen {
					row = (image*of.out.Height+y+at/l.Window)*of.out.Width + x + at%l.Window
				}
				rows[i] = append(rows[i], float32(row))
			}
		}
	}
	return rows
}

// Backward sends nothing down, since nothing below learns.
func (*c2) Backward(*stack.Pass, *compute.Tensor) *compute.Tensor { return nil }
