#include "normal.h"
#include "textflag.h"

// ROUNDP is a round of Philox on 4 blocks, a number in the lower half of each 64 bits.
#define ROUNDP              \
	VPMULUDQ Y4, Y0, Y8       \
	VPMULUDQ Y5, Y2, Y9       \
	VPSRLQ   $32, Y9, Y10     \
	VPXOR    Y1, Y10, Y10     \
	VPXOR    Y6, Y10, Y0      \
	VPSRLQ   $32, Y8, Y11     \
	VPXOR    Y3, Y11, Y11     \
	VPXOR    Y7, Y11, Y2      \
	VMOVDQA  Y9, Y1           \
	VMOVDQA  Y8, Y3           \
	VPADDD   W0(R8), Y6, Y6   \
	VPADDD   W1(R8), Y7, Y7

// PAIR is normalPair for 4 pairs of words u and v, which it overwrites, as Y4 … Y11.
#define PAIR(u, v, x, y)     \
	VPSLLQ    $32, u, u                \
	VPSRLQ    $40, u, u                \
	VPADDQ    ONEQ(R8), u, u           \
	VPOR      MAGIC(R8), u, u          \
	VSUBPD    TWO52(R8), u, u          \
	VPADDQ    LOGADD(R8), u, Y4        \
	VPSRLQ    $52, Y4, Y5              \
	VPAND     MANTISSA(R8), Y4, Y4     \
	VPADDQ    SQRTHALF(R8), Y4, Y4     \
	VPOR      MAGIC(R8), Y5, Y5        \
	VSUBPD    EXPONENT(R8), Y5, Y5     \
	VSUBPD    ONE(R8), Y4, Y4          \
	VADDPD    TWO(R8), Y4, Y6          \
	VDIVPD    Y6, Y4, Y6               \
	VMULPD    Y6, Y6, Y7               \
	VMULPD    Y7, Y7, Y8               \
	VMULPD    (LOG+160)(R8), Y8, Y9    \
	VADDPD    (LOG+96)(R8), Y9, Y9     \
	VMULPD    Y8, Y9, Y9               \
	VADDPD    (LOG+32)(R8), Y9, Y9     \
	VMULPD    Y8, Y9, Y9               \
	VMULPD    (LOG+192)(R8), Y8, Y10   \
	VADDPD    (LOG+128)(R8), Y10, Y10  \
	VMULPD    Y8, Y10, Y10             \
	VADDPD    (LOG+64)(R8), Y10, Y10   \
	VMULPD    Y8, Y10, Y10             \
	VADDPD    LOG(R8), Y10, Y10        \
	VMULPD    Y7, Y10, Y10             \
	VADDPD    Y9, Y10, Y9              \
	VMULPD    HALF(R8), Y4, Y10        \
	VMULPD    Y4, Y10, Y10             \
	VADDPD    Y9, Y10, Y9              \
	VMULPD    Y6, Y9, Y9               \
	VMULPD    LN2LO(R8), Y5, Y11       \
	VADDPD    Y11, Y9, Y9              \
	VSUBPD    Y9, Y10, Y9              \
	VSUBPD    Y4, Y9, Y9               \
	VMULPD    LN2HI(R8), Y5, Y11       \
	VSUBPD    Y9, Y11, Y9              \
	VMULPD    MINUS2(R8), Y9, Y9       \
	VSQRTPD   Y9, Y9                   \
	VBROADCASTSD sd+56(FP), Y4         \
	VMULPD    Y4, Y9, u                \
	VPSLLQ    $32, v, v                \
	VPSRLQ    $40, v, v                \
	VPADDQ    ROUND(R8), v, Y4         \
	VPSRLQ    $22, Y4, Y4              \
	VPSLLQ    $22, Y4, Y5              \
	VPSUBQ    Y5, v, v                 \
	VPADDQ    SIGNED(R8), v, v         \
	VSUBPD    SIGNEDF(R8), v, v        \
	VMULPD    STEP(R8), v, v           \
	VMULPD    v, v, Y5                 \
	VMULPD    (SIN+160)(R8), Y5, Y6    \
	VADDPD    (SIN+128)(R8), Y6, Y6    \
	VMULPD    Y5, Y6, Y6               \
	VADDPD    (SIN+96)(R8), Y6, Y6     \
	VMULPD    Y5, Y6, Y6               \
	VADDPD    (SIN+64)(R8), Y6, Y6     \
	VMULPD    Y5, Y6, Y6               \
	VADDPD    (SIN+32)(R8), Y6, Y6     \
	VMULPD    Y5, Y6, Y6               \
	VADDPD    SIN(R8), Y6, Y6          \
	VMULPD    v, Y5, Y7                \
	VMULPD    Y6, Y7, Y6               \
	VADDPD    v, Y6, Y6                \
	VMULPD    (COS+160)(R8), Y5, Y7    \
	VADDPD    (COS+128)(R8), Y7, Y7    \
	VMULPD    Y5, Y7, Y7               \
	VADDPD    (COS+96)(R8), Y7, Y7     \
	VMULPD    Y5, Y7, Y7               \
	VADDPD    (COS+64)(R8), Y7, Y7     \
	VMULPD    Y5, Y7, Y7               \
	VADDPD    (COS+32)(R8), Y7, Y7     \
	VMULPD    Y5, Y7, Y7               \
	VADDPD    COS(R8), Y7, Y7          \
	VMULPD    Y5, Y5, Y8               \
	VMULPD    Y8, Y7, Y7               \
	VMULPD    HALF(R8), Y5, Y8         \
	VSUBPD    Y7, Y8, Y8               \
	VMOVUPD   ONE(R8), Y7              \
	VSUBPD    Y8, Y7, Y7               \
	VPSLLQ    $63, Y4, Y8              \
	VBLENDVPD Y8, Y6, Y7, Y9           \
	VBLENDVPD Y8, Y7, Y6, Y10          \
	VPADDQ    ONEQ(R8), Y4, Y5         \
	VPSLLQ    $62, Y5, Y5              \
	VPSLLQ    $62, Y4, Y4              \
	VPAND     SIGN(R8), Y5, Y5         \
	VPAND     SIGN(R8), Y4, Y4         \
	VPXOR     Y5, Y9, Y9               \
	VPXOR     Y4, Y10, Y10             \
	VBROADCASTSD mean+48(FP), Y4       \
	VMULPD    u, Y9, Y9                \
	VMULPD    u, Y10, Y10              \
	VADDPD    Y4, Y9, Y9               \
	VADDPD    Y4, Y10, Y10             \
	VCVTPD2PSY Y9, x                  \
	VCVTPD2PSY Y10, y

