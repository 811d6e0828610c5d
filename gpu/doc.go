// Package gpu runs ops as OpenGL 4.3 compute shaders.
//
// # Plan first, dispatch after
//
// An op becomes a plan: a list of dispatches, each a specialised shader with its arguments, the
// windows of memory it is bound to and its grid. Planning is pure and knows no OpenGL; what runs
// a plan knows no op. All OpenGL is in gpu.go, thread.go, state.go, context*.go, buffer.go, program.go,
// ring.go, uniform.go, transfer.go, timer.go and probe_gl.go:
// one goroutine, locked to its OS thread, owns the context for life, and commands reach it through
// a bounded queue. Planning takes longer than a small op does, so plans are remembered by what an op says
// and where its tensors lie (memo.go). A barrier comes only before what touches numbers that were written, or writes
// numbers that were touched, since the last one (hazard.go).
//
// # Memory that both sides see
//
// Where the driver maps memory for good (OpenGL 4.4, ARB_buffer_storage), arguments are written where shaders read
// them, and transfers go through rings in pieces (ring.go), which the caller and the device copy at the same time;
// tensors then lie in memory that nobody can map. Elsewhere both go by call.
//
// # The ladder
//
// Every kernel has a naive rung, one thread an element, kept for ever: it is what the others are
// held against. Gemm, Hebbian and Gram share one tiled product (shaders/tile.glsl): a group
// makes a tile of C, a thread several 4×4 blocks of it in registers; slices of A and B pass
// through shared memory, read from memory four numbers at a time where offsets and rows
// allow, and the next slices are on their way while the current ones are multiplied. Which of
// several tile shapes, and whether the sums are cut into pieces (split-K), is what was found best on the
// device (learn.go, tuner.go; the folder tuning ships) or what a model of time decides: see tile.go. A renderer in
// software has two tiles to choose from, since it compiles for longer than it computes.
//
// What an op does with each sum is written once, in the file that both rungs include:
// epilogue.glsl, rule.glsl (Hebbian), kernel.glsl (Gram).
//
// # Convolutions
//
// Conv, ConvInput and Hebbian of images are the same product: a loader of A or B finds the pixel where a matrix
// would have an element, so that no patch is stored (shaders/patches.glsl, images.go). What a thread loads
// advances by adding digits in mixed radix, without a division; where channels or rows of places are multiples of what a
// slice or a block has, by less than that (sliding.glsl). A ConvInput of a stride above 1 is as
// many convolutions of stride 1 as there are phases of a pixel modulo the stride, in one dispatch, and
// multiplies nothing that is not wanted. A window of one pixel that stops at each is a plain product. Where an op has leeway for
// it, a window of 3×3 may be 16 plain products of what Winograd's transforms make of weights and images (winograd.go).
//
// # Folds and formulas
//
// Sums, maxima, statistics and the means of other ops are one kernel (shaders/reduce.comp): a group's
// threads lie as memory does, each folds some terms, and what they have merges in a fixed tree. So few
// results of many terms that processors would be idle are cut into slices, which a second dispatch
// merges (gather.comp). A formula is printed as GLSL (formula.go) and is part of a kernel's key; its constants
// are arguments.
//
// # Sizes
//
// Kernels take every size. What exceeds GL_MAX_SHADER_STORAGE_BLOCK_SIZE is cut into pieces that fit
// (window.go), what exceeds the grid is walked; of images, the rows that one window sees must fit.
// There are no float atomics, and every sum has a fixed order: the same inputs give the same bits on
// one device.
//
// # Errors
//
// What fails now (an allocation, a shader that does not compile: the driver's log is the error)
// is returned and not kept. What fails later, in a queued command, is kept for ever: the first
// failure is what every later Sync and Read returns. A context that was reset says so.
package gpu
