// What becomes of each sum Σ_b y·x of a Hebbian: compute.Hebbian says it. W is read once and
// written once. alpha is Rate/n, and R holds a factor of it for each network or is not bound; beta is 1 − Decay. What is taken to be explained already is D·W,
// D holding Σ_b y·g of each unit, or V, holding Mask(YᵀG)·W; or neither is bound. A W that does not
// count is not read: it may hold anything.
layout(std430, binding = 0) restrict buffer W_ { CELL W[]; };
layout(std430, binding = 3) restrict readonly buffer D_ { float D[]; };
layout(std430, binding = 4) restrict readonly buffer V_ { CELL V[]; };
layout(std430, binding = 7) restrict readonly buffer R_ { float R[]; };

CELL old(int z, int row, int col) { return beta != 0.0 || BOUND(3) ? W[CELLS(AT(0, z, row) + col)] : CELL(0.0); }

void finish(int z, int row, int col, CELL acc, CELL w) {
	if (BOUND(3))
		acc -= D[AT(3, z, 0) + row] * w;
	if (BOUND(4))
		acc -= V[CELLS(AT(4, z, row) + col)];
	float rate = BOUND(7) ? alpha * R[AT(7, z, 0)] : alpha;
	CELL v = beta * w + rate * acc;
	if (lo < hi)
		v = min(max(v, CELL(lo)), CELL(hi));
	W[CELLS(AT(0, z, row) + col)] = v;
}
