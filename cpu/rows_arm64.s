#include "neon_arm64.h"
#include "textflag.h"

// The routines below go down the rows of matrices whose rows lie stride bytes apart, for n columns, a multiple of 8: 8 columns
// after the others, with what belongs to a column in registers. BOTH is an operation on both their vectors, each in the
// register after that of the first.
#define BOTH(op, m, n, d) \
	op(m, n, d)             \
	op(m+1, n+1, d+1)

// func addRowsEights(dst, x *float32, n, rows, stride int)
//
// dst ← dst + x, row by row.
TEXT ·addRowsEights(SB), NOSPLIT, $0-40
	MOVD dst+0(FP), R0
	MOVD x+8(FP), R1
	MOVD n+16(FP), R2
	MOVD rows+24(FP), R3
	MOVD stride+32(FP), R4

eight:
	FLDPQ (R0), (F0, F1)
	MOVD  R1, R5
	MOVD  R3, R7

down:
	FLDPQ (R5), (F16, F17)
	ADD   R4, R5
	BOTH(FADD, 16, 0, 0)
	SUBS  $1, R7
	BNE   down
	FSTPQ.P (F0, F1), 32(R0)
	ADD   $32, R1
	SUBS  $8, R2
	BNE   eight
	RET

// func addSquaresEights(dst, x, mean *float32, n, rows, stride int)
//
// dst ← dst + (x − mean)², row by row.
TEXT ·addSquaresEights(SB), NOSPLIT, $0-48
	MOVD dst+0(FP), R0
	MOVD x+8(FP), R1
	MOVD mean+16(FP), R8
	MOVD n+24(FP), R2
	MOVD rows+32(FP), R3
	MOVD stride+40(FP), R4

eight:
	FLDPQ   (R0), (F0, F1)
	FLDPQ.P 32(R8), (F2, F3)
	MOVD    R1, R5
	MOVD    R3, R7

down:
	FLDPQ (R5), (F16, F17)
	ADD   R4, R5
	BOTH(FSUB, 2, 16, 16)
	BOTH(FMUL, 16, 16, 16)
	BOTH(FADD, 16, 0, 0)
	SUBS  $1, R7
	BNE   down
	FSTPQ.P (F0, F1), 32(R0)
	ADD   $32, R1
	SUBS  $8, R2
	BNE   eight
	RET

// func standardRowsEights(y, x, mean, scale, shift *float32, n, rows, stride int)
//
// y ← (x − mean)·scale + shift.
TEXT ·standardRowsEights(SB), NOSPLIT, $0-64
	MOVD y+0(FP), R0
	MOVD x+8(FP), R1
	MOVD mean+16(FP), R8
	MOVD scale+24(FP), R9
	MOVD shift+32(FP), R10
	MOVD n+40(FP), R2
	MOVD rows+48(FP), R3
	MOVD stride+56(FP), R4

eight:
	FLDPQ.P 32(R8), (F0, F1)
	FLDPQ.P 32(R9), (F2, F3)
	FLDPQ.P 32(R10), (F4, F5)
	MOVD    R1, R5
	MOVD    R0, R6
	MOVD    R3, R7

down:
	FLDPQ (R5), (F16, F17)
	ADD   R4, R5
	BOTH(FSUB, 0, 16, 16)
	BOTH(FMUL, 2, 16, 16)
	BOTH(FADD, 4, 16, 16)
	FSTPQ (F16, F17), (R6)
	ADD   R4, R6
	SUBS  $1, R7
	BNE   down
	ADD   $32, R0
	ADD   $32, R1
	SUBS  $8, R2
	BNE   eight
	RET

// func gradSumsEights(dbias, dgain, x, e, mean, inverse *float32, n, rows, stride int)
//
// dbias ← dbias + e and dgain ← dgain + (x − mean)·inverse·e, row by row.
TEXT ·gradSumsEights(SB), NOSPLIT, $0-72
	MOVD dbias+0(FP), R0
	MOVD dgain+8(FP), R11
	MOVD x+16(FP), R1
	MOVD e+24(FP), R12
	MOVD mean+32(FP), R8
	MOVD inverse+40(FP), R9
	MOVD n+48(FP), R2
	MOVD rows+56(FP), R3
	MOVD stride+64(FP), R4

eight:
	FLDPQ   (R0), (F0, F1)
	FLDPQ   (R11), (F2, F3)
	FLDPQ.P 32(R8), (F4, F5)
	FLDPQ.P 32(R9), (F6, F7)
	MOVD    R1, R5
	MOVD    R12, R6
	MOVD    R3, R7

down:
	FLDPQ (R5), (F16, F17)
	FLDPQ (R6), (F18, F19)
	ADD   R4, R5
	ADD   R4, R6
	BOTH(FADD, 18, 0, 0)
	BOTH(FSUB, 4, 16, 16)
	BOTH(FMUL, 6, 16, 16)
	BOTH(FMUL, 18, 16, 16)
	BOTH(FADD, 16, 2, 2)
	SUBS  $1, R7
	BNE   down
	FSTPQ.P (F0, F1), 32(R0)
	FSTPQ.P (F2, F3), 32(R11)
	ADD   $32, R1
	ADD   $32, R12
	SUBS  $8, R2
	BNE   eight
	RET

// func gradRowsEights(dx, x, e, mean, a, b, c *float32, n, rows, stride int)
//
// dx ← e·a − b − (x − mean)·c.
TEXT ·gradRowsEights(SB), NOSPLIT, $0-80
	MOVD dx+0(FP), R0
	MOVD x+8(FP), R1
	MOVD e+16(FP), R12
	MOVD mean+24(FP), R8
	MOVD a+32(FP), R9
	MOVD b+40(FP), R10
	MOVD c+48(FP), R11
	MOVD n+56(FP), R2
	MOVD rows+64(FP), R3
	MOVD stride+72(FP), R4

eight:
	FLDPQ.P 32(R8), (F0, F1)
	FLDPQ.P 32(R9), (F2, F3)
	FLDPQ.P 32(R10), (F4, F5)
	FLDPQ.P 32(R11), (F6, F7)
	MOVD    R1, R5
	MOVD    R12, R6
	MOVD    R0, R13
	MOVD    R3, R7

down:
	FLDPQ (R5), (F16, F17)
	FLDPQ (R6), (F18, F19)
	ADD   R4, R5
	ADD   R4, R6
	BOTH(FMUL, 2, 18, 18)
	BOTH(FSUB, 4, 18, 18)
	BOTH(FSUB, 0, 16, 16)
	BOTH(FMUL, 6, 16, 16)
	BOTH(FSUB, 16, 18, 18)
	FSTPQ (F18, F19), (R13)
	ADD   R4, R13
	SUBS  $1, R7
	BNE   down
	ADD   $32, R0
	ADD   $32, R1
	ADD   $32, R12
	SUBS  $8, R2
	BNE   eight
	RET
