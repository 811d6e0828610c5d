// K = kernel(X, Y): see compute.Gram. A is X, B is Y.
#include "args.glsl"
#include "cell.glsl"
#include "kernel.glsl"
#include "product.glsl"
