//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"testing"

	"hebb/compute"
)

// Mutants of Winograd's transforms, as they are unrolled.
var (
	transformMutants = []mutant{
		// winograd.glsl
		{compute.Conv{}, "(image.zw + 1) / 2", "max(image.zw / 2, 1)"},
		{compute.Conv{}, "tile / tiles.y / tiles.x,", "0,"}, // all images are the first
		{compute.ConvInput{}, "tile / tiles.y % tiles.x * 2", "tile / tiles.x % tiles.x * 2"},
		{compute.ConvInput{}, "tile % tiles.y * 2", "tile % tiles.y"},
		{compute.Conv{}, "row < m; row += int(gl_NumWorkGroups.y) * high", "row < m - 1; row += int(gl_NumWorkGroups.y) * high"},
		{compute.Conv{}, "col < n; col += int(gl_NumWorkGroups.x) * lanes", "col < n - 1; col += int(gl_NumWorkGroups.x) * lanes"},
		{compute.ConvInput{}, "int(gl_WorkGroupID.y) * high + y", "y"},
		{compute.Conv{}, "(int(gl_WorkGroupID.x) * lanes + x) * CELL_WIDTH", "x * CELL_WIDTH"},
		// winogradimages.comp
		{compute.Conv{}, "uint(at.y) < uint(image.x)", "at.y < image.x"},
		{compute.Conv{}, "uint(at.y) < uint(image.x)", "uint(at.y) <= uint(image.x)"},
		{compute.ConvInput{}, "uint(at.z) < uint(image.y)", "true"},
		{compute.ConvInput{}, "uint(at.z) < uint(image.y)", "uint(at.z) < uint(image.x)"},
		{compute.Conv{}, "+ c)] : CELL(0.0)", "+ c)] : CELL(1.0)"},
		{compute.Conv{}, "(at.x * image.x + at.y) * image.y", "at.y * image.y"},
		{compute.Conv{}, "(at.x * image.x + at.y) * image.y", "(at.x * image.x + at.y) * image.x"},
		{compute.Conv{}, "ivec3(0, slide.w, slide.w)", "ivec3(0, slide.w, 1)"},
		{compute.ConvInput{}, "ivec3(0, slide.w, slide.w)", "ivec3(0, 1, slide.w)"},
		{compute.Conv{}, "d12 = pixel(at + ivec3(0, 1, 2), c)", "d12 = pixel(at + ivec3(0, 2, 1), c)"},
		{compute.Conv{}, "t01 = d01 - d21", "t01 = d01 + d21"},
		{compute.Conv{}, "t12 = d12 + d22", "t12 = d12 - d22"},
		{compute.Conv{}, "t20 = d20 - d10", "t20 = d10 - d20"},
		{compute.Conv{}, "t33 = d13 - d33", "t33 = d13"},
		{compute.ConvInput{}, "v10 = t10 - t12", "v10 = t10 + t12"},
		{compute.ConvInput{}, "v21 = t21 + t22", "v21 = t21 - t22"},
		{compute.ConvInput{}, "v02 = t02 - t01", "v02 = t01 - t02"},
		{compute.ConvInput{}, "v33 = t31 - t33", "v33 = t31"},
		{compute.Conv{}, "V[CELLS(AT(0, 2 * 4 + 1, tile) + c)] = v21", "V[CELLS(AT(0, 2 * 4 + 1, tile) + c)] = v12"},
		// winogradweights.comp
		{compute.ConvInput{}, "tap = 8 - tap;", ""},
		{compute.Conv{}, "unit * 9 + tap", "unit * 8 + tap"},
		{compute.Conv{}, "g12 = weight(unit, 5, c)", "g12 = weight(unit, 7, c)"},
		{compute.Conv{}, "s1 = g01 + g21", "s1 = g01 - g21"},
		{compute.Conv{}, "t00 = g00", "t00 = g20"},
		{compute.Conv{}, "t12 = 0.5 * (s2 + g12)", "t12 = 0.5 * s2"},
		{compute.Conv{}, "t20 = 0.5 * (s0 - g10)", "t20 = 0.5 * (s0 + g10)"},
		{compute.Conv{}, "t31 = g21", "t31 = g01"},
		{compute.ConvInput{}, "s = t10 + t12", "s = t10 - t12"},
		{compute.ConvInput{}, "u1 = 0.5 * (s + t21)", "u1 = s + t21"},
		{compute.ConvInput{}, "u2 = 0.5 * (s - t01)", "u2 = 0.5 * (t01 - s)"},
		{compute.ConvInput{}, "U[CELLS(AT(0, 1 * 4, unit) + c)] = t10", "U[CELLS(AT(0, 1 * 4, unit) + c)] = t12"},
		{compute.Conv{}, "U[CELLS(AT(0, 2 * 4 + 1, unit) + c)] = u1", "U[CELLS(AT(0, 2 * 4 + 1, unit) + c)] = u2"},
		{compute.Conv{}, "U[CELLS(AT(0, 3 * 4 + 2, unit) + c)] = u2", "U[CELLS(AT(0, 2 * 4 + 3, unit) + c)] = u2"},
		{compute.Conv{}, "U[CELLS(AT(0, 0 * 4 + 3, unit) + c)] = t02", "U[CELLS(AT(0, 0 * 4 + 3, unit) + c)] = t00"},
		// winogradsums.comp
		{compute.Conv{}, "at.y < image.z && at.z < image.w", "at.y < image.z"},
		{compute.ConvInput{}, "at.y < image.z && at.z < image.w", "at.z < image.w"},
		{compute.Conv{}, "(at.x * image.z + at.y) * image.w + at.z", "(at.x * image.z + at.y) * image.z + at.z"},
		{compute.ConvInput{}, "finish(0, row, unit, acc, old(0, row, unit))", "finish(0, row, unit, acc, CELL(0.0))"},
		{compute.Conv{}, "m12 = M[CELLS(AT(1, 1 * 4 + 2, tile) + unit)]", "m12 = M[CELLS(AT(1, 2 * 4 + 1, tile) + unit)]"},
		{compute.Conv{}, "t01 = (m01 + m11) + m21", "t01 = (m01 + m11) - m21"},
		{compute.Conv{}, "t12 = (m12 - m22) - m32", "t12 = (m12 + m22) - m32"},
		{compute.Conv{}, "t13 = (m13 - m23) - m33", "t13 = (m13 - m23) + m33"},
		{compute.ConvInput{}, "y00 = (t00 + t01) + t02", "y00 = (t00 + t01)"},
		{compute.ConvInput{}, "y10 = (t10 + t11) + t12", "y10 = (t10 - t11) + t12"},
		{compute.ConvInput{}, "y01 = (t01 - t02) - t03", "y01 = (t01 - t02) + t03"},
		{compute.ConvInput{}, "y11 = (t11 - t12) - t13", "y11 = (t12 - t11) - t13"},
		{compute.Conv{}, "store(at + ivec3(0, 1, 0), unit, y10)", "store(at + ivec3(0, 0, 1), unit, y10)"},
		{compute.ConvInput{}, "store(at + ivec3(0, 1, 1), unit, y11)", "store(at + ivec3(0, 1, 1), unit, y10)"},
	}
	transformWalkMutants = []mutant{
		{compute.Conv{}, "row += int(gl_NumWorkGroups.y) * high", "row += m"},
		{compute.Conv{}, "col += int(gl_NumWorkGroups.x) * lanes * CELL_WIDTH", "col += n"},
	}
)

// TestTransformMutants: the suite catches them all.
func TestTransformMutants(t *testing.T) {
	hunt(t, compute.Winograd, []ladder{
		{"naive", "naive", func(b *backend) { b.winograd = true }, transformMutants},
		{"walk", "naive", func(b *backend) { b.winograd, b.maxGroups = true, [3]int{1, 1, 1} }, transformWalkMutants},
	})
}
