package cli

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"hebb/internal/count"
	"hebb/nets/data"
	"hebb/nets/train"
)

// predictSequences writes what a system predicts for sequences.
func (r *sightRun) predictSequences(ctx context.Context, f *outFile, stdout, stderr io.Writer) error {
	dev, err := r.open(r.on, stderr)
	if err != nil {
		return err
	}
	defer dev.Close()
	var rows predicted
	var v train.Evaluation
	err = guarded("the run in "+r.dir, func() (err error) {
		rows, v, err = r.Predict(ctx, dev, names, r.learner)
		return err
	})
	if err != nil {
		return foreign(err, r.dir)
	}
	write := rows.csv
	if strings.EqualFold(filepath.Ext(r.out), ".npz") {
		write = rows.npz
	}
	if err := f.write(write); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "system    %s, from %s, after step %d%s\ndata      the %s part of %s\nwrote     %s: %s\n",
		v.System, v.Model, v.Step, r.whose(r.learner), v.Part, v.Data, r.out, count.Of(len(rows), "prediction"))
	return err
}

// predicted are the predictions for sequences, a row each.
type predicted []train.Prediction

// classes reports whether a class is wanted, and not as many numbers as are answered.
func (all predicted) classes() bool { return len(all[0].Want) < len(all[0].Answer) }

func (all predicted) csv(w io.Writer) error {
	head := []string{"index", "moment", "label", "predicted"}
	if !all.classes() {
		head = head[:2]
		for k := range all[0].Want {
			head = append(head, fmt.Sprintf("wanted(%d)", k))
		}
	}
	for k := range all[0].Answer {
		head = append(head, fmt.Sprintf("y(%d)", k))
	}
	out := csv.NewWriter(w)
	err := out.Write(head)
	for _, p := range all {
		row := []string{strconv.Itoa(p.Example), strconv.Itoa(p.Moment)}
		numbers := append(append([]float32(nil), p.Want...), p.Answer...)
		if all.classes() {
			row, numbers = append(row, strconv.Itoa(int(p.Want[0])), strconv.Itoa(largest(p.Answer))), p.Answer
		}
		for _, v := range numbers {
			row = append(row, strconv.FormatFloat(float64(v), 'g', -1, 32))
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

// largest is the first of the largest, as in hebb eval.
func largest(x []float32) (best int) {
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return best
}

func (all predicted) npz(w io.Writer) error {
	n, out := len(all), len(all[0].Answer)
	var index, moment, label, taken data.Ints
	var wanted, answers data.Floats
	for _, p := range all {
		index, moment = append(index, int64(p.Example)), append(moment, int64(p.Moment))
		label, taken = append(label, int64(p.Want[0])), append(taken, int64(largest(p.Answer)))
		wanted, answers = append(wanted, p.Want...), append(answers, p.Answer...)
	}
	arrays := []data.Output{{Name: "index", Shape: []int{n}, Values: index}, {Name: "moment", Shape: []int{n}, Values: moment},
		{Name: "predictions", Shape: []int{n, out}, Values: answers}}
	if all.classes() {
		arrays = append(arrays, data.Output{Name: "label", Shape: []int{n}, Values: label}, data.Output{Name: "predicted", Shape: []int{n}, Values: taken})
	} else {
		arrays = append(arrays, data.Output{Name: "wanted", Shape: []int{n, out}, Values: wanted})
	}
	return data.WriteNPZ(w, arrays...)
}
