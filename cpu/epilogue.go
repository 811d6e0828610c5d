package cpu

import (
	"math"

	"hebb/compute"
)

// An epilogue is the part of a [compute.Epilogue] that BLAS does not do.
type epilogue struct {
	compute.Epilogue
	rows, cols int // of one member of the batch
}

// empty reports whether finish has nothing to do.
func (e epilogue) empty() bool { return e.Bias == nil && e.Act == compute.Identity && e.Aux == nil }

// finish applies the epilogue to a block of C whose first element is column j of row i, counted through the batch.
func (e epilogue) finish(c matrix, i, j int) {
	if whole := c.stride == c.cols && c.cols == e.cols; whole { // rows one after the other
		if e.Bias != nil && c.cols <= fewColumns && len(values(e.Bias)) == c.cols {
			addToRows(c, values(e.Bias))
			e.Bias = nil
		}
		if e.Bias == nil {
			c = dense(1, c.rows*c.cols, c.data)
		}
	}
	for r := range c.rows {
		row := c.row(r)
		if e.Bias != nil {
			add(row, row, e.bias((i + r) / e.rows)[j:])
		}
		activate(e.Act, row)
		if e.Aux != nil {
			backward(e.Grad, row, values(e.Aux)[(i+r)*e.Aux.Cols()+j:])
		}
	}
}

// fewColumns are so few that the calls for a row take longer than what they do.
const fewColumns = 32

// addToRows adds a short row to each row of c, several at a time.
func addToRows(c matrix, row []float32) {
	var several [8 * fewColumns]float32
	n := len(several) / c.cols * c.cols
	for at := 0; at < n; at += c.cols {
		copy(several[at:], row)
	}
	data := c.data[:c.rows*c.cols]
	for at := 0; at < len(data); at += n {
		part := data[at:min(at+n, len(data))]
		add(part, part, several[:len(part)])
	}
}

// bias returns the row that member z adds.
func (e epilogue) bias(z int) []float32 {
	b := values(e.Bias)
	if len(b) > e.cols {
		return b[z*e.cols:][:e.cols]
	}
	return b
}

// activate is v ← Act(v).
func activate(act compute.Act, row []float32) {
	switch act {
	case compute.ReLU:
		byZeros(row, func(j int, v, zeros []float32) { larger(v, v, zeros) })
	case compute.Tanh:
		byParts(row, func(_ int, v, e []float32) { tanh(v, negExp(e, v, 2)) })
	case compute.Sigmoid:
		sigmoid(row)
	case compute.LeakyReLU:
		byParts(row, func(_ int, v, low []float32) {
			scale(low, v, compute.LeakySlope)
			choose(v, v, v, low)
		})
	case compute.SELU:
		byParts(row, func(_ int, v, low []float32) {
			shift(low, negExp(low, v, 1), -1)
			scale(low, low, compute.SELULimit)
			scale(v, v, compute.SELUScale)
			choose(v, v, v, low)
		})
	}
}

// byZeros calls f for parts of row, from the j-th element on, and as many zeros.
func byZeros(row []float32, f func(j int, v, zeros []float32)) {
	for j := 0; j < len(row); j += len(zeros) {
		v := row[j:min(len(row), j+len(zeros))]
		f(j, v, zeros[:len(v)])
	}
}

var zeros [1024]float32

// byParts calls f for parts of row, from the j-th element on, and as much scratch.
func byParts(row []float32, f func(j int, v, scratch []float32)) {
	var buf [256]float32
	for j := 0; j < len(row); j += len(buf) {
		v := row[j:min(len(row), j+len(buf))]
		f(j, v, buf[:len(v)])
	}
}

// negExp returns e ← exp(−k·|v|).
func negExp(e, v []float32, k float32) []float32 {
	neg(e, v)
	smaller(e, e, v)
	scale(e, e, k)
	exp(e, e)
	return e
}

func tanh(v, e []float32) {
	e = e[:len(v)]
	for j, x := range v {
		t := (1 - e[j]) / (1 + e[j]) // not below 0
		v[j] = math.Float32frombits(math.Float32bits(t) | math.Float32bits(x)&(1<<31))
	}
}

// sigmoid is v ← 1/(1 + exp(−v)), by exp(−|v|), which does not overflow.
func sigmoid(v []float32) {
	for j := sigmoidVector(v); j < len(v); j++ {
		e := expGo(-abs(v[j]))
		top := e
		if v[j] > 0 {
			top = 1
		}
		v[j] = top / (1 + e)
	}
}

func abs(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }

// backward is v ← v·Grad′, with Grad′ a function of the outputs a of Grad.
func backward(grad compute.Act, row, a []float32) {
	a = a[:len(row)]
	switch grad {
	case compute.ReLU:
		byZeros(row, func(j int, v, zeros []float32) { choose(v, a[j:], v, zeros) })
	case compute.Tanh:
		for j := range row {
			row[j] *= 1 - float32(a[j]*a[j])
		}
	case compute.Sigmoid:
		byParts(row, func(j int, v, slope []float32) {
			neg(slope, a[j:])
			shift(slope, slope, 1)
			times(slope, slope, a[j:])
			times(v, v, slope)
		})
	case compute.LeakyReLU:
		byParts(row, func(j int, v, low []float32) {
			scale(low, v, compute.LeakySlope)
			choose(v, a[j:], v, low)
		})
	case compute.SELU:
		byParts(row, func(j int, v, low []float32) {
			shift(low, a[j:], compute.SELULimit)
			times(low, low, v)
			scale(v, v, compute.SELUScale)
			choose(v, a[j:], v, low)
		})
	}
}
