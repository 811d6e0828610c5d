package gpu

import "hebb/compute"

// kernelGrad makes P = Σ_w Scale·S∘K, from registers, in bands right of the diagonal, and multiplies them by X; where
// that is impossible, by bands of K, L and P.
func (l *plan) kernelGrad(g compute.KernelGrad) {
	scales := make([]float32, g.K.Widths())
	for w := range scales {
		scales[w] = float32(g.Scale(w))
	}
	bare := g.K.Kernel == compute.Linear && g.Self == 0 // P is S, without K
	p, ok := l.pairing(g.K, g.L, bare, scales...)
	if ok {
		ok = l.pullTiles(g, p)
	}
	if !ok && l.err == nil {
		l.pullBands(g)
	}
}

// pullBands makes K, L and P = Σ_w Scale·S∘K band by band, and multiplies P by X. For the Gaussian DX starts as the
// sums of P's rows times the rows of X, from which P·X is subtracted; the diagonal of K, and so of P, is 0.
func (l *plan) pullBands(g compute.KernelGrad) {
	widths, batch, m, _ := g.Dims()
	first, second, matrices := l.similarity(g.K, nil, scratch1, 0), product{}, widths+1
	if g.L.X != nil {
		second = l.similarity(g.L, nil, scratch2, 0)
		matrices += g.L.Widths()
	}
	for _, b := range l.bands(g.K, matrices) {
		var kernel, other func(width int, col axis) operand
		if g.K.Kernel == compute.Gaussian || g.Self != 0 { // else P is S, without K
			kernel = l.kernels(first, g.K, b, scratchK, 0)
		}
		if g.L.X != nil {
			other = l.kernels(second, g.L, b, scratchL, 1)
		}
		p := l.own(scratchP, b.members, b.rows, m, axisRow, axisCol)
		for w := range widths {
			f := &bandFormula{band: b, batch: batch, m: m, col: axisCol}
			v := f.weights(g, w, kernel, other)
			l.apply(compute.Pointwise(v), extent{1, b.members, b.rows, m, 1}, append([]operand{p}, f.inputs...))
		}
		l.pull(g, b)
	}
}

// weights returns width w's term of P.
func (f *bandFormula) weights(g compute.KernelGrad, w int, kernel, other func(width int, col axis) operand) compute.Expr {
	var k compute.Expr
	if kernel != nil {
		k = f.input(kernel(w, f.col))
	}
	var s []compute.Expr
	if g.Self != 0 {
		s = append(s, compute.Scale(g.Self, k))
	}
	if g.Cross != 0 {
		s = append(s, compute.Scale(g.Cross, f.input(other(w%g.L.Widths(), f.col))))
	}
	if g.R != nil {
		s = append(s, f.input(f.row(g.R, w)), f.input(f.column(g.R, w)))
	}
	if g.G != nil {
		s = append(s, f.input(f.entries(g.G, w)))
	}
	v := compute.Scale(float32(g.Scale(w)), compute.Sum(s[0], s[1:]...))
	if g.K.Kernel == compute.Gaussian {
		v = compute.Mul(v, k)
	}
	if w > 0 {
		v = compute.Add(compute.Old(), v)
	}
	return v
}

// entries returns t, a matrix for each width and member, as an input of f.
func (f *bandFormula) entries(t *compute.Tensor, width int) operand {
	o := operand{mem: memory{buf: t.Buffer()}, off: t.Offset() + ((width*f.batch+f.z)*f.m+f.i)*f.m, ld: f.m}
	o.stride[axisMember], o.stride[axisRow], o.stride[f.col] = f.m*f.m, f.m, 1
	return o
}

// pull plans the rows of DX in b, from P.
func (l *plan) pull(g compute.KernelGrad, b band) {
	_, _, m, d := g.Dims()
	rows := grid(g.DX, axisRow, axisCol).from(b.z, b.i)
	w := product{
		file: "gemm", pass: "GEMM", alpha: 1,
		size: extent{1, b.members, b.rows, d, m},
		out:  rows,
		a:    l.own(scratchP, b.members, b.rows, m, axisRow, axisTerm),
		b:    right(g.K.X, false).from(b.z, 0),
	}
	if g.K.Kernel == compute.Gaussian {
		w.beta = -1
		l.reduce(reduction{
			size: extent{1, b.members, b.rows, 1, m}, scale: 1,
			out: l.ownLine(scratchRows, b.members, b.rows, axisRow), a: w.a,
		})
		sums := l.ownLine(scratchRows, b.members, b.rows, axisRow)
		sums.ld = 1
		x := grid(g.K.X, axisRow, axisCol).from(b.z, b.i)
		l.apply(multiplied, extent{1, b.members, b.rows, d, 1}, []operand{rows, x, sums})
	}
	l.product(w)
}
