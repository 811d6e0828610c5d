#include "go_asm.h"
#include "textflag.h"

// A tile of AVX2, 6 rows and 2 vectors, is 12 sums. A multiply-add takes 4 cycles and two start in each, so 8 are the
// least that keep the units busy; with two vectors of the panel and numbers of two rows 12 are what 16
// registers hold.

// STEPY multiplies a number of each row by two vectors of the panel, and goes on to the next of each row.
#define STEPY                     \
	VMOVUPS      (SI), Y12          \
	VMOVUPS      32(SI), Y13        \
	ADDQ         R14, SI            \
	VBROADCASTSS (R8)(AX*1), Y14  \
	VFMADD231PS  Y12, Y14, Y0     \
	VFMADD231PS  Y13, Y14, Y1     \
	VBROADCASTSS (R9)(AX*1), Y15  \
	VFMADD231PS  Y12, Y15, Y2     \
	VFMADD231PS  Y13, Y15, Y3     \
	VBROADCASTSS (R10)(AX*1), Y14 \
	VFMADD231PS  Y12, Y14, Y4     \
	VFMADD231PS  Y13, Y14, Y5     \
	VBROADCASTSS (R11)(AX*1), Y15 \
	VFMADD231PS  Y12, Y15, Y6     \
	VFMADD231PS  Y13, Y15, Y7     \
	VBROADCASTSS (R12)(AX*1), Y14 \
	VFMADD231PS  Y12, Y14, Y8     \
	VFMADD231PS  Y13, Y14, Y9     \
	VBROADCASTSS (R13)(AX*1), Y15 \
	VFMADD231PS  Y12, Y15, Y10    \
	VFMADD231PS  Y13, Y15, Y11    \
	ADDQ         R15, AX

// The tiles of AVX-512 have 12, 8 or 4 rows. FIRST, SECOND and THIRD multiply a number of each of four rows by the two
// vectors of the panel.
#define FIRST \
	VBROADCASTSS (R8)(AX*1), Z28  \
	VFMADD231PS  Z24, Z28, Z0     \
	VFMADD231PS  Z25, Z28, Z1     \
	VBROADCASTSS (R9)(AX*1), Z29  \
	VFMADD231PS  Z24, Z29, Z2     \
	VFMADD231PS  Z25, Z29, Z3     \
	VBROADCASTSS (R10)(AX*1), Z30 \
	VFMADD231PS  Z24, Z30, Z4     \
	VFMADD231PS  Z25, Z30, Z5     \
	VBROADCASTSS (R11)(AX*1), Z31 \
	VFMADD231PS  Z24, Z31, Z6     \
	VFMADD231PS  Z25, Z31, Z7

#define SECOND \
	VBROADCASTSS (R12)(AX*1), Z28 \
	VFMADD231PS  Z24, Z28, Z8     \
	VFMADD231PS  Z25, Z28, Z9     \
	VBROADCASTSS (R13)(AX*1), Z29 \
	VFMADD231PS  Z24, Z29, Z10    \
	VFMADD231PS  Z25, Z29, Z11    \
	VBROADCASTSS (R14)(AX*1), Z30 \
	VFMADD231PS  Z24, Z30, Z12    \
	VFMADD231PS  Z25, Z30, Z13    \
	VBROADCASTSS (R15)(AX*1), Z31 \
	VFMADD231PS  Z24, Z31, Z14    \
	VFMADD231PS  Z25, Z31, Z15

#define THIRD \
	VBROADCASTSS (BX)(AX*1), Z28 \
	VFMADD231PS  Z24, Z28, Z16   \
	VFMADD231PS  Z25, Z28, Z17   \
	VBROADCASTSS (CX)(AX*1), Z29 \
	VFMADD231PS  Z24, Z29, Z18   \
	VFMADD231PS  Z25, Z29, Z19   \
	VBROADCASTSS (DX)(AX*1), Z30 \
	VFMADD231PS  Z24, Z30, Z20   \
	VFMADD231PS  Z25, Z30, Z21   \
	VBROADCASTSS (DI)(AX*1), Z31 \
	VFMADD231PS  Z24, Z31, Z22   \
	VFMADD231PS  Z25, Z31, Z23

// FIRST16, SECOND16 and THIRD16 are the same of one vector of the panel.
#define FIRST16 \
	VFMADD231PS.BCST (R8)(AX*1), Z24, Z0 \
	VFMADD231PS.BCST (R9)(AX*1), Z24, Z2 \
	VFMADD231PS.BCST (R10)(AX*1), Z24, Z4 \
	VFMADD231PS.BCST (R11)(AX*1), Z24, Z6

