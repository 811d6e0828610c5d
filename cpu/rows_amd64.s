#include "textflag.h"

// The routines below go down the rows of matrices whose rows lie stride bytes apart, for n columns, a multiple of 8: a block of
// columns after the other, with what belongs to a column in registers. AX is the block's offset, BX that of a row in it.

// func addRowsEights(dst, x *float32, n, rows, stride int)
//
// dst ← dst + x, row by row.
TEXT ·addRowsEights(SB), NOSPLIT, $0-40
	MOVQ    dst+0(FP), DI
	MOVQ    x+8(FP), SI
	MOVQ    n+16(FP), CX
	MOVQ    rows+24(FP), R8
	MOVQ    stride+32(FP), R9
	XORQ    AX, AX

addrows_wide:
	SUBQ    $64, CX
	JLT     addrows_rest
	VMOVUPS (DI)(AX*1), Y0
	VMOVUPS 32(DI)(AX*1), Y1
	VMOVUPS 64(DI)(AX*1), Y2
	VMOVUPS 96(DI)(AX*1), Y3
	VMOVUPS 128(DI)(AX*1), Y4
	VMOVUPS 160(DI)(AX*1), Y5
	VMOVUPS 192(DI)(AX*1), Y6
	VMOVUPS 224(DI)(AX*1), Y7
	MOVQ    AX, BX
	MOVQ    R8, R11

addrows_wide_down:
	VADDPS  (SI)(BX*1), Y0, Y0
	VADDPS  32(SI)(BX*1), Y1, Y1
	VADDPS  64(SI)(BX*1), Y2, Y2
	VADDPS  96(SI)(BX*1), Y3, Y3
	VADDPS  128(SI)(BX*1), Y4, Y4
	VADDPS  160(SI)(BX*1), Y5, Y5
	VADDPS  192(SI)(BX*1), Y6, Y6
	VADDPS  224(SI)(BX*1), Y7, Y7
	ADDQ    R9, BX
	DECQ    R11
	JNZ     addrows_wide_down
	VMOVUPS Y0, (DI)(AX*1)
	VMOVUPS Y1, 32(DI)(AX*1)
	VMOVUPS Y2, 64(DI)(AX*1)
	VMOVUPS Y3, 96(DI)(AX*1)
	VMOVUPS Y4, 128(DI)(AX*1)
	VMOVUPS Y5, 160(DI)(AX*1)
	VMOVUPS Y6, 192(DI)(AX*1)
	VMOVUPS Y7, 224(DI)(AX*1)
	ADDQ    $256, AX
	JMP     addrows_wide

addrows_rest:
	ADDQ    $64, CX

addrows_one:
	SUBQ    $8, CX
	JLT     addrows_done
	VMOVUPS (DI)(AX*1), Y0
	MOVQ    AX, BX
	MOVQ    R8, R11

addrows_one_down:
	VADDPS  (SI)(BX*1), Y0, Y0
	ADDQ    R9, BX
	DECQ    R11
	JNZ     addrows_one_down
	VMOVUPS Y0, (DI)(AX*1)
	ADDQ    $32, AX
	JMP     addrows_one

addrows_done:
	VZEROUPPER
	RET

// func addSquaresEights(dst, x, mean *float32, n, rows, stride int)
//
// dst ← dst + (x − mean)², row by row.
TEXT ·addSquaresEights(SB), NOSPLIT, $0-48
	MOVQ    dst+0(FP), DI
	MOVQ    x+8(FP), SI
	MOVQ    mean+16(FP), DX
	MOVQ    n+24(FP), CX
	MOVQ    rows+32(FP), R8
	MOVQ    stride+40(FP), R9
	XORQ    AX, AX

addsquares_wide:
	SUBQ    $32, CX
	JLT     addsquares_rest
	VMOVUPS (DI)(AX*1), Y0
	VMOVUPS 32(DI)(AX*1), Y1
	VMOVUPS 64(DI)(AX*1), Y2
	VMOVUPS 96(DI)(AX*1), Y3
	VMOVUPS (DX)(AX*1), Y4
	VMOVUPS 32(DX)(AX*1), Y5
	VMOVUPS 64(DX)(AX*1), Y6
	VMOVUPS 96(DX)(AX*1), Y7
	MOVQ    AX, BX
	MOVQ    R8, R11

