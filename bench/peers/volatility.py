#!/usr/bin/env python3
"""The particle filter of volatility and stochasticity (Piray and Daw 2021) in numpy, all agents and particles in one batch:
the peer of hebb's system particles. They take turns, several times:

    python3 bench/peers/volatility.py --hebb build/hebb

A quarter of the agents has each volatility (0.5, 1.5) and noise (1, 3). Numpy draws Beta numbers by Generator.beta (float64,
rejection) and, the second time, as hebb does, of two uniforms in whole arrays. Printed are the mean learning rates of trials 181
to 200 in each quarter, and times of the processor, user and system, on all cores, and of the clock. hebb makes 400 trials, 200
of training and 200 of the test at its end; its times, with the start of the program, are halved.
"""

import argparse
import os
import statistics
import subprocess
import tempfile

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from clock import processor


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


def series(rng, agents, dtype):
    v, u = np.repeat([0.5, 1.5, 0.5, 1.5], agents // 4), np.repeat([1.0, 1.0, 3.0, 3.0], agents // 4)
    steps = np.sqrt(v) * rng.standard_normal((200, agents))
    steps[0] = 0
    return (np.cumsum(steps, axis=0) + np.sqrt(u) * rng.standard_normal(steps.shape)).astype(dtype)


def train(hebb, agents):
    with tempfile.TemporaryDirectory() as d:
        command = [hebb, "train", "particles", "--task", f"walk:agents={agents // 4}", "--steps", "200", "--backend", "cpu", "--out", d + "/run"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--hebb", help="the command hebb")
    parser.add_argument("--agents", type=int, default=1200)
    parser.add_argument("--particles", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--lesion", choices=["none", "unp", "vol"], default="none", help="of numpy's agents")
    o = parser.parse_args()
    dtype = getattr(np, o.dtype)
    print(f"numpy {np.__version__}, {o.dtype}, {os.cpu_count()} cores")
    betas = {"numpy": lambda rng, a, shape, dtype: rng.beta(a, 0.5, shape).astype(dtype), "numpy, two uniforms": beta_circle}
    ratios = {name: ([], []) for name in betas}
    for k in range(o.rounds):
        print(f"load {os.getloadavg()[0]:.1f}")
        ours = None
        if o.hebb:
            ours = [t / 2 for t in processor(lambda: train(o.hebb, o.agents))]
            print(f"  hebb: processor {ours[0]:.2f} s, {ours[1]:.2f} s")
        for name, beta in betas.items():
            rng, rates = np.random.Generator(np.random.SFC64(k)), []
            x = series(rng, o.agents, dtype)
            drift = [0 if o.lesion == of else 0.1 for of in ("vol", "unp")]
            theirs = processor(lambda: rates.append(filter(rng, x, o.particles, *drift, beta, dtype)))
            means = rates[0][180:].mean(0).reshape(4, -1).mean(1)
            print(f"  {name}: processor {theirs[0]:.2f} s, {theirs[1]:.2f} s; learning rates", *(f"{m:.3f}" for m in means))
            if ours:
                for r, t, u in zip(ratios[name], theirs, ours):
                    r.append(t / u)
    for name, (processor, clock) in ratios.items():
        if processor:
            print(f"{name}: {statistics.median(processor):.1f} times hebb's processor time, {statistics.median(clock):.1f} times its time")
