#include "go_asm.h"
#include "textflag.h"

// BINARY is dst ← op(a, b) for n floats, a multiple of 8. Y0 is of a and Y1 of b; x and y are the two in the
// order in which the assembler wants them.
#define BINARY(op, x, y)      \
	MOVQ    dst+0(FP), DI     \
	MOVQ    a+8(FP), SI       \
	MOVQ    b+16(FP), DX      \
	MOVQ    n+24(FP), CX      \
	XORQ    AX, AX            \
	SUBQ    $32, CX           \
	JLT     rest              \
four:                         \
	VMOVUPS (SI)(AX*4), Y0    \
	VMOVUPS (DX)(AX*4), Y1    \
	op      x, y, Y2          \
	VMOVUPS 32(SI)(AX*4), Y0  \
	VMOVUPS 32(DX)(AX*4), Y1  \
	op      x, y, Y3          \
	VMOVUPS 64(SI)(AX*4), Y0  \
	VMOVUPS 64(DX)(AX*4), Y1  \
	op      x, y, Y4          \
	VMOVUPS 96(SI)(AX*4), Y0  \
	VMOVUPS 96(DX)(AX*4), Y1  \
	op      x, y, Y5          \
	VMOVUPS Y2, (DI)(AX*4)    \
	VMOVUPS Y3, 32(DI)(AX*4)  \
	VMOVUPS Y4, 64(DI)(AX*4)  \
	VMOVUPS Y5, 96(DI)(AX*4)  \
	ADDQ    $32, AX           \
	CMPQ    AX, CX            \
	JLE     four              \
rest:                         \
	ADDQ    $32, CX           \
	CMPQ    AX, CX            \
	JGE     done              \
one:                          \
	VMOVUPS (SI)(AX*4), Y0    \
	VMOVUPS (DX)(AX*4), Y1    \
	op      x, y, Y2          \
	VMOVUPS Y2, (DI)(AX*4)    \
	ADDQ    $8, AX            \
	CMPQ    AX, CX            \
	JLT     one               \
done:                         \
	VZEROUPPER                \
	RET

// SCALAR is dst ← op(a, k).
#define SCALAR(op)            \
	MOVQ         dst+0(FP), DI  \
	MOVQ         a+8(FP), SI    \
	VBROADCASTSS k+16(FP), Y1   \
	MOVQ         n+24(FP), CX   \
	XORQ         AX, AX         \
loop:                         \
	op           (SI)(AX*4), Y1, Y0 \
	VMOVUPS      Y0, (DI)(AX*4) \
	ADDQ         $8, AX         \
	CMPQ         AX, CX         \
	JLT          loop           \
	VZEROUPPER                  \
	RET

// ACROSS makes Y0 ← op of Y0 … Y3, and X0 ← op of its eight, the far ones first.
#define ACROSS(op)            \
	op           Y2, Y0, Y0     \
	op           Y3, Y1, Y1     \
	op           Y1, Y0, Y0     \
	VEXTRACTF128 $1, Y0, X1     \
	op           X1, X0, X0     \
	VPERMILPS    $0x0E, X0, X1  \
	op           X1, X0, X0     \
	VPERMILPS    $0x01, X0, X1  \
	op           X1, X0, X0

// FOLD is op of n floats at SI, a multiple of 8, and of what Y0 … Y3 hold. It asks for lines half a page ahead, since what the
// processor fetches by itself ends with a page of 4 KiB: of matrices larger than the caches that is a tenth of the time.
#define FOLD(op)              \
	XORQ    AX, AX              \
	SUBQ    $32, CX             \
	JLT     rest                \
four:                         \
	PREFETCHT0 2048(SI)(AX*4)   \
	PREFETCHT0 2112(SI)(AX*4)   \
	op      (SI)(AX*4), Y0, Y0  \
	op      32(SI)(AX*4), Y1, Y1 \
	op      64(SI)(AX*4), Y2, Y2 \
	op      96(SI)(AX*4), Y3, Y3 \
	ADDQ    $32, AX             \
	CMPQ    AX, CX              \
	JLE     four                \
rest:                         \
	ADDQ    $32, CX             \
one:                          \
	CMPQ    AX, CX              \
	JGE     done                \
	op      (SI)(AX*4), Y0, Y0  \
	ADDQ    $8, AX              \
	JMP     one                 \
done:                         \
	ACROSS(op)

// func addEights(dst, a, b *float32, n int)
TEXT ·addEights(SB), NOSPLIT, $0-32
	BINARY(VADDPS, Y1, Y0)

// func subEights(dst, a, b *float32, n int)
TEXT ·subEights(SB), NOSPLIT, $0-32
	BINARY(VSUBPS, Y1, Y0)

