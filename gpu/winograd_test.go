package gpu

import (
	"strings"
	"testing"

	"hebb/compute"
)

// reached returns the largest offset that a dispatch of Winograd's transforms accesses at binding i, from its start.
func (d *dispatch) reached(i int) int {
	a := &d.args
	run, images := int(a.N)-1, groups(a.M, max(1, int((a.Image[2]+1)/2*((a.Image[3]+1)/2))))
	last := func(rows int) int { return (rows-1)*int(a.Ld[i/4][i%4]) + run }
	switch {
	case d.file == "winogradsums" && i == 3:
		return run
	case d.file == "winogradsums" && i != 1:
		return last(images * int(a.Image[2]*a.Image[3]))
	case d.file == "winogradimages" && i == 1:
		return last(images * int(a.Image[0]*a.Image[1]))
	case d.file == "winogradweights" && i == 1:
		return last(9 * int(a.M))
	}
	return (tileMembers-1)*int(a.Skip[i/4][i%4]) + last(int(a.M))
}

// layer3x3 is a convolution of n images and as many channels as units, and its adjoint.
func layer3x3(tensor func(shape ...int) *compute.Tensor, n, side, channels int, l compute.Leeway) (compute.Conv, compute.ConvInput) {
	x, y, w := tensor(n, side, side, channels), tensor(n, side, side, channels), tensor(channels, 3, 3, channels)
	same, plain := compute.Slide{Stride: 1, Pad: 1}, compute.Epilogue{Alpha: 1}
	return compute.Conv{Y: y, X: x, W: w, Slide: same, Epilogue: plain, Leeway: l},
		compute.ConvInput{X: x, Y: y, W: w, Slide: same, Epilogue: plain, Leeway: l}
}

// files returns the shaders of op's plan.
func files(t *testing.T, p *planner, op compute.Op) string {
	t.Helper()
	var names []string
	for _, d := range planOf(t, p, op).dispatches {
		names = append(names, strings.TrimPrefix(d.file, "winograd"))
	}
	return strings.Join(names, " ")
}

// TestTransformPlans: the dispatches of layers' plans, whole and in pieces, and that all tiles are made once.
func TestTransformPlans(t *testing.T) {
	conv, back := layer3x3(tensors(t), 5, 7, 8, compute.Winograd)
	_, unlike := layer3x3(tensors(t), 2, 8, 64, 0)
	const tile = "64x64x16/8x8/1"
	forced := func(block int) *planner {
		return desk(tile, func(p *planner) { p.winograd, p.splits, p.maxBlock, p.align = true, 1, block, 4 })
	}
	for _, test := range []struct {
		name  string
		block int
		want  string
		tiles int32
	}{
		{"whole", maxWindow, "weights images gemm sums", 5 * 16},
		{"pieces of two", 4 * tileMembers * 2 * 16 * 8, "weights images gemm sums images gemm sums images gemm sums", 5 * 16},
		{"not even one image", 4 * tileMembers * 15 * 8, "gemm gemm", 0},
	} {
		for _, op := range []compute.Op{conv, back} {
			p := &paper{planner: forced(test.block)}
			l := planOf(t, p.planner, op)
			made, summed := int32(0), int32(0)
			for _, d := range l.dispatches {
				switch d.file {
				case "winogradimages":
					made += d.args.M
				case "winogradsums":
					summed += d.args.M
				}
				if err := p.sound(l, &d); err != nil {
					t.Errorf("%T, %s: %v", op, test.name, err)
				}
			}
			if got := files(t, p.planner, op); got != test.want || made != test.tiles || summed != test.tiles {
				t.Errorf("%T, %s: %s, of %d and %d tiles, want %s, of %d", op, test.name, got, made, summed, test.want, test.tiles)
			}
		}
	}
	if got := files(t, forced(maxWindow), unlike); got != "gemm" {
		t.Errorf("without leeway: %s", got)
	}
}

// TestTransformsPredicted: without a finding the transforms are taken where there are channels enough to pay for them.
func TestTransformsPredicted(t *testing.T) {
	for _, test := range []struct {
		side, channels int
		want           string
	}{
		{32, 64, "gemm"},
		{8, 256, "weights images gemm sums"},
	} {
		conv, back := layer3x3(tensors(t), 256, test.side, test.channels, compute.Winograd)
		for _, op := range []compute.Op{conv, back} {
			if got := files(t, desk("", nil), op); got != test.want {
				t.Errorf("%T of %d×%d×%d: %s, want %s", op, test.side, test.side, test.channels, got, test.want)
			}
		}
	}
}

// TestTransformsFound: a finding determines whether a convolution with leeway runs by transforms, and by which
// products. A finding with leeway is ignored by an op without; one without serves an op with leeway that is not
// transformed.
func TestTransformsFound(t *testing.T) {
	op, _ := layer3x3(tensors(t), 256, 32, 64, compute.Winograd)
	plain := op
	plain.Leeway = 0
	shapes := func(op compute.Op) shape { return planOf(t, desk("", nil), op).main }
	if with, without := shapes(op), shapes(plain); with == without || with.kind != without.kind+" winograd" {
		t.Fatalf("of one kind: %v and %v", with, without)
	}
	const direct, fast = "64x32x16/8x4/1", "winograd 32x32x32/4x4/2 in 2"
	for _, test := range []struct {
		name  string
		found map[shape]string
		op    compute.Op
		want  string
		tile  string // of the product
	}{
		{"transforms", map[shape]string{shapes(op): fast}, op, "weights images gemm sum sums", "BM 32 BN 32 BK 32 TM 4 TN 4 THREADS 64 LOADS 2 STAGES 2"},
		{"a tile", map[shape]string{shapes(op): direct}, op, "gemm", "BM 64 BN 32 BK 16"},
		{"of others, a tile", map[shape]string{shapes(plain): direct}, op, "gemm", "BM 64 BN 32 BK 16"},
		{"without leeway, of others", map[shape]string{shapes(op): fast}, plain, "gemm", "BM 64 BN 64"},
		{"without leeway, transforms", map[shape]string{shapes(plain): fast}, plain, "gemm", "BM 64 BN 64"},
	} {
		p := desk("", func(p *planner) { p.tuned = map[shape]recipe{} })
		for s, way := range test.found {
			r, err := recipeOf(way)
			if err != nil || r.String() != way {
				t.Fatalf("%q is read as %v: %v", way, r, err)
			}
			p.tuned[s] = r
		}
		got, main := files(t, p, test.op), ""
		for _, d := range planOf(t, p, test.op).dispatches {
			if d.file == "gemm" {
				main = strings.Join(d.list(), " ")
			}
		}
		if got != test.want || !strings.Contains(main, test.tile) {
			t.Errorf("%s: %s with %s, want %s with %s", test.name, got, main, test.want, test.tile)
		}
	}
}
