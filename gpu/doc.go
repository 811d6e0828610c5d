// Package gpu runs ops as OpenGL 4.3 compute shaders.
//
// # Plan first, dispatch after
//
// An op becomes a plan: a list of dispatches, each a specialised shader with its arguments, its windows of memory and
// its grid. Planning is pure and knows no OpenGL; the code that runs a plan knows no op. All OpenGL is in gpu.go,
// thread.go, state.go, context*.go, buffer.go, program.go, ring.go, uniform.go, transfer.go, timer.go and probe_gl.go:
// one goroutine, locked to its OS thread, owns the context for life, and commands reach it through a bounded queue.
// Planning takes longer than running a small op, so plans are cached by the op's fields and the addresses of its
// tensors (memo.go). A barrier comes only before an access that conflicts with one since the last barrier: a read after
// a write, or a write after either (hazard.go).
//
// # Memory that both sides see
//
// Where the driver maps memory persistently (OpenGL 4.4, ARB_buffer_storage), arguments are written where shaders read
// them, and transfers go through rings in pieces (ring.go), which the caller and the device copy at the same time;
// tensors then lie in memory that nobody can map. Elsewhere both go by call.
//
// # The ladder
//
// Every kernel has a naive rung, one thread an element, kept for ever as the reference for the others. Gemm, Hebbian
// and Gram share one tiled product (shaders/tile.glsl): a group makes a tile of C, a thread several 4×4 blocks of it in
// registers; slices of A and B pass through shared memory, read from memory four numbers at a time where offsets and
// rows allow, and the next slices are on their way while the current ones are multiplied. The tile shape, and whether
// the sums are cut into pieces (split-K), are the best ones measured on the device (learn.go, tuner.go; the folder
// tuning ships) or those chosen by a model of time: see tile.go. A software renderer has two tiles to choose from,
// since it compiles for longer than it computes.
//
// The function that an op applies to each sum is written once, in the file that both rungs include: epilogue.glsl,
// rule.glsl (Hebbian), kernel.glsl (Gram).
//
// # Convolutions
//
// Conv, ConvInput and Hebbian of images are the same product: a loader of A or B finds the pixel where a matrix would
// have an element, so that no patch is stored (shaders/patches.glsl, images.go). A thread advances its position by
// adding digits in mixed radix, without a division; where channels or rows of positions are multiples of the slice or
// block, more simply still (sliding.glsl). A ConvInput of a stride above 1 is as many convolutions of stride 1 as there
// are phases of a pixel modulo the stride, in one dispatch, without superfluous multiplications. A window of one pixel
// with stride 1 is a plain product. Where an op has leeway for it, a 3×3 window may be 16 plain products of Winograd's
// transforms of weights and images (winograd.go).
//
// # Folds and formulas
//
// Sums, maxima, statistics and the means of other ops are one kernel (shaders/reduce.comp): a group's threads lie as
// memory does, each folds some terms, and their partial results merge in a fixed tree. If the results are so few, of
// many terms, that processors would be idle, the terms are cut into slices, which a second dispatch merges
// (gather.comp). A formula is printed as GLSL (formula.go) and is part of a kernel's key; its constants are arguments.
//
// # Sizes
//
// Kernels take every size. Operands beyond GL_MAX_SHADER_STORAGE_BLOCK_SIZE are cut into pieces that fit (window.go),
// and kernels walk grids beyond the limit; of images, the rows under one window must fit. There are no float atomics,
// and every sum has a fixed order: the same inputs give the same bits on one device.
//
// # Errors
//
// An immediate failure (an allocation, a shader that does not compile: the driver's log is the error) is returned and
// not kept. A later failure, in a queued command, is kept for ever: every later Sync and Read returns the first one.
// The error of a context that was reset says so.
package gpu
