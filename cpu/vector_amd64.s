#include "textflag.h"

// The constants of exp.go, as bits.
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
GLOBL consts<>(SB), RODATA|NOPTR, $48

DATA ones<>+0(SB)/8, $0x3F8000003F800000 // 1
DATA ones<>+8(SB)/8, $0x3F8000003F800000
DATA ones<>+16(SB)/8, $0x3F8000003F800000
DATA ones<>+24(SB)/8, $0x3F8000003F800000
DATA ones<>+32(SB)/8, $0x0000007F0000007F // 127, the bias of an exponent
DATA ones<>+40(SB)/8, $0x0000007F0000007F
DATA ones<>+48(SB)/8, $0x0000007F0000007F
DATA ones<>+56(SB)/8, $0x0000007F0000007F
GLOBL ones<>(SB), RODATA|NOPTR, $64

#define LOAD_CONSTS \
	VBROADCASTSS consts<>+0(SB), Y15  \
	VBROADCASTSS consts<>+4(SB), Y14  \
	VBROADCASTSS consts<>+8(SB), Y4   \
	VBROADCASTSS consts<>+12(SB), Y5  \
	VBROADCASTSS consts<>+16(SB), Y6  \
	VBROADCASTSS consts<>+20(SB), Y7  \
	VBROADCASTSS consts<>+24(SB), Y8  \
	VBROADCASTSS consts<>+28(SB), Y9  \
	VBROADCASTSS consts<>+32(SB), Y10 \
	VBROADCASTSS consts<>+36(SB), Y11 \
	VBROADCASTSS consts<>+40(SB), Y12 \
	VBROADCASTSS consts<>+44(SB), Y13

// EXP is Y0 ← e^Y0, step for step expGo. It uses Y1, Y2 and Y3. The minimum and the maximum return
// their first operand, the one written first here, where either is a NaN.
#define EXP \
	VMINPS Y0, Y14, Y0         \
	VMAXPS Y0, Y15, Y0         \
	VMULPS Y4, Y0, Y1          \
	VADDPS Y5, Y1, Y1          \ // t
	VSUBPS Y5, Y1, Y2          \ // k
	VMULPS Y6, Y2, Y3          \
	VSUBPS Y3, Y0, Y0          \
	VMULPS Y7, Y2, Y3          \
	VSUBPS Y3, Y0, Y0          \ // r
	VMULPS Y0, Y8, Y3          \
	VADDPS Y9, Y3, Y3          \
	VMULPS Y0, Y3, Y3          \
	VADDPS Y10, Y3, Y3         \
	VMULPS Y0, Y3, Y3          \
	VADDPS Y11, Y3, Y3         \
	VMULPS Y0, Y3, Y3          \
	VADDPS Y12, Y3, Y3         \
	VMULPS Y0, Y3, Y3          \
	VADDPS Y13, Y3, Y3         \ // q
	VMULPS Y0, Y0, Y2          \
	VMULPS Y2, Y3, Y3          \
	VADDPS Y0, Y3, Y3          \
	VADDPS ones<>+0(SB), Y3, Y3 \ // y
	VPSUBD Y5, Y1, Y1          \ // n
	VPSRAD $1, Y1, Y2          \
	VPSUBD Y2, Y1, Y1          \
	VPADDD ones<>+32(SB), Y2, Y2 \
	VPADDD ones<>+32(SB), Y1, Y1 \
	VPSLLD $23, Y2, Y2         \
	VPSLLD $23, Y1, Y1         \
	VMULPS Y2, Y3, Y3          \
	VMULPS Y1, Y3, Y0

// func expAVX2(dst, x *float32, n int)
TEXT ·expAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	LOAD_CONSTS
	XORQ AX, AX

exp_loop:
	VMOVUPS (SI)(AX*4), Y0
	EXP
	VMOVUPS Y0, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     exp_loop
	VZEROUPPER
	RET

// func gaussianAVX2(dst, xy, yy *float32, n int, xx, minusF float32)
TEXT ·gaussianAVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ xy+8(FP), SI
	MOVQ yy+16(FP), DX
	MOVQ n+24(FP), CX
	LOAD_CONSTS
	XORQ AX, AX

gaussian_loop:
	VBROADCASTSS xx+32(FP), Y0
	VADDPS       (DX)(AX*4), Y0, Y0
	VADDPS       (SI)(AX*4), Y0, Y0
	VXORPS       Y1, Y1, Y1
	VMAXPS       Y0, Y1, Y0
	VBROADCASTSS minusF+36(FP), Y1
	VMULPS       Y1, Y0, Y0
	EXP
	VMOVUPS      Y0, (DI)(AX*4)
	ADDQ         $8, AX
	CMPQ         AX, CX
	JLT          gaussian_loop
	VZEROUPPER
	RET

