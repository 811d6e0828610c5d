package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"hebb/compute"
	"hebb/compute/computetest"
)

// A verifyRun is one run of hebb verify, as asked for.
type verifyRun struct {
	backendFlags
	on     []string // none: all that open
	full   bool
	all    bool
	sample int
	op     string
	allow  leewayFlag
	format string
}

func newVerifyCmd() *cobra.Command {
	var r verifyRun
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check every op against its definition, and GPU against CPU",
		Long: `hebb verify runs every op on a crossed set of shapes (some straddle the tiles of the
kernels, some have sizes of 1, primes, or long sums), twice on each backend that
opens, and checks the results against the op's definition in float64. An error
is given in units of its bound, which is derived from the definition: up to 1 is
right. Of whole numbers the bound is 0 and the result must be exact. Both runs
must give the same bits.

A GPU that is a program on the CPU takes seconds to compile what a case needs. Beside
another device it gets two cases of each op; --all, --full and --op give it all.

Exit status 1 if any result is outside its bound.`,
		Example: `  hebb verify                      all backends that open, a few hundred cases
  hebb verify --full --sample 200  thousands of cases, 200 elements of each
  hebb verify --backend gpu --op Gram
  hebb verify --allow half         products by the bound of half precision`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return r.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.Var(someOf(&r.on, "gpu", "cpu"), "backend", "where to compute (default all that open)")
	f.BoolVar(&r.full, "full", false, "thousands of cases, large ones among them")
	f.BoolVar(&r.all, "all", false, "all cases also on a GPU that is a program on the CPU")
	f.IntVar(&r.sample, "sample", 0, "check `N` elements of each output (0: all)")
	f.Var(&r.allow, "allow", allowUsage)
	f.StringVar(&r.op, "op", "", "check this op alone: "+strings.Join(opNames(), ", "))
	f.Var(oneOf(&r.format, "table", "table", "json"), "format", "how to print the result")
	r.add(cmd)
	return cmd
}

func opNames() (names []string) {
	for _, op := range compute.Ops {
		names = append(names, reflect.TypeOf(op).Name())
	}
	return names
}

func (r *verifyRun) run(ctx context.Context, stdout, stderr io.Writer) error {
	cases, err := r.cases()
	if err != nil {
		return err
	}
	devs, err := r.openAll(r.on, stderr)
	if err != nil {
		return err
	}
	defer closeAll(devs)
	for _, d := range devs {
		d.Allow(r.allow.Leeway)
		sayLeeway(r.allow.Leeway, stderr, d.Info())
	}
	start := time.Now()
	v := newVerification(devs, cases)
	if !r.all && !r.full && r.op == "" && len(devs) > 1 {
		v.some = firstOfEach(cases, 2)
	}
	err = v.check(ctx, cases, r.sample, stderr)
	v.Seconds = time.Since(start).Seconds()
	if e := v.print(stdout, r.format); e != nil {
		return e
	}
	switch done := v.cases(); {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("stopped after %d of %d cases, %d of them wrong: %w", done, len(cases), v.Wrong, err)
	case err != nil:
		return fmt.Errorf("after %d of %d cases, %d of them wrong: %w", done, len(cases), v.Wrong, err)
	case v.Wrong > 0:
		return fmt.Errorf("%d of %d cases are wrong", v.Wrong, len(cases))
	}
	return nil
}

// cases are those asked for.
func (r *verifyRun) cases() ([]computetest.Case, error) {
	if r.sample < 0 {
		return nil, usagef("--sample %d, want at least 0", r.sample)
	}
	if r.op != "" && !slices.Contains(opNames(), r.op) {
		return nil, usagef("unknown op %q, want one of %s", r.op, strings.Join(opNames(), ", "))
	}
	level := computetest.Quick
	if r.full {
		level = computetest.Full
	}
	return slices.DeleteFunc(computetest.Cases(level), func(c computetest.Case) bool {
		return r.op != "" && c.Op != r.op
	}), nil
}

// A verification is what hebb verify found out.
type verification struct {
	Devices []compute.Info `json:"devices"`
	Ops     []*opResult    `json:"ops"`
	Planned int            `json:"planned"`  // cases
	Checked []int          `json:"checked"`  // cases, by device
	Wrong   int            `json:"wrong"`    // cases
	Reasons []string       `json:"failures"` // the first few
	Seconds float64        `json:"seconds"`
	devs    []*compute.Device
	some    []bool // cases that devices in software get; nil: all
}

// An opResult sums up the cases of one op.
type opResult struct {
	Op        string  `json:"op"`
	Cases     int     `json:"cases"`
	Elements  int     `json:"elements"`  // in the outputs of all cases
	Judged    int     `json:"judged"`    // on each device
	Unbounded int     `json:"unbounded"` // of those looked at: any value is right
	Worst     []ratio `json:"worst"`     // by device: the largest error in units of its bound
	Diff      ratio   `json:"diff"`      // between devices, in the same units
	Wrong     int     `json:"wrong"`     // cases
}

// maxReasons bounds what is printed of a backend that does nothing right.
const maxReasons = 10

func newVerification(devs []*compute.Device, cases []computetest.Case) *verification {
	v := &verification{devs: devs, Planned: len(cases), Checked: make([]int, len(devs)), Reasons: []string{}}
	for _, d := range devs {
		v.Devices = append(v.Devices, d.Info())
	}
	return v
}

