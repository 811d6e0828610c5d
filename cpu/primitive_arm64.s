#include "go_asm.h"
#include "neon_arm64.h"
#include "textflag.h"

// UNARY is dst ← op(a) for n floats, a multiple of 8.
#define UNARY(op)             \
	MOVD    dst+0(FP), R0       \
	MOVD    a+8(FP), R1         \
	MOVD    n+16(FP), R3        \
loop:                         \
	FLDPQ.P 32(R1), (F0, F1)    \
	op(0)                       \
	op(1)                       \
	FSTPQ.P (F0, F1), 32(R0)    \
	SUBS    $8, R3              \
	BNE     loop                \
	RET

// BINARY is dst ← op(a, b).
#define BINARY(op)            \
	MOVD    dst+0(FP), R0       \
	MOVD    a+8(FP), R1         \
	MOVD    b+16(FP), R2        \
	MOVD    n+24(FP), R3        \
loop:                         \
	FLDPQ.P 32(R1), (F0, F1)    \
	FLDPQ.P 32(R2), (F2, F3)    \
	op(2, 0, 0)                 \
	op(3, 1, 1)                 \
	FSTPQ.P (F0, F1), 32(R0)    \
	SUBS    $8, R3              \
	BNE     loop                \
	RET

// SCALAR is dst ← op(a, k).
#define SCALAR(op)            \
	MOVD    dst+0(FP), R0       \
	MOVD    a+8(FP), R1         \
	FMOVS   k+16(FP), F2        \
	MOVD    n+24(FP), R3        \
	VDUP    V2.S[0], V2.S4      \
loop:                         \
	FLDPQ.P 32(R1), (F0, F1)    \
	op(0, 2, 0)                 \
	op(1, 2, 1)                 \
	FSTPQ.P (F0, F1), 32(R0)    \
	SUBS    $8, R3              \
	BNE     loop                \
	RET

// FOLD makes the first number of V0 ← op of n floats at R1, a multiple of 8, and of the 32 that V0 … V7 hold: in 32
// lanes, and these across, the far ones first.
#define FOLD(op)              \
	SUBS    $32, R3             \
	BLT     rest                \
four:                         \
	FLDPQ.P 32(R1), (F16, F17)  \
	FLDPQ.P 32(R1), (F18, F19)  \
	FLDPQ.P 32(R1), (F20, F21)  \
	FLDPQ.P 32(R1), (F22, F23)  \
	op(16, 0, 0)                \
	op(17, 1, 1)                \
	op(18, 2, 2)                \
	op(19, 3, 3)                \
	op(20, 4, 4)                \
	op(21, 5, 5)                \
	op(22, 6, 6)                \
	op(23, 7, 7)                \
	SUBS    $32, R3             \
	BGE     four                \
rest:                         \
	ADDS    $32, R3             \
	BEQ     across              \
one:                          \
	FLDPQ.P 32(R1), (F16, F17)  \
	op(16, 0, 0)                \
	op(17, 1, 1)                \
	SUBS    $8, R3              \
	BNE     one                 \
across:                       \
	op(4, 0, 0)                 \
	op(5, 1, 1)                 \
	op(6, 2, 2)                 \
	op(7, 3, 3)                 \
	op(2, 0, 0)                 \
	op(3, 1, 1)                 \
	op(1, 0, 0)                 \
	VEXT    $8, V0.B16, V0.B16, V1.B16 \
	op(1, 0, 0)                 \
	VEXT    $4, V0.B16, V0.B16, V1.B16 \
	op(1, 0, 0)

// func addEights(dst, a, b *float32, n int)
TEXT ·addEights(SB), NOSPLIT, $0-32
	BINARY(FADD)

// func subEights(dst, a, b *float32, n int)
TEXT ·subEights(SB), NOSPLIT, $0-32
	BINARY(FSUB)

// func mulEights(dst, a, b *float32, n int)
TEXT ·mulEights(SB), NOSPLIT, $0-32
	BINARY(FMUL)

// func divEights(dst, a, b *float32, n int)
TEXT ·divEights(SB), NOSPLIT, $0-32
	BINARY(FDIV)

// The maximum and the minimum are a unless b is larger or smaller, so that a NaN in a remains and one in b does not count.

// LARGER is Vd ← the larger of Va, which is Vd, and Vb; SMALLER the smaller.
#define LARGER(b, a, d) \
	FCMGT(a, b, 4)        \
	BIT(4, b, d)
#define SMALLER(b, a, d) \
	FCMGT(b, a, 4)         \
	BIT(4, b, d)

// func maxEights(dst, a, b *float32, n int)
TEXT ·maxEights(SB), NOSPLIT, $0-32
	BINARY(LARGER)

