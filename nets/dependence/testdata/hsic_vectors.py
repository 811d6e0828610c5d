#!/usr/bin/env python3
"""What numpy makes of HSIC and its relatives in float64, for the tests of package dependence: hsic_vectors.py DIR

Every kernel matrix is written out and centred with H = I − 1·1ᵀ/m, as the formulas have it. Samples are float32s.
"""

import json
import os
import sys

import numpy as np

EPS = 2**-6, 1e-5  # the latter is that of Ma, Lewis and Kleijn 2020


def distances(x):
    return np.linalg.norm(x[:, None] - x[None], axis=2)


def kernel(kind, x, sigma):
    if kind == "linear":
        return x @ x.T
    if kind == "cosine":
        n = np.linalg.norm(x, axis=1, keepdims=True)
        k = (x / np.where(n > 0, n, 1)) @ (x / np.where(n > 0, n, 1)).T
        np.fill_diagonal(k, 1)
        return k
    return np.exp(-distances(x) ** 2 / (2 * sigma**2))


def median(x):
    d = distances(x)[np.tril_indices(len(x), -1)]
    return float(np.median(d[d > 0]))


def measure(k, l):
    m = len(k)
    h = np.eye(m) - 1 / m
    hsic = lambda a, b: float(np.trace(a @ h @ b @ h) / (m - 1) ** 2)
    r = lambda a, eps: np.linalg.solve(h @ a @ h + eps * m * np.eye(m), h @ a @ h)
    return {
        "hsic": hsic(k, l), "hsic_x": hsic(k, k), "hsic_y": hsic(l, l),
        "normalised": hsic(k, l) / np.sqrt(hsic(k, k) * hsic(l, l)),
        "phsic": float(((k - k.mean()) * l).mean()), "nhsic": [float(np.trace(r(k, eps) @ r(l, eps))) for eps in EPS],
    }  # fmt: skip


def samples(rnd):
    x = rnd.standard_normal((50, 4))
    yield "dependent", x, np.stack([np.sin(2 * x[:, 0]), x[:, 1] * x[:, 2], rnd.standard_normal(50)], 1)
    yield "independent", rnd.standard_normal((64, 3)), rnd.standard_normal((64, 1))
    yield "classes", x, np.eye(3)[np.arange(50) % 3]
    yield "wide", rnd.standard_normal((17, 200)), rnd.random((17, 70))
    yield "far", 1000 + x, 1e-3 * x[:, :1] ** 2 - 5
    zero = np.maximum(rnd.standard_normal((40, 2)), 0)  # rows of zeros, as units that are off leave
    yield "off", zero, rnd.standard_normal((40, 2)) + zero


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    rnd, cases, arrays = np.random.default_rng(1), [], {}
    for name, x, y in samples(rnd):
        x, y = x.astype(np.float32), y.astype(np.float32)
        arrays[name + "_x"], arrays[name + "_y"] = x, y
        x, y = x.astype(np.float64), y.astype(np.float64)
        for kx, ky, sx, sy in [
            ("linear", "linear", 0, 0), ("cosine", "cosine", 0, 0), ("gaussian", "gaussian", median(x), median(y)),
            ("gaussian", "gaussian", 0.5, 0.5), ("gaussian", "gaussian", 2, 2), ("gaussian", "linear", 1, 0), ("cosine", "gaussian", 0, 1),
        ]:  # fmt: skip
            k, l = kernel(kx, x, sx), kernel(ky, y, sy)
            if min(np.ptp(k), np.ptp(l)) > 1e-3 or kx == ky == "linear":  # else float32 has no kernel to speak of
                cases.append({"name": name, "x": kx, "y": ky, "sigma_x": sx, "sigma_y": sy, **measure(k, l)})
    np.savez_compressed(os.path.join(sys.argv[1], "samples.npz"), **arrays)
    with open(os.path.join(sys.argv[1], "hsic.json"), "w") as f:
        json.dump(cases, f, indent=0)
        f.write("\n")
