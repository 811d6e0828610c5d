#!/usr/bin/env python3
"""What HSIC loss is, and its gradient by weights, by numpy: the matrices as they are written, and complex steps.

    hsic_vectors.py DIR     writes DIR/hsic.truth.safetensors: DIR is nets/local/testdata

Inputs, weights and targets are multiples of 1/64, which float32 holds; all else is float64.
"""
import os
import sys

import numpy as np

sys.path.append(os.path.join(os.path.dirname(__file__), "../../stack/testdata"))
from torch_vectors import write

M, D, C = 12, 6, 3
SIGMA_X, SIGMA_Y = 2.0, 0.75


def gaussian(x, sigma):
    d = ((x[:, None, :] - x[None, :, :]) ** 2).sum(-1)
    return np.exp(-d / (2 * sigma**2))


def loss(x, r):
    m = len(x)
    h = np.eye(m) - np.ones((m, m)) / m
    return 1000 * np.trace(gaussian(r, SIGMA_Y) @ h @ gaussian(x, SIGMA_X) @ h) / (m - 1) ** 2


def softmax(z):
    e = np.exp(z)
    return e / e.sum(1, keepdims=True)


def complex_step(f, w, h=1e-30):
    """f'(w) = Im f(w + ih)/h, without a difference: no rounding beyond that of f itself."""
    g = np.zeros(w.shape)
    for i in np.ndindex(*w.shape):
        at = w.astype(complex)
        at[i] += 1j * h
        g[i] = f(at).imag / h
    return g


def main(folder):
    rng = np.random.default_rng(9)
    grid = lambda *shape: np.round(64 * rng.standard_normal(shape)) / 64
    x, w, targets = grid(M, D), grid(C, D), grid(M, C)
    labels = np.arange(M) % C
    residuals = {
        "regression": lambda w: targets - x @ w.T,
        "classes": lambda w: np.eye(C)[labels] - softmax(x @ w.T),
        "linear": lambda w: np.eye(C)[labels] - x @ w.T,
    }
    out = {"x": x, "w": w, "targets": targets, "labels": labels.astype(float)}
    for name, r in residuals.items():
        out[name + ".loss"] = np.array([loss(x, r(w))])
        out[name + ".grad"] = complex_step(lambda v: loss(x, r(v)), w)
        out[name + ".offset"] = r(w).mean(0)
    write(os.path.join(folder, "hsic.truth.safetensors"), out)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
