package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"hebb/nets/reproduce"
	"hebb/nets/train/chart"
)

// drawCurve draws the curve of a part, if it has one, beside the folders of its runs.
func drawCurve(w io.Writer, dir string, p reproduce.Part, rows reproduce.Rows) error {
	if p.Curve == nil {
		return nil
	}
	var panels chart.Panels
	for _, row := range rows {
		title, name, _ := strings.Cut(row.Run, ", ")
		if !p.Curve.Panels {
			title, name = "", row.Run
		}
		l := chart.CurveLine{Name: name}
		for _, at := range p.Curve.Points {
			v := row.Figures[at.Of]
			if mean := v.Mean(); mean != mean { // a shorter run, or a seed that was lost
				continue
			}
			l.At, l.Of, l.Spread = append(l.At, at.At), append(l.Of, v.Mean()), append(l.Spread, v.SD())
			if p.Curve.Theory != nil {
				l.Theory = append(l.Theory, p.Curve.Theory(row.Run, at.At))
			}
		}
		if n := len(panels); n == 0 || panels[n-1].Title != title {
			panels = append(panels, chart.Curves{Title: title, X: p.Curve.X, Y: p.Curve.Y, Mark: p.Curve.Mark, MarkName: p.Curve.MarkName})
		}
		last := &panels[len(panels)-1]
		last.Lines = append(last.Lines, l)
	}
	drawing, err := panels.Figure()
	if err != nil {
		return err
	}
	path := filepath.Join(dir, p.Name+"-curve.png")
	f, err := newOutFile(path)
	if err != nil {
		return err
	}
	defer f.drop()
	if err := f.write(drawing.PNG); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "\nwrote     %s\n", path)
	return err
}