// func mulEights(dst, a, b *float32, n int)
TEXT ·mulEights(SB), NOSPLIT, $0-32
	BINARY(VMULPS, Y1, Y0)

// func divEights(dst, a, b *float32, n int)
TEXT ·divEights(SB), NOSPLIT, $0-32
	BINARY(VDIVPS, Y1, Y0)

// The maximum and the minimum return a, written first here, unless b is larger or smaller.

// func maxEights(dst, a, b *float32, n int)
TEXT ·maxEights(SB), NOSPLIT, $0-32
	BINARY(VMAXPS, Y0, Y1)

// func minEights(dst, a, b *float32, n int)
TEXT ·minEights(SB), NOSPLIT, $0-32
	BINARY(VMINPS, Y0, Y1)

// func sqrtEights(dst, a *float32, n int)
TEXT ·sqrtEights(SB), NOSPLIT, $0-24
	MOVQ   dst+0(FP), DI
	MOVQ   a+8(FP), SI
	MOVQ   n+16(FP), CX
	VXORPS Y1, Y1, Y1
	XORQ   AX, AX

sqrt_loop:
	VMOVUPS (SI)(AX*4), Y0
	VMAXPS  Y1, Y0, Y0 // 0 unless Y0 is larger
	VSQRTPS Y0, Y0
	VMOVUPS Y0, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     sqrt_loop
	VZEROUPPER
	RET

// func negEights(dst, a *float32, n int)
TEXT ·negEights(SB), NOSPLIT, $0-24
	MOVQ     dst+0(FP), DI
	MOVQ     a+8(FP), SI
	MOVQ     n+16(FP), CX
	VPCMPEQD Y1, Y1, Y1
	VPSLLD   $31, Y1, Y1 // the signs
	XORQ     AX, AX

neg_loop:
	VXORPS  (SI)(AX*4), Y1, Y0
	VMOVUPS Y0, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     neg_loop
	VZEROUPPER
	RET

// func chooseEights(dst, c, a, b *float32, n int)
TEXT ·chooseEights(SB), NOSPLIT, $0-40
	MOVQ   dst+0(FP), DI
	MOVQ   c+8(FP), BX
	MOVQ   a+16(FP), SI
	MOVQ   b+24(FP), DX
	MOVQ   n+32(FP), CX
	VXORPS Y3, Y3, Y3
	XORQ   AX, AX

choose_loop:
	VMOVUPS   (BX)(AX*4), Y0
	VCMPPS    $0x1E, Y3, Y0, Y0 // c > 0, false for NaN
	VMOVUPS   (DX)(AX*4), Y1
	VBLENDVPS Y0, (SI)(AX*4), Y1, Y1
	VMOVUPS   Y1, (DI)(AX*4)
	ADDQ      $8, AX
	CMPQ      AX, CX
	JLT       choose_loop
	VZEROUPPER
	RET

// func scaleEights(dst, a *float32, k float32, n int)
TEXT ·scaleEights(SB), NOSPLIT, $0-32
	SCALAR(VMULPS)

// func shiftEights(dst, a *float32, k float32, n int)
TEXT ·shiftEights(SB), NOSPLIT, $0-32
	SCALAR(VADDPS)

// func plusEights(dst, a *float32, k float32, n int)
TEXT ·plusEights(SB), NOSPLIT, $0-32
	MOVQ         dst+0(FP), DI
	MOVQ         a+8(FP), SI
	VBROADCASTSS k+16(FP), Y1
	MOVQ         n+24(FP), CX
	XORQ         AX, AX

plus_loop:
	VMULPS  (SI)(AX*4), Y1, Y0
	VADDPS  (DI)(AX*4), Y0, Y0
	VMOVUPS Y0, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     plus_loop
	VZEROUPPER
	RET

// func slopesEights(p, k, l, r *float32, n int, f *slopeFactors)
TEXT ·slopesEights(SB), NOSPLIT, $0-48
	MOVQ         p+0(FP), DI
	MOVQ         k+8(FP), SI
	MOVQ         l+16(FP), DX
	MOVQ         r+24(FP), BX
	MOVQ         n+32(FP), CX
	MOVQ         f+40(FP), R8
	VBROADCASTSS slopeFactors_own(R8), Y4
	VBROADCASTSS slopeFactors_self(R8), Y5
	VBROADCASTSS slopeFactors_cross(R8), Y6
	VBROADCASTSS slopeFactors_scale(R8), Y7
	XORQ         AX, AX

slopes_loop:
	VMOVUPS (SI)(AX*4), Y0
	VMULPS  Y0, Y5, Y1
	VMULPS  (DX)(AX*4), Y6, Y2
	VADDPS  Y2, Y1, Y1
	VADDPS  (BX)(AX*4), Y4, Y3
	VADDPS  Y3, Y1, Y1
	VMULPS  Y0, Y1, Y1
	VMULPS  Y7, Y1, Y1
	VMOVUPS Y1, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     slopes_loop
	VZEROUPPER
	RET

