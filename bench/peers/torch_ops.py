"""The cases of hebb bench in PyTorch, verified by hebb and timed as it times its own.

One JSON object a line comes in on stdin, one goes out on stdout:

    {"do": "load", "op": ..., "work": {...}, "seed": ..., "at": [...]}
        makes the case's inputs, runs each way of writing it once and answers with the elements
        "at" of each result: {"tried": [{"expr", "values", "seconds"}], "chosen": index}
    {"do": "time", "number": n, "limit": seconds, "least": samples}   {"seconds": [one op, ...]}
        times the n-th of the cases that are loaded, from 0
    {"do": "drop"}                                                    {}
        drops them all

An error answers {"error": words}; too little memory, or a network that is not here, {"skip": words}.
Every expression is executed as the string that is reported.
"""

import ctypes
import json
import math
import os
import platform
import re
import signal
import sys
import time
from collections import OrderedDict


def has_avx512():
    try:
        with open("/proc/cpuinfo") as f:
            return "avx512f" in f.read()
    except OSError:
        return False


def kind_of_core():
    """Tells OpenBLAS of AVX-512: one older than the processor takes it for another and does without, at a fifth of the speed."""
    if has_avx512():
        os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")


kind_of_core()  # before torch loads it

import torch
import torch.nn.functional as F
from torch import nn

SHORTEST, DISPATCHES, MAX_RUNS = 0.002, 8, 1 << 16  # as in stopwatch.go
WAKING, PAUSE = 0.2, 0.005  # likewise, on a GPU


def mix(x):
    """lowbias32, as in fill.go, on int64 tensors that hold 32 bits."""
    low = 0xFFFFFFFF
    x = x ^ x >> 16
    x = x * 0x7FEB352D & low
    x = x ^ x >> 15
    x = x * 0x846CA68B & low
    return x ^ x >> 16


def fill(seed, role, device, *shape):
    """Input number role of a case: multiples of 2⁻²³ in [−1, 1), the same to the bit as hebb's."""
    stream = int(mix(torch.tensor(seed + role & 0xFFFFFFFF)))
    out = torch.empty(math.prod(shape), dtype=torch.float32, device=device)
    for start in range(0, out.numel(), 1 << 22):
        i = torch.arange(start, min(start + (1 << 22), out.numel()), device=device)
        h = mix(i * 0x9E3779B9 + stream & 0xFFFFFFFF)
        out[start:start + len(i)] = (h >> 8).float() * 2.0**-23 - 1
    return out.view(shape)


def squeeze(batch, *tensors):
    return [t[0] if batch == 1 else t for t in tensors]


def factors(w, as_=""):
    return [f"{name}{'.mT' if w[trans] else ''}{as_}" for name, trans in [("A", "trans_a"), ("B", "trans_b")]]


def gemm(w, make):
    batch, m, n, k = w["batch"], w["m"], w["n"], w["k"]
    shared = w["shared"]
    a = make(batch, *((k, m) if w["trans_a"] else (m, k)))
    b = make(1 if shared else batch, *((n, k) if w["trans_b"] else (k, n)))
    a, b = squeeze(batch, a, b)
    if shared and batch > 1:
        b = b[0]
    env = {"A": a, "B": b, "C": torch.empty((batch, m, n) if batch > 1 else (m, n), device=a.device)}
    if w["f16"]:
        env |= {"A": a.half(), "B": b.half()}
    left, right = factors(w, ".float()" if w["f16"] else "")  # torch's products of halves round results to halves
    if w["layer"]:
        env["bias"] = make(n)
        return env, "C", [f"torch.addmm(bias, {left}, {right}, out=C).relu_()"], False
    call = "matmul" if shared else "mm" if batch == 1 else "bmm"
    return env, "C", [f"torch.{call}({left}, {right}, out=C)"], False


