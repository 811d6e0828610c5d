package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hebb/backend"
	"hebb/compute"
	"hebb/nets"
	"hebb/nets/catalogue"
	"hebb/nets/data"
	"hebb/nets/safetensors"
	"hebb/nets/train"
)

func newEvalCmd() *cobra.Command {
	r := evalRun{Exam: train.Exam{Config: train.Default}}
	cmd := &cobra.Command{
		Use:   "eval [DIR]",
		Short: "Evaluate a trained network, or another system on its task",
		Long: `eval evaluates the network of a run, as its last checkpoint has it, on the test part of its data: loss
and accuracy, of more than five classes the share of examples whose class is among the five likeliest, and with
--confusion recall and precision of each class and which class is taken for which, which --confusion FILE.png draws
too. Of another system it shows an epoch of the task, and says what was counted; of several learners, mean and spread.

--model takes the weights from another file: with DIR those of another checkpoint, and without it a
network that hebb or PyTorch trained elsewhere. A file that hebb wrote says what network it is, by what images
are normalised and the names of its classes; for one of PyTorch --net says the network, and --data is what it
was trained on.

Classes of other data are those of the same name; a name that the network does not know is an error. Where one of
the two has no names they go by number, which is said.`,
		Example: `  hebb eval runs/20261122-101500-sa-gpu --confusion
  hebb eval runs/20261122-101500-sa-gpu --confusion confusion.png
  hebb eval runs/20261122-101500-sa-gpu --data path/to/other/images
  hebb eval runs/20261122-101500-sa-gpu --rotate-within 45
  hebb eval --model resnet18.safetensors --net resnet18 --data cifar10`,
		Args: func(cmd *cobra.Command, args []string) error { return atMostOneRun(cmd, r.confusion.rest(args)) },
		RunE: func(cmd *cobra.Command, args []string) error {
			r.flags = cmd.Flags()
			args = r.confusion.rest(args)
			if len(args) > 0 {
				r.dir = args[0]
			}
			return r.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.data, "data", "", "evaluate on these `DATA`: a name, a folder or an NPZ file (default: those of the run)")
	f.Var(oneOf(&r.Part, "test", "test", "train"), "part", "of the data")
	addLimit(f, &r.First)
	f.Float64Var(&r.holdout, "holdout", 0, "without DIR: share of each class that was kept for testing, where the data have no test part")
	addReading(f, &r.Reading.Layout, &r.Reading.Resize, &r.Reading.Alpha, &r.Reading.CropCentre, &r.Reading.Canvas)
	f.StringVar(&r.Model, "model", "", "take the weights from `FILE.safetensors`")
	f.BoolVar(&r.best, "best", false, "take the best checkpoint instead of the last, of a run that was made with --keep-best")
	f.StringVar(&r.net, "net", "", "the network that --model is of, without DIR (default: as the file says)")
	f.Var(oneOf(&r.normalise, "channel", data.Normalisations...), "normalise", `without DIR: "channel", mean 0 and variance 1, "signed", −1 to 1, or "none", 0 to 1`)
	f.StringVar(&r.loss, "loss", train.Default.Loss, "without DIR: what the loss is: "+lossNames())
	f.Var((*shiftFlag)(&r.Shift), "shift", "move every image by so many pixels down and right, as 2,2 or -4,0: see --canvas")
	f.Float64Var(&r.Rotate.Degrees, "rotate", 0, "turn every image anticlockwise by so many degrees")
	f.Float64Var(&r.Rotate.Within, "rotate-within", 0, "turn every image by an angle drawn evenly from as many degrees to either side")
	f.Uint64Var(&r.Turns, "rotate-seed", 1, "seed of what --rotate-within draws")
	f.Var(&r.confusion, "confusion", "print recall and precision of each class, and which is taken for which; with a `FILE`, .png or .svg, draw that too")
	f.Lookup("confusion").NoOptDefVal = "true"
	f.Var(oneOf(&r.on, "auto", backend.Names...), "backend", "where to compute")
	f.Var(oneOf(&r.format, "table", "table", "json"), "format", "how to print it")
	r.add(cmd)
	return cmd
}

// addLimit adds the flag that says how many examples are shown.
func addLimit(f *pflag.FlagSet, first *int) {
	f.IntVar(first, "limit", 0, "show the first `N` examples (0: all); of data in the order of their classes, N drawn from all classes")
}

func atMostOneRun(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usagef("%s takes the folder of one run, found %q", cmd.CommandPath(), args)
	}
	return nil
}

