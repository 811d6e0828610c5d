"""Presynaptic-dependent scaling (Buonomano 2005) in numpy, ten networks at once, beside the same in hebb:

    python3 bench/peers/scaling.py --hebb build/hebb

Networks and protocol are those of hebb's system scaling and its experiment time-code, with fewer trials: at a rate of 0.1 all
cells spike once after 300. In numpy cells are whole arrays of all networks, and what spikes bring is added up by bincount over
the synapses of the cells that spike. Numpy and hebb take turns; times are of the processor, user and system, on all cores.
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

E, I, STEPS, SLOTS = 400, 100, 100, 11


def gain(tau, synapse):
    v = peak = 0.0
    for j in range(100):
        v = v * np.exp(-1 / tau) + np.exp(-j / synapse)
        peak = max(peak, v)
    return np.float32(1 / peak)


class Synapses:
    """The synapses of all networks in one list, in the order of their presynaptic cells."""

    def __init__(self, rng, networks, pre, post, p, others=False, delay=1, weight=None):
        there = rng.random((networks, pre, post)) < p
        if others:
            there[:, np.arange(pre), np.arange(pre)] = False
        z, i, j = np.nonzero(there)
        self.pre, self.post = z * pre + i, z * post + j
        self.start = np.concatenate([[0], np.cumsum(np.bincount(self.pre, minlength=networks * pre))])
        self.n = networks * post
        self.delay = rng.integers(1, delay + 1, len(z)) if delay > 1 else None
        even = 0.02 * (0.5 + rng.random(len(z), dtype=np.float32))
        self.w = even if weight is None else np.full(len(z), weight, np.float32)

    def of(self, cells):
        """The synapses of cells."""
        start, n = self.start[cells], self.start[cells + 1] - self.start[cells]
        total = n.sum()
        return np.repeat(start - np.concatenate([[0], np.cumsum(n)[:-1]]), n) + np.arange(total) if total else None

    def deliver(self, spikes, now, ring):
        k = self.of(np.flatnonzero(spikes))
        if k is None:
            return
        if self.delay is None:
            ring += np.bincount(self.post[k], self.w[k], self.n).astype(np.float32)
        else:
            np.add.at(ring.reshape(-1), (now + self.delay[k]) % SLOTS * self.n + self.post[k], self.w[k])

    def scale(self, g, a, goal, rate):
        self.w += rate * g[self.pre] * (goal - a[self.post]) * self.w
        np.clip(self.w, 1e-6, 10, out=self.w)


def step(v, rest, current, keep, refractory, kick=None):
    v[v >= 1] = 0
    v *= keep
    v += current
    if kick is not None:
        v[kick] = 2
    np.maximum(v, -1, out=v)
    np.minimum(v, 0, out=v, where=rest > 0)
    spikes = v >= 1
    rest -= 1
    rest[spikes] = refractory
    return spikes


def run(networks, trials, rate):
    """Returns the share of excitatory cells that spike once in the last trial."""
    rng = np.random.Generator(np.random.SFC64(1))
    ee, ei = Synapses(rng, networks, E, E, 0.08, True, 10), Synapses(rng, networks, E, I, 0.2)
    ie = Synapses(rng, networks, I, E, 0.2, weight=0.05)
    ne, ni = networks * E, networks * I
    kick = (np.arange(networks)[:, None] * E + np.arange(12)).ravel()
    ae, ai = np.zeros(ne, np.float32), np.zeros(ni, np.float32)
    keep = {tau: np.float32(np.exp(-1 / tau)) for tau in (5, 10, 20)}
    ke, ki, kei = gain(20, 5), gain(20, 10), gain(10, 5)
    zeros = lambda n: np.zeros(n, np.float32)
    for _ in range(trials):
        v, u, se, si, s = zeros(ne), zeros(ni), zeros(ne), zeros(ne), zeros(ni)
        ring, rest, resti, counts, counti = zeros((SLOTS, ne)), zeros(ne), zeros(ni), zeros(ne), zeros(ni)
        for t in range(STEPS):
            now = ring[t % SLOTS]
            se *= keep[5]
            se += now
            now[:] = 0
            z = step(v, rest, ke * se - ki * si + 0.005 * rng.standard_normal(ne, dtype=np.float32), keep[20], 4, kick if t == 10 else None)
            zi = step(u, resti, kei * s + 0.005 * rng.standard_normal(ni, dtype=np.float32), keep[10], 2)
            counts += z
            counti += zi
            s *= keep[5]
            si *= keep[10]
            ee.deliver(z, t, ring)
            ei.deliver(z, t, s)
            ie.deliver(zi, t, si)
        ae += np.float32(0.05) * (counts - ae)
        ai += np.float32(0.05) * (counti - ai)
        ee.scale(ae, ae, 1, np.float32(rate))
        ei.scale(ae, ai, 2, np.float32(rate))
    return (counts == 1).mean()


def train(hebb, o):
    with tempfile.TemporaryDirectory() as d:
        subprocess.run([hebb, "train", "scaling", "--task", "kick", "--learners", str(o.learners), "--steps", str(o.trials), "--lr", str(o.rate),
                        "--log-every", str(o.trials), "--backend", "cpu", "--out", d + "/run"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--hebb", help="the command hebb")
    parser.add_argument("--learners", type=int, default=10)
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--rounds", type=int, default=3)
    o = parser.parse_args()
    print(f"numpy {np.__version__}, {os.cpu_count()} cores")
    ratios = []
    for _ in range(o.rounds):
        ours = processor(lambda: train(o.hebb, o)) if o.hebb else None
        once = []
        theirs = processor(lambda: once.append(run(o.learners, o.trials, o.rate)))
        print(f"load {os.getloadavg()[0]:.1f}: numpy {theirs[0]:.2f} s of the processor, {theirs[1]:.2f} s; {once[0]:.4f} of the cells spike once", end="")
        if ours:
            ratios.append((theirs[0] / ours[0], theirs[1] / ours[1]))
            print(f"; hebb {ours[0]:.2f} s, {ours[1]:.2f} s", end="")
        print()
    if ratios:
        print("numpy over hebb: processor %.1f, clock %.1f" % tuple(map(statistics.median, zip(*ratios))))
