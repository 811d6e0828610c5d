// Package table lays out lines of cells; the first line is the head. The first columns are words, the others numbers.
package table

import (
	"strings"
	"unicode/utf8"
)

// Text aligns the columns, behind an indent.
func Text(lines [][]string, words int, indent string) string {
	width := make([]int, len(lines[0]))
	for _, l := range lines {
		for i, c := range l {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	var b strings.Builder
	for _, l := range lines {
		line := indent
		for i, c := range l {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(c))
			if i < words {
				line += c + pad + "  "
			} else {
				line += pad + c + "  "
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// Markdown writes the table for a page.
func Markdown(lines [][]string, words int) string {
	var b strings.Builder
	for i, l := range lines {
		for _, c := range l {
			b.WriteString("| " + strings.ReplaceAll(c, "|", `\|`) + " ")
		}
		b.WriteString("|\n")
		if i == 0 {
			b.WriteString(strings.Repeat("|---", words) + strings.Repeat("|---:", len(l)-words) + "|\n")
		}
	}
	return b.String()
}
