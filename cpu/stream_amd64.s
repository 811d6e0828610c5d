#include "textflag.h"

// func streamAVX2(dst, src *float32, n int)
//
// dst lies at a multiple of 32 bytes, and n is a multiple of 32. Its stores pass the cache.
TEXT ·streamAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	XORQ AX, AX

stream_loop:
	VMOVUPS  (SI)(AX*4), Y0
	VMOVUPS  32(SI)(AX*4), Y1
	VMOVUPS  64(SI)(AX*4), Y2
	VMOVUPS  96(SI)(AX*4), Y3
	VMOVNTPS Y0, (DI)(AX*4)
	VMOVNTPS Y1, 32(DI)(AX*4)
	VMOVNTPS Y2, 64(DI)(AX*4)
	VMOVNTPS Y3, 96(DI)(AX*4)
	ADDQ     $32, AX
	CMPQ     AX, CX
	JLT      stream_loop
	VZEROUPPER
	RET

// func fence()
TEXT ·fence(SB), NOSPLIT, $0-0
	SFENCE
	RET