// An evalRun is one run of hebb eval, as asked for.
type evalRun struct {
	backendFlags
	train.Exam
	dir       string
	data      string
	best      bool
	net       string
	normalise string
	loss      string
	holdout   float64
	on        string
	format    string
	confusion confusionFlag
	flags     *pflag.FlagSet
}

func (r *evalRun) run(ctx context.Context, stdout, stderr io.Writer) error {
	if err := r.settle(); err != nil {
		return err
	}
	draw, err := r.confusion.reserve()
	if err != nil {
		return err
	}
	defer draw.drop()
	r.Table = r.confusion.on
	dev, err := r.open(r.on, stderr)
	if err != nil {
		return err
	}
	defer dev.Close()
	v, err := r.evaluate(ctx, dev, stderr)
	if err != nil {
		return err
	}
	if err := draw.write(v); err != nil {
		return err
	}
	out := evaluated{v, v.PerClass(), dev.Info()}
	if r.format == "json" {
		if out.System != "" {
			return printJSON(stdout, ofSystem{evaluated: out})
		}
		return printJSON(stdout, out)
	}
	return out.print(stdout)
}

// evaluate makes the evaluation, with progress and notes on stderr.
func (r *evalRun) evaluate(ctx context.Context, dev *compute.Device, stderr io.Writer) (v train.Evaluation, err error) {
	var bar *progress
	err = guarded("the run in "+r.dir, func() (err error) {
		v, err = train.Evaluate(ctx, dev, names, r.Exam, func(done, total int) {
			if bar == nil {
				bar = newProgress(stderr, "evaluating", total)
			}
			bar.at(done)
		})
		return err
	})
	if bar != nil {
		bar.end()
	}
	if err != nil {
		return v, foreign(err, r.dir)
	}
	if v.Note != "" {
		fmt.Fprintln(stderr, "hebb:", v.Note)
	}
	for _, n := range v.Notes {
		fmt.Fprintln(stderr, "hebb: data:", n)
	}
	return v, nil
}

// settle finds out what to evaluate.
func (r *evalRun) settle() error {
	if err := r.subject(); err != nil {
		return err
	}
	if r.First < 0 {
		return usagef("--limit %d, want at least 0", r.First)
	}
	if err := r.Rotate.Check(); err != nil {
		return usageError{err}
	}
	if err := r.Reading.Check(); err != nil {
		return usageError{err}
	}
	if r.Reading != (data.Options{}) && r.data == "" {
		return usagef("--layout, --resize, --alpha, --crop-centre or --canvas without --data: the run says how its own data are read")
	}
	if r.flags.Changed("rotate-seed") && r.Rotate.Within == 0 {
		return usagef("--rotate-seed is of --rotate-within")
	}
	if r.data != "" {
		if _, err := data.Find(r.data); err != nil {
			return usageError{err}
		}
	}
	return nil
}

