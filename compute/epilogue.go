package compute

import (
	"fmt"
	"math"
)

// An Act is an elementwise function.
type Act uint8

const (
	Identity  Act = iota
	ReLU          // max(v, 0)
	Tanh          // built on exp(−2|v|), which never overflows
	Sigmoid       // 1/(1+exp(−v)), built on exp(−|v|)
	LeakyReLU     // v where v > 0, else LeakySlope·v
	SELU          // λ·v where v > 0, else λα·(exp(v)−1), built on exp(−|v|)
)

// The constants of LeakyReLU and SELU, rounded to float32. SELU is of Klambauer, Unterthiner, Mayr and
// Hochreiter 2017; it falls to −SELULimit.
const (
	LeakySlope float32 = 0.01               // PyTorch's
	SELUScale  float32 = 1.0507009873554805 // λ
	SELULimit  float32 = 1.7580993408473766 // λα, α = 1.6732632423543772
)

// Acts lists all activation functions.
var Acts = []Act{Identity, ReLU, Tanh, Sigmoid, LeakyReLU, SELU}

var actNames = []string{"identity", "relu", "tanh", "sigmoid", "leaky-relu", "selu"}

func (a Act) String() string {
	if int(a) < len(actNames) {
		return actNames[a]
	}
	return fmt.Sprintf("Act(%d)", a)
}

// An Epilogue is the function applied to each accumulated element before it is stored:
//
//	v      = Alpha·acc + Beta·C[i,j] + Bias[j]
//	v      = Act(v)
//	v      = v · Grad′(Aux[i,j])
//	C[i,j] = v
//
// With Act it is a layer's forward pass; with Grad and the layer's own output as Aux it takes a delta back through that
// layer. Grad′ is the derivative of Grad as a function of its output a: [a > 0] for ReLU, 1 − a² for Tanh, a·(1 − a)
// for Sigmoid; 1 where a > 0 and else LeakySlope for LeakyReLU, λ where a > 0 and else a + λα for SELU.
//
// Where Beta is 0, C is not read: it may hold anything, NaN included.
type Epilogue struct {
	Alpha, Beta float32
	Bias        *Tensor // n, one value per column; batch × n or batch × 1 × n, of each member; or nil
	Act         Act
	Grad        Act
	Aux         *Tensor // shaped as C; nil exactly if Grad is Identity
}

func (e Epilogue) ins(to []*Tensor) []*Tensor { return present(to, e.Bias, e.Aux) }

func (e Epilogue) check(batch, m, n int) error {
	switch {
	case !finite(e.Alpha) || !finite(e.Beta):
		return fmt.Errorf("Alpha %g and Beta %g, want finite numbers", e.Alpha, e.Beta)
	case e.Alpha == 0 && e.Beta == 0:
		return fmt.Errorf("Alpha and Beta are both 0, so the result would ignore its inputs; want Alpha: 1?")
	case int(e.Act) >= len(actNames) || int(e.Grad) >= len(actNames):
		return fmt.Errorf("Act %v and Grad %v, want one of %v", e.Act, e.Grad, actNames)
	case e.Bias != nil && !(e.Bias.Len() == n || e.Bias.is(1, batch, n) || e.Bias.is(batch, 1, n)):
		return fmt.Errorf("Bias is %v, want [%d] or [%d 1 %d]", e.Bias, n, batch, n)
	case (e.Aux != nil) != (e.Grad != Identity):
		return fmt.Errorf("Grad is %v and Aux is %v, want both or neither", e.Grad, e.Aux)
	case e.Aux != nil && !e.Aux.is(batch, m, n):
		return fmt.Errorf("Aux is %v, want %d×[%d %d] as C", e.Aux, batch, m, n)
	}
	return nil
}

// at defines element i of c after the epilogue.
func (e Epilogue) at(before Contents, c *Tensor, acc sum, i int) Val {
	old := float32(0)
	if e.Beta != 0 {
		old = before[c][i]
	}
	v := acc.scaled(e.Alpha, e.Beta, old)
	if e.Bias != nil {
		j := i % c.Cols()
		if e.Bias.Len() > c.Cols() {
			j += i / (c.Rows() * c.Cols()) * c.Cols()
		}
		v = v.add(leaf(before[e.Bias][j]))
	}
	if v = v.act(e.Act); e.Aux != nil {
		v = v.through(e.Grad, leaf(before[e.Aux][i]))
	}
	if !v.Bounded() {
		return unbounded
	}
	return v
}

// act defines each Act by the steps that an implementation takes.
func (v Val) act(a Act) Val {
	one := Val{X: 1}
	switch a {
	case ReLU:
		return v.clip(0, math.Inf(1))
	case Tanh:
		e := Val{-2 * math.Abs(v.X), 2 * v.Err}.exp()
		t := one.sub(e).div(one.add(e))
		return v.choose(t, t.neg())
	case Sigmoid:
		e := Val{-math.Abs(v.X), v.Err}.exp()
		return v.choose(one, e).div(one.add(e))
	case LeakyReLU:
		return v.choose(v, exact(LeakySlope).mul(v))
	case SELU:
		e := Val{-math.Abs(v.X), v.Err}.exp()
		return v.choose(exact(SELUScale).mul(v), exact(SELULimit).mul(e.sub(one)))
	}
	return v
}

// through is v · Grad′, with Grad′ a function of Grad's output a.
func (v Val) through(grad Act, a Val) Val {
	one := Val{X: 1}
	switch grad {
	case ReLU:
		return a.choose(v, Val{})
	case Tanh:
		return v.mul(one.sub(a.mul(a)))
	case Sigmoid:
		return v.mul(a.mul(one.sub(a)))
	case LeakyReLU:
		return a.choose(v, exact(LeakySlope).mul(v))
	case SELU:
		return v.mul(a.choose(exact(SELUScale), a.add(exact(SELULimit))))
	}
	return v
}

func finite(x float32) bool { return math.Abs(float64(x)) <= math.MaxFloat32 }
