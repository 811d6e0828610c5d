package cli

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"hebb/nets/train"
)

// A rasterText draws spikes as text: a cell is a row of dots, four of them to a line, and two times to a character.
type rasterText struct {
	width int // characters of a line
	cells int // at most, of each group
	sort  string
}

// mostDots is how many columns a step has at most, of which one has its dot.
const mostDots = 4

// labelWidth is the room for the number of a cell, left of its line.
const labelWidth = 7

// dots are the bits of a braille character, by column and row.
var dots = [2][4]rune{{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}}

// lines draw a group of an example; the last is the axis.
func (r rasterText) lines(g train.SpikeGroup, example int) (all []string) {
	columns := 2 * max(1, r.width-labelWidth)
	if g.Steps < columns {
		columns = min(columns/g.Steps, mostDots) * g.Steps
	}
	order := train.Evenly(g.Order(r.sort, example), r.cells)
	for first := 0; first < len(order); first += len(dots[0]) {
		line := make([]rune, (columns-1)/2+1)
		for row, cell := range order[first:min(first+len(dots[0]), len(order))] {
			for _, s := range g.Trains[example][cell] {
				at := s * columns / g.Steps
				line[at/2] |= dots[at%2][row]
			}
		}
		for i := range line {
			line[i] += 0x2800
		}
		all = append(all, fmt.Sprintf("%*d ", labelWidth-1, order[first])+string(line))
	}
	return append(all, timeAxis(float64(g.Steps)*g.DT, (columns-1)/2+1))
}

// timeAxis numbers so many characters with times of 0 … end ms.
func timeAxis(end float64, columns int) string {
	each := end / float64(columns) // ms of a character
	step := math.Pow(10, math.Floor(math.Log10(8*each)))
	for _, k := range []float64{1, 2, 5, 10} {
		if k*step >= 8*each {
			step *= k
			break
		}
	}
	line := []rune(strings.Repeat(" ", labelWidth))
	for i := 0; float64(i)*step < end; i++ {
		at := labelWidth + int(float64(i)*step/each+1e-9)
		text := []rune(fmt.Sprintf("|%.6g", float64(i)*step))
		if at < len(line) || at+len(text)+len(" ms") > labelWidth+columns && i > 0 {
			break
		}
		line = append(append(line, []rune(strings.Repeat(" ", at-len(line)))...), text...)
	}
	return string(line) + " ms"
}

// spikePanel are the lines of what is watched during training: rates and a raster of each group, as many cells as there is
// room for on a terminal of so many characters and lines.
func spikePanel(s train.SpikeTrains, step, width, height int) (all []string) {
	each := (height-3)/len(s.Groups) - 3 // lines of dots, beside the rates and the axis
	each = min(max(1, each), 10)
	r := rasterText{width: width, cells: each * len(dots[0]), sort: train.SpikeOrders[0]}
	all = append(all, fmt.Sprintf("spikes of learner 0, example 0, up to step %d", step))
	for _, g := range s.Groups {
		all = append(all, ratesOf(g.Count(usualBurst)))
		all = append(all, r.lines(g, 0)...)
	}
	for i, line := range all {
		all[i] = cut(line, width)
	}
	return all
}

// ratesOf is a line on a group: how many cells it has and how fast they are.
func ratesOf(c train.SpikeCount) string {
	text := fmt.Sprintf("%s of %d: %.3g to %.3g Hz, median %.3g", c.Group, c.Cells, c.Min, c.Max, c.Median)
	if n := len(c.Silent); n > 0 {
		text += fmt.Sprintf(", %d silent", n)
	}
	if n := len(c.Bursting); n > 0 {
		text += fmt.Sprintf(", %d bursting", n)
	}
	return text
}

// terminalSize is the size of a terminal, less the last character of a line; 100 × 24 where w is none.
func terminalSize(w io.Writer) (width, height int) {
	if f, ok := w.(*os.File); ok {
		if width, height, err := term.GetSize(int(f.Fd())); err == nil && width > 1 && height > 0 {
			return width - 1, height
		}
	}
	return 100, 24
}

// cut shortens a line to so many characters.
func cut(line string, width int) string {
	if utf8.RuneCountInString(line) <= width {
		return line
	}
	return string([]rune(line)[:max(0, width)])
}
