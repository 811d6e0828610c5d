package cli

import (
	"context"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hebb/backend"
	"hebb/compute"
	"hebb/nets/data"
	"hebb/nets/dependence"
	"hebb/nets/spread"
	"hebb/nets/spread/mpi"
)

// An hsicRun is one run of hebb hsic, as asked for.
type hsicRun struct {
	backendFlags
	files            [2]string
	kernels          [2]string
	sigmas           [2]string
	perDim           bool
	normalised       bool
	eps              float64
	permutations     int
	seed             uint64
	on, format       string
	secondK, secondS bool // kernels[1] and sigmas[1] were given
	timeout          time.Duration
}

func newHSICCmd() *cobra.Command {
	var r hsicRun
	cmd := &cobra.Command{
		Use:   "hsic A.npy B.npy",
		Short: "Measure how far two sets of samples depend on each other",
		Long: `hsic measures by kernels how far two arrays depend on each other, row i of one belonging to row i of the other
(the activations of two layers on the same inputs, say):

  HSIC        tr(K·H·L·H)/(m−1)², the biased estimate, H = I − 1·1ᵀ/m
  normalised  HSIC(A,B)/√(HSIC(A,A)·HSIC(B,B)), from 0 to 1: CKA with these kernels
  pHSIC       mean(K∘L) − mean(K)·mean(L)
  p           the share of permutations of B's rows whose HSIC is no less, (1 + those)/(1 + N)
  nHSIC       with --normalised: tr(R_A·R_B), R = K̃·(K̃ + ε·m·I)⁻¹, K̃ = H·K·H (Ma et al. 2020)
  linear CKA  the same as normalised, with linear kernels

Kernel matrices are not stored: the work grows as m², memory as m (but for --normalised, which takes up to ` + strconv.Itoa(dependence.MostRows) + `
rows). Widths of the Gaussian kernel exp(−‖a−b‖²/(2σ²)) are "median", the median of the distances between two rows
that differ (of all pairs, or of 65 536 drawn by --seed), or up to 8 numbers.

Several processes (mpirun, srun) share the rows out: memory is O(m/W) on each of W, and the result is the same, to the
bit, on any number of them, and that of one without mpirun but for roundings. Each reads the same files, and rank 0
prints.

Files are NPY arrays of numbers or booleans, or arrays of an NPZ file, FILE.npz:NAME. An array of one dimension is m×1;
of more than two, all after the first make a row.`,
		Example: `  hebb hsic layer1.npy layer2.npy --permutations 200
  hebb hsic acts.npz:conv3 acts.npz:labels --kernel gaussian --kernel-b linear --sigma 1,2,5 --per-dim
  hebb hsic x.npy z.npy --normalised --sigma 5 --per-dim --format json
  mpirun -n 4 hebb hsic long1.npy long2.npy`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usagef("%s takes two files, found %d: %q", cmd.CommandPath(), len(args), args)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			copy(r.files[:], args)
			r.secondK, r.secondS = cmd.Flags().Changed("kernel-b"), cmd.Flags().Changed("sigma-b")
			return r.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	kinds := []string{compute.Gaussian.String(), compute.Linear.String(), compute.Cosine.String()}
	f := cmd.Flags()
	f.Var(oneOf(&r.kernels[0], kinds[0], kinds...), "kernel", "kernel between rows")
	f.Var(oneOf(&r.kernels[1], "", kinds...), "kernel-b", "that of B (default: as A)")
	f.StringVar(&r.sigmas[0], "sigma", "median", "`WIDTHS` of the Gaussian kernel: median, or numbers with commas between them")
	f.StringVar(&r.sigmas[1], "sigma-b", "", "`WIDTHS` of B, as many or one (default: as A, but a median of its own)")
	f.BoolVar(&r.perDim, "per-dim", false, "widths are in units of √(length of a row)")
	f.BoolVar(&r.normalised, "normalised", false, "also nHSIC, which stores m×m matrices")
	f.Float64Var(&r.eps, "eps", dependence.DefaultEps, "ε of --normalised")
	f.IntVar(&r.permutations, "permutations", 0, "permutations for p")
	f.Uint64Var(&r.seed, "seed", 1, "of the permutations and of the median's pairs")
	f.Var(oneOf(&r.on, "auto", backend.Names...), "backend", "where to compute")
	f.Var(oneOf(&r.format, "table", "table", "json"), "format", "how to print it")
	f.DurationVar(&r.timeout, timeoutFlag, timeout, timeoutUsage)
	r.add(cmd)
	return cmd
}

// options are the flags, as package dependence has them.
func (r *hsicRun) options() (o dependence.Options, err error) {
	if !r.secondK {
		r.kernels[1] = r.kernels[0]
	}
	if !r.secondS {
		r.sigmas[1] = r.sigmas[0]
	}
	o = dependence.Options{Permutations: r.permutations, Seed: r.seed}
	if r.permutations < 0 {
		return o, usagef("--permutations %d, want 0 or more", r.permutations)
	}
	switch ok := r.eps > 0 && r.eps <= math.MaxFloat32; {
	case r.flags != nil && r.flags.Changed("eps") && !r.normalised:
		return o, usagef("--eps is of --normalised")
	case r.normalised && !ok:
		return o, usagef("--eps: ε is %g, want a number above 0", r.eps)
	}
	for i, k := range []*dependence.Kernel{&o.X, &o.Y} {
		for _, kind := range []compute.Kernel{compute.Linear, compute.Cosine, compute.Gaussian} {
			if kind.String() == r.kernels[i] {
				k.Kind = kind
			}
		}
		if k.Kind != compute.Gaussian {
			continue
		}
		if k.Sigma, err = widthsOf(r.sigmas[i]); err != nil {
			return o, err
		}
		k.PerDim = r.perDim && k.Sigma != nil
	}
	if widths := r.secondS || r.sigmas[0] != "median" || r.perDim; widths && o.X.Kind != compute.Gaussian && o.Y.Kind != compute.Gaussian {
		return o, usagef("--sigma, --sigma-b and --per-dim are of the gaussian kernel, and the kernels are %s and %s", r.kernels[0], r.kernels[1])
	}
	if a, b := max(1, len(o.X.Sigma)), max(1, len(o.Y.Sigma)); a != b && a != 1 && b != 1 {
		return o, usagef("%d widths for A and %d for B, want as many or one", a, b)
	}
	return o, nil
}

// widthsOf reads the numbers of a flag, or nothing for the median.
func widthsOf(flag string) (all []float64, err error) {
	if flag == "median" {
		return nil, nil
	}
	for word := range strings.SplitSeq(flag, ",") {
		σ, err := strconv.ParseFloat(strings.TrimSpace(word), 64)
		if err != nil || !(σ > 0) || math.IsInf(σ, 0) {
			return nil, usagef(`width %q, want "median" or numbers above 0 with commas between them`, word)
		}
		all = append(all, σ)
	}
	if len(all) > compute.MaxWidths {
		return nil, usagef("%d widths, want at most %d", len(all), compute.MaxWidths)
	}
	return all, nil
}

// asked is what all processes have to be asked for. Folders may differ from host to host.
func (r *hsicRun) asked() []spread.Fact {
	return append(asked("hsic", r.flags), spread.Fact{Name: "file A", Value: filepath.Base(r.files[0])},
		spread.Fact{Name: "file B", Value: filepath.Base(r.files[1])})
}

// run measures with the processes that a launcher has started beside this one, if there are any.
func (r *hsicRun) run(ctx context.Context, stdout, stderr io.Writer) error {
	w, err := join(ctx, r.timeout, r.asked(), stderr)
	if err != nil {
		return err
	}
	if w == nil {
		if size, _, _ := mpi.Launched(); size == 1 { // to the bits of several
			w = spread.Fakes(1)[0]
		}
		return r.measure(ctx, w, stdout, stderr)
	}
	out, notes := stdout, stderr
	if w.Rank() > 0 { // which rank 0 has to say
		out, notes = io.Discard, io.Discard
	}
	return leave(ctx, w, stderr, r.measure(ctx, w, out, notes))
}

// measure measures and prints, alone or as one process of a world.
func (r *hsicRun) measure(ctx context.Context, w spread.World, stdout, stderr io.Writer) error {
	o, s, dev, err := r.outset(w, stderr)
	if dev != nil {
		defer dev.Close()
	}
	if err = spread.Agree(w, err); err != nil {
		return err
	}
	m := measured{A: shapeOf(s[0]), B: shapeOf(s[1]), Kernels: r.kernels, PerDim: o.X.PerDim || o.Y.PerDim, Seed: r.seed, Permutations: r.permutations, Device: dev.Info()}
	if w != nil && w.Size() > 1 {
		m.Ranks, m.ranks = w.Size(), ranks(w)
	}
	if err := spread.Agree(w, m.measure(ctx, dev, s, o, stderr)); err != nil {
		return err
	}
	if r.normalised {
		if err := m.normalise(ctx, dev, s, o, r.eps); err != nil {
			return err
		}
	}
	for _, w := range m.warnings {
		fmt.Fprintln(stderr, "hebb:", w)
	}
	if r.format == "json" {
		return printJSON(stdout, m)
	}
	return m.print(stdout)
}

// outset reads the options and both arrays, and opens the device.
func (r *hsicRun) outset(w spread.World, stderr io.Writer) (o dependence.Options, s [2]dependence.Samples,
	dev *compute.Device, err error) {
	if o, err = r.options(); err != nil {
		return o, s, nil, err
	}
	if o.World = w; w != nil && r.normalised {
		return o, s, nil, usagef("--normalised by %d processes: it stores m×m matrices, so that one measures it alone", w.Size())
	}
	for i, path := range r.files {
		if s[i], err = samplesOf(path, w); err != nil {
			return o, s, nil, err
		}
	}
	dev, err = r.open(r.on, stderr)
	return o, s, dev, err
}

// samplesOf reads an array or, in a world, the rows of it that this process has.
func samplesOf(path string, w spread.World) (dependence.Samples, error) {
	if w == nil {
		a, err := data.ReadArray(path)
		if err != nil {
			return dependence.Samples{}, err
		}
		rows, cols := a.Rows()
		return dependence.Samples{Name: path, Rows: rows, Dims: cols, Values: a.Values}, nil
	}
	p, err := data.ReadRows(path, func(rows int) (lo, hi int) { return dependence.Range(rows, w) })
	return dependence.Samples{Name: path, Rows: p.Rows, Dims: p.Cols, Values: p.Values, Checksum: p.Checksum}, err
}