// func minEights(dst, a, b *float32, n int)
TEXT ·minEights(SB), NOSPLIT, $0-32
	BINARY(SMALLER)

// ROOT is Vd ← √max(Vd, 0), of a NaN too.
#define ROOT(d)    \
	FCMGT0(d, 2)     \
	AND(2, d, d)     \
	FSQRT(d, d)

// func sqrtEights(dst, a *float32, n int)
TEXT ·sqrtEights(SB), NOSPLIT, $0-24
	UNARY(ROOT)

#define NEGATE(d) FNEG(d, d)

// func negEights(dst, a *float32, n int)
TEXT ·negEights(SB), NOSPLIT, $0-24
	UNARY(NEGATE)

// func chooseEights(dst, c, a, b *float32, n int)
TEXT ·chooseEights(SB), NOSPLIT, $0-40
	MOVD dst+0(FP), R0
	MOVD c+8(FP), R4
	MOVD a+16(FP), R1
	MOVD b+24(FP), R2
	MOVD n+32(FP), R3

loop:
	FLDPQ.P 32(R4), (F4, F5)
	FLDPQ.P 32(R1), (F2, F3)
	FLDPQ.P 32(R2), (F0, F1)
	FCMGT0(4, 4)
	FCMGT0(5, 5)
	BIT(4, 2, 0)
	BIT(5, 3, 1)
	FSTPQ.P (F0, F1), 32(R0)
	SUBS    $8, R3
	BNE     loop
	RET

// func scaleEights(dst, a *float32, k float32, n int)
TEXT ·scaleEights(SB), NOSPLIT, $0-32
	SCALAR(FMUL)

// func shiftEights(dst, a *float32, k float32, n int)
TEXT ·shiftEights(SB), NOSPLIT, $0-32
	SCALAR(FADD)

// func plusEights(dst, a *float32, k float32, n int)
TEXT ·plusEights(SB), NOSPLIT, $0-32
	MOVD  dst+0(FP), R0
	MOVD  a+8(FP), R1
	FMOVS k+16(FP), F4
	MOVD  n+24(FP), R3

loop:
	FLDPQ.P 32(R1), (F0, F1)
	FLDPQ   (R0), (F2, F3)
	FMULK(4, 0, 0)
	FMULK(4, 1, 1)
	FADD(2, 0, 0)
	FADD(3, 1, 1)
	FSTPQ.P (F0, F1), 32(R0)
	SUBS    $8, R3
	BNE     loop
	RET

// SLOPES is slopes for four numbers, V0 of k, V1 of l and V2 of r.
#define SLOPES        \
	FMULK(5, 0, 3)      \
	FMULK(6, 1, 1)      \
	FADD(1, 3, 3)       \
	FADD(4, 2, 2)       \
	FADD(2, 3, 3)       \
	FMUL(0, 3, 3)       \
	FMULK(7, 3, 3)

// func slopesEights(p, k, l, r *float32, n int, f *slopeFactors)
TEXT ·slopesEights(SB), NOSPLIT, $0-48
	MOVD  p+0(FP), R0
	MOVD  k+8(FP), R1
	MOVD  l+16(FP), R2
	MOVD  r+24(FP), R4
	MOVD  n+32(FP), R3
	MOVD  f+40(FP), R5
	FMOVS slopeFactors_own(R5), F4
	FMOVS slopeFactors_self(R5), F5
	FMOVS slopeFactors_cross(R5), F6
	FMOVS slopeFactors_scale(R5), F7
	VDUP  V4.S[0], V4.S4

loop:
	FMOVQ.P 16(R1), F0
	FMOVQ.P 16(R2), F1
	FMOVQ.P 16(R4), F2
	SLOPES
	FMOVQ.P F3, 16(R0)
	SUBS    $4, R3
	BNE     loop
	RET

// func sumEights(x *float32, n int) float32
TEXT ·sumEights(SB), NOSPLIT, $0-20
	MOVD  x+0(FP), R1
	MOVD  n+8(FP), R3
	ZERO4(0)
	ZERO4(4)
	FOLD(FADD)
	FMOVS F0, ret+16(FP)
	RET

// func largestEights(x *float32, n int) float32
TEXT ·largestEights(SB), NOSPLIT, $0-20
	MOVD  x+0(FP), R1
	MOVD  n+8(FP), R3
	FMOVQ (R1), F0
	VORR  V0.B16, V0.B16, V1.B16
	VORR  V0.B16, V0.B16, V2.B16
	VORR  V0.B16, V0.B16, V3.B16
	VORR  V0.B16, V0.B16, V4.B16
	VORR  V0.B16, V0.B16, V5.B16
	VORR  V0.B16, V0.B16, V6.B16
	VORR  V0.B16, V0.B16, V7.B16
	FOLD(FMAX)
	FMOVS F0, ret+16(FP)
	RET

