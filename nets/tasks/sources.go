package tasks

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"hebb/compute"
	"hebb/nets"
)

// Sources is the task of independent component analysis: n independent sources s with Laplace's distribution and variance
// 1 are mixed, x = A·s, with A normal, and N such rows are centred and whitened by their own covariance, see
// [Whitenings], zca. A learner draws sources and A by its seed. Batches are drawn from the rows with replacement, and
// nothing is wanted.
//
// With Z the whitening matrix a unit that answers with source k has weights along column k of Z·A. These directions are
// the tensor "directions", a row of length 1 for each source.
type Sources struct {
	Sources int `json:"sources" toml:"sources"` // n
	Rows    int `json:"rows" toml:"rows"`       // N
	Batch   int `json:"batch" toml:"batch"`

	pool Pool
}

const mostSources = 1 << 10

// Check reports an invalid setting.
func (t *Sources) Check() error {
	if t.Sources > mostSources {
		return fmt.Errorf("sources: %d sources, want at most %d, whose covariance has its eigenvectors in seconds", t.Sources, mostSources)
	}
	if t.Sources < 2 || t.Rows <= t.Sources || t.Batch < 1 {
		return fmt.Errorf("sources: %d sources, %d rows and a batch of %d, want at least 2, more rows than sources, and 1", t.Sources, t.Rows, t.Batch)
	}
	return nil
}

// Build draws the rows and copies them to the device.
func (t *Sources) Build(s *nets.Store) (nets.Spec, error) {
	n := t.Sources
	t.pool = Pool{N: t.Rows, In: nets.Row(n), Batch: t.Batch}
	var directions []float32
	if !s.Device().Staged() {
		for l := range s.Learners {
			rows, v, err := t.draw(nets.Generator(s.Seed+uint64(l), "sources"))
			if err != nil {
				return nets.Spec{}, fmt.Errorf("sources, seed %d: %w", s.Seed+uint64(l), err)
			}
			t.pool.Rows, directions = append(t.pool.Rows, singles(rows)), append(directions, singles(v)...)
		}
	}
	s.Kept("directions", given(directions), n, n)
	return t.pool.Build(s)
}

// Show draws a batch for each learner.
func (t *Sources) Show(p *nets.Pass) nets.Moment { return t.pool.Show(p) }

// Judge counts "variance", the mean of ‖answer‖².
func (t *Sources) Judge(p *nets.Pass, m nets.Moment, answer *compute.Tensor) {
	t.pool.Judge(p, m, answer)
}

// draw returns whitened mixtures of sources, and the direction of each source.
func (t *Sources) draw(r *rand.Rand) (rows, directions []float64, err error) {
	n := t.Sources
	mixing := mat.NewDense(n, n, nil)
	mixing.Apply(func(_, _ int, _ float64) float64 { return r.NormFloat64() }, mixing)
	s := mat.NewDense(t.Rows, n, nil)
	s.Apply(func(_, _ int, _ float64) float64 { return math.Copysign(r.ExpFloat64()/math.Sqrt2, r.Float64()-0.5) }, s)
	var x mat.Dense
	x.Mul(s, mixing.T())
	rows, w, err := Whiten(x.RawMatrix().Data, n, "zca", 0, 0)
	if err != nil {
		return nil, nil, err
	}
	for k := range n { // Z·a = Σ v·(v·a)/√λ over the eigenvectors v
		a, column := mat.Col(nil, k, mixing), make([]float64, n)
		for i, v := range w.Vectors {
			along := mat.Dot(mat.NewVecDense(n, v), mat.NewVecDense(n, a)) / math.Sqrt(w.Values[i])
			for j := range column {
				column[j] += along * v[j]
			}
		}
		length := mat.Norm(mat.NewVecDense(n, column), 2)
		for _, c := range column {
			directions = append(directions, c/length)
		}
	}
	return rows, directions, nil
}