def convolution(w, make):
    """A pass of a layer, its tensors channels last in memory as hebb's are, and contiguous copies of them."""
    n, h, wd, c, k, r, stride, pad = (w[name] for name in ("n", "h", "w", "c", "k", "r", "stride", "pad"))
    p, q = ((size + 2 * pad - r) // stride + 1 for size in (h, wd))
    shapes = {"X": (n, h, wd, c), "Y": (n, p, q, k), "W": (k, r, r, c)}
    roles = {"forward": "XW", "input gradient": "YW", "weight gradient": "YX"}[w["pass"]]
    env = {name: make(*shapes[name]).permute(0, 3, 1, 2) for name in roles}
    for name in shapes.keys() - env.keys():  # of what is computed, torch asks the shape
        env[name] = torch.empty(shapes[name], device=env[roles[0]].device).permute(0, 3, 1, 2)
    env |= {f"{name}_nchw": t.contiguous() for name, t in env.items()}
    back = f"torch.ops.aten.convolution_backward(Y, X, W, None, [{stride}] * 2, [{pad}] * 2, [1] * 2, False, [0] * 2, 1, "
    last = {
        "forward": f"Z = F.conv2d(X, W, stride={stride}, padding={pad})",
        "input gradient": f"Z = {back}[True, False, False])[0]",
        "weight gradient": f"Z = {back}[False, True, False])[1]",
    }[w["pass"]]
    plain = re.sub(r"\b([XYW])\b", r"\1_nchw", last)
    return env, "Z.permute(0, 2, 3, 1)", [f"{last}  # channels last", f"{plain}  # contiguous"], True


class Absent(Exception):
    """What this torch does not have."""


def conv(width, units, window, stride=1):
    return nn.Conv2d(width, units, window, stride, window // 2, bias=False)


class Residual(nn.Module):
    """A residual block with torchvision's names: of two convolutions or, as a bottleneck, of three."""

    def __init__(self, width, units, stride, bottleneck):
        super().__init__()
        out = 4 * units if bottleneck else units
        windows = [(width, units, 1, 1), (units, units, 3, stride), (units, out, 1, 1)] if bottleneck else [(width, units, 3, stride), (units, units, 3, 1)]
        self.parts = [(conv(*window), nn.BatchNorm2d(window[1])) for window in windows]
        for i, (c, bn) in enumerate(self.parts, 1):
            self.add_module(f"conv{i}", c)
            self.add_module(f"bn{i}", bn)
        changes = stride > 1 or width != out
        self.downsample = nn.Sequential(conv(width, out, 1, stride), nn.BatchNorm2d(out)) if changes else nn.Identity()

    def forward(self, x):
        y = x
        for c, bn in self.parts[:-1]:
            y = F.relu_(bn(c(y)))
        c, bn = self.parts[-1]
        return F.relu_(bn(c(y)).add_(self.downsample(x)))


def resnet(depth, classes):
    """hebb's networks for images of up to 64×64: of torchvision's structure or, with 16 channels at first, of He et al. 2016, §4.2."""
    small, bottleneck = depth in (8, 20, 32, 56), depth == 50
    blocks = [(depth - 2) // 6] * 3 if small else {18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3]}[depth]
    width = 16 if small else 64
    layers = {"conv1": conv(3, width, 3), "bn1": nn.BatchNorm2d(width), "relu": nn.ReLU(inplace=True)}
    units, wide = width, 4 if bottleneck else 1
    for stage, n in enumerate(blocks):
        for i in range(n):
            layers[f"layer{stage + 1}_{i}"] = Residual(width, units << stage, 2 if i == 0 and stage > 0 else 1, bottleneck)
            width = wide * units << stage
    return layers | {"avgpool": nn.AdaptiveAvgPool2d(1), "flatten": nn.Flatten(), "fc": nn.Linear(width, classes)}


def mlp(units):
    layers = {"flatten": nn.Flatten()}
    for i, (width, out) in enumerate(zip(units, units[1:]), 1):
        layers |= {f"fc{i}": nn.Linear(width, out), f"relu{i}": nn.ReLU(inplace=True)}
    layers.popitem()
    return layers


def lenet5(channels, size, classes):
    side = (size // 2 - 4) // 2
    convolutions = {
        "conv1": nn.Conv2d(channels, 6, 5, padding=2), "act1": nn.ReLU(inplace=True), "pool1": nn.MaxPool2d(2),
        "conv2": nn.Conv2d(6, 16, 5), "act2": nn.ReLU(inplace=True), "pool2": nn.MaxPool2d(2),
    }  # fmt: skip
    return convolutions | mlp([16 * side * side, 120, 84, classes])


def vgg8b(channels, size, classes, drop):
    layers = {}
    for i, (units, pool) in enumerate([(128, False), (256, True), (256, False), (512, True), (512, True), (512, True)], 1):
        layers |= {f"conv{i}": conv(channels, units, 3), f"bn{i}": nn.BatchNorm2d(units), f"relu{i}": nn.ReLU(inplace=True), f"drop{i}": nn.Dropout(drop)}
        if pool:
            layers[f"pool{i}"] = nn.MaxPool2d(2)
            size //= 2
        channels = units
    return layers | {
        "flatten": nn.Flatten(), "fc1": nn.Linear(512 * size * size, 1024, bias=False), "bn7": nn.BatchNorm1d(1024), "relu7": nn.ReLU(inplace=True),
        "drop7": nn.Dropout(drop), "fc2": nn.Linear(1024, classes),
    }  # fmt: skip


def network(w):
    """hebb's network of this name: its layers by name."""
    name, size, classes = w["net"], w["height"], w["classes"]
    sizes = re.fullmatch(r"mlp:(\d+(?:-\d+)+)", name)
    depth = re.fullmatch(r"resnet(8|18|20|32|34|50|56)", name)
    if sizes:
        layers = mlp([int(n) for n in sizes[1].split("-")])
    elif depth and size <= 64 and w["channels"] == 3:
        layers = resnet(int(depth[1]), classes)
    elif name == "lenet5":
        layers = lenet5(w["channels"], size, classes)
    elif name == "vgg8b":
        layers = vgg8b(w["channels"], size, classes, w.get("dropout", 0.2))
    else:
        raise Absent(f"{name} for images of {size}×{size} is not known")
    return nn.Sequential(OrderedDict(layers))


def similarities(x):
    """The cosines of the centred rows; of an image the row is the standard deviation of each channel."""
    if x.dim() == 4:
        x = x.flatten(2).std(2) if x.shape[1] > 3 else x.flatten(1)
    x = F.normalize(x - x.mean(1, keepdim=True))
    return x @ x.mT


class Head(nn.Module):
    """The local losses of a block that learns by predsim (Nøkland and Eidnes 2019)."""

    BETA, DECODER = 0.99, 4096

    def __init__(self, h, classes):
        super().__init__()
        units, side = h.shape[1], h.shape[2] if h.dim() == 4 else 1
        self.window = 1
        while units * (side // self.window) ** 2 > self.DECODER and self.window < side:
            self.window *= 2
        self.shape, self.images = (side // self.window, side // self.window, units), side > 1
        self.decoder = nn.Linear(math.prod(self.shape), classes)
        self.similarity = nn.Conv2d(units, units, 3, padding=1, bias=False) if self.images else nn.Linear(units, units, bias=False)

    def forward(self, h, y, like):
        rows = F.avg_pool2d(h, self.window) if self.window > 1 else h
        if h.dim() == 4 and h.is_contiguous(memory_format=torch.channels_last):
            rows = rows.permute(0, 2, 3, 1)  # as they lie
        sim = F.mse_loss(similarities(self.similarity(h if self.images else h.flatten(1))), like)
        return self.BETA * sim + (1 - self.BETA) * F.cross_entropy(self.decoder(rows.flatten(1)), y)


class Local(nn.Module):
    """A network whose blocks learn each by losses of its own: a block is a layer with weights and what follows it, up to the next."""

    def __init__(self, net, x, classes):
        super().__init__()
        self.net, self.classes, self.blocks, first = net, classes, [], []
        for name, layer in net.named_children():
            if any(isinstance(m, (nn.Conv2d, nn.Linear)) for m in layer.modules()):
                self.blocks.append((name, first + [layer], []))  # layers before and after the losses
                first = []
            elif not self.blocks:
                first.append(layer)
            else:
                _, inside, after = self.blocks[-1]
                (after if after or isinstance(layer, (nn.Dropout, nn.Flatten)) else inside).append(layer)
        self.heads = []
        for name, inside, after in self.blocks[:-1]:
            h = nn.Sequential(*inside)(x)
            self.heads.append(Head(h, classes))
            self.add_module(name + ("_conv1" if isinstance(inside[0], Residual) else "") + "_objective", self.heads[-1])
            x = nn.Sequential(*after)(h)

    def learn(self, x, y):
        """Sets all gradients, and returns the loss of the last layer."""
        like = similarities(F.one_hot(y, self.classes).float())
        for head, (_, inside, after) in zip(self.heads, self.blocks):
            for layer in inside:
                x = layer(x)
            head(x, y, like).backward()
            x = x.detach()
            for layer in after:
                x = layer(x)
        for layer in self.blocks[-1][1]:
            x = layer(x)
        loss = F.cross_entropy(x, y)
        loss.backward()
        return loss


class Twin:
    """Gives networks of one kind the weights that a test of hebb's gives its own, and tells how far a step moves them."""

    def __init__(self, make):
        self.make, self.values, self.start = make, None, {}

    def parameters(self, net):
        """Each parameter under hebb's name, in the order of these, its head if it is of one; a similarity in hebb's order."""
        for name, p in sorted((n.removeprefix("net.").replace("_", "."), p) for n, p in net.named_parameters()):
            block, of_head, _ = name.partition(".objective.")
            head = net.get_submodule(block.replace(".", "_") + "_objective") if of_head else None
            if p.dim() == 4 and name.endswith("similarity.weight"):
                p = p.permute(0, 2, 3, 1)
            yield name, p, head

    def set(self, net, last):
        if self.values is None:
            self.values = {name: self.make(*p.shape) for name, p, _ in self.parameters(net)}
        for name, p, head in self.parameters(net):
            x = self.values[name]
            if head and not last and name.endswith("decoder.weight"):
                x = x.view(-1, *head.shape).permute(0, 3, 1, 2).reshape(p.shape)
            if p.dim() == 1:
                x = 1 + x / 2 if name.endswith("weight") else x / 4
            else:
                x = x * math.sqrt(3 * len(p) / p.numel())
            p.copy_(x)
        self.start[net] = [p.clone() for p in net.parameters()]

    def moved(self, net):
        return sum((p - q).double().square().sum() for p, q in zip(net.parameters(), self.start[net]))


def training(w, make):
    """Whole training steps on a batch in the host's memory, channels last and contiguous."""
    images, rule, twin = make(w["n"], w["height"], w["width"], w["channels"]), w["rule"], Twin(make)
    env = {"device": images.device, "y": torch.arange(w["n"]) % w["classes"], "twin": twin}
    images = images.cpu().permute(0, 3, 1, 2)
    forms = {"": images.contiguous()} if w["net"].startswith("mlp") else {"_last": images, "": images.contiguous()}
    exprs = []
    for tag, x in forms.items():
        net = network(w)
        env["parameters"] = torch.tensor(float(sum(p.numel() for p in net.parameters())), dtype=torch.float64)
        if rule == "predsim":
            net = Local(net, x, w["classes"])
        elif rule != "bp":
            raise Absent(f"{rule} is not written in torch")
        net = net.to(env["device"], memory_format=torch.channels_last if tag else torch.contiguous_format).train()
        if "twin" in w:
            twin.set(net, bool(tag))
        optimiser = torch.optim.SGD(net.parameters(), lr=w["rate"], momentum=w["momentum"])
        env |= {f"net{tag}": net, f"x{tag}": x, f"opt{tag}": optimiser}
        learn = f"loss = F.cross_entropy(net{tag}(x{tag}.to(device)), y.to(device)); loss.backward()"
        if rule != "bp":
            learn = f"loss = net{tag}.learn(x{tag}.to(device), y.to(device))"
        exprs.append(f"with torch.enable_grad(): opt{tag}.zero_grad(set_to_none=True); {learn}; opt{tag}.step()  # {'channels last' if tag else 'contiguous'}")
    if "twin" in w:
        exprs = [e.replace("  #", f"; trained = net{tag}  #") for tag, e in zip(forms, exprs)]
        return env, "torch.stack([parameters, loss.double(), twin.moved(trained)])", exprs, True
    return env, "parameters", exprs, True


def hebbian(w, make):
    if "pass" in w:
        return convolution(w, make)
    z, units, inputs, n, rule = w["networks"], w["units"], w["inputs"], w["n"], w["rule"]
    env = {"Y": make(z, n, units), "X": make(1 if w["shared"] else z, n, inputs).expand(z, n, inputs)}
    if rule == "softhebb":
        env["U"] = make(z, n, units)
    env["W"] = make(z, units, inputs)
    if z == 1:
        env = {name: t[0] for name, t in env.items()}
    env |= {"c": w["rate"] / n, "d": w["decay"], "bound": w["bound"]}
    add = "addmm_" if z == 1 else "baddbmm_"
    outer = f"{add}(Y.mT, X, alpha=c)"
    second = {"oja": "Y", "softhebb": "U"}.get(rule)
    exprs = {
        "hebb": [f"W.{outer}"],
        "oja+decay": [
            "W += c * (Y.mT @ X - (Y * Y).sum(-2).unsqueeze(-1) * W) - d * W",
            f"W.mul_(1 - d - c * (Y * Y).sum(-2).unsqueeze(-1)).{outer}",
        ],
        "linsker": [f"W.{add}(Y.mT, X, beta=1 - d, alpha=c).clamp_(-bound, bound)"],
        "sanger": ["W += c * (Y.mT @ X - (Y.mT @ Y).tril() @ W)"],
        "subspace": ["W += c * (Y.mT @ X - (Y.mT @ Y) @ W)", f"W.{add}(Y.mT, X - Y @ W, alpha=c)"],
    }.get(rule) or [
        f"W += c * (Y.mT @ X - (Y * {second}).sum(-2).unsqueeze(-1) * W)",
        f"W.mul_(1 - c * (Y * {second}).sum(-2).unsqueeze(-1)).{outer}",
    ]
    return env, "W", exprs, False


def gram(w, make):
    batch, n, d, kernel, sigma = w["batch"], w["n"], w["d"], w["kernel"], w["sigma"] or []
    m = w["m"] if w["other"] else 0
    x = make(batch, n, d)
    y = make(batch, m, d) if m else x
    x, y = squeeze(batch, x, y)
    other = "Y" if m else "X"
    shape = (max(1, len(sigma)),) + x.shape[:-1] + (m or n,)
    env = {"X": x, "Y": y, "K": torch.empty(shape, device=x.device)}
    mm, add = ("mm", "addmm") if batch == 1 else ("bmm", "baddbmm")
    if kernel == "linear":
        exprs = [f"torch.{mm}(X, {other}.mT, out=K[0])"]
    elif kernel == "cosine":
        rows = "N = F.normalize(X, dim=-1)" + ("; M = F.normalize(Y, dim=-1)" if m else "")
        exprs = [f"{rows}; torch.{mm}(N, {'M' if m else 'N'}.mT, out=K[0])"]
    else:
        env |= {f"f{i}": 1 / (2 * s * s * d) for i, s in enumerate(sigma)}
        squares = "S = X.square().sum(-1)" + ("; T = Y.square().sum(-1)" if m else "")
        norms = f"S.unsqueeze(-1) + {'T' if m else 'S'}.unsqueeze(-2)"
        exprs = [
            f"D = torch.cdist(X, {other}).square_()",
            f"{squares}; D = torch.{add}({norms}, X, {other}.mT, alpha=-2).clamp_(min=0)",
        ]
        tail = "".join(f"; torch.mul(D, -f{i}, out=K[{i}]).exp_()" for i in range(len(sigma)))
        if len(sigma) == 1:
            tail = "; K = D.mul_(-f0).exp_()"
        exprs = [e + tail for e in exprs]
    means = {
        "double": "; K -= K.mean(-1, keepdim=True); K -= K.mean(-2, keepdim=True)",
        "grand": "; K -= K.mean((-2, -1), keepdim=True)",
    }.get(w["center"], "")
    return env, "K", [e + means for e in exprs], kernel == "gaussian"


def streaming(w, make):
    """Sums of products of centred kernels, or a gradient, over so many rows of the matrices at a time."""
    m, d, dl, sigma, grad = w["m"], w["d"], w["dl"], w["sigma"], w["grad"]
    env = {"X": make(m, d), "Y": make(m, dl), "A": make(len(sigma), m), "m": m, "widths": range(len(sigma))}
    if grad:
        env |= {"cross": w["cross"], "own": w["self"]}
    else:
        env["B"] = make(1, m)[0]
    env["f"] = [1 / (2 * s * s * d) for s in sigma]
    env["g"] = 1 / (2 * w["sigma_l"] ** 2 * dl)
    env["R"] = torch.empty((m, d) if grad else (len(sigma), m), device=env["X"].device)
    norms = """S, T = X.square().sum(-1), Y.square().sum(-1)
for i in range(0, m, rows):
    r = slice(i, i + rows)
    D = torch.addmm(S[r, None] + S, X[r], X.mT, alpha=-2).clamp_(min=0)
    L = torch.addmm(T[r, None] + T, Y[r], Y.mT, alpha=-2).clamp_(min=0).mul_(-g).exp_()
"""
    sums = """    L = L.sub_(B[r, None]).sub_(B)
    for w in widths:
        K = (D * -f[w]).exp_().sub_(A[w, r, None]).sub_(A[w])
        R[w, r] = K.mul_(L).sum(-1)
"""
    slope = """    P = torch.zeros_like(D)
    for w in widths:
        K = (D * -f[w]).exp_()
        P += (L * cross + K * own + A[w, r, None] + A[w]).mul_(K).mul_(4 * f[w])
    R[r] = P @ X - P.sum(-1, keepdim=True) * X[r]
"""
    sizes = [n for n in (256, 1024) if n < m] + ([m] if m <= 8192 else [])
    return env, "R", [f"rows = {n}\n" + norms + (slope if grad else sums) for n in sizes], True


def inverse(w, make):
    """Of symmetric positive definite matrices, by their factors or as of any matrices."""
    n = w["n"]
    a = squeeze(w["batch"], make(w["batch"], n, n))[0]
    env = {"A": a.tril() + a.tril(-1).mT + w["shift"] * torch.eye(n, device=a.device)}
    return env, "Inv", ["Inv = torch.cholesky_inverse(torch.linalg.cholesky(A))", "Inv = torch.linalg.inv(A)"], True


def elementwise(w, make):
    """A formula: into memory that is there, or into new memory where that is the faster."""
    n, formula = w["n"], w["formula"]
    env = {"X": make(n), "a": w["slope"]}
    env["O"] = torch.empty_like(env["X"])
    if formula == "axpy":
        env["Y"] = make(n)
        return env, "O", ["torch.add(Y, X, alpha=a, out=O)", "O = torch.add(Y, X, alpha=a)"], True
    if formula == "relu":
        return env, "O", ["torch.clamp_min(X, 0, out=O)", "O = torch.relu(X)", "O = F.threshold(X, 0, 0)"], True
    env["M"], env["V"], env["G"] = make(n), make(n).abs(), make(n)
    env |= {"b1": w["beta1"], "b2": w["beta2"], "e": w["eps"], "r": w["rate"], "P": torch.empty_like(env["X"]), "Q": torch.empty_like(env["X"])}
    second = "torch.mul(V, b2, out=Q).addcmul_(G, G, value=1 - b2).sqrt_().add_(e)"
    return env, "O", [
        f"torch.lerp(M, G, 1 - b1, out=P); {second}; torch.addcdiv(X, P, Q, value=-r, out=O)",
        f"torch.mul(M, b1, out=P).add_(G, alpha=1 - b1); {second}; torch.addcdiv(X, P, Q, value=-r, out=O)",
    ], True


def copy(w, make):
    x = make(w["n"])
    return {"X": x, "O": torch.empty_like(x)}, "O", ["O.copy_(X)", "O = X.clone()"], True


def fold(w, make):
    rows, cols, down = w["rows"], w["cols"], w["along"] == "rows"
    x = make(rows, cols)
    env = {"X": x, "one": torch.ones(rows if down else cols, device=x.device), "O": torch.empty(cols if down else rows, device=x.device)}
    return env, "O", [f"torch.sum(X, {0 if down else 1}, out=O)", f"torch.mv({'X.mT' if down else 'X'}, one, out=O)"], True


def norm(w, make):
    """Batch normalisation in training: of a matrix, of images that are channels last, and of contiguous ones."""
    n, side, c = w["n"], w["side"], w["c"]
    dy = make(n * side * side, c) if w["grad"] else None
    x = make(n * side * side, c)
    forms = {"": lambda t: t, "_last": lambda t: t.view(n, side, side, c).permute(0, 3, 1, 2)}
    forms["_nchw"] = lambda t: forms["_last"](t).contiguous()
    env = {"eps": w["eps"]}
    if w["grad"]:
        env["mean"], var, env["gain"] = make(c), make(c).abs() + 0.5, make(c)
        env["inv"] = (var + w["eps"]).rsqrt()
        env |= {f"DY{tag}": form(dy) for tag, form in forms.items()}
        call = "torch.ops.aten.native_batch_norm_backward(DY{0}, X{0}, gain, None, None, mean, inv, True, eps, [True] * 3)[0]"
    else:
        env["gain"], env["bias"] = make(c), make(c)
        call = "F.batch_norm(X{0}, None, None, gain, bias, True, 0.0, eps)"
    env |= {f"X{tag}": form(x) for tag, form in forms.items()}
    return env, "(Z if Z.dim() == 2 else Z.permute(0, 2, 3, 1))", ["Z = " + call.format(tag) for tag in forms], True


def softmaxloss(w, make):
    """Loss, hits and the gradient towards the logits, in the steps of autograd or in fewer."""
    n, classes = w["n"], w["classes"]
    env = {"X": make(n, classes), "s": 1 / n}
    env["y"], env["rows"] = torch.arange(n, device=env["X"].device) % classes, torch.arange(n, device=env["X"].device)
    env["G"] = torch.zeros_like(env["X"])
    env["G"][env["rows"], env["y"]] = -1 / n
    first = 'L = torch.log_softmax(X, 1); loss = F.nll_loss(L, y, reduction="none"); hit = X.argmax(1) == y; '
    return env, "D", [
        first + "G.zero_(); G[rows, y] = -s; D = torch.ops.aten._log_softmax_backward_data(G, L, 1, X.dtype)",
        first + "D = L.exp_(); D[rows, y] -= 1; D.mul_(s)",
    ], True


OPS = {
    "gemm": gemm, "hebbian": hebbian, "gram": gram, "kernelsums": streaming, "kernelgrad": streaming, "inverse": inverse,
    "copy": copy, "map": elementwise, "reduce": fold, "standardize": norm, "standardizegrad": norm, "softmaxloss": softmaxloss,
    "conv": convolution, "convinput": convolution, "training": training,
}  # fmt: skip


class Case:
    """One case, loaded: its tensors, and the ways of writing it."""

    def __init__(self, request, device, sync):
        self.sync, self.load, self.busy = sync, WAKING if device == "cuda" else 0, -math.inf
        roles = iter(range(1 << 30))
        make = lambda *shape: fill(request["seed"], next(roles), device, *shape)  # noqa: E731
        if request["op"] == "random":
            raise Absent("torch draws other numbers")
        env, self.out, self.exprs, fastest = OPS[request["op"]](request["work"], make)
        self.env = {"torch": torch, "F": F, **env}
        at = torch.tensor(request["at"], device=device)
        start = env[self.out].clone() if self.out == "W" else None  # W is updated in place
        self.tried = []
        for expr in self.exprs:
            if start is not None:
                env["W"].copy_(start)
            code = compile(expr, "<case>", "exec")
            exec(code, self.env)
            values = eval(self.out, self.env).reshape(-1)[at].tolist()
            values = [v if math.isfinite(v) else None for v in values]
            self.tried.append({"expr": expr, "values": values, "seconds": self.glance(code)})
        self.chosen = 0
        if fastest:
            self.chosen = min(range(len(self.tried)), key=lambda i: self.tried[i]["seconds"])
        self.code = compile(self.exprs[self.chosen], "<case>", "exec")
        if start is not None:
            env["W"].copy_(start)

    def glance(self, code):
        """The median of three samples after a short warm-up."""
        n = self.settle(code, 0.02, 1.5 * self.load)
        return sorted(self.lap(code, n) / n for _ in range(3))[1]

    def lap(self, code, n):
        start = time.perf_counter()
        for _ in range(n):
            exec(code, self.env)
        self.sync()
        self.busy = time.perf_counter()
        return self.busy - start

    def settle(self, code, limit, waking):
        """Runs until the time is stable, for so long at most, or longer to wake the device up; returns how many runs make a sample."""
        owed = self.load if time.perf_counter() - self.busy >= PAUSE else 0
        most = max(limit, min(1.5 * owed, waking))
        start = since = time.perf_counter()
        n, level, calm, total = 1, 0.0, 0, 0
        while True:
            took = self.lap(code, n)
            total += n
            calm += 1
            if abs(took / n - level) > 0.05 * level:
                since, level, calm = self.busy, took / n, 0
            spent = self.busy - start
            if took < SHORTEST and n < MAX_RUNS:
                n = min(max(int(1.2 * n * SHORTEST / took) + 1, 2 * n), 16 * n, MAX_RUNS)
                calm = 0
            elif calm >= 2 and total >= DISPATCHES and spent >= owed and self.busy - since >= owed / 4 or spent >= most:
                return n

    def round(self, limit, least):
        n = self.settle(self.code, limit / 8, limit / 2)
        samples, start = [], time.perf_counter()
        while True:
            samples.append(self.lap(self.code, n) / n)
            spent = time.perf_counter() - start
            if len(samples) >= least and spent >= limit / 10 or len(samples) >= 2 and spent >= limit:
                return samples


def choose(device, threads, tf32):
    """The device, its name, and how to wait for it."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda":
        if not torch.cuda.is_available():
            raise RuntimeError("this torch has no CUDA device")
        torch.backends.cuda.matmul.allow_tf32 = tf32
        torch.backends.cudnn.allow_tf32 = tf32
        torch.backends.cudnn.benchmark = True  # it takes its fastest
        return device, torch.cuda.get_device_name(), torch.cuda.synchronize
    torch.set_num_threads(threads)
    return device, f"{platform.machine()} CPU, {torch.get_num_threads()} threads", lambda: None


class DlInfo(ctypes.Structure):
    _fields_ = [("file", ctypes.c_char_p), ("base", ctypes.c_void_p), ("symbol", ctypes.c_char_p), ("address", ctypes.c_void_p)]


CORES_WITHOUT_AVX512 = {"Haswell", "Zen", "Excavator", "SandyBridge", "Nehalem", "Prescott"}


def blas():
    """The library of torch's products on the CPU, with the kind of its threads and of its kernels if it is an OpenBLAS."""
    if torch.backends.mkl.is_available():
        return "MKL"
    where = DlInfo()
    try:
        lib = ctypes.CDLL(os.path.join(os.path.dirname(torch.__file__), "lib", "libtorch_cpu.so"))
        ctypes.CDLL(None).dladdr(ctypes.cast(lib.sgemm_, ctypes.c_void_p), ctypes.byref(where))
        path = os.path.realpath(where.file.decode())
        lib = ctypes.CDLL(path)
    except (OSError, AttributeError):
        return ""
    try:
        lib.openblas_get_config.restype = lib.openblas_get_corename.restype = ctypes.c_char_p
        threads = {1: "pthread", 2: "openmp"}.get(lib.openblas_get_parallel(), "one thread")
        version = " ".join(lib.openblas_get_config().decode().split()[:2])
        core = lib.openblas_get_corename().decode()
        missed = has_avx512() and core in CORES_WITHOUT_AVX512 and os.environ.get("ATEN_CPU_CAPABILITY", "avx512") == "avx512"
        return f"{version} {threads} {core}{' without AVX-512' if missed else ''}"
    except AttributeError:
        reference = "reference, " if os.path.basename(os.path.dirname(path)) == "blas" else ""  # as Debian installs it
        return reference + os.path.basename(path)


def main(device, threads, products):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # hebb says when it is over
    torch.set_grad_enabled(False)
    say = lambda answer: print(json.dumps(answer), flush=True)  # noqa: E731
    try:
        device, name, sync = choose(device, int(threads), products == "tf32")
    except RuntimeError as e:
        say({"error": str(e)})
        return
    say({"torch": torch.__version__, "device": name, "where": device, "tf32": products == "tf32" and device == "cuda", "blas": blas() if device == "cpu" else ""})
    cases = []
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "load":
                cases.append(None)
                cases[-1] = case = Case(request, device, sync)
                say({"tried": case.tried, "chosen": case.chosen})
            elif request["do"] == "time":
                say({"seconds": cases[request["number"]].round(request["limit"], request["least"])})
            else:
                cases, case = [], None
                if device == "cuda":
                    torch.cuda.empty_cache()
                say({})
        except Exception as e:  # the next case may do better
            words = f"{type(e).__name__}: {e}".splitlines()[0]
            skip = isinstance(e, Absent) or "memory" in words.lower()
            say({"skip" if skip else "error": words})


if __name__ == "__main__":
    main(*sys.argv[1:])