// func runSumsEights(out, x *float32, n, runs int)
//
// It adds up 4 runs of n numbers at a time; n is a multiple of 8.
TEXT ·runSumsEights(SB), NOSPLIT, $0-32
	MOVD out+0(FP), R0
	MOVD x+8(FP), R1
	MOVD n+16(FP), R4
	MOVD runs+24(FP), R3

runs_four:
	ADD     R4<<2, R1, R5
	ADD     R4<<2, R5, R6
	ADD     R4<<2, R6, R7
	FLDPQ.P 32(R1), (F0, F1)
	FLDPQ.P 32(R5), (F2, F3)
	FLDPQ.P 32(R6), (F4, F5)
	FLDPQ.P 32(R7), (F6, F7)
	SUBS    $8, R4, R8
	BEQ     runs_across

runs_lanes:
	FLDPQ.P 32(R1), (F16, F17)
	FLDPQ.P 32(R5), (F18, F19)
	FLDPQ.P 32(R6), (F20, F21)
	FLDPQ.P 32(R7), (F22, F23)
	FADD(16, 0, 0)
	FADD(17, 1, 1)
	FADD(18, 2, 2)
	FADD(19, 3, 3)
	FADD(20, 4, 4)
	FADD(21, 5, 5)
	FADD(22, 6, 6)
	FADD(23, 7, 7)
	SUBS    $8, R8
	BNE     runs_lanes

runs_across:
	FADDP(1, 0, 0)
	FADDP(3, 2, 2)
	FADDP(5, 4, 4)
	FADDP(7, 6, 6)
	FADDP(2, 0, 0)
	FADDP(6, 4, 4)
	FADDP(4, 0, 0)
	FMOVQ.P F0, 16(R0)
	MOVD    R7, R1     // the end of the fourth
	SUBS    $4, R3
	BNE     runs_four
	RET

// func affineEights(dst, x, y *float32, n int, a, b float32)
TEXT ·affineEights(SB), NOSPLIT, $0-40
	MOVD  dst+0(FP), R0
	MOVD  x+8(FP), R1
	MOVD  y+16(FP), R2
	MOVD  n+24(FP), R3
	FMOVS a+32(FP), F4
	FMOVS b+36(FP), F5

loop:
	FLDPQ.P 32(R1), (F0, F1)
	FLDPQ.P 32(R2), (F2, F3)
	FMULK(4, 0, 0)
	FMULK(4, 1, 1)
	FMULK(5, 2, 2)
	FMULK(5, 3, 3)
	FADD(2, 0, 0)
	FADD(3, 1, 1)
	FSTPQ.P (F0, F1), 32(R0)
	SUBS    $8, R3
	BNE     loop
	RET

