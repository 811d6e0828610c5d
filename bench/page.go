package bench

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"hebb/compute"
	layout "hebb/internal/table"
)

// Collect makes one report of the results of several runs. Of several results of one case, backend, rung and precision it
// keeps the first that has a time.
func Collect(runs ...[]Result) *Report {
	r := &Report{}
	at := map[caseKey]int{}
	for _, c := range slices.Concat(runs...) {
		if i, ok := at[keyOf(c)]; !ok {
			at[keyOf(c)] = len(r.Results)
			r.Results = append(r.Results, c)
		} else if r.Results[i].Seconds == 0 {
			r.Results[i] = c
		}
	}
	for _, c := range r.Results {
		if r.Start.IsZero() || c.Date.Before(r.Start) {
			r.Start = c.Date
		}
		r.Version = cmp.Or(r.Version, c.Version)
		known := slices.ContainsFunc(r.Devices, func(d Device) bool { return d.Backend == c.Backend })
		if !known && !isPeer(c.Backend) {
			r.Devices = append(r.Devices, Device{Info: compute.Info{Backend: c.Backend, Device: c.Device, Driver: c.Driver, Software: c.Software}})
		}
	}
	for i := range r.Devices {
		d := &r.Devices[i]
		d.Roof = roofOf(d.Backend, r.Results)
		for _, run := range runs {
			if roofOf(d.Backend, run).Known() {
				d.roofs++
			}
		}
	}
	return r
}

func isPeer(backend string) bool { return strings.HasPrefix(backend, "torch") }

var notInSlug = regexp.MustCompile(`[^a-z0-9]+`)

// Slug is the name of the first device as a folder's name: "nvidia-h100-80gb-hbm3".
func (r *Report) Slug() string {
	if len(r.Devices) == 0 {
		return "nothing"
	}
	name, _, _ := strings.Cut(r.Devices[0].Device, "/") // what follows says how OpenGL reaches it
	return cmp.Or(strings.Trim(notInSlug.ReplaceAllString(strings.ToLower(name), "-"), "-"), r.Devices[0].Backend)
}

// A Setup is printed on a page beside the results.
type Setup struct {
	GPU      *compute.Info // its limits and extensions, or nil
	Commands []string      // that were run
}

// Markdown writes the report as a page for bench/results, beside bench.json and bench.png.
func (r *Report) Markdown(w io.Writer, c Setup) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", cmp.Or(r.name(), "No device"))
	fmt.Fprintf(&b, "%s, hebb %s; written by `hebb report`. All results, with spread and sizes: [bench.json](bench.json).\n\n", r.Start.Format("2006-01-02"), r.Version)
	for _, d := range r.Devices {
		fmt.Fprintf(&b, "- %v\n", d.Info)
		if d.Software && d.Backend == "gpu" {
			b.WriteString("  (a program on the CPU, whose speed says nothing about a GPU's)\n")
		}
	}
	for _, p := range r.peers() {
		fmt.Fprintf(&b, "- peer: %s\n", p)
	}
	if with := r.circumstances(); with != "" {
		fmt.Fprintf(&b, "- with %s\n", with)
	}
	c.write(&b)
	fmt.Fprintf(&b, "\n%s\n", strings.TrimSpace(r.tally()+" "+r.warning()))
	for _, s := range r.overview() {
		s.markdown(&b)
	}
	b.WriteString("\n![rooflines](bench.png)\n")
	if slices.ContainsFunc(r.Devices, func(d Device) bool { return d.Backend == "gpu" && !d.Software }) {
		r.targetTable().markdown(&b) // which are of a GPU
	}
	for _, s := range r.details() {
		s.markdown(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) name() string {
	if len(r.Devices) == 0 {
		return ""
	}
	return r.Devices[0].Device
}

// peers are who the results were compared with.
func (r *Report) peers() (all []string) {
	for _, c := range r.Results {
		if p := fmt.Sprintf("%s (%s)", c.Device, c.Driver); isPeer(c.Backend) && !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	return all
}

func (c Setup) write(b *strings.Builder) {
	if c.GPU != nil {
		var limits []string
		for _, l := range c.GPU.Limits {
			limits = append(limits, fmt.Sprintf("%s %d", l.Name, l.Value))
		}
		fmt.Fprintf(b, "- reached via %s; %d extensions; limits: %s\n", c.GPU.Via, len(c.GPU.Extensions), strings.Join(limits, ", "))
	}
	if len(c.Commands) > 0 {
		fmt.Fprintf(b, "\n```sh\n%s\n```\n", strings.Join(c.Commands, "\n"))
	}
}

// tally says how many results there are, and what became of them.
func (r *Report) tally() string {
	count := r.outcomes()
	return fmt.Sprintf("%d results: %d verified and timed, %d outside their bounds, %d that could not be had, %d not run.",
		len(r.Results), count[OK], count[Failed], count[Broken], count[Skipped])
}

// markdown writes the table under a heading.
func (s table) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "\n## %s\n\n%s", s.Title, layout.Markdown(s.lines(), 1))
	if len(s.Notes) > 0 {
		b.WriteString("\n")
	}
	for _, n := range s.Notes {
		fmt.Fprintf(b, "- %s\n", strings.ReplaceAll(n, "*", `\*`))
	}
}
