"""One picture that says what a job did: the scene as Blender renders it above, the generated frames below.

    python tools/contact_sheet.py FOLDER      # FOLDER/rendered, FOLDER/take → FOLDER/contact_sheet.png

Where they are there too, further rows show FOLDER/automatic (key pictures chosen from geometry: `render --key-pictures
automatic`), FOLDER/complete (the Deforum engine's preset) and FOLDER/stream (MotionStream).

Needs Pillow, so it is no part of the extension.
"""

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

CELL = 416  # pixels, width of one frame
GAP = 12
HEADING = 40
ROWS = {
    "rendered": "The scene, rendered by Cycles",
    "take": "Motion Bridge, one key picture: the first frame",
    "automatic": "Motion Bridge, automatic key pictures: six of 48 frames rendered",
    "complete": "Complete, from the same six: they leave less than 0.5 % of any frame, so nothing is painted",
    "stream": "MotionStream's sketch, 64 by 64 pixels",
}
PAPER, INK, FAINT = (250, 247, 242), (40, 34, 30), (130, 120, 110)


def contact_sheet(folder: Path) -> Image.Image:
    """The frames that were rendered, in a row, and those of the same numbers that were generated, in rows below."""
    rendered = sorted((folder / "rendered").glob("frame_*.png"))
    if not rendered:
        raise SystemExit(f"{folder / 'rendered'} holds no frames; run tools/demo.py {folder} first.")
    rows = [(title, folder / name) for name, title in ROWS.items() if (folder / name).is_dir()]
    cells = [[_cell(place / path.name) for path in rendered] for _, place in rows]
    height = cells[0][0].height
    sheet = Image.new("RGB", (len(rendered) * (CELL + GAP) + GAP, len(rows) * (HEADING + height + GAP) + GAP), PAPER)
    draw, font, small = ImageDraw.Draw(sheet), ImageFont.load_default(20), ImageFont.load_default(15)
    for row, (title, _) in enumerate(rows):
        top = GAP + row * (HEADING + height + GAP)
        draw.text((GAP, top + 6), title, INK, font)
        for column, path in enumerate(rendered):
            left = GAP + column * (CELL + GAP)
            sheet.paste(cells[row][column], (left, top + HEADING))
            label = "" if row else f"frame {int(path.stem.removeprefix('frame_'))}"
            draw.text((left + CELL, top + HEADING - 4), label, FAINT, small, anchor="rs")
    return sheet


def _cell(path: Path) -> Image.Image:
    picture = Image.open(path).convert("RGB")
    return picture.resize((CELL, round(CELL * picture.height / picture.width)), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    target = Path(sys.argv[1]) / "contact_sheet.png"
    contact_sheet(Path(sys.argv[1])).save(target, optimize=True)
    print(f"Contact sheet: {target}")
