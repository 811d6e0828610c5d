"""e-prop of LIF and adaptive cells in torch, batched over examples and without automatic differentiation, beside hebb:

    python3 bench/peers/eprop.py --hebb build/hebb

Trials of a thousand steps of 64 examples; cells, rules and sizes are those of nets/spiking. Torch's inputs are spikes of
chance, hebb's those of the task evidence, new in each trial for both; hebb counts what a run logs besides. OMP_NUM_THREADS
says how many threads each of the two has, two unless it is set. They take turns, several times; a step of hebb is the
difference of a long run and a short one. Times are of the processor, user and system, on all cores, since that is what other
work on the machine changes least, and of the clock. The load of the machine is printed beside.
"""

import argparse
import math
import os
import statistics
import subprocess
import tempfile

os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # on a busy machine threads that spin take all time

import torch

from clock import processor

LIF, ADAPTIVE, INPUTS, OUTPUTS = 50, 50, 40, 2
DT, TAU, TAU_A, THRESHOLD, DAMPING = 3.0, 20.0, 2000.0, 0.6, 0.3
ALPHA, RHO = math.exp(-DT / TAU), math.exp(-DT / TAU_A)
KAPPA, COST, TARGET = ALPHA, 1 / DT**2, 0.03


class Network:
    """The cells, with buffers for everything, so that no step allocates more than it has to."""

    def __init__(self, examples):
        n = LIF + ADAPTIVE
        self.n, self.b = n, examples
        self.w_in = torch.randn(INPUTS, n) / math.sqrt(INPUTS)
        self.w = torch.randn(n, n) / math.sqrt(n)
        self.w.fill_diagonal_(0)
        limit = math.sqrt(6 / (n + OUTPUTS))
        self.w_out = (2 * torch.rand(n, OUTPUTS) - 1) * limit
        self.beta = torch.zeros(n)
        self.beta[LIF:] = 1.7 * (1 - RHO) / (1 - ALPHA)
        self.adam = [(torch.zeros_like(w), torch.zeros_like(w)) for w in self.weights()]
        self.updates = 0

    def weights(self):
        return [self.w_in, self.w, self.w_out]

    def start(self):
        zeros = lambda: torch.zeros(self.b, self.n)
        self.v, self.a, self.z, self.u, self.filtered, self.psi = zeros(), zeros(), zeros(), zeros(), zeros(), zeros()
        self.blocked = torch.zeros(self.b, self.n, dtype=torch.bool)

    def step(self, current, z, psi):
        """Moves on by a step of inputs' currents, with z of the step before; sets psi, and returns new z."""
        torch.mul(self.v, ALPHA, out=self.v).add_(current).addmm_(z, self.w).sub_(z, alpha=THRESHOLD)
        self.a.mul_(RHO).add_(z)
        torch.addcmul(self.v, self.a, self.beta, value=-1, out=self.u).sub_(THRESHOLD)
        new = (self.u > 0).logical_and_(~self.blocked)
        torch.abs(self.u, out=psi).mul_(-1 / THRESHOLD).add_(1).clamp_(min=0).mul_(DAMPING / THRESHOLD).masked_fill_(self.blocked, 0)
        self.blocked = new  # a refractory time of two steps
        return new.float()

    def descend(self, gradients, rate=0.005):
        self.updates += 1
        for w, g, (m, v) in zip(self.weights(), gradients, self.adam):
            m.mul_(0.9).add_(g, alpha=0.1)
            v.mul_(0.999).addcmul_(g, g, value=0.001)
            scale = rate * math.sqrt(1 - 0.999**self.updates) / (1 - 0.9**self.updates)
            w.addcdiv_(m, v.sqrt().add_(1e-8), value=-scale)


def signal(net, filtered, label):
    """The error of a softmax at the outputs."""
    d = torch.softmax(filtered @ net.w_out, 1)
    d[torch.arange(len(label)), label] -= 1
    return d / len(label)


def adjoint(net, x, label, recall, bptt=False):
    """A trial, and its gradients backwards in time."""
    steps, n, b = len(x), net.n, net.b
    net.start()
    currents = (x.view(-1, INPUTS) @ net.w_in).view(steps, b, n)
    z, psi = torch.zeros(steps + 1, b, n), torch.empty(steps, b, n)
    d, g_out = torch.zeros(recall, b, OUTPUTS), torch.zeros_like(net.w_out)
    for t in range(steps):
        z[t + 1] = net.step(currents[t], z[t], psi[t])
        net.filtered.mul_(KAPPA).add_(z[t + 1], alpha=1 - KAPPA)
        if t >= steps - recall:
            e = d[t - steps + recall] = signal(net, net.filtered, label) / recall
            g_out.addmm_(net.filtered.t(), e)
    r = 2 * COST / (b * steps) * (z[1:].mean((0, 1)) - TARGET)
    g, lv, la, lz = (torch.zeros(b, n) for _ in range(4))
    all_lv = torch.empty(steps, b, n)
    for t in reversed(range(steps)):
        g.mul_(KAPPA)
        if t >= steps - recall:
            g.addmm_(d[t - steps + recall], net.w_out.t(), alpha=1 - KAPPA)
        torch.add(g, la, out=lz).add_(r)
        if bptt:
            lz.addmm_(lv, net.w.t())
        lz.mul_(psi[t])
        lv.mul_(ALPHA).add_(lz)
        la.mul_(RHO).addcmul_(lz, net.beta, value=-1)
        all_lv[t] = lv
    flat = all_lv.view(-1, n)
    g_w = z[:-1].reshape(-1, n).t() @ flat
    g_w.fill_diagonal_(0)
    net.descend([x.view(-1, INPUTS).t() @ flat, g_w, g_out])


