package grow

import (
	"math"

	"hebb/compute"
	"hebb/nets"
)

// An epoch is one moment of learning.
type epoch struct {
	*Cascade
	*nets.Pass
	n int             // examples
	a *compute.Tensor // what units see × examples

	used     *compute.Tensor // the rows of a that are not 0
	y, delta *compute.Tensor // σ and E·(f′ + 0.1), outputs × examples
	e        *compute.Tensor // delta less its mean
	v        *compute.Tensor // σ of the candidates, candidates × examples
	cor      *compute.Tensor // outputs × candidates

	squares, wrong   *compute.Tensor // Σ E², and the count of numbers with |E| of 0.4 or more
	z, best, largest *compute.Tensor // Σ e², the best candidate and its S

	stop, done, begin, grow *compute.Tensor // 1 or 0: the phase ends; all is learned; candidates begin; the best becomes a unit
	outRate, candidateRate  *compute.Tensor // 0 unless they learn
}

const (
	offset    = 0.1  // to the slope of outputs
	decay     = 1e-4 // of their weights
	tolerance = 0.4
	least     = 1e-6 // correlation that makes a unit: without any, float32 leaves ten times less

	outMoves, candidatesMove = 0.01, 0.03 // a goal that moves by less is still
)

var (
	plus      = compute.Formula("inputs + units", "units")
	off       = compute.Formula("y + low - want", "y", "want")
	sloped    = compute.Formula("e*(y*(1 - y) + offset)", "e", "y").With("offset", offset)
	square    = compute.Formula("x*x", "x")
	isWrong   = compute.Formula("where(tolerance - abs(e), 0, 1)", "e").With("tolerance", tolerance)
	centred   = compute.Formula("x - sum/n", "x", "sum")
	overZ     = compute.Formula("where(z, c/where(z, z, 1), 0)", "c", "z")
	magnitude = compute.Formula("abs(c)", "c")
)

// judge finds the errors of the outputs.
func (e *epoch) judge(m nets.Moment) {
	e.used = e.Map(plus.With("inputs", float32(e.inputs)), e.units)
	e.y = e.outputs(e.Pass, e.a, e.used)
	want := m.Want
	if e.classes > 0 {
		want = e.OneHot(m, e.classes)
	}
	low := e.Low
	if e.classes > 0 {
		low = 0
	}
	errors := e.Map(off.With("low", low), e.y, transposed(e.Pass, want))
	e.squares, e.wrong = e.PerLearner(square, 1, errors), e.PerLearner(isWrong, 1, errors)
	e.delta = e.Map(sloped, errors, e.y)
	e.e = e.Map(centred.With("n", float32(e.n)), e.delta, e.Fold(compute.FoldSum, e.delta))
	e.z = e.PerLearner(square, 1, e.e)
}

// correlate finds the candidates' correlations with the errors.
func (e *epoch) correlate() {
	e.v = e.Tensor(e.Learners, e.Candidates, e.n)
	e.Do(compute.Gemm{C: e.v, A: e.candidates, B: e.a, Used: e.Map(ifSo, e.used, e.phase), Epilogue: compute.Epilogue{Alpha: 1, Act: compute.Sigmoid}})
	e.cor = e.Product(e.v, e.e, compute.Identity) // ½·Σ e is 0
	e.cor = e.Map(overZ, e.cor, e.z)
	s := e.Tensor(e.Learners, 1, e.Candidates)
	e.Do(compute.Reduce{Out: s, In: []*compute.Tensor{e.cor}, F: magnitude, Along: compute.AlongRows, Alpha: 1})
	e.largest, e.best = e.Fold(compute.FoldMax, s), e.Fold(compute.FoldArgMax, s)
	e.Into(e.correlation, setIf, e.phase, e.largest)
}

