package train

import (
	"fmt"
	"slices"
	"strings"

	"hebb/nets"
	"hebb/nets/safetensors"
)

// restoreOld reads the state of a checkpoint of a hebb before systems: feedback weights under their names as now, and what
// the optimiser kept of all weights in one piece for each group of them, each tensor at a multiple of 64 numbers.
func (r *Run) restoreOld(path string, state []nets.Named, step int) (map[string]int64, error) {
	f, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	flat := map[string][]float32{} // by the number of what is kept
	for _, t := range f.Tensors {  // in the order of the groups, which is that of the weights
		var group int
		var kept string
		if n, _ := fmt.Sscanf(t.Name, "optimiser.%d.%s", &group, &kept); n == 2 {
			x, err := f.Read(t.Name)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			flat[kept] = append(flat[kept], x.Data...)
		}
	}
	names := r.kept(state)
	values := make([][]float32, len(state))
	for i, t := range state {
		kept, ok := strings.CutPrefix(t.Name, "optimiser.")
		if !ok {
			x, err := f.Read(t.Name)
			if err != nil || !slices.Equal(x.Shape, t.Shape) {
				return nil, fmt.Errorf("%s: %s is %v, want %v: %w", path, t.Name, x.Shape, t.Shape, err)
			}
			values[i] = x.Data
			continue
		}
		kept, _, _ = strings.Cut(kept, ".")
		k := fmt.Sprint(slices.Index(names, kept))
		n := 1
		for _, d := range t.Shape {
			n *= d
		}
		room := (n + 63) / 64 * 64
		if len(flat[k]) < room {
			return nil, fmt.Errorf("%s has too few numbers of %s: it is of another optimiser or rule", path, t.Name)
		}
		values[i], flat[k] = flat[k][:n], flat[k][room:]
	}
	counters := r.Session.Counters()
	for name := range counters {
		counters[name] = int64(step)
	}
	return counters, r.Session.Write(state, values)
}

// kept are the names of what the optimiser keeps, in its order.
func (r *Run) kept(state []nets.Named) (names []string) {
	for _, t := range state {
		if kept, ok := strings.CutPrefix(t.Name, "optimiser."); ok {
			if kept, _, _ = strings.Cut(kept, "."); !slices.Contains(names, kept) {
				names = append(names, kept)
			}
		}
	}
	return names
}
