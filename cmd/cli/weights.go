package cli

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hebb/internal/figure"
	"hebb/internal/float"
	"hebb/nets/data"
	"hebb/nets/safetensors"
	"hebb/nets/train"
	"hebb/nets/train/chart"
)

// A weightsRun is one run of hebb weights, as asked for.
type weightsRun struct {
	learner      int
	best         bool
	out, picture string
	layer        string
	image        string
	format       string
	over         bool
	asFields     bool
	histogram    bool
}

func newWeightsCmd() *cobra.Command {
	var r weightsRun
	cmd := &cobra.Command{
		Use:   "weights DIR",
		Short: "List, write or draw the weights of a run",
		Long: `weights lists the tensors of the last checkpoint of a run, or of a file FILE.safetensors in the place of DIR: name,
shape as PyTorch has it, mean, standard deviation, norm √Σw² and how many are 0.

--out writes them as the arrays of an NPZ file. --picture draws the weights of --layer as a contact sheet on one scale: of a
convolution, each window, a line for each unit where the input has several channels; of other layers, the inputs of each
unit in the form of an image, see --image, or else line by line in a square. Where synapses have places (linsker), each
cell is drawn as dots there, and said what kind it is.

--over-training takes all checkpoints that there are, which are all with hebb train --keep-all: the picture has a column
for each of them and a row for each weight, and the NPZ file steps and each tensor as checkpoints × shape.

--histogram draws how many weights have which values, as a line of text for each tensor and, with --picture, as panels: of
--layer or of all. Weights of 0, such as synapses that are not there, are counted apart.

--fields looks at the units of a layer as receptive fields: their weights as square patterns of pixels, also where they
learned from whitened numbers (hebb train nonlinear --task patches), and the Gabor patch that each is most like: R², the
orientation of its stripes from horizontal, cycles a pixel, σ of its Gaussian and its middle, in pixels. The picture has
them too.`,
		Example: `  hebb weights runs/20261122-101500-sa-gpu
  hebb weights runs/20261122-101500-sa-gpu --out w.npz
  hebb weights runs/20261122-101500-sa-gpu --picture conv1.png --layer conv1
  hebb weights runs/20261122-101500-rflo-cpu --over-training --picture recurrent.png --layer recurrent
  hebb weights runs/20261122-101500-rflo-cpu --histogram --picture weights.svg
  hebb weights runs/20261122-101500-nonlinear-cpu --fields --picture fields.png
  hebb weights runs/20261122-101500-linsker-cpu --picture cells.png --layer c
  hebb weights resnet18.safetensors --picture stem.svg --layer conv1`,
		Args: oneRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.run(args[0], cmd.Flags().Changed("learner"), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.BoolVar(&r.best, "best", false, "the best checkpoint instead of the last, of a run that was made with --keep-best")
	f.IntVar(&r.learner, "learner", 0, "of a run of several learners: which, from 0")
	f.BoolVar(&r.over, "over-training", false, "write and draw the weights of all checkpoints that the run has")
	f.BoolVar(&r.histogram, "histogram", false, "print, and draw, how many weights have which values")
	f.BoolVar(&r.asFields, "fields", false, "describe the units of --layer (default weight) as fields, and draw them so")
	f.StringVar(&r.out, "out", "", "write the tensors as `FILE.npz`")
	f.StringVar(&r.picture, "picture", "", "draw the weights of --layer as `FILE`, .png or .svg")
	f.StringVar(&r.layer, "layer", "", "the `NAME` of a layer, or of a tensor")
	f.StringVar(&r.image, "image", "", "the inputs of the layer are images of `HEIGHTxWIDTH` (default: a square, if the first layer has so many)")
	f.Var(oneOf(&r.format, "table", "table", "json"), "format", "how to print the list")
	return cmd
}

// A tensorLine is what the list says of a tensor.
type tensorLine struct {
	Name  string       `json:"name"`
	Shape []int        `json:"shape"`
	Mean  float.OrNull `json:"mean"`
	SD    float.OrNull `json:"sd"` // over all elements: √(Σ(x − mean)²/n)
	Norm  float64      `json:"norm"`
	Zeros int          `json:"zeros"`
}

func (r *weightsRun) run(from string, chosen bool, stdout, stderr io.Writer) error {
	if r.histogram && (r.over || r.asFields || r.image != "") {
		return usagef("--histogram with --over-training, --fields or --image: it is of the values of one checkpoint, wherever they are")
	}
	if r.asFields {
		if r.over || r.image != "" || r.best {
			return usagef("--fields with --over-training, --image or --best: it is of the last checkpoint, and its images are squares")
		}
		r.layer = cmp.Or(r.layer, "weight")
	} else if !r.histogram && (r.picture == "") != (r.layer == "") {
		return usagef("--picture %q and --layer %q: want both or neither", r.picture, r.layer)
	}
	draw, err := drawer("picture", r.picture)
	if r.picture != "" && err != nil {
		return err
	}
	if r.out != "" && !strings.EqualFold(filepath.Ext(r.out), ".npz") {
		return usagef("--out %s, want a name that ends in .npz", r.out)
	}
	if err := writable(output{"out", r.out}, output{"picture", r.picture}); err != nil {
		return err
	}
	all, what, err := r.tensors(from, chosen)
	if err != nil {
		return err
	}
	var picture func() figure.Figure
	var course course
	var seen receptive
	var histograms chart.Histograms
	if r.histogram {
		if histograms, err = r.histograms(all, what); err != nil {
			return err
		}
		picture = histograms.Figure
	} else if r.over {
		if course, err = r.course(from); err != nil {
			return err
		}
		course.sayKept(from, stderr)
		picture = course.Figure
	} else if r.asFields {
		if seen, err = r.fieldsOf(from, all, what); err != nil {
			return err
		}
		picture = seen.Figure
	} else if r.layer != "" {
		if picture, err = r.drawing(from, all, what); err != nil {
			return err
		}
	}
	if r.asFields {
		err = seen.print(r.format, stdout)
	} else {
		err = r.list(all, what, stdout)
	}
	if err == nil && r.histogram && r.format == "table" {
		err = printHistograms(histograms, stdout)
	}
	if err != nil {
		return err
	}
	arrays := outputs(all)
	if r.over {
		arrays = course.arrays
	}
	if r.out != "" {
		if err := into("out", r.out, func(w io.Writer) error { return data.WriteNPZ(w, arrays...) }); err != nil {
			return err
		}
	}
	if r.picture != "" {
		return into("picture", r.picture, func(w io.Writer) error { return draw(picture(), w) })
	}
	return nil
}

// list prints a line for each tensor.
func (r *weightsRun) list(all []safetensors.Tensor, what string, w io.Writer) error {
	lines := make([]tensorLine, len(all))
	for i, t := range all {
		lines[i] = lineFor(t)
	}
	if r.format == "json" {
		return printJSON(w, lines)
	}
	return printTensors(lines, what, w)
}

// A course is the weights of a learner over the checkpoints of a run.
type course struct {
	chart.Tracks
	arrays []data.Output // steps, and each tensor as checkpoints × shape
	kept   int           // the number of checkpoints, in a run that does not keep all; else 0
}

// sayKept says that a run has not kept all of its checkpoints.
func (c course) sayKept(dir string, stderr io.Writer) {
	if c.kept > 0 {
		fmt.Fprintf(stderr, "hebb: %s, a run without --keep-all, has its last checkpoints alone, %d: hebb train --keep-all keeps all\n", dir, c.kept)
	}
}

func (r *weightsRun) course(dir string) (c course, err error) {
	if r.image != "" || r.best {
		return c, usagef("--over-training with --image or --best: a weight is a row, and all checkpoints are columns")
	}
	models, err := train.Models(dir)
	if err != nil {
		return c, err
	}
	config, err := train.ReadConfig(filepath.Join(dir, train.ConfigFile), train.Config{})
	if err != nil {
		return c, usageError{err}
	}
	if !config.KeepAll {
		c.kept = len(models)
	}
	track := chart.Track{Title: r.layer, Y: "weight"}
	var steps data.Ints
	values := map[string]data.Floats{}
	for _, m := range models {
		all, _, err := learnersModel(m.Path, config, r.learner)
		if err != nil {
			return c, err
		}
		steps, track.At = append(steps, int64(m.Step)), append(track.At, float64(m.Step))
		for _, t := range all {
			x := elements(t)
			if values[t.Name] == nil {
				c.arrays = append(c.arrays, data.Output{Name: t.Name, Shape: t.Shape})
			}
			if values[t.Name] = append(values[t.Name], x...); t.Name != r.layer && t.Name != r.layer+".weight" {
				continue
			}
			if track.Rows == nil {
				track.Rows = make([][]float32, len(x))
			}
			for i, v := range x {
				track.Rows[i] = append(track.Rows[i], v)
			}
		}
	}
	var tensors []string
	for i, a := range c.arrays {
		tensors = append(tensors, a.Name)
		c.arrays[i].Shape, c.arrays[i].Values = append([]int{len(models)}, a.Shape...), values[a.Name]
	}
	if r.layer != "" && track.Rows == nil {
		return c, usagef("--layer %q: want one of %s", r.layer, strings.Join(tensors, ", "))
	}
	c.arrays = append(c.arrays, data.Output{Name: "steps", Shape: []int{len(models)}, Values: steps})
	c.Tracks = chart.Tracks{Title: fmt.Sprintf("%s, learner %d of %d", filepath.Clean(dir), r.learner, config.Learners), X: "checkpoint after step", Tracks: []chart.Track{track}}
	return c, nil
}

// tensors reads those of a file, or of a learner of a run, and says what they are.
func (r *weightsRun) tensors(from string, chosen bool) (all []safetensors.Tensor, what string, err error) {
	if info, err := os.Stat(from); err == nil && !info.IsDir() {
		if chosen || r.best {
			return nil, "", usagef("--learner or --best with the file %s: want the folder of a run", from)
		}
		all, _, err = safetensors.ReadFile(from)
		return all, from, err
	}
	c, err := train.RunConfig(from)
	if err != nil {
		return nil, "", err
	}
	find := train.LastModel
	if r.best {
		find = train.BestModel
	}
	model, step, err := find(from)
	if err != nil {
		return nil, "", err
	}
	all, _, err = learnersModel(model, c, r.learner)
	what = fmt.Sprintf("%s after step %d", filepath.Clean(from), step)
	if c.Learners > 1 {
		what += fmt.Sprintf(", learner %d of %d, seed %d", r.learner, c.Learners, c.Seed+uint64(r.learner))
	}
	return all, what, err
}

// elements are those of a tensor.
func elements(t safetensors.Tensor) []float32 {
	x := slices.Clone(t.Data)
	for _, v := range t.Ints {
		x = append(x, float32(v))
	}
	for _, v := range t.Bytes {
		x = append(x, float32(v))
	}
	return x
}

func lineFor(t safetensors.Tensor) tensorLine {
	l := tensorLine{Name: t.Name, Shape: append([]int{}, t.Shape...)}
	x := elements(t)
	sum, squares, about := 0.0, 0.0, 0.0
	for _, v := range x {
		sum += float64(v)
		squares += float64(v) * float64(v)
		if v == 0 {
			l.Zeros++
		}
	}
	mean, n := sum/float64(len(x)), float64(len(x))
	for _, v := range x {
		about += (float64(v) - mean) * (float64(v) - mean)
	}
	l.Mean, l.SD, l.Norm = float.OrNull(mean), float.OrNull(math.Sqrt(about/n)), math.Sqrt(squares)
	return l
}

func printTensors(lines []tensorLine, what string, w io.Writer) error {
	t := grid{head: []string{"tensor", "shape", "mean", "sd", "norm", "zeros"}, left: 2}
	for _, l := range lines {
		t.rows = append(t.rows, []string{l.Name, sizeOf(l.Shape), fmt.Sprintf("%.4g", float64(l.Mean)), fmt.Sprintf("%.4g", float64(l.SD)), fmt.Sprintf("%.4g", l.Norm), fmt.Sprint(l.Zeros)})
	}
	fmt.Fprintf(w, "weights   %s\n\n", what)
	return t.text(w)
}

func sizeOf(shape []int) string {
	if len(shape) == 0 {
		return "1"
	}
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(shape), "[]"), " ", "×")
}

