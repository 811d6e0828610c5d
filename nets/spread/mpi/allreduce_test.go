//go:build mpi && cgo && allreduce

package mpi

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hebb/nets/spread"
)

func init() { roles["cost"] = cost }

// TestCost: a step's exchange of resnet18's gradients on four ranks is no slower than MPI_Allreduce.
func TestCost(t *testing.T) {
	out, code := launch(t, 4, "cost", "1m")
	if code != 0 {
		t.Fatalf("code %d:\n%s", code, out)
	}
	t.Log("\n" + out)
	median := map[string]float64{}
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) > 2 && f[1] == "median" {
			ms, err := strconv.ParseFloat(f[2], 64)
			if err != nil {
				t.Fatal(err)
			}
			median[f[0]] = ms
		}
	}
	if ours, theirs := median["exchange"], median["MPI_Allreduce"]; ours <= 0 || ours > theirs {
		t.Errorf("%.1f ms, and MPI_Allreduce %.1f ms", ours, theirs)
	}
}

// cost times both, one after the other, thirty times. A time is that of the slowest rank.
func cost(any spread.World) error {
	const n, rounds, warm = 11_181_642, 30, 3
	w := any.(*world)
	sum, err := spread.NewSum(w, w.size, n)
	if err != nil {
		return err
	}
	total := make([]float32, n)
	nodes := [][]float32{tree(sum.Nodes()[0], n)}
	names := []string{"exchange", "MPI_Allreduce"}
	times := make([][]float64, len(names))
	for round := range rounds + warm {
		for i, f := range []func() error{
			func() error { return sum.Total(nodes, total) },
			func() error { return w.allreduce(nodes[0], total) },
		} {
			ms, err := slowest(w, f)
			if err != nil {
				return err
			}
			if round >= warm {
				times[i] = append(times[i], ms)
			}
		}
	}
	for i, all := range times {
		slices.Sort(all)
		if w.rank == 0 {
			fmt.Printf("%s median %.1f ms, quarters %.1f and %.1f, from %.1f to %.1f (%d times, %d numbers, %d ranks)\n",
				names[i], all[rounds/2], all[rounds/4], all[rounds*3/4], all[0], all[rounds-1], rounds, n, w.size)
		}
	}
	return nil
}

// slowest returns how many milliseconds f takes on the slowest rank; all begin together.
func slowest(w *world, f func() error) (ms float64, err error) {
	if _, err := w.Share(nil); err != nil {
		return 0, err
	}
	start := time.Now()
	if err := f(); err != nil {
		return 0, err
	}
	took := time.Since(start)
	all, err := w.Share(binary.LittleEndian.AppendUint64(nil, uint64(took)))
	for _, t := range all {
		ms = max(ms, time.Duration(binary.LittleEndian.Uint64(t)).Seconds()*1e3)
	}
	return ms, err
}
