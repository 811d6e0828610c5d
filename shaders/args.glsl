// The arguments of every shader. gpu/args.go has the same struct; tests compare them.
//
// The binding b of a tensor, or of the window of one that this piece of an op needs, identifies it: its element [z, i,
// j] lies at AT(b, z, i) + j.
layout(std140, binding = 0) uniform Args {
	int m, n, k, batch;           // of this piece: rows, columns, terms of a sum, members
	int splits, slice;            // the number of slices of the terms, and their length
	int row0, col0, dep0;         // where this piece starts in the whole: row, column, term
	int wide;                     // from one width of a Gram to the next
	int widths, rounds;
	int act, grad, kind;          // compute.Act, compute.Act, compute.Kernel
	int bound;                    // bit b: there is a buffer at binding b
	float alpha, beta, lo, hi;
	ivec4 off[2], ld[2], skip[2]; // by binding: offset, and strides from row to row and from member to member
	vec4 factor[4];               // by width; or the constants of a formula
	ivec4 image, slide;           // height and width of an image, and of its positions; of the window, its stride, its pad
	ivec4 key;                    // of random numbers: the seed, the stream, the lower word first
	int lanes;                    // the number of neighbours in memory that a group takes at once
	int spread;                   // bit b: one column of binding b serves all
	int slot;                     // of folds: where the first slice is kept; of kernels: the rows before this op's first
	int chance;                   // of random numbers: the largest word that is a hit
	int channels;                 // of images under a window: the number of a pixel's channels that are terms
};
#define BOUND(b) ((bound >> (b) & 1) != 0)
#define SPREAD(b) ((spread >> (b) & 1) != 0)
#define AT(b, z, i) (off[(b) / 4][(b) % 4] + (z) * skip[(b) / 4][(b) % 4] + (i) * ld[(b) / 4][(b) % 4])