addsquares_wide_down:
	VMOVUPS (SI)(BX*1), Y8
	VMOVUPS 32(SI)(BX*1), Y9
	VMOVUPS 64(SI)(BX*1), Y10
	VMOVUPS 96(SI)(BX*1), Y11
	VSUBPS  Y4, Y8, Y8
	VSUBPS  Y5, Y9, Y9
	VSUBPS  Y6, Y10, Y10
	VSUBPS  Y7, Y11, Y11
	VMULPS  Y8, Y8, Y8
	VMULPS  Y9, Y9, Y9
	VMULPS  Y10, Y10, Y10
	VMULPS  Y11, Y11, Y11
	VADDPS  Y8, Y0, Y0
	VADDPS  Y9, Y1, Y1
	VADDPS  Y10, Y2, Y2
	VADDPS  Y11, Y3, Y3
	ADDQ    R9, BX
	DECQ    R11
	JNZ     addsquares_wide_down
	VMOVUPS Y0, (DI)(AX*1)
	VMOVUPS Y1, 32(DI)(AX*1)
	VMOVUPS Y2, 64(DI)(AX*1)
	VMOVUPS Y3, 96(DI)(AX*1)
	ADDQ    $128, AX
	JMP     addsquares_wide

addsquares_rest:
	ADDQ    $32, CX

addsquares_one:
	SUBQ    $8, CX
	JLT     addsquares_done
	VMOVUPS (DI)(AX*1), Y0
	VMOVUPS (DX)(AX*1), Y4
	MOVQ    AX, BX
	MOVQ    R8, R11

addsquares_one_down:
	VMOVUPS (SI)(BX*1), Y8
	VSUBPS  Y4, Y8, Y8
	VMULPS  Y8, Y8, Y8
	VADDPS  Y8, Y0, Y0
	ADDQ    R9, BX
	DECQ    R11
	JNZ     addsquares_one_down
	VMOVUPS Y0, (DI)(AX*1)
	ADDQ    $32, AX
	JMP     addsquares_one

addsquares_done:
	VZEROUPPER
	RET

// func standardRowsEights(y, x, mean, scale, shift *float32, n, rows, stride int)
//
// y ← (x − mean)·scale + shift.
TEXT ·standardRowsEights(SB), NOSPLIT, $0-64
	MOVQ    y+0(FP), DI
	MOVQ    x+8(FP), SI
	MOVQ    mean+16(FP), DX
	MOVQ    scale+24(FP), R12
	MOVQ    shift+32(FP), R13
	MOVQ    n+40(FP), CX
	MOVQ    rows+48(FP), R8
	MOVQ    stride+56(FP), R9
	XORQ    AX, AX

standardrows_wide:
	SUBQ    $32, CX
	JLT     standardrows_rest
	VMOVUPS (DX)(AX*1), Y0
	VMOVUPS 32(DX)(AX*1), Y1
	VMOVUPS 64(DX)(AX*1), Y2
	VMOVUPS 96(DX)(AX*1), Y3
	VMOVUPS (R12)(AX*1), Y4
	VMOVUPS 32(R12)(AX*1), Y5
	VMOVUPS 64(R12)(AX*1), Y6
	VMOVUPS 96(R12)(AX*1), Y7
	VMOVUPS (R13)(AX*1), Y8
	VMOVUPS 32(R13)(AX*1), Y9
	VMOVUPS 64(R13)(AX*1), Y10
	VMOVUPS 96(R13)(AX*1), Y11
	MOVQ    AX, BX
	MOVQ    R8, R11

