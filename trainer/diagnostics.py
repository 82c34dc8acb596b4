"""What a run tells of its layers beside its metrics, when it is asked to. No torch in here.

Looking changes nothing that is computed: no random number is drawn, no value is touched. So two configs that differ in this alone
are the same config, with one digest.
"""

from typing import Annotated

from annotated_types import Ge, Le
from pydantic import Field

from trainer.part import Iterations, Part

MOST_SNAPSHOTS = 1000

# Of what a snapshot holds a row for each layer. Weights are named by their parameter, all others by their module.
KINDS = {
    "activation": "what a layer gives out",
    "gradient": "the gradient of the loss by what the layer gives out",
    "weight": "a parameter, after the step",
    "weight_gradient": "the gradient of the loss by a parameter, before clipping",
    "running_mean": "the running means of a batch norm, after the step",
    "running_var": "the running variances of a batch norm, after the step",
}
STATISTICS = ("mean", "sd", "min", "max", "norm", "zeros", "saturated", "dead", "non_finite", "ratio")


class Diagnostics(Part):
    """Statistics of every layer's activations, gradients and weights at step 0, at every so many steps after it, and at the last."""

    every: Iterations = Field(50, description=f"steps between two snapshots; a run keeps at most {MOST_SNAPSHOTS}")
    histograms: bool = Field(True, description="histograms beside the statistics")
    bins: Annotated[int, Ge(2), Le(128)] = Field(32, description="bars of a histogram, from the least to the largest value, 2 to 128")

    def is_due(self, step: int, total: int) -> bool:
        """Whether there is a snapshot of the step, of a run of so many."""
        return step % self.every == 0 or step == total - 1

    def snapshots(self, total: int) -> int:
        """How many there are of a run of so many steps."""
        return (total - 1) // self.every + 1 + ((total - 1) % self.every != 0)
