"""What `benchmarks bridge` found: a table for people, and which targets were missed."""

import numpy as np

from .schedule_export_run import Row

LIMITS = {"dolly": 0.85, "truck": 0.85, "orbit": 0.60, "handheld": 0.20, "crane": 0.50, "zoom": 0.02}
MEAN_LIMIT, TIMED_LIMIT, GUIDE_LIMIT, GUIDE_SUM_LIMIT = 0.30, 0.50, 1 / 3, 1 / 2
WITHOUT_GUIDE_LIMIT = ("dolly",)


def misses(rows: list[Row]) -> list[str]:
    """Which targets were missed, in words."""
    found = []

    def check(row: Row, what: str, value: float, reference: float, limit: float) -> None:
        if value > limit * reference + 1e-9:
            found.append(f"{row.shot}: {what} {value:.2f} is above {limit:.2f} × {reference:.2f} pixels")

    for row in rows:
        check(row, "the schedules'", row.ours, row.peer, LIMITS[row.shot])
        check(row, "the schedules'", row.ours, row.closed, 1.0)
        if row.shot == "handheld":
            check(row, "the schedules', peer on time,", row.ours, row.peer_on_time, TIMED_LIMIT)
        if row.guide is not None and row.shot not in WITHOUT_GUIDE_LIMIT:
            check(row, "the guide's", row.guide, row.peer, GUIDE_LIMIT)
        if row.guide_sum is not None:
            check(row, "the guide's sum", row.guide_sum, row.peer_sum, GUIDE_SUM_LIMIT)
    if geometric_mean(rows) > MEAN_LIMIT:
        found.append(f"the geometric mean {geometric_mean(rows):.2f} is above {MEAN_LIMIT:.2f} of the peer")
    return found


def geometric_mean(rows: list[Row]) -> float:
    """Of our error in parts of the peer's; an exact shot counts as a thousandth."""
    return float(np.exp(np.mean([np.log(max(row.ours / row.peer, 1e-3)) for row in rows])))


def table(rows: list[Row]) -> str:
    """Markdown, a shot a column."""
    lines = ["| pixels a frame | " + " | ".join(row.shot for row in rows) + " |", "|---" * (len(rows) + 1) + "|"]

    def line(title: str, cells: list[str]) -> None:
        lines.append(f"| {title} | " + " | ".join(cells) + " |")

    def number(value: float | None) -> str:
        return "skipped" if value is None else f"{value:.2f}"

    def share(value: float | None, reference: float) -> str:
        return "skipped" if value is None else f"{value / reference:.2f}"

    line("size of the true flow", [number(row.size) for row in rows])
    line("peer", [number(row.peer) for row in rows])
    line("peer, its timing corrected", [number(row.peer_on_time) for row in rows])
    line("closed form", [number(row.closed) for row in rows])
    line("**schedules**", [number(row.ours) for row in rows])
    line("**guide video**", [number(row.guide) for row in rows])
    line("schedules / peer", [share(row.ours, row.peer) for row in rows])
    line("target", [f"{LIMITS[row.shot]:.2f}" for row in rows])
    line("guide / peer", [share(row.guide, row.peer) for row in rows])
    line("sum over the shot: peer", [number(row.peer_sum) for row in rows])
    line("sum: schedules", [number(row.ours_sum) for row in rows])
    line("sum: guide", [number(row.guide_sum) for row in rows])
    line("mode", [row.mode for row in rows])
    line("keys of the motion", [str(row.keys) for row in rows])
    line("seconds to export", [f"{row.seconds:.1f}" for row in rows])
    lines.append(f"\nGeometric mean of schedules / peer: {geometric_mean(rows):.3f}; the target is {MEAN_LIMIT:.2f}.")
    return "\n".join(lines)
