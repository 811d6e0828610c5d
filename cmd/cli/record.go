package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hebb/backend"
	"hebb/compute"
	"hebb/internal/count"
	"hebb/internal/figure"
	"hebb/nets/data"
	"hebb/nets/train"
	"hebb/nets/train/chart"
)

// A recordRun is one run of hebb record, as asked for.
type recordRun struct {
	evalRun
	trials, learner, example, moment, checkpoint int
	tensors                                      []string
	out, picture, plane                          string
}

func newRecordCmd() *cobra.Command {
	r := recordRun{evalRun: evalRun{Exam: train.Exam{Config: train.Default}}}
	cmd := &cobra.Command{
		Use:   "record DIR",
		Short: "Record what a system does on trials of its task: answers, activities, traces, weights",
		Long: `record shows trials of the task of a run to its system, as the last checkpoint or --checkpoint has it and without
learning, and draws what happens over the moments: what is shown, answers beside what is wanted, the activities of
units, and any --tensor by its name: State such as eligibility traces over the moments or, with --moment, as it is then,
and weights as they are. It is the --example of a batch and the --learner that are drawn; of answers that stand for
classes a dot says which class is wanted.

--out writes arrays of all learners and examples as an NPZ file: x, answer and wanted, learners × moments × examples ×
numbers, with NaN where nothing is wanted; begins, 1 for each moment that begins a trial; and each tensor under its name,
learners × moments × its shape, or learners × its shape if it is weights.

--plane draws what is answered all over the plane of a task with two inputs, such as spirals, with the examples of the test.

What is shown is the test, from its beginning or from trial --from on; with --part train, or where there is no test, it is
the training task, as training shows it. What came before --from is left out, and training goes on as if nothing had been
shown.

It is for systems with a --task, or with sequences; of networks, hebb features and hebb predict say what they do. hebb
weights lists tensors, and an unknown name lists those that can be recorded.`,
		Example: `  hebb record runs/20261122-101500-rflo-cpu
  hebb record runs/20261122-101500-rflo-cpu --tensor trace.recurrent --picture traces.png
  hebb record runs/20261122-101500-rflo-cpu --tensor recurrent,trace.recurrent --moment 30 --picture at30.svg
  hebb record runs/20261122-101500-rflo-cpu --trials 4 --out trials.npz
  hebb record runs/20261122-101500-cascade-cpu --plane plane.png`,
		Args: oneRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			r.flags, r.dir = cmd.Flags(), args[0]
			return r.record(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.IntVar(&r.trials, "trials", 1, "how many trials; moments, where trials have no end")
	f.IntVar(&r.From, "from", 0, "leave out so many trials; moments, where trials have no end")
	f.IntVar(&r.learner, "learner", 0, "of a run of several learners: which to draw, from 0")
	f.IntVar(&r.example, "example", 0, "of a batch: which to draw, from 0")
	f.StringSliceVar(&r.tensors, "tensor", nil, "record and draw the tensors of these `NAMES` too")
	f.IntVar(&r.moment, "moment", 0, "draw the tensors as they are after this moment, from 0, instead of over all")
	f.IntVar(&r.checkpoint, "checkpoint", 0, "the checkpoint after step `N` (default: the last)")
	f.BoolVar(&r.best, "best", false, "the best checkpoint instead of the last, of a run that was made with --keep-best")
	f.StringVar(&r.data, "data", "", "show the sequences of this NPZ `FILE` (default: those of the run)")
	f.Var(oneOf(&r.Part, "test", "test", "train"), "part", `"train": the training task, or the training part of sequences`)
	f.StringVar(&r.picture, "picture", "", "draw `FILE`, .svg or .png (default record.svg in DIR, unless there is --out)")
	f.StringVar(&r.plane, "plane", "", "draw the plane of two inputs as `FILE`, .svg or .png")
	f.StringVar(&r.out, "out", "", "write `FILE.npz`")
	f.Var(oneOf(&r.on, "auto", backend.Names...), "backend", "where to compute")
	r.add(cmd)
	return cmd
}

func (r *recordRun) record(ctx context.Context, stdout, stderr io.Writer) error {
	if r.picture == "" && r.out == "" && r.plane == "" {
		r.picture = filepath.Join(r.dir, "record.svg")
	}
	if r.out != "" && !strings.EqualFold(filepath.Ext(r.out), ".npz") {
		return usagef("--out %s, want a name that ends in .npz", r.out)
	}
	draw, err := drawer("picture", r.picture)
	if r.picture != "" && err != nil {
		return err
	}
	drawPlane, err := drawer("plane", r.plane)
	if r.plane != "" && err != nil {
		return err
	}
	if err := r.choose(); err != nil {
		return err
	}
	if err := writable(output{"out", r.out}, output{"picture", r.picture}, output{"plane", r.plane}); err != nil {
		return err
	}
	dev, err := r.open(r.on, stderr)
	if err != nil {
		return err
	}
	defer dev.Close()
	if r.plane != "" {
		if err := r.drawPlane(ctx, dev, drawPlane, stdout); err != nil || r.picture == "" && r.out == "" {
			return err
		}
	}
	var rec train.Recording
	err = guarded("the run in "+r.dir, func() (err error) {
		rec, err = r.RecordTrials(ctx, dev, names, r.trials, r.tensors)
		return err
	})
	if wrong := (train.ConfigError{}); errors.As(err, &wrong) {
		err = usageError{err}
	}
	if err != nil {
		return foreign(err, r.dir)
	}
	if err := r.within(&rec); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "recorded  %s, after step %d: %s of %s%s\n", r.System, r.Step, count.Of(rec.Moments, "moment"), count.Of(rec.Examples, "example"), after(rec.Of))
	if r.out != "" {
		if err := into("out", r.out, func(w io.Writer) error { return data.WriteNPZ(w, arraysOf(&rec)...) }); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "wrote     %s\n", r.out)
	}
	if r.picture == "" {
		return nil
	}
	if err := into("picture", r.picture, func(w io.Writer) error { return draw(r.tracks(&rec).Figure(), w) }); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "wrote     %s%s\n", r.picture, r.whose(r.learner))
	return err
}

