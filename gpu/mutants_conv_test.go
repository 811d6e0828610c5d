//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"errors"
	"testing"

	"hebb/compute"
)

// Mutants of the parts of Conv, ConvInput and Hebbian of images that a product of matrices lacks.
var (
	patchMutants = []mutant{
		{compute.Conv{}, "at.x < uint(image.x)", "at.x <= uint(image.x)"}, // the border is not 0
		{compute.Conv{}, "at.y < uint(image.y)", "at.y < uint(image.x)"},
		{compute.ConvInput{}, "at.x < uint(image.x)", "true"},
		{compute.Hebbian{}, "at.y < uint(image.y)", "true"},
		{compute.Conv{}, "corner = ivec2(-slide.w)", "corner = ivec2(1 - slide.w)"},
		{compute.Hebbian{}, "corner = ivec2(-slide.w)", "corner = ivec2(0)"},
		{compute.Conv{}, "stride = slide.z;", "stride = 1;"},
		{compute.Conv{}, "window = slide.xy;", "window = slide.yx;"},
		{compute.Hebbian{}, "places = image.zw;", "places = image.wz;"},
		{compute.Conv{}, "tap.x * image.y + tap.y", "tap.y * image.y + tap.x"}, // r and s exchanged
		{compute.Conv{}, "ld[SEEN / 4][SEEN % 4] + tap.z", "ld[SEEN / 4][SEEN % 4]"},
		{compute.Conv{}, "(place.x * image.x + at.x)", "(at.x)"}, // all images are the first
		{compute.ConvInput{}, "slide.z * (window - 1 - tap.xy)", "slide.z * tap.xy"},
		{compute.ConvInput{}, "(at.x * slide.y + at.y) * n", "(at.x * slide.x + at.y) * n"},
		{compute.ConvInput{}, "- window + 1;", "- window;"},
		{compute.ConvInput{}, "- slide.w) % slide.z", ") % slide.z"},
		{compute.ConvInput{}, "(phase + slide.w - tap0) / slide.z", "(slide.w - tap0) / slide.z"},
		{compute.ConvInput{}, "slide.xy - tap0 + slide.z - 1", "slide.xy + slide.z - 1"},
		{compute.ConvInput{}, "(image.zw - 1) / slide.z + 1", "image.zw / slide.z"},
		{compute.ConvInput{}, "p.yz * slide.z + phase", "p.yz * slide.z"},
		{compute.ConvInput{}, "at.y < image.w ?", "true ?"}, // a pixel of the next row
		{compute.Hebbian{}, "return beta != 0.0 || BOUND(3) ?", "return true ?"},
	}
	tiledPatchMutants = []mutant{
		{compute.Conv{}, "		a.z -= radix.y;\n		a.y++;\n", "		a.z -= radix.y;\n"},
		{compute.Hebbian{}, "		a.y -= radix.x;\n		a.x++;\n", "		a.y -= radix.x;\n"},
		{compute.Conv{}, "pace = digits(BK, radix)", "pace = ivec3(0, 0, BK)"},
		{compute.ConvInput{}, "pace = digits(BK, radix)", "pace = digits(BK / 2, radix)"},
		{compute.Hebbian{}, "pace = digits(BK, radix)", "pace = digits(BK + 1, radix)"},
		{compute.Conv{}, "l % (BK / 4) : (l - QA) / (BN / 4)", "0 : (l - QA) / (BN / 4)"},
		{compute.ConvInput{}, "l % (BK / 4) : (l - QA) / (BN / 4)", "l % (BK / 4) : (l - QA) % (BN / 4)"},
		{compute.Hebbian{}, "dep0 + p + (l - QA) / (BN / 4) * 4", "dep0 + p"},
		{compute.Hebbian{}, "col + (l - QA) % (BN / 4) * 4", "col"},
		{compute.Conv{}, "spot2_0 = spot(place + 1)", "spot2_0 = spot(place)"},
		{compute.Conv{}, "v3 = seen(spot3, tap)", "v3 = seen(spot2, tap)"},
		{compute.Conv{}, "tap = plus(tap, ivec3(0, 0, 1), ivec2(window.y, channels))", "tap.z++"},
		{compute.Conv{}, "HELD_IMAGES(address(first, tap) >> 2)", "HELD_IMAGES(address(first, tap - tap.z % 8) >> 2)"},
		{compute.Hebbian{}, "place = plus(place, ivec3(0, 0, 1), places)", "place.z++"},
		{compute.ConvInput{}, "tap = plus(tap, ivec3(0, 0, 1), radix)", "tap.z++"},
		{compute.ConvInput{}, "tap.z++; // four", "// four"},
	}
	shortcutMutants = []mutant{
		{compute.Conv{}, "(1u << to.y) - (1u << from.y)", "(1u << to.y) - 1u"},
		{compute.Conv{}, "across << (r * window.y)", "across << r"},
		{compute.Conv{}, "max(-first, ivec2(0))", "ivec2(0)"},
		{compute.ConvInput{}, "min(image.xy - first, window)", "window"},
		{compute.Conv{}, "(tap.z += BK) == channels", "(tap.z += BK) > channels"},
		{compute.ConvInput{}, "++tap.y == window.y", "++tap.y > window.y"},
		{compute.Conv{}, "HELD_IMAGES(spot3 + off)", "HELD_IMAGES(spot2 + off)"},
		{compute.ConvInput{}, "HELD_B(at + 2 * step)", "HELD_B(at + step)"},
		{compute.ConvInput{}, "tap + ivec3(0, 0, channel)", "tap"},
		{compute.Hebbian{}, "uint(x + 2 * stride) <", "uint(x) <"},
		{compute.Hebbian{}, "HELD_IMAGES(at + 3 * step)", "HELD_IMAGES(at + 2 * step)"},
		{compute.Hebbian{}, "uint(first.x + tap.x) < uint(image.x)", "true"},
	}
	splitPatchMutants = []mutant{
		{compute.ConvInput{}, "finish(0, to, col, acc, old(0, to, col))", "finish(z, row, col, acc, old(z, row, col))"},
		{compute.ConvInput{}, "if (to >= 0)", "to = max(to, 0);"},
		{compute.Conv{}, "aim(z, row, col, first)", "aim(z, row, col, 0)"},
		{compute.Hebbian{}, "aim(z, row, col, first)", "aim(z, row, col, 0)"},
	}
	windowPatchMutants = []mutant{
		{compute.Conv{}, "row0 + place, places", "place, places"},
		{compute.ConvInput{}, "digits(row0 + i, places)", "digits(i, places)"},
		{compute.Hebbian{}, "dep0 + p + (l - QA)", "p + (l - QA)"},
		{compute.ConvInput{}, "terms = window.x * window.y * channels", "terms = window.x * window.y * image.x"},
	}
)

// TestPatchMutants: the suite catches the first three lists, the layers the last two.
func TestPatchMutants(t *testing.T) {
	hunt(t, 0, []ladder{
		{"naive", "naive", func(*backend) {}, patchMutants},
		{"tiled", "64x32", func(*backend) {}, tiledPatchMutants},
		{"split", "32x32", func(b *backend) { b.tiles, b.splits = smallTile, 3 }, splitPatchMutants},
	})
	for _, way := range []ladder{
		{"shortcuts", "64x32", func(*backend) {}, shortcutMutants},
		{"windows", "32x32x32/4x4/1", func(b *backend) { b.maxBlock = 8 << 10 }, windowPatchMutants},
	} {
		t.Run(way.name, func(t *testing.T) {
			for _, m := range way.mutants {
				_, err := verified(with(way.rung, func(b *backend) {
					way.set(b)
					b.source = m.source
				}), ofLayers(m.op))
				if !errors.Is(err, compute.ErrWrong) {
					t.Errorf("%v: %v", m, err)
				}
			}
		})
	}
}
