#include "neon_arm64.h"
#include "normal.h"
#include "textflag.h"

// The constants come from the table at R8, by way of V30: Vd ← Vn and one of a row, as float64s or as integers.
#define CADD(row, n, d)   \
	FMOVQ (row)(R8), F30    \
	FADDD(30, n, d)
#define CSUB(row, n, d)   \
	FMOVQ (row)(R8), F30    \
	FSUBD(30, n, d)
#define CMUL(row, n, d)   \
	FMOVQ (row)(R8), F30    \
	FMULD(30, n, d)
#define IADD(row, v)      \
	FMOVQ (row)(R8), F30    \
	VADD  V30.D2, v.D2, v.D2

// HORNER is Vd ← Vd·Vz + a row's float64s, HORNERS the same of float32s, rounded twice.
#define HORNER(row, z, d) \
	FMULD(z, d, d)          \
	CADD(row, d, d)
#define HORNERS(row, z, d) \
	FMUL(z, d, d)            \
	FMOVQ (row)(R8), F30     \
	FADD(30, d, d)

// ROUNDP is a round of Philox on 4 blocks.
#define ROUNDP                    \
	UMULL(6, 0, 18)                 \
	UMULL2(6, 0, 19)                \
	UMULL(7, 2, 20)                 \
	UMULL2(7, 2, 21)                \
	VUZP2 V21.S4, V20.S4, V0.S4     \
	VUZP2 V19.S4, V18.S4, V2.S4     \
	VEOR  V1.B16, V0.B16, V0.B16    \
	VEOR  V3.B16, V2.B16, V2.B16    \
	VEOR  V4.B16, V0.B16, V0.B16    \
	VEOR  V5.B16, V2.B16, V2.B16    \
	VUZP1 V21.S4, V20.S4, V1.S4     \
	VUZP1 V19.S4, V18.S4, V3.S4     \
	VADD  V16.S4, V4.S4, V4.S4      \
	VADD  V17.S4, V5.S4, V5.S4

// START prepares what BLOCKS takes: a block's number in R9, the stream in R10, the seed in R11.
#define START                    \
	FMOVQ M0(R8), F6               \
	FMOVQ M1(R8), F7               \
	FMOVQ W0(R8), F16              \
	FMOVQ W1(R8), F17              \
	VUZP1 V6.S4, V6.S4, V6.S4      \
	VUZP1 V7.S4, V7.S4, V7.S4      \
	VUZP1 V16.S4, V16.S4, V16.S4   \
	VUZP1 V17.S4, V17.S4, V17.S4   \
	LSR   $32, R10, R12            \
	LSR   $32, R11, R13

// BLOCKS leaves in V0 … V3 the words of the 4 blocks from R9 on, the first of each in V0.
#define BLOCKS                   \
	FMOVQ LANES(R8), F18           \
	FMOVQ (LANES+16)(R8), F19      \
	VDUP  R9, V20.D2               \
	VADD  V20.D2, V18.D2, V18.D2   \
	VADD  V20.D2, V19.D2, V19.D2   \
	VUZP1 V19.S4, V18.S4, V0.S4    \
	VUZP2 V19.S4, V18.S4, V1.S4    \
	VDUP  R10, V2.S4               \
	VDUP  R12, V3.S4               \
	VDUP  R11, V4.S4               \
	VDUP  R13, V5.S4               \
	ROUNDP \
	ROUNDP \
	ROUNDP \
	ROUNDP \
	ROUNDP \
	ROUNDP \
	ROUNDP \
	ROUNDP \
	ROUNDP \
	ROUNDP

