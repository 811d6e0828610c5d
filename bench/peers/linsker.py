"""Linsker's cells in numpy, a cell at a time, beside a map of them at once in hebb:

    python3 bench/peers/linsker.py --hebb build/hebb

A cell has 600 synapses; Q, k1, k2 and the step are those of nets/develop. The map has 63 pairs of k1 and k2 and ten seeds: of
numpy's cells some are made, as many in each round, and their time is reckoned up. Numpy and hebb take turns; times are of the
processor, user and system, on all cores, since that is what other work on the machine changes least, and of the clock. The
load of the machine is printed beside. --kinds makes cells of one pair and says what they become, in float64.
"""

import argparse
import os
import statistics
import subprocess
import tempfile

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two threads take twice the processor for a vector of 600
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from clock import processor

K1 = [0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.45, 0.6]
K2 = [0, -0.5, -1, -1.5, -2, -3, -4]


def places(rng, n=600):
    return rng.normal(0, np.sqrt(1.5), (n, 2))


def covariance(r):
    d2 = ((r[:, None] - r[None]) ** 2).sum(-1)
    return np.exp(-d2 / 2)


def develop(q, w, k1, k2, rate, steps):
    """The form that one would write: Q + k2 made once, a product of a matrix and a vector a step, in place."""
    m = (q + q.dtype.type(k2)) * q.dtype.type(rate / len(w))
    drift, half = q.dtype.type(rate * k1), q.dtype.type(0.5)
    step = np.empty_like(w)
    for _ in range(steps):
        np.dot(m, w, out=step)
        step += drift
        w += step
        np.clip(w, -half, half, out=w)
    return w


def kind(r, w):
    far = np.hypot(*r.T)
    order = np.argsort(far)
    quarter = len(w) // 4
    centre, surround = 2 * w[order[:quarter]].mean(), 2 * w[order[-quarter:]].mean()
    h1 = np.hypot(*(w @ r)) / (np.abs(w) @ far)
    if 2 * w.mean() > 0.95:
        return "all+", h1
    if h1 > 0.35:
        return "bilobed", h1
    return ("ON" if centre > 0.8 and surround < -0.2 else "other"), h1


def kinds(k1, k2, rate, steps, seeds):
    for of in range(seeds):
        rng = np.random.default_rng(of)
        r = places(rng)
        w = develop(covariance(r), rng.uniform(-0.5, 0.5, len(r)), k1, k2, rate, steps)
        print(f"seed {of}: {kind(r, w)[0]}, h1 {kind(r, w)[1]:.3f}, mean {2 * w.mean():.4f}, {(np.abs(w) < 0.5).sum()} of {len(w)} synapses inside", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--hebb", help="the command hebb")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--each", type=int, default=4, help="cells of numpy in a round")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--kinds", nargs=3, type=float, metavar=("K1", "K2", "RATE"))
    parser.add_argument("--seeds", type=int, default=10)
    o = parser.parse_args()
    if o.kinds:
        kinds(*o.kinds, o.steps, o.seeds)
        raise SystemExit
    print(f"numpy {np.__version__}, {os.cpu_count()} cores")
    rng, cells, ratios = np.random.default_rng(1), len(K1) * len(K2) * 10, {np.float32: [], np.float64: []}
    q = covariance(places(rng))

    def numpy(dtype):
        for i in range(o.each):
            k1, k2 = K1[rng.integers(len(K1))], K2[rng.integers(len(K2))]
            develop(q.astype(dtype), rng.uniform(-0.5, 0.5, len(q)).astype(dtype), k1, k2, 0.5, o.steps)

    def hebb():
        with tempfile.TemporaryDirectory() as d:
            system = f"linsker:k1={K1},k2={K2},still=1e-30"
            command = [o.hebb, "train", system, "--task", "white-noise:side=1,batch=1", "--learners", "10", "--steps", str(o.steps)]
            command += ["--lr", "0.5", "--log-every", str(o.steps), "--backend", "cpu", "--out", d + "/run"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    for _ in range(o.rounds):
        ours = processor(hebb) if o.hebb else None
        print(f"load {os.getloadavg()[0]:.1f}" + (f"  hebb {ours[0]:.1f} s of the processor ({ours[1]:.1f} s)" if ours else ""), end="", flush=True)
        for dtype, of in ratios.items():
            theirs = [x / o.each * cells for x in processor(lambda: numpy(dtype))]
            print(f"  numpy, {dtype.__name__}: {theirs[0]:.1f} s ({theirs[1]:.1f} s)", end="", flush=True)
            if ours:
                of.append([a / b for a, b in zip(theirs, ours)])
        print(flush=True)
    for dtype, of in ratios.items():
        if of:
            processors, clocks = zip(*of)
            print(f"{dtype.__name__}: the map in one batch takes {statistics.median(processors):.1f} × less of the processor than cell by cell, {statistics.median(clocks):.1f} × less by the clock")
