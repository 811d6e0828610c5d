package main

import (
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"hebb/backend"
	"hebb/compute"
	"hebb/nets"
)

// A trainRun is one run of hebb train, as asked for.
type trainRun struct {
	backendFlags
	nets.Components
	data    string
	limit   int
	on      string
	out     string
	force   bool
	verify  bool
	sampled int
}

func newTrainCmd() *cobra.Command {
	r := trainRun{Components: nets.DefaultComponents}
	cmd := &cobra.Command{
		Use:   "train",
		Short: "Learn the principal components of images by a Hebbian rule",
		Long: `hebb train learns from real images by a Hebbian rule, in batches on the chosen
backend, and compares what it learned with the exact eigenvectors of the covariance.

Rules, for linear units y = W·x (x: an image less the mean image):
  sanger    Δw_u = η·y_u·(x − Σ_{v≤u} y_v·w_v)   unit k learns principal component k
  subspace  Δw_u = η·y_u·(x − Σ_v y_v·w_v)       the units learn the span of the first components
  oja       Δw_u = η·y_u·(x − y_u·w_u)           every unit learns component 1
  hebb      Δw_u = η·y_u·x                       as oja; alone it diverges, so each w_u is scaled
                                                 to length 1 after each update

The rate η is RATE/λ₁ (λ₁: the largest eigenvalue) for the first half of the steps,
then RATE/λ₁/(1 + 50·(t/T − ½)) at step t of T, which ends at 1/26 of it.

It writes filters.png (the learned weights: red positive, blue negative) and
run.json (all figures) into the folder given by --out.`,
		Example: `  hebb train --rule sanger --data fashion-mnist --units 16
  hebb train --rule oja --data path/to/idx/files --units 4 --backend gpu --verify 64`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r.verify = cmd.Flags().Changed("verify")
			return r.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.TextVar(&r.Rule, "rule", r.Rule, "learning rule: sanger, subspace, oja or hebb")
	f.StringVar(&r.data, "data", "fashion-mnist", "data set: a name or a folder with the four IDX files")
	f.IntVar(&r.limit, "limit", 0, "use the first `N` images (0: all)")
	f.IntVar(&r.Units, "units", r.Units, "units to train")
	f.IntVar(&r.Batch, "batch", r.Batch, "images an update")
	f.IntVar(&r.Epochs, "epochs", r.Epochs, "passes over the images")
	f.Float64Var(&r.Rate, "rate", r.Rate, "learning rate at the start, in units of 1/λ₁")
	f.Uint64Var(&r.Seed, "seed", r.Seed, "seed of the first weights and of the order of the images")
	f.Var(oneOf(&r.on, "auto", backend.Names...), "backend", "where to compute")
	f.StringVar(&r.out, "out", "", "folder for the results (default runs/TIME-RULE-BACKEND)")
	f.BoolVar(&r.force, "force", false, "replace the results of another run in the folder")
	f.IntVar(&r.sampled, "verify", 0, "check `N` elements of every op against its definition (0: all; slow)")
	r.add(cmd)
	return cmd
}

func (r *trainRun) run(ctx context.Context, stdout, stderr io.Writer) error {
	if r.limit < 0 || r.sampled < 0 {
		return usagef("--limit %d and --verify %d, want at least 0", r.limit, r.sampled)
	}
	dir, err := nets.Find(r.data)
	if err != nil {
		return usageError{err}
	}
	b, notes, err := r.backend(r.on)
	for _, n := range notes {
		fmt.Fprintln(stderr, "hebb:", n)
	}
	if err != nil {
		return err
	}
	var verifier *compute.Verifier
	if r.verify {
		verifier = compute.Verify(b, r.sampled)
		b = verifier
	}
	dev := compute.New(b)
	defer dev.Close()

	images, err := nets.Load(dir, nets.Train)
	if err != nil {
		return fmt.Errorf("data: %w", err)
	}
	samples := images.Centred(r.limit)
	if err := r.Check(samples); err != nil {
		return usageError{err}
	}
	if r.out == "" {
		r.out = filepath.Join("runs", fmt.Sprintf("%s-%s-%s", time.Now().Format("20060102-150405"), r.Rule, dev.Info().Backend))
	}
	out, err := newResults(r.out, r.force)
	if err != nil {
		return err
	}
	defer out.close()

	fmt.Fprintf(stdout, "data      %s: %d images of %d×%d, from %s\n", r.data, samples.N, images.Rows, images.Cols, dir)
	fmt.Fprintf(stdout, "device    %s\n", dev.Info())
	start := time.Now()
	pca, err := nets.NewPCA(samples)
	if err != nil {
		return err
	}
	top := pca.Values[0]
	fmt.Fprintf(stdout, "exact     eigenvectors in float64, %.1f s on the CPU; λ₁ = %.4g\n", time.Since(start).Seconds(), top)
	steps := r.Steps(samples.N)
	fmt.Fprintf(stdout, "learning  %s, %d units, %d updates of %d images, rate %g/λ₁ = %.3g\n",
		r.Rule, r.Units, steps, r.Batch, r.Rate, r.Rate/top)

	bar := newProgress(stderr, "learning", steps)
	start = time.Now()
	w, err := r.Train(ctx, dev, samples, top, bar.at)
	took := time.Since(start)
	bar.end()
	if err != nil {
		return err
	}
	rate := float64(steps) * float64(r.Batch) / took.Seconds()
	fmt.Fprintf(stdout, "took      %.1f s, %.0f images/s\n", took.Seconds(), rate)
	j, err := pca.Judge(r.Rule, w)
	if err != nil {
		return err
	}
	printJudgement(stdout, j)
	rec := trainRecord{
		Version: version(), Time: start, Data: r.data, Folder: dir, Images: samples.N, Rows: images.Rows, Cols: images.Cols,
		Components: r.Components, Device: dev.Info(), Seconds: took.Seconds(), ImagesPerSecond: rate, Judgement: j,
	}
	if verifier != nil {
		rec.Verified = &verifier.Tally
		fmt.Fprintf(stdout, "verified  %d elements against their definitions, %d not bounded; the largest error is %.2f of its bound\n",
			verifier.Judged, verifier.Unbounded, verifier.Worst)
	}
	if err := out.save(rec, w); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "wrote     %s, %s\n", out.path(filtersFile), out.path(recordFile))
	return nil
}

