// C = epilogue(op(A)·op(B)): see compute.Gemm.
#include "half.glsl"
#include "args.glsl"
#include "cell.glsl"
#include "epilogue.glsl"
#include "product.glsl"
