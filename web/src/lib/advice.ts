// What to do about a cause that a verdict names.

/** A sentence to follow a cause's own: what would make the next rerun tell more, or the same bits. `given` is what the original had. */
export function advice(what: string, given: unknown): string {
  if (what.startsWith("config.")) return `Submit both with the same ${what.slice(7)}, or judge them as two different recipes.`;
  if (what.startsWith("checkpoint")) return "Rerun it on a node that is not interrupted: if the bits then agree, taking up the checkpoint is at fault.";
  if (what.startsWith("optimizer.")) return `Build the optimizer with ${what.slice(10)} = ${JSON.stringify(given)} on both nodes, or set it nowhere.`;
  if (what.startsWith("precision_flags.")) return `Set ${what.slice(16)} to ${JSON.stringify(given)} on the node, or leave PyTorch's default on both.`;
  if (what.startsWith("variables.")) return `Start the worker with ${what.slice(10)} as the original's had it, or without it on both nodes.`;
  if (what.startsWith("libraries.")) return "Install the same version on both nodes to rule it out.";
  return ADVICE[what] ?? "Rerun on the node of the original: if the bits then agree, it is the machine; if not, it is the code or the data.";
}

const ADVICE: Record<string, string> = {
  data: "Upload the data set under a name of its own and name that in the config: its digest is then part of the config.",
  split: "Give the config a split_seed, and see that no code permutes before it.",
  order: "See that no sampler of another library draws the batches.",
  initial: "Look for code that draws a random number before the model is built.",
  random_stream: "Look for code that draws from the global generator during training (augmentation, a logger, a second model).",
  schedule: "Compare the schedulers' fields; a rerun takes the length of the run it copies.",
  optimizer_state: "Compare the optimizers' settings in Environment.",
  buffers: "Look for an evaluation in training mode: it moves running statistics and nothing else.",
  torch: "Run it on a node with the same build of PyTorch, or pin the image that workers start from.",
  device: "Name the device in the config (device: cpu or cuda) instead of auto.",
  gpu: "Rerun it on a node with the same kind of GPU: choose it beside Rerun.",
  execution: "Set execution: eager in both.",
  threads: "Run it with the threads of the config (take RUNTWICE_THREADS off the node), or record the number in the config.",
  cpu_capability: "Set ATEN_CPU_CAPABILITY to the smaller of the two on both nodes.",
  float32_matmul: "Leave float32_matmul_precision at highest on both nodes.",
  targets: "Set loss.targets in the config and see that nothing converts the labels.",
  gpu_libraries: "Use the same CUDA, cuDNN and driver: pin the image that workers start from.",
  cpu: "Rerun it on the node of the original; math libraries choose their code by the processor.",
  code: "Install the same version of the service on both nodes.",
};
