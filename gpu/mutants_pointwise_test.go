//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"testing"

	"hebb/compute"
)

// Mutants of the ops that are not products, by what they are run on.
var (
	naiveOpMutants = []mutant{
		{compute.Map{}, "row < m;", "row < m - 1;"},
		{compute.Reduce{}, "for (int p = first; p < end; p++)", "for (int p = first; p < end - 1; p++)"},
		{compute.Reduce{}, "	if (i >= m)\n		return;\n", ""},
		{compute.Standardize{}, "apart * apart * (p", "apart * (p"},
		{compute.Random{}, "[i % 4]", "[0]"},
		{compute.Random{}, "i = t % n", "i = t"},
		{compute.SoftmaxLoss{}, "base + y", "base"},
		{compute.Pool{}, "i < m;", "i < m - 1;"},
	}
	opMutants = []mutant{
		// map.comp
		{compute.Map{}, "row < m;", "row < m - 1;"},
		{compute.Map{}, "col < n;", "col < n - 1;"},
		{compute.Map{}, "high = 256 / lanes;", "high = 512 / lanes;"},
		{compute.Map{}, "formula(z, row, col, Out[at])", "formula(z, row, col, CELL(0.0))"},
		// formula.glsl and gpu/formula.go
		{compute.Map{}, "SPREAD((v) + 1) ? 0 : col", "col"},
		{compute.Map{}, "vec4(v[at & 3])", "vec4(v[0])"},
		{compute.Map{}, "one ? vec4(v[at & 3]) : v", "v"},
		{compute.Map{}, "AT((v) + 1, z, row)", "AT((v) + 1, z, 0)"},
		{compute.Map{}, "AT((v) + 1, z, row)", "AT((v) + 1, 0, row)"},
		{compute.Map{}, "factor[(c) / 4][(c) % 4]", "factor[0][(c) % 4]"},
		{compute.Map{}, "sqrt(max(v, CELL(0.0)))", "sqrt(v)"},
		{compute.Map{}, "above0(t", "above0(-t"},
		{compute.Map{}, "= log(t", "= log2(t"},
		{compute.Map{}, "= exp(t", "= exp2(t"},
		{compute.Map{}, "= min(t", "= max(t"},
		{compute.Map{}, "= -t", "= t"},
		// reduce.comp
		{compute.Hebbian{}, "INPUT(1)", "INPUT(0)"},            // gates
		{compute.Gram{}, "one(z, i, p, p)", "one(z, 0, p, p)"}, // norms
		{compute.Reduce{}, "p += 4 * many * STEP", "p += 8 * many * STEP"},
		{compute.Reduce{}, "p + q * many * STEP", "p + q * STEP"},
		{compute.Reduce{}, "				if (at < end)\n", ""},
		{compute.Reduce{}, "lane == 0 && i < m", "lane == 0"},
		{compute.Reduce{}, "vec4(0.0, 1.0, 2.0, 3.0)", "vec4(0.0, 1.0, 2.0, 2.0)"},
		{compute.Reduce{}, "lane = y, many = THREADS / lanes", "lane = y, many = THREADS"},
		{compute.Reduce{}, "i += x * WIDTH", "i += x"},
		{compute.StandardizeGrad{}, "Acc(CELL[](e, e * x))", "Acc(CELL[](e, x))"},
		{compute.StandardizeGrad{}, "Variance[CELLS(AT(5, z, 0) + col)] + lo", "Variance[CELLS(AT(5, z, 0) + col)]"},
		{compute.StandardizeGrad{}, "e = through(e, Y[CELLS(AT(3, z, row) + col)])", "e = e"},
		// fold.glsl
		{compute.Reduce{}, "a.v[0] + b.v[0]", "a.v[0] - b.v[0]"},
		{compute.Reduce{}, "LOWEST = -3.402823466e38", "LOWEST = 0.0"},
		{compute.Reduce{}, "at < by", "at > by"},
		{compute.Reduce{}, "v > w ||", ""},
		{compute.Reduce{}, "reach = many / 2", "reach = many / 4"},
		{compute.Reduce{}, "t + reach * step", "t + reach"},
		{compute.Reduce{}, "a.v[k].zwxy", "a.v[k].xyzw"},
		{compute.Reduce{}, "a.v[k].yxwz", "a.v[k].xyzw"},
		{compute.Reduce{}, "alpha * FIRST(", "FIRST("},
		{compute.Reduce{}, "beta * O[at]", "O[at]"},
		{compute.Reduce{}, "if (beta != 0.0)", ""},
		{compute.Reduce{}, "AT(0, z, 0) + i", "AT(0, 0, 0) + i"},
		{compute.Standardize{}, "p * (q / (p + q))", "p * q"},
		{compute.Standardize{}, "a.v[2] + b.v[2]", "a.v[2]"},
		{compute.Standardize{}, "dev += (a[q].v[1] - mean) * (a[q].v[1] - mean)", "dev = (a[q].v[1] - mean) * (a[q].v[1] - mean)"},
		{compute.Standardize{}, "		if (lead(a[q].v[0]) > 0.0)\n", ""},
		{compute.Standardize{}, "a.v[2] / n", "a.v[2] / (n - 1.0)"},
		{compute.Standardize{}, "hi * var", "alpha * var"},
		{compute.Standardize{}, "beta * RunMean[m]", "RunMean[m]"},
		{compute.StandardizeGrad{}, "AT(7, z, 1) + i", "AT(7, z, 0) + i"},
		{compute.StandardizeGrad{}, "= a.v[1];\n	DBias", "= a.v[0];\n	DBias"},
		// standardize.comp and standardizegrad.comp
		{compute.Standardize{}, "- mean) * scale", ") * scale"},
		{compute.Standardize{}, "* scale + bias", "* scale"},
		{compute.Standardize{}, "OF_COLUMN(Var, 3) + lo", "OF_COLUMN(Var, 3)"},
		{compute.Standardize{}, "activate(v)", "v"},
		{compute.Standardize{}, "row < m;", "row < m - 1;"},
		{compute.StandardizeGrad{}, "(e - bias)", "e"},
		{compute.StandardizeGrad{}, "- normal * gain", "+ normal * gain"},
		{compute.StandardizeGrad{}, "OF_COLUMN(S, 7, 1)", "OF_COLUMN(S, 7, 0)"},
		{compute.StandardizeGrad{}, "OF_COLUMN(S, 7, 0) * alpha", "OF_COLUMN(S, 7, 0)"},
		{compute.StandardizeGrad{}, "scale = OF_COLUMN(Gain, 6, 0) * inverse", "scale = inverse"},
		{compute.StandardizeGrad{}, "Y[CELLS(AT(3, 0, row)", "Y[CELLS(AT(3, 0, 0)"},
		// random.comp
		{compute.Random{}, "round < 10", "round < 9"},
		{compute.Random{}, "0xBB67AE85u", "0xBB67AE84u"},
		{compute.Random{}, "uint(key.w)", "uint(key.z)"},
		{compute.Random{}, "uint(i) / 4", "uint(i) / 8"},
		{compute.Random{}, "uint(i) / 4", "uint(t)"},
		{compute.Random{}, "uint(key.x) + part", "uint(key.x)"},
		{compute.Random{}, "seed < part ? 1u : 0u", "0u"},
		{compute.Random{}, "seed < part", "seed <= part"},
		{compute.Random{}, "blocks = (n + 3) / 4", "blocks = n / 4 + 1"},
		{compute.Random{}, "AT(0, 0, part) + i;", "AT(0, 0, 0) + i;"},
		{compute.Random{}, "q < min(4, n - i)", "q < 4"},
		{compute.Random{}, "(w >> 8) + 1u", "(w >> 8) + 2u"},
		{compute.Random{}, "3.3333331174e-1", "3.4e-1"},
		{compute.Random{}, "e * -2.12194440e-4", "e * 2.12194440e-4"},
		{compute.Random{}, "(quarter & 1) == 0", "(quarter & 1) != 0"},
		{compute.Random{}, "(quarter & 2) == 0", "(quarter & 2) != 0"},
		{compute.Random{}, "6.4596410e-1", "6.4597410e-1"},
		{compute.Random{}, "mix(vec4(0.0), vec4(beta)", "mix(vec4(beta), vec4(0.0)"},
		{compute.Random{}, "* beta + alpha", "* beta"},
		{compute.Random{}, "l < 0.0 ? sqrt(-2.0 * l) : 0.0", "sqrt(-l)"},
		// softmax.comp
		{compute.SoftmaxLoss{}, "place[t + reach] < place[t]", "place[t + reach] > place[t]"},
		{compute.SoftmaxLoss{}, "number(z, q) > v || at == n", "number(z, q) >= v"},
		{compute.SoftmaxLoss{}, "sum += exp(Logits[CELLS(AT(3, 0, row) + j)] - best)", "sum += exp(Logits[CELLS(AT(3, 0, row) + j)])"},
		{compute.SoftmaxLoss{}, "log(sum) + best", "log(sum)"},
		{compute.SoftmaxLoss{}, "&& l == floor(l)", ""},
		{compute.SoftmaxLoss{}, "l < float(n)", "l <= float(n)"},
		{compute.SoftmaxLoss{}, "one_at(own - j)", "one_at(own - j - 1)"},
		{compute.SoftmaxLoss{}, "own & (CELL_WIDTH - 1)", "0"},
		{compute.SoftmaxLoss{}, "alpha * p", "p"},
		{compute.SoftmaxLoss{}, "place[y * lanes] == own", "place[0] == own"},
		{compute.SoftmaxLoss{}, "part[t] += part[t + reach]", "part[t] = part[t + reach]"},
		{compute.SoftmaxLoss{}, "if (BOUND(2))", ""},
		// pool.comp and poolgrad.comp
		{compute.Pool{}, "r = max(0, -top)", "r = 0"},
		{compute.Pool{}, "s = max(0, -left)", "s = 0"},
		{compute.Pool{}, "min(slide.x, high - top)", "slide.x"},
		{compute.Pool{}, "min(slide.y, wide - left)", "slide.y"},
		{compute.Pool{}, "place % image.w * slide.z", "place % image.w"},
		{compute.Pool{}, "best = max(best, x)", "best = x"},
		{compute.Pool{}, "			if (first)\n				best = x;\n", ""},
		{compute.Pool{}, "alpha * sum", "sum"},
		{compute.PoolGrad{}, "above(x, best)", "above(best, x)"},
		{compute.PoolGrad{}, "which = CELL(r * slide.y + s)", "which = CELL(s)"},
		{compute.PoolGrad{}, "max(0, h - slide.x + stride)", "max(0, h - slide.x)"},
		{compute.PoolGrad{}, "min(w / stride, image.w - 1)", "w / stride"},
		{compute.PoolGrad{}, "w - q * stride", "w - q"},
		{compute.PoolGrad{}, "pixel % image.y + slide.w", "pixel % image.y"},
		{compute.PoolGrad{}, "(h - p * stride) * slide.y", "(h - p * stride) * slide.x"},
		{compute.PoolGrad{}, "alpha * sum", "sum"},
	}
	splitOpMutants = []mutant{
		{compute.Reduce{}, "min(k, (s + 1) * slice)", "min(k, (s + 1) * slice - 1)"},
		{compute.Reduce{}, "(slot + s) * PARTS", "slot * PARTS"},
		{compute.Reduce{}, "p < k; p += 4 * many", "p < k - 1; p += 4 * many"},
		{compute.Reduce{}, "part(z, i, slot + p", "part(z, i, p"},
		{compute.Reduce{}, "p + q * many < k", "p + q * many < k - 1"},
		{compute.Reduce{}, "(p * PARTS + j) * batch + z", "(p * PARTS + j) * batch"},
		{compute.Standardize{}, "(p * PARTS + j) * batch", "(p * PARTS) * batch"},
		{compute.StandardizeGrad{}, "(p * PARTS + j) * batch", "(p * PARTS) * batch"},
		{compute.Standardize{}, "if (BOUND(0))", "if (false)"},
	}
	walkOpMutants = []mutant{
		{compute.Map{}, "col += int(gl_NumWorkGroups.x) * lanes * CELL_WIDTH", "col += n"},
		{compute.Map{}, "row += int(gl_NumWorkGroups.y) * high", "row += m"},
		{compute.Map{}, "z += int(gl_NumWorkGroups.z)", "z += batch"},
		{compute.Reduce{}, "i += int(gl_NumWorkGroups.x) * results()", "i += m"},
		{compute.Random{}, "t += step", "t += m * blocks"},
		{compute.Standardize{}, "row += int(gl_NumWorkGroups.y) * high", "row += m"},
		{compute.StandardizeGrad{}, "row += int(gl_NumWorkGroups.y) * high", "row += m"},
		{compute.SoftmaxLoss{}, "base += int(gl_NumWorkGroups.x) * high", "base += m"},
		{compute.Pool{}, "i += int(gl_NumWorkGroups.y) * high", "i += m"},
		{compute.PoolGrad{}, "i += int(gl_NumWorkGroups.y) * high", "i += m"},
	}
	windowOpMutants = []mutant{
		{compute.Hebbian{}, "lane == 0 && dep0 > 0", "false"},
		{compute.Reduce{}, "lane == 0 && dep0 > 0", "false"},
		{compute.Reduce{}, "lane == 0 && dep0 > 0", "dep0 > 0"},
		{compute.Reduce{}, "CELL(dep0 + p)", "CELL(p)"},
		{compute.Reduce{}, "vec4(dep0 + p)", "vec4(p)"},
		{compute.Random{}, "uint(col0) + n", "n"},
		{compute.Pool{}, "row0 + i", "i"},
		{compute.PoolGrad{}, "row0 + i", "i"},
	}
)

// TestOpMutants is TestMutants for the ops that are not products.
func TestOpMutants(t *testing.T) {
	hunt(t, 0, []ladder{
		{"naive", "naive", func(*backend) {}, naiveOpMutants},
		{"auto", "", func(*backend) {}, opMutants},
		{"split", "", func(b *backend) { b.splits = 3 }, splitOpMutants},
		{"walk", "", func(b *backend) { b.maxGroups = [3]int{1, 1, 1} }, walkOpMutants},
		{"windows", "", func(b *backend) { b.maxBlock = 16 << 10 }, windowOpMutants},
	})
}
