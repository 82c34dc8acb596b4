"""`runtwice dataset` and `runtwice datasets`: labelled images that configs may name."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from cli.terminal import Json, terminal

if TYPE_CHECKING:
    from rich.console import RenderableType

app = typer.Typer(help="Upload labelled images that configs may name, look at them, delete them.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="What configs call it: letters, digits, dots, dashes, underscores.")]


@app.command()
def add(
    name: Name,
    file: Annotated[Path, typer.Argument(help="An .npz file with x, uint8 [n, h, w] or [n, h, w, c], and y, the classes [n].")],
    as_json: Json = False,
) -> None:
    """Upload an .npz file. The same again changes nothing; other content needs another name."""
    _upload(name, [("file", file)])


@app.command("import-idx")
def import_idx(
    name: Name,
    images: Annotated[Path, typer.Argument(help="IDX file of images, gzipped or not.")],
    labels: Annotated[Path, typer.Argument(help="IDX file of their labels.")],
    test: Annotated[
        tuple[Path, Path] | None, typer.Option(metavar="IMAGES LABELS", help="Two more files, whose images are put behind the others.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Upload IDX files, as MNIST and Fashion-MNIST are published: train-images-idx3-ubyte.gz and so on."""
    _upload(name, [("images", images), ("labels", labels), *(zip(("images", "labels"), test, strict=True) if test else ())])


@app.command()
def show(name: Annotated[str, typer.Argument(help="Name of the data set.")], as_json: Json = False) -> None:
    """Show a data set: size, classes, digest."""
    from cli.client import open_service

    with open_service() as service:
        found = service.get(f"/datasets/{quote(name, safe='')}")
    terminal.answer(found, lambda: _facts(found))


@app.command()
def delete(name: Annotated[str, typer.Argument(help="Name of the data set.")], as_json: Json = False) -> None:
    """Delete a data set that no run uses."""
    from cli.client import open_service

    with open_service() as service:
        service.delete(f"/datasets/{quote(name, safe='')}")
    terminal.answer({"deleted": name}, lambda: f"Data set {name} is deleted.")


def datasets(as_json: Json = False) -> None:
    """List the data sets that configs may name."""
    from cli.client import open_service

    with open_service() as service:
        items = list(service.every("/datasets"))
    terminal.answer({"items": items}, lambda: _table(items))


def _upload(name: str, files: Sequence[tuple[str, Path]]) -> None:
    from cli.client import open_service

    with open_service() as service:
        terminal.say(f"Uploading {', '.join(str(file) for _, file in files)} ...")
        found = service.upload("/datasets", files, name=name)
    terminal.answer(found, lambda: _facts(found))


def _facts(dataset: Mapping[str, Any]) -> "RenderableType":
    from cli import views, words

    rows = {
        "name": dataset["name"],
        "images": f"{dataset['images']:,} of {_size(dataset)}, {words.bytes_(dataset['size_bytes'])}",
        "joined": "" if len(dataset["parts"]) == 1 else f"in this order: {' + '.join(f'{part:,}' for part in dataset['parts'])}",
        "classes": f"{dataset['classes']}, {_counts(dataset['counts'])}",
        "digest": dataset["digest"],
        "in a config": f'"dataset": {{"name": "{dataset["name"]}"}}',
    }
    return views.pairs([(row, views.plain(text)) for row, text in rows.items() if text])


def _table(items: Sequence[Mapping[str, Any]]) -> "RenderableType":
    from cli import views, words

    made = views.table("name", "images", "size", "classes", "bytes", "digest", "age", right=("images", "classes", "bytes"), keep=("name",))
    for item in items:
        age = views.age(item["created_at"]) if item["uploaded"] else "built in"
        cells = (f"{item['images']:,}", _size(item), str(item["classes"]), words.bytes_(item["size_bytes"]), item["digest"][:16] + "...", age)
        made.add_row(views.plain(item["name"]), *cells)
    return made


def _size(dataset: Mapping[str, Any]) -> str:
    """ "28x28", "32x32x3"."""
    return "x".join(map(str, dataset["shape"][1:]))


def _counts(counts: Sequence[int]) -> str:
    """ "100 to 120 images", "500 images each"."""
    least, most = min(counts), max(counts)
    return f"{least:,} images each" if least == most else f"{least:,} to {most:,} images"
