"""The network: built where a run is trained, right after torch.manual_seed(seed)."""

from torch import Tensor, nn

from runtwice_example.door import DatasetShape, Maxout


class MaxoutLayer(nn.Module):
    def __init__(self, features: int, width: int, pieces: int) -> None:
        super().__init__()
        self.pieces = pieces
        self.linear = nn.Linear(features, width * pieces)

    def forward(self, x_BD: Tensor) -> Tensor:
        return self.linear(x_BD).unflatten(1, (-1, self.pieces)).amax(dim=2)


def build(config: Maxout, shape: DatasetShape) -> nn.Module:
    """Images come as float rows [B, D], in the order channels, height, width; out go [B, classes]."""
    return nn.Sequential(MaxoutLayer(shape.features, config.width, config.pieces), nn.Linear(config.width, shape.classes))
