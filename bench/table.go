package bench

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	layout "hebb/internal/table"
)

// A table is printed on a terminal, in Markdown or in HTML. Its first column is words, the others
// are numbers.
type table struct {
	Title string
	Head  []string
	Rows  [][]string
	Notes []string
}

// overview are the tables that a page begins with: what the machine can do, and how much of it is reached.
func (r *Report) overview() []table { return filled(r.roofTable(), r.reachedTable()) }

// details are the tables of all cases.
func (r *Report) details() []table {
	var all []table
	for _, suite := range Suites {
		all = append(all, r.suiteTable(suite))
	}
	return filled(append(all, r.tf32Table(), r.leewayTable(), r.ladderTable(), r.ratioTable(), r.suiteTable("transfer"), r.standingTable())...)
}

// filled are the tables that have rows.
func filled(all ...table) []table {
	return slices.DeleteFunc(all, func(s table) bool { return len(s.Rows) == 0 })
}

func (r *Report) roofTable() table {
	s := table{Title: "roofs, measured", Head: []string{"device", "GFLOP/s", "by", "GB/s", "by", "flops/byte where they meet"}}
	for _, d := range r.Devices {
		f := d.Roof
		row := []string{d.Backend, "–", "", "–", "", ""}
		if f.Known() {
			row = []string{d.Backend, figures(f.Flops / 1e9), f.By, figures(f.Bytes / 1e9), f.CopyOf, figures(f.Flops / f.Bytes)}
		}
		s.Rows = append(s.Rows, row)
		if d.roofs > 1 {
			s.Notes = append(s.Notes, fmt.Sprintf("%s: each of %d runs measured its own, under which its shares are; this is of all", d.Backend, d.roofs))
		}
	}
	if slices.ContainsFunc(timed(r.Results), func(c Result) bool { return c.Suite == "roof" && len(c.Times) == 0 }) {
		s.Notes = append(s.Notes, "by medians, as the file is of a version that kept no samples; shares are of the run's own, which was by the fastest")
	}
	for _, c := range r.Results {
		switch {
		case c.Suite != "roof":
		case c.Status != OK:
			s.Notes = append(s.Notes, c.note())
		case c.Others != nil && *c.Others >= busy && slices.ContainsFunc(r.Devices, func(d Device) bool {
			return c.Backend == d.Backend && d.Roof.Known() && (c.Case == d.Roof.By || c.Case == d.Roof.CopyOf)
		}):
			s.Notes = append(s.Notes, fmt.Sprintf("%s on %s: other programs had %.0f %% of the machine, so that this roof is too low and shares of it too high", c.Case, c.Backend, 100**c.Others))
		}
	}
	return s
}

// reachedTable has a row for each suite on each device: how much of the roof its cases reach.
func (r *Report) reachedTable() table {
	s := table{Title: "how much of the roof is reached", Head: []string{"suite", "cases", "median", "lowest", "by", "highest", "by"}}
	for _, d := range r.Devices {
		for _, suite := range Suites {
			of := slices.DeleteFunc(slices.Clone(r.Results), func(c Result) bool {
				return c.Suite != suite || c.Backend != d.Backend || c.Share == 0 || c.reduced()
			})
			if len(of) == 0 {
				continue
			}
			slices.SortStableFunc(of, func(a, b Result) int { return cmp.Compare(a.Share, b.Share) })
			low, middle, high := of[0], of[len(of)/2], of[len(of)-1]
			s.Rows = append(s.Rows, []string{suite + " on " + d.Backend, fmt.Sprint(len(of)), middle.ofRoof(), low.ofRoof(), low.Case, high.ofRoof(), high.Case})
		}
	}
	return s
}

// backends are the contenders of a suite in the order in which they first appear.
func backends(results []Result) (names []string) {
	for _, r := range results {
		if !slices.Contains(names, r.Backend) {
			names = append(names, r.Backend)
		}
	}
	return names
}

func (r *Report) suiteTable(suite string) table {
	results := slices.DeleteFunc(slices.Clone(r.Results), func(c Result) bool { return c.Suite != suite || c.reduced() })
	s := table{Title: suite, Head: []string{"case"}}
	var columns []column
	for _, b := range backends(results) {
		columns = append(columns, columnsOf(b, suite, results)...)
	}
	if slices.ContainsFunc(results, func(c Result) bool { return c.Speedup > 0 }) {
		columns = append(columns, column{"gpu/cpu", "gpu", func(r *Result) string { return ratioIf(r.Speedup) }})
	}
	for _, c := range columns {
		s.Head = append(s.Head, c.head)
	}
	s.Head = append(s.Head, "verified", "worst")
	for _, row := range byCase(results) {
		s.add(row, columns)
	}
	return s
}

// A column of numbers shows one thing of the results of a backend.
type column struct {
	head    string
	backend string
	cell    func(r *Result) string // of what was timed
}