func printJudgement(w io.Writer, j nets.Judgement) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\nunit\teigenvector\teigenvalue\t|cos|\t")
	for _, c := range j.Components {
		if c.Eigenvector == 0 {
			fmt.Fprintf(t, "%d\t-\t-\t%.5f\t\n", c.Unit, c.Cos)
			continue
		}
		fmt.Fprintf(t, "%d\t%d\t%.4g\t%.5f\t\n", c.Unit, c.Eigenvector, c.Eigenvalue, c.Cos)
	}
	t.Flush()
	fmt.Fprintf(w, "\ncaptured  %.5f of PCA's variance\n          (%s)\n", j.Captured, j.Measure)
}

// A trainRecord is run.json.
type trainRecord struct {
	Version string    `json:"version"`
	Time    time.Time `json:"time"`
	Data    string    `json:"data"`
	Folder  string    `json:"folder"`
	Images  int       `json:"images"`
	Rows    int       `json:"rows"`
	Cols    int       `json:"cols"`
	nets.Components
	Device          compute.Info   `json:"device"`
	Seconds         float64        `json:"seconds"`
	ImagesPerSecond float64        `json:"images_per_second"`
	Verified        *compute.Tally `json:"verified,omitempty"`
	nets.Judgement
}

const (
	filtersFile = "filters.png"
	recordFile  = "run.json"
)

// Results are the files of a run in a folder of their own.
type results struct {
	dir string
}

// newResults makes the folder and tries to write in it, before any work is done.
func newResults(dir string, force bool) (*results, error) {
	r := &results{dir}
	for _, name := range []string{filtersFile, recordFile} {
		if _, err := os.Lstat(r.path(name)); err == nil && !force {
			return nil, fmt.Errorf("%s holds a run already (%s): choose another folder, or --force to replace it", dir, name)
		}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	probe, err := os.CreateTemp(dir, ".probe*")
	if err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	probe.Close()
	return r, os.Remove(probe.Name())
}

// close removes the folder if nothing came of the run.
func (r *results) close() { os.Remove(r.dir) } // fails, and should, where there is a file in it

func (r *results) path(name string) string { return filepath.Join(r.dir, name) }

// save writes both files; each appears whole or not at all.
func (r *results) save(rec trainRecord, w []float32) error {
	err := r.write(filtersFile, func(f io.Writer) error {
		return png.Encode(f, nets.Sheet(w, rec.Rows, rec.Cols))
	})
	if err != nil {
		return err
	}
	return r.write(recordFile, func(f io.Writer) error {
		e := json.NewEncoder(f)
		e.SetIndent("", "  ")
		return e.Encode(rec)
	})
}

func (r *results) write(name string, content func(io.Writer) error) error {
	f, err := os.CreateTemp(r.dir, ".*-"+name)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails once it has its name
	err = content(f)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), r.path(name))
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", r.path(name), err)
	}
	return nil
}
