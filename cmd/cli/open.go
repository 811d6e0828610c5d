package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hebb/backend"
	"hebb/compute"
)

// backendFlags say how to reach a device. Which backend it is, each command asks in its own way:
// one (oneOf) or several (someOf).
type backendFlags struct {
	context string
	device  int
	rung    string
	noCache bool
	tuning  string
	flags   *pflag.FlagSet // of the command; nil in tests
}

// ofGPU are the flags that a GPU alone has a use for.
var ofGPU = []string{"context", "device", "rung", "tuning", "no-cache"}

// given are those of ofGPU that were given.
func (f *backendFlags) given() (names []string) {
	for _, name := range ofGPU {
		if f.flags != nil && f.flags.Changed(name) {
			names = append(names, "--"+name)
		}
	}
	return names
}

// reachable reports flags that cannot be together, or that none of the backends has a use for.
func (f *backendFlags) reachable(backends ...string) error {
	given := f.given()
	switch {
	case len(given) > 0 && !slices.Contains(backends, "gpu") && !slices.Contains(backends, "auto"):
		return usagef("%s with --backend %s: these are flags of a GPU", strings.Join(given, ", "), strings.Join(backends, ","))
	case f.flags != nil && f.device >= 0 && f.context != "auto" && f.context != "egl":
		return usagef("--device %d with --context %s, want --context egl: no other numbers its devices", f.device, f.context)
	}
	return nil
}

// say writes notes on stderr where a GPU was asked for: by its name, or by flags that are for a GPU.
func (f *backendFlags) say(notes []string, backend string, stderr io.Writer) {
	for _, n := range notes {
		if backend != "auto" || len(f.given()) > 0 {
			fmt.Fprintln(stderr, "hebb:", n)
		}
	}
}

func (f *backendFlags) add(cmd *cobra.Command) {
	f.flags, f.device = cmd.Flags(), -1
	cmd.Flags().Var(oneOf(&f.context, "auto", contexts...), "context", "how to reach the GPU")
	cmd.Flags().IntVar(&f.device, "device", -1, "EGL device number, see hebb info; implies --context egl (-1: the best)")
	cmd.Flags().StringVar(&f.rung, "rung", "", `GPU kernels to use: "naive" or the name of a tile (default: by shape)`)
	cmd.Flags().Var(oneOf(&f.tuning, "cached", "off", "cached", "full"), "tuning", "GPU kernels by what was measured: not, as hebb and hebb tune have found, or look for the best where nothing is known")
	cmd.Flags().BoolVar(&f.noCache, "no-cache", false, "compile the shaders anew instead of loading them from the cache")
}

// tuneOne is the longest that is looked for the best way to run one op when it is met.
const tuneOne = 10 * time.Second

// sayTuned tells a user who has asked for it why things take so long.
func sayTuned(op compute.Op, all []compute.Attempt) {
	if best, ok := compute.Fastest(all); ok {
		fmt.Fprintf(os.Stderr, "hebb: tuned %T: %s, %.2f× the first of %d\n", op, best.Way, all[0].Seconds/best.Seconds, len(all))
	}
}

// allowUsage is that of --allow, which is a setting of a run and a flag of what measures and verifies.
var allowUsage = "what products may give up of float32's accuracy to be faster, where the device can: " + strings.Join(compute.Leeways(), ", ") + " (default: nothing)"

// leewayFlag is a flag of [compute.Leeway].
type leewayFlag struct{ compute.Leeway }

func (l *leewayFlag) Type() string { return strings.Join(compute.Leeways(), ",") }

func (l *leewayFlag) Set(s string) (err error) {
	l.Leeway, err = compute.ParseLeeway(s)
	return err
}

// sayLeeway says of what is allowed that a device makes no use of it.
func sayLeeway(l compute.Leeway, stderr io.Writer, on compute.Info) {
	if l&compute.Half != 0 && !on.Half {
		fmt.Fprintf(stderr, "hebb: %s: no half precision, so its products stay float32's\n", cmp.Or(on.Device, on.Backend))
	}
}

// contexts are the ways to a GPU.
var contexts = []string{"auto", "egl", "surfaceless", "glfw"}

// open opens the named backend. It says on stderr what the user who asked for a GPU should know.
func (f *backendFlags) open(name string, stderr io.Writer) (*compute.Device, error) {
	b, notes, err := f.backend(name)
	if err != nil {
		return nil, err
	}
	f.say(notes, name, stderr)
	return compute.New(b), nil
}

