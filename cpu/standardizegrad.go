package cpu

import (
	"math"

	"hebb/compute"
)

// A standardGrad computes one member of a [compute.StandardizeGrad]. Numbers that depend on the column alone are repeated
// along a wide row of [columns].
type standardGrad struct {
	compute.StandardizeGrad
	columns
	member        int
	x, y, dy      []float32
	mean, inverse []float32 // of each column: 1/√(Var+Eps)
}

// of returns the member's part of t.
func (v *standardGrad) of(t *compute.Tensor) []float32 { return share(t, v.member, v.Members()) }

func standardizeGrad(s compute.StandardizeGrad) {
	parallel(s.Members(), func(z int) { standardizeGradMember(s, z) })
}

func standardizeGradMember(s compute.StandardizeGrad, z int) {
	rows, cols := s.Dims()
	v := standardGrad{StandardizeGrad: s, columns: columnsOf(rows, cols), member: z}
	if v.x, v.dy = v.of(s.X), v.of(s.DY); s.Y != nil {
		v.y = v.of(s.Y)
	}
	w := v.width
	all := borrow(5 * w)
	defer giveBack(all)
	v.mean, v.inverse = (*all)[:w], (*all)[w:2*w]
	copy(v.mean, v.of(s.Mean))
	for j, x := range v.of(s.Var) {
		v.inverse[j] = float32(1 / math.Sqrt(float64(x)+float64(s.Eps)))
	}
	v.widen(v.mean)
	v.widen(v.inverse)
	v.sums()
	v.apply((*all)[2*w:3*w], (*all)[3*w:4*w], (*all)[4*w:])
}

// delta returns e for elements lo … hi: DY itself for Identity, else dst.
func (v *standardGrad) delta(dst []float32, lo, hi int) []float32 {
	if v.Act == compute.Identity {
		return v.dy[lo:hi]
	}
	dst = dst[:hi-lo]
	if v.Act == compute.ReLU {
		byZeros(dst, func(j int, part, zeros []float32) { choose(part, v.y[lo+j:], v.dy[lo+j:], zeros) })
		return dst
	}
	copy(dst, v.dy[lo:hi])
	backward(v.Act, dst, v.y[lo:hi])
	return dst
}

// sums computes DBias and DGain of each chunk, and adds up the chunks in order.
func (v *standardGrad) sums() {
	w, cols := v.width, v.cols
	parts := borrow(v.count() * 2 * cols)
	defer giveBack(parts)
	v.chunks(func(k, lo, hi int) {
		s := borrow((2 + rowsAtOnce) * w)
		defer giveBack(s)
		dbias, dgain, e := (*s)[:w], (*s)[w:2*w], (*s)[2*w:]
		clear(dbias)
		clear(dgain)
		v.wideRows(lo, hi, func(lo, hi int) {
			w := min(w, hi-lo)
			gradSums(dbias[:w], dgain[:w], v.x[lo:hi], v.delta(e, lo, hi), v.mean, v.inverse)
		})
		v.narrow(dbias)
		v.narrow(dgain)
		part := (*parts)[k*2*cols:]
		copy(part, dbias[:cols])
		copy(part[cols:], dgain[:cols])
	})
	dbias, dgain := v.of(v.DBias), v.of(v.DGain)
	for j := range cols {
		b, g := 0.0, 0.0
		for k := range v.count() {
			b += float64((*parts)[k*2*cols+j])
			g += float64((*parts)[k*2*cols+cols+j])
		}
		dbias[j], dgain[j] = float32(b), float32(g)
	}
}

// apply does DX = e·a − b − (X−Mean)·c, with a, b and c for each column.
func (v *standardGrad) apply(a, b, c []float32) {
	n := float64(v.rows)
	gain, dbias, dgain := v.of(v.Gain), v.of(v.DBias), v.of(v.DGain)
	for j := range v.cols {
		scale := float64(gain[j]) * float64(v.inverse[j])
		a[j] = float32(scale)
		b[j] = float32(scale * float64(dbias[j]) / n)
		c[j] = float32(scale * float64(v.inverse[j]) * float64(dgain[j]) / n)
	}
	v.widen(a)
	v.widen(b)
	v.widen(c)
	columns := gradColumns{v.mean, a, b, c}
	dx := v.of(v.DX)
	v.chunks(func(_, lo, hi int) {
		s := borrow(rowsAtOnce * v.width)
		defer giveBack(s)
		v.wideRows(lo, hi, func(lo, hi int) { columns.rows(dx[lo:hi], v.x[lo:hi], v.delta(*s, lo, hi), min(v.width, hi-lo)) })
	})
}