#define SECOND16 \
	VFMADD231PS.BCST (R12)(AX*1), Z24, Z8 \
	VFMADD231PS.BCST (R13)(AX*1), Z24, Z10 \
	VFMADD231PS.BCST (R14)(AX*1), Z24, Z12 \
	VFMADD231PS.BCST (R15)(AX*1), Z24, Z14

#define THIRD16 \
	VFMADD231PS.BCST (BX)(AX*1), Z24, Z16 \
	VFMADD231PS.BCST (CX)(AX*1), Z24, Z18 \
	VFMADD231PS.BCST (DX)(AX*1), Z24, Z20 \
	VFMADD231PS.BCST (DI)(AX*1), Z24, Z22

// PANEL loads two vectors of the panel (whole ones: a mask would be an operation beside the multiplications), NEXT goes
// on to the next of each row, until the end of the segment.
#define PANEL \
	VMOVUPS (SI), Z24    \
	VMOVUPS 64(SI), Z25  \
	ADDQ    apart+40(FP), SI

#define NEXT \
	ADDQ step-16(SP), AX \
	CMPQ AX, end-8(SP)

// PANELAHEAD and ROWAHEAD ask for what is to be multiplied: two vectors of the panel, and a line of the first row, in which
// the other rows' numbers are if the rows are columns of a matrix.
#define PANELAHEAD \
	PREFETCHT0 (BP)         \
	PREFETCHT0 64(BP)       \
	ADDQ       apart+40(FP), BP

#define ROWAHEAD \
	PREFETCHT0 (R8)(BP*1)   \
	ADDQ       step-16(SP), BP

// Rows of n numbers are copied by vectors from both ends, which meet or overlap.
//
// func copyRowsAVX2(dst, src *float32, to, from, rows, n int)
TEXT ·copyRowsAVX2(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ to+16(FP), R8
	MOVQ from+24(FP), R9
	MOVQ rows+32(FP), CX
	MOVQ n+40(FP), DX
	CMPQ DX, $16
	JGT  copyRowsAVX2_four
	CMPQ DX, $8
	JGE  copyRowsAVX2_two
	CMPQ DX, $4
	JGE  copyRowsAVX2_half

copyRowsAVX2_few:
	XORQ AX, AX

copyRowsAVX2_one:
	MOVL (SI)(AX*4), BX
	MOVL BX, (DI)(AX*4)
	INCQ AX
	CMPQ AX, DX
	JNE  copyRowsAVX2_one
	ADDQ R8, DI
	ADDQ R9, SI
	DECQ CX
	JNZ  copyRowsAVX2_few
	RET

copyRowsAVX2_half:
	VMOVUPS (SI), X0
	VMOVUPS -16(SI)(DX*4), X1
	VMOVUPS X0, (DI)
	VMOVUPS X1, -16(DI)(DX*4)
	ADDQ    R8, DI
	ADDQ    R9, SI
	DECQ    CX
	JNZ     copyRowsAVX2_half
	VZEROUPPER
	RET

copyRowsAVX2_two:
	VMOVUPS (SI), Y0
	VMOVUPS -32(SI)(DX*4), Y1
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, -32(DI)(DX*4)
	ADDQ    R8, DI
	ADDQ    R9, SI
	DECQ    CX
	JNZ     copyRowsAVX2_two
	VZEROUPPER
	RET

copyRowsAVX2_four:
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VMOVUPS -64(SI)(DX*4), Y2
	VMOVUPS -32(SI)(DX*4), Y3
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VMOVUPS Y2, -64(DI)(DX*4)
	VMOVUPS Y3, -32(DI)(DX*4)
	ADDQ    R8, DI
	ADDQ    R9, SI
	DECQ    CX
	JNZ     copyRowsAVX2_four
	VZEROUPPER
	RET

// func rowsToTilesAVX2(dst, src *float32, stride, rows, height, tiles, apart int)
TEXT ·rowsToTilesAVX2(SB), NOSPLIT, $0-56
	MOVQ dst+0(FP), R8
	MOVQ src+8(FP), R9
	MOVQ stride+16(FP), R10
	MOVQ rows+24(FP), CX
	MOVQ height+32(FP), R11
	MOVQ apart+48(FP), R12
	SHLQ $2, R11

rowsToTilesAVX2_row:
	MOVQ R8, DI
	MOVQ R9, SI
	MOVQ tiles+40(FP), DX
	CMPQ R11, $48
	JE   rowsToTilesAVX2_twelve

rowsToTilesAVX2_six:
	VMOVUPS (SI), X0
	VMOVSD  16(SI), X1
	VMOVUPS X0, (DI)
	VMOVSD  X1, 16(DI)
	ADDQ    $24, SI
	ADDQ    R12, DI
	DECQ    DX
	JNZ     rowsToTilesAVX2_six
	JMP     rowsToTilesAVX2_next

rowsToTilesAVX2_twelve:
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), X1
	VMOVUPS Y0, (DI)
	VMOVUPS X1, 32(DI)
	ADDQ    $48, SI
	ADDQ    R12, DI
	DECQ    DX
	JNZ     rowsToTilesAVX2_twelve