standardrows_wide_down:
	VMOVUPS (SI)(BX*1), Y12
	VMOVUPS 32(SI)(BX*1), Y13
	VMOVUPS 64(SI)(BX*1), Y14
	VMOVUPS 96(SI)(BX*1), Y15
	VSUBPS  Y0, Y12, Y12
	VSUBPS  Y1, Y13, Y13
	VSUBPS  Y2, Y14, Y14
	VSUBPS  Y3, Y15, Y15
	VMULPS  Y4, Y12, Y12
	VMULPS  Y5, Y13, Y13
	VMULPS  Y6, Y14, Y14
	VMULPS  Y7, Y15, Y15
	VADDPS  Y8, Y12, Y12
	VADDPS  Y9, Y13, Y13
	VADDPS  Y10, Y14, Y14
	VADDPS  Y11, Y15, Y15
	VMOVUPS Y12, (DI)(BX*1)
	VMOVUPS Y13, 32(DI)(BX*1)
	VMOVUPS Y14, 64(DI)(BX*1)
	VMOVUPS Y15, 96(DI)(BX*1)
	ADDQ    R9, BX
	DECQ    R11
	JNZ     standardrows_wide_down
	ADDQ    $128, AX
	JMP     standardrows_wide

standardrows_rest:
	ADDQ    $32, CX

standardrows_one:
	SUBQ    $8, CX
	JLT     standardrows_done
	VMOVUPS (DX)(AX*1), Y0
	VMOVUPS (R12)(AX*1), Y4
	VMOVUPS (R13)(AX*1), Y8
	MOVQ    AX, BX
	MOVQ    R8, R11

standardrows_one_down:
	VMOVUPS (SI)(BX*1), Y12
	VSUBPS  Y0, Y12, Y12
	VMULPS  Y4, Y12, Y12
	VADDPS  Y8, Y12, Y12
	VMOVUPS Y12, (DI)(BX*1)
	ADDQ    R9, BX
	DECQ    R11
	JNZ     standardrows_one_down
	ADDQ    $32, AX
	JMP     standardrows_one

standardrows_done:
	VZEROUPPER
	RET

// func gradSumsEights(dbias, dgain, x, e, mean, inverse *float32, n, rows, stride int)
//
// dbias ← dbias + e and dgain ← dgain + (x − mean)·inverse·e, row by row.
TEXT ·gradSumsEights(SB), NOSPLIT, $0-72
	MOVQ    dbias+0(FP), DI
	MOVQ    dgain+8(FP), R13
	MOVQ    x+16(FP), SI
	MOVQ    e+24(FP), R10
	MOVQ    mean+32(FP), DX
	MOVQ    inverse+40(FP), R12
	MOVQ    n+48(FP), CX
	MOVQ    rows+56(FP), R8
	MOVQ    stride+64(FP), R9
	XORQ    AX, AX

gradsums_wide:
	SUBQ    $16, CX
	JLT     gradsums_rest
	VMOVUPS (DI)(AX*1), Y0
	VMOVUPS 32(DI)(AX*1), Y1
	VMOVUPS (R13)(AX*1), Y2
	VMOVUPS 32(R13)(AX*1), Y3
	VMOVUPS (DX)(AX*1), Y4
	VMOVUPS 32(DX)(AX*1), Y5
	VMOVUPS (R12)(AX*1), Y6
	VMOVUPS 32(R12)(AX*1), Y7
	MOVQ    AX, BX
	MOVQ    R8, R11

gradsums_wide_down:
	VMOVUPS (SI)(BX*1), Y8
	VMOVUPS (R10)(BX*1), Y10
	VMOVUPS 32(SI)(BX*1), Y9
	VMOVUPS 32(R10)(BX*1), Y11
	VSUBPS  Y4, Y8, Y8
	VADDPS  Y10, Y0, Y0
	VSUBPS  Y5, Y9, Y9
	VADDPS  Y11, Y1, Y1
	VMULPS  Y6, Y8, Y8
	VMULPS  Y7, Y9, Y9
	VMULPS  Y10, Y8, Y8
	VMULPS  Y11, Y9, Y9
	VADDPS  Y8, Y2, Y2
	VADDPS  Y9, Y3, Y3
	ADDQ    R9, BX
	DECQ    R11
	JNZ     gradsums_wide_down
	VMOVUPS Y0, (DI)(AX*1)
	VMOVUPS Y1, 32(DI)(AX*1)
	VMOVUPS Y2, (R13)(AX*1)
	VMOVUPS Y3, 32(R13)(AX*1)
	ADDQ    $64, AX
	JMP     gradsums_wide