// func sigmoidAVX2(dst, x *float32, n int)
//
// With e = exp(−|x|) it is 1/(1 + e) where x is above 0, else e/(1 + e).
TEXT ·sigmoidAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	LOAD_CONSTS
	XORQ AX, AX

sigmoid_loop:
	VPCMPEQD  Y1, Y1, Y1
	VPSLLD    $31, Y1, Y1            // the sign
	VORPS     (SI)(AX*4), Y1, Y0
	EXP
	VXORPS    Y1, Y1, Y1
	VMOVUPS   (SI)(AX*4), Y2
	VCMPPS    $1, Y2, Y1, Y1
	VMOVUPS   ones<>+0(SB), Y3
	VBLENDVPS Y1, Y3, Y0, Y1
	VADDPS    Y3, Y0, Y0
	VDIVPS    Y0, Y1, Y0
	VMOVUPS   Y0, (DI)(AX*4)
	ADDQ      $8, AX
	CMPQ      AX, CX
	JLT       sigmoid_loop
	VZEROUPPER
	RET

// What follows is the same with 16 numbers at a time, and 1 and 127 in registers.

#define LOAD_CONSTS512 \
	VBROADCASTSS consts<>+0(SB), Z15  \
	VBROADCASTSS consts<>+4(SB), Z14  \
	VBROADCASTSS consts<>+8(SB), Z4   \
	VBROADCASTSS consts<>+12(SB), Z5  \
	VBROADCASTSS consts<>+16(SB), Z6  \
	VBROADCASTSS consts<>+20(SB), Z7  \
	VBROADCASTSS consts<>+24(SB), Z8  \
	VBROADCASTSS consts<>+28(SB), Z9  \
	VBROADCASTSS consts<>+32(SB), Z10 \
	VBROADCASTSS consts<>+36(SB), Z11 \
	VBROADCASTSS consts<>+40(SB), Z12 \
	VBROADCASTSS consts<>+44(SB), Z13 \
	VBROADCASTSS ones<>+0(SB), Z16    \
	VBROADCASTSS ones<>+32(SB), Z17

#define EXP512 \
	VMINPS Z0, Z14, Z0 \
	VMAXPS Z0, Z15, Z0 \
	VMULPS Z4, Z0, Z1  \
	VADDPS Z5, Z1, Z1  \ // t
	VSUBPS Z5, Z1, Z2  \ // k
	VMULPS Z6, Z2, Z3  \
	VSUBPS Z3, Z0, Z0  \
	VMULPS Z7, Z2, Z3  \
	VSUBPS Z3, Z0, Z0  \ // r
	VMULPS Z0, Z8, Z3  \
	VADDPS Z9, Z3, Z3  \
	VMULPS Z0, Z3, Z3  \
	VADDPS Z10, Z3, Z3 \
	VMULPS Z0, Z3, Z3  \
	VADDPS Z11, Z3, Z3 \
	VMULPS Z0, Z3, Z3  \
	VADDPS Z12, Z3, Z3 \
	VMULPS Z0, Z3, Z3  \
	VADDPS Z13, Z3, Z3 \ // q
	VMULPS Z0, Z0, Z2  \
	VMULPS Z2, Z3, Z3  \
	VADDPS Z0, Z3, Z3  \
	VADDPS Z16, Z3, Z3 \ // y
	VPSUBD Z5, Z1, Z1  \ // n
	VPSRAD $1, Z1, Z2  \
	VPSUBD Z2, Z1, Z1  \
	VPADDD Z17, Z2, Z2 \
	VPADDD Z17, Z1, Z1 \
	VPSLLD $23, Z2, Z2 \
	VPSLLD $23, Z1, Z1 \
	VMULPS Z2, Z3, Z3  \
	VMULPS Z1, Z3, Z0