// PAIR8 is normalPair for 8 pairs of words u and v, which it overwrites, as Z4 … Z11.
#define PAIR8(u, v, x, y)         \
	VPSLLQ       $32, u, u                         \
	VPSRLQ       $40, u, u                         \
	VPADDQ.BCST  ONEQ(R8), u, u                    \
	VPORQ.BCST   MAGIC(R8), u, u                   \
	VSUBPD.BCST  TWO52(R8), u, u                   \
	VPADDQ.BCST  LOGADD(R8), u, Z4                 \
	VPSRLQ       $52, Z4, Z5                       \
	VPANDQ.BCST  MANTISSA(R8), Z4, Z4              \
	VPADDQ.BCST  SQRTHALF(R8), Z4, Z4              \
	VPORQ.BCST   MAGIC(R8), Z5, Z5                 \
	VSUBPD.BCST  EXPONENT(R8), Z5, Z5              \
	VSUBPD.BCST  ONE(R8), Z4, Z4                   \
	VADDPD.BCST  TWO(R8), Z4, Z6                   \
	VDIVPD       Z6, Z4, Z6                        \
	VMULPD       Z6, Z6, Z7                        \
	VMULPD       Z7, Z7, Z8                        \
	VMULPD.BCST  (LOG+160)(R8), Z8, Z9             \
	VADDPD.BCST  (LOG+96)(R8), Z9, Z9              \
	VMULPD       Z8, Z9, Z9                        \
	VADDPD.BCST  (LOG+32)(R8), Z9, Z9              \
	VMULPD       Z8, Z9, Z9                        \
	VMULPD.BCST  (LOG+192)(R8), Z8, Z10            \
	VADDPD.BCST  (LOG+128)(R8), Z10, Z10           \
	VMULPD       Z8, Z10, Z10                      \
	VADDPD.BCST  (LOG+64)(R8), Z10, Z10            \
	VMULPD       Z8, Z10, Z10                      \
	VADDPD.BCST  LOG(R8), Z10, Z10                 \
	VMULPD       Z7, Z10, Z10                      \
	VADDPD       Z9, Z10, Z9                       \
	VMULPD.BCST  HALF(R8), Z4, Z10                 \
	VMULPD       Z4, Z10, Z10                      \
	VADDPD       Z9, Z10, Z9                       \
	VMULPD       Z6, Z9, Z9                        \
	VMULPD.BCST  LN2LO(R8), Z5, Z11                \
	VADDPD       Z11, Z9, Z9                       \
	VSUBPD       Z9, Z10, Z9                       \
	VSUBPD       Z4, Z9, Z9                        \
	VMULPD.BCST  LN2HI(R8), Z5, Z11                \
	VSUBPD       Z9, Z11, Z9                       \
	VMULPD.BCST  MINUS2(R8), Z9, Z9                \
	VSQRTPD      Z9, Z9                            \
	VBROADCASTSD sd+56(FP), Z4                     \
	VMULPD       Z4, Z9, u                         \
	VPSLLQ       $32, v, v                         \
	VPSRLQ       $40, v, v                         \
	VPADDQ.BCST  ROUND(R8), v, Z4                  \
	VPSRLQ       $22, Z4, Z4                       \
	VPSLLQ       $22, Z4, Z5                       \
	VPSUBQ       Z5, v, v                          \
	VPADDQ.BCST  SIGNED(R8), v, v                  \
	VSUBPD.BCST  SIGNEDF(R8), v, v                 \
	VMULPD.BCST  STEP(R8), v, v                    \
	VMULPD       v, v, Z5                          \
	VMULPD.BCST  (SIN+160)(R8), Z5, Z6             \
	VADDPD.BCST  (SIN+128)(R8), Z6, Z6             \
	VMULPD       Z5, Z6, Z6                        \
	VADDPD.BCST  (SIN+96)(R8), Z6, Z6              \
	VMULPD       Z5, Z6, Z6                        \
	VADDPD.BCST  (SIN+64)(R8), Z6, Z6              \
	VMULPD       Z5, Z6, Z6                        \
	VADDPD.BCST  (SIN+32)(R8), Z6, Z6              \
	VMULPD       Z5, Z6, Z6                        \
	VADDPD.BCST  SIN(R8), Z6, Z6                   \
	VMULPD       v, Z5, Z7                         \
	VMULPD       Z6, Z7, Z6                        \
	VADDPD       v, Z6, Z6                         \
	VMULPD.BCST  (COS+160)(R8), Z5, Z7             \
	VADDPD.BCST  (COS+128)(R8), Z7, Z7             \
	VMULPD       Z5, Z7, Z7                        \
	VADDPD.BCST  (COS+96)(R8), Z7, Z7              \
	VMULPD       Z5, Z7, Z7                        \
	VADDPD.BCST  (COS+64)(R8), Z7, Z7              \
	VMULPD       Z5, Z7, Z7                        \
	VADDPD.BCST  (COS+32)(R8), Z7, Z7              \
	VMULPD       Z5, Z7, Z7                        \
	VADDPD.BCST  COS(R8), Z7, Z7                   \
	VMULPD       Z5, Z5, Z8                        \
	VMULPD       Z8, Z7, Z7                        \
	VMULPD.BCST  HALF(R8), Z5, Z8                  \
	VSUBPD       Z7, Z8, Z8                        \
	VBROADCASTSD ONE(R8), Z7                       \
	VSUBPD       Z8, Z7, Z7                        \
	VPSLLQ       $63, Z4, Z8                       \
	VPTESTMQ     Z8, Z8, K2                        \
	VBLENDMPD    Z6, Z7, K2, Z9                    \
	VBLENDMPD    Z7, Z6, K2, Z10                   \
	VPADDQ.BCST  ONEQ(R8), Z4, Z5                  \
	VPSLLQ       $62, Z5, Z5                       \
	VPSLLQ       $62, Z4, Z4                       \
	VPANDQ.BCST  SIGN(R8), Z5, Z5                  \
	VPANDQ.BCST  SIGN(R8), Z4, Z4                  \
	VPXORQ       Z5, Z9, Z9                        \
	VPXORQ       Z4, Z10, Z10                      \
	VBROADCASTSD mean+48(FP), Z4                   \
	VMULPD       u, Z9, Z9                         \
	VMULPD       u, Z10, Z10                       \
	VADDPD       Z4, Z9, Z9                        \
	VADDPD       Z4, Z10, Z10                      \
	VCVTPD2PS    Z9, x                             \
	VCVTPD2PS    Z10, y

