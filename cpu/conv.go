package cpu

import "hebb/compute"

// A convolution is the product of patches and weights, with each row of the result stored in a pixel of other images.
type convolution struct {
	window
	x       []float32 // the input images
	units   int
	weights func(dst matrix, j int) // fills dst, whose rows are the patches' values, with the weights of units from the j-th on
	to      pixels
	y       []float32
	then    epilogue
}

// pixels maps positions to pixels of images h×w, from row top and column left on, every step-th.
type pixels struct{ h, w, top, left, step int }

// of returns the pixel, counted through all images, of position p, q of image n.
func (t *pixels) of(n, p, q int) int { return (n*t.h+t.top+p*t.step)*t.w + t.left + q*t.step }

func conv(c compute.Conv) {
	v := convolutionOf(c)
	v.run()
}

func convolutionOf(c compute.Conv) convolution {
	g, units := c.Patches(), c.Y.Cols()
	v := convolution{window: windowOf(g), x: values(c.X), units: units, to: pixels{g.P, g.Q, 0, 0, 1}, y: values(c.Y)}
	w := dense(units, v.length(), values(c.W))
	v.weights = func(dst matrix, j int) { transpose(dst, w.part(j, 0, dst.cols, dst.rows)) }
	v.then = epilogue{c.Epilogue, v.places(), units}
	return v
}

func (v *convolution) run() {
	if k, ok := kernelFor(v.units); ok {
		v.direct(k)
	} else {
		v.lowered()
	}
}

// patchFloats is the largest size of the patches that a core stores at a time.
var patchFloats = 1 << 17

// lowered stores the patches of a block of positions, multiplies them by the weights and stores the results while they
// are in the cache.
func (v *convolution) lowered() {
	units := v.units
	all := borrow(v.length() * units)
	defer giveBack(all)
	weights := dense(v.length(), units, *all)
	v.weights(weights, 0)
	each := fair(v.places(), max(16, patchFloats/v.length()))
	chunks(v.places(), each, func(lo, hi int) {
		s := borrow(each * (v.length() + units))
		defer giveBack(s)
		c := dense(hi-lo, units, (*s)[each*v.length():])
		mul(v.then.Alpha, v.patches(v.x, lo, hi, *s), weights, 0, c)
		for i := range c.rows {
			n, p, q := v.place(lo + i)
			v.put(v.to.of(n, p, q), c.row(i))
		}
	})
}

// put stores a pixel of its product.
func (v *convolution) put(pixel int, acc []float32) {
	dst := v.y[pixel*len(acc):][:len(acc)]
	if v.then.Beta == 0 {
		copy(dst, acc)
	} else {
		for j, a := range acc {
			dst[j] = float32(v.then.Beta*dst[j]) + a
		}
	}
	v.then.finish(dense(1, len(acc), dst), pixel, 0)
}
