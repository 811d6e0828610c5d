package cli

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"

	"gonum.org/v1/gonum/mat"

	"hebb/nets/develop"
	"hebb/nets/reproduce"
	"hebb/nets/safetensors"
	"hebb/nets/train"
	"hebb/nets/train/chart"
)

// fieldsTensor is what turns weights of whitened numbers into patterns of pixels, numbers × pixels, in the state of a run.
const fieldsTensor = "task.fields"

// A receptive holds the fields of units, square patterns of pixels, and the Gabor patch most like each.
type receptive struct {
	chart.Filters
	gabors []develop.Gabor
}

// fieldsOf returns the fields of the layer.
func (r *weightsRun) fieldsOf(from string, all []safetensors.Tensor, what string) (f receptive, err error) {
	i := slices.IndexFunc(all, func(t safetensors.Tensor) bool {
		return len(t.Shape) == 2 && (t.Name == r.layer || t.Name == r.layer+".weight")
	})
	if i < 0 {
		return f, usagef("--fields of --layer %q: want a layer whose weights are units × inputs", r.layer)
	}
	pixels := all[i].Shape[1]
	weights := matrix(all[i])
	if patterns, err := r.patterns(from); err != nil {
		return f, err
	} else if patterns != nil && patterns.RawMatrix().Rows == pixels {
		var field mat.Dense
		field.Mul(weights, patterns)
		weights = &field
		_, pixels = field.Dims()
	}
	side := int(math.Sqrt(float64(pixels)))
	if side*side != pixels {
		return f, usagef("--fields: each unit of %s has %d weights, want the pixels of a square", r.layer, pixels)
	}
	if f.gabors, err = develop.Gabors(weights.RawMatrix().Data, side); err != nil {
		return f, err
	}
	f.Filters = chart.Filters{Title: fmt.Sprintf("fields of %s, %d×%d pixels, %s", r.layer, side, side, what), Channels: 1, Height: side, Width: side}
	for _, v := range weights.RawMatrix().Data {
		f.Values = append(f.Values, float32(v))
	}
	for _, g := range f.gabors {
		f.Labels = append(f.Labels, fmt.Sprintf("%.2f  %.0f°  %.2f", g.R2, g.Orientation, g.Frequency))
	}
	f.Note = "below: R² of the Gabor patch most like it, its stripes' orientation and cycles a pixel; " + f.summary()
	return f, nil
}

// patterns reads the fields of whitened numbers from the last checkpoint of a run; nil where it has none.
func (r *weightsRun) patterns(dir string) (*mat.Dense, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, err
	}
	c, err := train.RunConfig(dir)
	if err != nil {
		return nil, err
	}
	model, _, err := train.LastModel(dir)
	if err != nil {
		return nil, err
	}
	state, _, err := safetensors.ReadFile(filepath.Join(filepath.Dir(model), train.StateFile))
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(state, func(t safetensors.Tensor) bool { return t.Name == fieldsTensor })
	if i < 0 {
		return nil, nil
	}
	t := state[i]
	if c.Learners > 1 {
		t = one(t, r.learner)
	}
	return matrix(t), nil
}

func matrix(t safetensors.Tensor) *mat.Dense {
	m := mat.NewDense(t.Shape[0], t.Shape[1], nil)
	m.Apply(func(i, j int, _ float64) float64 { return float64(t.Data[i*t.Shape[1]+j]) }, m)
	return m
}

func (f receptive) summary() string {
	var r2 reproduce.Values
	for _, g := range f.gabors {
		r2 = append(r2, g.R2)
	}
	above := r2.Count(func(x float64) bool { return x > develop.LikeGabor })
	return fmt.Sprintf("median R² %.2f, %d of %d above %g", r2.Median(), above, len(r2), develop.LikeGabor)
}

// print writes a line for each unit.
func (f receptive) print(format string, w io.Writer) error {
	if format == "json" {
		return printJSON(w, f.gabors)
	}
	t := grid{head: []string{"unit", "R²", "orientation", "cycles/pixel", "σ across", "σ along", "middle x", "y"}}
	for u, g := range f.gabors {
		t.rows = append(t.rows, []string{fmt.Sprint(u), fmt.Sprintf("%.3f", g.R2), fmt.Sprintf("%.1f°", g.Orientation), fmt.Sprintf("%.2f", g.Frequency),
			fmt.Sprintf("%.1f", g.Sigma), fmt.Sprintf("%.1f", g.Sigma*g.Aspect), fmt.Sprintf("%+.0f", g.X), fmt.Sprintf("%+.0f", g.Y)})
	}
	fmt.Fprintf(w, "%s\n%s\n\n", f.Title, f.summary())
	return t.text(w)
}