// func sumEights(x *float32, n int) float32
TEXT ·sumEights(SB), NOSPLIT, $0-20
	MOVQ   x+0(FP), SI
	MOVQ   n+8(FP), CX
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	FOLD(VADDPS)
	MOVSS  X0, ret+16(FP)
	VZEROUPPER
	RET

// func runSumsEights(out, x *float32, n, runs int)
//
// It adds up 8 runs of n numbers at a time; n is a multiple of 8.
TEXT ·runSumsEights(SB), NOSPLIT, $0-32
	MOVQ out+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), R8
	MOVQ runs+24(FP), CX
	SHLQ $2, R8          // from run to run
	LEAQ (R8)(R8*2), R9  // 3 runs

runs_eight:
	LEAQ    (SI)(R8*4), BX
	VMOVUPS (SI), Y0
	VMOVUPS (SI)(R8*1), Y1
	VMOVUPS (SI)(R8*2), Y2
	VMOVUPS (SI)(R9*1), Y3
	VMOVUPS (BX), Y4
	VMOVUPS (BX)(R8*1), Y5
	VMOVUPS (BX)(R8*2), Y6
	VMOVUPS (BX)(R9*1), Y7
	MOVQ    SI, R11
	LEAQ    (SI)(R8*1), R10 // the end of the first
	ADDQ    $32, R11

runs_lanes:
	CMPQ   R11, R10
	JGE    runs_across
	LEAQ   (R11)(R8*4), BX
	VADDPS (R11), Y0, Y0
	VADDPS (R11)(R8*1), Y1, Y1
	VADDPS (R11)(R8*2), Y2, Y2
	VADDPS (R11)(R9*1), Y3, Y3
	VADDPS (BX), Y4, Y4
	VADDPS (BX)(R8*1), Y5, Y5
	VADDPS (BX)(R8*2), Y6, Y6
	VADDPS (BX)(R9*1), Y7, Y7
	ADDQ   $32, R11
	JMP    runs_lanes

runs_across:
	VHADDPS    Y1, Y0, Y0
	VHADDPS    Y3, Y2, Y2
	VHADDPS    Y5, Y4, Y4
	VHADDPS    Y7, Y6, Y6
	VHADDPS    Y2, Y0, Y0        // the near half of runs 0 to 3, and the far
	VHADDPS    Y6, Y4, Y4
	VPERM2F128 $0x20, Y4, Y0, Y1
	VPERM2F128 $0x31, Y4, Y0, Y2
	VADDPS     Y2, Y1, Y1
	VMOVUPS    Y1, (DI)
	ADDQ       $32, DI
	LEAQ       (SI)(R8*8), SI
	SUBQ       $8, CX
	JNZ        runs_eight
	VZEROUPPER
	RET

// func affineEights(dst, x, y *float32, n int, a, b float32)
TEXT ·affineEights(SB), NOSPLIT, $0-40
	MOVQ         dst+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         y+16(FP), DX
	MOVQ         n+24(FP), CX
	VBROADCASTSS a+32(FP), Y4
	VBROADCASTSS b+36(FP), Y5
	XORQ         AX, AX

affine_eight:
	VMULPS  (SI)(AX*4), Y4, Y0
	VMULPS  (DX)(AX*4), Y5, Y1
	VADDPS  Y1, Y0, Y0
	VMOVUPS Y0, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     affine_eight
	VZEROUPPER
	RET

