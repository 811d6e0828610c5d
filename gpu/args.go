package gpu

// args is the uniform block of shaders/args.glsl, laid out by std140: tests compare the two.
type args struct {
	M, N, K, Batch      int32 // of this piece: rows, columns, terms of a sum, members
	Splits, Slice       int32 // the number of slices of the terms, and their length
	Row0, Col0, Dep0    int32 // where this piece starts in the whole: row, column, term
	Wide                int32 // from one width of a Gram to the next
	Widths, Rounds      int32
	Act, Grad, Kind     int32 // compute.Act, compute.Act, compute.Kernel
	Bound               int32 // bit b: there is a buffer at binding b
	Alpha, Beta, Lo, Hi float32
	Off, Ld, Skip       [bindings / 4][4]int32 // by binding: offset, and strides from row to row and from member to member
	Factor              [4][4]float32          // by width; or the constants of a formula
	Image, Slide        [4]int32               // height and width of an image, and of its positions; of the window, its stride, its pad
	Key                 [4]int32               // of random numbers: the seed, the stream, the lower word first
	Lanes               int32                  // the number of neighbours in memory that a group takes at once
	Spread              int32                  // bit b: one column of binding b serves all
	Slot                int32                  // of folds: where the first slice is kept; of kernels: the rows before this op's first
	Chance              int32                  // of random numbers: the largest word that is a hit
	Channels            int32                  // of images under a window: the number of a pixel's channels that are terms
}

// bindings is the largest number of buffers of a shader: OpenGL 4.3 guarantees 8.
const bindings = 8
