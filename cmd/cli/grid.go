package cli

import (
	"fmt"
	"io"

	"hebb/internal/table"
)

// A grid is a table for people; its first columns are words, the others are numbers.
type grid struct {
	head []string
	left int // columns of words
	rows [][]string
}

// text aligns the columns.
func (g grid) text(w io.Writer) error {
	_, err := io.WriteString(w, table.Text(g.lines(), g.left, ""))
	return err
}

// markdown writes the table for a page.
func (g grid) markdown(w io.Writer) error {
	_, err := io.WriteString(w, table.Markdown(g.lines(), g.left))
	return err
}

func (g grid) lines() [][]string { return append([][]string{g.head}, g.rows...) }

// percent is a share, or "–" where there is none.
func percent(x float64) string {
	if x != x {
		return "–"
	}
	return fmt.Sprintf("%.2f %%", 100*x)
}
