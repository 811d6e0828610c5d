#include "textflag.h"

// The routines below go down the rows of matrices whose rows lie stride bytes apart, for n columns, a multiple of 8: a block of
// columns after the other, with what belongs to a column in registers. AX is the block's offset, BX that of a row in it.

// FIRST begins with the first row of a block, NEXT goes on to the next until the last.
#define FIRST  \
	MOVQ AX, BX \
	MOVQ R8, R11

#define NEXT     \
	ADDQ R9, BX   \
	DECQ R11

// LOAD2 and LOAD4 load vectors of w bytes that lie side by side, from offset i of p on, STORE2 and STORE4 store them.
#define LOAD2(p, i, w, a, b)   \
	VMOVUPS (p)(i*1), a         \
	VMOVUPS w(p)(i*1), b

#define LOAD4(p, i, w, a, b, c, d) \
	LOAD2(p, i, w, a, b)            \
	VMOVUPS (2*w)(p)(i*1), c        \
	VMOVUPS (3*w)(p)(i*1), d

#define STORE2(p, i, w, a, b)  \
	VMOVUPS a, (p)(i*1)         \
	VMOVUPS b, w(p)(i*1)

#define STORE4(p, i, w, a, b, c, d) \
	STORE2(p, i, w, a, b)            \
	VMOVUPS c, (2*w)(p)(i*1)         \
	VMOVUPS d, (3*w)(p)(i*1)

// EACH2 and EACH4 do a ← a op x, b ← b op y and so on; TIMES2 loads two vectors, a times x and b times y.
#define EACH2(op, x, a, y, b) \
	op x, a, a                 \
	op y, b, b

#define EACH4(op, x, a, y, b, z, c, w, d) \
	EACH2(op, x, a, y, b)                  \
	EACH2(op, z, c, w, d)

#define TIMES2(p, i, w, x, a, y, b) \
	VMULPS (p)(i*1), x, a            \
	VMULPS w(p)(i*1), y, b

