"""What `benchmarks suites` found, as tables in Markdown and as a sheet of pictures."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from motion_bridge.errors import BadInput
from motion_bridge.metrics import report
from motion_bridge.metrics.perceptual import MISSING
from motion_bridge.metrics.report import Judgement

from ..common import charts
from .run import FOLLOWS, LEARNED, SAME, Found, Three

PAGE, SHEET = "benchmarks.md", "benchmarks.jpg"
BEGIN, END = "<!-- measured: python -m benchmarks suites -->", "<!-- end -->"
SHOWN = ("camera/orbit", "object/rigid", "counterfactual/crossed", "interactive/handled", "long/loop")
SIDE, QUALITY = 96, 85  # pixels of a picture in the sheet; of JPEG


def tables(found: Found) -> str:
    """All tables there are numbers for."""
    return "\n\n".join(_parts(found))


def renew(folder: Path, found: Found) -> None:
    """Put the tables between the marks in the folder's benchmarks.md, and the pictures beside it.

    BadInput when the page is there without marks, or nothing can be written.
    """
    page = folder / PAGE
    measured = f"{BEGIN}\n\n{tables(found)}\n\n{END}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        old = page.read_text(encoding="utf-8") if page.exists() else f"# Benchmarks\n\n{BEGIN}\n{END}\n"
        new, count = re.subn(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: measured, old, flags=re.DOTALL)
        if not count:
            raise BadInput(f"{page} has no place for the tables; write the lines {BEGIN} and {END} where they belong.")
        page.write_text(new, encoding="utf-8")
        if pictures := {place: found.looks[place] for place in SHOWN if place in found.looks}:
            (folder / SHEET).write_bytes(contact_sheet(pictures))
    except OSError as fault:
        raise BadInput(f"{folder} cannot be written to: {fault.strerror or fault}.") from None


def contact_sheet(looks: Mapping[str, tuple]) -> bytes:
    """A JPEG: for each scene the true frames, and under them the made ones."""
    rows, heads = {}, ["first frame", "", "", "", "", "last frame"]
    for place, (true, made) in looks.items():
        _, name = place.split("/")
        rows[f"{name} true"], rows[f"{name} made"] = list(true), list(made)
    _, data = cv2.imencode(
        ".jpg", charts.contact_sheet(rows, heads, SIDE)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    )
    return np.asarray(data).tobytes()


def _parts(found: Found) -> Iterator[str]:
    yield f"Model `{found.model}`, on {found.device}."
    if found.scenes:
        yield "### What follows, and how well"
        yield _scenes(found)
    if found.beside:
        yield "### Beside what needs no network"
        yield _beside(found)
    if found.told:
        yield "### One first frame, several motions"
        yield _told(found)
    if found.handled:
        yield "### Hands"
        yield _handled(found)
    if found.long:
        yield "### Long"
        yield _long(found)
    if found.cost:
        yield "### Cost"
        yield _cost(found)
    missed = found.missed()
    yield "### Targets"
    yield "\n".join(f"- missed: {line}" for line in missed) if missed else "Every target is met."


def _scenes(found: Found) -> str:
    head = (
        "suite", "scene", "EPE", "floor", "still", "EPE / still", "at rest", "points", "PSNR (still)", "SSIM (still)",
        "consistency (true)", "jitter (true)", "seam (true)", "LPIPS",
    )  # fmt: skip
    every = [one for scenes in found.scenes.values() for one in scenes.values()]
    columns = len(head) - (every[0].lpips is None)
    rows = []
    for suite, scenes in found.scenes.items():
        rows += [(suite, name, *_judged(one)) for name, one in scenes.items()]
        rows.append((f"**{suite}**", "**mean**", *_judged(report.mean(list(scenes.values())))))
    made = table(head[:columns], [row[:columns] for row in rows])
    return made if columns == len(head) else f"{made}\n\nLPIPS: {MISSING}."


def _judged(one: Judgement) -> tuple[str, ...]:
    return (
        *(f"{value:.2f}" for value in (one.epe, one.floor, one.still, one.share)),
        "–" if np.isnan(one.rest) else f"{one.rest:.2f}",
        f"{one.points} ({one.trusted:.0%})",
        f"{one.psnr:.1f} ({one.psnr_still:.1f})",
        f"{one.ssim:.2f} ({one.ssim_still:.2f})",
        f"{one.consistency:.1f} ({one.consistency_true:.1f})",
        f"{one.jitter:.2f} ({one.jitter_true:.2f})",
        f"{one.seam:.1f} ({one.seam_true:.1f})",
        f"{one.lpips or 0:.3f}",
    )


def _beside(found: Found) -> str:
    trackers = list(next(one for scenes in found.beside.values() for one in scenes.values()))
    head = ("suite", "scene", *(f"{name}: {what}" for name in trackers for what in ("EPE", "carried alone", "still")))

    def row(suite: str, scene: str, by: Sequence[Three]) -> tuple[str, ...]:
        return (suite, scene, *(f"{value:.2f}" for one in by for value in (one.made, one.carried, one.still)))

    rows = []
    for suite, scenes in found.beside.items():
        rows += [row(suite, name, list(by.values())) for name, by in scenes.items()]
        by_tracker = [[by[name] for by in scenes.values()] for name in trackers]
        means = [Three(*np.nanmean([(o.made, o.carried, o.still) for o in each], axis=0)) for each in by_tracker]
        rows.append(row(f"**{suite}**", "**mean**", means))
    about = (
        "Each tracker's own error on the true video is taken off. *Carried alone* is the same engine with its network "
        f"off: the first frame's features moved along the tracks and decoded. Target: at most {LEARNED:g} of it."
    )
    return f"{table(head, rows)}\n\n{about}"


def _told(found: Found) -> str:
    head = ("motion", "true", "none", "swapped", "sparse", "backward", "still", "floor")
    values = [[getattr(told, name) for name in head[1:]] for told in found.told.values()]
    means = np.nanmean(values, axis=0)
    named = zip([*found.told, "**mean**"], [*values, means], strict=True)
    rows = [(name, *(f"{value:.2f}" for value in row)) for name, row in named]
    follows = (
        f"EPE(true) / EPE(still) {means[0] / means[5]:.2f} (at most {FOLLOWS:g}); EPE(backward) / EPE(true) "
        f"{means[4] / means[0]:.2f} (at most {SAME:g}); EPE(swapped) / EPE(true) {means[2] / means[0]:.2f}, which is "
        "far above 1 where tracks decide."
    )
    return f"{table(head, rows)}\n\n{follows}"


def _handled(found: Found) -> str:
    one = found.handled
    assert one is not None
    some = next(iter(one.parts.values()))
    rows = [(told, *(f"{part.epe:.2f}" for part in parts.values())) for told, parts in one.parts.items()]
    rows += [(name, *(f"{getattr(part, name):.2f}" for part in some.values())) for name in ("still", "floor")]
    latency = (
        f"From an order to the picture: {one.chunks} chunk, in which picture {one.frames} is the first that differs; "
        f"{1e3 * one.seconds:.0f} ms until that chunk is there ({1e3 * one.spent:.0f} ms of the processor's own time). "
        f"First pictures of a session {1e3 * one.first:.0f} ms after it began."
    )
    return f"{table(('EPE of the ball', *some), rows)}\n\n{latency}"


def _long(found: Found) -> str:
    head = (
        "frames", "EPE", "floor", "still", "last loop", "floor", "still", "PSNR (still)", "SSIM (still)",
        "loop closes (true)", "PSNR / 12", "EPE / 12", "mean / 12", "contrast / 12", "sharpness / 12",
    )  # fmt: skip
    rows = []
    for frames, one in found.long.items():
        (made, true), last = found.closed[frames], found.loops[frames]
        slopes = [one.slopes[name] for name in ("PSNR", "EPE", "mean", "contrast", "sharpness")]
        rows.append(
            (
                str(frames),
                *(f"{value:.2f}" for value in (one.epe, one.floor, one.still, last.epe, last.floor, last.still)),
                f"{one.psnr:.1f} ({one.psnr_still:.1f})",
                f"{one.ssim:.2f} ({one.ssim_still:.2f})",
                f"{made:.1f} ({true:.0f}) dB",
                *(f"{value:+.3f}" for value in slopes),
            )
        )
    return table(head, rows)


def _cost(found: Found) -> str:
    cost = found.cost
    assert cost is not None
    head = ("p50", "p95", "max", "p50, processor", "first picture", *(f"peak at {k}" for k in cost.memory))
    times = (cost.p50, cost.p95, cost.largest, cost.spent, cost.first)
    row = (*(f"{1e3 * value:.0f} ms" for value in times), *(f"{value:,.0f} MiB" for value in cost.memory.values()))
    return table(("a chunk of 12 frames", *head), [("", *row)])


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