rowsToTilesAVX2_next:
	ADDQ R10, R9
	ADDQ R11, R8
	DECQ CX
	JNZ  rowsToTilesAVX2_row
	VZEROUPPER
	RET

// func tileAVX2(c *tileOut, at int, in *tileIn, panel *float32, apart int, alpha float32, add int)
TEXT ·tileAVX2(SB), NOSPLIT, $0-56
	MOVQ c+0(FP), BX
	MOVQ at+8(FP), AX
	MOVQ (BX), CX
	PREFETCHT0 (CX)(AX*1)
	MOVQ 8(BX), CX
	PREFETCHT0 (CX)(AX*1)
	MOVQ 16(BX), CX
	PREFETCHT0 (CX)(AX*1)
	MOVQ 24(BX), CX
	PREFETCHT0 (CX)(AX*1)
	MOVQ 32(BX), CX
	PREFETCHT0 (CX)(AX*1)
	MOVQ 40(BX), CX
	PREFETCHT0 (CX)(AX*1)
	MOVQ in+16(FP), AX
	MOVQ tileIn_segments+0(AX), DI
	MOVQ tileIn_segments+8(AX), DX
	MOVQ tileIn_step(AX), R15
	MOVQ panel+24(FP), BX
	MOVQ apart+32(FP), R14
	MOVQ (AX), R8
	MOVQ 8(AX), R9
	MOVQ 16(AX), R10
	MOVQ 24(AX), R11
	MOVQ 32(AX), R12
	MOVQ 40(AX), R13
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	VXORPS Y8, Y8, Y8
	VXORPS Y9, Y9, Y9
	VXORPS Y10, Y10, Y10
	VXORPS Y11, Y11, Y11
	TESTQ DX, DX
	JE    tileAVX2_store

tileAVX2_segment:
	MOVQ segment_at(DI), AX
	MOVQ segment_offset(DI), SI
	MOVQ segment_k(DI), CX
	ADDQ BX, SI
	SUBQ $4, CX
	JLT  tileAVX2_rest

tileAVX2_four:
	STEPY
	STEPY
	STEPY
	STEPY
	SUBQ $4, CX
	JGE  tileAVX2_four

tileAVX2_rest:
	ADDQ $4, CX
	JE   tileAVX2_next

tileAVX2_one:
	STEPY
	DECQ CX
	JNZ  tileAVX2_one

tileAVX2_next:
	ADDQ $segment__size, DI
	DECQ DX
	JNZ  tileAVX2_segment

tileAVX2_store:
	MOVQ c+0(FP), CX
	MOVQ at+8(FP), AX
	VBROADCASTSS alpha+40(FP), Y14
	VMULPS Y0, Y14, Y0
	VMULPS Y1, Y14, Y1
	VMULPS Y2, Y14, Y2
	VMULPS Y3, Y14, Y3
	VMULPS Y4, Y14, Y4
	VMULPS Y5, Y14, Y5
	VMULPS Y6, Y14, Y6
	VMULPS Y7, Y14, Y7
	VMULPS Y8, Y14, Y8
	VMULPS Y9, Y14, Y9
	VMULPS Y10, Y14, Y10
	VMULPS Y11, Y14, Y11
	MOVQ (CX), R8
	MOVQ 8(CX), R9
	MOVQ 16(CX), R10
	MOVQ 24(CX), R11
	MOVQ 32(CX), R12
	MOVQ 40(CX), R13
	CMPQ add+48(FP), $0
	JE   tileAVX2_put
	VADDPS (R8)(AX*1), Y0, Y0
	VADDPS 32(R8)(AX*1), Y1, Y1
	VADDPS (R9)(AX*1), Y2, Y2
	VADDPS 32(R9)(AX*1), Y3, Y3
	VADDPS (R10)(AX*1), Y4, Y4
	VADDPS 32(R10)(AX*1), Y5, Y5
	VADDPS (R11)(AX*1), Y6, Y6
	VADDPS 32(R11)(AX*1), Y7, Y7
	VADDPS (R12)(AX*1), Y8, Y8
	VADDPS 32(R12)(AX*1), Y9, Y9
	VADDPS (R13)(AX*1), Y10, Y10
	VADDPS 32(R13)(AX*1), Y11, Y11