// func expAVX512(dst, x *float32, n int)
TEXT ·expAVX512(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	LOAD_CONSTS512
	XORQ AX, AX

exp512_loop:
	VMOVUPS (SI)(AX*4), Z0
	EXP512
	VMOVUPS Z0, (DI)(AX*4)
	ADDQ    $16, AX
	CMPQ    AX, CX
	JLT     exp512_loop
	VZEROUPPER
	RET

// func gaussianAVX512(dst, xy, yy *float32, n int, xx, minusF float32)
TEXT ·gaussianAVX512(SB), NOSPLIT, $0-40
	MOVQ         dst+0(FP), DI
	MOVQ         xy+8(FP), SI
	MOVQ         yy+16(FP), DX
	MOVQ         n+24(FP), CX
	LOAD_CONSTS512
	VBROADCASTSS xx+32(FP), Z18
	VBROADCASTSS minusF+36(FP), Z19
	VPXORD       Z20, Z20, Z20
	XORQ         AX, AX

gaussian512_loop:
	VADDPS  (DX)(AX*4), Z18, Z0
	VADDPS  (SI)(AX*4), Z0, Z0
	VMAXPS  Z0, Z20, Z0
	VMULPS  Z19, Z0, Z0
	EXP512
	VMOVUPS Z0, (DI)(AX*4)
	ADDQ    $16, AX
	CMPQ    AX, CX
	JLT     gaussian512_loop
	VZEROUPPER
	RET

// func sigmoidAVX512(dst, x *float32, n int)
TEXT ·sigmoidAVX512(SB), NOSPLIT, $0-24
	MOVQ     dst+0(FP), DI
	MOVQ     x+8(FP), SI
	MOVQ     n+16(FP), CX
	LOAD_CONSTS512
	VPXORD   Z18, Z18, Z18
	VPTERNLOGD $0xFF, Z19, Z19, Z19
	VPSLLD   $31, Z19, Z19          // the sign
	XORQ     AX, AX

sigmoid512_loop:
	VMOVUPS   (SI)(AX*4), Z20
	VPORD     Z19, Z20, Z0
	EXP512
	VCMPPS    $1, Z20, Z18, K1
	VBLENDMPS Z16, Z0, K1, Z1
	VADDPS    Z16, Z0, Z0
	VDIVPS    Z0, Z1, Z0
	VMOVUPS   Z0, (DI)(AX*4)
	ADDQ      $16, AX
	CMPQ      AX, CX
	JLT       sigmoid512_loop
	VZEROUPPER
	RET

// func transposeAVX2(dst *float32, dstStride int, src *float32, srcStride int, blocks int)
//
// It transposes 8 columns of 8·blocks rows, a block of 8×8 at a time. Strides are in bytes.
TEXT ·transposeAVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ dstStride+8(FP), R8
	MOVQ src+16(FP), SI
	MOVQ srcStride+24(FP), R9
	MOVQ blocks+32(FP), CX
	LEAQ (R8)(R8*2), R10  // 3 rows of dst
	LEAQ (R9)(R9*2), R11  // 3 rows of src

transpose_loop:
	LEAQ        (SI)(R9*4), BX
	VMOVUPS     (SI), X0
	VMOVUPS     (SI)(R9*1), X1
	VMOVUPS     (SI)(R9*2), X2
	VMOVUPS     (SI)(R11*1), X3
	VMOVUPS     16(SI), X4
	VMOVUPS     16(SI)(R9*1), X5
	VMOVUPS     16(SI)(R9*2), X6
	VMOVUPS     16(SI)(R11*1), X7
	VINSERTF128 $1, (BX), Y0, Y0
	VINSERTF128 $1, (BX)(R9*1), Y1, Y1
	VINSERTF128 $1, (BX)(R9*2), Y2, Y2
	VINSERTF128 $1, (BX)(R11*1), Y3, Y3
	VINSERTF128 $1, 16(BX), Y4, Y4
	VINSERTF128 $1, 16(BX)(R9*1), Y5, Y5
	VINSERTF128 $1, 16(BX)(R9*2), Y6, Y6
	VINSERTF128 $1, 16(BX)(R11*1), Y7, Y7
	VUNPCKLPS   Y1, Y0, Y8
	VUNPCKHPS   Y1, Y0, Y9
	VUNPCKLPS   Y3, Y2, Y10
	VUNPCKHPS   Y3, Y2, Y11
	VUNPCKLPS   Y5, Y4, Y12
	VUNPCKHPS   Y5, Y4, Y13
	VUNPCKLPS   Y7, Y6, Y14
	VUNPCKHPS   Y7, Y6, Y15
	VSHUFPS     $0x44, Y10, Y8, Y0
	VSHUFPS     $0xEE, Y10, Y8, Y1
	VSHUFPS     $0x44, Y11, Y9, Y2
	VSHUFPS     $0xEE, Y11, Y9, Y3
	VSHUFPS     $0x44, Y14, Y12, Y4
	VSHUFPS     $0xEE, Y14, Y12, Y5
	VSHUFPS     $0x44, Y15, Y13, Y6
	VSHUFPS     $0xEE, Y15, Y13, Y7
	LEAQ        (DI)(R8*4), BX
	VMOVUPS     Y0, (DI)
	VMOVUPS     Y1, (DI)(R8*1)
	VMOVUPS     Y2, (DI)(R8*2)
	VMOVUPS     Y3, (DI)(R10*1)
	VMOVUPS     Y4, (BX)
	VMOVUPS     Y5, (BX)(R8*1)
	VMOVUPS     Y6, (BX)(R8*2)
	VMOVUPS     Y7, (BX)(R10*1)
	ADDQ        $32, DI
	LEAQ        (SI)(R9*8), SI
	DECQ        CX
	JNZ         transpose_loop
	VZEROUPPER
	RET

// func chainsAVX2(v *float32, a, b float32, rounds int)
//
// v is 96 floats: a multiply-add takes 4 cycles and two start in each, so 8 chains are the least
// that keep the units busy.
TEXT ·chainsAVX2(SB), NOSPLIT, $0-24
	MOVQ         v+0(FP), DI
	VBROADCASTSS a+8(FP), Y14
	VBROADCASTSS b+12(FP), Y15
	MOVQ         rounds+16(FP), CX
	VMOVUPS      (DI), Y0
	VMOVUPS      32(DI), Y1
	VMOVUPS      64(DI), Y2
	VMOVUPS      96(DI), Y3
	VMOVUPS      128(DI), Y4
	VMOVUPS      160(DI), Y5
	VMOVUPS      192(DI), Y6
	VMOVUPS      224(DI), Y7
	VMOVUPS      256(DI), Y8
	VMOVUPS      288(DI), Y9
	VMOVUPS      320(DI), Y10
	VMOVUPS      352(DI), Y11

avx2_round:
	VFMADD213PS Y15, Y14, Y0
	VFMADD213PS Y15, Y14, Y1
	VFMADD213PS Y15, Y14, Y2
	VFMADD213PS Y15, Y14, Y3
	VFMADD213PS Y15, Y14, Y4
	VFMADD213PS Y15, Y14, Y5
	VFMADD213PS Y15, Y14, Y6
	VFMADD213PS Y15, Y14, Y7
	VFMADD213PS Y15, Y14, Y8
	VFMADD213PS Y15, Y14, Y9
	VFMADD213PS Y15, Y14, Y10
	VFMADD213PS Y15, Y14, Y11
	DECQ        CX
	JNZ         avx2_round
	VMOVUPS     Y0, (DI)
	VMOVUPS     Y1, 32(DI)
	VMOVUPS     Y2, 64(DI)
	VMOVUPS     Y3, 96(DI)
	VMOVUPS     Y4, 128(DI)
	VMOVUPS     Y5, 160(DI)
	VMOVUPS     Y6, 192(DI)
	VMOVUPS     Y7, 224(DI)
	VMOVUPS     Y8, 256(DI)
	VMOVUPS     Y9, 288(DI)
	VMOVUPS     Y10, 320(DI)
	VMOVUPS     Y11, 352(DI)
	VZEROUPPER
	RET

// func chainsAVX512(v *float32, a, b float32, rounds int)
//
// v is 192 floats.
TEXT ·chainsAVX512(SB), NOSPLIT, $0-24
	MOVQ         v+0(FP), DI
	VBROADCASTSS a+8(FP), Z14
	VBROADCASTSS b+12(FP), Z15
	MOVQ         rounds+16(FP), CX
	VMOVUPS      (DI), Z0
	VMOVUPS      64(DI), Z1
	VMOVUPS      128(DI), Z2
	VMOVUPS      192(DI), Z3
	VMOVUPS      256(DI), Z4
	VMOVUPS      320(DI), Z5
	VMOVUPS      384(DI), Z6
	VMOVUPS      448(DI), Z7
	VMOVUPS      512(DI), Z8
	VMOVUPS      576(DI), Z9
	VMOVUPS      640(DI), Z10
	VMOVUPS      704(DI), Z11

avx512_round:
	VFMADD213PS Z15, Z14, Z0
	VFMADD213PS Z15, Z14, Z1
	VFMADD213PS Z15, Z14, Z2
	VFMADD213PS Z15, Z14, Z3
	VFMADD213PS Z15, Z14, Z4
	VFMADD213PS Z15, Z14, Z5
	VFMADD213PS Z15, Z14, Z6
	VFMADD213PS Z15, Z14, Z7
	VFMADD213PS Z15, Z14, Z8
	VFMADD213PS Z15, Z14, Z9
	VFMADD213PS Z15, Z14, Z10
	VFMADD213PS Z15, Z14, Z11
	DECQ        CX
	JNZ         avx512_round
	VMOVUPS     Z0, (DI)
	VMOVUPS     Z1, 64(DI)
	VMOVUPS     Z2, 128(DI)
	VMOVUPS     Z3, 192(DI)
	VMOVUPS     Z4, 256(DI)
	VMOVUPS     Z5, 320(DI)
	VMOVUPS     Z6, 384(DI)
	VMOVUPS     Z7, 448(DI)
	VMOVUPS     Z8, 512(DI)
	VMOVUPS     Z9, 576(DI)
	VMOVUPS     Z10, 640(DI)
	VMOVUPS     Z11, 704(DI)
	VZEROUPPER
	RET
