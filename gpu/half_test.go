//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"fmt"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/compute/computetest"
)

// halfOps are the ops that half precision is for.
var halfOps = []compute.Op{compute.Gemm{}, compute.Hebbian{}, compute.Conv{}, compute.ConvInput{}}

// halved is set, on a backend that has half precision: emulated, whatever the driver has.
func halved(set func(*backend)) func(*backend) {
	return func(b *backend) {
		b.halves = emulated
		set(b)
	}
}

// TestHalf: with half precision allowed, products are within its bound with one run of terms in a slice and with
// several. A software OpenGL compiles for seconds what it takes to emulate half precision, so these are few cases.
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
			cases, err := computetest.CasesOf(op, computetest.Quick)
			if err != nil {
				t.Fatal(err)
			}
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

// halfMutants are bugs in what half precision alone has.
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

// TestHalfMutants: the suite sees them.
func TestHalfMutants(t *testing.T) {
	twoRuns := halved(func(b *backend) { b.tiles, b.halfRun = []tile{{16, 32, 8, 4, 4, 1, 1}}, 4 })
	hunt(t, compute.Half, []ladder{{"half", "32x32", twoRuns, halfMutants}})
}