// openVerified opens the named backend, returns what there is to say of it, has prof time its ops, and has so many elements
// of every op's results checked, all with 0, if that is wanted; the verifier is nil if not.
func (f *backendFlags) openVerified(name string, verify bool, sample int, prof *profiling, trace *tracing) (*compute.Device, *compute.Verifier, []string, error) {
	b, notes, err := f.backend(name)
	if err != nil {
		return nil, nil, nil, err
	}
	timed, err := prof.wrap(trace.wrap(b))
	if err != nil {
		return nil, nil, nil, errors.Join(err, b.Close())
	}
	if !verify {
		return compute.New(timed), nil, notes, nil
	}
	v := compute.Verify(timed, sample)
	return compute.New(v), v, notes, nil
}

func printVerified(w io.Writer, t compute.Tally) {
	fmt.Fprintf(w, "verified  %d elements against their definitions, %d not bounded; the largest error is %.2f of its bound\n",
		t.Judged, t.Unbounded, t.Worst)
}

// openAll is backends with a Device around each.
func (f *backendFlags) openAll(given []string, stderr io.Writer) (devs []*compute.Device, err error) {
	all, err := f.backends(given, stderr)
	for _, b := range all {
		devs = append(devs, compute.New(b))
	}
	return devs, err
}

// backends opens those given, or of the GPU and the CPU whichever opens, and says on stderr what
// there is to say. One that was given and does not open is an error.
func (f *backendFlags) backends(given []string, stderr io.Writer) (all []compute.Backend, err error) {
	names := given
	if names == nil {
		names = []string{"gpu", "cpu"}
	}
	if err := f.reachable(names...); err != nil {
		return nil, err
	}
	for _, name := range names {
		b, notes, err := f.reach(name)
		for _, n := range notes {
			fmt.Fprintln(stderr, "hebb:", n)
		}
		switch {
		case err == nil:
			all = append(all, b)
		case given == nil && errors.Is(err, compute.ErrUnavailable):
			fmt.Fprintf(stderr, "hebb: going on without %s: %v\n", name, err)
		default:
			closeAll(all)
			return nil, err
		}
	}
	return all, nil
}

func closeAll[C io.Closer](all []C) {
	for _, c := range all {
		c.Close()
	}
}

// backend is open without the Device around it, and with the notes.
func (f *backendFlags) backend(name string) (compute.Backend, []string, error) {
	if err := f.reachable(name); err != nil {
		return nil, nil, err
	}
	return f.reach(name)
}

// reach opens a backend by the flags.
func (f *backendFlags) reach(name string) (compute.Backend, []string, error) {
	var o backend.Options
	o.GPU.Context, o.GPU.Device, o.GPU.Rung = f.context, f.device, f.rung
	if f.device >= 0 && f.context == "auto" {
		o.GPU.Context = "egl" // no other way numbers its devices
	}
	if f.noCache {
		o.GPU.CacheDir = "off"
	}
	o.GPU.Tuning = f.tuning
	if f.tuning == "full" {
		o.GPU.Tuning = "cached"
	}
	b, notes, err := backend.Open(name, o)
	if errors.Is(err, backend.ErrName) || errors.Is(err, backend.ErrOption) {
		err = usageError{err}
	}
	if t, ok := b.(compute.Tuner); ok && f.tuning == "full" {
		b = compute.Tuned(t, compute.TuneOptions{Limit: tuneOne}, sayTuned)
	}
	return b, notes, err
}

// oneOf is the value of a flag that takes one of a few words.
func oneOf(to *string, value string, words ...string) *choice {
	*to = value
	return &choice{to, words}
}

type choice struct {
	to    *string
	words []string
}

func (c *choice) String() string {
	if c.to == nil {
		return ""
	}
	return *c.to
}

func (c *choice) Type() string { return strings.Join(c.words, "|") }

func (c *choice) Set(s string) error {
	if !slices.Contains(c.words, s) {
		return fmt.Errorf("want one of %s", strings.Join(c.words, ", "))
	}
	*c.to = s
	return nil
}

// someOf is the value of a flag that takes several of a few words, with commas between them.
func someOf(to *[]string, words ...string) *choices { return &choices{to, words} }

type choices struct {
	to    *[]string
	words []string
}

func (c *choices) String() string {
	if c.to == nil {
		return ""
	}
	return strings.Join(*c.to, ",")
}

func (c *choices) Type() string { return strings.Join(c.words, ",") }

func (c *choices) Set(s string) error {
	var list []string
	for w := range strings.SplitSeq(s, ",") {
		if !slices.Contains(c.words, w) {
			return fmt.Errorf("%q, want some of %s", w, strings.Join(c.words, ", "))
		}
		if slices.Contains(list, w) {
			return fmt.Errorf("%s twice", w)
		}
		list = append(list, w)
	}
	*c.to = list
	return nil
}
