//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"fmt"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/compute/computetest"
	"hebb/internal/must"
)

// halfOps are the ops with half precision.
var halfOps = []compute.Op{compute.Gemm{}, compute.Hebbian{}, compute.Conv{}, compute.ConvInput{}}

// halved is set, on a backend with half precision, which is emulated, whatever the driver has.
func halved(set func(*backend)) func(*backend) {
	return func(b *backend) {
		b.halves = emulated
		set(b)
	}
}

// TestHalf: with half precision allowed, products are within its bound with one run of terms in a slice and with
// several. A software OpenGL compiles the emulation for seconds, so these are few cases.
func TestHalf(t *testing.T) {
	opened(t).Close()
	for _, way := range []struct {
		rung  string
		set   func(*backend)
		every int
		ops   []compute.Op
	}{
		{"32x32x32/4x4/1", func(*backend) {}, 29, halfOps},
		{"64x64x16/4x4/2", func(*backend) {}, 59, halfOps[:1]},
		{"32x32x32/4x4/2", func(b *backend) { b.splits = 3 }, 59, halfOps[1:2]},
		{"32x32x32/4x4/1", func(b *backend) { b.maxBlock = 32 << 10 }, 29, halfOps[2:]},
	} {
		for _, op := range way.ops {
			t.Run(fmt.Sprintf("%s/%T", way.rung, op), func(t *testing.T) {
				t.Parallel()
				tally, err := computetest.TryWithin(op, compute.Half, way.every, with(way.rung, halved(way.set)))
				if err != nil || tally.Judged == 0 || tally.Unbounded > tally.Judged/20 {
					t.Errorf("%+v: %v", tally, err)
				}
				t.Logf("%d elements judged; the largest error is %.2f of its bound", tally.Judged, tally.Worst)
			})
		}
	}
}

// TestHalfAsked: without leeway, or without a driver that has it, nothing is in half precision.
func TestHalfAsked(t *testing.T) {
	for _, test := range []struct {
		l      compute.Leeway
		halves []string
		want   bool
	}{{0, emulated, false}, {compute.Half, nil, false}, {compute.Half, emulated, true}} {
		p := &paper{planner: desk("", func(p *planner) { p.halves = test.halves })}
		d := compute.New(p)
		d.Allow(test.l)
		for _, op := range halfOps {
			cases := must.Get(computetest.CasesOf(op, computetest.Quick))(t)
			p.plans = nil
			for _, c := range cases {
				c.Check(1, d)
			}
			found := false
			for _, l := range p.plans {
				for _, d := range l.dispatches {
					found = found || strings.Contains(d.defines, "HALF")
				}
			}
			if len(p.plans) == 0 || found != test.want {
				t.Errorf("%T with leeway %v on %v: half precision in %d plans is %v", op, test.l, test.halves, len(p.plans), found)
			}
		}
	}
}

// halfMutants are bugs in the code of half precision alone.
var halfMutants = []mutant{
	{compute.Gemm{}, "packHalf2x16((v).xy)", "packHalf2x16((v).yx)"},
	{compute.Gemm{}, "packHalf2x16((v).zw)", "packHalf2x16((v).ww)"},
	{compute.Gemm{}, "PAIR_OF(a0.y)", "PAIR_OF(a0.x)"},
	{compute.Gemm{}, "PAIR_OF(b0.y)", "PAIR_OF(b0.x)"},
	{compute.Gemm{}, "PAIR(a0_1[1])", "PAIR(a0_1[0])"},
	{compute.Gemm{}, "vec4(vec2(left0_0), vec2(right0_0))", "vec4(vec2(right0_0), vec2(left0_0))"},
	{compute.Gemm{}, "sum3_0 += vec4", "sum3_0 = vec4"},
	{compute.Gemm{}, "As[a_at + ROW_A(7)", "As[a_at + ROW_A(3)"},
	{compute.Gemm{}, "Bs[b_at + ROW_B(4)", "Bs[b_at + ROW_B(0)"},
	{compute.Conv{}, "PAIR left0_0 = PAIR(0.0)", "PAIR left0_0 = PAIR(1.0)"},
	{compute.Hebbian{}, "rounded(fma(a, b, c))", "rounded(fma(a, b, -c))"},
}

