"""The pinned uv: its wheel from the package index or a folder, compared with its checksum, and one program out of it.

No shell and no script take part: a wheel is a zip.
"""

import hashlib
import io
import os
import platform
import re
import ssl
import sys
import urllib.error
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from ..errors import BadInput, DownloadFailed
from ..files import regular, writing

VERSION = "0.13.9"
INDEX = "https://pypi.org/simple"
LARGEST = 64 << 20  # bytes of a wheel, and of the index's page
STALL = 30  # seconds
PROGRAM = "uv.exe" if os.name == "nt" else "uv"


@dataclass(frozen=True)
class Wheel:
    """A file of the package index. digest: SHA-256 in hexadecimal."""

    name: str
    digest: str


WHEELS = {  # system and processor → the wheel for it
    ("linux", "x86_64"): Wheel(
        f"uv-{VERSION}-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19",
    ),
    ("linux", "aarch64"): Wheel(
        f"uv-{VERSION}-py3-none-manylinux_2_28_aarch64.whl",
        "ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375",
    ),
    ("darwin", "aarch64"): Wheel(
        f"uv-{VERSION}-py3-none-macosx_11_0_arm64.whl",
        "66c512266d633bef48384a1f53003f41f2a8e7b36fe6e7fbfd3e0fd52d96fa63",
    ),
    ("win32", "x86_64"): Wheel(
        f"uv-{VERSION}-py3-none-win_amd64.whl",
        "6a44b2ed8111d2f60d2b92627c5dccda3f7ed7570b18ce115e569cd68c28246b",
    ),
    ("win32", "aarch64"): Wheel(
        f"uv-{VERSION}-py3-none-win_arm64.whl",
        "eeb92051c2123b9730c46b04cc843cfa4bc7d7b0aec56df431a2215ef4cb0273",
    ),
}


def wheel_for(system: str, processor: str) -> Wheel:
    """The wheel for a machine, as sys.platform and platform.machine() name it; BadInput where there is none."""
    name = {"amd64": "x86_64", "arm64": "aarch64"}.get(processor.lower(), processor.lower())
    if (system, name) not in WHEELS:
        raise BadInput(f"There is no installer for {system} on {processor}. Choose a Python of your own instead.")
    return WHEELS[system, name]


def this_wheel() -> Wheel:
    return wheel_for(sys.platform, platform.machine())


def provide(root: Path, wheel: Wheel, wheels: Path | None = None) -> Path:
    """The uv program below a folder, fetched where it is not there yet.

    wheels: a folder that it is taken from; the network is not used then.

    DownloadFailed where the index cannot be reached or sends something else; OSError as the system raises it.
    """
    program = root / "uv" / VERSION / PROGRAM
    if not program.is_file():
        content = _from_a_folder(wheels, wheel) if wheels else _from_the_index(wheel)
        if hashlib.sha256(content).hexdigest() != wheel.digest:
            raise DownloadFailed(
                f"{wheel.name} is not the file that was pinned: its checksum differs. Nothing of it was run."
            )
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found = archive.read(f"uv-{VERSION}.data/scripts/{PROGRAM}")
        writing.write(root, f"uv/{VERSION}/{PROGRAM}", found)
    program.chmod(0o755)
    return program


def _from_a_folder(wheels: Path, wheel: Wheel) -> bytes:
    if not (wheels / wheel.name).is_file():
        raise BadInput(f"{wheels} has no {wheel.name}; put it there, or install from the network.")
    return regular.read_bytes(wheels / wheel.name, LARGEST)


def _from_the_index(wheel: Wheel) -> bytes:
    index = os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("UV_INDEX_URL") or INDEX
    page_url = f"{index.rstrip('/')}/uv/"
    page = _get(page_url).decode(errors="replace")
    link = re.search(
        rf"""["']([^"'<>\s]*{re.escape(wheel.name)})(?:#[^"']*)?["']""", page.replace(f'"{wheel.name}"', "")
    )
    if link is None:
        raise DownloadFailed(f"The package index has no {wheel.name} any more; update Motion Bridge.")
    return _get(urljoin(page_url, link[1]))


def _get(url: str) -> bytes:
    request = urllib.request.Request(url, headers={"User-Agent": "motion-bridge"})
    try:
        with urllib.request.urlopen(request, timeout=STALL, context=_certificates()) as answer:
            content = answer.read(LARGEST + 1)
    except urllib.error.HTTPError as fault:
        raise DownloadFailed(f"The package index answered {fault.code} for uv; try again later.") from None
    except (OSError, ValueError):
        raise DownloadFailed("The package index cannot be reached. Try again when the network works.") from None
    if len(content) > LARGEST:
        raise DownloadFailed(
            f"What the package index sends for uv is larger than {LARGEST >> 20} MB; nothing of it was run."
        )
    return content


def _certificates() -> ssl.SSLContext:
    """Those of the system, else of certifi, which Blender brings."""
    try:
        import certifi
    except ImportError:
        return ssl.create_default_context()
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