// BLOCKS leaves in the lower halves of Y0 … Y3 the words of the 4 blocks from R9 on.
#define BLOCKS               \
	VMOVQ        R9, X0        \
	VPBROADCASTQ X0, Y0        \
	VPADDQ       LANES(R8), Y0, Y0 \
	VPSRLQ       $32, Y0, Y1   \
	VMOVQ        R10, X2       \
	VPBROADCASTQ X2, Y2        \
	VMOVQ        R12, X3       \
	VPBROADCASTQ X3, Y3        \
	VMOVDQU      M0(R8), Y4    \
	VMOVDQU      M1(R8), Y5    \
	VMOVQ        R11, X6       \
	VPBROADCASTQ X6, Y6        \
	VMOVQ        R13, X7       \
	VPBROADCASTQ X7, Y7        \
	ROUNDP \
	ROUNDP \
	ROUNDP \
	ROUNDP \
	ROUNDP \
	ROUNDP \
	ROUNDP \
	ROUNDP \
	ROUNDP \
	ROUNDP

// func normalsKernel(dst *float32, block, stream, seed uint64, sets int, table *[4]uint64, mean, sd float64)
//
// It makes 16 normal numbers a set, of the blocks from block on.
TEXT ·normalsKernel(SB), NOSPLIT, $0-64
	MOVQ dst+0(FP), DI
	MOVQ block+8(FP), R9
	MOVQ stream+16(FP), R10
	MOVQ seed+24(FP), R11
	MOVQ sets+32(FP), CX
	MOVQ table+40(FP), R8
	MOVQ R10, R12
	SHRQ $32, R12
	MOVQ R11, R13
	SHRQ $32, R13

