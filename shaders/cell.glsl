// A CELL is the unit of results: one element or, with VEC, four neighbours of a row. GLSL's operators serve both; the
// other functions are here.
//
// below zeroes the elements right of the diagonal, col being the first column of v.
#ifdef VEC
#define CELL vec4
#define CELLS(i) ((i) >> 2)
const int CELL_WIDTH = 4;
bvec4 above0(vec4 v) { return greaterThan(v, vec4(0.0)); }
vec4 below(vec4 v, int row, int col) {
	return mix(vec4(0.0), v, lessThanEqual(ivec4(col, col + 1, col + 2, col + 3), ivec4(row)));
}
#else
#define CELL float
#define CELLS(i) (i)
const int CELL_WIDTH = 1;
bool above0(float v) { return v > 0.0; }
float below(float v, int row, int col) { return col <= row ? v : 0.0; }
#endif
