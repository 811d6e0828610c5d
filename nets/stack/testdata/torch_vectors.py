#!/usr/bin/env python3
"""What PyTorch makes of a few small networks, for the tests of package nets.

    torch_vectors.py vectors DIR             weights and results of the small networks: DIR is nets/stack/testdata
    torch_vectors.py resnet18 DIR            the same of torchvision's resnet18, in evaluation
    torch_vectors.py strict MODEL FROM TO    loads MODEL into torchvision's resnet18 with strict=True and writes to TO
                                             the logits of FROM's images

Weights and images are float32s; all else is computed, and kept, in float64. Hyper-parameters are
numbers that float32 holds, so that they are no source of error. Images are written channels last.
"""
import json
import os
import sys
from collections import OrderedDict

import numpy as np
import torch
from torch import nn

EPS, MOMENTUM = float(np.float32(1e-5)), float(np.float32(0.1))  # of batch normalisation, as float32 has them
RATE = 1 / 16
STEPS = 3


def write(path, arrays):
    """A safetensors file of float64, float32 and int64 arrays."""
    kinds = {"<f8": "F64", "<f4": "F32", "<i8": "I64"}
    head, data = OrderedDict(), b""
    for name, a in arrays.items():
        a = np.asarray(a, order="C")  # ascontiguousarray would make scalars vectors
        head[name] = {"dtype": kinds[a.dtype.str], "shape": list(a.shape), "data_offsets": [len(data), len(data) + a.nbytes]}
        data += a.tobytes()
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(len(text).to_bytes(8, "little") + text + data)


def read(path):
    with open(path, "rb") as f:
        raw = f.read()
    n = int.from_bytes(raw[:8], "little")
    head, data = json.loads(raw[8 : 8 + n]), raw[8 + n :]
    head.pop("__metadata__", None)
    kinds = {"F64": "<f8", "F32": "<f4", "I64": "<i8"}
    return {
        name: np.frombuffer(data[slice(*t["data_offsets"])], kinds[t["dtype"]]).reshape(t["shape"]).copy()
        for name, t in head.items()
    }


class Block(nn.Module):
    """torchvision's BasicBlock, with its names."""

    def __init__(self, channels, units, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, units, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(units)
        self.conv2 = nn.Conv2d(units, units, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(units)
        self.downsample = None
        if stride != 1 or channels != units:
            self.downsample = nn.Sequential(nn.Conv2d(channels, units, 1, stride, bias=False), nn.BatchNorm2d(units))

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


def mlp(act):
    return nn.Sequential(OrderedDict(flatten=nn.Flatten(), fc1=nn.Linear(48, 12), act=act, fc2=nn.Linear(12, 5)))


def lenet():
    """Biased convolutions, overlapping max pooling, average pooling, flattening of more than one pixel."""
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(2, 4, 3, padding=1), act1=nn.Tanh(), pool1=nn.MaxPool2d(3, 2, 1),
            conv2=nn.Conv2d(4, 6, 3, stride=2, padding=1), act2=nn.ReLU(), pool2=nn.AvgPool2d(2, 1),
            flatten=nn.Flatten(), fc=nn.Linear(6 * 2 * 1, 5),
        )
    )


def resnet():
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(3, 8, 3, padding=1, bias=False), bn1=nn.BatchNorm2d(8), relu=nn.ReLU(),
            layer1=nn.Sequential(Block(8, 8, 1)), layer2=nn.Sequential(Block(8, 12, 2)),
            avgpool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten(), fc=nn.Linear(12, 5),
        )
    )


def one_hot_loss(z, labels):
    """The sum over the classes, where BCEWithLogitsLoss has their mean."""
    t = nn.functional.one_hot(labels, z.shape[1]).double()
    return nn.functional.binary_cross_entropy_with_logits(z, t, reduction="sum") / len(z)


ENTROPY = nn.CrossEntropyLoss()
NETS = OrderedDict()  # name: how it is made, the shape of its images, the loss
NETS["mlp-relu"] = lambda: mlp(nn.ReLU()), (3, 4, 4), ENTROPY
NETS["mlp-sigmoid"] = lambda: mlp(nn.Sigmoid()), (3, 4, 4), one_hot_loss
NETS["lenet"] = lenet, (2, 10, 8), ENTROPY
NETS["resnet"] = resnet, (3, 8, 8), ENTROPY
NETS["mlp-leaky"] = lambda: mlp(nn.LeakyReLU(float(np.float32(0.01)))), (3, 4, 4), ENTROPY

