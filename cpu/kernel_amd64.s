#include "go_asm.h"
#include "textflag.h"

// A tile of AVX2, 6 rows and 2 vectors, is 12 sums. A multiply-add takes 4 cycles and two start in each, so 8 are the
// least that keep the units busy; with two vectors of the panel and numbers of two rows 12 are what 16
// registers hold.

// STEPY multiplies a number of each row by two vectors of the panel, and goes on to the next of each row.
#define ROWY(p, x, a, b) \
	VBROADCASTSS (p)(AX*1), x \
	VFMADD231PS  Y12, x, a \
	VFMADD231PS  Y13, x, b

#define STEPY \
	VMOVUPS (SI), Y12 \
	VMOVUPS 32(SI), Y13 \
	ADDQ    R14, SI \
	ROWY(R8, Y14, Y0, Y1) \
	ROWY(R9, Y15, Y2, Y3) \
	ROWY(R10, Y14, Y4, Y5) \
	ROWY(R11, Y15, Y6, Y7) \
	ROWY(R12, Y14, Y8, Y9) \
	ROWY(R13, Y15, Y10, Y11) \
	ADDQ    R15, AX

// The tiles of AVX-512 have 12, 8 or 4 rows. FIRST, SECOND and THIRD multiply a number of each of four rows by the two
// vectors of the panel.
#define ROWZ(at, p, x, a, b) \
	VBROADCASTSS at(p)(AX*1), x \
	VFMADD231PS  Z24, x, a \
	VFMADD231PS  Z25, x, b

#define FIRST \
	ROWZ(0, R8, Z28, Z0, Z1) \
	ROWZ(0, R9, Z29, Z2, Z3) \
	ROWZ(0, R10, Z30, Z4, Z5) \
	ROWZ(0, R11, Z31, Z6, Z7)

#define SECOND \
	ROWZ(0, R12, Z28, Z8, Z9) \
	ROWZ(0, R13, Z29, Z10, Z11) \
	ROWZ(0, R14, Z30, Z12, Z13) \
	ROWZ(0, R15, Z31, Z14, Z15)

#define THIRD \
	ROWZ(0, BX, Z28, Z16, Z17) \
	ROWZ(0, CX, Z29, Z18, Z19) \
	ROWZ(0, DX, Z30, Z20, Z21) \
	ROWZ(0, DI, Z31, Z22, Z23)

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

// A tile of 12 rows is bound by the instructions that the processor takes in, not by its units, once a neighbour shares the
// core: a multiply-add that broadcasts a number itself is one, and loads it once more. With two rows in three so, loads take no
// longer than multiply-adds. Its address must be a register and a constant, else it counts as two.
//
// ROWB multiplies a row's number at an address by the two vectors of the panel.
#define ROWB(at, p, a, b) \
	VFMADD231PS.BCST at(p), Z24, a \
	VFMADD231PS.BCST at(p), Z25, b

// ROWS is a step of rows of which R9, R10, R12, R13, R15, BX, DX and DI have AX added already.
#define ROWS(panel, at) \
	VMOVUPS panel(SI), Z24 \
	VMOVUPS (panel+64)(SI), Z25 \
	ROWZ(at, R8, Z28, Z0, Z1) \
	ROWB(at, R9, Z2, Z3) \
	ROWB(at, R10, Z4, Z5) \
	ROWZ(at, R11, Z29, Z6, Z7) \
	ROWB(at, R12, Z8, Z9) \
	ROWB(at, R13, Z10, Z11) \
	ROWZ(at, R14, Z30, Z12, Z13) \
	ROWB(at, R15, Z14, Z15) \
	ROWB(at, BX, Z16, Z17) \
	ROWZ(at, CX, Z31, Z18, Z19) \
	ROWB(at, DX, Z20, Z21) \
	ROWB(at, DI, Z22, Z23)

// PANELROWS is ROWS, and goes on to the next row of the panel, BP bytes on. It asks for the eighth.
#define PANELROWS(at) \
	PREFETCHT0 (SI)(BP*8) \
	PREFETCHT0 64(SI)(BP*8) \
	ROWS(0, at) \
	ADDQ BP, SI

