"""motion-bridge publish SOURCE --output DIR"""

import argparse
from pathlib import Path

from .. import terminal
from ..errors import BadInput
from ..provenance.publishing import publish
from ..provenance.signature import Signer
from ..takes import output_path


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path, metavar="SOURCE", help="a frame, a movie, or a take's folder")
    parser.add_argument("--output", required=True, metavar="DIR", help="the folder for the copies")
    parser.add_argument("--watermark", default="", metavar="TEXT", help="up to 16 bytes, hidden in the frames' pixels")
    parser.add_argument("--certificate", type=Path, metavar="PEM", help="sign with this chain, your own first (C2PA)")
    parser.add_argument("--key", type=Path, metavar="PEM", help="the certificate's private key")


def run(arguments: argparse.Namespace) -> int:
    if (arguments.certificate is None) != (arguments.key is None):
        raise BadInput("--certificate and --key go together.")
    output = output_path.check_output(arguments.output)
    signer = Signer(arguments.certificate, arguments.key) if arguments.certificate else None
    unmarked = 0
    for each in publish(arguments.source.absolute(), output, arguments.watermark, signer):
        unmarked += bool(arguments.watermark) and not each.watermarked
        terminal.say(terminal.saved(each.path))
    if unmarked:
        terminal.note(f"motion-bridge: note: {unmarked} frames do not hold the watermark; their pictures are too plain")
    return 0
