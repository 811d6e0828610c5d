package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"hebb/nets/safetensors"
	"hebb/nets/train/chart"
)

// histogramBins is the number of bins of a histogram, as text and as a picture.
const histogramBins = 48

// histograms are the histograms of the layer or, without one, of all tensors of more than one number.
func (r *weightsRun) histograms(all []safetensors.Tensor, what string) (h chart.Histograms, err error) {
	h.Title = what
	var named []string
	for _, t := range all {
		named = append(named, t.Name)
		x := elements(t)
		if r.layer == "" && len(x) > 1 || r.layer != "" && (t.Name == r.layer || t.Name == r.layer+".weight") {
			h.Of = append(h.Of, chart.NewHistogram(t.Name, x, histogramBins))
		}
	}
	if len(h.Of) == 0 {
		return h, usagef("--layer %q: want one of %s", r.layer, strings.Join(named, ", "))
	}
	return h, nil
}

// bars are blocks from low to full.
var bars = []rune(" ▁▂▃▄▅▆▇█")

// printHistograms prints a line for each histogram: what is there at all has a bar at least.
func printHistograms(h chart.Histograms, w io.Writer) error {
	fmt.Fprintln(w)
	t := grid{head: []string{"tensor", "from", "weights", "to", "number"}, left: 1}
	for _, of := range h.Of {
		top, line := max(1, slices.Max(of.Counts)), []rune(nil)
		for _, n := range of.Counts {
			bar := n * (len(bars) - 1) / top
			if n > 0 {
				bar = max(1, bar)
			}
			line = append(line, bars[bar])
		}
		t.rows = append(t.rows, []string{of.Name, fmt.Sprintf("%.4g", of.Low), string(line), fmt.Sprintf("%.4g", of.High), of.Note()})
	}
	return t.text(w)
}