// func spreadEights(dst, src *float32, cols, rows int)
//
// A row ends in a whole vector, of which the next row takes what is beyond cols.
TEXT ·spreadEights(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ cols+16(FP), R8
	MOVQ rows+24(FP), CX

spread_row:
	VBROADCASTSS (SI), Y0
	MOVQ         R8, AX

spread_eight:
	VMOVUPS Y0, (DI)
	ADDQ    $32, DI
	SUBQ    $8, AX
	JGT     spread_eight
	LEAQ    (DI)(AX*4), DI
	ADDQ    $4, SI
	DECQ    CX
	JNZ     spread_row
	VZEROUPPER
	RET

// func largestEights(x *float32, n int) float32
TEXT ·largestEights(SB), NOSPLIT, $0-20
	MOVQ    x+0(FP), SI
	MOVQ    n+8(FP), CX
	VMOVUPS (SI), Y0
	VMOVAPS Y0, Y1
	VMOVAPS Y0, Y2
	VMOVAPS Y0, Y3
	FOLD(VMAXPS)
	MOVSS   X0, ret+16(FP)
	VZEROUPPER
	RET

// func giveEights(dst, rest, x, top *float32, n int)
TEXT ·giveEights(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ rest+8(FP), BX
	MOVQ x+16(FP), SI
	MOVQ top+24(FP), DX
	MOVQ n+32(FP), CX
	XORQ AX, AX

give_loop:
	VMOVUPS (SI)(AX*4), Y0
	VCMPPS  $0x00, (DX)(AX*4), Y0, Y0 // x = top
	VMOVUPS (BX)(AX*4), Y1
	VANDPS  Y1, Y0, Y2
	VANDNPS Y1, Y0, Y1
	VADDPS  (DI)(AX*4), Y2, Y2
	VMOVUPS Y2, (DI)(AX*4)
	VMOVUPS Y1, (BX)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, CX
	JLT     give_loop
	VZEROUPPER
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
GLOBL logs<>(SB), RODATA|NOPTR, $80

// func logEights(dst, a *float32, n int)
TEXT ·logEights(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ a+8(FP), SI
	MOVQ n+16(FP), CX
	XORQ AX, AX

log_loop:
	VMOVUPS      (SI)(AX*4), Y0
	VBROADCASTSS logs<>+0(SB), Y7
	VPADDD       Y7, Y0, Y1
	VPSRAD       $23, Y1, Y2
	VBROADCASTSS logs<>+12(SB), Y7
	VPSUBD       Y7, Y2, Y2
	VCVTDQ2PS    Y2, Y2              // e
	VBROADCASTSS logs<>+8(SB), Y7
	VPAND        Y7, Y1, Y1
	VBROADCASTSS logs<>+4(SB), Y7
	VPADDD       Y7, Y1, Y1
	VBROADCASTSS logs<>+16(SB), Y7
	VSUBPS       Y7, Y1, Y1          // m
	VMULPS       Y1, Y1, Y3          // m²
	VBROADCASTSS logs<>+32(SB), Y4
	VMULPS       Y1, Y4, Y4
	VBROADCASTSS logs<>+36(SB), Y7
	VADDPS       Y7, Y4, Y4
	VMULPS       Y1, Y4, Y4
	VBROADCASTSS logs<>+40(SB), Y7
	VADDPS       Y7, Y4, Y4
	VMULPS       Y1, Y4, Y4
	VBROADCASTSS logs<>+44(SB), Y7
	VADDPS       Y7, Y4, Y4
	VMULPS       Y1, Y4, Y4
	VBROADCASTSS logs<>+48(SB), Y7
	VADDPS       Y7, Y4, Y4
	VMULPS       Y1, Y4, Y4
	VBROADCASTSS logs<>+52(SB), Y7
	VADDPS       Y7, Y4, Y4
	VMULPS       Y1, Y4, Y4
	VBROADCASTSS logs<>+56(SB), Y7
	VADDPS       Y7, Y4, Y4
	VMULPS       Y1, Y4, Y4
	VBROADCASTSS logs<>+60(SB), Y7
	VADDPS       Y7, Y4, Y4
	VMULPS       Y1, Y4, Y4
	VBROADCASTSS logs<>+64(SB), Y7
	VADDPS       Y7, Y4, Y4
	VMULPS       Y1, Y4, Y4
	VMULPS       Y3, Y4, Y4          // y
	VBROADCASTSS logs<>+72(SB), Y7
	VMULPS       Y7, Y2, Y5
	VADDPS       Y5, Y4, Y4
	VBROADCASTSS logs<>+76(SB), Y7
	VMULPS       Y7, Y3, Y3
	VSUBPS       Y3, Y4, Y4
	VADDPS       Y4, Y1, Y1
	VBROADCASTSS logs<>+68(SB), Y7
	VMULPS       Y7, Y2, Y2
	VADDPS       Y2, Y1, Y1
	VBROADCASTSS logs<>+20(SB), Y7
	VCMPPS       $0x11, Y7, Y0, Y2   // x < 2⁻¹²⁶
	VBROADCASTSS logs<>+28(SB), Y7
	VBLENDVPS    Y2, Y7, Y1, Y1
	VBROADCASTSS logs<>+24(SB), Y7
	VCMPPS       $0x00, Y7, Y0, Y2   // x = ∞
	VBLENDVPS    Y2, Y0, Y1, Y1
	VXORPS       Y3, Y3, Y3
	VCMPPS       $0x19, Y3, Y0, Y2   // not x ≥ 0: all ones, which is a NaN
	VORPS        Y2, Y1, Y1
	VMOVUPS      Y1, (DI)(AX*4)
	ADDQ         $8, AX
	CMPQ         AX, CX
	JLT          log_loop
	VZEROUPPER
	RET