gradsums_rest:
	ADDQ    $16, CX

gradsums_one:
	SUBQ    $8, CX
	JLT     gradsums_done
	VMOVUPS (DI)(AX*1), Y0
	VMOVUPS (R13)(AX*1), Y2
	VMOVUPS (DX)(AX*1), Y4
	VMOVUPS (R12)(AX*1), Y6
	MOVQ    AX, BX
	MOVQ    R8, R11

gradsums_one_down:
	VMOVUPS (SI)(BX*1), Y8
	VMOVUPS (R10)(BX*1), Y10
	VSUBPS  Y4, Y8, Y8
	VADDPS  Y10, Y0, Y0
	VMULPS  Y6, Y8, Y8
	VMULPS  Y10, Y8, Y8
	VADDPS  Y8, Y2, Y2
	ADDQ    R9, BX
	DECQ    R11
	JNZ     gradsums_one_down
	VMOVUPS Y0, (DI)(AX*1)
	VMOVUPS Y2, (R13)(AX*1)
	ADDQ    $32, AX
	JMP     gradsums_one

gradsums_done:
	VZEROUPPER
	RET

// func gradRowsEights(dx, x, e, mean, a, b, c *float32, n, rows, stride int)
//
// dx ← e·a − b − (x − mean)·c.
TEXT ·gradRowsEights(SB), NOSPLIT, $0-80
	MOVQ    dx+0(FP), DI
	MOVQ    x+8(FP), SI
	MOVQ    e+16(FP), R10
	MOVQ    mean+24(FP), DX
	MOVQ    a+32(FP), R12
	MOVQ    b+40(FP), R13
	MOVQ    n+56(FP), CX
	MOVQ    rows+64(FP), R8
	MOVQ    stride+72(FP), R9
	XORQ    AX, AX

gradrows_wide:
	SUBQ    $16, CX
	JLT     gradrows_rest
	VMOVUPS (DX)(AX*1), Y0
	VMOVUPS 32(DX)(AX*1), Y1
	VMOVUPS (R12)(AX*1), Y2
	VMOVUPS 32(R12)(AX*1), Y3
	VMOVUPS (R13)(AX*1), Y4
	VMOVUPS 32(R13)(AX*1), Y5
	MOVQ    c+48(FP), R11
	VMOVUPS (R11)(AX*1), Y6
	VMOVUPS 32(R11)(AX*1), Y7
	MOVQ    AX, BX
	MOVQ    R8, R11

gradrows_wide_down:
	VMOVUPS (SI)(BX*1), Y8
	VMULPS  (R10)(BX*1), Y2, Y10
	VMOVUPS 32(SI)(BX*1), Y9
	VMULPS  32(R10)(BX*1), Y3, Y11
	VSUBPS  Y0, Y8, Y8
	VSUBPS  Y4, Y10, Y10
	VSUBPS  Y1, Y9, Y9
	VSUBPS  Y5, Y11, Y11
	VMULPS  Y6, Y8, Y8
	VMULPS  Y7, Y9, Y9
	VSUBPS  Y8, Y10, Y10
	VSUBPS  Y9, Y11, Y11
	VMOVUPS Y10, (DI)(BX*1)
	VMOVUPS Y11, 32(DI)(BX*1)
	ADDQ    R9, BX
	DECQ    R11
	JNZ     gradrows_wide_down
	ADDQ    $64, AX
	JMP     gradrows_wide

gradrows_rest:
	ADDQ    $16, CX

gradrows_one:
	SUBQ    $8, CX
	JLT     gradrows_done
	VMOVUPS (DX)(AX*1), Y0
	VMOVUPS (R12)(AX*1), Y2
	VMOVUPS (R13)(AX*1), Y4
	MOVQ    c+48(FP), R11
	VMOVUPS (R11)(AX*1), Y6
	MOVQ    AX, BX
	MOVQ    R8, R11

