"""What `benchmarks keys` found, as a page: a table, and the curve over the number of key pictures."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from ..common.charts import DPI, STYLE
from .run import Found

NAME = "key-pictures"
INTRO = """# How many key pictures a shot needs

Written by `python -m benchmarks keys SHOT RENDERED --output docs`, from a Shot with geometry and Blender's own render
of each of its frames, `frame_####.png`. Here: the courtyard of `tools/demo_scene.py`, {frames} frames of
{width}×{height}, Cycles.

```
python tools/demo_scene.py courtyard.blend
blender -b courtyard.blend --python-expr "import bpy; bpy.context.scene.render.resolution_percentage = 50; \\
    bpy.ops.wm.save_mainfile()" -o //rendered/frame_#### -F PNG -a
blender -b courtyard.blend -c motion_bridge shot --output shot
```

Each row takes that many of the renders as key pictures, chosen by geometry alone to leave the least unseen, and makes
all other frames from them with the engine `reproject`. PSNR and SSIM are against the render of the same frame, and
means over the frames that are not key pictures; *seen* counts only pixels whose point a key picture shows. What is
off then lies along silhouettes, and where light moves over a surface: the ball takes its shading along as it rolls.

![PSNR over the number of key pictures, and over the frames]({name}.png)

| key pictures | frames | PSNR | worst frame | PSNR seen | SSIM | SSIM seen | never seen, at most |
|---|---|---|---|---|---|---|---|
"""


def write(found: Sequence[Found], size: tuple[int, int], folder: Path) -> None:
    """The page and its picture."""
    frames, (width, height) = len(found[0].frames), size
    text = INTRO.format(frames=frames, width=width, height=height, name=NAME)
    for row in found:
        count = f"**{len(row.keys)}**, automatic" if row.automatic else str(len(row.keys))
        decibels = " | ".join(f"{value:.2f}" for value in (row.psnr, row.psnr_least, row.psnr_seen))
        text += f"| {count} | {', '.join(map(str, row.keys))} | {decibels} | {row.ssim:.4f} | {row.ssim_seen:.4f} "
        text += f"| {row.never_seen:.2%} |\n"
    (folder / f"{NAME}.md").write_text(text, encoding="utf-8")
    _curve(found).savefig(folder / f"{NAME}.png", dpi=DPI)


def _curve(found: Sequence[Found]) -> Figure:
    with matplotlib.rc_context(STYLE):
        figure = Figure((9.4, 2.8), layout="constrained")
        left, right = figure.subplots(1, 2)
        rows = list({len(row.keys): row for row in sorted(found, key=lambda row: row.automatic)}.values())
        rows.sort(key=lambda row: len(row.keys))
        count = [len(row.keys) for row in rows]
        left.set_title("PSNR over the number of key pictures, dB")
        left.plot(count, [row.psnr for row in rows], "o-", label="all pixels")
        left.plot(count, [row.psnr_seen for row in rows], "o-", label="pixels that a key picture shows")
        left.plot(count, [row.psnr_least for row in rows], "o-", label="all pixels, worst frame")
        left.set_xticks(count)
        left.legend(frameon=False)
        right.set_title("PSNR over the frames, dB")
        for row in rows:
            if row.automatic or len(row.keys) in (1, 2, count[-1]):
                values = np.array(row.frames)
                values[~np.isfinite(values)] = np.nan
                right.plot(range(1, len(values) + 1), values, label=f"{len(row.keys)}")
        right.legend(frameon=False, title="key pictures")
        return figure