// ALONG adds n to the pointers of ROWS.
#define ALONG(op, n) \
	op n, R9 \
	op n, R10 \
	op n, R12 \
	op n, R13 \
	op n, R15 \
	op n, BX \
	op n, DX \
	op n, DI

// COLZ is one of three rows of COLUMNS, which is a step of rows that are columns of packed numbers, from BP on.
#define COLZ(at, x, a, b) \
	VBROADCASTSS at(BP), x \
	VFMADD231PS  Z24, x, a \
	VFMADD231PS  Z25, x, b

#define COLUMNS(at) \
	COLZ(at, Z28, Z0, Z1) \
	ROWB((at+4), BP, Z2, Z3) \
	ROWB((at+8), BP, Z4, Z5) \
	COLZ((at+12), Z29, Z6, Z7) \
	ROWB((at+16), BP, Z8, Z9) \
	ROWB((at+20), BP, Z10, Z11) \
	COLZ((at+24), Z30, Z12, Z13) \
	ROWB((at+28), BP, Z14, Z15) \
	ROWB((at+32), BP, Z16, Z17) \
	COLZ((at+36), Z31, Z18, Z19) \
	ROWB((at+40), BP, Z20, Z21) \
	ROWB((at+44), BP, Z22, Z23)

// COLUMNS16 is a step of rows that are columns, from R9 on, and of one vector of the panel.
#define COLUMNS16 \
	VFMADD231PS.BCST (R9), Z24, Z0 \
	VFMADD231PS.BCST 4(R9), Z24, Z2 \
	VFMADD231PS.BCST 8(R9), Z24, Z4 \
	VFMADD231PS.BCST 12(R9), Z24, Z6 \
	VFMADD231PS.BCST 16(R9), Z24, Z8 \
	VFMADD231PS.BCST 20(R9), Z24, Z10 \
	VFMADD231PS.BCST 24(R9), Z24, Z12 \
	VFMADD231PS.BCST 28(R9), Z24, Z14 \
	VFMADD231PS.BCST 32(R9), Z24, Z16 \
	VFMADD231PS.BCST 36(R9), Z24, Z18 \
	VFMADD231PS.BCST 40(R9), Z24, Z20 \
	VFMADD231PS.BCST 44(R9), Z24, Z22

// STEPON is a step of any panel and rows, which goes on to the next.
#define STEPON \
	VMOVUPS (SI), Z24 \
	VMOVUPS 64(SI), Z25 \
	ADDQ BP, SI \
	FIRST \
	SECOND \
	THIRD \
	ADDQ step-16(SP), AX

// ROWS16 is a step of 12 rows, which have AX added already, and of one vector of a packed panel.
#define ROWS16(panel, at) \
	VMOVUPS panel(SI), Z24 \
	VFMADD231PS.BCST at(R8), Z24, Z0 \
	VFMADD231PS.BCST at(R9), Z24, Z2 \
	VFMADD231PS.BCST at(R10), Z24, Z4 \
	VFMADD231PS.BCST at(R11), Z24, Z6 \
	VFMADD231PS.BCST at(R12), Z24, Z8 \
	VFMADD231PS.BCST at(R13), Z24, Z10 \
	VFMADD231PS.BCST at(R14), Z24, Z12 \
	VFMADD231PS.BCST at(R15), Z24, Z14 \
	VFMADD231PS.BCST at(BX), Z24, Z16 \
	VFMADD231PS.BCST at(CX), Z24, Z18 \
	VFMADD231PS.BCST at(DX), Z24, Z20 \
	VFMADD231PS.BCST at(DI), Z24, Z22

// ALONG16 adds n to the pointers of ROWS16.
#define ALONG16(op, n) \
	ALONG(op, n) \
	op n, R8 \
	op n, R11 \
	op n, R14 \
	op n, CX

