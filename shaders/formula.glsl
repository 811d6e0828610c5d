// A pointwise formula: FORMULA is its text, as gpu/formula.go prints it, of VARS inputs, which are bound from 1 on. An
// input is read over its domain by its own strides; where SPREAD, one number serves all columns.
//
// An op that reads inputs in another way has defined INPUT.
//
// "precise" keeps the order of operations from which the error bound of a formula follows.
#ifndef INPUT
layout(std430, binding = 1) restrict readonly buffer In_ { CELL x[]; } In[VARS];
#define FIRST_OF(v) AT((v) + 1, z, row)
#define INPUT(v) pick(In[v].x[CELLS(FIRST_OF(v) + (SPREAD((v) + 1) ? 0 : col))], SPREAD((v) + 1), FIRST_OF(v))
#endif
#define CONSTANT(c) CELL(factor[(c) / 4][(c) % 4])

// pick returns the current columns' numbers in a cell of memory: one number of it, if one serves all.
float pick(float v, bool one, int at) { return v; }
vec4 pick(vec4 v, bool one, int at) { return one ? vec4(v[at & 3]) : v; }

CELL root(CELL v) { return sqrt(max(v, CELL(0.0))); }

// formula is its value at [z, row, col] of the domain, where the output has the old value old.
CELL formula(int z, int row, int col, CELL old) { FORMULA }
