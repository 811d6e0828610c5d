// The common part of the three transforms of Winograd's F(2×2, 3×3) (compute.Winograd has the matrices). Member 4·i + j
// of a batch is row i and column j of the 4×4 products of every tile. Tiles are 2×2 neighbours of a result of image.zw
// rows and columns, counted across, down and from image to image; tiles at the far edges may have only a row or a
// column of it.
#include "args.glsl"
#include "cell.glsl"
layout(local_size_x = 256) in;

// first is the image, the row and the column of the first of a tile's 2×2.
ivec3 first(int tile) {
	ivec2 tiles = (image.zw + 1) / 2;
	return ivec3(tile / tiles.y / tiles.x, tile / tiles.y % tiles.x * 2, tile % tiles.y * 2);
}

void transform(int row, int col);

// A group is lanes cells of as many rows as it has threads for.
void main() {
	int x = int(gl_LocalInvocationIndex) & (lanes - 1), y = int(gl_LocalInvocationIndex) / lanes, high = 256 / lanes;
	for (int row = int(gl_WorkGroupID.y) * high + y; row < m; row += int(gl_NumWorkGroups.y) * high)
		for (int col = (int(gl_WorkGroupID.x) * lanes + x) * CELL_WIDTH; col < n; col += int(gl_NumWorkGroups.x) * lanes * CELL_WIDTH)
			transform(row, col);
}
