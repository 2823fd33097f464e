"""A bytes object as torch.save writes it, and back, without torch and without unpickling anything.

The container is a zip of a tiny pickle: `_codecs.encode(text, "latin1")`. Writing gives the same bytes every time;
reading walks through the pickle's instructions and refuses every one that this shape does not need.
"""

import io
import pickletools
import struct
import zipfile

from ..errors import BadInput
from .arrays import UNPACKING, check_unpacked

RECORDS = {
    ".format_version": b"1",
    ".storage_alignment": b"64",
    "byteorder": b"little",
    "version": b"3\n",
    ".data/serialization_id": b"0" * 40,
}
PLUMBING = {"PROTO", "FRAME", "BINPUT", "LONG_BINPUT", "MEMOIZE"}
TEXTS = {"BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"}
BYTES = {"BINBYTES", "SHORT_BINBYTES", "BINBYTES8"}
SHAPES = (["GLOBAL", "TEXT", "TEXT", "TUPLE2", "REDUCE", "STOP"], ["BYTES", "STOP"])


def save(data: bytes, name: str = "archive") -> bytes:
    """What torch.save(data) would write."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for record, content in {"data.pkl": _pickle(data), **RECORDS}.items():
            archive.writestr(zipfile.ZipInfo(f"{name}/{record}"), content)
    return stream.getvalue()


def _pickle(data: bytes) -> bytes:
    text = data.decode("latin1").encode("utf-8")
    return b"\x80\x02c_codecs\nencode\n" + b"X" + struct.pack("<I", len(text)) + text + b"X\x06\0\0\0latin1\x86R."


def load(data: bytes, where: str) -> bytes:
    """The bytes object in a torch file; BadInput for anything else."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            pickles = [entry for entry in archive.infolist() if entry.filename.endswith("/data.pkl")]
            if len(pickles) != 1:
                raise BadInput(f"{where} is not a torch file with one small object in it.")
            check_unpacked(pickles[0].file_size, len(data), where)
            pickle = archive.read(pickles[0])
    except UNPACKING as fault:
        raise BadInput(f"{where} is not a torch file: {fault}.") from None
    return _bytes_of(pickle, where)


def _bytes_of(pickle: bytes, where: str) -> bytes:
    steps, values = [], []
    try:
        for code, argument, _ in pickletools.genops(pickle):
            if code.name in PLUMBING:
                continue
            steps.append("TEXT" if code.name in TEXTS else "BYTES" if code.name in BYTES else code.name)
            values.append(argument)
            if len(steps) > len(SHAPES[0]):
                break
    except (ValueError, struct.error, UnicodeDecodeError, KeyError, IndexError, OverflowError) as fault:
        raise BadInput(f"{where} is damaged: {fault}.") from None
    if steps == SHAPES[1]:
        return values[0]
    if steps != SHAPES[0] or values[0] != "_codecs encode" or values[2] != "latin1":
        raise BadInput(f"{where} holds something other than bytes, which is never loaded.")
    try:
        return values[1].encode("latin1")
    except UnicodeEncodeError:
        raise BadInput(f"{where} is damaged: its bytes are none.") from None
