package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"hebb/internal/atomicfile"
	"hebb/nets/data"
)

func newDataFetchCmd() *cobra.Command {
	r := fetchRun{fetch: data.Fetch}
	cmd := &cobra.Command{
		Use:   "fetch NAME…",
		Short: "Download data sets",
		Long: `fetch downloads data sets from their publishers and checks them against the publishers' sums. What was cut short,
by Ctrl-C too, goes on where it ended when it is fetched again. Where they are put by default, hebb finds them by name.`,
		Args: someNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.run(cmd.Context(), args, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&r.dir, "dir", "", "the `FOLDER` to put one data set into (default: the cache in which hebb looks)")
	cmd.Flags().StringArrayVar(&r.mirrors, "mirror", nil, "fetch from this `URL` instead, to which names of files are added; may be given again")
	return cmd
}

func someNames(cmd *cobra.Command, args []string) error {
	known := strings.Join(data.Names(), ", ")
	if len(args) == 0 {
		return usagef("%s wants some of %s", cmd.CommandPath(), known)
	}
	for _, name := range args {
		if !slices.Contains(data.Names(), name) {
			return usagef("data set %q, want some of %s", name, known)
		}
	}
	return nil
}

// A fetchRun is one run of hebb data fetch, as asked for.
type fetchRun struct {
	fetch   func(ctx context.Context, name, dir string, o data.FetchOptions) (string, error)
	dir     string
	mirrors []string
}

func (r *fetchRun) run(ctx context.Context, names []string, stdout, stderr io.Writer) error {
	if r.dir != "" && len(names) > 1 {
		return usagef("--dir %s with %d data sets, want one: their files have the same names", r.dir, len(names))
	}
	for _, name := range names {
		bar := newDownload(stderr)
		dir, err := r.fetch(ctx, name, r.dir, data.FetchOptions{Mirrors: r.mirrors, Progress: bar.at})
		bar.end()
		if ctx.Err() != nil && err != nil {
			again := "hebb data fetch " + name
			if r.dir != "" {
				again += " --dir " + r.dir
			}
			return fmt.Errorf("stopped; what has come is kept, and %q goes on from there: %w", again, err)
		}
		if r.dir != "" && atomicfile.Misplaced(err) {
			return unwritable("--dir", r.dir, "a folder that can be written, or made", err)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "fetched   %s, into %s\n", name, dir)
	}
	return nil
}

// A download says on standard error how much of a file has come: a bar on a terminal, elsewhere a line every ten
// seconds.
type download struct {
	w    io.Writer
	tty  bool
	file string
	bar  *progressbar.ProgressBar
	next time.Time
}

func newDownload(w io.Writer) *download {
	f, ok := w.(*os.File)
	return &download{w: w, tty: ok && term.IsTerminal(int(f.Fd())), next: time.Now().Add(lineEvery)}
}

func (d *download) at(file string, done, total int64) {
	if d.tty && file != d.file {
		d.end()
		d.bar = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(d.w), progressbar.OptionSetDescription(file), progressbar.OptionShowBytes(true),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	d.file = file
	switch {
	case d.bar != nil:
		d.bar.Set64(done)
	case time.Now().After(d.next):
		fmt.Fprintf(d.w, "%s: %s of %s\n", file, megabytes(done), megabytes(total))
		d.next = time.Now().Add(lineEvery)
	}
}

// end takes the bar away.
func (d *download) end() {
	if d.bar != nil {
		d.bar.Clear()
	}
}