// PANEL loads two vectors of the panel (whole ones: a mask would be an operation beside the multiplications), NEXT goes
// on to the next of each row, until the end of the segment.
#define PANEL \
	VMOVUPS (SI), Z24    \
	VMOVUPS 64(SI), Z25  \
	ADDQ    apart+40(FP), SI

#define NEXT \
	ADDQ step-16(SP), AX \
	CMPQ AX, end-8(SP)

// PACKEDAHEAD and PANELAHEAD ask for rows of the panel that are to be multiplied, the four of four steps and one. ROWAHEAD asks
// for a line of the first row, in which the other rows' numbers are if the rows are columns of a matrix.
#define PANELAHEAD \
	PREFETCHT0 (BP)         \
	PREFETCHT0 64(BP)       \
	ADDQ       apart+40(FP), BP

#define PACKEDAHEAD \
	PREFETCHT0 2048(SI) \
	PREFETCHT0 2112(SI) \
	PREFETCHT0 2176(SI) \
	PREFETCHT0 2240(SI) \
	PREFETCHT0 2304(SI) \
	PREFETCHT0 2368(SI) \
	PREFETCHT0 2432(SI) \
	PREFETCHT0 2496(SI)

#define ROWAHEAD \
	PREFETCHT0 (R8)(BP*1)   \
	ADDQ       step-16(SP), BP

// POINTERS6 and POINTERS12 load the pointers of a tile's rows, which lie from p on.
#define POINTERS6(p) \
	MOVQ (p), R8 \
	MOVQ 8(p), R9 \
	MOVQ 16(p), R10 \
	MOVQ 24(p), R11 \
	MOVQ 32(p), R12 \
	MOVQ 40(p), R13

#define POINTERS12(p) \
	POINTERS6(p) \
	MOVQ 48(p), R14 \
	MOVQ 56(p), R15 \
	MOVQ 64(p), BX \
	MOVQ 72(p), CX \
	MOVQ 80(p), DX \
	MOVQ 88(p), DI

// CLEAR4 makes four sums 0, by op, SCALE4 multiplies them by x, CLIP4 puts them between lo and hi, and leaves NaNs.
// ADDROWY and ADDROWZ add row i of c, times its factor, to two sums, PUTROWY and PUTROWZ store them there.
#define CLEAR4(op, a, b, c, d) \
	op a, a, a \
	op b, b, b \
	op c, c, c \
	op d, d, d

#define SCALE4(x, a, b, c, d) \
	VMULPS a, x, a \
	VMULPS b, x, b \
	VMULPS c, x, c \
	VMULPS d, x, d

#define CLIP4(lo, hi, a, b, c, d) \
	VMAXPS a, lo, a \
	VMAXPS b, lo, b \
	VMAXPS c, lo, c \
	VMAXPS d, lo, d \
	VMINPS a, hi, a \
	VMINPS b, hi, b \
	VMINPS c, hi, c \
	VMINPS d, hi, d

#define ADDROWY(c, i, p, a, b) \
	VBROADCASTSS (tileOut_keep+4*i)(c), Y12 \
	VMULPS       (p)(AX*1), Y12, Y13 \
	VADDPS       Y13, a, a \
	VMULPS       32(p)(AX*1), Y12, Y13 \
	VADDPS       Y13, b, b

#define PUTROWY(p, a, b) \
	VMOVUPS a, (p)(AX*1) \
	VMOVUPS b, 32(p)(AX*1)

#define ADDROWZ(c, i, p, a, b) \
	VBROADCASTSS (tileOut_keep+4*i)(c), Z26 \
	VMULPS.Z     (p)(SI*1), Z26, K1, Z27 \
	VADDPS       Z27, a, a \
	VMULPS.Z     64(p)(SI*1), Z26, K2, Z28 \
	VADDPS       Z28, b, b

#define PUTROWZ(p, a, b) \
	VMOVUPS a, K1, (p)(SI*1) \
	VMOVUPS b, K2, 64(p)(SI*1)

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

