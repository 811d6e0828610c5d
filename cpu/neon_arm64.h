// Instructions on vectors of 4 float32s as words, since Go's assembler has no names for most (Arm Architecture Reference
// Manual, C7.2). Operands are numbers of registers, in the assembler's order: FSUB(m, n, d) is Vd ← Vn − Vm.

#define FADD(m, n, d)  WORD $(0x4E20D400 | (m)<<16 | (n)<<5 | (d))
#define FSUB(m, n, d)  WORD $(0x4EA0D400 | (m)<<16 | (n)<<5 | (d))
#define FMUL(m, n, d)  WORD $(0x6E20DC00 | (m)<<16 | (n)<<5 | (d))
#define FDIV(m, n, d)  WORD $(0x6E20FC00 | (m)<<16 | (n)<<5 | (d))
#define FMAX(m, n, d)  WORD $(0x4E20F400 | (m)<<16 | (n)<<5 | (d)) // a NaN if either is
#define FMIN(m, n, d)  WORD $(0x4EA0F400 | (m)<<16 | (n)<<5 | (d))
#define FADDP(m, n, d) WORD $(0x6E20D400 | (m)<<16 | (n)<<5 | (d)) // sums of neighbours, those of Vn first
#define FCMEQ(m, n, d) WORD $(0x4E20E400 | (m)<<16 | (n)<<5 | (d)) // all ones where Vn = Vm
#define FCMGT(m, n, d) WORD $(0x6EA0E400 | (m)<<16 | (n)<<5 | (d)) // Vn > Vm
#define FCMGT0(n, d)   WORD $(0x4EA0C800 | (n)<<5 | (d))           // Vn > 0
#define FCMGE0(n, d)   WORD $(0x6EA0C800 | (n)<<5 | (d))
#define FNEG(n, d)     WORD $(0x6EA0F800 | (n)<<5 | (d))
#define FABS(n, d)     WORD $(0x4EA0F800 | (n)<<5 | (d))
#define FSQRT(n, d)    WORD $(0x6EA1F800 | (n)<<5 | (d))
#define SCVTF(n, d)    WORD $(0x4E21D800 | (n)<<5 | (d))           // float32s of int32s
#define SSHR(k, n, d)  WORD $(0x4F000400 | (64-(k))<<16 | (n)<<5 | (d))
#define AND(m, n, d)   WORD $(0x4E201C00 | (m)<<16 | (n)<<5 | (d))
#define BIT(m, n, d)   WORD $(0x6EA01C00 | (m)<<16 | (n)<<5 | (d)) // Vn in the bits where Vm is 1
#define BIF(m, n, d)   WORD $(0x6EE01C00 | (m)<<16 | (n)<<5 | (d)) // Vn in the bits where Vm is 0

// The same on vectors of 2 float64s.
#define FADDD(m, n, d) WORD $(0x4E60D400 | (m)<<16 | (n)<<5 | (d))
#define FSUBD(m, n, d) WORD $(0x4EE0D400 | (m)<<16 | (n)<<5 | (d))
#define FMULD(m, n, d) WORD $(0x6E60DC00 | (m)<<16 | (n)<<5 | (d))
#define FDIVD(m, n, d) WORD $(0x6E60FC00 | (m)<<16 | (n)<<5 | (d))
#define FSQRTD(n, d)   WORD $(0x6EE1F800 | (n)<<5 | (d))
#define SCVTFD(n, d)   WORD $(0x4E61D800 | (n)<<5 | (d))
#define UCVTFD(n, d)   WORD $(0x6E61D800 | (n)<<5 | (d))
#define FCVTN(n, d)    WORD $(0x0E616800 | (n)<<5 | (d))           // float32s of float64s, in the lower half
#define FCVTN2(n, d)   WORD $(0x4E616800 | (n)<<5 | (d))           // in the upper half
#define FCVTL(n, d)    WORD $(0x0E617800 | (n)<<5 | (d))           // float64s of float32s in the lower half
#define FCVTL2(n, d)   WORD $(0x4E617800 | (n)<<5 | (d))

// UMULL is the products of uint32s in the lower halves, as uint64s, UMULL2 of those in the upper halves.
#define UMULL(m, n, d)  WORD $(0x2EA0C000 | (m)<<16 | (n)<<5 | (d))
#define UMULL2(m, n, d) WORD $(0x6EA0C000 | (m)<<16 | (n)<<5 | (d))

// FMLA is Vd ← Vd + Vn·(the first number of Vm), rounded once.
#define FMLA(m, n, d) WORD $(0x4F801000 | (m)<<16 | (n)<<5 | (d))

// FMULK is Vd ← Vn·(the first number of Vm).
#define FMULK(m, n, d) WORD $(0x4F809000 | (m)<<16 | (n)<<5 | (d))

// ZERO is Vd ← 0, ZERO4 that of four.
#define ZERO(d) WORD $(0x6F00E400 | (d))
#define ZERO4(d) \
	ZERO(d)        \
	ZERO(d+1)      \
	ZERO(d+2)      \
	ZERO(d+3)

// COLUMNS makes of 4 rows, a to d, their columns, in the same registers, by way of e to h.
#define COLUMNS(a, b, c, d, e, f, g, h) \
	VTRN1 b.S4, a.S4, e.S4 \
	VTRN2 b.S4, a.S4, f.S4 \
	VTRN1 d.S4, c.S4, g.S4 \
	VTRN2 d.S4, c.S4, h.S4 \
	VTRN1 g.D2, e.D2, a.D2 \
	VTRN1 h.D2, f.D2, b.D2 \
	VTRN2 g.D2, e.D2, c.D2 \
	VTRN2 h.D2, f.D2, d.D2
