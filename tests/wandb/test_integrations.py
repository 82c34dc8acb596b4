"""Lightning and transformers log through their own wandb integrations: what they say is what stands here, by wandb.Api and by REST."""

from typing import Any

import pytest
from sdk import Sdk
from service import Service

pytestmark = pytest.mark.proof  # each loads a large library for a few rows

# What the integration hands to the SDK is written down on the way, and read back in the end.
BEGIN = """
import json, sys, warnings, wandb
warnings.simplefilter("ignore")
import torch
torch.manual_seed(0)
torch.set_num_threads(1)
logged = []
log = wandb.sdk.wandb_run.Run.log

def noted(run, data, *args, **kwargs):
    logged.append({key: value for key, value in data.items() if isinstance(value, (int, float))})
    return log(run, data, *args, **kwargs)

wandb.sdk.wandb_run.Run.log = noted
"""
READ = """
seen = wandb.Api().run(path)
rows = [{key: value for key, value in row.items() if not key.startswith("_") and isinstance(value, (int, float))} for row in seen.scan_history()]
artifacts = [(each.name, each.type, sorted(each.aliases)) for each in seen.logged_artifacts()]
print(json.dumps({"logged": logged, "rows": [row for row in rows if row], "config": dict(seen.config), "state": seen.state,
    "artifacts": artifacts, **told, "summary": {key: value for key, value in seen.summary.items() if isinstance(value, (int, float))}}, default=str))
"""
LIGHTNING = """
import logging
import numpy as np
import pytorch_lightning as lightning
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.loggers import WandbLogger
from torch.utils.data import DataLoader, TensorDataset

logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)

class Model(lightning.LightningModule):
    def __init__(self, width=4, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(8, width)

    def loss(self, batch, name):
        loss = self.layer(batch[0]).pow(2).mean()
        self.log(f"{name}/loss", loss, on_step=name == "train", on_epoch=True)
        return loss

    def training_step(self, batch, _):
        return self.loss(batch, "train")

    def validation_step(self, batch, _):
        return self.loss(batch, "val")

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)

data = DataLoader(TensorDataset(torch.randn(40, 8)), batch_size=4)
logger = WandbLogger(project="lightning", log_model="all")
logger.experiment.config["mine"] = {"deep": [1, 2]}
model = Model()
logger.watch(model, log="all", log_freq=5, log_graph=False)
checkpoints = ModelCheckpoint(monitor="val/loss", save_top_k=1)
trainer = lightning.Trainer(max_epochs=3, logger=logger, log_every_n_steps=5, callbacks=[checkpoints], default_root_dir=".", accelerator="cpu",
    enable_progress_bar=False, enable_model_summary=False)
trainer.fit(model, data, data)
logger.log_table("table", columns=["a", "b"], data=[[1, "x"], [2, "y"]])
logger.log_image("images", [np.zeros((4, 4, 3), np.uint8), np.ones((4, 4, 3), np.uint8)], caption=["zero", "one"])
path = logger.experiment.path
wandb.finish()
artifact = wandb.Api().artifact(f"lightning/model-{path.split('/')[-1]}:best")
held = torch.load(artifact.download() + "/model.ckpt", weights_only=False)
told = {"best": held["state_dict"]["layer.weight"].tolist(), "last": model.layer.weight.tolist(), "id": path.split("/")[-1]}
"""
TRANSFORMERS = """
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

def rows(count):
    ids = torch.randint(0, 50, (count, 6))
    return [{"input_ids": ids[i], "attention_mask": torch.ones(6, dtype=torch.long), "labels": int(ids[i].sum() % 2)} for i in range(count)]

small = BertConfig(vocab_size=50, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, max_position_embeddings=8)
arguments = TrainingArguments("out", report_to="wandb", run_name="tiny", max_steps=12, logging_steps=2, eval_strategy="steps",
    eval_steps=4, save_strategy="no", learning_rate=0.01, per_device_train_batch_size=4, use_cpu=True, disable_tqdm=True)
Trainer(BertForSequenceClassification(small), arguments, train_dataset=rows(32), eval_dataset=rows(8)).train()
path = wandb.run.path
told = {"id": wandb.run.id, "name": wandb.run.name}
wandb.finish()
"""