OPTIMISERS = OrderedDict(
    momentum=lambda ps: torch.optim.SGD(ps, lr=RATE, momentum=0.875, weight_decay=1 / 256),
    nesterov=lambda ps: torch.optim.SGD(ps, lr=RATE, momentum=0.875, weight_decay=1 / 256, nesterov=True),
    adam=lambda ps: torch.optim.Adam(ps, lr=RATE, betas=(0.875, 1 - 2**-10), eps=2**-20, weight_decay=1 / 256),
    adamw=lambda ps: torch.optim.AdamW(ps, lr=RATE, betas=(0.875, 1 - 2**-10), eps=2**-20, weight_decay=1 / 4),
)


def start(make, seed):
    """A network whose norms are not those that a network starts with, in float64."""
    torch.manual_seed(seed)
    net = make()
    for m in net.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.eps, m.momentum = EPS, MOMENTUM
            nn.init.uniform_(m.weight, 0.5, 1.5)
            nn.init.normal_(m.bias, 0, 0.25)
            m.running_mean.normal_(0, 0.25)
            m.running_var.uniform_(0.5, 1.5)
    return net.double()


def floats(state):
    return {k: v.numpy().astype("<i8" if v.dtype == torch.int64 else "<f4") for k, v in state.items()}


def last(x):
    """Channels last."""
    return np.ascontiguousarray(x.permute(0, 2, 3, 1).numpy())


def running(net):
    return {k: v.clone() for k, v in net.state_dict().items() if "running" in k}


def vectors(where):
    for number, (name, (make, shape, loss)) in enumerate(NETS.items()):
        write(os.path.join(where, name + ".safetensors"), floats(start(make, number).state_dict()))
        x = torch.randn(4, *shape).double()
        labels = torch.tensor([3, 0, 4, 1])
        out = {"x": last(x), "labels": labels.double().numpy()}
        for kind, optimiser in OPTIMISERS.items() if name.startswith("mlp") else [("momentum", OPTIMISERS["momentum"])]:
            net = start(make, number)
            first = {k: p.detach().clone() for k, p in net.named_parameters()}
            opt = optimiser(net.parameters())
            for step in range(STEPS):
                opt.zero_grad()
                z = net(x)
                l = loss(z, labels)
                l.backward()
                if step == 0:
                    out["logits"], out["loss"] = z.detach().numpy(), l.detach().numpy()
                    out.update({"grad." + k: p.grad.numpy().copy() for k, p in net.named_parameters()})
                    out.update({"first." + k: v.numpy() for k, v in running(net).items()})
                opt.step()
            out.update({f"{kind}.{k}": (p.detach() - first[k]).numpy() for k, p in net.named_parameters()})
            out.update({f"{kind}.{k}": v.numpy() for k, v in running(net).items()})
            net.eval()
            with torch.no_grad():
                out[kind + ".logits"] = net(x).numpy()
        write(os.path.join(where, name + ".truth.safetensors"), out)


def resnet18():
    import torchvision

    return torchvision.models.resnet18(weights=None, num_classes=10)


def large(where):
    net = start(resnet18, 18).eval()
    x = torch.randn(1, 3, 64, 64).double()
    write(os.path.join(where, "resnet18.safetensors"), floats(net.state_dict()))
    with torch.no_grad():
        write(os.path.join(where, "resnet18.truth.safetensors"), {"x": last(x), "logits": net(x).numpy()})


def strict(model, images, to):
    net = start(resnet18, 0)
    net.load_state_dict({k: torch.from_numpy(a) for k, a in read(model).items()}, strict=True)
    x = torch.from_numpy(read(images)["x"]).permute(0, 3, 1, 2)
    with torch.no_grad():
        write(to, {"logits": net.double().eval()(x).numpy()})


if __name__ == "__main__":
    commands = {"vectors": (vectors, 1), "resnet18": (large, 1), "strict": (strict, 3)}
    command, want = commands.get(sys.argv[1] if len(sys.argv) > 1 else "", (None, 0))
    if command is None or len(sys.argv) != 2 + want:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    command(*sys.argv[2:])
