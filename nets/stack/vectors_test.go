package stack_test

import (
	"encoding/binary"
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// parities are the vectors in a folder.
func parities(t *testing.T, dir string) (all []parity) {
	for _, name := range slices.Sorted(maps.Keys(twins)) {
		truth := float64File(t, filepath.Join(dir, name+".truth.safetensors"))
		for _, o := range slices.Sorted(maps.Keys(torchOptimisers)) {
			if truth[o+".logits"] != nil {
				all = append(all, parity{name, o, filepath.Join(dir, name+".safetensors"), truth})
			}
		}
	}
	if want := 3*4 + 2; len(all) != want {
		t.Fatalf("%s holds %d networks with optimisers, want %d", dir, len(all), want)
	}
	return all
}

// float64File reads tensors of float64s, which package safetensors rounds.
func float64File(t *testing.T, path string) results {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := 8 + binary.LittleEndian.Uint64(raw)
	var head map[string]struct {
		Dtype string `json:"dtype"`
		At    [2]int `json:"data_offsets"`
	}
	if err := json.Unmarshal(raw[8:n], &head); err != nil {
		t.Fatal(err)
	}
	all := results{}
	for name, h := range head {
		if h.Dtype != "F64" {
			t.Fatalf("%s: %s is %s, want F64", path, name, h.Dtype)
		}
		for at := h.At[0]; at < h.At[1]; at += 8 {
			all[name] = append(all[name], math.Float64frombits(binary.LittleEndian.Uint64(raw[int(n)+at:])))
		}
	}
	return all
}