// NORMALS is normalPair for two pairs of words without their last 8 bits, in V18 and V19, as float64s in V24 and V23, with
// the mean in V12 and the standard deviation in V13.
#define NORMALS                \
	IADD(ONEQ, V18)              \
	UCVTFD(18, 18)               \
	IADD(LOGADD, V18)            \
	VUSHR $52, V18.D2, V20.D2    \
	FMOVQ MAGIC(R8), F30         \
	VORR  V30.B16, V20.B16, V20.B16 \
	CSUB(EXPONENT, 20, 20)       \ // k
	FMOVQ MANTISSA(R8), F30      \
	AND(30, 18, 18)              \
	IADD(SQRTHALF, V18)          \
	CSUB(ONE, 18, 18)            \ // f
	CADD(TWO, 18, 21)            \
	FDIVD(21, 18, 21)            \ // s
	FMULD(21, 21, 22)            \ // s²
	FMULD(22, 22, 23)            \
	CMUL(LOG+160, 23, 24)        \
	CADD(LOG+96, 24, 24)         \
	HORNER(LOG+32, 23, 24)       \
	FMULD(23, 24, 24)            \ // even
	CMUL(LOG+192, 23, 25)        \
	CADD(LOG+128, 25, 25)        \
	HORNER(LOG+64, 23, 25)       \
	HORNER(LOG, 23, 25)          \
	FMULD(22, 25, 25)            \ // odd
	FADDD(24, 25, 24)            \
	CMUL(HALF, 18, 25)           \
	FMULD(18, 25, 25)            \ // f²/2
	FADDD(24, 25, 24)            \
	FMULD(21, 24, 24)            \
	CMUL(LN2LO, 20, 26)          \
	FADDD(26, 24, 24)            \
	FSUBD(24, 25, 24)            \
	FSUBD(18, 24, 24)            \
	CMUL(LN2HI, 20, 20)          \
	FSUBD(24, 20, 20)            \ // the logarithm
	CMUL(MINUS2, 20, 20)         \
	FSQRTD(20, 20)               \
	FMULD(13, 20, 20)            \ // r
	VORR  V19.B16, V19.B16, V21.B16 \
	IADD(ROUND, V21)             \
	VUSHR $22, V21.D2, V21.D2    \ // quarter
	VSHL  $22, V21.D2, V22.D2    \
	VSUB  V22.D2, V19.D2, V19.D2 \
	SCVTFD(19, 19)               \
	CMUL(STEP, 19, 19)           \ // a
	FMULD(19, 19, 22)            \ // a²
	CMUL(SIN+160, 22, 23)        \
	CADD(SIN+128, 23, 23)        \
	HORNER(SIN+96, 22, 23)       \
	HORNER(SIN+64, 22, 23)       \
	HORNER(SIN+32, 22, 23)       \
	HORNER(SIN, 22, 23)          \
	FMULD(19, 22, 24)            \
	FMULD(23, 24, 23)            \
	FADDD(19, 23, 23)            \ // sin
	CMUL(COS+160, 22, 24)        \
	CADD(COS+128, 24, 24)        \
	HORNER(COS+96, 22, 24)       \
	HORNER(COS+64, 22, 24)       \
	HORNER(COS+32, 22, 24)       \
	HORNER(COS, 22, 24)          \
	FMULD(22, 22, 25)            \
	FMULD(25, 24, 24)            \
	CMUL(HALF, 22, 25)           \
	FSUBD(24, 25, 25)            \
	FMOVQ ONE(R8), F24           \
	FSUBD(25, 24, 24)            \ // cos
	FMOVQ ONEQ(R8), F30          \
	VCMTST V30.D2, V21.D2, V25.D2 \
	VADD  V30.D2, V21.D2, V22.D2 \
	VORR  V24.B16, V24.B16, V26.B16 \
	BIT(25, 23, 24)              \ // in odd quarters the two change places
	BIT(25, 26, 23)              \
	VSHL  $62, V21.D2, V21.D2    \
	VSHL  $62, V22.D2, V22.D2    \
	FMOVQ SIGN(R8), F30          \
	AND(30, 21, 21)              \
	AND(30, 22, 22)              \
	VEOR  V21.B16, V23.B16, V23.B16 \
	VEOR  V22.B16, V24.B16, V24.B16 \
	FMULD(20, 23, 23)            \
	FMULD(20, 24, 24)            \
	FADDD(12, 23, 23)            \
	FADDD(12, 24, 24)

// PAIRS is NORMALS for the four pairs of words in u and v, as float32s in registers x and y.
#define PAIRS(u, v, x, y)      \
	VUSHR  $8, u.S4, u.S4        \
	VUSHR  $8, v.S4, v.S4        \
	VUXTL  u.S2, V18.D2          \
	VUXTL  v.S2, V19.D2          \
	NORMALS                      \
	FCVTN(24, x)                 \
	FCVTN(23, y)                 \
	VUXTL2 u.S4, V18.D2          \
	VUXTL2 v.S4, V19.D2          \
	NORMALS                      \
	FCVTN2(24, x)                \
	FCVTN2(23, y)