// func tileAVX2(c *tileOut, at int, in *tileIn, panel *float32, apart int, alpha float32, endings int)
TEXT ·tileAVX2(SB), NOSPLIT, $8-56
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
	MOVQ (tileIn_next+ahead_at)(AX), BP
	MOVQ (tileIn_next+ahead_lines)(AX), BX
	MOVQ BX, lines-8(SP)
	MOVQ panel+24(FP), BX
	MOVQ apart+32(FP), R14
	POINTERS6(AX)
	CLEAR4(VXORPS, Y0, Y1, Y2, Y3)
	CLEAR4(VXORPS, Y4, Y5, Y6, Y7)
	CLEAR4(VXORPS, Y8, Y9, Y10, Y11)
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
	SUBQ $4, lines-8(SP)
	JLT  tileAVX2_steps
	PREFETCHT1 (BP)
	PREFETCHT1 64(BP)
	PREFETCHT1 128(BP)
	PREFETCHT1 192(BP)
	ADDQ $256, BP

tileAVX2_steps:
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
	SCALE4(Y14, Y0, Y1, Y2, Y3)
	SCALE4(Y14, Y4, Y5, Y6, Y7)
	SCALE4(Y14, Y8, Y9, Y10, Y11)
	POINTERS6(CX)
	MOVQ endings+48(FP), DX
	BTQ  $0, DX
	JCC  tileAVX2_clip
	ADDROWY(CX, 0, R8, Y0, Y1)
	ADDROWY(CX, 1, R9, Y2, Y3)
	ADDROWY(CX, 2, R10, Y4, Y5)
	ADDROWY(CX, 3, R11, Y6, Y7)
	ADDROWY(CX, 4, R12, Y8, Y9)
	ADDROWY(CX, 5, R13, Y10, Y11)

tileAVX2_clip:
	BTQ  $1, DX
	JCC  tileAVX2_put
	VBROADCASTSS tileOut_lo(CX), Y12
	VBROADCASTSS tileOut_hi(CX), Y13
	CLIP4(Y12, Y13, Y0, Y1, Y2, Y3)
	CLIP4(Y12, Y13, Y4, Y5, Y6, Y7)
	CLIP4(Y12, Y13, Y8, Y9, Y10, Y11)

tileAVX2_put:
	PUTROWY(R8, Y0, Y1)
	PUTROWY(R9, Y2, Y3)
	PUTROWY(R10, Y4, Y5)
	PUTROWY(R11, Y6, Y7)
	PUTROWY(R12, Y8, Y9)
	PUTROWY(R13, Y10, Y11)
	VZEROUPPER
	RET

// A tile of 12 rows asks, every four steps, for the numbers of the four steps that come 16 later: where numbers of a row or
// rows of a panel lie far apart, the processor does not foresee them, and 12 rows are too many for it to look ahead itself.
// It also asks for its rows of c on the way, one every four steps: what is not in the cache is there when the sums
// are done. All at once they would keep the panel's and the rows' own misses waiting. And it asks for four lines of what comes
// next.
//
// Its kind is 2 where the rows lie in memory and the panel is packed, 1 where only the rows lie so and the panel has two vectors, 3
// where the rows are columns, packed unless the panel has one vector, else 0.
//
// func tileAVX512(c *tileOut, at, cols int, in *tileIn, panel *float32, apart int, alpha float32, endings int)
TEXT ·tileAVX512(SB), NOSPLIT, $80-64
	MOVQ  cols+16(FP), CX
	MOVQ  $-1, AX
	SHLQ  CX, AX
	NOTQ  AX
	KMOVW AX, K1
	SHRQ  $16, AX
	KMOVW AX, K2
	CLEAR4(VPXORQ, Z0, Z1, Z2, Z3)
	CLEAR4(VPXORQ, Z4, Z5, Z6, Z7)
	CLEAR4(VPXORQ, Z8, Z9, Z10, Z11)
	CLEAR4(VPXORQ, Z12, Z13, Z14, Z15)
	CLEAR4(VPXORQ, Z16, Z17, Z18, Z19)
	CLEAR4(VPXORQ, Z20, Z21, Z22, Z23)

	MOVQ $0, row-48(SP)
	MOVQ $0, moved-80(SP)
	MOVQ in+24(FP), SI
	MOVQ tileIn_step(SI), AX
	MOVQ AX, step-16(SP)
	MOVQ tileIn_count(SI), AX
	MOVQ AX, count-24(SP)
	MOVQ (tileIn_next+ahead_at)(SI), AX
	MOVQ AX, nextAt-56(SP)
	MOVQ (tileIn_next+ahead_lines)(SI), AX
	MOVQ AX, nextLines-64(SP)
	XORQ AX, AX
	CMPQ tileIn_step(SI), $4
	JNE  tileAVX512_no_rows
	MOVQ $64, BP
	CMPQ cols+16(FP), $16
	JLE  tileAVX512_panel
	MOVQ $128, BP

