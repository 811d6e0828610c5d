"""A SoftHebb layer, 32 filters of 5×5 on batches of ten images of 28×28, in torch, beside whole training steps of hebb:

    python3 bench/peers/softhebb.py --hebb build/hebb

Torch computes the layer alone: normalisation, border, responses, competition, update; hebb's steps have its activation and
pooling besides, batches from files, and what is logged. Torch and hebb take turns, several times, on as many threads; a step of hebb is the difference of a long
run and a short one. Times are of the processor, user and system, on all cores, and of the clock. The load of the machine is
printed beside. With --figures torch learns features from Fashion-MNIST instead, and prints the norms of the filters.
"""

import argparse
import gzip
import os
import statistics
import subprocess
import tempfile

os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # on a busy machine threads that spin take all time

import torch
import torch.nn.functional as F

from clock import processor


def competition(u, t=1.0):
    """Softmax over channels, negated but for the winner."""
    s = torch.softmax(t * u, 1)
    won = u.argmax(1, keepdim=True)
    return (-s).scatter_(1, won, s.gather(1, won))


def approach(w, change, rate=0.08):
    change /= change.abs().max() + 1e-30
    w += rate * torch.sqrt((w.norm(dim=1, keepdim=True) - 1).abs() + 1e-10) * change


def border(x):
    mean, variance = x.mean(), x.var(unbiased=False)
    return F.pad((x - mean) / torch.sqrt(variance + 1e-5), (2, 2, 2, 2), mode="reflect")


def unfolded(x, w):
    """A step with all patches stored: two products."""
    patches = F.unfold(border(x), 5).transpose(1, 2).reshape(-1, 25)
    u = patches @ w.t()
    s = competition(u)
    approach(w, s.t() @ patches - (s * u).sum(0)[:, None] * w)


def convolved(x, w):
    """A step of convolutions, as the authors have it."""
    x = border(x)
    u = F.conv2d(x, w.view(-1, 1, 5, 5))
    s = competition(u)
    products = F.conv2d(x.transpose(0, 1), s.transpose(0, 1)).view(-1, 25)
    approach(w, products - (s * u).sum((0, 2, 3))[:, None] * w)


def first(seed, units=32):
    torch.manual_seed(seed)
    return 5 * torch.randn(units, 25)


def fashion(folder, n=10000):
    with gzip.open(folder + "/train-images-idx3-ubyte.gz") as f:
        return torch.frombuffer(bytearray(f.read()[16:]), dtype=torch.uint8)[: n * 784].view(n, 1, 28, 28) / 255


def figures(folder):
    images = fashion(folder)
    for seed in range(1, 4):
        w = first(seed)
        for batch in torch.randperm(len(images)).view(-1, 10):
            unfolded(images[batch], w)
        norms = w.norm(dim=1)
        print(f"seed {seed}: mean norm {norms.mean():.3f}, {int(((norms - 1).abs() <= 0.05).sum())} of 32 within 0.05 of 1")


def ours(hebb, steps):
    """Returns the times of a step of hebb."""
    short = 100

    def run(n):
        with tempfile.TemporaryDirectory() as d:
            command = [hebb, "train", "--net", "softhebb:32", "--rule", "softhebb:steps=100000", "--data", "fashion-mnist"]
            command += ["--limit", "10000", "--test-limit", "10", "--batch", "10", "--steps", str(n), "--optimiser", "adam"]
            command += ["--log-every", "100000", "--backend", "cpu", "--out", d + "/run"]
            return processor(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    little, much = run(short), run(short + steps)
    return [(b - a) / steps for a, b in zip(little, much)]


def theirs(step, steps):
    """Returns the times of a step of torch."""
    x, w = torch.rand(10, 1, 28, 28), first(1)
    for _ in range(20):
        step(x, w)
    return [t / steps for t in processor(lambda: [step(x, w) for _ in range(steps)])]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--hebb", help="the command hebb")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=1000, help="of each in a round")
    parser.add_argument("--figures", metavar="FOLDER", help="of Fashion-MNIST: learn from it, and measure no time")
    o = parser.parse_args()
    if o.figures:
        figures(o.figures)
        raise SystemExit
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads; ms of a step: processor, clock")
    ratios = []
    for k in range(o.rounds):
        rows = {"hebb": ours(o.hebb, o.steps)} if o.hebb else {}
        for step in unfolded, convolved:
            rows["torch, " + step.__name__] = theirs(step, o.steps)
        for name, (cpu, clock) in rows.items():
            print(f"{name:17} {1000 * cpu:7.2f} {1000 * clock:7.2f}   load {os.getloadavg()[0]:.1f}")
        if o.hebb:
            best = [min(t[i] for name, t in rows.items() if name != "hebb") for i in (0, 1)]
            ratios.append([b / a for a, b in zip(rows["hebb"], best)])
    for i, what in enumerate(("processor", "clock")):
        if ratios:
            print(f"the better of torch's by hebb's, {what}: {statistics.median(r[i] for r in ratios):.2f}")