def rest(service: Service, project: str, external_id: str) -> dict[str, Any]:
    (item,) = service.client.get("/runs", params={"project": f"team/{project}", "filter": f"external_id = '{external_id}'"}).json()["items"]
    return service.run(item["id"])


def assert_is_what_was_logged(service: Service, run: dict[str, Any], told: dict[str, Any], own: str) -> None:
    """By row over wandb.Api, by metric over REST. `own` is the counter that the SDK adds to each row, those of media alone too."""
    logged, rows = ([row for row in told[name] if row.keys() - {own}] for name in ("logged", "rows"))
    assert logged
    assert [dict(sorted(row.items())) for row in rows] == [dict(sorted(row.items())) for row in logged]
    wanted = {key: [float(row[key]) for row in logged if key in row] for row in logged for key in row if key != own}
    assert {key: values for key, (_, values) in service.series(run["id"]).items() if key in wanted} == wanted
    assert {key: told["summary"][key] for key in wanted} == {key: values[-1] for key, values in wanted.items()}
    assert (run["state"], told["state"], run["refused_points"]) == ("finished", "finished", 0)


class TestLightning:
    def test_logs_metrics_hyperparameters_checkpoints_tables_and_images(self, wandb_service: Service, sdk: Sdk) -> None:
        pytest.importorskip("pytorch_lightning")
        told = sdk.run(BEGIN + LIGHTNING + READ)

        run = rest(wandb_service, "lightning", told["id"])
        assert_is_what_was_logged(wandb_service, run, told, "trainer/global_step")
        assert {"train/loss_step", "train/loss_epoch", "val/loss", "epoch", "trainer/global_step"} <= told["summary"].keys()
        assert run["config"] == told["config"] | {"width": 4, "lr": 0.1, "mine": {"deep": [1, 2]}}
        assert told["best"] == told["last"]
        models = [(name.rpartition(":")[2], aliases) for name, kind, aliases in told["artifacts"] if kind == "model"]
        assert models == [("v0", []), ("v1", []), ("v2", ["best", "latest"])]
        media = wandb_service.client.get(f"/runs/{run['id']}/media", params={"limit": 1000}).json()
        kinds = {(item["key"], item["kind"], item["caption"]) for item in media["items"]}
        assert {("table", "table", None), ("images", "image", "zero"), ("images", "image", "one")} <= kinds
        assert {("gradients/layer.weight", "histogram", None), ("gradients/layer.bias", "histogram", None)} <= kinds
        assert all(item["content"] for item in media["items"] if item["kind"] != "histogram")
        weights = [item["histogram"] for item in media["items"] if item["key"] == "gradients/layer.weight"]
        assert {(sum(one["counts"]), len(one["edges"]) - len(one["counts"])) for one in weights} == {(32, 1)}


class TestTransformers:
    def test_a_trainer_that_reports_to_wandb_logs_all(self, wandb_service: Service, sdk: Sdk) -> None:
        pytest.importorskip("transformers")
        told = sdk.run(BEGIN + TRANSFORMERS + READ, HF_HUB_OFFLINE="1", WANDB_PROJECT="transformers")

        run = rest(wandb_service, "transformers", told["id"])
        assert_is_what_was_logged(wandb_service, run, told, "")
        assert {"train/loss", "train/learning_rate", "train/grad_norm", "train/global_step", "eval/loss", "total_flos"} <= told["summary"].keys()
        assert (run["name"], run["config"]["learning_rate"], run["config"]["hidden_size"]) == ("tiny", 0.01, 8)
