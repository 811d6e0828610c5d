#include "textflag.h"

// HALVES makes float32s of the 4 float16s in the lower half of Vn, HALVES2 of those in the upper half (FCVTL, FCVTL2).
#define HALVES(n, d)  WORD $(0x0E217800 | (n)<<5 | (d))
#define HALVES2(n, d) WORD $(0x4E217800 | (n)<<5 | (d))

// func widenNEON(dst, words *float32, n int)
//
// n is a multiple of 8.
TEXT ·widenNEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD words+8(FP), R1
	MOVD n+16(FP), R2

loop:
	FMOVQ.P 16(R1), F2
	HALVES(2, 0)
	HALVES2(2, 1)
	FSTPQ.P (F0, F1), 32(R0)
	SUBS    $8, R2
	BNE     loop
	RET
