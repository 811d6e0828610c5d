#include "textflag.h"

// FINISH is c ← keep·c + alpha·sum for the 8 numbers of c at an address, with alpha in Y14, keep in Y15, and 0 in R13 where
// c does not count.
#define FINISH(sum, at)            \
	VMULPS  Y14, sum, sum            \
	TESTQ   R13, R13                 \
	JE      3(PC)                    \
	VMULPS  at, Y15, Y13             \
	VADDPS  Y13, sum, sum            \
	VMOVUPS sum, at

// func combineKernel(c *float32, cRow int, a *float32, aRow, apart int, b *float32, bRow int, m, n, cols int, alpha, keep float32, held int, mask *int32)
//
// c[i][j] ← keep·c[i][j] + alpha·Σ a[i][p]·b[p][j], i < m, p < n, j < cols; c does not count unless held. A row of c, of a, of
// b is so many bytes after the last, and a number of a row of a apart bytes. The first cols%8 numbers of mask have their sign
// set.
TEXT ·combineKernel(SB), NOSPLIT, $0-104
	MOVQ         c+0(FP), DI
	MOVQ         a+16(FP), R8
	MOVQ         apart+32(FP), R9
	MOVQ         b+40(FP), R10
	MOVQ         bRow+48(FP), R11
	MOVQ         m+56(FP), R15
	MOVQ         n+64(FP), R12
	VBROADCASTSS alpha+80(FP), Y14
	VBROADCASTSS keep+84(FP), Y15
	MOVQ         held+88(FP), R13

combine_row:
	MOVQ cols+72(FP), CX
	XORQ DX, DX
	SUBQ $32, CX
	JLT  combine_eights

combine_wide:
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	MOVQ   R8, SI
	LEAQ   (R10)(DX*1), BX
	MOVQ   R12, AX

combine_wide_step:
	VBROADCASTSS (SI), Y12
	VFMADD231PS  (BX), Y12, Y0
	VFMADD231PS  32(BX), Y12, Y1
	VFMADD231PS  64(BX), Y12, Y2
	VFMADD231PS  96(BX), Y12, Y3
	ADDQ         R9, SI
	ADDQ         R11, BX
	DECQ         AX
	JNZ          combine_wide_step
	FINISH(Y0, (DI)(DX*1))
	FINISH(Y1, 32(DI)(DX*1))
	FINISH(Y2, 64(DI)(DX*1))
	FINISH(Y3, 96(DI)(DX*1))
	ADDQ         $128, DX
	SUBQ         $32, CX
	JGE          combine_wide

combine_eights:
	ADDQ $24, CX
	JLT  combine_tail

combine_eight:
	VXORPS Y0, Y0, Y0
	MOVQ   R8, SI
	LEAQ   (R10)(DX*1), BX
	MOVQ   R12, AX

combine_eight_step:
	VBROADCASTSS (SI), Y12
	VFMADD231PS  (BX), Y12, Y0
	ADDQ         R9, SI
	ADDQ         R11, BX
	DECQ         AX
	JNZ          combine_eight_step
	FINISH(Y0, (DI)(DX*1))
	ADDQ         $32, DX
	SUBQ         $8, CX
	JGE          combine_eight

combine_tail:
	ADDQ    $8, CX
	JE      combine_next
	MOVQ    mask+96(FP), AX
	VMOVDQU (AX), Y11
	VXORPS  Y0, Y0, Y0
	MOVQ    R8, SI
	LEAQ    (R10)(DX*1), BX
	MOVQ    R12, AX

combine_tail_step:
	VBROADCASTSS (SI), Y12
	VMASKMOVPS   (BX), Y11, Y1
	VFMADD231PS  Y1, Y12, Y0
	ADDQ         R9, SI
	ADDQ         R11, BX
	DECQ         AX
	JNZ          combine_tail_step
	VMULPS       Y14, Y0, Y0
	TESTQ        R13, R13
	JE           combine_put
	VMASKMOVPS   (DI)(DX*1), Y11, Y1
	VMULPS       Y1, Y15, Y1
	VADDPS       Y1, Y0, Y0

combine_put:
	VMASKMOVPS Y0, Y11, (DI)(DX*1)

combine_next:
	ADDQ cRow+8(FP), DI
	ADDQ aRow+24(FP), R8
	DECQ R15
	JNZ  combine_row
	VZEROUPPER
	RET

// COLUMNS makes of 4 rows, a to d, the columns of each half: the first columns of both halves in a, the second in b and so on.
#define COLUMNS(a, b, c, d)  \
	VUNPCKLPS b, a, Y8         \
	VUNPCKHPS b, a, Y9         \
	VUNPCKLPS d, c, Y10        \
	VUNPCKHPS d, c, Y11        \
	VSHUFPS   $0x44, Y10, Y8, a \
	VSHUFPS   $0xEE, Y10, Y8, b \
	VSHUFPS   $0x44, Y11, Y9, c \
	VSHUFPS   $0xEE, Y11, Y9, d