normals_set:
	BLOCKS
	PAIR(Y0, Y1, X12, X13)
	PAIR(Y2, Y3, X14, X15)
	VUNPCKLPS    X13, X12, X0
	VUNPCKHPS    X13, X12, X1
	VUNPCKLPS    X15, X14, X2
	VUNPCKHPS    X15, X14, X3
	VMOVLHPS     X2, X0, X4
	VMOVHLPS     X0, X2, X5
	VMOVLHPS     X3, X1, X6
	VMOVHLPS     X1, X3, X7
	VMOVUPS      X4, (DI)
	VMOVUPS      X5, 16(DI)
	VMOVUPS      X6, 32(DI)
	VMOVUPS      X7, 48(DI)
	ADDQ         $64, DI
	ADDQ         $4, R9
	DECQ         CX
	JNZ          normals_set
	VZEROUPPER
	RET

// func betaPartsKernel(u, squares *float32, block, stream, seed uint64, sets int, table *[4]uint64)
//
// It makes 8 numbers of unitOf and 8 of squaredCosine a set, of the blocks from block on.
TEXT ·betaPartsKernel(SB), NOSPLIT, $0-56
	MOVQ u+0(FP), DI
	MOVQ squares+8(FP), SI
	MOVQ block+16(FP), R9
	MOVQ stream+24(FP), R10
	MOVQ seed+32(FP), R11
	MOVQ sets+40(FP), CX
	MOVQ table+48(FP), R8
	MOVQ R10, R12
	SHRQ $32, R12
	MOVQ R11, R13
	SHRQ $32, R13

