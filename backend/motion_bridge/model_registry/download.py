"""Fetching a model into the models folder, so that an end at any moment costs nothing but time.

models/NAME.part/            not whole: nothing loads it
  download.json              what it will hold: repository, commit, license, sizes and digests
  .arriving/DIGEST           a file on its way; bytes are added at its end, so a kill keeps them
  transformer/….safetensors  files that have arrived and have the digest that the hub says
models/NAME/                 the same folder, renamed once all files are in it
"""

import errno
import json
import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import BadInput, DownloadFailed
from ..files import json_text, regular, writing
from ..files.reserve import FULL
from ..takes import lock
from . import hub, registry
from .catalog import PART, Entry
from .hub import RemoteFile
from .registry import RECORD

ARRIVING = ".arriving"
TRIES = 5  # connections that break without a single byte
PAUSE = 1.0  # seconds before the next, doubled each time
SPARE = 200e6  # bytes of disk that stay free
PIECE = 1 << 20


@dataclass(frozen=True)
class Progress:
    """How far a download is, in bytes, and the file at work."""

    done: int
    total: int
    file: str


Tell = Callable[[Progress], None]


def fetch(entry: Entry, token: str, tell: Tell, revision: str = "", pause: float = PAUSE) -> Path:
    """The whole folder of an entry, what is missing of it fetched.

    revision: another than the pinned one. ModelMissing where the publisher refuses, BadInput where the disk is too
    small, DownloadFailed where the connection is; what has arrived stays, and the next call continues there.
    """
    own = registry.models_folder() / entry.name
    part = own.with_name(own.name + PART)
    if own.is_dir() and not revision:
        return own
    commit = hub.commit_of(entry.repository, revision or entry.revision or None, token)
    files = hub.files_of(entry.repository, commit, token)
    needed = set(entry.needed([each.path for each in files]))
    wanted = [each for each in files if each.path in needed]
    if not any(each.path.endswith(".safetensors") for each in wanted):
        raise DownloadFailed(f"{entry.repository} holds no safetensors at {commit[:12]}; this version cannot use it.")
    if os.path.lexists(part) and writing.is_link(part.lstat()):
        raise BadInput(f"{part} is a link; remove it, so that the download can go there.")
    with _full_disk_explained(part):
        part.mkdir(parents=True, exist_ok=True)
    with lock.held(part), _full_disk_explained(part):
        _keep(part, wanted)
        _write_record(part, entry, commit, wanted)
        _check_room(part, wanted)
        for file in wanted:
            if not _has(part, file):
                _fetch_file(
                    _Source(entry.repository, commit, token, pause), part, file, _Counter(part, wanted, file, tell)
                )
        shutil.rmtree(part / ARRIVING, ignore_errors=True)
    _swap(part, own)
    tell(Progress(sum(each.size for each in wanted), sum(each.size for each in wanted), ""))
    return own


def verify(folder: Path, tell: Tell) -> list[str]:
    """The files of a downloaded folder that are missing or not what the hub said. BadInput without a record."""
    files = _recorded(folder)
    if not files:
        raise BadInput(f"{folder} was not fetched by Motion Bridge, so there is nothing to compare it with.")
    total, before, faults = sum(file.size for file in files), 0, []
    for file in files:
        path, start = folder / file.path, before
        if not _has(folder, file) or not _is_whole(
            path, file, lambda done, at=start: tell(Progress(at + done, total, ""))
        ):
            faults.append(file.path)
        before += file.size
    return faults


def reopen(folder: Path, damaged: list[str]) -> None:
    """Make a folder one that is not whole, without its damaged files, so that `fetch` brings those again."""
    for name in damaged:
        writing.remove(folder, name)
    shutil.rmtree(folder.with_name(folder.name + PART), ignore_errors=True)
    writing.move(folder, folder.with_name(folder.name + PART))


def remove(name: str) -> int:
    """Delete a downloaded folder and what has arrived of it; how many there were. Links are not followed."""
    removed = 0
    for folder in (registry.models_folder() / name, registry.models_folder() / (name + PART)):
        if not os.path.lexists(folder):
            continue
        if writing.is_link(folder.lstat()):
            writing.remove(folder.parent, folder.name)
        else:
            shutil.rmtree(folder)
        removed += 1
    return removed


@dataclass(frozen=True)
class _Source:
    repository: str
    commit: str
    token: str
    pause: float


class _Counter:
    """Tells how far all is, from how far one file is."""

    def __init__(self, part: Path, wanted: list[RemoteFile], file: RemoteFile, tell: Tell):
        self._before = sum(each.size for each in wanted if each is not file and _has(part, each))
        self._total, self._file, self._tell = sum(each.size for each in wanted), file.path, tell

    def __call__(self, done: int) -> None:
        self._tell(Progress(self._before + done, self._total, self._file))


