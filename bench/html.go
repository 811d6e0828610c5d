package bench

import (
	"bytes"
	"cmp"
	_ "embed"
	"html/template"
	"io"
	"strings"
)

//go:embed report.html
var page string

var pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"class": cellClass,
}).Parse(page))

// HTML writes the report as one page that needs no other file.
func (r *Report) HTML(w io.Writer) error {
	var svg bytes.Buffer
	if err := r.SVG(&svg); err != nil {
		return err
	}
	return pageTemplate.Execute(w, map[string]any{
		"Report": r, "Title": cmp.Or(r.name(), "no device"), "Overview": r.overview(), "Details": r.details(), "Exprs": r.exprs(),
		"Circumstances": r.circumstances(), "Warning": r.warning(), "Summary": r.summary(), "Plots": inline(svg.String()),
		"Rounds": rounds, "Enough": enough, "Shortest": shortest, "TrainingLimit": trainingLimit,
	})
}

// inline makes a drawing part of a page: its black is the page's ink, whatever that is, and its
// width is the page's.
func inline(svg string) template.HTML {
	svg = svg[strings.Index(svg, "<svg"):]
	end := strings.Index(svg, ">")
	head := svg[:end]
	if i := strings.Index(head, "viewBox"); i >= 0 {
		head = `<svg role="img" aria-label="rooflines and speed-ups" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ` + head[i:]
	}
	body := strings.NewReplacer("#000000", "currentColor", "Liberation Sans", "Liberation Sans, Arial, sans-serif").Replace(svg[end:])
	return template.HTML(head + body) // it is our own, and what names it has are escaped by svgo
}

// cellClass is how a cell is shown.
func cellClass(s string) string {
	switch Status(s) {
	case Failed, Broken:
		return "bad"
	case Skipped:
		return "faint"
	}
	return ""
}

// An expression is what a peer ran for a case.
type expression struct{ Case, Expr string }

func (r *Report) exprs() (es []expression) {
	for _, c := range r.Results {
		if c.Expr != "" {
			es = append(es, expression{c.Case, c.Expr})
		}
	}
	return es
}
