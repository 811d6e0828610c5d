"""Moments of many small learners, batched over learners, in numpy and (RTRL) in torch where it is installed, beside the
benchmarks of nets/recurrent and nets/perturb:

    python3 bench/peers/learners.py
    go test -run '^$' -bench . ./nets/recurrent ./nets/perturb

Each line is the best of five runs, in µs a moment and learner.
"""

import time

import numpy as np


def rflo(learners, units=50, inputs=1, outputs=1, tau=10.0):
    """RFLO online: every trace is kept, and all weights change at each moment."""
    rng = np.random.default_rng(0)

    def normal(*shape):
        return rng.standard_normal(shape, dtype=np.float32)

    u, w = normal(learners, units, inputs), 1.5 / np.sqrt(units).astype(np.float32) * normal(learners, units, units)
    v, b = normal(learners, outputs, units) / np.sqrt(units).astype(np.float32), normal(learners, outputs, units)
    h, p, q = np.zeros((learners, units, 1), np.float32), np.zeros_like(u), np.zeros_like(w)
    x, want = np.ones((1, inputs, 1), np.float32), np.ones((1, outputs, 1), np.float32)
    keep, gain, rate = np.float32(1 - 1 / tau), np.float32(1 / tau), np.float32(1e-4)

    def moment():
        nonlocal h
        phi = np.tanh(u @ x + w @ h)
        s = gain * (1 - phi * phi)
        np.multiply(p, keep, out=p)
        np.add(p, s * x.transpose(0, 2, 1), out=p)
        np.multiply(q, keep, out=q)
        np.add(q, s * h.transpose(0, 2, 1), out=q)
        h = keep * h + gain * phi
        d = 2 * (v @ h - want)
        back = rate * (b.transpose(0, 2, 1) @ d)
        np.subtract(u, back * p, out=u)
        np.subtract(w, back * q, out=w)
        np.subtract(v, rate * d * h.transpose(0, 2, 1), out=v)

    return moment


def wp(learners, outputs=10, inputs=100, sigma=1e-3, rate=1e-3):
    """Weight perturbation of one layer, shown one example."""
    rng = np.random.default_rng(0)
    w = rng.standard_normal((learners, outputs, inputs), dtype=np.float32) / np.float32(10)
    x, want = np.ones((inputs, 1), np.float32), np.ones((outputs, 1), np.float32)

    def moment():
        xi = rng.standard_normal(w.shape, dtype=np.float32)
        quiet = ((w @ x - want) ** 2).sum((1, 2), keepdims=True)
        noisy = (((w + np.float32(sigma) * xi) @ x - want) ** 2).sum((1, 2), keepdims=True)
        np.subtract(w, np.float32(rate / sigma) * (noisy - quiet) * xi, out=w)

    return moment


def rtrl(torch, learners, units=50, inputs=1, outputs=1, tau=10.0):
    """RTRL online in torch: the influence M of U and W on the state goes on by one bmm, and all weights change."""
    torch.manual_seed(0)
    u, w = torch.randn(learners, units, inputs), 1.5 / units**0.5 * torch.randn(learners, units, units)
    v = torch.randn(learners, outputs, units) / units**0.5
    h, m = torch.zeros(learners, units, 1), torch.zeros(learners, units, units * (inputs + units))
    x, want = torch.ones(learners, inputs, 1), torch.ones(1, outputs, 1)
    keep, gain, rate, eye = 1 - 1 / tau, 1 / tau, 1e-4, torch.eye(units)
    own = torch.arange(units)

    def moment():
        nonlocal h, m
        phi = torch.tanh(u @ x + w @ h)
        s = gain * (1 - phi * phi)
        m = torch.bmm(keep * eye + s * w, m)
        z = torch.cat([x, h], 1).transpose(1, 2)  # what U and W are multiplied by
        m.view(learners, units, units, inputs + units)[:, own, own] += s * z
        h = keep * h + gain * phi
        d = 2 * (v @ h - want)
        g = (d.transpose(1, 2) @ v @ m).view(learners, units, inputs + units)
        u.sub_(rate * g[:, :, :inputs])
        w.sub_(rate * g[:, :, inputs:])
        v.sub_(rate * d * h.transpose(1, 2))

    return moment


def best(moment, learners):
    moment()
    once = time.perf_counter()
    moment()
    once = time.perf_counter() - once
    n, times = max(1, int(0.3 / once)), []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(n):
            moment()
        times.append((time.perf_counter() - start) / n)
    return 1e6 * min(times) / learners


if __name__ == "__main__":
    print("numpy", np.__version__)
    for learners in 1, 16, 1024:
        print(f"rflo, 50 units, {learners} learners: {best(rflo(learners), learners):.2f} µs")
    try:
        import torch
    except ImportError:
        print("torch is not installed")
    else:
        with torch.no_grad():
            print(f"torch {torch.__version__}: rtrl, 50 units, 16 learners: {best(rtrl(torch, 16), 16):.2f} µs")
    print(f"wp, 10×100, 10000 learners: {best(wp(10000), 10000):.2f} µs")
