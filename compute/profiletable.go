package compute

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// The size of a table; [WriteTrace] has the rest.
const (
	mostRows = 30
	widest   = 46 // of an op's name and settings, and of its operands
)

// Table writes the times by kind, the most expensive kinds first. The share is of all time in ops. The last column is
// [OpTime.Share], if Peak is known.
func (p *Profiler) Table(w io.Writer) error {
	ops := p.Ops()
	var b strings.Builder
	fmt.Fprintf(&b, "profile   %s\n", p.Info())
	if len(ops) == 0 {
		b.WriteString("          no op was timed\n")
	} else {
		p.rows(&b, ops)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p *Profiler) rows(b *strings.Builder, ops []OpTime) {
	known := p.Peak.Known()
	all := inOne("all ops", ops)
	shown := ops[:min(len(ops), mostRows)]
	if rest := ops[len(shown):]; len(rest) > 0 {
		shown = append(shown[:len(shown):len(shown)], inOne(fmt.Sprintf("%d more kinds", len(rest)), rest))
	}
	shown = append(shown[:len(shown):len(shown)], all)
	wide := 0
	for _, o := range shown {
		wide = max(wide, utf8.RuneCountInString(o.label()))
	}
	fmt.Fprintf(b, "%-*s  %9s  %10s  %7s  %10s  %8s  %7s", wide, "op", "count", "total", "share", "median µs", "GFLOP/s", "GB/s")
	if known {
		fmt.Fprintf(b, "  %7s", "of roof")
	}
	b.WriteString("\n")
	for _, o := range shown {
		o.row(b, wide, all.Total)
		if known {
			fmt.Fprintf(b, "  %7s", rate(o, "%.1f %%", 100*o.Share(p.Peak)))
		}
		b.WriteString("\n")
	}
	p.remarks(b, all)
}

// remarks writes the totals and counts that the rows lack.
func (p *Profiler) remarks(b *strings.Builder, all OpTime) {
	if span := p.last.Sub(p.first); all.Total == 0 {
		b.WriteString("the device's clock says that no op took any time: these figures are worth nothing\n")
	} else {
		fmt.Fprintf(b, "the device was at it for %s of the %s from its first op to its last (%.1f %%); %d calls of Run took the host %s\n",
			seconds(all.Total), seconds(span), 100*float64(all.Total)/float64(span), p.calls, seconds(p.host))
	}
	if p.dropped > 0 {
		fmt.Fprintf(b, "the trace breaks off after %d events: %d later ones were dropped; the table counts all ops\n", len(p.events), p.dropped)
	}
	if len(p.kinds) >= mostKinds {
		fmt.Fprintf(b, "there were more than %d kinds of op: the others are counted by type alone\n", mostKinds)
	}
}

// inOne merges several kinds into one, without a median.
func inOne(name string, ops []OpTime) OpTime {
	s := OpTime{Op: name, parts: ops}
	for _, o := range ops {
		s.Count += o.Count
		s.Total += o.Total
		s.Flops += o.Flops
		s.Bytes += o.Bytes
	}
	return s
}

// label returns o's name, settings and shapes, cut to the width of a line.
func (o OpTime) label() string {
	return strings.TrimSpace(cut(o.Op) + "  " + cut(o.Operands))
}

func cut(s string) string {
	if r := []rune(s); len(r) > widest {
		return string(r[:widest-1]) + "…"
	}
	return s
}

func (o OpTime) row(b *strings.Builder, wide int, all time.Duration) {
	label, median := o.label(), "-"
	if o.Median > 0 {
		median = fmt.Sprintf("%.1f", micros(o.Median))
	}
	fmt.Fprintf(b, "%s%*s  %9d  %10s  %7s  %10s  %8s  %7s", label, wide-utf8.RuneCountInString(label), "",
		o.Count, seconds(o.Total), rate(o, "%.1f %%", 100*float64(o.Total)/float64(all)), median,
		rate(o, figures(o.Gflops()), o.Gflops()), rate(o, figures(o.Gbps()), o.Gbps()))
}

// rate formats x, or nothing if o took no time.
func rate(o OpTime, format string, x float64) string {
	if o.Total == 0 {
		return "-"
	}
	return fmt.Sprintf(format, x)
}

// figures returns a format for x with at least two significant digits, so that small numbers do not look like 0.
func figures(x float64) string {
	switch {
	case x >= 100:
		return "%.0f"
	case x >= 1:
		return "%.1f"
	}
	return "%.2g"
}

func seconds(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%.1f µs", micros(d))
	case d < time.Second:
		return fmt.Sprintf("%.2f ms", micros(d)/1e3)
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}