// planePoints is the number of points of a plane, in each direction.
const planePoints = 240

// drawPlane draws the plane of a task with two inputs.
func (r *recordRun) drawPlane(ctx context.Context, dev *compute.Device, draw func(figure.Figure, io.Writer) error, stdout io.Writer) error {
	p := chart.Plane{Title: fmt.Sprintf("%s, %s, after step %d", filepath.Clean(r.dir), r.System, r.Step)}
	if r.Learners > 1 {
		p.Title += fmt.Sprintf(", learner %d of %d", r.learner, r.Learners)
	}
	err := guarded("the run in "+r.dir, func() (err error) {
		p.Plane, err = r.RecordPlane(ctx, dev, names, planePoints, r.learner)
		return err
	})
	if wrong := (train.ConfigError{}); errors.As(err, &wrong) {
		err = usageError{err}
	}
	if err != nil {
		return foreign(err, r.dir)
	}
	if err := into("plane", r.plane, func(w io.Writer) error { return draw(p.Figure(), w) }); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "wrote     %s\n", r.plane)
	return err
}

// choose finds the run and its checkpoint.
func (r *recordRun) choose() error {
	if r.checkpoint != 0 {
		if r.best {
			return usagef("--checkpoint with --best, which says the checkpoint itself")
		}
		all, err := train.Models(r.dir)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(m train.Model) bool { return m.Step == r.checkpoint })
		if i < 0 {
			var steps []string
			for _, m := range all {
				steps = append(steps, fmt.Sprint(m.Step))
			}
			return usagef("--checkpoint %d: %s has those after the steps %s (hebb train --keep-all keeps all)", r.checkpoint, r.dir, cmp.Or(strings.Join(steps, ", "), "none"))
		}
		r.Model = all[i].Path
	}
	if err := r.settle(); err != nil {
		return err
	}
	r.Step = cmp.Or(r.checkpoint, r.Step)
	switch {
	case r.learner < 0 || r.learner >= r.Learners:
		return usagef("--learner %d, want 0 to %d: the run has %d", r.learner, r.Learners-1, r.Learners)
	case r.plane != "" && r.flags.Changed("from"):
		return usagef("--plane with --from: a plane is of the whole test")
	case r.flags.Changed("moment") && len(r.tensors) == 0:
		return usagef("--moment is of --tensor")
	}
	return nil
}

// arraysOf are the arrays of an NPZ file.
func arraysOf(rec *train.Recording) (all []data.Output) {
	begins := make(data.Ints, rec.Moments)
	for t, first := range rec.Begins {
		if first {
			begins[t] = 1
		}
	}
	all = []data.Output{{Name: "begins", Shape: []int{rec.Moments}, Values: begins}}
	for _, a := range rec.Arrays() {
		shape := []int{rec.Learners}
		if a.Over {
			shape = append(shape, rec.Moments)
		}
		all = append(all, data.Output{Name: a.Name, Shape: append(shape, a.Shape...), Values: data.Floats(a.Values)})
	}
	return all
}

// within reports an example or a moment that was not recorded.
func (r *recordRun) within(rec *train.Recording) error {
	switch {
	case r.example < 0 || r.example >= rec.Examples:
		return usagef("--example %d, want 0 to %d: a batch has %d", r.example, rec.Examples-1, rec.Examples)
	case r.moment < 0 || r.moment >= rec.Moments:
		return usagef("--moment %d, want 0 to %d, those of --trials %d", r.moment, rec.Moments-1, r.trials)
	}
	return nil
}

