"""Runs, changes and verdicts in plain words: pure functions over the documents of the HTTP interface."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

Document = Mapping[str, Any]

# Of a component that was exchanged these are not named unless the other one had them too: they are its usual defaults.
UNREMARKABLE = ("eps", "betas", "momentum", "nesterov", "weight_decay", "warmup_iterations", "total_iterations")
CHECKED = {"data": "data", "split": "split", "order": "batch order", "initial": "initial weights", "final": "final weights"}


PARTS = {"weights": "weights", "buffers": "buffers", "optimizer": "the optimizer's state", "rng": "random numbers", "order": "batches"}
JUDGED = {"training": "the points of training", "evaluation": "those of evaluations", "state": "the state"}


def number(value: Any, digits: int = 5) -> str:
    """A metric's value for a table: that many significant digits; "-" for none. "NaN" and "Infinity" come as strings."""
    if value is None:
        return "-"
    if not isinstance(value, float):
        return str(value)
    return f"{value:.{digits}g}" if math.isfinite(value) else str(value)


def value(document: Any) -> str:
    """A config's value as it stands in JSON, a plain text without its quotes."""
    return document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)


def duration(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def bytes_(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def counted(count: int, noun: str) -> str:
    """ "1 rerun", "2 reruns"."""
    return f"{count} {noun}" if count == 1 else f"{count:,} {noun}s"


def machine(environment: Document) -> str:
    """What a run was trained with, in short; empty when nothing is known."""
    torch, cpu = environment.get("torch") or {}, environment.get("cpu") or {}
    known = (
        f"torch {torch['version']}" if torch.get("version") else "",
        f"Python {environment['python']}" if environment.get("python") else "",
        counted(environment["threads"], "thread") if environment.get("threads") else "",
        str((environment.get("gpu") or {}).get("name") or cpu.get("model") or ""),
    )
    return ", ".join(part for part in known if part)


def change(changed: Sequence[Document]) -> str:
    """ "norm: none → batch"; "optimizer: sgd → adam (lr 0.001)"; empty for no change."""
    by_path = {str(item["path"]): item for item in changed}
    words = []
    for path, item in by_path.items():
        group, _, leaf = path.rpartition(".")
        if f"{group}.kind" in by_path and leaf != "kind":
            continue  # told with its component
        short = path if path == "model.kind" else path.removeprefix("model.")
        arrow = f"{value(item.get('from'))} → {value(item.get('to'))}"
        if leaf != "kind":
            words.append(f"{short}: {arrow}")
            continue
        details = [_detail(other, group) for other_path, other in by_path.items() if _is_remarkable(other_path, other, group)]
        words.append(f"{short.removesuffix('.kind')}: {arrow}{' (' + ', '.join(details) + ')' if details else ''}")
    return ", ".join(words)


def _is_remarkable(path: str, item: Document, group: str) -> bool:
    owner, _, leaf = path.rpartition(".")
    if owner != group or leaf == "kind" or item.get("to") is None:
        return False
    return leaf not in UNREMARKABLE or item.get("from") is not None


def _detail(item: Document, group: str) -> str:
    return f"{str(item['path'])[len(group) + 1 :].replace('_', ' ')} {value(item['to'])}"


def progress(run: Document) -> str:
    """ "queued, 2nd in line"; "120 of 500"; "finished"."""
    state = str(run["state"])
    if state == "queued":
        position = run.get("queue_position")
        return f"queued, number {position} in line" if position else "queued"
    steps = run.get("progress") or {}
    if state == "running" and steps.get("step") is not None and steps.get("total"):
        return f"running, {steps['step'] + 1} of {steps['total']}"
    return state


def ending(run: Document) -> str:
    """How a run ended, as a sentence with its reason."""
    reason = str(run.get("reason") or "").rstrip(".")
    return f"Run {run['id']} ({run['name']}) {_ended(str(run['state']))}{': ' + reason if reason else ''}."


def _ended(state: str) -> str:
    return {"finished": "finished", "failed": "failed", "cancelled": "was cancelled", "crashed": "crashed"}.get(state, f"is {state}")


def verdict(judged: Document) -> str:
    """The verdict as sentences: what was compared, where the runs part, and what may have made them."""
    pair = f"rerun {judged['rerun']} against run {judged['original']}"
    points, links = int(judged.get("points_compared") or 0), int((judged.get("chain") or {}).get("links_compared") or 0)
    along = f" and {counted(links, 'link')} of the digest chain" if links else ""
    checked = judged.get("checked") or {}
    same = [words for name, words in CHECKED.items() if checked.get(name) == "same"]
    differ = [words for name, words in CHECKED.items() if checked.get(name) == "different"]
    if judged["outcome"] == "identical":
        digests = f", and the digests of {_listed(same)}" if same else ""
        remark = _remark(judged.get("reason"))
        return f"Identical: {pair}. {points:,} points{along}{digests} were compared, and every bit is the same.{remark}"
    if judged["outcome"] == "not_comparable":
        return "\n".join([f"Not comparable: {pair}. {_sentence(judged.get('reason'))}", *_parted(judged), *_causes(judged)])
    first = judged.get("first_difference")
    lines = [f"Different: {pair}. {first_difference(first) if first else _sentence(judged.get('reason'))}"]
    lines += _parted(judged)
    if differ:
        lines.append(f"Also different: {_listed(differ)}." if first else f"Different: {_listed(differ)}.")
    lines.append(f"{points:,} points{along} were compared{'; the same on both sides: ' + _listed(same) if same else ''}.")
    if first and (remark := _remark(judged.get("reason"))):
        lines.append(remark.strip())
    return "\n".join([*lines, *_causes(judged)])


def _parted(judged: Document) -> list[str]:
    """What parted beside the points: the first broken link of the chain, and losses or state that are the same all the same."""
    lines = []
    broken = (judged.get("chain") or {}).get("first_break")
    if broken:
        after = f"; behind step {broken['after']} all was the same" if broken.get("after") is not None else ""
        lines.append(
            f"The digest chain breaks behind step {broken['step']}, in {_listed([PARTS.get(part, part) for part in broken['parts']])}{after}."
        )
    judgement = judged.get("judged") or {}
    agree = [words for name, words in JUDGED.items() if judgement.get(name) == "same"]
    if agree and "different" in judgement.values():
        lines.append(f"The same by themselves: {_listed(agree)}.")
    return lines


def _remark(reason: Any) -> str:
    """What the reason says behind its first sentence: that nothing explains the difference, or that something had to be believed."""
    _, mark, rest = str(reason or "").partition(". ")
    return f" {rest}" if mark else ""


def first_difference(first: Document) -> str:
    """ "train/loss first differs at step 17: 0.25 in the original, 0.2500001 in the rerun, 3 float32 ulps apart." """
    where = f"{first['metric']} first differs at step {first['step']}"
    original, rerun = ("nothing" if first.get(side) is None else value(first[side]) for side in ("original", "rerun"))
    ulps = first.get("ulps")
    apart = "" if ulps is None else f", {ulps:,} {first.get('ulp_of') or ''} {'ulp' if ulps == 1 else 'ulps'} apart".replace("  ", " ")
    return f"{where}: {original} in the original, {rerun} in the rerun{apart}."


def _causes(judged: Document) -> list[str]:
    return [_cause(cause) for cause in judged.get("causes") or []]


def _cause(cause: Document) -> str:
    """ "Likely cause: threads was 1, now 2. A sum is split ..." What has no values is told by its name alone."""
    original, rerun = (_short(cause.get(side)) for side in ("original", "rerun"))
    values = "" if original == rerun == "null" else f" was {original}, now {rerun}"
    if str(cause["what"]).startswith("checkpoint"):
        values = "".join(f" (the {side} resumed at step {cause[side]})" for side in ("original", "rerun") if cause.get(side) is not None)
    why = str(cause.get("why") or "").rstrip(".")
    return f"{'Likely' if cause.get('likely') else 'Unlikely'} cause: {cause['what']}{values}{'. ' + why if why else ''}."


def _short(document: Any) -> str:
    """A digest by its beginning; any other value as it is."""
    text = value(document)
    return f"{text[:12]}…" if len(text) in (40, 64) and all(letter in "0123456789abcdef" for letter in text) else text


def _sentence(text: Any) -> str:
    words = str(text or "").strip()
    return words if not words or words.endswith((".", "!", "?")) else f"{words}."


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def deleted(document: Document) -> str:
    """ "3 runs with 1,200 rows and 4.5 MB; 1 running run stays." """
    rows = document["rows"]
    others = sum(count for name, count in rows.items() if name not in ("runs", "projects"))
    project = "the project and " if rows.get("projects") else ""
    left = [counted(count, f"{state} run") for state, count in (document.get("left") or {}).items() if count]
    stays = f"; {' and '.join(left)} stay" if left else ""
    return f"{project}{counted(rows['runs'], 'run')} with {counted(others, 'row')} and {bytes_(document['size_bytes'])}{stays}."
