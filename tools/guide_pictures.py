"""Make the guide's pictures from the demo's scene, in Blender's own window: python tools/guide_pictures.py FOLDER

FOLDER holds what `nox -s demo` leaves, with two takes of 48 frames beside it: `unseen`, from the first picture alone
with --mark-unseen, and `auto`, with --key-pictures automatic. BLENDER_WINDOW names the program, with the extension
installed. `--assemble` makes docs/pictures/ anew from screenshots that are there already.
"""

import argparse
import os
import shlex
import subprocess
from pathlib import Path

from PIL import Image, ImageDraw

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
SECONDS, WIDTH, COLORS = 6, 720, 160  # of the GIF
LARGEST = 3_000_000  # bytes
FRAME = 48  # that the triptych shows
TITLE = 20  # pixels of the window's title
EDITORS = ((40, 410), (680, 410), (1240, 620))  # where their numbers stand
GAP = 8  # pixels between its parts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--assemble", action="store_true", help="do not start Blender")
    options = parser.parse_args()
    shots = options.folder.absolute() / "window"
    if not options.assemble:
        shots.mkdir()
        first = options.folder.absolute() / "auto" / "frame_0001.png"
        program = shlex.split(os.environ["BLENDER_WINDOW"])
        script = ["-P", ROOT / "tools" / "guide_in_window.py", "--", first, shots]
        subprocess.run([*program, "--screen", "1280x720", options.folder / "courtyard.blend", *script], check=True)
    PICTURES.mkdir(exist_ok=True)
    animation(sorted(shots.glob("arriving_[0-9]*.png")), PICTURES / "arriving.gif")
    numbered(below_title(shots / "editors.png")).save(PICTURES / "editors.jpg", quality=82, optimize=True)
    below_title(shots / "look.png").save(PICTURES / "look.jpg", quality=82, optimize=True)
    frame = f"frame_{FRAME:04d}.png"
    parts = [shots / "viewport.png", options.folder / "unseen" / frame, options.folder / "auto" / frame]
    triptych([Image.open(part).convert("RGB") for part in parts]).save(PICTURES / "triptych.jpg", quality=85)


def animation(pictures: list[Path], path: Path) -> None:
    """A GIF of six seconds; all its pictures share one palette, so that what stands still does not flicker."""
    frames = [below_title(each) for each in pictures]
    frames = [each.resize((WIDTH, WIDTH * each.height // each.width), Image.Resampling.LANCZOS) for each in frames]
    palette = frames[len(frames) // 2].quantize(COLORS, method=Image.Quantize.MEDIANCUT)
    small = [each.quantize(palette=palette, dither=Image.Dither.NONE) for each in frames]
    each = 1000 * SECONDS // len(small)
    small[0].save(path, save_all=True, append_images=small[1:], duration=each, loop=0, optimize=True)
    if path.stat().st_size > LARGEST:
        raise SystemExit(f"{path} has {path.stat().st_size} bytes; at most {LARGEST}. Take fewer COLORS or less WIDTH.")


def below_title(screenshot: Path) -> Image.Image:
    """A picture of the screen without the window's title."""
    whole = Image.open(screenshot).convert("RGB")
    return whole.crop((0, TITLE, whole.width, whole.height))


def numbered(picture: Image.Image) -> Image.Image:
    """The three editors with their numbers."""
    draw = ImageDraw.Draw(picture)
    for number, (x, y) in enumerate(EDITORS, 1):
        draw.ellipse((x - 20, y - 20, x + 20, y + 20), fill="black", outline="white", width=3)
        draw.text((x, y), str(number), fill="white", anchor="mm", font_size=24)
    return picture


def triptych(parts: list[Image.Image]) -> Image.Image:
    """Three pictures side by side, as high as the second."""
    height = parts[1].height
    parts = [each.resize((each.width * height // each.height, height), Image.Resampling.LANCZOS) for each in parts]
    whole = Image.new("RGB", (sum(each.width for each in parts) + GAP * (len(parts) - 1), height), "white")
    left = 0
    for each in parts:
        whole.paste(each, (left, 0))
        left += each.width + GAP
    return whole


if __name__ == "__main__":
    main()
