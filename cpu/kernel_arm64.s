#include "go_asm.h"
#include "neon_arm64.h"
#include "textflag.h"

// A tile of 6 rows and 4 vectors is 24 sums, V0 … V23. A multiply-add takes 4 cycles, and the widest cores start four in
// each. Of the 34 instructions of a step 24 are multiply-adds; a number of a row needs no broadcast, being the first
// of its register. Of three rows or fewer half as many are computed; those that there are not stand for the first.

// ROW adds to the sums from c on the next number of a row, by way of register A or a, times the vectors of the panel.
#define ROW(row, A, a, c) \
	FMOVS (row)(R5), A \
	FMLA(a, 24, c)     \
	FMLA(a, 25, c+1)   \
	FMLA(a, 26, c+2)   \
	FMLA(a, 27, c+3)

// STEP3 multiplies a number of each of three rows by four vectors of the panel, and STEP one of all six; both go on to the next
// of each row.
#define STEP3               \
	FLDPQ (R1), (F24, F25)    \
	FLDPQ 32(R1), (F26, F27)  \
	ADD   R4, R1              \
	ROW(R8, F28, 28, 0)       \
	ROW(R9, F29, 29, 4)       \
	ROW(R10, F30, 30, 8)      \
	ADD   R3, R5

#define STEP                \
	FLDPQ (R1), (F24, F25)    \
	FLDPQ 32(R1), (F26, F27)  \
	ADD   R4, R1              \
	ROW(R8, F28, 28, 0)       \
	ROW(R9, F29, 29, 4)       \
	ROW(R10, F30, 30, 8)      \
	ROW(R11, F31, 31, 12)     \
	ROW(R12, F28, 28, 16)     \
	ROW(R13, F29, 29, 20)     \
	ADD   R3, R5

// TIMES4 multiplies four sums by alpha, in V24.
#define TIMES4(c)       \
	FMULK(24, c, c)       \
	FMULK(24, c+1, c+1)   \
	FMULK(24, c+2, c+2)   \
	FMULK(24, c+3, c+3)

// PLUS4 adds what is in row i to four sums, times its factor. CLIP4 puts four sums between V24 and V25, and leaves NaNs.
#define PLUS4(i, row, c)      \
	FMOVS (tileOut_keep+4*i)(R0), F28 \
	FLDPQ (row), (F24, F25)     \
	FLDPQ 32(row), (F26, F27)   \
	FMULK(28, 24, 24)           \
	FMULK(28, 25, 25)           \
	FMULK(28, 26, 26)           \
	FMULK(28, 27, 27)           \
	FADD(24, c, c)              \
	FADD(25, c+1, c+1)          \
	FADD(26, c+2, c+2)          \
	FADD(27, c+3, c+3)

#define CLIP1(c)        \
	FCMGT(c, 24, 26)      \
	BIT(26, 24, c)        \
	FCMGT(25, c, 26)      \
	BIT(26, 25, c)

#define CLIP4(c) \
	CLIP1(c)       \
	CLIP1(c+1)     \
	CLIP1(c+2)     \
	CLIP1(c+3)

// PUT4 stores four sums in row.
#define PUT4(row, A, B, C, D) \
	FSTPQ (A, B), (row)         \
	FSTPQ (C, D), 32(row)

// func tileNEON(c *tileOut, at int, in *tileIn, panel *float32, apart int, alpha float32, endings int)
TEXT ·tileNEON(SB), NOSPLIT, $0-56
	MOVD in+16(FP), R1
	MOVD panel+24(FP), R7
	MOVD apart+32(FP), R4
	LDP  tileIn_segments(R1), (R0, R2)
	MOVD tileIn_step(R1), R3
	LDP  (R1), (R8, R9)
	LDP  16(R1), (R10, R11)
	LDP  32(R1), (R12, R13)
	MOVD tileIn_count(R1), R14
	ZERO4(0)
	ZERO4(4)
	ZERO4(8)
	ZERO4(12)
	ZERO4(16)
	ZERO4(20)
	CBZ  R2, store

segment:
	MOVD segment_at(R0), R5
	MOVD segment_offset(R0), R1
	MOVD segment_k(R0), R6
	ADD  R7, R1
	CMP  $3, R14
	BLE  three
	SUBS $4, R6
	BLT  rest

four:
	STEP
	STEP
	STEP
	STEP
	SUBS $4, R6
	BGE  four

rest:
	ADDS $4, R6
	BEQ  next

one:
	STEP
	SUBS $1, R6
	BNE  one
	B    next

three:
	CBZ  R6, next

three_one:
	STEP3
	SUBS $1, R6
	BNE  three_one

next:
	ADD  $segment__size, R0
	SUBS $1, R2
	BNE  segment

store:
	MOVD  c+0(FP), R0
	MOVD  at+8(FP), R1
	FMOVS alpha+40(FP), F24
	LDP   (R0), (R8, R9)
	LDP   16(R0), (R10, R11)
	LDP   32(R0), (R12, R13)
	ADD   R1, R8
	ADD   R1, R9
	ADD   R1, R10
	ADD   R1, R11
	ADD   R1, R12
	ADD   R1, R13
	TIMES4(0)
	TIMES4(4)
	TIMES4(8)
	TIMES4(12)
	TIMES4(16)
	TIMES4(20)
	MOVD  endings+48(FP), R2
	TBZ   $0, R2, clip
	PLUS4(0, R8, 0)
	PLUS4(1, R9, 4)
	PLUS4(2, R10, 8)
	PLUS4(3, R11, 12)
	PLUS4(4, R12, 16)
	PLUS4(5, R13, 20)

clip:
	TBZ   $1, R2, put
	FMOVS tileOut_lo(R0), F24
	FMOVS tileOut_hi(R0), F25
	VDUP V24.S[0], V24.S4
	VDUP V25.S[0], V25.S4
	CLIP4(0)
	CLIP4(4)
	CLIP4(8)
	CLIP4(12)
	CLIP4(16)
	CLIP4(20)

put:
	PUT4(R8, F0, F1, F2, F3)
	PUT4(R9, F4, F5, F6, F7)
	PUT4(R10, F8, F9, F10, F11)
	CMP   $3, R14
	BLE   done
	PUT4(R11, F12, F13, F14, F15)
	PUT4(R12, F16, F17, F18, F19)
	PUT4(R13, F20, F21, F22, F23)

done:
	RET
