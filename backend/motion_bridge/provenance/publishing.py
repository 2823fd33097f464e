"""Copies for the public: with an invisible watermark, signed, or both. The take itself stays as it was made.

A resumed job reads its own frames, so nothing may change their pixels; what is published is made from them.
"""

import io
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import BadInput
from ..files import regular, writing
from ..media import mp4, png
from ..takes import writer
from . import record, signature, watermark, xmp
from .signature import Signer


@dataclass(frozen=True)
class Published:
    """One copy. watermarked: whether its watermark was read back; some pictures do not hold one."""

    path: Path
    signed: bool = False
    watermarked: bool = False


def publish(source: Path, output: Path, text: str = "", signer: Signer | None = None) -> Iterator[Published]:
    """Copy a frame, a movie or a take's frames into a folder. text: of the watermark. BadInput where none is there."""
    if text:
        watermark.check(text)
    files = [source / name for name in writer.there(source)] if source.is_dir() else [source]
    if not files:
        raise BadInput(f"{source} holds no frames.")
    for path in files:
        if path.parent.resolve() == output.resolve():
            raise BadInput(f"{output} is where {path.name} lies; choose another folder.")
        kind = path.suffix.lower()
        if kind not in signature.KINDS or (kind == ".mp4" and text):
            raise BadInput(f"{path} is not a frame; mark the take's frames and make the movie of those.")
        if os.path.lexists(output / path.name):
            raise BadInput(f"{output / path.name} is there already; choose another folder.")
    for path in files:
        kind = path.suffix.lower()
        yield _movie(path, output, signer) if kind == ".mp4" else _frame(path, output, text, signer)


def _frame(path: Path, output: Path, text: str, signer: Signer | None) -> Published:
    content, made, held = regular.read_bytes(path, png.LARGEST_FILE), record.of_frame(path), False
    if made is None:
        raise BadInput(f"{path} does not say what it was made with; render it again with this version.")
    if text:
        pixels = watermark.marked(png.decode(content, str(path)), text)
        held, content = watermark.holds(pixels, text), png.encode(pixels, png.text_of(content, str(path)))
    if signer:
        signed = io.BytesIO()
        signer.sign(made, ".png", io.BytesIO(content), signed)
        content = signed.getvalue()
    target = output / path.name
    writing.write_named(target, content)
    if signer:
        signature.check(target)
    return Published(target, signer is not None, held)


def _movie(path: Path, output: Path, signer: Signer | None) -> Published:
    packet = mp4.read_uuid_box(path, mp4.XMP)
    if packet is None:
        raise BadInput(f"{path} does not say what it was made with; make the movie again with this version.")
    said = xmp.fields(packet.decode(errors="replace"))
    made = record.of_fields(said)
    target = output / path.name
    with regular.open_regular(path) as file:
        if signer is None:
            with writing.replacing_named(target) as copy:
                shutil.copyfileobj(file, copy)
            return Published(target)
        with writing.replacing_named(target) as copy:
            signer.sign(made, ".mp4", file, copy)
    signature.check(target)
    return Published(target, True)