tileAVX512_panel:
	MOVQ $2, AX
	CMPQ apart+40(FP), BP
	JEQ  tileAVX512_kind
	MOVQ $1, AX
	CMPQ BP, $128
	JEQ  tileAVX512_kind
	XORQ AX, AX
	JMP  tileAVX512_kind

tileAVX512_no_rows:
	CMPB tileIn_columns(SI), $0
	JEQ  tileAVX512_kind
	CMPQ tileIn_count(SI), $12
	JNE  tileAVX512_kind
	MOVQ $3, AX
	CMPQ tileIn_step(SI), $48
	JEQ  tileAVX512_kind
	CMPQ cols+16(FP), $16
	JLE  tileAVX512_kind
	XORQ AX, AX

tileAVX512_kind:
	MOVQ AX, kind-72(SP)
	MOVQ tileIn_segments+8(SI), AX
	MOVQ AX, left-32(SP)
	MOVQ tileIn_segments+0(SI), AX
	MOVQ AX, next-40(SP)
	POINTERS12(SI)

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
	JGT   tileAVX512_begin
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

tileAVX512_begin:
	CMPQ kind-72(SP), $1
	JLT  tileAVX512_twelve
	CMPQ kind-72(SP), $3
	JEQ  tileAVX512_begin_columns
	MOVQ AX, BP
	SUBQ moved-80(SP), BP
	ALONG(ADDQ, BP)
	JMP  tileAVX512_twelve

tileAVX512_begin_columns: // of the panel's rows, which may lie anywhere
	MOVQ apart+40(FP), R9
	LEAQ (R9)(R9*2), R10
	MOVQ R9, R11
	SHLQ $4, R11
	ADDQ SI, R11

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
	CMPQ nextLines-64(SP), $4
	JLT  tileAVX512_four_steps
	SUBQ $4, nextLines-64(SP)
	MOVQ nextAt-56(SP), BP
	ADDQ $256, nextAt-56(SP)
	PREFETCHT1 (BP)
	PREFETCHT1 64(BP)
	PREFETCHT1 128(BP)
	PREFETCHT1 192(BP)

tileAVX512_four_steps:
	MOVQ step-16(SP), BP
	LEAQ (AX)(BP*4), BP
	CMPQ BP, end-8(SP)
	JGT  tileAVX512_end
	CMPQ kind-72(SP), $2
	JEQ  tileAVX512_rows
	JGT  tileAVX512_columns
	CMPQ kind-72(SP), $1
	JEQ  tileAVX512_rows_apart
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
	MOVQ apart+40(FP), BP
	STEPON
	STEPON
	STEPON
	STEPON
	CMPQ AX, end-8(SP)
	JNE  tileAVX512_twelve
	JMP  tileAVX512_segment

tileAVX512_rows:
	PACKEDAHEAD
	ROWS(0, 0)
	ROWS(128, 4)
	ROWS(256, 8)
	ROWS(384, 12)
	ADDQ $512, SI
	MOVQ BP, AX
	ALONG(ADDQ, $16)
	CMPQ AX, end-8(SP)
	JNE  tileAVX512_twelve
	JMP  tileAVX512_end