// outputs are the tensors as arrays of an NPZ file; a number alone is an array of one.
func outputs(all []safetensors.Tensor) (out []data.Output) {
	for _, t := range all {
		o := data.Output{Name: t.Name, Shape: t.Shape, Values: data.Floats(elements(t))}
		if len(t.Shape) == 0 {
			o.Shape = []int{1}
		}
		if t.Ints != nil {
			o.Values = data.Ints(t.Ints)
		}
		out = append(out, o)
	}
	return out
}

// drawing returns the drawing of the layer: as a contact sheet of dots where its synapses have places, or of images.
func (r *weightsRun) drawing(from string, all []safetensors.Tensor, what string) (func() figure.Figure, error) {
	if arbors, ok := r.arbors(from, all); ok {
		if r.image != "" {
			return nil, usagef("--image is for layers of which the weights have no form, and the synapses of %s have places", r.layer)
		}
		arbors.Title += ", " + what
		return arbors.Figure, nil
	}
	filters, err := r.filters(all)
	filters.Title += ", " + what
	return filters.Figure, err
}

// filters are the weights of the layer as images.
func (r *weightsRun) filters(all []safetensors.Tensor) (f chart.Filters, err error) {
	var names []string
	i, first := -1, false
	for k, t := range all {
		if len(t.Shape) != 2 && len(t.Shape) != 4 {
			continue
		}
		name := strings.TrimSuffix(t.Name, ".weight")
		if names = append(names, name); name == r.layer || t.Name == r.layer {
			i, first = k, len(names) == 1
		}
	}
	if i < 0 {
		return f, usagef("--layer %q: want one of %s", r.layer, strings.Join(names, ", "))
	}
	t := all[i]
	f = chart.Filters{Title: fmt.Sprintf("%s, %s", t.Name, sizeOf(t.Shape)), Values: elements(t)}
	if len(t.Shape) == 4 {
		if r.image != "" {
			return f, usagef("--image is for layers of which the weights have no form, and %s is a convolution, %s", r.layer, sizeOf(t.Shape))
		}
		f.Channels, f.Height, f.Width = t.Shape[1], t.Shape[2], t.Shape[3]
		return f, nil
	}
	n := t.Shape[1]
	if r.image != "" {
		var more string
		got, _ := fmt.Sscanf(r.image, "%dx%d%s", &f.Height, &f.Width, &more)
		if got != 2 || f.Height < 1 || f.Width < 1 || n%(f.Height*f.Width) != 0 {
			return f, usagef("--image %s, want HEIGHTxWIDTH, of which %d inputs are one or several", r.image, n)
		}
		f.Channels = n / (f.Height * f.Width)
		return f, nil
	}
	for _, channels := range []int{1, 3} {
		if side := int(math.Sqrt(float64(n / channels))); first && side > 1 && channels*side*side == n {
			f.Channels, f.Height, f.Width = channels, side, side
			return f, nil
		}
	}
	f.Values, f.Channels, f.Height, f.Width = inSquares(f.Values, n)
	return f, nil
}

// inSquares lays out rows of n numbers as squares, line by line; NaN stands where there is none.
func inSquares(x []float32, n int) (out []float32, channels, height, width int) {
	width = int(math.Ceil(math.Sqrt(float64(n))))
	height = (n-1)/width + 1
	for row := range slices.Chunk(x, n) {
		out = append(out, row...)
		for range height*width - n {
			out = append(out, float32(math.NaN()))
		}
	}
	return out, 1, height, width
}
