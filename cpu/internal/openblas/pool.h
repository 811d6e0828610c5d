#include <stdint.h>

// A product is C ← α·op(A)·op(B) + β·C for a batch of row-major matrices, computed tile by tile of C.
typedef struct {
	int transA, transB;
	int batch, m, n, k;
	int rows, cols; // of a tile
	int lda, ldb, ldc;
	int64_t stepA, stepB, stepC; // from one matrix of the batch to the next
	float alpha, beta;
} product;

// multiply computes p on the calling thread and at most cores-1 others.
void multiply(const product *p, const float *a, const float *b, float *c, int cores);
