#include "neon_arm64.h"
#include "textflag.h"

// DOUBLES makes 4 float64s, in Vd and the next, of the 4 float32s in Vn.
#define DOUBLES(n, d) \
	FCVTL(n, d)         \
	FCVTL2(n, d+1)

// func totalsEights(t *[16]float64, x *float32, n int)
//
// n is a multiple of 16.
TEXT ·totalsEights(SB), NOSPLIT, $0-24
	MOVD  t+0(FP), R0
	MOVD  x+8(FP), R1
	MOVD  n+16(FP), R2
	FLDPQ (R0), (F0, F1)
	FLDPQ 32(R0), (F2, F3)
	FLDPQ 64(R0), (F4, F5)
	FLDPQ 96(R0), (F6, F7)

loop:
	FLDPQ.P 32(R1), (F16, F17)
	FLDPQ.P 32(R1), (F18, F19)
	DOUBLES(16, 20)
	DOUBLES(17, 22)
	DOUBLES(18, 24)
	DOUBLES(19, 26)
	FADDD(20, 0, 0)
	FADDD(21, 1, 1)
	FADDD(22, 2, 2)
	FADDD(23, 3, 3)
	FADDD(24, 4, 4)
	FADDD(25, 5, 5)
	FADDD(26, 6, 6)
	FADDD(27, 7, 7)
	SUBS    $16, R2
	BNE     loop
	FSTPQ   (F0, F1), (R0)
	FSTPQ   (F2, F3), 32(R0)
	FSTPQ   (F4, F5), 64(R0)
	FSTPQ   (F6, F7), 96(R0)
	RET

// func lowerEights(row *float32, n int, x float64, y *float64)
//
// n is a multiple of 8.
TEXT ·lowerEights(SB), NOSPLIT, $0-32
	MOVD  row+0(FP), R0
	MOVD  n+8(FP), R2
	FMOVD x+16(FP), F0
	MOVD  y+24(FP), R1
	VDUP  V0.D[0], V0.D2

loop:
	FMOVQ   (R0), F16
	FLDPQ.P 32(R1), (F18, F19)
	DOUBLES(16, 20)
	FSUBD(0, 20, 20)
	FSUBD(0, 21, 21)
	FSUBD(18, 20, 20)
	FSUBD(19, 21, 21)
	FCVTN(20, 16)
	FCVTN2(21, 16)
	FMOVQ.P F16, 16(R0)
	SUBS    $4, R2
	BNE     loop
	RET