// tracks returns the pictures of an example of a learner.
func (r *recordRun) tracks(rec *train.Recording) (all chart.Tracks) {
	all = chart.Tracks{Title: r.title(rec), X: "moment"}
	for t, first := range rec.Begins {
		if first && t > 0 {
			all.Marks = append(all.Marks, float64(t)-0.5)
		}
	}
	all.Tracks = append(all.Tracks, inTime("what is shown", r.over(rec, rec.Inputs)))
	answers, wanted := r.over(rec, rec.Answers), r.over(rec, rec.Wanted)
	switch {
	case rec.Spec.Classes:
		all.Tracks = append(all.Tracks, chart.Track{Title: "answers; a dot is the class that is wanted", Y: "class", Rows: answers, Dots: wanted[0]})
	case len(answers) <= mostLines:
		all.Tracks = append(all.Tracks, beside(answers, wanted))
	default:
		all.Tracks = append(all.Tracks, chart.Track{Title: "answers", Y: "output", Rows: answers}, chart.Track{Title: "wanted", Y: "output", Rows: wanted})
	}
	all.Tracks = slices.DeleteFunc(all.Tracks, func(k chart.Track) bool { return len(k.Rows) == 0 && len(k.Lines) == 0 }) // nothing wanted
	pictures := chart.Tracks{Title: fmt.Sprintf("%s; after moment %d", all.Title, r.moment)}
	for _, a := range rec.Tensors {
		asked := slices.Contains(r.tensors, a.Name)
		switch {
		case asked && (r.flags.Changed("moment") || !a.Over):
			pictures.Tracks = append(pictures.Tracks, r.matrix(rec, a))
		default:
			all.Tracks = append(all.Tracks, chart.Track{Title: a.Name, Y: map[bool]string{true: "element", false: "unit"}[asked], Rows: r.over(rec, a)})
		}
	}
	if r.flags.Changed("moment") {
		return pictures
	}
	all.Tracks = append(all.Tracks, pictures.Tracks...)
	return all
}

// title says what is drawn.
func (r *recordRun) title(rec *train.Recording) string {
	title := fmt.Sprintf("%s, %s, after step %d", filepath.Clean(r.dir), r.System, r.Step)
	if rec.Learners > 1 {
		title += fmt.Sprintf(", learner %d of %d", r.learner, rec.Learners)
	}
	if rec.Examples > 1 {
		title += fmt.Sprintf(", example %d of %d", r.example, rec.Examples)
	}
	return title + after(rec.Of)
}

// after is a part of a sentence that may be empty.
func after(text string) string {
	if text == "" {
		return ""
	}
	return ", " + text
}

// mostLines is how many numbers are drawn as lines; more are colours.
const mostLines = 4

// of returns the numbers of the example and the learner at a moment.
func (r *recordRun) of(rec *train.Recording, a train.Recorded, moment int) []float32 {
	x := a.At(r.learner, moment, rec.Moments)
	if a.Each {
		n := len(x) / a.Shape[0]
		return x[r.example*n:][:n]
	}
	return x
}

// over returns the rows of an array over the moments.
func (r *recordRun) over(rec *train.Recording, a train.Recorded) [][]float32 {
	rows := make([][]float32, len(r.of(rec, a, 0)))
	for t := range rec.Moments {
		for i, v := range r.of(rec, a, t) {
			rows[i] = append(rows[i], v)
		}
	}
	return rows
}

// matrix is a tensor at the moment that is asked for.
func (r *recordRun) matrix(rec *train.Recording, a train.Recorded) chart.Track {
	x := r.of(rec, a, r.moment)
	k := chart.Track{Title: a.Name, X: "column", Y: "row"}
	for row := range slices.Chunk(x, a.Shape[len(a.Shape)-1]) {
		k.Rows = append(k.Rows, row)
	}
	return k
}

// inTime draws rows as lines, if they are few, or as colours.
func inTime(title string, rows [][]float32) chart.Track {
	k := chart.Track{Title: title}
	if len(rows) > mostLines {
		k.Rows = rows
		return k
	}
	for i, row := range rows {
		k.Lines = append(k.Lines, chart.Trace{Name: fmt.Sprint(i), Values: row, Colour: i})
	}
	return k
}

// beside draws each answer and, dashed, what was wanted. Where that is at single moments, they are dots.
func beside(answers, wanted [][]float32) chart.Track {
	k := chart.Track{Title: "answers (solid) and what is wanted (dashed, a dot at a single moment)"}
	for i, row := range answers {
		name := ""
		if len(answers) > 1 {
			name = fmt.Sprint(" ", i)
		}
		k.Lines = append(k.Lines, chart.Trace{Name: "answer" + name, Values: row, Colour: i})
		if i < len(wanted) && slices.ContainsFunc(wanted[i], func(v float32) bool { return !math.IsNaN(float64(v)) }) {
			k.Lines = append(k.Lines, chart.Trace{Name: "wanted" + name, Values: wanted[i], Colour: i, Dashed: true})
		}
	}
	return k
}