tileAVX2_put:
	VMOVUPS Y0, (R8)(AX*1)
	VMOVUPS Y1, 32(R8)(AX*1)
	VMOVUPS Y2, (R9)(AX*1)
	VMOVUPS Y3, 32(R9)(AX*1)
	VMOVUPS Y4, (R10)(AX*1)
	VMOVUPS Y5, 32(R10)(AX*1)
	VMOVUPS Y6, (R11)(AX*1)
	VMOVUPS Y7, 32(R11)(AX*1)
	VMOVUPS Y8, (R12)(AX*1)
	VMOVUPS Y9, 32(R12)(AX*1)
	VMOVUPS Y10, (R13)(AX*1)
	VMOVUPS Y11, 32(R13)(AX*1)
	VZEROUPPER
	RET

// A tile of 12 rows asks, every four steps, for the numbers of the four steps that come 16 later: where numbers of a row or
// rows of a panel lie far apart, the processor does not foresee them, and 12 rows are too many for it to look ahead itself.
// It also asks for its rows of c on the way, one every four steps: what is not in the cache is there when the sums
// are done. All at once they would keep the panel's and the rows' own misses waiting.
//
// func tileAVX512(c *tileOut, at, cols int, in *tileIn, panel *float32, apart int, alpha float32, add int)
TEXT ·tileAVX512(SB), NOSPLIT, $56-64
	MOVQ  cols+16(FP), CX
	MOVQ  $-1, AX
	SHLQ  CX, AX
	NOTQ  AX
	KMOVW AX, K1
	SHRQ  $16, AX
	KMOVW AX, K2
	VPXORQ Z0, Z0, Z0
	VPXORQ Z1, Z1, Z1
	VPXORQ Z2, Z2, Z2
	VPXORQ Z3, Z3, Z3
	VPXORQ Z4, Z4, Z4
	VPXORQ Z5, Z5, Z5
	VPXORQ Z6, Z6, Z6
	VPXORQ Z7, Z7, Z7
	VPXORQ Z8, Z8, Z8
	VPXORQ Z9, Z9, Z9
	VPXORQ Z10, Z10, Z10
	VPXORQ Z11, Z11, Z11
	VPXORQ Z12, Z12, Z12
	VPXORQ Z13, Z13, Z13
	VPXORQ Z14, Z14, Z14
	VPXORQ Z15, Z15, Z15
	VPXORQ Z16, Z16, Z16
	VPXORQ Z17, Z17, Z17
	VPXORQ Z18, Z18, Z18
	VPXORQ Z19, Z19, Z19
	VPXORQ Z20, Z20, Z20
	VPXORQ Z21, Z21, Z21
	VPXORQ Z22, Z22, Z22
	VPXORQ Z23, Z23, Z23

	MOVQ $0, row-48(SP)
	MOVQ in+24(FP), SI
	MOVQ tileIn_step(SI), AX
	MOVQ AX, step-16(SP)
	MOVQ tileIn_count(SI), AX
	MOVQ AX, count-24(SP)
	MOVQ tileIn_segments+8(SI), AX
	MOVQ AX, left-32(SP)
	MOVQ tileIn_segments+0(SI), AX
	MOVQ AX, next-40(SP)
	MOVQ (SI), R8
	MOVQ 8(SI), R9
	MOVQ 16(SI), R10
	MOVQ 24(SI), R11
	MOVQ 32(SI), R12
	MOVQ 40(SI), R13
	MOVQ 48(SI), R14
	MOVQ 56(SI), R15
	MOVQ 64(SI), BX
	MOVQ 72(SI), CX
	MOVQ 80(SI), DX
	MOVQ 88(SI), DI

