"""Cascade-correlation on the two spirals in numpy, a network at a time, beside 64 networks at once in hebb:

    python3 bench/peers/cascade.py --hebb build/hebb

Networks and protocol are those of nets/grow. Numpy and hebb take turns, several times; times are of the processor, user and
system, on all cores, since that is what other work on the machine changes least. The load of the machine is printed beside.
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


def spirals():
    i = np.arange(97)
    a, r = i * np.pi / 16, 6.5 * (104 - i) / 104
    x = np.stack([r * np.sin(a), r * np.cos(a)], 1)
    return np.concatenate([x, -x]), np.concatenate([np.full(97, 0.5), np.full(97, -0.5)])


def parity(bits):
    ones = np.arange(2**bits)[:, None] >> np.arange(bits) & 1
    return ones * 2.0 - 1, np.where(ones.sum(1) % 2 == 1, 0.5, -0.5)


class Quickprop:
    def __init__(self, shape, rate, mu=2.0):
        self.p, self.d, self.rate, self.mu, self.shrink = np.zeros(shape), np.zeros(shape), rate, mu, mu / (1 + mu)

    def step(self, s):
        side = np.sign(self.d)
        gap = self.p - s
        jump = self.d * s / np.where(gap != 0, gap, 1)
        d = np.where(side * (s - self.shrink * self.p) > 0, jump, self.mu * self.d)
        d -= np.where(np.sign(s) * side > 0, 0, self.rate * s)
        self.p, self.d = s, d
        return d


def sigmoid(u):
    return 1 / (1 + np.exp(-np.clip(u, -80, 80))) - 0.5


def run(seed, data, units=40, candidates=8, patience=8, most=200):
    """Returns whether all points were learned, hidden units and epochs."""
    rng = np.random.default_rng(seed)
    x, want = data
    n, inputs = x.shape
    a = np.concatenate([np.ones((n, 1)), x], 1)
    out, epochs = rng.uniform(-1, 1, a.shape[1]), 0
    while True:
        quick, mark, still = Quickprop(out.shape, 0.35 / n), None, 0
        for _ in range(most):
            epochs += 1
            v = sigmoid(a @ out)
            e = v - want
            if np.abs(e).max() < 0.4:
                return True, a.shape[1] - 1 - inputs, epochs
            delta = e * (0.25 - v * v + 0.1)
            out = out + quick.step(delta @ a + 1e-4 * out)
            goal = e @ e
            if mark is None or abs(goal - mark) > 0.01 * mark:
                mark, still = goal, 0
            else:
                still += 1
            if still >= patience:
                break
        if a.shape[1] - 1 - inputs >= units:
            return False, units, epochs
        v = sigmoid(a @ out)
        e = (v - want) * (0.25 - v * v + 0.1)
        e -= e.mean()
        z = e @ e
        w = rng.uniform(-1, 1, (a.shape[1], candidates))
        quick, mark, still = Quickprop(w.shape, 100 / (n * a.shape[1])), None, 0
        for k in range(most):
            epochs += 1
            v = sigmoid(a @ w)
            cor = e @ v / z
            goal = np.abs(cor).max()
            if mark is None or abs(goal - mark) > 0.03 * mark:
                mark, still = goal, 0
            else:
                still += 1
            if still >= patience or k == most - 1:
                break
            w = w + quick.step(a.T @ (-np.sign(cor) * e[:, None] * (0.25 - v * v) / z))
        best = np.abs(cor).argmax()
        a = np.concatenate([a, v[:, best : best + 1]], 1)
        out = np.append(out, -cor[best])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--hebb", help="the command hebb")
    parser.add_argument("--learners", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--each", type=int, default=8, help="networks of numpy in a round")
    parser.add_argument("--parity", type=int, help="parity of so many bits instead of spirals")
    o = parser.parse_args()
    task, data = ("spirals", spirals()) if o.parity is None else (f"parity:bits={o.parity}", parity(o.parity))
    print(f"numpy {np.__version__}, {os.cpu_count()} cores")
    results, ratios = [], []
    for k in range(o.rounds):
        ours = None
        if o.hebb:
            with tempfile.TemporaryDirectory() as d:
                command = [o.hebb, "train", "cascade", "--task", task, "--learners", str(o.learners), "--steps", "3000"]
                command += ["--log-every", "250", "--backend", "cpu", "--out", d + "/run"]
                ours = processor(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        theirs = processor(lambda: results.extend(run(1 + k * o.each + i, data) for i in range(o.each)))
        print(f"load {os.getloadavg()[0]:.1f}  numpy {theirs[0] / o.each:.3f} s of the processor a network ({theirs[1] / o.each:.2f} s)", end="")
        if ours:
            ratios.append(theirs[0] / o.each * o.learners / ours[0])
            print(f"  hebb {ours[0]:.2f} s for {o.learners} ({ours[1]:.2f} s)  {ratios[-1]:.1f} ×", end="")
        print()
    solved, units, epochs = zip(*results)
    print(f"numpy: {sum(solved)} of {len(solved)} solved, {np.mean(units):.1f} ± {np.std(units, ddof=1):.1f} units, "
          f"{np.mean(epochs):.0f} ± {np.std(epochs, ddof=1):.0f} epochs")
    if ratios:
        print(f"{o.learners} networks at once take {statistics.median(ratios):.1f} × less than one after the other in numpy")
