package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hebb/internal/count"
	"hebb/nets/data"
	"hebb/nets/train"
)

func newDataCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "data",
		Short: "List, inspect, fetch and look at data sets",
		Long: `data says which data sets are here, what is in them and what they look like, and fetches those that it knows by
name: ` + strings.Join(data.Names(), ", ") + `. Others are given by their path: a folder of IDX
files, of CIFAR's binary files or of images in a folder for each class, or an NPZ file.`,
	}
	cmd.AddCommand(newDataListCmd(), newDataInfoCmd(), newDataFetchCmd(), newDataShowCmd())
	return cmd
}

func newDataListCmd() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the data sets known by name, and where they are",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := listData()
			if err != nil {
				return err
			}
			if format == "json" {
				return printJSON(cmd.OutOrStdout(), all)
			}
			return printPlaces(cmd.OutOrStdout(), all)
		},
	}
	cmd.Flags().Var(oneOf(&format, "table", "table", "json"), "format", "how to print it")
	return cmd
}

// printJSON writes v, indented.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// A place is where a data set is, or why it is not.
type place struct {
	Name    string `json:"name"`
	Folder  string `json:"folder,omitempty"`
	Bytes   int64  `json:"bytes,omitempty"` // of its files, as they lie there
	Missing string `json:"missing,omitempty"`
}

func listData() (all []place, err error) {
	for _, name := range data.Names() {
		p := place{Name: name}
		p.Folder, err = data.Find(name)
		switch {
		case errors.Is(err, data.ErrNoData):
			p.Missing = err.Error()
		case err != nil:
			return nil, err
		default:
			if p.Bytes, err = size(p.Folder); err != nil {
				return nil, err
			}
		}
		all = append(all, p)
	}
	return all, nil
}

// size is that of the files below a folder.
func size(dir string) (bytes int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			bytes += info.Size()
		}
		return err
	})
	return bytes, err
}

func printPlaces(w io.Writer, all []place) error {
	t := grid{head: []string{"name", "size", "where"}, left: 3}
	for _, p := range all {
		row := []string{p.Name, "–", "not here: hebb data fetch " + p.Name}
		if p.Missing == "" {
			row[1], row[2] = megabytes(p.Bytes), p.Folder
		}
		t.rows = append(t.rows, row)
	}
	return t.text(w)
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// oneSet asks for the name or the path of one data set.
func oneSet(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("%s wants one of %s, or a path; found %q", cmd.CommandPath(), strings.Join(data.Names(), ", "), args)
	}
	if _, err := data.Find(args[0]); err != nil {
		return usageError{err}
	}
	return nil
}

func newDataInfoCmd() *cobra.Command {
	var format, task string
	var o data.Options
	cmd := &cobra.Command{
		Use:   "info NAME",
		Short: "Say what is in a data set",
		Long: `info says how many examples a data set has, of what kind and of which classes. An NPZ file is described as the sequences or
the images that hebb train SYSTEM takes it for, or as --task says.`,
		Args: oneSet,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.Check(); err != nil {
				return usageError{err}
			}
			moments, padded := data.Moments(args[0])
			o.Sequences = task == train.SequencesTask || task == "" && moments > 0
			i, err := inspect(args[0], o)
			if err != nil {
				return err
			}
			if o.Sequences && task == "" && !padded {
				i.Notes = append(i.Notes, "a network takes x for images: --task "+imagesTask+" describes those")
			}
			if format == "json" {
				return printJSON(cmd.OutOrStdout(), i)
			}
			return i.print(cmd.OutOrStdout())
		},
	}
	cmd.Flags().Float64Var(&o.Holdout, "holdout", 0, "share of each class kept for testing where the data have no test part")
	addReading(cmd.Flags(), &o.Layout, &o.Resize, &o.Alpha, &o.CropCentre)
	cmd.Flags().Var(oneOf(&task, "", train.SequencesTask, imagesTask), "task", "what the examples of an NPZ file are (default: what they look like)")
	cmd.Flags().Var(oneOf(&format, "table", "table", "json"), "format", "how to print it")
	return cmd
}

// addReading adds the flags that say how data are read; see [data.Options].
func addReading(f *pflag.FlagSet, layout, resize, alpha *string, crop *bool) {
	f.Var(oneOf(layout, "", data.Layouts...), "layout", "order of the dimensions of images in an NPZ file (default: found out, or asked for)")
	f.StringVar(resize, "resize", *resize, "bring the images of a folder to `HEIGHTxWIDTH`, bilinearly")
	f.BoolVar(crop, "crop-centre", *crop, "with --resize: cut the largest part of its proportions out of the middle first")
	f.Var(oneOf(alpha, "", data.Alphas...), "alpha", `what transparent pixels become (default "drop": the colours beneath)`)
}

