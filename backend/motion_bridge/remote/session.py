"""The GPU machine's side of remote jobs: their files arrive, their frames are sent as files.

Each job works in a folder of its own that is made from the store and deleted afterwards. So a link that drops leaves
nothing behind that the next one has to wait for; what was sent or made before is in the store, and is not sent again.
"""

import json
import os
import secrets
import shutil
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadInput, MotionBridgeError, ProtocolError
from ..files import home
from ..ipc.events import FrameMade, Preview
from ..ipc.protocol import Message
from ..media.resize import stretched
from ..takes import lock, writer
from . import content
from .content import Entry, Store

FOLDER = "MOTION_BRIDGE_REMOTE"  # the environment variable that names another place
MOST_JOBS = 100
PREVIEW_SIDE = 512  # pixels of a preview's longer side, at most
Send = Callable[[str, int, dict[str, Any], bytes], None]


def folder() -> Path:
    """Where the store and the jobs' folders lie."""
    if chosen := os.environ.get(FOLDER):
        return home.expand(chosen, FOLDER)
    base = os.environ.get("LOCALAPPDATA") if os.name == "nt" else os.environ.get("XDG_CACHE_HOME")
    if base:
        return Path(base) / "motion-bridge" / "remote"
    at = home.home()
    if at is None:
        raise BadInput(f"This machine's user has no home; set {FOLDER} to a folder for remote jobs.")
    return at / ".cache" / "motion-bridge" / "remote"


class Session:
    """What one host has sent."""

    def __init__(self, send: Send):
        self._send = send
        self._root = folder()
        self._store = Store(self._root / "files")
        self._manifests: dict[int, list[Entry]] = {}
        self._due: dict[str, Entry] = {}  # by hash: files that are being sent
        _remove_abandoned(self._root / "jobs")
        self._store.sweep()

    def receive(self, message: Message) -> None:
        """A manifest or a piece. ProtocolError for what breaks the rules; what else fails is said by its job."""
        if message.kind == "manifest":
            self._expect(message.job, content.entries_of(message.payload))
            return
        sha = message.fields["sha256"]
        wanted = self._due.get(sha)
        if wanted is None:
            return  # an earlier piece of it was refused
        try:
            if self._store.append(wanted, message.fields["offset"], message.payload):
                del self._due[sha]
        except (BadInput, OSError):
            del self._due[sha]  # the job will say which file did not arrive

    def _expect(self, job: int, entries: list[Entry]) -> None:
        if len(self._manifests) >= MOST_JOBS:
            raise ProtocolError(f"More than {MOST_JOBS} manifests wait for their jobs.")
        self._manifests[job] = entries
        missing = {each.sha256: each for each in entries if each.size and not self._store.there(each.sha256)}
        for each in missing.values():
            self._store.restart_if_full(each)
        self._due |= missing
        arrived = {sha: min(self._store.arrived(sha), each.size) for sha, each in missing.items()}
        self._send("wanted", job, {}, json.dumps(arrived).encode())

    @contextmanager
    def job(self, number: int) -> Iterator[tuple[Path, Path]]:
        """A job's Shot and take, from what has arrived; deleted afterwards. BadInput names a file that has not."""
        entries = self._manifests.pop(number, None)
        if entries is None:
            raise BadInput("The job's files were not announced; install the same Motion Bridge at both ends.")
        jobs = self._root / "jobs"
        jobs.mkdir(parents=True, exist_ok=True)
        work = jobs / f"job_{secrets.token_hex(8)}"
        work.mkdir(mode=0o700)
        try:
            with lock.held(work):
                for each in entries:
                    self._store.put(each, work)
                (work / "take").mkdir(exist_ok=True)
                yield work / "shot", work / "take"
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def send_frame(self, event: FrameMade, wait: Callable[[], None]) -> None:
        """A finished frame's files, and then that it is made. wait: until the link takes more."""
        take, name = event.path.parent, event.path.name
        state = f"{writer.STATE}/{event.path.stem}.npy"
        for each in (state, name):
            if (take / each).is_file():
                self._send_file(event.job, take, each, wait)
        self._send("made", event.job, {"index": event.index, "number": event.number, "name": name}, b"")

    def _send_file(self, job: int, take: Path, name: str, wait: Callable[[], None]) -> None:
        found = content.entry(take / name, name)
        self._store.add(take / name, found.sha256)
        fields = {"name": name, "sha256": found.sha256, "size": found.size}
        for offset, block in content.pieces(take / name, 0):
            wait()
            self._send("file", job, {**fields, "offset": offset}, block)

    def send_preview(self, event: Preview) -> None:
        """A preview, small and deflated."""
        pixels = smaller(event.pixels)
        height, width, channels = pixels.shape
        packed = zlib.compress(pixels.tobytes(), 6)
        if len(packed) <= pixels.nbytes:  # noise can grow
            self._send("small", event.job, {"width": width, "height": height, "channels": channels}, packed)


def smaller(pixels: NDArray[np.uint8], side: int = PREVIEW_SIDE) -> NDArray[np.uint8]:
    """A picture (H, W, 3) whose longer side has so many pixels at most."""
    height, width = pixels.shape[:2]
    scale = min(1.0, side / max(height, width))
    if scale == 1.0:
        return pixels
    return stretched(pixels, max(1, round(width * scale)), max(1, round(height * scale)))


def _remove_abandoned(jobs: Path) -> None:
    """Delete what a process that was killed left of its jobs; those whose lock somebody holds are at work."""
    if not jobs.is_dir():
        return
    for each in jobs.iterdir():
        with suppress(MotionBridgeError, OSError):
            if each.is_symlink() or not each.is_dir():
                continue
            with lock.held(each):
                pass
            shutil.rmtree(each, ignore_errors=True)