tileAVX512_rows_apart:
	MOVQ apart+40(FP), BP
	PANELROWS(0)
	PANELROWS(4)
	PANELROWS(8)
	PANELROWS(12)
	ADDQ $16, AX
	ALONG(ADDQ, $16)
	CMPQ AX, end-8(SP)
	JNE  tileAVX512_twelve
	JMP  tileAVX512_end

tileAVX512_columns:
	MOVQ BP, DX
	LEAQ (R8)(AX*1), BP
	PREFETCHT0 (R11)
	PREFETCHT0 64(R11)
	PREFETCHT0 (R11)(R9*1)
	PREFETCHT0 64(R11)(R9*1)
	PREFETCHT0 (R11)(R9*2)
	PREFETCHT0 64(R11)(R9*2)
	PREFETCHT0 (R11)(R10*1)
	PREFETCHT0 64(R11)(R10*1)
	LEAQ (R11)(R9*4), R11
	PREFETCHT0 768(BP)
	PREFETCHT0 832(BP)
	PREFETCHT0 896(BP)
	VMOVUPS (SI), Z24
	VMOVUPS 64(SI), Z25
	COLUMNS(0)
	VMOVUPS (SI)(R9*1), Z24
	VMOVUPS 64(SI)(R9*1), Z25
	COLUMNS(48)
	VMOVUPS (SI)(R9*2), Z24
	VMOVUPS 64(SI)(R9*2), Z25
	COLUMNS(96)
	VMOVUPS (SI)(R10*1), Z24
	VMOVUPS 64(SI)(R10*1), Z25
	COLUMNS(144)
	LEAQ (SI)(R9*4), SI
	MOVQ DX, AX
	CMPQ AX, end-8(SP)
	JNE  tileAVX512_twelve
	JMP  tileAVX512_segment

tileAVX512_end:
	CMPQ kind-72(SP), $1
	JLT  tileAVX512_last_steps
	CMPQ kind-72(SP), $3
	JEQ  tileAVX512_last_columns

tileAVX512_last_rows:
	MOVQ AX, moved-80(SP)
	CMPQ AX, end-8(SP)
	JEQ  tileAVX512_segment
	ROWS(0, 0)
	ADDQ apart+40(FP), SI
	ADDQ $4, AX
	ALONG(ADDQ, $4)
	JMP  tileAVX512_last_rows

tileAVX512_last_columns:
	CMPQ AX, end-8(SP)
	JEQ  tileAVX512_segment
	LEAQ (R8)(AX*1), BP
	VMOVUPS (SI), Z24
	VMOVUPS 64(SI), Z25
	COLUMNS(0)
	ADDQ R9, SI
	ADDQ $48, AX
	JMP  tileAVX512_last_columns

tileAVX512_last_steps:
	CMPQ AX, end-8(SP)
	JEQ  tileAVX512_segment
	MOVQ apart+40(FP), BP
	STEPON
	JMP  tileAVX512_last_steps

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
	CMPQ kind-72(SP), $2
	JLT  tileAVX512_narrow12_one
	JGT  tileAVX512_narrow12_columns
	ALONG16(ADDQ, AX)

tileAVX512_narrow12_four:
	LEAQ 16(AX), BP
	CMPQ BP, end-8(SP)
	JGT  tileAVX512_narrow12_rest
	ROWS16(0, 0)
	ROWS16(64, 4)
	ROWS16(128, 8)
	ROWS16(192, 12)
	ADDQ $256, SI
	MOVQ BP, AX
	ALONG16(ADDQ, $16)
	JMP  tileAVX512_narrow12_four

tileAVX512_narrow12_rest:
	ALONG16(SUBQ, AX)
	MOVQ end-8(SP), BP
	CMPQ AX, BP
	JE   tileAVX512_segment

tileAVX512_narrow12_one:
	VMOVUPS (SI), Z24
	ADDQ    apart+40(FP), SI
	FIRST16
	SECOND16
	THIRD16
	ADDQ    step-16(SP), AX
	CMPQ    AX, BP
	JNE     tileAVX512_narrow12_one
	JMP     tileAVX512_segment

