#include "neon_arm64.h"
#include "textflag.h"

// The constants of exp.go, as bits, and 1 and 127, the bias of an exponent.
DATA consts<>+0(SB)/4, $0xC2D00000  // expLo
DATA consts<>+4(SB)/4, $0x42B20000  // expHi
DATA consts<>+8(SB)/4, $0x3FB8AA3B  // log2E
DATA consts<>+12(SB)/4, $0x4B400000 // toInt
DATA consts<>+16(SB)/4, $0x3F318000 // ln2Hi
DATA consts<>+20(SB)/4, $0xB95E8083 // ln2Lo
DATA consts<>+24(SB)/4, $0x39506967 // expP0
DATA consts<>+28(SB)/4, $0x3AB743CE // expP1
DATA consts<>+32(SB)/4, $0x3C088908 // expP2
DATA consts<>+36(SB)/4, $0x3D2AA9C1 // expP3
DATA consts<>+40(SB)/4, $0x3E2AAAAA // expP4
DATA consts<>+44(SB)/4, $0x3F000000 // expP5
DATA consts<>+48(SB)/4, $0x3F800000 // 1
DATA consts<>+52(SB)/4, $0x0000007F // 127
GLOBL consts<>(SB), RODATA|NOPTR, $56

// LOAD_CONSTS makes them V16 … V29.
#define LOAD_CONSTS \
	MOVD    $consts<>(SB), R9  \
	VLD1R.P 4(R9), [V16.S4]    \
	VLD1R.P 4(R9), [V17.S4]    \
	VLD1R.P 4(R9), [V18.S4]    \
	VLD1R.P 4(R9), [V19.S4]    \
	VLD1R.P 4(R9), [V20.S4]    \
	VLD1R.P 4(R9), [V21.S4]    \
	VLD1R.P 4(R9), [V22.S4]    \
	VLD1R.P 4(R9), [V23.S4]    \
	VLD1R.P 4(R9), [V24.S4]    \
	VLD1R.P 4(R9), [V25.S4]    \
	VLD1R.P 4(R9), [V26.S4]    \
	VLD1R.P 4(R9), [V27.S4]    \
	VLD1R.P 4(R9), [V28.S4]    \
	VLD1R.P 4(R9), [V29.S4]

// EXP is V0 ← e^V0, step for step expGo. It uses V1, V2 and V3.
#define EXP \
	FMIN(17, 0, 0)               \
	FMAX(16, 0, 0)               \
	FMUL(18, 0, 1)               \
	FADD(19, 1, 1)               \ // t
	FSUB(19, 1, 2)               \ // k
	FMUL(20, 2, 3)               \
	FSUB(3, 0, 0)                \
	FMUL(21, 2, 3)               \
	FSUB(3, 0, 0)                \ // r
	FMUL(0, 22, 3)               \
	FADD(23, 3, 3)               \
	FMUL(0, 3, 3)                \
	FADD(24, 3, 3)               \
	FMUL(0, 3, 3)                \
	FADD(25, 3, 3)               \
	FMUL(0, 3, 3)                \
	FADD(26, 3, 3)               \
	FMUL(0, 3, 3)                \
	FADD(27, 3, 3)               \ // q
	FMUL(0, 0, 2)                \
	FMUL(2, 3, 3)                \
	FADD(0, 3, 3)                \
	FADD(28, 3, 3)               \ // y
	VSUB V19.S4, V1.S4, V1.S4    \ // n
	SSHR(1, 1, 2)                \
	VSUB V2.S4, V1.S4, V1.S4     \
	VADD V29.S4, V2.S4, V2.S4    \
	VADD V29.S4, V1.S4, V1.S4    \
	VSHL $23, V2.S4, V2.S4       \
	VSHL $23, V1.S4, V1.S4       \
	FMUL(2, 3, 3)                \
	FMUL(1, 3, 0)

// func expNEON(dst, x *float32, n int)
TEXT ·expNEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD x+8(FP), R1
	MOVD n+16(FP), R2
	LOAD_CONSTS

loop:
	FMOVQ.P 16(R1), F0
	EXP
	FMOVQ.P F0, 16(R0)
	SUBS    $4, R2
	BNE     loop
	RET

// func gaussianNEON(dst, xy, yy *float32, n int, xx, minusF float32)
TEXT ·gaussianNEON(SB), NOSPLIT, $0-40
	MOVD  dst+0(FP), R0
	MOVD  xy+8(FP), R1
	MOVD  yy+16(FP), R3
	MOVD  n+24(FP), R2
	FMOVS xx+32(FP), F5
	FMOVS minusF+36(FP), F6
	VDUP  V5.S[0], V5.S4
	ZERO(7)
	LOAD_CONSTS