// An inspection is what is in a data set.
type inspection struct {
	Name      string       `json:"name"`
	Path      string       `json:"path"`
	Height    int          `json:"height,omitempty"` // of images, as the next two
	Width     int          `json:"width,omitempty"`
	Channels  int          `json:"channels,omitempty"`
	Sequences *lengths     `json:"sequences,omitempty"` // nil of images
	Values    string       `json:"values"`              // "bytes", which stand for 0 to 1, or "floats"
	Train     int          `json:"train"`
	Test      int          `json:"test"`
	Mean      []float32    `json:"mean"` // of each channel or feature, over the training part
	SD        []float32    `json:"sd"`
	Classes   []classCount `json:"classes"` // none of sequences that want numbers
	Notes     []string     `json:"notes,omitempty"`
	what      string       // the examples, in words
}

// lengths describe sequences.
type lengths struct {
	Shortest int `json:"shortest"` // moments, over all parts
	Longest  int `json:"longest"`
	Features int `json:"features"`
	data.Sequences
}

// lengthsOf returns the lengths of the sequences of a set.
func lengthsOf(s *data.Set) *lengths {
	l := &lengths{Shortest: s.Width, Features: s.Channels, Sequences: *s.Sequences}
	for _, part := range []*data.Split{s.Train, s.Test} {
		if part != nil {
			l.Shortest, l.Longest = min(l.Shortest, slices.Min(part.Ends())), max(l.Longest, slices.Max(part.Ends()))
		}
	}
	return l
}

// A classCount is the number of examples of a class, or of moments if each moment has a class.
type classCount struct {
	Name  string `json:"name"`
	Train int    `json:"train"`
	Test  int    `json:"test"`
}

func inspect(name string, o data.Options) (*inspection, error) {
	path, err := data.Find(name)
	if err != nil {
		return nil, err
	}
	s, err := data.Load(name, o)
	if err != nil {
		return nil, err
	}
	n := s.Measure()
	i := &inspection{Name: s.Name, Path: path, Values: "bytes", Train: s.Train.N(), Mean: n.Mean, SD: n.SD, Notes: s.Notes}
	if s.Train.Floats != nil {
		i.Values = "floats"
	}
	switch i.Height, i.Width, i.Channels = s.Height, s.Width, s.Channels; {
	case s.Sequences != nil:
		i.Height, i.Width, i.Channels, i.Sequences, i.what = 0, 0, 0, lengthsOf(s), form(s)
	case s.Height == 1 && s.Width == 1:
		i.what = count.Of(s.Channels, "feature") + ", " + i.Values
	default:
		i.what = fmt.Sprintf("%d×%d×%d, %s", s.Height, s.Width, s.Channels, i.Values)
	}
	if s.Sequences == nil || s.Sequences.Numbers == 0 {
		i.Classes = make([]classCount, s.Classes)
		train, test := perClass(s.Train, s.Classes), perClass(s.Test, s.Classes)
		for c := range i.Classes {
			i.Classes[c] = classCount{className(s, c), train[c], test[c]}
		}
	}
	if s.Test != nil {
		i.Test = s.Test.N()
	}
	return i, nil
}

// perClass counts the examples of each class or, in sequences, the moments that want it.
func perClass(part *data.Split, classes int) []int {
	n := make([]int, classes)
	switch {
	case part == nil:
	case part.Want != nil:
		for i, v := range part.Want.Values {
			n[int(v)] += int(part.Want.At[i])
		}
	default:
		for _, l := range part.Labels {
			n[l]++
		}
	}
	return n
}

// className is the class's name, or else its number.
func className(s *data.Set, c int) string {
	if s.ClassNames != nil {
		return s.ClassNames[c]
	}
	return fmt.Sprint(c)
}

func (i *inspection) print(w io.Writer) error {
	fmt.Fprintf(w, "data      %s, from %s\n", i.Name, i.Path)
	fmt.Fprintf(w, "examples  %s: %d to train on, %d to test", i.what, i.Train, i.Test)
	if i.Sequences == nil {
		fmt.Fprintf(w, ", in %s", count.Of(len(i.Classes), "class"))
	}
	fmt.Fprintln(w)
	fmt.Fprintf(w, "mean      %s\nsd        %s\n", few(i.Mean), few(i.SD))
	for _, n := range i.Notes {
		fmt.Fprintf(w, "note      %s\n", n)
	}
	if i.Classes == nil {
		return nil
	}
	fmt.Fprintln(w)
	t := grid{head: []string{"class", "train", "test"}, left: 1}
	for _, c := range i.Classes {
		t.rows = append(t.rows, []string{c.Name, fmt.Sprint(c.Train), fmt.Sprint(c.Test)})
	}
	return t.text(w)
}

// few are the first numbers of a list.
func few(x []float32) string {
	const most = 8
	var s []string
	for _, v := range x[:min(len(x), most)] {
		s = append(s, fmt.Sprintf("%.4f", v))
	}
	if len(x) > most {
		s = append(s, fmt.Sprintf("… (%d)", len(x)))
	}
	return strings.Join(s, ", ")
}