var (
	goal   = compute.Formula("where(phase - 0.5, s, squares)", "phase", "s", "squares")
	moved  = compute.Formula("where(since - 0.5, where(abs(goal - mark) - mark*where(phase - 0.5, candidates, out), 1, 0), 1)", "since", "goal", "mark", "phase")
	count  = compute.Formula("where(end, old, where(moved - 0.5, 0, old + 1))", "moved", "end")
	setIf  = compute.Formula("where(moved - 0.5, goal, old)", "moved", "goal")
	goesOn = compute.Formula("old + where(end, 0, 1)", "end")
	ends   = compute.Formula("where(end, 0, where(max(still - patience, since - most) + 0.5, 1, 0))", "end", "still", "since")
	isDone = compute.Formula("where(end + phase, 0, where(wrong - 0.5, 0, 1))", "end", "phase", "wrong")
	begins = compute.Formula("where(stop - phase - done - 0.5, where(most - units - 0.5, 1, 0), 0)", "stop", "phase", "done", "units")
	grows  = compute.Formula("where(stop*phase - 0.5, where(s*sqrt(z) - least, 1, 0), 0)", "stop", "phase", "s", "z")

	outLearns        = compute.Formula("where(end + phase + done - 0.125, 0, rate)", "end", "phase", "done")
	candidatesLearns = compute.Formula("where(end + stop, 0, where(phase - 0.5, where(z, rate/((inputs + units)*where(z, z, 1)), 0), 0))", "end", "stop", "phase", "z", "units")
)

// decide sets what each learner does in this epoch and the next.
func (e *epoch) decide() {
	now := e.Map(goal, e.phase, e.largest, e.squares)
	moved := e.Map(moved.With("candidates", candidatesMove).With("out", outMoves), e.since, now, e.mark, e.phase)
	e.Into(e.still, count, moved, e.end)
	e.Into(e.mark, setIf, moved, now)
	e.Into(e.since, goesOn, e.end)
	e.done = e.Map(isDone, e.end, e.phase, e.wrong)
	e.stop = e.Map(ends.With("patience", float32(e.Patience)).With("most", float32(e.Epochs)), e.end, e.still, e.since)
	e.begin = e.Map(begins.With("most", float32(e.Units)), e.stop, e.phase, e.done, e.units)
	e.grow = e.Map(grows.With("least", float32(least*math.Sqrt(float64(e.n))/2)), e.stop, e.phase, e.largest, e.z)
	e.outRate = e.Map(outLearns.With("rate", float32(e.Rate/float64(e.n))), e.end, e.phase, e.done)
	rate := candidatesLearns.With("rate", e.CandidateRate/float32(e.n)).With("inputs", float32(e.inputs))
	e.candidateRate = e.Map(rate, e.end, e.stop, e.phase, e.z, e.units)
}

var (
	signed  = compute.Formula("sign(c)", "c")
	scaled  = compute.Formula("rate*x", "x", "rate")
	decayed = compute.Formula("rate*(old + decay*w)", "w", "rate").With("decay", decay)

	ifSo    = compute.Formula("where(so, rows, 0)", "rows", "so")
	allIfSo = compute.Formula("where(so, all, 0)", "so").With("all", allRows)
)

// learn makes a step of quickprop for the weights of the phase.
func (e *epoch) learn() {
	e.Do(compute.Gemm{C: e.gradOut, A: e.delta, B: e.a, TransB: true, Used: e.used, Epilogue: compute.Epilogue{Alpha: 1}})
	e.Into(e.gradOut, decayed, e.out, e.outRate)
	d := e.Like(e.v)
	e.Do(compute.Gemm{C: d, A: e.Map(signed, e.cor), B: e.Map(scaled, e.e, e.candidateRate), TransA: true,
		Used: e.Map(allIfSo, e.candidateRate), Epilogue: compute.Epilogue{Alpha: -1, Grad: compute.Sigmoid, Aux: e.v}})
	e.Do(compute.Gemm{C: e.gradCandidates, A: d, B: e.a, TransB: true, Used: e.Map(ifSo, e.used, e.candidateRate), Epilogue: compute.Epilogue{Alpha: 1}})
	e.descent.UpdateAt(e.Pass, 1)
}

