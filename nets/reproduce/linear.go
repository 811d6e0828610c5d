package reproduce

import (
	"context"
	"math"
	"math/rand/v2"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/stack"
)

// A linear problem is y = X·β + ε with inputs that are even in [−1, 1] at the source and normal, of variance 1, at the
// target; β is normal of variance 0.1, and the noise of mean 0 and variance 1. A linear network learns it from the
// source.
type linear struct {
	noise func(*rand.Rand) float64
	loss  nets.Loss
	rate  float64
}

const (
	linearInputs   = 100
	linearExamples = 1024
	linearTests    = 10000
	linearBatch    = 128
	linearEpochs   = 100

	sourceError Quantity = "mean squared error at the source"
	targetError Quantity = "mean squared error at the target"
)

// The noises of linear problems, each of mean 0 and variance 1.
var noises = map[string]func(*rand.Rand) float64{
	"normal": (*rand.Rand).NormFloat64,
	"laplace": func(r *rand.Rand) float64 {
		return math.Copysign(r.ExpFloat64()/math.Sqrt2, r.Float64()-0.5)
	},
	"exponential": func(r *rand.Rand) float64 { return r.ExpFloat64() - 1 },
}

func even(r *rand.Rand) float64 { return 2*r.Float64() - 1 }

// draw makes n examples.
func (l linear) draw(rnd *rand.Rand, n int, beta []float64, input func(*rand.Rand) float64) (x, y []float32) {
	for range n {
		v := l.noise(rnd)
		for _, b := range beta {
			c := input(rnd)
			v += b * c
			x = append(x, float32(c))
		}
		y = append(y, float32(v))
	}
	return x, y
}

// run learns a problem that is drawn by the seed; it is an [Each].
func (l linear) run(ctx context.Context, dev *compute.Device, seed uint64) (map[Quantity]float64, error) {
	rnd := rand.New(rand.NewPCG(seed, 0))
	beta := make([]float64, linearInputs)
	for i := range beta {
		beta[i] = math.Sqrt(0.1) * rnd.NormFloat64()
	}
	x, y := l.draw(rnd, linearExamples, beta, even)
	t, err := l.trainer(dev, seed)
	if err != nil {
		return nil, err
	}
	if err := l.train(ctx, t, rnd, x, y); err != nil {
		return nil, err
	}
	out := map[Quantity]float64{}
	for q, input := range map[Quantity]func(*rand.Rand) float64{sourceError: even, targetError: (*rand.Rand).NormFloat64} {
		// The same for both losses, whatever they drew before.
		tx, ty := l.draw(rand.New(rand.NewPCG(seed, 1)), linearTests, beta, input)
		score, err := t.Evaluate(func() (bx, by []float32, err error) {
			n := min(linearBatch, len(ty))
			bx, by, tx, ty = tx[:n*linearInputs], ty[:n], tx[n*linearInputs:], ty[n:]
			return bx, by, nil
		})
		if err != nil {
			return nil, err
		}
		out[q] = score.SquaredError
	}
	return out, nil
}

func (l linear) trainer(dev *compute.Device, seed uint64) (*stack.Trainer, error) {
	net, err := stack.New(dev, stack.Dense{Units: 1}, nets.Shape{Height: 1, Width: 1, Channels: linearInputs}, stack.Backprop{}, seed)
	if err != nil {
		return nil, err
	}
	return stack.NewTrainer(net, nets.DefaultAdam, l.loss)
}

// train goes through the examples in batches, in another order each time.
func (l linear) train(ctx context.Context, t *stack.Trainer, rnd *rand.Rand, x, y []float32) error {
	decay := nets.Schedule{Kind: "cosine"}
	bx, by := make([]float32, linearBatch*linearInputs), make([]float32, linearBatch)
	for epoch := range linearEpochs {
		order := rnd.Perm(linearExamples)
		for at := 0; at+linearBatch <= linearExamples; at += linearBatch {
			for k, i := range order[at : at+linearBatch] {
				copy(bx[k*linearInputs:], x[i*linearInputs:][:linearInputs])
				by[k] = y[i]
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := t.Step(bx, by, l.rate*decay.Rate(float64(epoch), linearEpochs)); err != nil {
				return err
			}
		}
		if _, err := t.Score(); err != nil { // whether it diverged
			return err
		}
	}
	return nil
}