loop:
	FMOVQ.P 16(R3), F0
	FMOVQ.P 16(R1), F1
	FADD(0, 5, 0)
	FADD(1, 0, 0)
	FMAX(7, 0, 0)
	FMULK(6, 0, 0)
	EXP
	FMOVQ.P F0, 16(R0)
	SUBS    $4, R2
	BNE     loop
	RET

// func sigmoidNEON(dst, x *float32, n int)
//
// With e = exp(−|x|) it is 1/(1 + e) where x is above 0, else e/(1 + e).
TEXT ·sigmoidNEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD x+8(FP), R1
	MOVD n+16(FP), R2
	LOAD_CONSTS

loop:
	FMOVQ.P 16(R1), F4
	FABS(4, 0)
	FNEG(0, 0)
	EXP
	FADD(28, 0, 1)
	FCMGT0(4, 4)
	VBIT    V4.B16, V28.B16, V0.B16
	FDIV(1, 0, 0)
	FMOVQ.P F0, 16(R0)
	SUBS    $4, R2
	BNE     loop
	RET

// func transposeNEON(dst *float32, dstStride int, src *float32, srcStride int, blocks int)
//
// It transposes 4 columns of 4·blocks rows, a block of 4×4 at a time. Strides are in bytes.
TEXT ·transposeNEON(SB), NOSPLIT, $0-40
	MOVD dst+0(FP), R0
	MOVD dstStride+8(FP), R3
	MOVD src+16(FP), R1
	MOVD srcStride+24(FP), R4
	MOVD blocks+32(FP), R2

loop:
	VLD1.P (R1)(R4), [V0.S4]
	VLD1.P (R1)(R4), [V1.S4]
	VLD1.P (R1)(R4), [V2.S4]
	VLD1.P (R1)(R4), [V3.S4]
	COLUMNS(V0, V1, V2, V3, V4, V5, V6, V7)
	ADD    $16, R0, R5
	VST1.P [V0.S4], (R0)(R3)
	VST1.P [V1.S4], (R0)(R3)
	VST1.P [V2.S4], (R0)(R3)
	VST1   [V3.S4], (R0)
	MOVD   R5, R0
	SUBS   $1, R2
	BNE    loop
	RET

// CHAINS is Vw ← a·Vv + b for a pair of vectors, Vw being F and G, with a in V31. A multiply-add takes the place of what it
// adds to, so b is read anew for each: a core that reads fewer vectors than it starts multiply-adds does as many of these.
#define CHAINS(F, G, v, w) \
	FLDPQ (R3), (F, G)       \
	FMLA(31, v, w)           \
	FMLA(31, v+1, w+1)

// func chainsNEON(v *float32, a, b float32, rounds int)
//
// v is 48 floats. A round takes them from one half of the registers to the other, and the next one back.
TEXT ·chainsNEON(SB), NOSPLIT, $32-24
	MOVD  v+0(FP), R0
	FMOVS a+8(FP), F31
	FMOVS b+12(FP), F30
	MOVD  rounds+16(FP), R2
	VDUP  V30.S[0], V30.S4
	MOVD  $b8-32(SP), R3
	FSTPQ (F30, F30), (R3)
	FLDPQ (R0), (F0, F1)
	FLDPQ 32(R0), (F2, F3)
	FLDPQ 64(R0), (F4, F5)
	FLDPQ 96(R0), (F6, F7)
	FLDPQ 128(R0), (F8, F9)
	FLDPQ 160(R0), (F10, F11)

loop:
	CHAINS(F12, F13, 0, 12)
	CHAINS(F14, F15, 2, 14)
	CHAINS(F16, F17, 4, 16)
	CHAINS(F18, F19, 6, 18)
	CHAINS(F20, F21, 8, 20)
	CHAINS(F22, F23, 10, 22)
	SUBS  $1, R2
	BEQ   odd
	CHAINS(F0, F1, 12, 0)
	CHAINS(F2, F3, 14, 2)
	CHAINS(F4, F5, 16, 4)
	CHAINS(F6, F7, 18, 6)
	CHAINS(F8, F9, 20, 8)
	CHAINS(F10, F11, 22, 10)
	SUBS  $1, R2
	BNE   loop
	FSTPQ (F0, F1), (R0)
	FSTPQ (F2, F3), 32(R0)
	FSTPQ (F4, F5), 64(R0)
	FSTPQ (F6, F7), 96(R0)
	FSTPQ (F8, F9), 128(R0)
	FSTPQ (F10, F11), 160(R0)
	RET

odd:
	FSTPQ (F12, F13), (R0)
	FSTPQ (F14, F15), 32(R0)
	FSTPQ (F16, F17), 64(R0)
	FSTPQ (F18, F19), 96(R0)
	FSTPQ (F20, F21), 128(R0)
	FSTPQ (F22, F23), 160(R0)
	RET