// func addRowsEights(dst, x *float32, n, rows, stride int)
//
// dst ← dst + x, row by row.
TEXT ·addRowsEights(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ rows+24(FP), R8
	MOVQ stride+32(FP), R9
	XORQ AX, AX

addrows_wide:
	SUBQ $64, CX
	JLT  addrows_rest
	LOAD4(DI, AX, 32, Y0, Y1, Y2, Y3)
	VMOVUPS 128(DI)(AX*1), Y4
	VMOVUPS 160(DI)(AX*1), Y5
	VMOVUPS 192(DI)(AX*1), Y6
	VMOVUPS 224(DI)(AX*1), Y7
	FIRST

addrows_wide_down:
	VADDPS (SI)(BX*1), Y0, Y0
	VADDPS 32(SI)(BX*1), Y1, Y1
	VADDPS 64(SI)(BX*1), Y2, Y2
	VADDPS 96(SI)(BX*1), Y3, Y3
	VADDPS 128(SI)(BX*1), Y4, Y4
	VADDPS 160(SI)(BX*1), Y5, Y5
	VADDPS 192(SI)(BX*1), Y6, Y6
	VADDPS 224(SI)(BX*1), Y7, Y7
	NEXT
	JNZ  addrows_wide_down
	STORE4(DI, AX, 32, Y0, Y1, Y2, Y3)
	ADDQ $128, AX
	STORE4(DI, AX, 32, Y4, Y5, Y6, Y7)
	ADDQ $128, AX
	JMP  addrows_wide

addrows_rest:
	ADDQ $64, CX

addrows_one:
	SUBQ    $8, CX
	JLT     addrows_done
	VMOVUPS (DI)(AX*1), Y0
	FIRST

addrows_one_down:
	VADDPS  (SI)(BX*1), Y0, Y0
	NEXT
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
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ mean+16(FP), DX
	MOVQ n+24(FP), CX
	MOVQ rows+32(FP), R8
	MOVQ stride+40(FP), R9
	XORQ AX, AX

addsquares_wide:
	SUBQ $32, CX
	JLT  addsquares_rest
	LOAD4(DI, AX, 32, Y0, Y1, Y2, Y3)
	LOAD4(DX, AX, 32, Y4, Y5, Y6, Y7)
	FIRST

addsquares_wide_down:
	LOAD4(SI, BX, 32, Y8, Y9, Y10, Y11)
	EACH4(VSUBPS, Y4, Y8, Y5, Y9, Y6, Y10, Y7, Y11)
	EACH4(VMULPS, Y8, Y8, Y9, Y9, Y10, Y10, Y11, Y11)
	EACH4(VADDPS, Y8, Y0, Y9, Y1, Y10, Y2, Y11, Y3)
	NEXT
	JNZ  addsquares_wide_down
	STORE4(DI, AX, 32, Y0, Y1, Y2, Y3)
	ADDQ $128, AX
	JMP  addsquares_wide

addsquares_rest:
	ADDQ $32, CX

addsquares_one:
	SUBQ    $8, CX
	JLT     addsquares_done
	VMOVUPS (DI)(AX*1), Y0
	VMOVUPS (DX)(AX*1), Y4
	FIRST

addsquares_one_down:
	VMOVUPS (SI)(BX*1), Y8
	VSUBPS  Y4, Y8, Y8
	VMULPS  Y8, Y8, Y8
	VADDPS  Y8, Y0, Y0
	NEXT
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
	MOVQ y+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ mean+16(FP), DX
	MOVQ scale+24(FP), R12
	MOVQ shift+32(FP), R13
	MOVQ n+40(FP), CX
	MOVQ rows+48(FP), R8
	MOVQ stride+56(FP), R9
	XORQ AX, AX

standardrows_wide:
	SUBQ $32, CX
	JLT  standardrows_rest
	LOAD4(DX, AX, 32, Y0, Y1, Y2, Y3)
	LOAD4(R12, AX, 32, Y4, Y5, Y6, Y7)
	LOAD4(R13, AX, 32, Y8, Y9, Y10, Y11)
	FIRST

standardrows_wide_down:
	LOAD4(SI, BX, 32, Y12, Y13, Y14, Y15)
	EACH4(VSUBPS, Y0, Y12, Y1, Y13, Y2, Y14, Y3, Y15)
	EACH4(VMULPS, Y4, Y12, Y5, Y13, Y6, Y14, Y7, Y15)
	EACH4(VADDPS, Y8, Y12, Y9, Y13, Y10, Y14, Y11, Y15)
	STORE4(DI, BX, 32, Y12, Y13, Y14, Y15)
	NEXT
	JNZ  standardrows_wide_down
	ADDQ $128, AX
	JMP  standardrows_wide

standardrows_rest:
	ADDQ $32, CX

standardrows_one:
	SUBQ    $8, CX
	JLT     standardrows_done
	VMOVUPS (DX)(AX*1), Y0
	VMOVUPS (R12)(AX*1), Y4
	VMOVUPS (R13)(AX*1), Y8
	FIRST

standardrows_one_down:
	VMOVUPS (SI)(BX*1), Y12
	VSUBPS  Y0, Y12, Y12
	VMULPS  Y4, Y12, Y12
	VADDPS  Y8, Y12, Y12
	VMOVUPS Y12, (DI)(BX*1)
	NEXT
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
	MOVQ dbias+0(FP), DI
	MOVQ dgain+8(FP), R13
	MOVQ x+16(FP), SI
	MOVQ e+24(FP), R10
	MOVQ mean+32(FP), DX
	MOVQ inverse+40(FP), R12
	MOVQ n+48(FP), CX
	MOVQ rows+56(FP), R8
	MOVQ stride+64(FP), R9
	XORQ AX, AX

gradsums_wide:
	SUBQ $16, CX
	JLT  gradsums_rest
	LOAD2(DI, AX, 32, Y0, Y1)
	LOAD2(R13, AX, 32, Y2, Y3)
	LOAD2(DX, AX, 32, Y4, Y5)
	LOAD2(R12, AX, 32, Y6, Y7)
	FIRST

gradsums_wide_down:
	LOAD2(SI, BX, 32, Y8, Y9)
	LOAD2(R10, BX, 32, Y10, Y11)
	EACH2(VSUBPS, Y4, Y8, Y5, Y9)
	EACH2(VADDPS, Y10, Y0, Y11, Y1)
	EACH2(VMULPS, Y6, Y8, Y7, Y9)
	EACH2(VMULPS, Y10, Y8, Y11, Y9)
	EACH2(VADDPS, Y8, Y2, Y9, Y3)
	NEXT
	JNZ  gradsums_wide_down
	STORE2(DI, AX, 32, Y0, Y1)
	STORE2(R13, AX, 32, Y2, Y3)
	ADDQ $64, AX
	JMP  gradsums_wide

gradsums_rest:
	ADDQ $16, CX
	JEQ  gradsums_done // of eight columns that are left
	VMOVUPS (DI)(AX*1), Y0
	VMOVUPS (R13)(AX*1), Y2
	VMOVUPS (DX)(AX*1), Y4
	VMOVUPS (R12)(AX*1), Y6
	FIRST

gradsums_one_down:
	VMOVUPS (SI)(BX*1), Y8
	VMOVUPS (R10)(BX*1), Y10
	VSUBPS  Y4, Y8, Y8
	VADDPS  Y10, Y0, Y0
	VMULPS  Y6, Y8, Y8
	VMULPS  Y10, Y8, Y8
	VADDPS  Y8, Y2, Y2
	NEXT
	JNZ     gradsums_one_down
	VMOVUPS Y0, (DI)(AX*1)
	VMOVUPS Y2, (R13)(AX*1)

gradsums_done:
	VZEROUPPER
	RET

// func gradSumsAVX512(dbias, dgain, x, e, mean, inverse *float32, n, rows, stride int)
//
// It is gradSumsEights for a multiple of 64 columns.
TEXT ·gradSumsAVX512(SB), NOSPLIT, $0-72
	MOVQ dbias+0(FP), DI
	MOVQ dgain+8(FP), R13
	MOVQ x+16(FP), SI
	MOVQ e+24(FP), R10
	MOVQ mean+32(FP), DX
	MOVQ inverse+40(FP), R12
	MOVQ n+48(FP), CX
	MOVQ rows+56(FP), R8
	MOVQ stride+64(FP), R9
	XORQ AX, AX

gradsums512_columns:
	LOAD4(DI, AX, 64, Z0, Z1, Z2, Z3)
	LOAD4(R13, AX, 64, Z4, Z5, Z6, Z7)
	LOAD4(DX, AX, 64, Z8, Z9, Z10, Z11)
	LOAD4(R12, AX, 64, Z12, Z13, Z14, Z15)
	FIRST

gradsums512_down:
	LOAD4(SI, BX, 64, Z16, Z17, Z18, Z19)
	LOAD4(R10, BX, 64, Z20, Z21, Z22, Z23)
	EACH4(VSUBPS, Z8, Z16, Z9, Z17, Z10, Z18, Z11, Z19)
	EACH4(VADDPS, Z20, Z0, Z21, Z1, Z22, Z2, Z23, Z3)
	EACH4(VMULPS, Z12, Z16, Z13, Z17, Z14, Z18, Z15, Z19)
	EACH4(VMULPS, Z20, Z16, Z21, Z17, Z22, Z18, Z23, Z19)
	EACH4(VADDPS, Z16, Z4, Z17, Z5, Z18, Z6, Z19, Z7)
	NEXT
	JNZ  gradsums512_down
	STORE4(DI, AX, 64, Z0, Z1, Z2, Z3)
	STORE4(R13, AX, 64, Z4, Z5, Z6, Z7)
	ADDQ $256, AX
	SUBQ $64, CX
	JNZ  gradsums512_columns
	VZEROUPPER
	RET

// func gradRowsEights(dx, x, e, mean, a, b, c *float32, n, rows, stride int)
//
// dx ← e·a − b − (x − mean)·c.
TEXT ·gradRowsEights(SB), NOSPLIT, $0-80
	MOVQ dx+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ e+16(FP), R10
	MOVQ mean+24(FP), DX
	MOVQ a+32(FP), R12
	MOVQ b+40(FP), R13
	MOVQ c+48(FP), R14
	MOVQ n+56(FP), CX
	MOVQ rows+64(FP), R8
	MOVQ stride+72(FP), R9
	XORQ AX, AX

gradrows_wide:
	SUBQ $16, CX
	JLT  gradrows_rest
	LOAD2(DX, AX, 32, Y0, Y1)
	LOAD2(R12, AX, 32, Y2, Y3)
	LOAD2(R13, AX, 32, Y4, Y5)
	LOAD2(R14, AX, 32, Y6, Y7)
	FIRST

gradrows_wide_down:
	LOAD2(SI, BX, 32, Y8, Y9)
	TIMES2(R10, BX, 32, Y2, Y10, Y3, Y11)
	EACH4(VSUBPS, Y0, Y8, Y1, Y9, Y4, Y10, Y5, Y11)
	EACH2(VMULPS, Y6, Y8, Y7, Y9)
	EACH2(VSUBPS, Y8, Y10, Y9, Y11)
	STORE2(DI, BX, 32, Y10, Y11)
	NEXT
	JNZ  gradrows_wide_down
	ADDQ $64, AX
	JMP  gradrows_wide

gradrows_rest:
	ADDQ $16, CX
	JEQ  gradrows_done // of eight columns that are left
	VMOVUPS (DX)(AX*1), Y0
	VMOVUPS (R12)(AX*1), Y2
	VMOVUPS (R13)(AX*1), Y4
	VMOVUPS (R14)(AX*1), Y6
	FIRST

gradrows_one_down:
	VMOVUPS (SI)(BX*1), Y8
	VMULPS  (R10)(BX*1), Y2, Y10
	VSUBPS  Y0, Y8, Y8
	VSUBPS  Y4, Y10, Y10
	VMULPS  Y6, Y8, Y8
	VSUBPS  Y8, Y10, Y10
	VMOVUPS Y10, (DI)(BX*1)
	NEXT
	JNZ     gradrows_one_down

gradrows_done:
	VZEROUPPER
	RET

// func gradRowsAVX512(dx, x, e, mean, a, b, c *float32, n, rows, stride int)
//
// It is gradRowsEights for a multiple of 64 columns.
TEXT ·gradRowsAVX512(SB), NOSPLIT, $0-80
	MOVQ dx+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ e+16(FP), R10
	MOVQ mean+24(FP), DX
	MOVQ a+32(FP), R12
	MOVQ b+40(FP), R13
	MOVQ c+48(FP), R14
	MOVQ n+56(FP), CX
	MOVQ rows+64(FP), R8
	MOVQ stride+72(FP), R9
	XORQ AX, AX

gradrows512_columns:
	LOAD4(DX, AX, 64, Z0, Z1, Z2, Z3)
	LOAD4(R12, AX, 64, Z4, Z5, Z6, Z7)
	LOAD4(R13, AX, 64, Z8, Z9, Z10, Z11)
	LOAD4(R14, AX, 64, Z12, Z13, Z14, Z15)
	FIRST

gradrows512_down:
	LOAD4(SI, BX, 64, Z16, Z17, Z18, Z19)
	TIMES2(R10, BX, 64, Z4, Z20, Z5, Z21)
	VMULPS 128(R10)(BX*1), Z6, Z22
	VMULPS 192(R10)(BX*1), Z7, Z23
	EACH4(VSUBPS, Z0, Z16, Z1, Z17, Z2, Z18, Z3, Z19)
	EACH4(VSUBPS, Z8, Z20, Z9, Z21, Z10, Z22, Z11, Z23)
	EACH4(VMULPS, Z12, Z16, Z13, Z17, Z14, Z18, Z15, Z19)
	EACH4(VSUBPS, Z16, Z20, Z17, Z21, Z18, Z22, Z19, Z23)
	STORE4(DI, BX, 64, Z20, Z21, Z22, Z23)
	NEXT
	JNZ  gradrows512_down
	ADDQ $256, AX
	SUBQ $64, CX
	JNZ  gradrows512_columns
	VZEROUPPER
	RET
