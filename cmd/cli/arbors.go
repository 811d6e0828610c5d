package cli

import (
	"fmt"
	"strings"

	"hebb/nets/develop"
	"hebb/nets/safetensors"
	"hebb/nets/train"
	"hebb/nets/train/chart"
)

// arbors returns the weights of the layer, synapses × cells, with the places of its synapses, if there are tensors layer.x and
// layer.y beside them. Of a run of linsker, cells have their kinds, and the last layer stands as k1 across and k2 down.
func (r *weightsRun) arbors(from string, all []safetensors.Tensor) (f chart.Arbors, ok bool) {
	layer := strings.TrimSuffix(r.layer, ".weight")
	var w safetensors.Tensor
	for _, t := range all {
		switch t.Name {
		case layer + ".x":
			f.X = elements(t)
		case layer + ".y":
			f.Y = elements(t)
		case layer + ".weight":
			w = t
		}
	}
	n := len(f.X)
	if n == 0 || len(f.Y) != n || len(w.Shape) != 2 || w.Shape[0] != n {
		return f, false
	}
	f.Title, f.Unit = fmt.Sprintf("%s, %s", w.Name, sizeOf(w.Shape)), "units"
	f.Values = develop.Cells(elements(w), n)
	if c, err := train.RunConfig(from); err == nil {
		if system, err := names.System(c.System); err == nil {
			if l, ok := system.(*develop.Linsker); ok {
				describe(&f, l)
			}
		}
	}
	return f, true
}

// describe adds the kinds of cells, and their places in the map of k1 and k2.
func describe(f *chart.Arbors, l *develop.Linsker) {
	unit := float32(1)
	f.Unit = "radii of layer B's arbor"
	if l.Measured {
		unit, f.Unit = l.Spacing, "cells of layer A"
	}
	if len(f.Values) > 1 && len(f.Values) == len(l.K1)*len(l.K2) {
		var lines [][]float32
		for j := range l.K2 {
			for i := range l.K1 {
				lines = append(lines, f.Values[i*len(l.K2)+j])
			}
		}
		f.Values, f.Across, f.ColumnsName, f.LinesName = lines, len(l.K1), "k1", "k2"
		f.Columns, f.Lines = numbers(l.K1), numbers(l.K2)
	}
	arbor, err := develop.NewArbor(f.X, f.Y, unit)
	if err != nil {
		return // of fewer than four synapses there is no kind
	}
	for _, w := range f.Values {
		f.Words = append(f.Words, arbor.Describe(w).Kind())
	}
}

func numbers(all []float32) (names []string) {
	for _, x := range all {
		names = append(names, fmt.Sprint(x))
	}
	return names
}