// func spreadEights(dst, src *float32, cols, rows int)
//
// A row ends in a whole vector of 8, of which the next row takes what is beyond cols.
TEXT ·spreadEights(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD cols+16(FP), R4
	MOVD rows+24(FP), R3

spread_row:
	VLD1R.P 4(R1), [V0.S4]
	MOVD    R4, R5

spread_eight:
	FSTPQ.P (F0, F0), 32(R0)
	SUBS    $8, R5
	BGT     spread_eight
	ADD     R5<<2, R0
	SUBS    $1, R3
	BNE     spread_row
	RET

// func giveEights(dst, rest, x, top *float32, n int)
TEXT ·giveEights(SB), NOSPLIT, $0-40
	MOVD dst+0(FP), R0
	MOVD rest+8(FP), R4
	MOVD x+16(FP), R1
	MOVD top+24(FP), R2
	MOVD n+32(FP), R3

loop:
	FMOVQ.P 16(R1), F0
	FMOVQ.P 16(R2), F1
	FMOVQ   (R4), F2
	FMOVQ   (R0), F3
	FCMEQ(1, 0, 0)                  // x = top
	AND(0, 2, 4)
	VEOR    V4.B16, V2.B16, V2.B16
	FADD(4, 3, 3)
	FMOVQ.P F2, 16(R4)
	FMOVQ.P F3, 16(R0)
	SUBS    $4, R3
	BNE     loop
	RET

// The constants of log.go, as bits.
DATA logs<>+0(SB)/4, $0x004AFB0D  // 1 − √½
DATA logs<>+4(SB)/4, $0x3F3504F3  // √½
DATA logs<>+8(SB)/4, $0x007FFFFF
DATA logs<>+12(SB)/4, $0x0000007F // 127
DATA logs<>+16(SB)/4, $0x3F800000 // 1
DATA logs<>+20(SB)/4, $0x00800000 // 2⁻¹²⁶
DATA logs<>+24(SB)/4, $0x7F800000 // ∞
DATA logs<>+28(SB)/4, $0xFF800000 // −∞
DATA logs<>+32(SB)/4, $0x3D9021BB // logP0
DATA logs<>+36(SB)/4, $0xBDEBD1B8 // logP1
DATA logs<>+40(SB)/4, $0x3DEF251A // logP2
DATA logs<>+44(SB)/4, $0xBDFE5D4F // logP3
DATA logs<>+48(SB)/4, $0x3E11E9BF // logP4
DATA logs<>+52(SB)/4, $0xBE2AAE50 // logP5
DATA logs<>+56(SB)/4, $0x3E4CCEAC // logP6
DATA logs<>+60(SB)/4, $0xBE7FFFFC // logP7
DATA logs<>+64(SB)/4, $0x3EAAAAAA // logP8
DATA logs<>+68(SB)/4, $0x3F318000 // ln2Hi
DATA logs<>+72(SB)/4, $0xB95E8083 // ln2Lo
DATA logs<>+76(SB)/4, $0x3F000000 // ½
DATA logs<>+80(SB)/4, $0x7FC00000 // a NaN
GLOBL logs<>(SB), RODATA|NOPTR, $84

// func logEights(dst, a *float32, n int)
TEXT ·logEights(SB), NOSPLIT, $0-24
	MOVD    dst+0(FP), R0
	MOVD    a+8(FP), R1
	MOVD    n+16(FP), R3
	MOVD    $logs<>(SB), R4
	VLD1R.P 4(R4), [V8.S4]
	VLD1R.P 4(R4), [V9.S4]
	VLD1R.P 4(R4), [V10.S4]
	VLD1R.P 4(R4), [V11.S4]
	VLD1R.P 4(R4), [V12.S4]
	VLD1R.P 4(R4), [V13.S4]
	VLD1R.P 4(R4), [V14.S4]
	VLD1R.P 4(R4), [V15.S4]
	VLD1R.P 4(R4), [V16.S4]
	VLD1R.P 4(R4), [V17.S4]
	VLD1R.P 4(R4), [V18.S4]
	VLD1R.P 4(R4), [V19.S4]
	VLD1R.P 4(R4), [V20.S4]
	VLD1R.P 4(R4), [V21.S4]
	VLD1R.P 4(R4), [V22.S4]
	VLD1R.P 4(R4), [V23.S4]
	VLD1R.P 4(R4), [V24.S4]
	VLD1R.P 4(R4), [V25.S4]
	VLD1R.P 4(R4), [V26.S4]
	VLD1R.P 4(R4), [V27.S4]
	VLD1R.P 4(R4), [V28.S4]

loop:
	FMOVQ.P 16(R1), F0
	VADD    V8.S4, V0.S4, V1.S4
	SSHR(23, 1, 2)
	VSUB    V11.S4, V2.S4, V2.S4
	SCVTF(2, 2)                     // e
	AND(10, 1, 1)
	VADD    V9.S4, V1.S4, V1.S4
	FSUB(12, 1, 1)                  // m
	FMUL(1, 1, 3)                   // m²
	FMUL(1, 16, 4)
	FADD(17, 4, 4)
	FMUL(1, 4, 4)
	FADD(18, 4, 4)
	FMUL(1, 4, 4)
	FADD(19, 4, 4)
	FMUL(1, 4, 4)
	FADD(20, 4, 4)
	FMUL(1, 4, 4)
	FADD(21, 4, 4)
	FMUL(1, 4, 4)
	FADD(22, 4, 4)
	FMUL(1, 4, 4)
	FADD(23, 4, 4)
	FMUL(1, 4, 4)
	FADD(24, 4, 4)
	FMUL(1, 4, 4)
	FMUL(3, 4, 4)                   // y
	FMUL(26, 2, 5)
	FADD(5, 4, 4)
	FMUL(27, 3, 3)
	FSUB(3, 4, 4)
	FADD(4, 1, 1)
	FMUL(25, 2, 2)
	FADD(2, 1, 1)
	FCMGT(0, 13, 2)                 // x < 2⁻¹²⁶
	BIT(2, 15, 1)
	FCMEQ(14, 0, 2)                 // x = ∞
	BIT(2, 0, 1)
	FCMGE0(0, 2)
	BIF(2, 28, 1)                   // not x ≥ 0
	FMOVQ.P F1, 16(R0)
	SUBS    $4, R3
	BNE     loop
	RET
