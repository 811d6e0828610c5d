package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A progress says on standard error how far a long run is: a bar on a terminal; elsewhere, for
// logs, a line every ten seconds, so that short runs say nothing.
type progress struct {
	w     io.Writer
	what  string
	how   string
	total int
	bar   *progressbar.ProgressBar // nil where w is no terminal
	above int                      // lines of the panel above the bar
	next  time.Time                // of the next line
}

const lineEvery = 10 * time.Second

func newProgress(w io.Writer, what string, total int, options ...progressbar.Option) *progress {
	p := &progress{w: w, what: what, total: total, next: time.Now().Add(lineEvery)}
	if isTerminal(w) {
		p.bar = progressbar.NewOptions(total, append([]progressbar.Option{
			progressbar.OptionSetWriter(w),
			progressbar.OptionSetDescription(what),
			progressbar.OptionShowCount(),
			progressbar.OptionThrottle(100 * time.Millisecond),
			progressbar.OptionClearOnFinish(),
		}, options...)...)
	}
	return p
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// at says that done of the total is done.
func (p *progress) at(done int) {
	if p.bar != nil {
		p.bar.Set(done)
	} else if time.Now().After(p.next) {
		line := fmt.Sprintf("%s: %d of %d", p.what, done, p.total)
		if p.how != "" {
			line += ", " + p.how
		}
		fmt.Fprintln(p.w, line)
		p.next = time.Now().Add(lineEvery)
	}
}

// describe says how it goes, beside how far it is.
func (p *progress) describe(how string) {
	p.how = how
	if p.bar != nil {
		p.bar.Describe(how)
	}
}

// end takes the bar away.
func (p *progress) end() { p.clear() }

// clear makes way for a line; the next at draws the bar anew.
func (p *progress) clear() {
	if p.bar == nil {
		return
	}
	p.bar.Clear()
	if p.above > 0 {
		fmt.Fprintf(p.w, "\r\x1b[%dA\x1b[J", p.above) // up, and all below it is gone
		p.above = 0
	}
}

// panel draws lines above the bar, in the place of those that are there; none of them is longer than the terminal is wide.
func (p *progress) panel(lines []string) {
	if p.bar == nil {
		return
	}
	p.clear()
	for _, line := range lines {
		fmt.Fprintln(p.w, line)
	}
	p.above = len(lines)
	p.bar.RenderBlank()
}