// func normalsKernel(dst *float32, block, stream, seed uint64, sets int, table *[4]uint64, mean, sd float64)
//
// It makes 16 normal numbers a set, of the blocks from block on.
TEXT ·normalsKernel(SB), NOSPLIT, $0-64
	MOVD  dst+0(FP), R0
	MOVD  block+8(FP), R9
	MOVD  stream+16(FP), R10
	MOVD  seed+24(FP), R11
	MOVD  sets+32(FP), R2
	MOVD  table+40(FP), R8
	FMOVD mean+48(FP), F12
	FMOVD sd+56(FP), F13
	VDUP  V12.D[0], V12.D2
	VDUP  V13.D[0], V13.D2
	START

normals_set:
	BLOCKS
	PAIRS(V0, V1, 8, 9)
	PAIRS(V2, V3, 10, 11)
	VST4.P [V8.S4, V9.S4, V10.S4, V11.S4], 64(R0)
	ADD    $4, R9
	SUBS   $1, R2
	BNE    normals_set
	RET

// func philoxKernel(words *uint32, block, stream, seed uint64, sets int, table *[4]uint64)
//
// It makes the 16 words of 4 blocks a set, from block on.
TEXT ·philoxKernel(SB), NOSPLIT, $0-48
	MOVD words+0(FP), R0
	MOVD block+8(FP), R9
	MOVD stream+16(FP), R10
	MOVD seed+24(FP), R11
	MOVD sets+32(FP), R2
	MOVD table+40(FP), R8
	START

philox_set:
	BLOCKS
	VST4.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0)
	ADD    $4, R9
	SUBS   $1, R2
	BNE    philox_set
	RET

// BETAS is unitOf of the words in V18, to R0, and squaredCosine of those in V19, to R1.
#define BETAS                  \
	VUSHR $8, V18.S4, V18.S4     \
	FMOVQ ONES(R8), F30          \
	VADD  V30.S4, V18.S4, V18.S4 \
	SCVTF(18, 18)                \
	FMOVQ STEP24(R8), F30        \
	FMUL(30, 18, 18)             \
	FMOVQ.P F18, 16(R0)          \
	VUSHR $8, V19.S4, V19.S4     \
	FMOVQ ROUNDS(R8), F30        \
	VADD  V30.S4, V19.S4, V21.S4 \
	VUSHR $22, V21.S4, V21.S4    \ // quarter
	VSHL  $22, V21.S4, V22.S4    \
	VSUB  V22.S4, V19.S4, V19.S4 \
	SCVTF(19, 19)                \
	FMOVQ STEP22(R8), F30        \
	FMUL(30, 19, 19)             \ // t
	FMUL(19, 19, 22)             \ // t²
	FMOVQ (SINES+128)(R8), F23   \
	HORNERS(SINES+96, 22, 23)    \
	HORNERS(SINES+64, 22, 23)    \
	HORNERS(SINES+32, 22, 23)    \
	HORNERS(SINES, 22, 23)       \
	FMUL(19, 23, 23)             \
	FMOVQ (COSINES+160)(R8), F24 \
	HORNERS(COSINES+128, 22, 24) \
	HORNERS(COSINES+96, 22, 24)  \
	HORNERS(COSINES+64, 22, 24)  \
	HORNERS(COSINES+32, 22, 24)  \
	HORNERS(COSINES, 22, 24)     \
	FMOVQ ONES(R8), F30          \
	VCMTST V30.S4, V21.S4, V21.S4 \
	BIT(21, 23, 24)              \
	FMUL(24, 24, 24)             \
	FMOVQ.P F24, 16(R1)

// func betaPartsKernel(u, squares *float32, block, stream, seed uint64, sets int, table *[4]uint64)
//
// It makes 8 numbers of unitOf and 8 of squaredCosine a set, of the blocks from block on.
TEXT ·betaPartsKernel(SB), NOSPLIT, $0-56
	MOVD u+0(FP), R0
	MOVD squares+8(FP), R1
	MOVD block+16(FP), R9
	MOVD stream+24(FP), R10
	MOVD seed+32(FP), R11
	MOVD sets+40(FP), R2
	MOVD table+48(FP), R8
	START

betas_set:
	BLOCKS
	VZIP1 V2.S4, V0.S4, V18.S4
	VZIP1 V3.S4, V1.S4, V19.S4
	BETAS
	VZIP2 V2.S4, V0.S4, V18.S4
	VZIP2 V3.S4, V1.S4, V19.S4
	BETAS
	ADD   $4, R9
	SUBS  $1, R2
	BNE   betas_set
	RET
