package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// A grid is a table for people; its first columns are words, the others are numbers.
type grid struct {
	head []string
	left int // columns of words
	rows [][]string
}

// text aligns the columns.
func (g grid) text(w io.Writer) error {
	width := make([]int, len(g.head))
	lines := append([][]string{g.head}, g.rows...)
	for _, l := range lines {
		for i, c := range l {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	var b strings.Builder
	for _, l := range lines {
		line := ""
		for i, c := range l {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(c))
			if i < g.left {
				line += c + pad + "  "
			} else {
				line += pad + c + "  "
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// markdown writes the table for a page.
func (g grid) markdown(w io.Writer) error {
	var b strings.Builder
	line := func(cells []string) {
		for _, c := range cells {
			fmt.Fprintf(&b, "| %s ", strings.ReplaceAll(c, "|", `\|`))
		}
		b.WriteString("|\n")
	}
	line(g.head)
	for i := range g.head {
		b.WriteString(map[bool]string{true: "|---", false: "|---:"}[i < g.left])
	}
	b.WriteString("|\n")
	for _, r := range g.rows {
		line(r)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// percent is a share, or "–" where there is none.
func percent(x float64) string {
	if x != x {
		return "–"
	}
	return fmt.Sprintf("%.2f %%", 100*x)
}