// subject is the network: that of a run, or of a file alone.
func (r *evalRun) subject() error {
	if r.dir == "" {
		return r.alone()
	}
	h, err := train.ReadHistory(r.dir)
	if err != nil {
		return err
	}
	for _, name := range []string{"net", "holdout", "normalise", "loss"} {
		if r.flags.Changed(name) {
			return usagef("--%s with the run %s, which says that itself", name, r.dir)
		}
	}
	r.Config, r.Record, r.On = h.Config, h.Record, r.data
	switch {
	case r.best && r.Model != "":
		return usagef("--best with --model, which says the checkpoint itself")
	case r.best:
		r.Model, r.Step, err = train.BestModel(r.dir)
	case r.Model == "":
		r.Model, r.Step, err = train.LastModel(r.dir)
	}
	return err
}

// alone is a network of which there is nothing but a file.
func (r *evalRun) alone() error {
	switch {
	case r.best:
		return usagef("--best without the folder of a run")
	case r.Model == "":
		return usagef("nothing to evaluate: want the folder of a run, or --model FILE.safetensors")
	case r.data == "":
		return usagef("--model without the folder of a run: want --data, what the network was trained on")
	case !(r.holdout >= 0 && r.holdout < 1):
		return usagef("--holdout %g, want a share within [0, 1)", r.holdout)
	}
	if _, err := names.Loss(r.loss); err != nil {
		return usageError{err}
	}
	f, err := safetensors.Open(r.Model)
	if err != nil {
		return err
	}
	defer f.Close()
	r.Config.Net = cmp.Or(r.net, f.Metadata["net"])
	if r.Config.Net == "" {
		return usagef("%s does not say which network it is of: want --net", r.Model)
	}
	r.Data, r.Holdout, r.Normalise, r.Loss = r.data, r.holdout, r.normalise, r.loss
	r.Layout, r.Resize, r.Alpha, r.CropCentre = r.Reading.Layout, r.Reading.Resize, r.Reading.Alpha, r.Reading.CropCentre
	r.Canvas = r.Reading.Canvas
	o, err := train.ModelOrigin(r.Model)
	if o != nil && !r.flags.Changed("normalise") {
		r.Normalise = o.Normalise
	}
	return err
}

// evaluated is what hebb eval prints.
type evaluated struct {
	train.Evaluation
	PerClass []train.ClassScore `json:"per_class,omitempty"`
	Device   compute.Info       `json:"device"`
}

// ofSystem is JSON without the loss and accuracy of a network, which stand among the metrics of a system that has them.
type ofSystem struct {
	evaluated
	Loss     *float64 `json:"loss,omitempty"`
	Accuracy *float64 `json:"accuracy,omitempty"`
}

func (v evaluated) print(w io.Writer) error {
	if v.System != "" {
		return v.printSystem(w)
	}
	fmt.Fprintf(w, "network   %s, from %s", v.Net, v.Model)
	if v.Step > 0 {
		fmt.Fprintf(w, ", after step %d", v.Step)
	}
	each := v.Learners["accuracy"]
	examples := v.Examples * max(1, len(each))
	hits := int(v.Accuracy*float64(examples) + 0.5)
	if len(each) > 1 {
		fmt.Fprintf(w, "\nlearners  %d, ± %.2f %% of accuracy between them", len(each), 100*deviation(each))
	}
	fmt.Fprintf(w, "\ndata      the %s part of %s%s\n", v.Part, v.Data, v.turned())
	fmt.Fprintf(w, "device    %s\n", v.Device)
	fmt.Fprintf(w, "loss      %s\n", lossText(v.Loss))
	_, err := fmt.Fprintf(w, "accuracy  %.2f %%, %d of %d, in %.1f s\n", 100*v.Accuracy, hits, examples, v.Seconds)
	if v.TopFive != nil {
		_, err = fmt.Fprintf(w, "top five  %.2f %%\n", 100**v.TopFive)
	}
	if v.Confusion != nil {
		err = v.printClasses(w)
	}
	return err
}

// printSystem writes the metrics of a system.
func (v evaluated) printSystem(w io.Writer) error {
	fmt.Fprintf(w, "system    %s, from %s, after step %d\ntask      %s\ndevice    %s\n", v.System, v.Model, v.Step, cmp.Or(v.Task, "the images of its data"), v.Device)
	if v.Data != "" {
		fmt.Fprintf(w, "data      the %s part of %s\n", v.Part, v.Data)
	}
	for _, name := range slices.Sorted(maps.Keys(v.Metrics)) {
		fmt.Fprintf(w, "%-9s %.5g", name, v.Metrics[name])
		if each := v.Learners[name]; going(each) > 1 {
			fmt.Fprintf(w, " ± %.2g over %d learners", deviation(each), going(each))
		}
		if each := v.Learners[name]; going(each) < len(each) {
			fmt.Fprintf(w, ", of %d of %d learners: the others are lost", going(each), len(each))
		}
		fmt.Fprintln(w)
	}
	return nil
}

// turned says how images were moved and turned.
func (v evaluated) turned() (text string) {
	if v.Shift != (data.Shift{}) {
		text = fmt.Sprintf(", moved %d down and %d right", v.Shift.Down, v.Shift.Right)
	}
	if v.Rotated != 0 {
		text += fmt.Sprintf(", turned by %g°", v.Rotated)
	}
	if v.Within != 0 {
		text += fmt.Sprintf(", turned at random within ±%g°", v.Within)
	}
	return text
}

// A shiftFlag is a shift as DOWN,RIGHT.
type shiftFlag data.Shift

func (s *shiftFlag) String() string { return fmt.Sprintf("%d,%d", s.Down, s.Right) }
func (*shiftFlag) Type() string     { return "DOWN,RIGHT" }

// Set reads a shift.
func (s *shiftFlag) Set(text string) (err error) {
	down, right, ok := strings.Cut(text, ",")
	if s.Down, err = strconv.Atoi(down); err == nil && ok {
		s.Right, err = strconv.Atoi(right)
	}
	if err != nil || !ok {
		return fmt.Errorf("%q, want pixels down and right, as 2,2", text)
	}
	return nil
}

// lossNames are the losses by name.
func lossNames() string {
	return nets.Names(names.Losses, func(l nets.NamedLoss) string { return l.Name })
}

// optimiserNames are the optimisers by name.
func optimiserNames() string {
	return nets.Names(names.Optimisers, func(o catalogue.Optimiser) string { return o.Name })
}

// mostClasses is up to how many classes a table of all pairs is still read; of more, the commonest confusions are
// listed.
const mostClasses = 20

func (v evaluated) printClasses(w io.Writer) error {
	t := grid{head: []string{"class", "examples", "recall", "precision"}, left: 1}
	square := len(v.Classes) <= mostClasses
	if square {
		t.head = append(t.head, "taken for:")
		t.head = append(t.head, v.Classes...)
	}
	for i, c := range v.Evaluation.PerClass() {
		row := v.Confusion[i]
		cells := []string{c.Class, fmt.Sprint(c.Examples), percent(float64(c.Recall)), percent(float64(c.Precision))}
		if square {
			cells = append(cells, "")
			for _, k := range row {
				cells = append(cells, cmp.Or(blank(k), "·"))
			}
		}
		t.rows = append(t.rows, cells)
	}
	fmt.Fprintln(w)
	err := t.text(w)
	if square || err != nil {
		return err
	}
	fmt.Fprintln(w)
	return v.commonest().text(w)
}

func blank(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// commonest are the confusions of which there are most.
func (v evaluated) commonest() grid {
	type pair struct{ is, taken, n int }
	var all []pair
	for i, row := range v.Confusion {
		for j, n := range row {
			if i != j && n > 0 {
				all = append(all, pair{i, j, n})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b pair) int { return b.n - a.n })
	t := grid{head: []string{"class", "taken for", "examples"}, left: 2}
	for _, p := range all[:min(len(all), mostClasses)] {
		t.rows = append(t.rows, []string{v.Classes[p.is], v.Classes[p.taken], fmt.Sprint(p.n)})
	}
	return t
}