betas_set:
	BLOCKS
	VPSLLQ     $32, Y2, Y2
	VPBLENDD   $0xAA, Y2, Y0, Y0
	VPSLLQ     $32, Y3, Y3
	VPBLENDD   $0xAA, Y3, Y1, Y1
	VPSRLD     $8, Y0, Y0
	VPADDD     ONES(R8), Y0, Y0
	VCVTDQ2PS  Y0, Y0
	VMULPS     STEP24(R8), Y0, Y0
	VMOVUPS    Y0, (DI)
	VPSRLD     $8, Y1, Y1
	VPADDD     ROUNDS(R8), Y1, Y4
	VPSRLD     $22, Y4, Y4
	VPSLLD     $22, Y4, Y5
	VPSUBD     Y5, Y1, Y1
	VCVTDQ2PS  Y1, Y1
	VMULPS     STEP22(R8), Y1, Y1
	VMULPS     Y1, Y1, Y5
	VMULPS     (SINES+128)(R8), Y5, Y6
	VADDPS     (SINES+96)(R8), Y6, Y6
	VMULPS     Y5, Y6, Y6
	VADDPS     (SINES+64)(R8), Y6, Y6
	VMULPS     Y5, Y6, Y6
	VADDPS     (SINES+32)(R8), Y6, Y6
	VMULPS     Y5, Y6, Y6
	VADDPS     SINES(R8), Y6, Y6
	VMULPS     Y1, Y6, Y6
	VMULPS     (COSINES+160)(R8), Y5, Y7
	VADDPS     (COSINES+128)(R8), Y7, Y7
	VMULPS     Y5, Y7, Y7
	VADDPS     (COSINES+96)(R8), Y7, Y7
	VMULPS     Y5, Y7, Y7
	VADDPS     (COSINES+64)(R8), Y7, Y7
	VMULPS     Y5, Y7, Y7
	VADDPS     (COSINES+32)(R8), Y7, Y7
	VMULPS     Y5, Y7, Y7
	VADDPS     COSINES(R8), Y7, Y7
	VPSLLD     $31, Y4, Y4
	VBLENDVPS  Y4, Y6, Y7, Y7
	VMULPS     Y7, Y7, Y7
	VMOVUPS    Y7, (SI)
	ADDQ       $32, DI
	ADDQ       $32, SI
	ADDQ       $4, R9
	DECQ       CX
	JNZ        betas_set
	VZEROUPPER
	RET

// func philoxKernel(words *uint32, block, stream, seed uint64, sets int, table *[4]uint64)
//
// It makes the 16 words of 4 blocks a set, from block on.
TEXT ·philoxKernel(SB), NOSPLIT, $0-48
	MOVQ words+0(FP), DI
	MOVQ block+8(FP), R9
	MOVQ stream+16(FP), R10
	MOVQ seed+24(FP), R11
	MOVQ sets+32(FP), CX
	MOVQ table+40(FP), R8
	MOVQ R10, R12
	SHRQ $32, R12
	MOVQ R11, R13
	SHRQ $32, R13

