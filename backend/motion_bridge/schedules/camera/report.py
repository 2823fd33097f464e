"""What an export can and cannot do to a shot, in pixels a frame: as sentences, and as a plot."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from ...shot import Shot
from . import guide_video
from .export import Export

Array = NDArray[np.floating]

GOOD = 1.0  # pixels a frame; schedules that are off by less are good enough
WORTH = 1.5  # a guide video must be so much better than the schedules to be worth its trouble

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 720, 280, 56, 40, 44  # of the plot
COLORS = ("#c8401e", "#8a8f98", "#1f6fb2", "#2e8b57")


@dataclass(frozen=True)
class Report:
    sentences: tuple[str, ...]
    use_guide: bool
    guide_error: float | None  # pixels a frame, expected
    plot: str  # SVG


def report(shot: Shot, made: Export) -> Report:
    """Which of the two to use, schedules or a guide video, and why. A Shot without depth has no guide."""
    drawn = guide_video.expected_error(shot) if shot.depth is not None else None
    moving = [k for k in range(len(shot.frames)) if k not in made.still]
    guided = float(drawn[moving].mean()) if drawn is not None and moving else None
    use_guide = guided is not None and made.error.mean > GOOD and made.error.mean > WORTH * guided
    lines = {"schedules": made.error.each, "unfitted": made.closed.each}
    if drawn is not None:
        lines["guide video, expected"] = drawn
    return Report(tuple(_sentences(shot, made, guided, use_guide)), use_guide, guided, plot(shot.frames, lines))


def _sentences(shot: Shot, made: Export, guided: float | None, use_guide: bool) -> list[str]:
    way = "2D mode" if made.mode == "2D" else f"3D mode with depth warping {'on' if made.depth_warping else 'off'}"
    found = [
        f"The picture moves {made.size.mean:.2f} pixels a frame.",
        f"In {way}, {made.keys} keys are {made.error.mean:.2f} off; unfitted, it would be {made.closed.mean:.2f}.",
    ]
    others = [f"{error:.2f} in {name}" for name, error in made.tried.items()]
    found.append(f"Before simplifying, the ways tried leave {', '.join(others)}.")
    cuts = [shot.frames[k] for k in sorted(made.still) if k > 0]
    if cuts:
        named = ", ".join(str(frame) for frame in cuts)
        found.append(
            f"The cut at frame {named} has no motion: schedules cannot say a cut, so generate each part alone."
        )
    if guided is None:
        found.append("Without depth there is no guide video to compare with.")
    elif use_guide:
        found.append(
            f"Use the guide video: it should leave about {guided:.2f} pixels, because optical flow follows "
            "every distance in the scene and the webui's own warp knows only their order."
        )
    else:
        found.append(f"Use the schedules: a guide video would leave about {guided:.2f} pixels and gain too little.")
    return found


def plot(frames: tuple[int, ...], lines: Mapping[str, Array]) -> str:
    """Error over frames as an SVG picture, one line for each name."""
    highest = max((float(np.max(values, initial=0.0)) for values in lines.values()), default=0.0)
    top = _round_up(max(highest, 1e-3))
    right, base = WIDTH - 16, HEIGHT - BOTTOM

    def x(k: int) -> float:
        return LEFT + (right - LEFT) * k / max(1, len(frames) - 1)

    def y(value: float) -> float:
        return base - (base - TOP) * value / top

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
        "<style>text { font-size: 12px }</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    ]
    for step in range(5):
        value = top * step / 4
        parts.append(f'<path d="M{LEFT} {y(value):.1f}H{right}" stroke="#e2e4e8"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end" fill="#555">{value:g}</text>')
    for k in sorted({0, (len(frames) - 1) // 2, len(frames) - 1}):
        parts.append(f'<text x="{x(k):.1f}" y="{base + 18}" text-anchor="middle" fill="#555">{frames[k]}</text>')
    parts.append(f'<text x="{(LEFT + right) / 2:.0f}" y="{HEIGHT - 6}" text-anchor="middle" fill="#555">frame</text>')
    parts.append('<text x="12" y="16" fill="#555">error, pixels</text>')
    for at, ((name, values), color) in enumerate(zip(lines.items(), COLORS, strict=False)):
        path = " ".join(f"{'M' if k <= 1 else 'L'}{x(k):.1f} {y(float(values[k])):.1f}" for k in range(1, len(values)))
        parts.append(f'<path d="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts.append(f'<text x="{LEFT + 90 + 190 * at}" y="16" fill="{color}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _round_up(value: float) -> float:
    """The next 1, 2, 4 or 8 times a power of ten: round numbers stay round when quartered."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(step * power for step in (1, 2, 4, 8, 10) if step * power >= value * 0.999))
