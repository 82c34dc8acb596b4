"""Runs with a story, for looking at the page: one that failed, one whose rerun differs, one that a program logged with pictures and sounds."""

import io
import json
import math
import struct
import wave
import zlib
from typing import Any

from service import Service

SHORT: dict[str, Any] = {"total_iterations": 60, "eval_every": 10, "digest_every": 5}
# Sums over full batches, which two threads add up in another order than one.
TOUCHY: dict[str, Any] = {
    "dataset": {"name": "mnist5k"},
    "model": {"norm": {"kind": "batch"}},
    "batch_size": "full",
    "total_iterations": 25,
    "optimizer": {"kind": "sgd", "lr": 2.0},
    "digest_every": 1,
}
HTML = "<!doctype html><style>p{color:rgb(1,2,3)}</style><p id=p>drawn</p><script>document.getElementById('p').textContent='by a script'</script>"


def watched(service: Service, project: str, name: str = "watched") -> str:
    """A finished run whose layers were looked at."""
    config = {**SHORT, "seed": 3, "model": {"hidden": [64, 32], "norm": {"kind": "batch"}}, "diagnostics": {"every": 10}}
    return finished(
        service, service.submit(config, project=project, name=name, tags=["diagnosed", "batch"], notes="Do the gradients reach the first layer?")
    )


def failed(service: Service, project: str, name: str = "too fast") -> str:
    """A run that fails by itself: its learning rate makes the loss infinite."""
    run = service.submit({**SHORT, "seed": 1, "optimizer": {"kind": "sgd", "lr": 1e30}}, project=project, name=name)
    assert service.ended(run)["state"] == "failed"
    return run


def differing(service: Service, project: str, name: str = "touchy") -> tuple[str, str]:
    """A finished run and its rerun on a node with two threads in force, whose bits are others."""
    original = finished(service, service.submit(TOUCHY, project=project, name=name))
    service.start_worker("two-threads", RUNTWICE_THREADS="2")
    try:
        answer = service.client.post(f"/runs/{original}/reruns", json={"node": "two-threads", "wait_s": 120}, timeout=150.0)
    finally:
        service.kill("two-threads")
    assert answer.status_code == 200, answer.text
    return original, str(answer.json()["items"][0]["id"])


def finished(service: Service, run: str) -> str:
    ended = service.ended(run, 120.0)
    assert ended["state"] == "finished", ended["reason"]
    return run


def logged(service: Service, project: str, name: str = "from a notebook", steps: int = 12) -> str:
    """A run as the wandb SDK logs it: numbers, images with a caption at each step, a table, a page, a sound, a histogram, a log with colours."""
    made = service.client.post("/runs", json={"project": project, "origin": "client", "name": name, "config": {"lr": 0.01, "backbone": "tiny"}})
    assert made.status_code == 201, made.text
    run = made.json()
    rows = []
    for step in range(steps):
        image = f"media/images/examples_{step}.png"
        put(service, run["id"], image, picture(step))
        row: dict[str, Any] = {"loss": 1 / (step + 1), "_step": step}
        row["examples"] = {"_type": "image-file", "path": image, "width": 48, "height": 32, "format": "png", "caption": f"after {step} steps"}
        row["weights"] = {"_type": "histogram", "bins": [i / 10 for i in range(11)], "values": [(i * step) % 7 for i in range(10)]}
        rows.append(row)
    rows[-1]["predictions"] = {"_type": "table-file", "path": "media/table/predictions.table.json", "nrows": 3, "ncols": 2}
    rows[-1]["report"] = {"_type": "html-file", "path": "media/html/report.html"}
    rows[-1]["tone"] = {"_type": "audio-file", "path": "media/audio/tone.wav", "caption": "440 Hz"}
    rows[-1]["scene"] = overlaid(service, run["id"])
    table = {"columns": ["digit", "guess"], "data": [[1, "one"], [2, "two <b>bold</b>"], [3, None]]}
    put(service, run["id"], "media/table/predictions.table.json", json.dumps(table).encode())
    put(service, run["id"], "media/html/report.html", HTML.encode())
    put(service, run["id"], "media/audio/tone.wav", tone())
    put(service, run["id"], "notes.txt", b"kept beside the run\n")
    lines = {
        str(i): line for i, line in enumerate(["\x1b[32mstart\x1b[0m", *(f"step {step} loss {1 / (step + 1):.4f}" for step in range(steps)), "done"])
    }
    stream(service, run, {"wandb-history.jsonl": {"offset": 0, "content": [json.dumps(row) for row in rows]}})
    said = service.client.post(f"/runs/{run['id']}/log", json={"lines": list(lines.values())})
    assert said.status_code < 300, said.text
    ended = service.client.post(f"/runs/{run['id']}/finish", json={"state": "finished"})
    assert ended.status_code == 200, ended.text
    return str(run["id"])


def overlaid(service: Service, run: str) -> dict[str, Any]:
    """An image of 48 by 32 pixels as the SDK logs it: with a mask whose left half is class 2, and a box around its right half."""
    image, mask, boxes = "media/images/scene.png", "media/images/mask/scene.mask.png", "media/metadata/boxes2D/scene.boxes2D.json"
    box = {"position": {"minX": 0.5, "maxX": 1, "minY": 0, "maxY": 1}, "class_id": 1, "box_caption": "cat 0.9"}
    put(service, run, image, picture(3))
    put(service, run, mask, png(48, 32, 0, b"".join(b"\0" + b"\2" * 24 + b"\0" * 24 for _ in range(32))))
    put(service, run, boxes, json.dumps({"box_data": [box], "class_labels": {"1": "cat"}}).encode())
    over = {"masks": {"truth": {"_type": "mask", "path": mask}}, "boxes": {"guess": {"_type": "boxes2D", "path": boxes}}}
    return {"_type": "image-file", "path": image, "width": 48, "height": 32, "format": "png", "caption": "a scene", **over}


def stream(service: Service, run: dict[str, Any], files: dict[str, Any]) -> None:
    address = f"http://127.0.0.1:{service.port}/files/{run['project']}/{run['external_id']}/file_stream"
    service.client.post(address, json={"files": files}).raise_for_status()


def put(service: Service, run: str, name: str, content: bytes) -> None:
    service.client.put(f"/runs/{run}/artifacts/{name}", content=content).raise_for_status()


def picture(step: int, width: int = 48, height: int = 32) -> bytes:
    """A PNG whose colours move with the step."""
    rows = b"".join(
        b"\0" + bytes(v for x in range(width) for v in ((x * 5 + step * 20) % 256, (y * 8) % 256, (step * 25) % 256)) for y in range(height)
    )
    return png(width, height, 2, rows)


def png(width: int, height: int, colours: int, rows: bytes) -> bytes:
    """`colours` is 2 for red, green and blue, 0 for grey; each row begins with a zero byte."""
    head = struct.pack(">IIBBBBB", width, height, 8, colours, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*each) for each in ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def tone() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"".join(struct.pack("<h", int(8000 * math.sin(2 * math.pi * 440 * i / 8000))) for i in range(4000)))
    return out.getvalue()
