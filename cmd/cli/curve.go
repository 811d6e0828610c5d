package cli

import (
	"fmt"
	"io"
	"path/filepath"

	"hebb/nets/reproduce"
	"hebb/nets/train/chart"
)

// drawCurve draws the curve of a part, if it has one, beside the folders of its runs.
func drawCurve(w io.Writer, dir string, p reproduce.Part, rows reproduce.Rows) error {
	if p.Curve == nil {
		return nil
	}
	c := chart.Curves{X: p.Curve.X, Y: p.Curve.Y, Mark: p.Curve.Mark, MarkName: p.Curve.MarkName}
	for _, row := range rows {
		l := chart.CurveLine{Name: row.Run}
		for _, at := range p.Curve.Points {
			v := row.Figures[at.Of]
			l.At, l.Of, l.Spread = append(l.At, at.At), append(l.Of, v.Mean()), append(l.Spread, v.SD())
			if p.Curve.Theory != nil {
				l.Theory = append(l.Theory, p.Curve.Theory(row.Run, at.At))
			}
		}
		c.Lines = append(c.Lines, l)
	}
	drawing, err := c.Figure()
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
