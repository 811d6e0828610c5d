package cli

import (
	"context"
	"errors"
	"fmt"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/pflag"

	"hebb/internal/atomicfile"
	"hebb/nets/data"
	"hebb/nets/develop"
	"hebb/nets/tasks"
	"hebb/nets/train"
)

// componentRules are the rules of single layers that learn principal components: systems, which --rule names too.
var componentRules = []string{"sanger", "subspace", "oja", "hebb"}

// A componentFlags are the flags of these rules alone.
type componentFlags struct {
	units int
	rate  float64
	force bool
}

func (c *componentFlags) add(f *pflag.FlagSet) {
	f.IntVar(&c.units, "units", 16, "units of a rule that learns principal components")
	f.Float64Var(&c.rate, "rate", 1, "learning rate of such a rule at the start, in units of 1/λ₁")
	f.BoolVar(&c.force, "force", false, "replace the results of another run of such a rule in the folder")
}

// ofComponents are the flags that these rules know.
var ofComponents = []string{"rule", "data", "layout", "resize", "crop-centre", "alpha", "canvas", "limit", "units", "batch", "micro", "epochs", "rate", "seed", "learners", "backend", "out", "force", "verify",
	"profile", "trace", "log-every", "save-every", timeoutFlag, "context", "device", "rung", "tuning", "no-cache"}

// components makes the settings of a rule that learns principal components: its rate takes the largest eigenvalue.
func (r *networkRun) components(ctx context.Context, stdout io.Writer) (c train.Config, err error) {
	var other []string
	r.flags.Visit(func(f *pflag.Flag) {
		if !slices.Contains(ofComponents, f.Name) {
			other = append(other, "--"+f.Name)
		}
	})
	if len(other) > 0 {
		return c, usagef("%s with the rule %s, which takes --%s", strings.Join(other, ", "), r.Rule, strings.Join(ofComponents, ", --"))
	}
	if err := refusePadding(r.Data, "their padding would have components too; hebb train sanger --task samples takes x as it is"); err != nil {
		return c, err
	}
	c = train.Default
	c.Batch, c.Epochs, c.LogEvery = 128, 20, 468
	r.override(&c, func(string) bool { return true })
	c.Rule, c.System, c.Task, c.Schedule = train.Default.Rule, fmt.Sprintf("%s:units=%d", r.Rule, r.units), train.SamplesTask, "inverse"
	if !(r.rate > 0) {
		return c, usagef("--rate %g, want a number above 0", r.rate)
	}
	if c.Limit < 0 {
		return c, usagef("--limit %d, want at least 0", c.Limit)
	}
	if _, err := data.Find(c.Data); err != nil {
		return c, usageError{err}
	}
	if err := c.DataOptions().Check(); err != nil {
		return c, usageError{err}
	}
	set, err := data.Load(c.Data, c.DataOptions())
	if err != nil {
		return c, fmt.Errorf("data: %w", err)
	}
	if n := set.Values(); r.units < 1 || r.units > n {
		return c, usagef("%d units, want 1 to %d, the pixels of an image", r.units, n)
	}
	pca, err := exact(ctx, set, c.Limit, stdout)
	if err != nil {
		return c, err
	}
	c.Rate = r.rate / pca.Values[0]
	if err := c.Check(names); err != nil {
		return c, usageError{err}
	}
	return c, nil
}

// exact returns the principal components of images, which it says on w. It does not wait for them when ctx is done.
func exact(ctx context.Context, set *data.Set, limit int, w io.Writer) (*develop.PCA, error) {
	if set.Channels != 1 {
		return nil, usagef("%s has images of %d channels, want 1: filters are drawn in grey", set.Name, set.Channels)
	}
	start := time.Now()
	var pca *develop.PCA
	done := make(chan error, 1)
	go func() {
		var err error
		pca, err = develop.NewPCA(tasks.Centred(set, limit), set.Values())
		done <- err
	}()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if err == nil {
		fmt.Fprintf(w, "exact     eigenvectors in float64, %.1f s on the CPU; λ₁ = %.4g\n", time.Since(start).Seconds(), pca.Values[0])
	}
	return pca, err
}

