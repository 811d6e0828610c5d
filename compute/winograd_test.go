package compute_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"hebb/compute"
	"hebb/compute/computetest"
)

// tryTiles tries the cases of op's type with leeway l until one fails.
func tryTiles(op compute.Op, l compute.Leeway, b compute.Backend) (compute.Tally, error) {
	return computetest.TryWithin(op, l, 1, func() (compute.Backend, error) { return b, nil })
}

// TestWinograd: the bounds hold for Winograd's transforms on the worst device that GLSL allows, and are tight enough to
// catch one that is ten times worse. They hold for direct sums too, and with other leeway besides.
func TestWinograd(t *testing.T) {
	lavin, both := lavinGray(), compute.Winograd|compute.Half
	for _, test := range []struct {
		computetest.Float32
		tiles  *transforms
		leeway compute.Leeway
	}{
		{computetest.Float32{}, lavin, compute.Winograd},
		{computetest.Float32{Times: 1}, lavin, compute.Winograd},
		{computetest.Float32{Times: 1, Mode: computetest.Upward}, lavin, compute.Winograd},
		{computetest.Float32{Times: 1, Mode: computetest.Downward}, lavin, compute.Winograd},
		{computetest.Float32{Times: 1, Mode: computetest.Inward}, lavin, compute.Winograd},
		{computetest.Float32{Times: 1, Mode: computetest.Upward}, lavin, both},
		{computetest.Float32{Times: 1}, nil, compute.Winograd},
		{computetest.Float32{Times: 1, Mode: computetest.Upward}, nil, compute.Winograd},
		{computetest.Float32{Times: 10}, lavin, compute.Winograd},
	} {
		for _, op := range []compute.Op{compute.Conv{}, compute.ConvInput{}} {
			m := rounding(test.Float32)
			if test.tiles != nil {
				m = byTiles(test.Float32, test.tiles)
			}
			name := fmt.Sprintf("%T/%gx/%v/%v/tiles %v", op, test.Times, test.Mode, test.leeway, test.tiles != nil)
			tally, err := tryTiles(op, test.leeway, m)
			t.Logf("%s: worst %.2f of the bound, %v", name, tally.Worst, err)
			if test.Times <= 1 && err != nil || test.Times > 1 && !errors.Is(err, compute.ErrWrong) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for _, op := range []compute.Op{compute.Conv{}, compute.ConvInput{}} { // without any epilogue, which has a bound itself
		for _, times := range []float64{1, 10} {
			err := tryReals(op, 2, byTiles(computetest.Float32{Times: times, Mode: computetest.Upward}, lavin))
			if times == 1 && err != nil || times > 1 && !errors.Is(err, compute.ErrWrong) {
				t.Errorf("%T, %gx: a layer of reals: %v", op, times, err)
			}
		}
	}
}

// TestWinogradBound: for windows and images of ones the terms of a sum without signs add up to 8 in each dimension. Up
// to four times the largest exact integer there is no error, and beyond it the error of 1 + 10 roundings; other windows
// keep their bound.
func TestWinogradBound(t *testing.T) {
	dev := device(t)
	bound := func(l compute.Leeway, window, stride int, pixel float32) float64 {
		before := compute.Contents{}
		full := func(v float32, shape ...int) *compute.Tensor {
			x := tensor(t, dev, shape...)
			for range x.Len() {
				before[x] = append(before[x], v)
			}
			return x
		}
		op := compute.Conv{Y: full(0, 1, 1, 1, 1), X: full(pixel, 1, window, window, 1), W: full(1, 1, window, window, 1),
			Slide: compute.Slide{Stride: stride}, Epilogue: compute.Epilogue{Alpha: 1}, Leeway: l}
		return compute.Define(op, before)(0, 0).Err
	}
	const most, u = 1 << 16, 0x1p-23
	if err := bound(compute.Winograd, 3, 1, most); err != 0 {
		t.Errorf("whole numbers whose quarters float32 holds: %g, want 0", err)
	}
	if err, least := bound(compute.Winograd, 3, 1, 2*most), 11*u*64*2*most; err < least || err > 1.2*least {
		t.Errorf("larger whole numbers: %g, want %g or little more", err, least)
	}
	for _, other := range []float64{
		bound(0, 3, 1, 2*most), bound(compute.Winograd, 3, 2, 2*most), bound(compute.Winograd, 5, 1, most),
	} {
		if other != 0 {
			t.Errorf("whole numbers by other ways or under other windows: %g, want 0", other)
		}
	}
}

// tilesMutants have one coefficient of a transform wrong: another sign, one that is lost, or one too many.
func tilesMutants() map[string]*transforms {
	all := map[string]*transforms{}
	for which, name := range []string{"pixels", "weights", "sums"} {
		pick := func(s *transforms) [][]float32 { return [][][]float32{s.pixels, s.weights, s.sums}[which] }
		for i, row := range pick(lavinGray()) {
			for j, c := range row {
				for _, bad := range []float32{-c, 0, 1} {
					if bad != c {
						s := lavinGray()
						pick(s)[i][j] = bad
						all[fmt.Sprintf("%s %d,%d is %g", name, i, j, bad)] = s
					}
				}
			}
		}
	}
	return all
}

// TestWinogradMutants: the suite sees every mutant, and so does a layer of reals, whose bound is not 0.
func TestWinogradMutants(t *testing.T) {
	for name, s := range tilesMutants() {
		for _, op := range []compute.Op{compute.Conv{}, compute.ConvInput{}} {
			if _, err := tryTiles(op, compute.Winograd, byTiles(computetest.Float32{}, s)); !errors.Is(err, compute.ErrWrong) {
				t.Errorf("%T, %s: the suite sees %v", op, name, err)
			}
			if err := tryReals(op, 24, byTiles(computetest.Float32{}, s)); !errors.Is(err, compute.ErrWrong) {
				t.Errorf("%T, %s: a layer of reals sees %v", op, name, err)
			}
		}
	}
	for _, op := range []compute.Op{compute.Conv{}, compute.ConvInput{}} {
		if err := tryReals(op, 24, byTiles(computetest.Float32{}, lavinGray())); err != nil {
			t.Error(err)
		}
	}
}

// tryReals checks sums over that many channels of normal numbers, of 24 units.
func tryReals(op compute.Op, channels int, b compute.Backend) error {
	dev := compute.New(compute.Verify(b, 0))
	dev.Allow(compute.Winograd)
	rnd := rand.New(rand.NewPCG(3, 4))
	return dev.Step(func(s *compute.Step) error {
		normal := func(shape ...int) *compute.Tensor {
			t := s.Tensor(shape...)
			x := make([]float32, t.Len())
			for i := range x {
				x[i] = float32(rnd.NormFloat64())
			}
			s.Write(t, x)
			return t
		}
		from, to := normal(1, 16, 15, channels), normal(1, 16, 15, 24)
		same, plain := compute.Slide{Stride: 1, Pad: 1}, compute.Epilogue{Alpha: 1}
		if _, adjoint := op.(compute.ConvInput); adjoint {
			s.Do(compute.ConvInput{X: to, Y: from, W: normal(channels, 3, 3, 24), Slide: same, Epilogue: plain})
		} else {
			s.Do(compute.Conv{Y: to, X: from, W: normal(24, 3, 3, channels), Slide: same, Epilogue: plain})
		}
		return nil
	})
}