def traces(net, x, label, recall):
    """A trial, and its gradients by the traces of each example's synapses."""
    steps, n, b = len(x), net.n, net.b
    net.start()
    currents = (x.view(-1, INPUTS) @ net.w_in).view(steps, b, n)
    z, psi, g_out = torch.zeros(b, n), torch.zeros(b, n), torch.zeros_like(net.w_out)
    count = torch.zeros(n)
    pre, adapted, f = (torch.zeros(b, *shape) for shape in ((INPUTS + n,), (INPUTS + n, n), (INPUTS + n, n)))
    e = torch.empty(b, INPUTS + n, n)
    sums, passed = torch.zeros(INPUTS + n, n), torch.zeros(INPUTS + n, n)
    for t in range(steps):
        outer = torch.mul(pre[:, :, None], psi[:, None, :], out=e)
        adapted.mul_((RHO - net.beta * psi)[:, None, :]).add_(outer)
        pre.mul_(ALPHA)
        pre[:, :INPUTS] += x[t]
        pre[:, INPUTS:] += z
        z = net.step(currents[t], z, psi)
        count += z.sum(0)
        net.filtered.mul_(KAPPA).add_(z, alpha=1 - KAPPA)
        torch.mul(adapted, -net.beta, out=e).add_(pre[:, :, None]).mul_(psi[:, None, :])
        f.mul_(KAPPA).add_(e, alpha=1 - KAPPA)
        passed += e.sum(0)
        if t >= steps - recall:
            error = signal(net, net.filtered, label) / recall
            g_out.addmm_(net.filtered.t(), error)
            sums += torch.mul(f, (error @ net.w_out.t())[:, None, :], out=e).sum(0)
    r = 2 * COST / (b * steps) * (count / (b * steps) - TARGET)
    g = sums + r * passed
    g[INPUTS:].fill_diagonal_(0)
    net.descend([g[:INPUTS], g[INPUTS:], g_out])


FORMS = {"adjoint": adjoint, "bptt": lambda *a: adjoint(*a, bptt=True), "traces": traces}
SETTINGS = {"adjoint": "eprop", "bptt": "eprop:credit=bptt", "traces": "eprop:form=traces"}


def ours(hebb, form, trials, learners):
    """Returns the times of a step of hebb, of one learner."""

    def run(n):
        with tempfile.TemporaryDirectory() as d:
            command = [hebb, "train", SETTINGS[form], "--task", "evidence:delay=1800", "--steps", str(n * 1000), "--log-every", "1000000"]
            command += ["--learners", str(learners), "--backend", "cpu", "--out", d + "/run"]
            threads = dict(os.environ, GOMAXPROCS=os.environ["OMP_NUM_THREADS"])
            return processor(lambda: subprocess.run(command, check=True, env=threads, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    return [(long - short) / (trials * 1000 * learners) for short, long in zip(run(1), run(1 + trials))]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--hebb", help="the command hebb")
    parser.add_argument("--learners", type=int, default=1, help="of hebb, side by side")
    parser.add_argument("--forms", nargs="+", choices=list(FORMS), default=list(FORMS))
    parser.add_argument("--trials", type=int, default=6, help="of torch in a round, and of traces a sixth; hebb makes four times as many")
    parser.add_argument("--rounds", type=int, default=3)
    o = parser.parse_args()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads of {os.cpu_count()} cores")
    torch.set_grad_enabled(False)
    torch.set_flush_denormal(True)  # traces that fade away would take most of the time
    for form in o.forms:
        net, ratios = Network(64), []
        label = torch.randint(OUTPUTS, (64,))
        trial = lambda steps: FORMS[form](net, (torch.rand(steps, 64, INPUTS) < 0.04).float(), label, 50)
        trials = max(1, o.trials // 6) if form == "traces" else o.trials
        trial(100)
        for _ in range(o.rounds):
            mine = ours(o.hebb, form, 4 * trials, o.learners) if o.hebb else None
            theirs = [t / (trials * 1000) for t in processor(lambda: [trial(1000) for _ in range(trials)])]
            line = f"load {os.getloadavg()[0]:.1f}  {form}: torch {theirs[0] * 1e6:.0f} µs of the processor a step ({theirs[1] * 1e6:.0f} µs)"
            if mine:
                ratios.append(theirs[0] / mine[0])
                line += f"  hebb {mine[0] * 1e6:.0f} µs ({mine[1] * 1e6:.0f} µs)  {ratios[-1]:.1f} ×"
            print(line, flush=True)
        if ratios:
            print(f"{form}: a step takes {statistics.median(ratios):.1f} × less than in torch")