// Files of a run that learns components, beside those of all runs.
const (
	filtersFile    = "filters.png"
	componentsFile = "components.json"
)

// figures compares what a run has learned with the exact components, if it learns components, and draws the filters: of
// several learners those of the first, and all in components.json.
func figures(ctx context.Context, work *train.Run, stdout io.Writer) error {
	system, ok := work.Session.Systems()[0].(develop.Components)
	if !ok || work.Set == nil {
		return nil
	}
	pca, err := exact(ctx, work.Set, work.Config.Limit, stdout)
	if err != nil {
		return err
	}
	w, err := work.Session.Read(work.Session.Tensors()[:1])
	if err != nil {
		return err
	}
	if world := work.Session.World; world != nil && world.Rank() > 0 {
		return nil
	}
	each := len(w[0]) / work.Session.Learners
	var all []develop.Agreement
	for l := range work.Session.Learners {
		a, err := system.Agreement(pca, w[0][l*each:][:each])
		if err != nil {
			return err
		}
		if work.Session.Learners > 1 {
			fmt.Fprintf(stdout, "\nseed %d", work.Config.Seed+uint64(l))
		}
		printAgreement(stdout, a)
		all = append(all, a)
	}
	path := func(name string) string { return filepath.Join(work.Folder.Dir, name) }
	err = atomicfile.Write(path(filtersFile), func(f io.Writer) error {
		return png.Encode(f, develop.DrawFilters(w[0][:each], work.Set.Height, work.Set.Width))
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "wrote     %s, %s\n", path(filtersFile), path(componentsFile))
	return atomicfile.Write(path(componentsFile), func(f io.Writer) error {
		return printJSON(f, all)
	})
}

func printAgreement(w io.Writer, a develop.Agreement) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\nunit\teigenvector\teigenvalue\t|cos|\t")
	for _, c := range a.Components {
		if c.Eigenvector == 0 {
			fmt.Fprintf(t, "%d\t-\t-\t%.5f\t\n", c.Unit, c.Cos)
			continue
		}
		fmt.Fprintf(t, "%d\t%d\t%.4g\t%.5f\t\n", c.Unit, c.Eigenvector, c.Eigenvalue, c.Cos)
	}
	t.Flush()
	fmt.Fprintf(w, "\ncaptured  %.5f of PCA's variance\n          (%s)\n", a.Captured, a.Measure)
}

// ofARun are the files of a run that learns components.
var ofARun = []string{filtersFile, componentsFile, train.ConfigFile, train.RecordFile, train.MetricsFile, train.CheckpointsDir}

// replaceable reports whether a folder holds a run of components, which --force replaces.
func replaceable(dir string) bool {
	if c, err := train.RunConfig(dir); err == nil {
		name, _, _ := strings.Cut(c.System, ":")
		return slices.Contains(componentRules, name)
	}
	_, err := os.Lstat(filepath.Join(dir, filtersFile))
	return err == nil
}

// setAside moves the run in a folder into one below it, for --force. done removes it once another is in its place; with the
// error that prevented that, it puts it back.
func setAside(dir string) (done func(error) error, err error) {
	aside, err := os.MkdirTemp(dir, ".replaced-*")
	if err != nil {
		return nil, err
	}
	move := func(from, to string) (err error) {
		for _, name := range ofARun {
			if e := os.Rename(filepath.Join(from, name), filepath.Join(to, name)); !errors.Is(e, fs.ErrNotExist) {
				err = errors.Join(err, e)
			}
		}
		return err
	}
	back := func(why error) error {
		return errors.Join(why, move(aside, dir), os.Remove(aside)) // which fails, and should, where anything is left
	}
	if err := move(dir, aside); err != nil {
		return nil, back(err)
	}
	return func(why error) error {
		if why != nil {
			return back(why)
		}
		return os.RemoveAll(aside)
	}, nil
}