var (
	chosen = compute.Formula("where(0.5 - abs(i - best), grow, 0)", "i", "best", "grow")
	place  = compute.Formula("where(0.5 - abs(i - first - units), grow, 0)", "i", "units", "grow")
	fallen = compute.Formula("v - 0.5*grow", "v", "grow")
	within = compute.Formula("where(rows - i - 0.5, old, 0)", "i", "rows")
)

// install makes a unit of the best candidate, in learners that grow. In others all products are 0, and are left out.
func (e *epoch) install() {
	row := func(n int, f *compute.Func, at *compute.Tensor) *compute.Tensor {
		t := e.Tensor(e.Learners, 1, n)
		e.Into(t, f, e.numbers(n), at, e.grow)
		return t
	}
	all := e.Map(allIfSo, e.grow)
	product := func(to, a, b *compute.Tensor, sign, keep float32, transB bool) {
		e.Do(compute.Gemm{C: to, A: a, B: b, TransB: transB, Used: all, Epilogue: compute.Epilogue{Alpha: sign, Beta: keep}})
	}
	w, v, cor := e.Tensor(e.Learners, 1, e.width()), e.Tensor(e.Learners, 1, e.n), e.Tensor(e.Learners, e.out.Rows(), 1)
	best := row(e.Candidates, chosen, e.best)
	product(w, best, e.candidates, 1, 0, false)
	product(v, best, e.v, 1, 0, false)
	product(cor, e.cor, best, 1, 0, true)
	e.Into(w, within, e.numbers(e.width()), e.used)
	slot, unit := row(e.width(), place.With("first", float32(e.inputs)), e.units), row(e.Units, place.With("first", 0), e.units)
	column := func(t *compute.Tensor) *compute.Tensor { return e.View(t, 0, e.Learners, t.Cols(), 1) }
	product(e.hidden, column(unit), w, 1, 1, false)
	product(e.a, column(slot), e.Map(fallen, v, e.grow), 1, 1, false)
	product(e.out, cor, slot, -1, 1, false)
}

// numbers returns 0 to n − 1, a row for all learners.
func (e *epoch) numbers(n int) *compute.Tensor { return e.View(e.Numbers(n), 0, 1, 1, n) }

var drawn = compute.Formula("where(begin - 0.5, w, where(stop - 0.5, 0, old))", "w", "begin", "stop")

// drawCandidates draws new candidates where they begin. Outside their phase they are 0, and cost nothing.
func (e *epoch) drawCandidates() {
	// After drawing, a learner makes two phases before it draws again, with at least the given number of epochs each.
	if least := min(e.Patience+1, e.Epochs); e.Number%uint64(2*least) == 0 {
		e.Random(e.draw, compute.Uniform(-1, 1))
	}
	e.Into(e.candidates, drawn, e.draw, e.begin, e.stop)
}

var (
	ended = compute.Formula("where(old, old, where(done - 0.5, units + learned, where(stop - begin - grow - 0.5, units + where(phase - 0.5, uncorrelated, full), 0)))",
		"done", "stop", "begin", "grow", "units", "phase").With("learned", learned).With("full", full).With("uncorrelated", uncorrelated)
	turned = compute.Formula("where(begin - 0.5, 1, where(grow - 0.5, 0, old))", "begin", "grow")
	unless = compute.Formula("where(stop - 0.5, 0, old)", "stop")
	grown  = compute.Formula("old + grow", "grow")
	same   = compute.Formula("x", "x")
)

// next begins the next epoch.
func (e *epoch) next() {
	e.Into(e.epochs, goesOn, e.end)
	e.Into(e.end, ended, e.done, e.stop, e.begin, e.grow, e.units, e.phase)
	e.Into(e.phase, turned, e.begin, e.grow)
	e.Into(e.since, unless, e.stop)
	e.Into(e.still, unless, e.stop)
	e.Into(e.units, grown, e.grow)
	e.Count("units", e.units, 1)
	e.Count("epochs", e.epochs, 1)
	e.Count("correlation", e.correlation, 1)
	if code := e.Fault("cascade"); code != nil {
		e.Into(code, same, e.end)
	}
}