// check goes through the cases; a wrong one does not stop it, a failing device does.
func (v *verification) check(ctx context.Context, cases []computetest.Case, sample int, stderr io.Writer) error {
	bar := newProgress(stderr, "verifying", len(cases))
	defer bar.end()
	for k, c := range cases {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := v.rehearse(cases, k); err != nil {
			return err
		}
		on := v.devicesFor(k)
		devs := make([]*compute.Device, len(on))
		for i, d := range on {
			devs[i] = v.devs[d]
		}
		res, err := c.Check(sample, devs...)
		if err != nil && !errors.Is(err, compute.ErrWrong) {
			return err
		}
		v.add(c.Op, on, res, err)
		bar.at(k + 1)
	}
	return nil
}

// firstOfEach marks the first n cases of each op.
func firstOfEach(cases []computetest.Case, n int) []bool {
	seen, some := map[string]int{}, make([]bool, len(cases))
	for k, c := range cases {
		some[k] = seen[c.Op] < n
		seen[c.Op]++
	}
	return some
}

// devicesFor returns the indices of the devices that check the k-th case.
func (v *verification) devicesFor(k int) (on []int) {
	for i, d := range v.Devices {
		if v.some == nil || v.some[k] || !d.Software {
			on = append(on, i)
		}
	}
	return on
}

// rehearse has the devices make ready for cases that come some time after the k-th.
func (v *verification) rehearse(cases []computetest.Case, k int) error {
	from, to := compute.Ahead(k, len(cases))
	for k := from; k < to; k++ {
		for _, d := range v.devicesFor(k) {
			if err := cases[k].Rehearse(v.devs[d]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (v *verification) add(op string, on []int, res computetest.Result, wrong error) {
	if len(v.Ops) == 0 || v.Ops[len(v.Ops)-1].Op != op {
		v.Ops = append(v.Ops, &opResult{Op: op, Worst: make([]ratio, len(v.devs))})
	}
	o := v.Ops[len(v.Ops)-1]
	o.Cases++
	o.Elements += res.Elements
	for k, t := range res.Tallies {
		if k == 0 {
			o.Judged += t.Judged
			o.Unbounded += t.Unbounded
		}
		d := on[k]
		v.Checked[d]++
		o.Worst[d] = ratio(math.Max(float64(o.Worst[d]), t.Worst)) // Max keeps a NaN
	}
	o.Diff = ratio(math.Max(float64(o.Diff), res.Diff))
	if wrong == nil {
		return
	}
	v.Wrong++
	o.Wrong++
	if len(v.Reasons) < maxReasons {
		v.Reasons = append(v.Reasons, wrong.Error())
	}
}

func (v *verification) cases() (n int) {
	for _, o := range v.Ops {
		n += o.Cases
	}
	return n
}

func (v *verification) print(w io.Writer, format string) error {
	if format == "json" {
		return printJSON(w, v)
	}
	for i, d := range v.Devices {
		few := ""
		if n := v.Checked[i]; n < v.cases() {
			few = fmt.Sprintf(": %d of the cases; --all for all", n)
		}
		fmt.Fprintf(w, "%v%s\n", d, few)
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, v.heading())
	for _, o := range v.Ops {
		fmt.Fprintln(t, v.row(o))
	}
	t.Flush()
	for _, r := range v.Reasons {
		fmt.Fprintln(w, "wrong:", r)
	}
	if more := v.Wrong - len(v.Reasons); more > 0 {
		fmt.Fprintf(w, "… and %d more\n", more)
	}
	_, err := fmt.Fprintf(w, "\n%s, in %.1f s; errors and the difference are in units of the error bound, up to 1 is right\n",
		v.verdict(), v.Seconds)
	return err
}

func (v *verification) heading() string {
	s := "op\tcases\tchecked\tnot bounded\t"
	for _, d := range v.Devices {
		s += d.Backend + " error\t"
	}
	if len(v.Devices) > 1 {
		s += "gpu − cpu\t"
	}
	return s + "wrong\t"
}

func (v *verification) row(o *opResult) string {
	s := fmt.Sprintf("%s\t%d\t%d\t%d\t", o.Op, o.Cases, o.Judged, o.Unbounded)
	for _, w := range o.Worst {
		s += fmt.Sprintf("%.3f\t", w)
	}
	if len(v.Devices) > 1 {
		s += fmt.Sprintf("%.3f\t", o.Diff)
	}
	return s + fmt.Sprintf("%d\t", o.Wrong)
}

func (v *verification) verdict() string {
	switch {
	case v.Wrong > 0:
		return fmt.Sprintf("%d of %d cases WRONG", v.Wrong, v.cases())
	case v.cases() == 0:
		return "nothing checked"
	case v.cases() < v.Planned:
		return fmt.Sprintf("ended early: %d of %d cases checked, none of them wrong", v.cases(), v.Planned)
	}
	s := fmt.Sprintf("all %d cases right", v.cases())
	for i, n := range v.Checked {
		if n < v.cases() {
			s += fmt.Sprintf(" (on %s the %d that were tried)", v.Devices[i].Backend, n)
		}
	}
	return s
}

// A ratio is a number that JSON may have to do without: it knows neither infinity nor NaN.
type ratio float64

func (r ratio) MarshalJSON() ([]byte, error) {
	if x := float64(r); math.IsInf(x, 0) || math.IsNaN(x) {
		return json.Marshal(fmt.Sprint(x))
	}
	return json.Marshal(float64(r))
}