def _fetch_file(source: _Source, part: Path, file: RemoteFile, count: Callable[[int], None]) -> None:
    """One file, from where it broke off; several connections where they break."""
    name = f"{ARRIVING}/{file.digest.replace(':', '-')}"
    (part / ARRIVING).mkdir(exist_ok=True)
    hasher = file.hasher()
    descriptor = writing.open_own(part, name)
    try:
        done, failures = _take_up(descriptor, file, hasher), 0
        while done < file.size:
            before = done
            try:
                with hub.opened(source.repository, source.commit, file, done, source.token) as (start, pieces):
                    if start != done:
                        os.ftruncate(descriptor, 0)
                        os.lseek(descriptor, 0, os.SEEK_SET)
                        done, hasher = 0, file.hasher()
                    for piece in pieces:
                        _write(descriptor, piece)
                        hasher.update(piece)
                        done += len(piece)
                        count(done)
                        if done > file.size:
                            break
            except hub.ConnectionLost:
                failures = failures + 1 if done <= before else 1
                if failures > TRIES:
                    raise DownloadFailed(
                        f"The connection broke {failures} times at {file.path}, {done / 1e6:.0f} of "
                        f"{file.size / 1e6:.0f} MB. What has arrived is kept; try again when the network works."
                    ) from None
                time.sleep(source.pause * 2 ** (failures - 1))
            else:
                if done < file.size and done <= before:
                    failures += 1
                    if failures > TRIES:
                        raise DownloadFailed(f"The server sends nothing more of {file.path}; try later.")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if done != file.size or not file.is_digest(hasher):
        writing.remove(part, name)
        raise DownloadFailed(
            f"{file.path} arrived damaged: its checksum is not the publisher's. It was thrown away and the rest is "
            "kept; get the model again, over another network if that happens twice."
        )
    (part / file.path).parent.mkdir(parents=True, exist_ok=True)
    writing.move(part / name, part / file.path)


def _take_up(descriptor: int, file: RemoteFile, hasher: Any) -> int:
    """How much of a file has arrived, the hasher fed with it and the descriptor at its end."""
    if os.fstat(descriptor).st_size > file.size:
        os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    done = 0
    while piece := os.read(descriptor, PIECE):
        hasher.update(piece)
        done += len(piece)
    return done


def _write(descriptor: int, piece: bytes) -> None:
    left = memoryview(piece)
    while left:
        left = left[os.write(descriptor, left) :]


def _has(folder: Path, file: RemoteFile) -> bool:
    """Whether a file has arrived: it gets its name only after its digest was compared."""
    path = folder / file.path
    return path.is_file() and path.stat().st_size == file.size


def _is_whole(path: Path, file: RemoteFile, count: Callable[[int], None]) -> bool:
    hasher, done = file.hasher(), 0
    with regular.open_regular(path) as content:
        while piece := content.read(PIECE):
            hasher.update(piece)
            done += len(piece)
            count(done)
    return file.is_digest(hasher)


def _keep(part: Path, wanted: list[RemoteFile]) -> None:
    """Delete what an earlier call left and this one does not want: other digests under the same names."""
    earlier = {file.path: file.digest for file in _recorded(part)}
    for file in wanted:
        if os.path.lexists(part / file.path) and earlier.get(file.path) != file.digest:
            writing.remove(part, file.path)
    for path in set(earlier) - {file.path for file in wanted}:
        with suppress(OSError):
            writing.remove(part, path)
    arriving = {file.digest.replace(":", "-") for file in wanted}
    if (part / ARRIVING).is_dir():
        for name in os.listdir(part / ARRIVING):
            if name not in arriving:
                writing.remove(part, f"{ARRIVING}/{name}")


def _write_record(part: Path, entry: Entry, commit: str, wanted: list[RemoteFile]) -> None:
    record = {
        "version": 1,
        "name": entry.name,
        "repository": entry.repository,
        "revision": commit,
        "license": entry.license,
        "files": {file.path: {"size": file.size, "digest": file.digest} for file in wanted},
    }
    writing.write(part, RECORD, json.dumps(record, indent=1).encode())


def _recorded(folder: Path) -> list[RemoteFile]:
    """What a folder's record says that it holds; nothing where there is none, or a damaged one."""
    try:
        files = json_text.read_object(folder / RECORD)["files"]
        return [RemoteFile(path, int(about["size"]), str(about["digest"])) for path, about in files.items()]
    except (BadInput, KeyError, TypeError, ValueError, AttributeError):
        return []


def _check_room(part: Path, wanted: list[RemoteFile]) -> None:
    missing = sum(file.size for file in wanted if not _has(part, file))
    with suppress(OSError):
        missing -= sum(each.stat().st_size for each in (part / ARRIVING).iterdir())
    free = shutil.disk_usage(part).free
    if missing > 0 and missing + SPARE > free:
        raise BadInput(
            f"{missing / 1e9:.1f} GB are still to come and {free / 1e9:.1f} GB are free on the disk of {part.parent}. "
            "Make room, or name another models folder in the preferences or as MOTION_BRIDGE_MODELS."
        )


class _full_disk_explained:
    """Turn the system's refusal to write into a sentence; what has arrived is not deleted."""

    def __init__(self, part: Path):
        self._part = part

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, fault: BaseException | None, trace: Any) -> None:
        if not isinstance(fault, OSError):
            return
        place = self._part.parent
        if fault.errno in FULL:
            free = shutil.disk_usage(place).free
            raise BadInput(
                f"The disk of {place} is full ({free / 1e6:.0f} MB free). What has arrived is kept: make room and get "
                "the model again, or remove it."
            ) from None
        if fault.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ENOENT):
            raise BadInput(
                f"Nothing can be written to {place}: {fault.strerror}. Name another models folder in the preferences "
                "or as MOTION_BRIDGE_MODELS."
            ) from None


def _swap(part: Path, own: Path) -> None:
    """Give the whole folder its name, in the place of an earlier one."""
    old = own.with_name(own.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if own.is_dir():
        writing.move(own, old)
    writing.move(part, own)
    shutil.rmtree(old, ignore_errors=True)
