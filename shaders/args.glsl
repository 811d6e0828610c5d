// The arguments of every shader. gpu/args.go has the same struct; tests compare them.
//
// A tensor, or the window of one that this piece of an op needs, is known by its binding b:
// element [z, i, j] of it lies at AT(b, z, i) + j.
layout(std140, binding = 0) uniform Args {
	int m, n, k, batch;           // of this piece: rows, columns, terms of a sum, members
	int splits, slice;            // how many slices the terms are cut into, and their length
	int row0, col0, dep0;         // where in the whole this piece starts: row, column, term
	int wide;                     // from one width of a Gram to the next
	int widths, rounds;
	int act, grad, kind;          // compute.Act, compute.Act, compute.Kernel
	int bound;                    // bit b: there is a buffer at binding b
	float alpha, beta, lo, hi;
	ivec4 off[2], ld[2], skip[2]; // by binding: where it starts, from row to row, from member to member
	vec4 factor[4];               // by width; or the constants of a formula
	ivec4 image, slide;           // height and width of an image, and of its places; of the window, its stride, its pad
	ivec4 key;                    // of random numbers: the seed, the stream, the lower word first
	int lanes;                    // how many neighbours in memory a group takes at once
	int spread;                   // bit b: the columns of binding b are one
	int slot;                     // of folds: where the first slice is kept; of kernels: the rows before this op's first
	int chance;                   // of random numbers: the largest word that is a hit
	int channels;                 // of images under a window: how many of a pixel's numbers are terms
};
#define BOUND(b) ((bound >> (b) & 1) != 0)
#define SPREAD(b) ((spread >> (b) & 1) != 0)
#define AT(b, z, i) (off[(b) / 4][(b) % 4] + (z) * skip[(b) / 4][(b) % 4] + (i) * ld[(b) / 4][(b) % 4])
