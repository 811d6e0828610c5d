"""HMAX's C2 (nets/vision) in torch, and ridge regression of it: how many images a second of processor time, and accuracies.

    python3 bench/peers/hmax.py --hebb build/hebb    # beside hebb, in turns: random images, 100 at a time
    python3 bench/peers/hmax.py --mnist DIR          # the protocol of hebb reproduce hmax, on folders of MNIST's files

Times are of the processor, user and system, on all cores, since that is what other work on the machine changes least.
hebb's have the ridge regression of each batch in them, torch's have C2 alone.
"""

import argparse
import gzip
import os
import resource
import subprocess
import tempfile
import time

import numpy as np
import torch
from torch.nn import functional as F


def gabor(n, angle):
    x, y = np.meshgrid(np.arange(n) - (n - 1) / 2, np.arange(n) - (n - 1) / 2)
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    g = np.exp(-(u**2 + 0.09 * v**2) / (2 * (0.36 * n) ** 2)) * np.cos(2 * np.pi * u / (0.8 * n))
    inside = x**2 + y**2 <= n * n / 4
    g = np.where(inside, g - g[inside].mean(), 0)
    return g / np.sqrt((g * g).sum())


BANDS = [((5, 7), 6, 2), ((9, 11), 9, 3)]
FILTERS = {n: torch.tensor(np.array([[gabor(n, np.pi * o / 4)] for o in range(4)]), dtype=torch.float32) for n in (5, 7, 9, 11)}


def c1(x):
    out = []
    for sizes, window, stride in BANDS:
        s = torch.stack([F.conv2d(x, FILTERS[n], padding=n // 2).abs() for n in sizes]).amax(0)
        out.append(F.max_pool2d(s, window, stride))
    return out


def c2(x, templates):
    norms, ones = (templates**2).sum((1, 2, 3)), torch.ones(1, 4, 4, 4)
    least = torch.stack([(F.conv2d(c * c, ones) - 2 * F.conv2d(c, templates)).flatten(2).amin(2) for c in c1(x)]).amin(0)
    return torch.exp(-(least + norms).clamp(min=0) / 8)


def imprint(rng, images, n=200):
    bands, templates = c1(images), []
    while len(templates) < n:
        c = bands[rng.integers(2)]
        y, x = rng.integers(c.shape[2] - 3), rng.integers(c.shape[3] - 3)
        p = c[rng.integers(len(c)), :, y : y + 4, x : x + 4]
        if p.norm() > 1:
            templates.append(p)
    return torch.stack(templates)


def ridge(x, y):
    x, y = x.double().numpy(), np.where(np.arange(10) == y[:, None], 1.0, -1.0)
    mean, sd, level = x.mean(0), x.std(0) + 1e-6, y.mean(0)
    z = (x - mean) / sd
    w = np.linalg.solve(z.T @ z + 0.01 * len(z) * np.eye(z.shape[1]), z.T @ (y - level))
    return lambda x: ((x.double().numpy() - mean) / sd @ w + level).argmax(1)


def read(path, skip):
    with gzip.open(path) as f:
        return np.frombuffer(f.read(), np.uint8, offset=skip)


def canvas(images, side, by=0):
    out, at = torch.zeros(len(images), 1, side, side), (side - 28) // 2 + by
    out[:, 0, at : at + 28, at : at + 28] = torch.tensor(images / 255.0, dtype=torch.float32)
    return out


def protocol(folder, seeds):
    part = lambda name: (read(f"{folder}/{name}-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28), read(f"{folder}/{name}-labels-idx1-ubyte.gz", 8))
    (x, y), (tx, ty) = part("train"), part("t10k")
    for seed in range(1, seeds + 1):
        rng = np.random.default_rng(seed)
        i, j = rng.permutation(len(x))[:3000], rng.permutation(len(tx))[:1000]
        templates = imprint(rng, canvas(x[i], 46))
        features = {"C2": lambda im, by: torch.cat([c2(b, templates) for b in canvas(im, 46, by).split(100)]), "pixels": lambda im, by: canvas(im, 36, by).flatten(1)}
        for name, f in features.items():
            predict = ridge(f(x[i], 0), y[i])
            print(f"{folder}, seed {seed}, {name}:", *(f"{by} px {100 * (predict(f(tx[j], by)) == ty[j]).mean():.1f} %" for by in (0, 2, 4)), flush=True)


def torch_time(x, templates):
    start = time.process_time()
    c2(x, templates)
    return time.process_time() - start


def hebb_time(hebb, threads, images):
    """The time of 20 batches: that of a run of 25, less that of a run of 5."""

    def run(steps):
        with tempfile.TemporaryDirectory() as d:
            np.savez(f"{d}/a.npz", x=images, y=np.arange(len(images)) % 10)
            args = f"train --net hmax --rule ridge --data {d}/a.npz --canvas 46 --normalise none --batch 100 --steps {steps} --backend cpu --out {d}/run"
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([hebb, *args.split()], check=True, capture_output=True, env={**os.environ, "GOMAXPROCS": str(threads)})
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return (run(25) - run(5)) / 20


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--hebb", help="the program")
    p.add_argument("--mnist", nargs="*", default=[], metavar="DIR")
    p.add_argument("--seeds", type=int, default=3)
    p.add_argument("--times", type=int, default=7)
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    rng = np.random.default_rng(1)
    with torch.no_grad():
        images = rng.integers(0, 256, (100, 28, 28), np.uint8)
        x = canvas(images, 46)
        templates = imprint(rng, x)
        took = {f"torch {torch.__version__}": lambda: torch_time(x, templates)}
        if a.hebb:
            took["hebb"] = lambda: hebb_time(a.hebb, a.threads, images)
        turns = [{name: f() for name, f in took.items()} for _ in range(a.times)]
        for name in took:
            each = sorted(100 / t[name] for t in turns)
            print(f"{name}, {a.threads} threads: {np.median(each):.0f} ({each[0]:.0f} to {each[-1]:.0f}) images a second of processor time, load {os.getloadavg()[0]:.0f}")
        for folder in a.mnist:
            protocol(folder, a.seeds)


if __name__ == "__main__":
    main()
