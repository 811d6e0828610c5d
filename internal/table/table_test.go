package table

import "testing"

// TestLines: columns of words begin, and columns of numbers end, below each other, however many bytes a letter has.
func TestLines(t *testing.T) {
	lines := [][]string{{"σ", "n", "a|b"}, {"µs", "10", ""}, {"", "7", "é"}}
	if got, want := Text(lines, 1, " "), " σ    n  a|b\n µs  10\n      7    é\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := Markdown(lines[:2], 2), "| σ | n | a\\|b |\n|---|---|---:|\n| µs | 10 |  |\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
