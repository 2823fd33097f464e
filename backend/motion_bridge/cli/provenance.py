"""motion-bridge provenance FILE"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from .. import terminal
from ..errors import BadInput
from ..media import mp4, png
from ..provenance import signature, watermark, xmp
from ..provenance.restoring import restored


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="a frame, or a movie of frames")
    parser.add_argument("--watermark", metavar="TEXT", help="say whether the frame holds this one")
    parser.add_argument("--json", action="store_true", help="print one JSON object: engine, prompts, seed, settings")


def run(arguments: argparse.Namespace) -> int:
    if not arguments.json and (signed := signature.read(arguments.file)):
        terminal.say(f"Signed by {signed.signer}: {signed.state}, {signed.source_type}")
    if arguments.file.suffix.lower() == ".mp4":
        packet = mp4.read_uuid_box(arguments.file, mp4.XMP)
        if packet is None:
            raise BadInput(f"{arguments.file} does not say what it was made with.")
        terminal.say(json.dumps(xmp.fields(packet.decode(errors="replace")), ensure_ascii=False))
        return 0
    found = restored(arguments.file)
    if arguments.json:
        terminal.say(json.dumps({"engine": found.engine, **asdict(found.generation)}, ensure_ascii=False))
    else:
        terminal.say(f"Engine: {found.engine}")
        terminal.say(f"Seed: {found.generation.seed or 0}")
        for name in ("prompts", "negative", "settings", "schedules"):
            for key, value in sorted(getattr(found.generation, name).items()):
                terminal.say(f"{name} {key}: {json.dumps(value, ensure_ascii=False)}")
    if arguments.watermark:
        watermark.check(arguments.watermark)
        there = watermark.holds(png.read(arguments.file), arguments.watermark)
        terminal.say(f"Watermark {arguments.watermark!r}: {'there' if there else 'not found'}")
    for sentence in found.notices:
        terminal.note(f"motion-bridge: note: {sentence}")
    return 0