// Bugs in reading halves from memory, in turning them into float32s and back, and in leaving them as they are.
var (
	f16Mutants = []mutant{
		{compute.Gemm{}, "unpacked(uvec2 four) { return vec4(unpackHalf2x16(four.x)", "unpacked(uvec2 four) { return vec4(unpackHalf2x16(four.y)"},
		{compute.Gemm{}, "(((i) & 1) << 4)", "0"},
		{compute.ConvInput{}, "#define READ_B(i) READ_F16(B, i)", "#define READ_B(i) READ_F16(B, (i) ^ 2)"},
		{compute.Conv{}, "#define READ_A(i) READ_F16(A, i)", "#define READ_A(i) READ_F16(A, (i) ^ 1)"},
		{compute.Hebbian{}, "#define READ_A(i) READ_F16(A, i)", "#define READ_A(i) READ_F16(A, (i) ^ 1)"},
	}
	naiveF16Mutants = []mutant{
		{compute.Gemm{}, "X[(i) >> 1]", "X[(i) / 2 + ((i) & 1)]"},
		{compute.Hebbian{}, "(((i) & 1) << 4)", "16"},
		{compute.Conv{}, "#define READ_B(i) READ_F16(B, i)", "#define READ_B(i) READ_F16(B, i + 1)"},
		{compute.Copy{}, "i + 1 < n ? Src[from + i + 1] : 0.0", "Src[from + i]"},
		{compute.Copy{}, "		if (i + 1 < n)\n", ""},
		{compute.Copy{}, "Src[from + i >> 1]", "Src[i >> 1]"},
		{compute.Copy{}, "v.y;", "v.x;"},
	}
	convertMutants = []mutant{
		{compute.Copy{}, "packHalf2x16((v).zw)", "packHalf2x16((v).xy)"},
		{compute.Copy{}, "unpackHalf2x16((w).y)", "unpackHalf2x16((w).x)"},
		{compute.Copy{}, "i += step", "i += n"},
		{compute.Copy{}, "Dst[to + i >> 2]", "Dst[i >> 2]"},
	}
	heldMutants = []mutant{
		{compute.Gemm{}, "(c) % 2 * 16", "16"},
		{compute.Gemm{}, "PICK(v2, c) << 16", "PICK(v1, c) << 16"},
		{compute.Gemm{}, "(v)[(c) / 2]", "(v)[0]"},
		{compute.Gemm{}, "#define HELD_B(i) B[i]", "#define HELD_B(i) B[i].yx"},
		{compute.Gemm{}, "#define HELD(v) KEPT(v)", "#define HELD(v) KEPT(v).yx"},
		{compute.Conv{}, "#define HELD_A(i) A[i]", "#define HELD_A(i) A[i].yx"},
		{compute.Hebbian{}, "#define HELD_B(i) B[i]", "#define HELD_B(i) B[i].yx"},
	}
)

// TestHalfMutants: the suite catches them.
func TestHalfMutants(t *testing.T) {
	twoRuns := halved(func(b *backend) { b.tiles, b.halfRun = []tile{{16, 32, 8, 4, 4, 1, 1}}, 4 })
	hunt(t, compute.Half, []ladder{
		{"half", "32x32", twoRuns, halfMutants},
		{"held", "", halved(func(b *backend) { b.tiles = smallTile }), heldMutants},
	})
	hunt(t, 0, []ladder{
		{"f16", "", func(b *backend) { b.tiles = smallTile }, f16Mutants},
		{"naive f16", "naive", func(*backend) {}, naiveF16Mutants},
		{"converted", "", func(b *backend) { b.align, b.maxGroups = 64, [3]int{1, 1, 1} }, convertMutants},
	})
}