// PLUS adds the next number of x times a column to the sums in Y12.
#define PLUS(column)         \
	VBROADCASTSS (SI), Y13     \
	ADDQ         R8, SI        \
	VFMADD231PS  column, Y13, Y12

// func dotsKernel(dst, x *float32, apart int, b *float32, rows int, blocks, n int, mask *int32)
//
// dst[j] ← Σ x[p]·b[j][p], p < n, for 8·blocks rows of b, each sum in the order of p: 8×8 numbers of b are transposed at a
// time. Strides are in bytes. The first n%8 numbers of mask have their sign set.
TEXT ·dotsKernel(SB), NOSPLIT, $0-64
	MOVQ    dst+0(FP), DI
	MOVQ    apart+16(FP), R8
	MOVQ    b+24(FP), R12
	MOVQ    rows+32(FP), R9
	MOVQ    blocks+40(FP), R13
	MOVQ    mask+56(FP), AX
	VMOVDQU (AX), Y14
	LEAQ    (R9)(R9*2), R11

dots_block:
	MOVQ   x+8(FP), SI
	MOVQ   R12, BX
	LEAQ   (R12)(R9*4), DX
	MOVQ   n+48(FP), CX
	VXORPS Y12, Y12, Y12
	SUBQ   $8, CX
	JLT    dots_rest

dots_eight:
	VMOVUPS     (BX), X0
	VMOVUPS     (BX)(R9*1), X1
	VMOVUPS     (BX)(R9*2), X2
	VMOVUPS     (BX)(R11*1), X3
	VMOVUPS     16(BX), X4
	VMOVUPS     16(BX)(R9*1), X5
	VMOVUPS     16(BX)(R9*2), X6
	VMOVUPS     16(BX)(R11*1), X7
	VINSERTF128 $1, (DX), Y0, Y0
	VINSERTF128 $1, (DX)(R9*1), Y1, Y1
	VINSERTF128 $1, (DX)(R9*2), Y2, Y2
	VINSERTF128 $1, (DX)(R11*1), Y3, Y3
	VINSERTF128 $1, 16(DX), Y4, Y4
	VINSERTF128 $1, 16(DX)(R9*1), Y5, Y5
	VINSERTF128 $1, 16(DX)(R9*2), Y6, Y6
	VINSERTF128 $1, 16(DX)(R11*1), Y7, Y7
	COLUMNS(Y0, Y1, Y2, Y3)
	PLUS(Y0)
	PLUS(Y1)
	PLUS(Y2)
	PLUS(Y3)
	COLUMNS(Y4, Y5, Y6, Y7)
	PLUS(Y4)
	PLUS(Y5)
	PLUS(Y6)
	PLUS(Y7)
	ADDQ        $32, BX
	ADDQ        $32, DX
	SUBQ        $8, CX
	JGE         dots_eight

dots_rest:
	ADDQ       $8, CX
	JE         dots_next
	VMASKMOVPS (BX), Y14, Y0
	VMASKMOVPS (BX)(R9*1), Y14, Y1
	VMASKMOVPS (BX)(R9*2), Y14, Y2
	VMASKMOVPS (BX)(R11*1), Y14, Y3
	VMASKMOVPS (DX), Y14, Y4
	VMASKMOVPS (DX)(R9*1), Y14, Y5
	VMASKMOVPS (DX)(R9*2), Y14, Y6
	VMASKMOVPS (DX)(R11*1), Y14, Y7
	VPERM2F128 $0x31, Y4, Y0, Y8
	VPERM2F128 $0x31, Y5, Y1, Y9
	VPERM2F128 $0x31, Y6, Y2, Y10
	VPERM2F128 $0x31, Y7, Y3, Y11
	VPERM2F128 $0x20, Y4, Y0, Y0
	VPERM2F128 $0x20, Y5, Y1, Y1
	VPERM2F128 $0x20, Y6, Y2, Y2
	VPERM2F128 $0x20, Y7, Y3, Y3
	VMOVAPS    Y8, Y4
	VMOVAPS    Y9, Y5
	VMOVAPS    Y10, Y6
	VMOVAPS    Y11, Y7
	COLUMNS(Y0, Y1, Y2, Y3)
	COLUMNS(Y4, Y5, Y6, Y7)
	PLUS(Y0)
	DECQ       CX
	JE         dots_next
	PLUS(Y1)
	DECQ       CX
	JE         dots_next
	PLUS(Y2)
	DECQ       CX
	JE         dots_next
	PLUS(Y3)
	DECQ       CX
	JE         dots_next
	PLUS(Y4)
	DECQ       CX
	JE         dots_next
	PLUS(Y5)
	DECQ       CX
	JE         dots_next
	PLUS(Y6)

dots_next:
	VMOVUPS Y12, (DI)
	ADDQ    $32, DI
	LEAQ    (R12)(R9*8), R12
	DECQ    R13
	JNZ     dots_block
	VZEROUPPER
	RET
