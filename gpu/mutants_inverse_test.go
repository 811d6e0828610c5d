//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"testing"

	"hebb/compute"
	"hebb/compute/computetest"
)

var inverseMutants = []mutant{
	// inverse.comp
	{compute.Inverse{}, "a += alpha", "a += 0.5 * alpha"},
	{compute.Inverse{}, "if (i == j)\n", ""},
	{compute.Inverse{}, "i / BLOCK == j / BLOCK", "i / BLOCK == (j + 1) / BLOCK"},
	{compute.Inverse{}, "Info[AT(3, z, 0)] = 0.0", "Info[AT(3, z, 0)] = 1.0"},
	{compute.Inverse{}, "inside && j <= i ? Blocks[block] : 0.0", "inside && j < i ? Blocks[block] : 0.0"},
	{compute.Inverse{}, "Blocks[block] : 0.0", "Blocks[block] : 1.0"},
	{compute.Inverse{}, "AT(2, z, row) + j % BLOCK", "AT(2, z, row)"},
	{compute.Inverse{}, "	if (inside && j <= i)\n", ""},
	{compute.Inverse{}, "Info[AT(3, z, 0)] != 0.0", "Info[AT(3, z, 0)] == 0.0"},
	{compute.Inverse{}, "0x7fc00000u", "0u"},
	{compute.Inverse{}, "Mirror[AT(2, z, col) + row]", "In[AT(1, z, row) + col]"},
	{compute.Inverse{}, "z < batch;", "z < 1;"},
	{compute.Inverse{}, "row < m;", "row < m - 1;"},
	// inverseblock.comp
	{compute.Inverse{}, "&& Info[AT(3, z, 0)] == 0.0", ""},
	{compute.Inverse{}, "row0 + k + 1", "row0 + k"},
	{compute.Inverse{}, "row0 + k + 1", "k + 1"},
	{compute.Inverse{}, "x == k ? root", "x == k ? pivot"},
	{compute.Inverse{}, "L[x][k] / root", "L[x][k]"},
	{compute.Inverse{}, "L[i][x] -= L[i][k] * L[x][k]", "L[i][x] += L[i][k] * L[x][k]"},
	{compute.Inverse{}, "x > k && x <= i", "x > k && x < i"},
	{compute.Inverse{}, "i = k + 1 + y", "i = k + 2 + y"},
	{compute.Inverse{}, "k = j; k < i; k++", "k = j + 1; k < i; k++"},
	{compute.Inverse{}, "s / L[i][i]", "s"},
	{compute.Inverse{}, "N[i][j] = 0.0lf", "N[i][j] = 1.0lf"},
	{compute.Inverse{}, "k = max(i, x); k < m", "k = max(i, x) + 1; k < m"},
	{compute.Inverse{}, "k = max(i, x); k < m", "k = max(i, x); k < m - 1"},
	{compute.Inverse{}, "		if (y == 0 && x < m)\n			invert", "		if (y == 0 && x < m - 1)\n			invert"},
	{compute.Inverse{}, "barrier(); // all have read it", "Info[AT(3, z, 0)] = 1.0;"},
	// terms that products skip
	{compute.Inverse{}, "row0 + row + BM - dep0", "row0 + row - dep0"},
	{compute.Inverse{}, "v += beta * was", "v += 0.0"},
}

func TestInverseMutants(t *testing.T) {
	hunt(t, 0, []ladder{
		{"tiled", "32x32", func(b *backend) { b.tiles = smallTile }, inverseMutants},
		{"walk", "32x32", func(b *backend) { b.tiles, b.maxGroups = smallTile, [3]int{1, 1, 1} }, []mutant{
			{compute.Inverse{}, "row += int(gl_NumWorkGroups.y) * 4", "row += m"},
			{compute.Inverse{}, "barrier(); // all have done with this member", "return;"},
		}},
		{"windows", "32x32", func(b *backend) { b.tiles, b.maxBlock = smallTile, 32<<10 }, []mutant{
			{compute.Inverse{}, "row0 + row, col0 + col", "row, col"},
		}},
	})
}

// TestInverseOfPowersOfTwo: of blocks and their remainder.
func TestInverseOfPowersOfTwo(t *testing.T) { computetest.InverseOfPowersOfTwo(t, opened(t), 70) }
