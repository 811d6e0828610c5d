#include "textflag.h"

// func totalsEights(t *[16]float64, x *float32, n int)
//
// n is a multiple of 16.
TEXT ·totalsEights(SB), NOSPLIT, $0-24
	MOVQ    t+0(FP), DI
	MOVQ    x+8(FP), SI
	MOVQ    n+16(FP), CX
	VMOVUPD (DI), Y0
	VMOVUPD 32(DI), Y1
	VMOVUPD 64(DI), Y2
	VMOVUPD 96(DI), Y3

totals_loop:
	VCVTPS2PD (SI), Y4
	VCVTPS2PD 16(SI), Y5
	VCVTPS2PD 32(SI), Y6
	VCVTPS2PD 48(SI), Y7
	VADDPD    Y4, Y0, Y0
	VADDPD    Y5, Y1, Y1
	VADDPD    Y6, Y2, Y2
	VADDPD    Y7, Y3, Y3
	ADDQ      $64, SI
	SUBQ      $16, CX
	JNZ       totals_loop
	VMOVUPD   Y0, (DI)
	VMOVUPD   Y1, 32(DI)
	VMOVUPD   Y2, 64(DI)
	VMOVUPD   Y3, 96(DI)
	VZEROUPPER
	RET

// func lowerEights(row *float32, n int, x float64, y *float64)
//
// n is a multiple of 8.
TEXT ·lowerEights(SB), NOSPLIT, $0-32
	MOVQ         row+0(FP), DI
	MOVQ         n+8(FP), CX
	VBROADCASTSD x+16(FP), Y0
	MOVQ         y+24(FP), SI

lower_loop:
	VCVTPS2PD  (DI), Y1
	VCVTPS2PD  16(DI), Y2
	VSUBPD     Y0, Y1, Y1
	VSUBPD     Y0, Y2, Y2
	VSUBPD     (SI), Y1, Y1
	VSUBPD     32(SI), Y2, Y2
	VCVTPD2PSY Y1, X1
	VCVTPD2PSY Y2, X2
	VMOVUPS    X1, (DI)
	VMOVUPS    X2, 16(DI)
	ADDQ       $32, DI
	ADDQ       $64, SI
	SUBQ       $8, CX
	JNZ        lower_loop
	VZEROUPPER
	RET
