// C = epilogue(op(A)·op(B)): see compute.Gemm.
#include "args.glsl"
#include "cell.glsl"
#include "epilogue.glsl"
#include "product.glsl"
