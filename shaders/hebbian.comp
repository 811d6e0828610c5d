// W ← clip((1−λ)W + η/n·(YᵀX − Mask(YᵀG)·W)): see compute.Hebbian. A is Y, B is X.
#include "half.glsl"
#include "args.glsl"
#include "cell.glsl"
#include "rule.glsl"
#include "product.glsl"
