"""One writer for one folder, whatever lies in the folder and whatever became of the last writer."""

import errno
import json
import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from backend_processes import SOON, TESTING, running, until
from motion_bridge.errors import BadInput
from motion_bridge.files import writing
from motion_bridge.takes import lock

posix = pytest.mark.skipif(os.name == "nt", reason="links without privileges")
linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc")


def owner(folder):
    return json.loads((folder / lock.NAME).read_text())


def other_process(folder):
    """What a second process says that tries to hold the folder."""
    words = "import sys, pathlib; from motion_bridge.takes import lock\nwith lock.held(pathlib.Path(sys.argv[1])): pass"
    answer = subprocess.run([sys.executable, "-c", words, str(folder)], capture_output=True, text=True, timeout=60)
    return answer.stderr.splitlines()[-1] if answer.returncode else ""


def test_a_held_folder_is_refused_to_others_and_free_afterwards(tmp_path):
    with lock.held(tmp_path):
        assert owner(tmp_path)["pid"] == os.getpid()
        assert f"{tmp_path} is in use by process {os.getpid()} on {platform.node()}" in other_process(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert other_process(tmp_path) == ""


@posix
@pytest.mark.parametrize("name", [lock.NAME, "shot", "state", "frame_0001.png", "frame_0002.png.part"])
@pytest.mark.parametrize("target", ["novel.txt", "new.txt", "."])
@pytest.mark.fault("A take holds a link", "lock, shot, state, frames as links to files and folders")
def test_a_link_in_the_folder_is_refused_and_what_it_names_stays(tmp_path, name, target):
    home, folder = tmp_path / "home", tmp_path / "take"
    home.mkdir()
    folder.mkdir()
    (home / "novel.txt").write_text("chapter one")
    (folder / name).symlink_to(home / target)
    with pytest.raises(BadInput, match=f"{name} is a link"), lock.held(folder):
        pytest.fail("held")
    assert [path.name for path in home.iterdir()] == ["novel.txt"]
    assert (home / "novel.txt").read_text() == "chapter one"


@posix
def test_a_lock_file_with_a_second_name_is_refused_and_not_written(tmp_path):
    (tmp_path / "novel.txt").write_text("chapter one")
    take = tmp_path / "take"
    take.mkdir()
    os.link(tmp_path / "novel.txt", take / lock.NAME)
    with pytest.raises(BadInput, match="second name"), lock.held(take):
        pytest.fail("held")
    assert (tmp_path / "novel.txt").read_text() == "chapter one"


NONSENSE = {
    "nothing": b"",
    "no JSON": b"pid 12",
    "bytes": b"\xff\xfe\x00",
    "a list": b"[1, 2]",
    "lists without end": b"[" * 4096,
    "a pid that is a word": b'{"pid": "many", "host": "a"}',
    "a pid that is true": b'{"pid": true, "host": "a"}',
    "a pid of a hundred digits": b'{"pid": ' + b"9" * 100 + b', "host": "a"}',
    "no number": b'{"pid": NaN, "host": "a"}',
    "a host that is a list": b'{"pid": 12, "host": ["a"]}',
    "a gigabyte": None,
}


@pytest.mark.parametrize("content", NONSENSE.values(), ids=NONSENSE.keys())
@pytest.mark.fault("The lock file holds nonsense", "no JSON, lists, enormous numbers, a gigabyte")
def test_a_lock_file_that_nobody_holds_is_taken_over_that_holds(tmp_path, content):
    with open(tmp_path / lock.NAME, "wb") as file:
        file.write(content or b"")
        file.truncate(1 << 30 if content is None else len(content))
    with lock.held(tmp_path):
        assert owner(tmp_path)["pid"] == os.getpid()
    assert list(tmp_path.iterdir()) == []


@posix
def test_a_lock_file_that_its_owner_deletes_while_we_open_it_protects_nobody_and_is_not_taken(tmp_path, monkeypatch):
    """Else two processes would each hold a lock: one on the name, one on a file without a name."""
    real, seen = lock._try_lock, []

    def first_the_owner_leaves(file):
        if not seen:
            (tmp_path / lock.NAME).unlink()
        seen.append(file)
        return real(file)

    monkeypatch.setattr(lock, "_try_lock", first_the_owner_leaves)
    with lock.held(tmp_path):
        assert len(seen) == 2
        assert owner(tmp_path)["pid"] == os.getpid()
        monkeypatch.undo()
        assert "is in use" in other_process(tmp_path)


def test_a_disk_on_which_no_file_is_ever_the_same_is_locked_or_refused_but_never_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(os.path, "samestat", lambda *_: False)
    with lock.held(tmp_path):
        assert owner(tmp_path)["pid"] == os.getpid()
    monkeypatch.setattr(lock, "_content", lambda folder: b"another's")
    with pytest.raises(BadInput, match="cannot be locked"), lock.held(tmp_path):
        pytest.fail("held")


@pytest.mark.fault("Windows keeps the lock file", "unlink refused with error 32")
def test_where_the_file_cannot_be_deleted_it_stays_and_names_nobody(tmp_path, monkeypatch):
    """As on Windows, while a virus scanner looks at it; a synced copy must not keep other machines out."""

    def refuse(*_, **__):
        fault = PermissionError(errno.EACCES, "The process cannot access the file")
        fault.winerror = 32
        raise fault

    monkeypatch.setattr(writing, "PATIENCE", 0.05)
    monkeypatch.setattr(lock, "_CLOSE_FIRST", True)
    monkeypatch.setattr(os, "unlink", refuse)
    with lock.held(tmp_path):
        pass
    monkeypatch.undo()
    assert (tmp_path / lock.NAME).read_bytes() == b""
    monkeypatch.setattr(platform, "node", lambda: "another-machine")
    with lock.held(tmp_path):
        pass


def test_on_windows_the_file_is_closed_before_it_is_deleted(tmp_path, monkeypatch):
    real, held = os.unlink, []

    def refuse_open_files(*arguments, **options):
        if held[0] not in closed:
            raise PermissionError(errno.EACCES, "open")
        return real(*arguments, **options)

    closed, real_close, real_open = [], os.close, writing.open_own
    monkeypatch.setattr(lock, "_CLOSE_FIRST", True)
    monkeypatch.setattr(writing, "open_own", lambda *each: held.append(real_open(*each)) or held[0])
    monkeypatch.setattr(os, "close", lambda descriptor: (closed.append(descriptor), real_close(descriptor))[1])
    monkeypatch.setattr(os, "unlink", refuse_open_files)
    with lock.held(tmp_path):
        closed.clear()  # numbers are used again
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []


HOLDS_A_TAKE = """
import sys, time
from pathlib import Path
from motion_bridge.ipc.client import Client, FrameMade
client = Client(sys.argv[3:])
client.render(Path(sys.argv[1]), Path(sys.argv[2]), "testing", False)
while not any(isinstance(event, FrameMade) for event in client.poll()):
    time.sleep(0.01)
print(client.pid, flush=True)
time.sleep(60)
"""


@linux
@pytest.mark.fault("The backend is stopped while its host dies", "SIGSTOP, then SIGKILL of the host")
def test_a_backend_that_was_stopped_while_its_host_died_does_not_keep_its_folder(shot_folder, tmp_path):
    take = tmp_path / "take"
    path = str(Path(TESTING[-1]).parents[2] / "backend")
    command = [sys.executable, "-c", HOLDS_A_TAKE, str(shot_folder(count=200, pause=0.02)), str(take), *TESTING]
    parent = subprocess.Popen([*command, "serve"], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path})
    assert parent.stdout
    backend = int(parent.stdout.readline())
    os.kill(backend, signal.SIGSTOP)
    assert f"in use by process {backend}" in other_process(take), "its host lives: it may go on"
    parent.kill()
    parent.wait()
    until(lambda: other_process(take) == "", SOON, "the end of the lock")
    assert not running(backend)
