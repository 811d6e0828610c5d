package reproduce

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"hebb/internal/must"
	"hebb/internal/table"
	"hebb/nets/catalogue"
)

// TestSystems: text can name every part of every system, an experiment shows it by figures that were measured, and experiments
// show something and nothing else.
func TestSystems(t *testing.T) {
	measured := must.Get(Measurements())(t)
	var parts []string
	for _, s := range Systems {
		for _, p := range s.Parts {
			if slices.Contains(parts, p.Name) {
				t.Errorf("two parts are called %q", p.Name)
			}
			parts = append(parts, p.Name)
			if err := known(p.Text); err != nil {
				t.Errorf("%s, %s: %v", s.Title, p.Name, err)
			}
			if !slices.ContainsFunc(measured, func(m Measurement) bool { return shows(m.Experiment, p.Name) == m.Run }) {
				t.Errorf("%s, %s: no experiment shows it by a figure in measured.json", s.Title, p.Name)
			}
		}
	}
	for _, e := range All {
		if len(e.Systems) == 0 {
			t.Errorf("the experiment %s shows no system", e.Name)
		}
		for name, run := range e.Systems {
			if !slices.Contains(parts, name) {
				t.Errorf("the experiment %s shows %q, which is no part of a system", e.Name, name)
			}
			if !slices.ContainsFunc(measured, func(m Measurement) bool { return m.Experiment == e.Name && m.Run == run }) {
				t.Errorf("the experiment %s shows %s by its run %q, of which measured.json has no figure", e.Name, name, run)
			}
		}
	}
}

// known returns why a text names no system, rule, loss or network.
func known(text string) error {
	c := catalogue.Default()
	_, system := c.System(text)
	_, rule := c.Rule(text)
	_, loss := c.Loss(text)
	if system == nil || rule == nil || loss == nil || slices.Contains(c.NetworkNames(), text) {
		return nil
	}
	return errors.Join(system, rule, loss)
}

// shows returns the run by which an experiment shows a part of a system, "" if it does not.
func shows(experiment, part string) string {
	i := slices.IndexFunc(All, func(e Experiment) bool { return e.Name == experiment })
	return All[i].Systems[part]
}

// TestReadme: the README has the table of systems as hebb reproduce --systems --format markdown prints it.
func TestReadme(t *testing.T) {
	lines := SystemsTable()
	if want := table.Markdown(lines, len(lines[0])); !strings.Contains(string(must.Get(os.ReadFile("../../README.md"))(t)), want) {
		t.Errorf("the README does not have the table of systems, want\n%s", want)
	}
}
