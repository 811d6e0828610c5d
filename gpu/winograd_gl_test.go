//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"errors"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/compute/computetest"
)

// transformed is in the name of every case that may be run by Winograd's transforms.
const transformed = "of 3×3 stride 1 "

// tryAllowed runs the cases of op's type whose names have some words in them, on a device that allows the transforms.
func tryAllowed(op compute.Op, words string, open func() (compute.Backend, error)) (tally compute.Tally, err error) {
	cases, err := computetest.CasesOf(op, computetest.Quick)
	if err != nil {
		return tally, err
	}
	b, err := open()
	if err != nil {
		return tally, err
	}
	dev := compute.New(b)
	dev.Allow(compute.Winograd)
	for i := 0; i < len(cases) && err == nil; i++ {
		if !strings.Contains(cases[i].Name, words) {
			continue
		}
		var res computetest.Result
		res, err = cases[i].Check(0, dev)
		tally.Add(res.Tallies[0])
	}
	return tally, errors.Join(err, dev.Close())
}

// TestTransforms runs Conv and ConvInput by Winograd's transforms, in pieces too and on grids smaller than the work.
func TestTransforms(t *testing.T) {
	opened(t).Close()
	for _, way := range []struct {
		name, rung string
		words      string
		set        func(*backend)
	}{
		{"auto", "", transformed, func(*backend) {}},
		{"naive", "naive", "", func(*backend) {}}, // other windows too
		{"split", "32x32x32/4x4/1", transformed, func(b *backend) { b.splits = 3 }},
		{"walk", "32x32x32/4x4/1", transformed, func(b *backend) { b.maxGroups = [3]int{1, 1, 1} }},
		{"windows", "32x32x32/4x4/1", transformed, func(b *backend) { b.maxBlock = 16 << 10 }},
	} {
		t.Run(way.name, func(t *testing.T) {
			for _, op := range []compute.Op{compute.Conv{}, compute.ConvInput{}} {
				tally, err := tryAllowed(op, way.words, with(way.rung, func(b *backend) {
					way.set(b)
					b.winograd = true
				}))
				t.Logf("%T: %d elements judged, %d unbounded; the largest error is %.2f of its bound", op, tally.Judged, tally.Unbounded, tally.Worst)
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
}