gradrows_one_down:
	VMOVUPS (SI)(BX*1), Y8
	VMULPS  (R10)(BX*1), Y2, Y10
	VSUBPS  Y0, Y8, Y8
	VSUBPS  Y4, Y10, Y10
	VMULPS  Y6, Y8, Y8
	VSUBPS  Y8, Y10, Y10
	VMOVUPS Y10, (DI)(BX*1)
	ADDQ    R9, BX
	DECQ    R11
	JNZ     gradrows_one_down
	ADDQ    $32, AX
	JMP     gradrows_one

gradrows_done:
	VZEROUPPER
	RET

// func gradSumsAVX512(dbias, dgain, x, e, mean, inverse *float32, n, rows, stride int)
//
// It is gradSumsEights for a multiple of 64 columns.
TEXT ·gradSumsAVX512(SB), NOSPLIT, $0-72
	MOVQ    dbias+0(FP), DI
	MOVQ    dgain+8(FP), R13
	MOVQ    x+16(FP), SI
	MOVQ    e+24(FP), R10
	MOVQ    mean+32(FP), DX
	MOVQ    inverse+40(FP), R12
	MOVQ    n+48(FP), CX
	MOVQ    rows+56(FP), R8
	MOVQ    stride+64(FP), R9
	XORQ    AX, AX

gradsums512_columns:
	VMOVUPS (DI)(AX*1), Z0
	VMOVUPS 64(DI)(AX*1), Z1
	VMOVUPS 128(DI)(AX*1), Z2
	VMOVUPS 192(DI)(AX*1), Z3
	VMOVUPS (R13)(AX*1), Z4
	VMOVUPS 64(R13)(AX*1), Z5
	VMOVUPS 128(R13)(AX*1), Z6
	VMOVUPS 192(R13)(AX*1), Z7
	VMOVUPS (DX)(AX*1), Z8
	VMOVUPS 64(DX)(AX*1), Z9
	VMOVUPS 128(DX)(AX*1), Z10
	VMOVUPS 192(DX)(AX*1), Z11
	VMOVUPS (R12)(AX*1), Z12
	VMOVUPS 64(R12)(AX*1), Z13
	VMOVUPS 128(R12)(AX*1), Z14
	VMOVUPS 192(R12)(AX*1), Z15
	MOVQ    AX, BX
	MOVQ    R8, R11

gradsums512_down:
	VMOVUPS (SI)(BX*1), Z16
	VMOVUPS (R10)(BX*1), Z20
	VMOVUPS 64(SI)(BX*1), Z17
	VMOVUPS 64(R10)(BX*1), Z21
	VMOVUPS 128(SI)(BX*1), Z18
	VMOVUPS 128(R10)(BX*1), Z22
	VMOVUPS 192(SI)(BX*1), Z19
	VMOVUPS 192(R10)(BX*1), Z23
	VSUBPS  Z8, Z16, Z16
	VADDPS  Z20, Z0, Z0
	VSUBPS  Z9, Z17, Z17
	VADDPS  Z21, Z1, Z1
	VSUBPS  Z10, Z18, Z18
	VADDPS  Z22, Z2, Z2
	VSUBPS  Z11, Z19, Z19
	VADDPS  Z23, Z3, Z3
	VMULPS  Z12, Z16, Z16
	VMULPS  Z13, Z17, Z17
	VMULPS  Z14, Z18, Z18
	VMULPS  Z15, Z19, Z19
	VMULPS  Z20, Z16, Z16
	VMULPS  Z21, Z17, Z17
	VMULPS  Z22, Z18, Z18
	VMULPS  Z23, Z19, Z19
	VADDPS  Z16, Z4, Z4
	VADDPS  Z17, Z5, Z5
	VADDPS  Z18, Z6, Z6
	VADDPS  Z19, Z7, Z7
	ADDQ    R9, BX
	DECQ    R11
	JNZ     gradsums512_down
	VMOVUPS Z0, (DI)(AX*1)
	VMOVUPS Z1, 64(DI)(AX*1)
	VMOVUPS Z2, 128(DI)(AX*1)
	VMOVUPS Z3, 192(DI)(AX*1)
	VMOVUPS Z4, (R13)(AX*1)
	VMOVUPS Z5, 64(R13)(AX*1)
	VMOVUPS Z6, 128(R13)(AX*1)
	VMOVUPS Z7, 192(R13)(AX*1)
	ADDQ    $256, AX
	SUBQ    $64, CX
	JNZ     gradsums512_columns
	VZEROUPPER
	RET

