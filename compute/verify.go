package compute

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// A Tally counts the elements checked against a definition, and the unbounded ones, which cannot be checked: their
// definition leaves float32 or divides by a number that may be 0, so any value is right.
type Tally struct {
	Judged    int     `json:"judged"`
	Unbounded int     `json:"unbounded"`
	Loose     int     `json:"loose"` // checked with a bound over 1 % of the value
	Worst     float64 `json:"worst"` // the largest error seen, in units of its bound; ≤ 1 is right
}

// Judge checks got against want, counts it and reports whether it is right.
func (t *Tally) Judge(want Val, got float32) bool {
	if !want.Bounded() && !want.infinite() {
		t.Unbounded++
		return true
	}
	t.Judged++
	if want.Err > 0.01*math.Abs(want.X) {
		t.Loose++
	}
	t.Worst = math.Max(t.Worst, want.Distance(float64(got))) // Max keeps a NaN
	return want.Allows(got)
}

// Distance is |x − X| in units of the bound: infinite if there is a difference and the bound is 0, or if x is NaN; 0 if
// v is unbounded.
func (v Val) Distance(x float64) float64 {
	switch d := math.Abs(x - v.X); {
	case v.infinite() && x == v.X:
		return 0
	case !v.Bounded() && !v.infinite() || d == 0:
		return 0
	case d != d || v.Err == 0:
		return math.Inf(1)
	default:
		return d / v.Err
	}
}

// Add adds the counts of u.
func (t *Tally) Add(u Tally) {
	t.Judged += u.Judged
	t.Unbounded += u.Unbounded
	t.Loose += u.Loose
	t.Worst = math.Max(t.Worst, u.Worst)
}

// Verify returns b with every op checked against its definition, or its residual ([Examine]), on the very inputs of b,
// at sample elements of each output (0: all). A miss is an error wrapping [ErrWrong]. It knows no op, so a new op is
// verified as soon as it is defined. It reads every operand of every op, so it is slow.
func Verify(b Backend, sample int) *Verifier {
	return &Verifier{Backend: b, sample: sample, rnd: rand.New(rand.NewPCG(1, 2))}
}

// A Verifier is a Backend that checks another one.
type Verifier struct {
	Backend
	Tally

	sample int
	rnd    *rand.Rand
}

func (v *Verifier) Run(op Op) error {
	outs, ins := op.operands(nil, nil)
	before, err := contents(outs, ins)
	if err != nil {
		return err
	}
	if err := v.Backend.Run(op); err != nil {
		return err
	}
	after, err := contents(outs, ins)
	if err != nil {
		return err
	}
	for _, t := range ins {
		if !slices.EqualFunc(before[t], after[t], same) {
			return fmt.Errorf("%w: %s: input %v was changed", ErrWrong, v.Info().Backend, t)
		}
	}
	seen, want := Examine(op, before)
	for o, t := range outs {
		for _, i := range Sample(v.rnd, t.Len(), v.sample) {
			if got, want := seen(after, o, i), want(o, i); !v.Judge(want, got) {
				return fmt.Errorf("%w: %s: %s %d of %v is %g, want %g ± %.2g",
					ErrWrong, v.Info().Backend, Examined(op), i, t, got, want.X, want.Err)
			}
		}
	}
	return nil
}

// TimeOps times the ops of the checked Backend, without the time of checking.
func (v *Verifier) TimeOps(f func(Timing)) error { return TimeOps(v.Backend, f) }

// Rehearse is that of the checked Backend.
func (v *Verifier) Rehearse(ops []Op) bool { return Rehearse(v.Backend, ops) }

// Sample returns n indices below len, the first and the last among them; all of them if n is 0 or
// len is no larger.
func Sample(r *rand.Rand, len, n int) []int {
	all := n <= 0 || n >= len
	if all {
		n = len
	}
	is := make([]int, n)
	for k := range is {
		switch {
		case all:
			is[k] = k
		case k == 0:
			is[k] = len - 1
		case k == 1:
			is[k] = 0
		default:
			is[k] = r.IntN(len)
		}
	}
	return is
}

// contents reads the tensors into memory.
func contents(lists ...[]*Tensor) (Contents, error) {
	c := Contents{}
	for _, l := range lists {
		for _, t := range l {
			if c[t] != nil {
				continue
			}
			c[t] = make([]float32, t.n)
			if err := t.read(c[t]); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

func same(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }
