package cli

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"hebb/internal/count"
	"hebb/nets"
	"hebb/nets/data"
	"hebb/nets/train"
)

func newPredictCmd() *cobra.Command {
	r := sightRun{evalRun: evalRun{Exam: train.Exam{Config: train.Default}}}
	cmd := &cobra.Command{
		Use:   "predict DIR",
		Short: "Write which class a trained network takes each example for",
		Long: `predict writes a row for each example of the test part of the data of a run: its index among those shown, its label, the
class that the network of the last checkpoint takes it for, and a number for each class: the probability by the loss (of
cross-entropy the softmax, of binary-cross-entropy a sigmoid for each class), in columns p(CLASS), or, of any other loss,
what the network predicts, in columns y(CLASS). Where the data name their classes, so do the rows. An NPZ file has the
arrays index, label, predicted, classes, and probabilities or predictions, examples × classes.

Of a system that learned from sequences there is a row for each moment at which an example wants something, with its
number, and what the system answers, y(…); of numbers beside those that are wanted.`,
		Example: `  hebb predict runs/20261122-101500-sa-gpu --out predictions.csv
  hebb predict runs/20261122-101500-sa-gpu --data path/to/other/images --out predictions.npz`,
	}
	r.sightCmd(cmd, r.predict)
	cmd.Flags().StringVar(&r.out, "out", "", "write `FILE`, .csv or .npz")
	return cmd
}

// predictions are those of all examples.
type predictions struct {
	label, predicted data.Ints
	numbers          data.Floats // examples × classes
	probable         bool        // they are probabilities
	classes          []string
}

func (r *sightRun) predict(ctx context.Context, stdout, stderr io.Writer) error {
	f, err := r.ready(".csv", ".npz")
	if err != nil {
		return err
	}
	defer f.drop()
	if r.System != "" {
		return r.predictSequences(ctx, f, stdout, stderr)
	}
	loss, err := names.Loss(r.Loss)
	if err != nil {
		return err
	}
	var all predictions
	var law nets.Probable
	law, all.probable = loss.(nets.Probable)
	v, err := r.look(ctx, stdout, stderr, func(s train.Sight) error {
		for i, label := range s.Labels {
			n := len(s.Answers) / len(s.Labels)
			all.add(int64(label), s.Answers[i*n:][:n], law)
		}
		return nil
	})
	if err != nil {
		return err
	}
	all.classes = v.Classes
	write := all.csv
	if strings.EqualFold(filepath.Ext(r.out), ".npz") {
		write = all.npz
	}
	if err := f.write(write); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "wrote     %s: %s, %d of them taken for what they are\n", r.out, count.Of(len(all.label), "example"), all.hits())
	return err
}

// add adds an example.
func (all *predictions) add(label int64, answer []float32, law nets.Probable) {
	best := 0
	y := make([]float64, len(answer))
	for i, x := range answer {
		if y[i] = float64(x); x > answer[best] { // the first among equals, as in hebb eval
			best = i
		}
	}
	if law != nil {
		law.Probabilities(y)
	}
	for _, p := range y {
		all.numbers = append(all.numbers, float32(p))
	}
	all.label, all.predicted = append(all.label, label), append(all.predicted, int64(best))
}

func (all *predictions) hits() (n int) {
	for i, l := range all.label {
		if l == all.predicted[i] {
			n++
		}
	}
	return n
}

// named reports whether the data name their classes.
func (all *predictions) named() bool {
	for i, c := range all.classes {
		if c != strconv.Itoa(i) {
			return true
		}
	}
	return false
}

func (all *predictions) csv(w io.Writer) error {
	head := []string{"index", "label", "predicted"}
	if all.named() {
		head = append(head, "label name", "predicted name")
	}
	of := map[bool]string{true: "p(%s)", false: "y(%s)"}[all.probable]
	for _, c := range all.classes {
		head = append(head, fmt.Sprintf(of, c))
	}
	out := csv.NewWriter(w)
	err := out.Write(head)
	for i, label := range all.label {
		row := []string{strconv.Itoa(i), strconv.FormatInt(label, 10), strconv.FormatInt(all.predicted[i], 10)}
		if all.named() {
			row = append(row, all.classes[label], all.classes[all.predicted[i]])
		}
		for _, p := range all.numbers[i*len(all.classes):][:len(all.classes)] {
			row = append(row, strconv.FormatFloat(float64(p), 'g', -1, 32))
		}
		if err == nil {
			err = out.Write(row)
		}
	}
	if err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

func (all *predictions) npz(w io.Writer) error {
	n := len(all.label)
	index := make(data.Ints, n)
	for i := range index {
		index[i] = int64(i)
	}
	numbers := map[bool]string{true: "probabilities", false: "predictions"}[all.probable]
	return data.WriteNPZ(w,
		data.Output{Name: "index", Shape: []int{n}, Values: index},
		data.Output{Name: "label", Shape: []int{n}, Values: all.label},
		data.Output{Name: "predicted", Shape: []int{n}, Values: all.predicted},
		data.Output{Name: numbers, Shape: []int{n, len(all.classes)}, Values: all.numbers},
		data.Output{Name: "classes", Shape: []int{len(all.classes)}, Values: data.Texts(slices.Clone(all.classes))})
}
