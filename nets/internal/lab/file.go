package lab

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"testing"
)

// Narrow rounds numbers to float32.
func Narrow(x []float64) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(v)
	}
	return y
}

// File64 reads a file of tensors of float64s, which package safetensors rounds.
func File64(t *testing.T, path string) Results {
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
	all := Results{}
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
