package main

import (
	"fmt"
	"io"
	"path/filepath"

	"hebb/nets/reproduce"
	"hebb/nets/train/chart"
)

// drawCurve draws the curve of a part, if it has one, beside the folders of its runs.
func drawCurve(w io.Writer, dir string, p reproduce.Part, rows []reproduce.Row, format string) error {
	if p.Curve == nil {
		return nil
	}
	c := chart.Curves{X: p.Curve.X, Y: p.Curve.Y}
	for _, row := range rows {
		l := chart.CurveLine{Name: row.Run}
		for _, at := range p.Curve.Points {
			l.At, l.Of, l.Spread = append(l.At, at.At), append(l.Of, row.Value(at.Of)), append(l.Spread, row.Spread(at.Of))
		}
		c.Lines = append(c.Lines, l)
	}
	path := filepath.Join(dir, p.Name+"-curve.png")
	f, err := newOutFile(path)
	if err != nil {
		return err
	}
	defer f.drop()
	if err := f.write(c.PNG); err != nil {
		return err
	}
	if format != "json" {
		_, err = fmt.Fprintf(w, "\nwrote     %s\n", path)
	}
	return err
}