// columnsOf are those of backend b.
func columnsOf(b, suite string, results []Result) []column {
	versus := slices.ContainsFunc(results, func(r Result) bool { return r.VsPeer > 0 })
	transfer, peer, memory := suite == "transfer", strings.HasPrefix(b, "torch"), suite == "transfer" || suite == "pointwise"
	columns := []column{{b + " time", b, (*Result).took}}
	for _, c := range []struct {
		wanted bool
		head   string
		cell   func(r *Result) string
	}{
		{suite == "training", "images/s", func(r *Result) string { return figures(r.Images) }},
		{!memory, "GFLOP/s", func(r *Result) string { return figures(r.Gflops) }},
		{memory, "GB/s", func(r *Result) string { return figures(r.Gbps) }},
		{!transfer && !peer, "of roof", (*Result).ofRoof},
		{suite == "training" && !peer, b + " step/bp's", func(r *Result) string { return ratioIf(r.VsBackprop) }},
		{suite == "training" && !peer, "allocs", (*Result).asked},
		{versus && !peer, b + "/torch", func(r *Result) string { return ratioIf(r.VsPeer) }},
	} {
		if c.wanted {
			columns = append(columns, column{c.head, b, c.cell})
		}
	}
	return columns
}

// byCase are the results of each case, in the order in which the cases first appear.
func byCase(results []Result) (cases [][]Result) {
	at := map[string]int{}
	for _, r := range results {
		i, ok := at[r.Case]
		if !ok {
			i = len(cases)
			at[r.Case] = i
			cases = append(cases, nil)
		}
		cases[i] = append(cases[i], r)
	}
	return cases
}

// add puts the results of one case on a row.
func (s *table) add(results []Result, columns []column) {
	row, verified, worst := []string{results[0].Case}, 0, 0.0
	for _, c := range columns {
		i := slices.IndexFunc(results, func(r Result) bool { return r.Backend == c.backend })
		cell := ""
		if i >= 0 && results[i].Seconds > 0 {
			cell = c.cell(&results[i])
		} else if i >= 0 && strings.HasSuffix(c.head, " time") {
			cell = string(results[i].Status)
		}
		row = append(row, cell)
	}
	for _, c := range results {
		verified += c.Verified
		worst = math.Max(worst, float64(c.Worst))
		if c.Status != OK {
			s.Notes = append(s.Notes, c.note())
		}
		for _, a := range c.Alternatives {
			if c.Seconds > 0 && (a.Seconds < 0.9*c.Seconds || c.Op == "training") {
				s.Notes = append(s.Notes, fmt.Sprintf("%s: %s takes %s as  %s", c.Case, c.Backend, seconds(a.Seconds), a.Expr))
			}
		}
	}
	if verified == 0 {
		s.Rows = append(s.Rows, append(row, "", ""))
		return
	}
	s.Rows = append(s.Rows, append(row, fmt.Sprint(verified), fmt.Sprintf("%.2f", worst)))
}

func (r *Result) took() string {
	return fmt.Sprintf("%s ±%.0f%%", seconds(r.Seconds), 50*r.Spread)
}

func (r *Result) ofRoof() string {
	if r.Share == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f%% %.1s", 100*r.Share, r.BoundBy)
}

// asked is how many times steps asked for memory, if that was counted.
func (r *Result) asked() string {
	if r.Allocs == nil {
		return ""
	}
	return fmt.Sprint(*r.Allocs)
}

// ratioIf is a ratio, or nothing where there is none.
func ratioIf(x float64) string {
	if x == 0 {
		return ""
	}
	return ratio(x)
}

func (r *Result) note() string {
	return fmt.Sprintf("%s on %s %s: %s", r.Case, r.Backend, r.Status, r.Note)
}

// An overhead is a Hebbian update beside the plain product of its shape on the same device.
type overhead struct {
	Result
	times float64 // the update's seconds / the product's
}

// overheads pairs the cases of the suite hebbian, which are named by rule and size, with those of the rule "plain".
func (r *Report) overheads() (all []overhead) {
	plain := map[string]float64{}
	for _, c := range r.Results {
		if c.Suite != "hebbian" || c.Seconds == 0 || c.reduced() {
			continue
		}
		rule, size, _ := strings.Cut(c.Case, " ")
		key := c.Backend + c.Device + size
		if rule == "plain" {
			plain[key] = c.Seconds
		} else if plain[key] > 0 {
			all = append(all, overhead{c, c.Seconds / plain[key]})
		}
	}
	return all
}

