#include "neon_arm64.h"
#include "textflag.h"

// SUM adds up a row of a times some columns of b: load adds to the sums a number of the row, in V28, times those at R12.
#define SUM(loop, load)  \
	MOVD  R1, R11          \
	MOVD  R10, R12         \
	MOVD  R6, R13          \
loop:                    \
	FMOVS (R11), F28       \
	ADD   R2, R11          \
	load                   \
	ADD   R4, R12          \
	SUBS  $1, R13          \
	BNE   loop

#define PAIR(at, c)              \
	FLDPQ at(R12), (F16, F17)      \
	FMLA(28, 16, c)                \
	FMLA(28, 17, c+1)
#define LOAD32 \
	PAIR(0, 0)   \
	PAIR(32, 2)  \
	PAIR(64, 4)  \
	PAIR(96, 6)
#define LOAD16 \
	PAIR(0, 0)   \
	PAIR(32, 2)
#define LOAD8 PAIR(0, 0)
#define LOAD(move)       \
	move  (R12), F16       \
	FMLA(28, 16, 0)

// FINISH is c ← keep·c + alpha·sum for the numbers of a vector, A or a, with alpha in V30, keep in V31, and 0 in R7 where
// c does not count.
#define FINISH(move, A, a, bytes) \
	FMULK(30, a, a)                 \
	CBZ    R7, 4(PC)                \
	move   (R9), F16                \
	FMULK(31, 16, 16)               \
	FADD(16, a, a)                  \
	move.P A, bytes(R9)

#define FINISH8(A, a, B, b) \
	FINISH(FMOVQ, A, a, 16)   \
	FINISH(FMOVQ, B, b, 16)

// func combineKernel(c *float32, cRow int, a *float32, aRow, apart int, b *float32, bRow, m, n, cols int, alpha, keep float32, held int, mask *int32)
//
// c[i][j] ← keep·c[i][j] + alpha·Σ a[i][p]·b[p][j], i < m, p < n, j < cols; c does not count unless held. A row of c, of a, of
// b is so many bytes after the last, and a number of a row of a apart bytes. The columns go by 32, and the rest by halves of
// that, halves of these and so on.
TEXT ·combineKernel(SB), NOSPLIT, $0-104
	MOVD  c+0(FP), R0
	MOVD  a+16(FP), R1
	MOVD  apart+32(FP), R2
	MOVD  b+40(FP), R3
	MOVD  bRow+48(FP), R4
	MOVD  m+56(FP), R5
	MOVD  n+64(FP), R6
	FMOVS alpha+80(FP), F30
	FMOVS keep+84(FP), F31
	MOVD  held+88(FP), R7

row:
	MOVD cols+72(FP), R8
	MOVD R0, R9
	MOVD R3, R10
	SUBS $32, R8
	BLT  sixteen

wide:
	ZERO4(0)
	ZERO4(4)
	SUM(wide_step, LOAD32)
	FINISH8(F0, 0, F1, 1)
	FINISH8(F2, 2, F3, 3)
	FINISH8(F4, 4, F5, 5)
	FINISH8(F6, 6, F7, 7)
	ADD  $128, R10
	SUBS $32, R8
	BGE  wide

sixteen:
	TBZ $4, R8, eight
	ZERO4(0)
	SUM(sixteen_step, LOAD16)
	FINISH8(F0, 0, F1, 1)
	FINISH8(F2, 2, F3, 3)
	ADD $64, R10

eight:
	TBZ $3, R8, four
	ZERO(0)
	ZERO(1)
	SUM(eight_step, LOAD8)
	FINISH8(F0, 0, F1, 1)
	ADD $32, R10

four:
	TBZ $2, R8, two
	ZERO(0)
	SUM(four_step, LOAD(FMOVQ))
	FINISH(FMOVQ, F0, 0, 16)
	ADD $16, R10

two:
	TBZ $1, R8, one
	ZERO(0)
	SUM(two_step, LOAD(FMOVD))
	FINISH(FMOVD, F0, 0, 8)
	ADD $8, R10

one:
	TBZ $0, R8, next
	ZERO(0)
	SUM(one_step, LOAD(FMOVS))
	FINISH(FMOVS, F0, 0, 4)

next:
	MOVD cRow+8(FP), R8
	ADD  R8, R0
	MOVD aRow+24(FP), R8
	ADD  R8, R1
	SUBS $1, R5
	BNE  row
	RET

// PLUS adds the next number of x, times a column of 8 in two registers, to the sums in V0 and V1.
#define PLUS(high, low) \
	FMOVS (R19), F28      \
	ADD   R2, R19         \
	FMLA(28, high, 0)     \
	FMLA(28, low, 1)

// func dotsKernel(dst, x *float32, apart int, b *float32, rows int, blocks, n int, mask *int32)
//
// dst[j] ← Σ x[p]·b[j][p], p < n, for 8·blocks rows of b, each sum in the order of p: 8×4 numbers of b are transposed at a
// time. Strides are in bytes.
TEXT ·dotsKernel(SB), NOSPLIT, $0-64
	MOVD dst+0(FP), R0
	MOVD x+8(FP), R1
	MOVD apart+16(FP), R2
	MOVD b+24(FP), R3
	MOVD rows+32(FP), R4
	MOVD blocks+40(FP), R5
	MOVD n+48(FP), R6

block:
	MOVD R3, R8
	ADD  R4, R8, R9
	ADD  R4, R9, R10
	ADD  R4, R10, R11
	ADD  R4, R11, R12
	ADD  R4, R12, R13
	ADD  R4, R13, R14
	ADD  R4, R14, R15
	ADD  R4, R15, R3
	MOVD R1, R19
	ZERO(0)
	ZERO(1)
	SUBS $4, R6, R20
	BLT  rest

four:
	FMOVQ.P 16(R8), F16
	FMOVQ.P 16(R9), F17
	FMOVQ.P 16(R10), F18
	FMOVQ.P 16(R11), F19
	FMOVQ.P 16(R12), F20
	FMOVQ.P 16(R13), F21
	FMOVQ.P 16(R14), F22
	FMOVQ.P 16(R15), F23
	COLUMNS(V16, V17, V18, V19, V24, V25, V26, V27)
	COLUMNS(V20, V21, V22, V23, V24, V25, V26, V27)
	PLUS(16, 20)
	PLUS(17, 21)
	PLUS(18, 22)
	PLUS(19, 23)
	SUBS    $4, R20
	BGE     four

rest:
	ADDS $4, R20
	BEQ  done

one:
	VLD1.P 4(R8), V16.S[0]
	VLD1.P 4(R9), V16.S[1]
	VLD1.P 4(R10), V16.S[2]
	VLD1.P 4(R11), V16.S[3]
	VLD1.P 4(R12), V20.S[0]
	VLD1.P 4(R13), V20.S[1]
	VLD1.P 4(R14), V20.S[2]
	VLD1.P 4(R15), V20.S[3]
	PLUS(16, 20)
	SUBS   $1, R20
	BNE    one

done:
	FSTPQ.P (F0, F1), 32(R0)
	SUBS    $1, R5
	BNE     block
	RET
