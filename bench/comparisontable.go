package bench

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// tables are a table for each suite, with what was lost or is missing below it.
func (c *Comparison) tables() (all []table) {
	at := map[string]int{}
	of := func(suite string) *table {
		if _, ok := at[suite]; !ok {
			at[suite] = len(all)
			all = append(all, table{Title: suite, Head: []string{"case", "old", "new", "new/old", "95 % within", "p", "samples", ""}})
		}
		return &all[at[suite]]
	}
	several := len(c.backends()) > 1
	for _, x := range c.Changes {
		s := of(x.Suite)
		s.Rows = append(s.Rows, x.row(several))
	}
	for _, m := range c.Means {
		s := of(m.Suite)
		s.Rows = append(s.Rows, []string{caseKey{Case: fmt.Sprintf("geometric mean of %d", m.Cases), Backend: m.Backend}.label(several), "", "", times3(m.Ratio), "", "", "", ""})
	}
	for _, m := range c.Missing {
		if s := of(m.Suite); m.Lost {
			s.Notes = append(s.Notes, "LOST: "+m.label(true)+": "+m.Why)
		}
	}
	for i := range all {
		all[i].Notes = append(all[i].Notes, c.alone(all[i].Title)...)
	}
	rank := func(s table) int { return slices.Index(append(Suites, s.Title), s.Title) } // a table of no suite comes last
	slices.SortStableFunc(all, func(a, b table) int { return cmp.Compare(rank(a), rank(b)) })
	return all
}

// alone are notes on the cases of a suite that one side alone has timed; a run of fewer cases needs no line for each.
func (c *Comparison) alone(suite string) (notes []string) {
	const most = 8
	names := map[string][]string{}
	for _, m := range c.Missing {
		if m.Suite == suite && !m.Lost {
			names[m.Why] = append(names[m.Why], m.label(true))
		}
	}
	for _, why := range slices.Sorted(maps.Keys(names)) {
		all := names[why]
		note := why + ": " + strings.Join(all[:min(most, len(all))], "; ")
		if n := len(all) - most; n > 0 {
			note += fmt.Sprintf("; and %d more", n)
		}
		notes = append(notes, note)
	}
	return notes
}

func (x *Change) row(several bool) []string {
	within, p, samples := "", "", ""
	if x.Low == x.Low {
		within = fmt.Sprintf("%.2f–%.2f", x.Low, x.High)
	}
	switch {
	case x.P < 0.001:
		p = "<0.001"
	case x.P == x.P:
		p = fmt.Sprintf("%.3f", x.P)
	}
	if x.Old.Samples > 0 && x.New.Samples > 0 {
		samples = fmt.Sprintf("%d+%d", x.Old.Samples, x.New.Samples)
	}
	return []string{x.label(several), seconds(x.Old.Seconds), seconds(x.New.Seconds), times3(x.Ratio), within, p, samples, string(x.Verdict)}
}

// times3 is a ratio near 1 in enough figures to see a per cent.
func times3(x float64) string {
	if x >= 0.1 && x < 10 {
		return fmt.Sprintf("%.2f×", x)
	}
	return ratio(x)
}

// summary is one line: how many cases became what.
func (c *Comparison) summary() string {
	count := map[Verdict]int{}
	for _, x := range c.Changes {
		count[x.Verdict]++
	}
	alone := 0
	for _, m := range c.Missing {
		if !m.Lost {
			alone++
		}
	}
	s := fmt.Sprintf("%d cases in both: %d slower by more than %s, %d slower by less, %d faster, %d without a difference that shows (~)",
		len(c.Changes), count[Regression], percent(c.Threshold), count[Slower], count[Faster], count[Unchanged])
	if n := count[Untested]; n > 0 {
		s += fmt.Sprintf(", %d with too few samples for a test (?)", n)
	}
	if n := len(c.Missing) - alone; n > 0 {
		s += fmt.Sprintf("; %d LOST", n)
	}
	if alone > 0 {
		s += fmt.Sprintf("; %d in one alone", alone)
	}
	return s
}

// Text writes the comparison for a terminal.
func (c *Comparison) Text(w io.Writer) error { return c.write(w, "", table.text) }

// Markdown writes the comparison for a page.
func (c *Comparison) Markdown(w io.Writer) error { return c.write(w, "- ", table.markdown) }

// write writes both sides, the warnings, a table for each suite and the summary.
func (c *Comparison) write(w io.Writer, bullet string, show func(table, *strings.Builder)) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%sold: %s\n%snew: %s\n", bullet, c.about[0], bullet, c.about[1])
	for _, s := range c.Warnings {
		fmt.Fprintf(&b, "%sWARNING: %s\n", bullet, s)
	}
	for _, s := range c.tables() {
		show(s, &b)
	}
	fmt.Fprintf(&b, "\n%s\n", c.summary())
	_, err := io.WriteString(w, b.String())
	return err
}