// ratioTable shows the cost of a learning rule on top of the product in it.
func (r *Report) ratioTable() table {
	s := table{Title: "Hebbian update / plain product of its shape, in time", Head: []string{"update"}}
	ratios := r.overheads()
	slices.SortStableFunc(ratios, func(a, b overhead) int { return cmp.Compare(a.Flops, b.Flops) })
	rows := map[string][]string{}
	for _, o := range ratios {
		if !slices.Contains(s.Head[1:], o.Backend) {
			s.Head = append(s.Head, o.Backend)
		}
	}
	for _, o := range ratios {
		row := rows[o.Case]
		if row == nil {
			row = make([]string, len(s.Head))
			row[0], rows[o.Case] = o.Case, row
			s.Rows = append(s.Rows, row)
		}
		row[1+slices.Index(s.Head[1:], o.Backend)] = ratio(o.times)
	}
	return s
}

// Table writes the report for a terminal.
func (r *Report) Table(w io.Writer) error {
	var b strings.Builder
	for _, d := range r.Devices {
		fmt.Fprintln(&b, d.Info)
	}
	if r.Peer != nil {
		fmt.Fprintf(&b, "peer: %s on %s (%s)\n", r.Peer.program(), r.Peer.Device, r.Peer.Python)
		if w := r.Peer.Warning(); w != "" {
			fmt.Fprintf(&b, "WARNING: %s\n", w)
		}
	}
	for _, s := range append(filled(r.roofTable()), r.details()...) {
		s.text(&b)
	}
	fmt.Fprintf(&b, "\n%s\n", r.summary())
	_, err := io.WriteString(w, b.String())
	return err
}

// circumstances say what a run had of the machine: "GOMAXPROCS 2, go1.26 linux/amd64; processors at
// 3400 MHz; other programs had 3 % of the machine".
// They are "" of results that do not say.
func (r *Report) circumstances() string {
	var words []string
	add := func(w string) {
		if w != "" && !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	for _, c := range r.Results {
		if c.Procs > 0 {
			add(fmt.Sprintf("GOMAXPROCS %d, %s", c.Procs, c.Go))
		}
		add(c.Settings)
	}
	add(r.clocks())
	if slices.ContainsFunc(r.Results, func(c Result) bool { return c.Others != nil }) {
		add(fmt.Sprintf("other programs had %.0f %% of the machine", 100*r.Busy()))
	}
	return strings.Join(words, "; ")
}

// clocks says at what clock the processors ran, and how it changed: "2100 to 3400 MHz".
func (r *Report) clocks() string {
	low, high := math.Inf(1), 0.0
	for _, c := range r.Results {
		if c.Clock > 0 {
			low, high = min(low, c.Clock), max(high, c.Clock)
		}
	}
	switch {
	case high == 0:
		return ""
	case high-low < 0.02*high:
		return fmt.Sprintf("processors at %.0f MHz", high)
	}
	return fmt.Sprintf("processors at %.0f to %.0f MHz", low, high)
}

// warning says that the machine was busy, if it was.
func (r *Report) warning() string {
	if b := r.Busy(); b >= busy {
		return fmt.Sprintf("WARNING: other programs had %.0f %% of the machine meanwhile, and what ran beside them says little", 100*b)
	}
	return ""
}

// busy is the share of a machine from which on what else runs there spoils figures.
const busy = 0.1

// outcomes counts the results with each status.
func (r *Report) outcomes() map[Status]int {
	count := map[Status]int{}
	for _, c := range r.Results {
		count[c.Status]++
	}
	return count
}

// summary says in one line what was done and how it ended.
func (r *Report) summary() string {
	count := r.outcomes()
	s := fmt.Sprintf("%d results: %d ok", len(r.Results), count[OK])
	for _, st := range []Status{Failed, Broken, Skipped} {
		if n := count[st]; n > 0 {
			s += fmt.Sprintf(", %d %s", n, st)
		}
	}
	s += fmt.Sprintf("; %.0f s", r.Took.Seconds())
	if w := r.warning(); w != "" {
		s += "; " + w
	}
	if r.LeftOut > 0 {
		s += fmt.Sprintf("; %d more cases did not fit the budget of %v", r.LeftOut, r.Options.Budget)
	}
	if r.Interrupted {
		s += "; interrupted: the cases after that were not run"
	}
	return s
}

// text writes the table under its title, and aligns its columns.
func (s table) text(b *strings.Builder) {
	fmt.Fprintf(b, "\n%s\n%s", s.Title, layout.Text(s.lines(), 1, "  "))
	for _, n := range s.Notes {
		fmt.Fprintf(b, "  – %s\n", n)
	}
}

func (s table) lines() [][]string { return append([][]string{s.Head}, s.Rows...) }

// seconds is a time in three figures.
func seconds(s float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}, {1e-9, "ns"}} {
		if s >= u.size {
			return figures(s/u.size) + " " + u.name
		}
	}
	return figures(s*1e9) + " ns"
}

// figures is x in three figures, without an exponent.
func figures(x float64) string {
	switch {
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	case x >= 0.1:
		return fmt.Sprintf("%.2f", x)
	}
	return fmt.Sprintf("%.2g", x)
}

func ratio(x float64) string { return figures(x) + "×" }