philox_set:
	BLOCKS
	VPSLLQ      $32, Y1, Y1
	VPBLENDD    $0xAA, Y1, Y0, Y0
	VPSLLQ      $32, Y3, Y3
	VPBLENDD    $0xAA, Y3, Y2, Y2
	VPUNPCKLQDQ Y2, Y0, Y4
	VPUNPCKHQDQ Y2, Y0, Y5
	VPERM2I128  $0x20, Y5, Y4, Y6
	VPERM2I128  $0x31, Y5, Y4, Y7
	VMOVDQU     Y6, (DI)
	VMOVDQU     Y7, 32(DI)
	ADDQ        $64, DI
	ADDQ        $4, R9
	DECQ        CX
	JNZ         philox_set
	VZEROUPPER
	RET

// ROUND8 is a round of Philox on 8 blocks, a number in the lower half of each 64 bits.
#define ROUND8               \
	VPMULUDQ   Z18, Z0, Z8           \
	VPMULUDQ   Z19, Z2, Z9           \
	VPSRLQ     $32, Z9, Z0           \
	VPTERNLOGQ $0x96, Z1, Z6, Z0     \
	VPSRLQ     $32, Z8, Z2           \
	VPTERNLOGQ $0x96, Z3, Z7, Z2     \
	VMOVDQA64  Z9, Z1                \
	VMOVDQA64  Z8, Z3                \
	VPADDD     Z16, Z6, Z6           \
	VPADDD     Z17, Z7, Z7

// func betaPartsAVX512(u, squares *float32, block, stream, seed uint64, sets int, table *[4]uint64)
//
// It is betaPartsKernel with sets of 16, of 8 blocks.
TEXT ·betaPartsAVX512(SB), NOSPLIT, $0-56
	MOVQ u+0(FP), DI
	MOVQ squares+8(FP), SI
	MOVQ block+16(FP), R9
	MOVQ stream+24(FP), R10
	MOVQ seed+32(FP), R11
	MOVQ sets+40(FP), CX
	MOVQ table+48(FP), R8
	MOVQ R10, R12
	SHRQ $32, R12
	MOVQ R11, R13
	SHRQ $32, R13
	MOVL $0xAAAA, AX
	KMOVW AX, K1
	VPBROADCASTQ W0(R8), Z16
	VPBROADCASTQ W1(R8), Z17
	VPBROADCASTQ M0(R8), Z18
	VPBROADCASTQ M1(R8), Z19

betas512_set:
	VPBROADCASTQ R9, Z0
	VPADDQ       EIGHT(R8), Z0, Z0
	VPSRLQ       $32, Z0, Z1
	VPBROADCASTQ R10, Z2
	VPBROADCASTQ R12, Z3
	VPBROADCASTQ R11, Z6
	VPBROADCASTQ R13, Z7
	ROUND8
	ROUND8
	ROUND8
	ROUND8
	ROUND8
	ROUND8
	ROUND8
	ROUND8
	ROUND8
	ROUND8
	VPSLLQ       $32, Z2, Z2
	VPBLENDMD    Z2, Z0, K1, Z0
	VPSLLQ       $32, Z3, Z3
	VPBLENDMD    Z3, Z1, K1, Z1
	VPSRLD       $8, Z0, Z0
	VPADDD.BCST  ONES(R8), Z0, Z0
	VCVTDQ2PS    Z0, Z0
	VMULPS.BCST  STEP24(R8), Z0, Z0
	VMOVUPS      Z0, (DI)
	VPSRLD       $8, Z1, Z1
	VPADDD.BCST  ROUNDS(R8), Z1, Z4
	VPSRLD       $22, Z4, Z4
	VPSLLD       $22, Z4, Z5
	VPSUBD       Z5, Z1, Z1
	VPTESTMD.BCST ONES(R8), Z4, K2
	VCVTDQ2PS    Z1, Z1
	VMULPS.BCST  STEP22(R8), Z1, Z1
	VMULPS       Z1, Z1, Z5
	VBROADCASTSS (SINES+128)(R8), Z6
	VMULPS       Z5, Z6, Z6
	VADDPS.BCST  (SINES+96)(R8), Z6, Z6
	VMULPS       Z5, Z6, Z6
	VADDPS.BCST  (SINES+64)(R8), Z6, Z6
	VMULPS       Z5, Z6, Z6
	VADDPS.BCST  (SINES+32)(R8), Z6, Z6
	VMULPS       Z5, Z6, Z6
	VADDPS.BCST  SINES(R8), Z6, Z6
	VMULPS       Z1, Z6, Z6
	VBROADCASTSS (COSINES+160)(R8), Z7
	VMULPS       Z5, Z7, Z7
	VADDPS.BCST  (COSINES+128)(R8), Z7, Z7
	VMULPS       Z5, Z7, Z7
	VADDPS.BCST  (COSINES+96)(R8), Z7, Z7
	VMULPS       Z5, Z7, Z7
	VADDPS.BCST  (COSINES+64)(R8), Z7, Z7
	VMULPS       Z5, Z7, Z7
	VADDPS.BCST  (COSINES+32)(R8), Z7, Z7
	VMULPS       Z5, Z7, Z7
	VADDPS.BCST  COSINES(R8), Z7, Z7
	VBLENDMPS    Z6, Z7, K2, Z7
	VMULPS       Z7, Z7, Z7
	VMOVUPS      Z7, (SI)
	ADDQ         $64, DI
	ADDQ         $64, SI
	ADDQ         $8, R9
	DECQ         CX
	JNZ          betas512_set
	VZEROUPPER
	RET