// func gradRowsAVX512(dx, x, e, mean, a, b, c *float32, n, rows, stride int)
//
// It is gradRowsEights for a multiple of 64 columns.
TEXT ·gradRowsAVX512(SB), NOSPLIT, $0-80
	MOVQ    dx+0(FP), DI
	MOVQ    x+8(FP), SI
	MOVQ    e+16(FP), R10
	MOVQ    mean+24(FP), DX
	MOVQ    a+32(FP), R12
	MOVQ    b+40(FP), R13
	MOVQ    n+56(FP), CX
	MOVQ    rows+64(FP), R8
	MOVQ    stride+72(FP), R9
	XORQ    AX, AX

gradrows512_columns:
	VMOVUPS (DX)(AX*1), Z0
	VMOVUPS 64(DX)(AX*1), Z1
	VMOVUPS 128(DX)(AX*1), Z2
	VMOVUPS 192(DX)(AX*1), Z3
	VMOVUPS (R12)(AX*1), Z4
	VMOVUPS 64(R12)(AX*1), Z5
	VMOVUPS 128(R12)(AX*1), Z6
	VMOVUPS 192(R12)(AX*1), Z7
	VMOVUPS (R13)(AX*1), Z8
	VMOVUPS 64(R13)(AX*1), Z9
	VMOVUPS 128(R13)(AX*1), Z10
	VMOVUPS 192(R13)(AX*1), Z11
	MOVQ    c+48(FP), R11
	VMOVUPS (R11)(AX*1), Z12
	VMOVUPS 64(R11)(AX*1), Z13
	VMOVUPS 128(R11)(AX*1), Z14
	VMOVUPS 192(R11)(AX*1), Z15
	MOVQ    AX, BX
	MOVQ    R8, R11

gradrows512_down:
	VMOVUPS (SI)(BX*1), Z16
	VMULPS  (R10)(BX*1), Z4, Z20
	VMOVUPS 64(SI)(BX*1), Z17
	VMULPS  64(R10)(BX*1), Z5, Z21
	VMOVUPS 128(SI)(BX*1), Z18
	VMULPS  128(R10)(BX*1), Z6, Z22
	VMOVUPS 192(SI)(BX*1), Z19
	VMULPS  192(R10)(BX*1), Z7, Z23
	VSUBPS  Z0, Z16, Z16
	VSUBPS  Z8, Z20, Z20
	VSUBPS  Z1, Z17, Z17
	VSUBPS  Z9, Z21, Z21
	VSUBPS  Z2, Z18, Z18
	VSUBPS  Z10, Z22, Z22
	VSUBPS  Z3, Z19, Z19
	VSUBPS  Z11, Z23, Z23
	VMULPS  Z12, Z16, Z16
	VMULPS  Z13, Z17, Z17
	VMULPS  Z14, Z18, Z18
	VMULPS  Z15, Z19, Z19
	VSUBPS  Z16, Z20, Z20
	VSUBPS  Z17, Z21, Z21
	VSUBPS  Z18, Z22, Z22
	VSUBPS  Z19, Z23, Z23
	VMOVUPS Z20, (DI)(BX*1)
	VMOVUPS Z21, 64(DI)(BX*1)
	VMOVUPS Z22, 128(DI)(BX*1)
	VMOVUPS Z23, 192(DI)(BX*1)
	ADDQ    R9, BX
	DECQ    R11
	JNZ     gradrows512_down
	ADDQ    $256, AX
	SUBQ    $64, CX
	JNZ     gradrows512_columns
	VZEROUPPER
	RET