tileAVX512_narrow12_columns:
	LEAQ (R8)(AX*1), R9
	ADDQ R8, BP
	MOVQ step-16(SP), R10
	MOVQ apart+40(FP), R11

tileAVX512_narrow12_column:
	VMOVUPS (SI), Z24
	ADDQ    R11, SI
	COLUMNS16
	ADDQ    R10, R9
	CMPQ    R9, BP
	JNE     tileAVX512_narrow12_column
	JMP     tileAVX512_segment

tileAVX512_store:
	MOVQ c+0(FP), BP
	POINTERS12(BP)
	MOVQ at+8(FP), SI
	VBROADCASTSS alpha+48(FP), Z24
	SCALE4(Z24, Z0, Z1, Z2, Z3)
	SCALE4(Z24, Z4, Z5, Z6, Z7)
	SCALE4(Z24, Z8, Z9, Z10, Z11)
	SCALE4(Z24, Z12, Z13, Z14, Z15)
	SCALE4(Z24, Z16, Z17, Z18, Z19)
	SCALE4(Z24, Z20, Z21, Z22, Z23)
	MOVQ count-24(SP), AX
	BTQ  $0, endings+56(FP)
	JCC  tileAVX512_clip
	CMPQ AX, $4
	JLE  tileAVX512_add4
	CMPQ AX, $8
	JLE  tileAVX512_add8
	ADDROWZ(BP, 8, BX, Z16, Z17)
	ADDROWZ(BP, 9, CX, Z18, Z19)
	ADDROWZ(BP, 10, DX, Z20, Z21)
	ADDROWZ(BP, 11, DI, Z22, Z23)

tileAVX512_add8:
	ADDROWZ(BP, 4, R12, Z8, Z9)
	ADDROWZ(BP, 5, R13, Z10, Z11)
	ADDROWZ(BP, 6, R14, Z12, Z13)
	ADDROWZ(BP, 7, R15, Z14, Z15)

tileAVX512_add4:
	ADDROWZ(BP, 0, R8, Z0, Z1)
	ADDROWZ(BP, 1, R9, Z2, Z3)
	ADDROWZ(BP, 2, R10, Z4, Z5)
	ADDROWZ(BP, 3, R11, Z6, Z7)

tileAVX512_clip:
	BTQ  $1, endings+56(FP)
	JCC  tileAVX512_put
	VBROADCASTSS tileOut_lo(BP), Z26
	VBROADCASTSS tileOut_hi(BP), Z27
	CLIP4(Z26, Z27, Z0, Z1, Z2, Z3)
	CLIP4(Z26, Z27, Z4, Z5, Z6, Z7)
	CLIP4(Z26, Z27, Z8, Z9, Z10, Z11)
	CLIP4(Z26, Z27, Z12, Z13, Z14, Z15)
	CLIP4(Z26, Z27, Z16, Z17, Z18, Z19)
	CLIP4(Z26, Z27, Z20, Z21, Z22, Z23)

tileAVX512_put:
	CMPQ AX, $4
	JLE  tileAVX512_put4
	CMPQ AX, $8
	JLE  tileAVX512_put8
	PUTROWZ(BX, Z16, Z17)
	PUTROWZ(CX, Z18, Z19)
	PUTROWZ(DX, Z20, Z21)
	PUTROWZ(DI, Z22, Z23)

tileAVX512_put8:
	PUTROWZ(R12, Z8, Z9)
	PUTROWZ(R13, Z10, Z11)
	PUTROWZ(R14, Z12, Z13)
	PUTROWZ(R15, Z14, Z15)

tileAVX512_put4:
	PUTROWZ(R8, Z0, Z1)
	PUTROWZ(R9, Z2, Z3)
	PUTROWZ(R10, Z4, Z5)
	PUTROWZ(R11, Z6, Z7)
	VZEROUPPER
	RET