// func normalsAVX512(dst *float32, block, stream, seed uint64, sets int, table *[4]uint64, mean, sd float64)
//
// It is normalsKernel with sets of 32, of 8 blocks.
TEXT ·normalsAVX512(SB), NOSPLIT, $0-64
	MOVQ dst+0(FP), DI
	MOVQ block+8(FP), R9
	MOVQ stream+16(FP), R10
	MOVQ seed+24(FP), R11
	MOVQ sets+32(FP), CX
	MOVQ table+40(FP), R8
	MOVQ R10, R12
	SHRQ $32, R12
	MOVQ R11, R13
	SHRQ $32, R13
	VPBROADCASTQ W0(R8), Z16
	VPBROADCASTQ W1(R8), Z17
	VPBROADCASTQ M0(R8), Z18
	VPBROADCASTQ M1(R8), Z19

normals512_set:
	VPBROADCASTQ R9, Z0
	VPADDQ       EIGHT(R8), Z0, Z0
	VPSRLQ       $32, Z0, Z1
	VPBROADCASTQ R10, Z2
	VPBROADCASTQ R12, Z3
	VPBROADCASTQ R11, Z6
	VPBROADCASTQ R13, Z7
	ROUND8
	ROUND8
	ROUND8
	ROUND8
	ROUND8
	ROUND8
	ROUND8
	ROUND8
	ROUND8
	ROUND8
	PAIR8(Z0, Z1, Y12, Y13)
	PAIR8(Z2, Z3, Y14, Y15)
	VUNPCKLPS    Y13, Y12, Y0       // of blocks 0, 1, 4 and 5 the first two numbers
	VUNPCKHPS    Y13, Y12, Y1       // of 2, 3, 6 and 7
	VUNPCKLPS    Y15, Y14, Y2
	VUNPCKHPS    Y15, Y14, Y3
	VUNPCKLPD    Y2, Y0, Y4         // blocks 0 and 4
	VUNPCKHPD    Y2, Y0, Y5
	VUNPCKLPD    Y3, Y1, Y6
	VUNPCKHPD    Y3, Y1, Y7
	VPERM2F128   $0x20, Y5, Y4, Y0
	VPERM2F128   $0x20, Y7, Y6, Y1
	VPERM2F128   $0x31, Y5, Y4, Y2
	VPERM2F128   $0x31, Y7, Y6, Y3
	VMOVUPS      Y0, (DI)
	VMOVUPS      Y1, 32(DI)
	VMOVUPS      Y2, 64(DI)
	VMOVUPS      Y3, 96(DI)
	ADDQ         $128, DI
	ADDQ         $8, R9
	DECQ         CX
	JNZ          normals512_set
	VZEROUPPER
	RET
