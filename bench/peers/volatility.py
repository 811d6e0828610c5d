#!/usr/bin/env python3
"""The particle filter of volatility and stochasticity (Piray and Daw 2021) in numpy, all agents and particles in one batch:
the peer of hebb's system particles.

    python3 bench/peers/volatility.py [--agents 1200] [--beta numpy|circle] [--dtype float32|float64] [--seed 1] [--lesion none|unp|vol]

A quarter of the agents has each volatility (0.5, 1.5) and noise (1, 3). It prints the mean learning rates of trials 181 to 200
in each, and the processor's and the wall time. numpy's Generator.beta draws float64s by Johnk's and Cheng's rejection;
"circle" makes Beta(a, 1/2) of two uniforms, as hebb does, in whole arrays.
"""
import argparse
import time

import numpy as np


def beta_circle(rng, a, shape, dtype):
    q = rng.random(shape, dtype=dtype)
    np.subtract(1, q, out=q)  # (0, 1]
    np.power(q, dtype(1 / (a - 0.5)), out=q)
    c = rng.random(shape, dtype=dtype)
    c *= dtype(2 * np.pi)
    np.cos(c, out=c)
    c *= c
    c *= 1 - q
    c += q
    return c


def filter(rng, o, n, lam_v, lam_u, beta, dtype, v0=1.0, u0=2.0, w0=100.0):
    """o is trials x agents; it returns the learning rates, trials x agents."""
    trials, agents = o.shape
    shape = agents, n
    z, y = np.full(shape, 1 / v0, dtype), np.full(shape, 1 / u0, dtype)
    m, w = np.zeros(shape, dtype), np.full(shape, w0, dtype)
    logs, weights = np.zeros(shape, dtype), np.full(shape, 1 / n, dtype)
    rates = np.empty(o.shape, dtype)
    places, rows = np.arange(n, dtype=dtype), np.arange(agents)[:, None]
    for t in range(trials):
        for g, lam in ((z, lam_v), (y, lam_u)):
            if lam > 0:
                g *= beta(rng, (1 - lam) / (2 * lam), shape, dtype)
                g *= dtype(1 / (1 - lam))
        v = 1 / z
        v += w
        s = v + 1 / y
        d = o[t][:, None] - m
        logs -= 0.5 * (np.log(s) + d * d / s)
        logs -= logs.max(1, keepdims=True)
        np.exp(logs, out=weights)
        total = weights.sum(1, keepdims=True)
        weights /= total
        few = np.flatnonzero(np.einsum("ij,ij->i", weights, weights) * (n / 2) > 1)
        if len(few):  # these agents alone
            edges = np.cumsum(weights[few], axis=1)
            edges[:, -1] = np.inf
            # one search for all agents: the edges of agent i lie between 2i and 2i + 1
            off = 2.0 * np.arange(len(few))[:, None]
            flat = (np.minimum(edges, 1.5) + off).ravel()
            at = (places + rng.random((len(few), 1))) / n + off
            parents = np.searchsorted(flat, at.ravel(), side="right").reshape(len(few), n) - n * np.arange(len(few))[:, None]
            for x in (z, y, m, w):
                x[few] = x[few[:, None], parents]
            weights[few] = 1 / n
            logs[few] = 0
            v[few] = w[few] + 1 / z[few]
            s[few] = v[few] + 1 / y[few]
            d[few] = o[t][few, None] - m[few]
        k = v / s
        m += k * d
        np.multiply(1 - k, v, out=w)
        rates[t] = np.einsum("ij,ij->i", weights, k)
    return rates


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--agents", type=int, default=1200)
    p.add_argument("--particles", type=int, default=100)
    p.add_argument("--beta", choices=["numpy", "circle"], default="numpy")
    p.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    p.add_argument("--lesion", choices=["none", "unp", "vol"], default="none")
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    dtype = getattr(np, a.dtype)
    rng = np.random.default_rng(np.random.SFC64(a.seed))
    each = a.agents // 4
    v, u = np.repeat([0.5, 1.5, 0.5, 1.5], each), np.repeat([1.0, 1.0, 3.0, 3.0], each)
    steps = np.sqrt(v) * rng.standard_normal((200, 4 * each))
    steps[0] = 0
    o = (np.cumsum(steps, axis=0) + np.sqrt(u) * rng.standard_normal(steps.shape)).astype(dtype)
    beta = beta_circle if a.beta == "circle" else lambda rng, a, shape, dtype: rng.beta(a, 0.5, shape).astype(dtype)
    wall, cpu = time.perf_counter(), time.process_time()
    rates = filter(rng, o, a.particles, 0 if a.lesion == "vol" else 0.1, 0 if a.lesion == "unp" else 0.1, beta, dtype)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print("lr", *("%.3f" % x for x in rates[180:].mean(0).reshape(4, each).mean(1)), "processor %.2f s, wall %.2f s" % (cpu, wall))


if __name__ == "__main__":
    main()