tileAVX512_segment:
	DECQ  left-32(SP)
	JLT   tileAVX512_store
	MOVQ  next-40(SP), AX
	ADDQ  $segment__size, next-40(SP)
	MOVQ  segment_offset(AX), SI
	ADDQ  panel+32(FP), SI
	MOVQ  segment_k(AX), BP
	IMULQ step-16(SP), BP
	MOVQ  segment_at(AX), AX
	ADDQ  AX, BP
	MOVQ  BP, end-8(SP)
	CMPQ  AX, BP
	JE    tileAVX512_segment
	CMPQ  cols+16(FP), $16
	JLE   tileAVX512_narrow
	CMPQ  count-24(SP), $8
	JGT   tileAVX512_twelve
	CMPQ  count-24(SP), $4
	JGT   tileAVX512_eight

tileAVX512_four:
	PANEL
	FIRST
	NEXT
	JNE tileAVX512_four
	JMP tileAVX512_segment

tileAVX512_eight:
	PANEL
	FIRST
	SECOND
	NEXT
	JNE tileAVX512_eight
	JMP tileAVX512_segment

tileAVX512_twelve:
	CMPQ row-48(SP), $96
	JGE  tileAVX512_ahead
	MOVQ c+0(FP), BP
	ADDQ row-48(SP), BP
	ADDQ $8, row-48(SP)
	MOVQ (BP), BP
	ADDQ at+8(FP), BP
	PREFETCHT0 (BP)
	PREFETCHT0 64(BP)

tileAVX512_ahead:
	MOVQ apart+40(FP), BP
	SHLQ $4, BP
	ADDQ SI, BP
	PANELAHEAD
	PANELAHEAD
	PANELAHEAD
	PANELAHEAD
	MOVQ step-16(SP), BP
	SHLQ $4, BP
	ADDQ AX, BP
	ROWAHEAD
	ROWAHEAD
	ROWAHEAD
	ROWAHEAD
	MOVQ step-16(SP), BP
	LEAQ (AX)(BP*4), BP
	CMPQ BP, end-8(SP)
	JLT  tileAVX512_steps
	MOVQ end-8(SP), BP

tileAVX512_steps:
	PANEL
	FIRST
	SECOND
	THIRD
	ADDQ step-16(SP), AX
	CMPQ AX, BP
	JNE  tileAVX512_steps
	CMPQ AX, end-8(SP)
	JNE  tileAVX512_twelve
	JMP  tileAVX512_segment

tileAVX512_narrow:
	CMPQ  count-24(SP), $8
	JGT   tileAVX512_narrow12
	CMPQ  count-24(SP), $4
	JGT   tileAVX512_narrow8

tileAVX512_narrow4:
	VMOVUPS (SI), Z24
	ADDQ    apart+40(FP), SI
	FIRST16
	ADDQ    step-16(SP), AX
	CMPQ    AX, BP
	JNE     tileAVX512_narrow4
	JMP     tileAVX512_segment

tileAVX512_narrow8:
	VMOVUPS (SI), Z24
	ADDQ    apart+40(FP), SI
	FIRST16
	SECOND16
	ADDQ    step-16(SP), AX
	CMPQ    AX, BP
	JNE     tileAVX512_narrow8
	JMP     tileAVX512_segment

tileAVX512_narrow12:
	VMOVUPS (SI), Z24
	ADDQ    apart+40(FP), SI
	FIRST16
	SECOND16
	THIRD16
	ADDQ    step-16(SP), AX
	CMPQ    AX, BP
	JNE     tileAVX512_narrow12
	JMP     tileAVX512_segment

