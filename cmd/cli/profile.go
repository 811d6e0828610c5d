package cli

import (
	"errors"
	"fmt"
	"io"

	"hebb/compute"
)

// profileUsage is that of --profile, wherever there is one.
const profileUsage = "time every op on the device: a table at the end, and a trace for ui.perfetto.dev in this `file` (.json)"

// A profiling is what --profile asks for. Methods of a nil one do nothing.
type profiling struct {
	out *outFile
	of  []*compute.Profiler
}

// newProfiling opens the file, under another name until it is whole; it is nil if there is no path.
func newProfiling(path string) (*profiling, error) {
	if path == "" {
		return nil, nil
	}
	out, err := reserve("profile", path)
	if err != nil {
		return nil, err
	}
	return &profiling{out: out}, nil
}

// wrap returns b with its ops timed.
func (p *profiling) wrap(b compute.Backend) (compute.Backend, error) {
	if p == nil {
		return b, nil
	}
	timed, err := compute.Profile(b, 0)
	if err != nil {
		return nil, fmt.Errorf("--profile: %w", err)
	}
	p.of = append(p.of, timed)
	return timed, nil
}

// finish writes the table on w and then the file: of what there is, also of a run that was interrupted or that failed. A
// run that ended before its first op leaves no file.
func (p *profiling) finish(w io.Writer) error {
	if p == nil {
		return nil
	}
	defer p.drop()
	var errs []error
	timed := false
	for _, of := range p.of {
		if err := of.Sync(); err != nil && !errors.Is(err, compute.ErrClosed) {
			errs = append(errs, fmt.Errorf("--profile: %w", err))
		}
		if len(of.Ops()) == 0 {
			continue
		}
		timed = true
		fmt.Fprintln(w)
		errs = append(errs, of.Table(w))
	}
	if !timed {
		return errors.Join(errs...)
	}
	if err := p.out.write(func(f io.Writer) error { return compute.WriteTrace(f, p.of...) }); err != nil {
		return errors.Join(append(errs, err)...)
	}
	fmt.Fprintf(w, "trace     %s, for ui.perfetto.dev or chrome://tracing\n", p.out.path)
	return errors.Join(errs...)
}

// drop removes what was not written.
func (p *profiling) drop() {
	if p != nil {
		p.out.drop()
	}
}
