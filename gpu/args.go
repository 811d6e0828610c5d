package gpu

// args is the uniform block of shaders/args.glsl, laid out by std140: tests compare the two.
type args struct {
	M, N, K, Batch      int32 // of this piece: rows, columns, terms of a sum, members
	Splits, Slice       int32 // how many slices the terms are cut into, and their length
	Row0, Col0, Dep0    int32 // where in the whole this piece starts: row, column, term
	Wide                int32 // from one width of a Gram to the next
	Widths, Rounds      int32
	Act, Grad, Kind     int32 // compute.Act, compute.Act, compute.Kernel
	Bound               int32 // bit b: there is a buffer at binding b
	Alpha, Beta, Lo, Hi float32
	Off, Ld, Skip       [bindings / 4][4]int32 // by binding: where it starts, from row to row, from member to member
	Factor              [2][4]float32          // by width
}

// bindings is how many buffers a shader sees at most. OpenGL 4.3 promises 8.
const bindings = 8