tileAVX512_store:
	MOVQ c+0(FP), AX
	MOVQ (AX), R8
	MOVQ 8(AX), R9
	MOVQ 16(AX), R10
	MOVQ 24(AX), R11
	MOVQ 32(AX), R12
	MOVQ 40(AX), R13
	MOVQ 48(AX), R14
	MOVQ 56(AX), R15
	MOVQ 64(AX), BX
	MOVQ 72(AX), CX
	MOVQ 80(AX), DX
	MOVQ 88(AX), DI
	MOVQ at+8(FP), SI
	VBROADCASTSS alpha+48(FP), Z24
	VMULPS Z0, Z24, Z0
	VMULPS Z1, Z24, Z1
	VMULPS Z2, Z24, Z2
	VMULPS Z3, Z24, Z3
	VMULPS Z4, Z24, Z4
	VMULPS Z5, Z24, Z5
	VMULPS Z6, Z24, Z6
	VMULPS Z7, Z24, Z7
	VMULPS Z8, Z24, Z8
	VMULPS Z9, Z24, Z9
	VMULPS Z10, Z24, Z10
	VMULPS Z11, Z24, Z11
	VMULPS Z12, Z24, Z12
	VMULPS Z13, Z24, Z13
	VMULPS Z14, Z24, Z14
	VMULPS Z15, Z24, Z15
	VMULPS Z16, Z24, Z16
	VMULPS Z17, Z24, Z17
	VMULPS Z18, Z24, Z18
	VMULPS Z19, Z24, Z19
	VMULPS Z20, Z24, Z20
	VMULPS Z21, Z24, Z21
	VMULPS Z22, Z24, Z22
	VMULPS Z23, Z24, Z23
	MOVQ count-24(SP), AX
	CMPQ add+56(FP), $0
	JE   tileAVX512_put
	CMPQ AX, $4
	JLE  tileAVX512_add4
	CMPQ AX, $8
	JLE  tileAVX512_add8
	VADDPS.Z (BX)(SI*1), Z16, K1, Z16
	VADDPS.Z 64(BX)(SI*1), Z17, K2, Z17
	VADDPS.Z (CX)(SI*1), Z18, K1, Z18
	VADDPS.Z 64(CX)(SI*1), Z19, K2, Z19
	VADDPS.Z (DX)(SI*1), Z20, K1, Z20
	VADDPS.Z 64(DX)(SI*1), Z21, K2, Z21
	VADDPS.Z (DI)(SI*1), Z22, K1, Z22
	VADDPS.Z 64(DI)(SI*1), Z23, K2, Z23

tileAVX512_add8:
	VADDPS.Z (R12)(SI*1), Z8, K1, Z8
	VADDPS.Z 64(R12)(SI*1), Z9, K2, Z9
	VADDPS.Z (R13)(SI*1), Z10, K1, Z10
	VADDPS.Z 64(R13)(SI*1), Z11, K2, Z11
	VADDPS.Z (R14)(SI*1), Z12, K1, Z12
	VADDPS.Z 64(R14)(SI*1), Z13, K2, Z13
	VADDPS.Z (R15)(SI*1), Z14, K1, Z14
	VADDPS.Z 64(R15)(SI*1), Z15, K2, Z15

tileAVX512_add4:
	VADDPS.Z (R8)(SI*1), Z0, K1, Z0
	VADDPS.Z 64(R8)(SI*1), Z1, K2, Z1
	VADDPS.Z (R9)(SI*1), Z2, K1, Z2
	VADDPS.Z 64(R9)(SI*1), Z3, K2, Z3
	VADDPS.Z (R10)(SI*1), Z4, K1, Z4
	VADDPS.Z 64(R10)(SI*1), Z5, K2, Z5
	VADDPS.Z (R11)(SI*1), Z6, K1, Z6
	VADDPS.Z 64(R11)(SI*1), Z7, K2, Z7

tileAVX512_put:
	CMPQ AX, $4
	JLE  tileAVX512_put4
	CMPQ AX, $8
	JLE  tileAVX512_put8
	VMOVUPS Z16, K1, (BX)(SI*1)
	VMOVUPS Z17, K2, 64(BX)(SI*1)
	VMOVUPS Z18, K1, (CX)(SI*1)
	VMOVUPS Z19, K2, 64(CX)(SI*1)
	VMOVUPS Z20, K1, (DX)(SI*1)
	VMOVUPS Z21, K2, 64(DX)(SI*1)
	VMOVUPS Z22, K1, (DI)(SI*1)
	VMOVUPS Z23, K2, 64(DI)(SI*1)

tileAVX512_put8:
	VMOVUPS Z8, K1, (R12)(SI*1)
	VMOVUPS Z9, K2, 64(R12)(SI*1)
	VMOVUPS Z10, K1, (R13)(SI*1)
	VMOVUPS Z11, K2, 64(R13)(SI*1)
	VMOVUPS Z12, K1, (R14)(SI*1)
	VMOVUPS Z13, K2, 64(R14)(SI*1)
	VMOVUPS Z14, K1, (R15)(SI*1)
	VMOVUPS Z15, K2, 64(R15)(SI*1)

tileAVX512_put4:
	VMOVUPS Z0, K1, (R8)(SI*1)
	VMOVUPS Z1, K2, 64(R8)(SI*1)
	VMOVUPS Z2, K1, (R9)(SI*1)
	VMOVUPS Z3, K2, 64(R9)(SI*1)
	VMOVUPS Z4, K1, (R10)(SI*1)
	VMOVUPS Z5, K2, 64(R10)(SI*1)
	VMOVUPS Z6, K1, (R11)(SI*1)
	VMOVUPS Z7, K2, 64(R11)(SI*1)
	VZEROUPPER
	RET
