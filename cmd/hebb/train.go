package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"hebb/compute"
	"hebb/nets/components"
	"hebb/nets/data"
	"hebb/nets/train"
)

// A trainRun is one run of hebb train by a Hebbian rule, as asked for.
type trainRun struct {
	backendFlags
	components.Components
	data    string
	limit   int
	on      string
	out     string
	force   bool
	verify  bool
	sampled int
	profile string
}

func newTrainCmd() *cobra.Command {
	r := trainRun{Components: components.DefaultComponents}
	n := networkRun{Config: train.Default}
	cmd := &cobra.Command{
		Use:   "train",
		Short: "Train a network by a rule of credit assignment, or learn principal components",
		Long: `hebb train trains a network on labelled images, batch by batch, on the chosen backend.

Networks:
` + listNetworks() + `
Rules of credit assignment: what a layer sends to those below it. NAME:key=value,… sets more.
` + listRules() + `
Optimisers: ` + strings.Join(train.OptimiserNames(), ", ") + `; schedules of the rate: constant, step, cosine;
both take settings: --optimiser momentum:weight_decay=5e-4 --schedule cosine:warmup=1.

The folder given by --out keeps config.toml (all that decides the run), run.json (version, device), metrics.jsonl
(one JSON object a line) and the last two checkpoints, safetensors that PyTorch reads. Ctrl-C saves and stops;
--resume goes on from the last checkpoint, to the same bits as a run that was never stopped.

--profile FILE times every op on the device and changes none of their results: a table at the end, sorted by the time
that each kind of op took in all, and FILE, a trace for ui.perfetto.dev; also of a run that is interrupted. What share of
the device's peak an op reaches is not said, since hebb bench alone measures a peak: hebb bench --profile FILE.

The rules sanger, subspace, oja and hebb need no labels: single layers of linear units y = W·x
that learn principal components, compared with the exact ones (x: an image less the mean image):
  sanger    Δw_u = η·y_u·(x − Σ_{v≤u} y_v·w_v)   unit k learns principal component k
  subspace  Δw_u = η·y_u·(x − Σ_v y_v·w_v)       the units learn the span of the first components
  oja       Δw_u = η·y_u·(x − y_u·w_u)           every unit learns component 1
  hebb      Δw_u = η·y_u·x                       as oja; alone it diverges, so each w_u is scaled
                                                 to length 1 after each update
They take --units and --rate: η is RATE/λ₁ (λ₁: the largest eigenvalue) for the first half of the
steps, then RATE/λ₁/(1 + 50·(t/T − ½)) at step t of T. They write filters.png (the learned weights: red
positive, blue negative) and run.json (all figures) into the folder given by --out.`,
		Example: `  hebb train --net mlp:784-500-10 --data fashion-mnist --rule kp --optimiser momentum:weight_decay=1e-3
  hebb train --net resnet20 --data fashion-mnist --rule sa --crop 2 --flip --schedule cosine --epochs 20
  hebb train --config run.toml --seed 2
  hebb train --net resnet20 --data cifar10 --rule sa --steps 100 --profile sa.json
  hebb train --resume runs/20261122-101500-sa-gpu
  hebb train --rule sanger --data fashion-mnist --units 16`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n.flags, n.verify = cmd.Flags(), cmd.Flags().Changed("verify")
			if r.Rule.UnmarshalText([]byte(n.Rule)) == nil {
				if err := n.forComponents(&r); err != nil {
					return err
				}
				return r.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
			}
			return n.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	n.add(f)
	f.IntVar(&r.Units, "units", r.Units, "units of a Hebbian rule")
	f.Float64Var(&r.Rate, "rate", r.Rate, "learning rate of a Hebbian rule at the start, in units of 1/λ₁")
	f.BoolVar(&r.force, "force", false, "replace the results of another run of a Hebbian rule in the folder")
	n.backendFlags.add(cmd)
	return cmd
}

func (r *trainRun) run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	if r.limit < 0 || r.sampled < 0 {
		return usagef("--limit %d and --verify %d, want at least 0", r.limit, r.sampled)
	}
	dir, err := data.Find(r.data)
	if err != nil {
		return usageError{err}
	}
	prof, err := newProfiling(r.profile)
	if err != nil {
		return err
	}
	defer prof.drop()
	dev, verifier, err := r.openVerified(r.on, r.verify, r.sampled, prof, stderr)
	if err != nil {
		return err
	}
	defer dev.Close()
	defer func() { err = errors.Join(err, prof.finish(stdout)) }()

	images, err := data.Load(dir, data.Options{})
	if err != nil {
		return fmt.Errorf("data: %w", err)
	}
	if images.Channels != 1 {
		return usagef("%s has images of %d channels, want 1: filters are drawn in grey", dir, images.Channels)
	}
	samples := components.Centred(images, r.limit)
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

	fmt.Fprintf(stdout, "data      %s: %d images of %d×%d, from %s\n", r.data, samples.N, images.Height, images.Width, dir)
	fmt.Fprintf(stdout, "device    %s\n", dev.Info())
	start := time.Now()
	pca, err := components.NewPCA(samples)
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
		Version: version(), Time: start, Data: r.data, Folder: dir, Images: samples.N, Rows: images.Height, Cols: images.Width,
		Components: r.Components, Device: dev.Info(), Seconds: took.Seconds(), ImagesPerSecond: rate, Judgement: j,
	}
	if verifier != nil {
		rec.Verified = &verifier.Tally
		printVerified(stdout, verifier.Tally)
	}
	if err := out.save(rec, w); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "wrote     %s, %s\n", out.path(filtersFile), out.path(recordFile))
	return nil
}

func printJudgement(w io.Writer, j components.Judgement) {
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
	components.Components
	Device          compute.Info   `json:"device"`
	Seconds         float64        `json:"seconds"`
	ImagesPerSecond float64        `json:"images_per_second"`
	Verified        *compute.Tally `json:"verified,omitempty"`
	components.Judgement
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
		return png.Encode(f, components.Sheet(w, rec.Rows, rec.Cols))
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
