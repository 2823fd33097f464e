"""Whatever lies in a project's folder, nothing outside it is written; a full disk and a busy file are no crash."""

import errno
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from motion_bridge.errors import BadInput
from motion_bridge.files import reserve, writing

posix = pytest.mark.skipif(os.name == "nt", reason="links without privileges")


@pytest.fixture
def victim(tmp_path):
    """A file of the user's that a project must not reach."""
    path = tmp_path / "home" / "novel.txt"
    path.parent.mkdir()
    path.write_text("chapter one")
    yield path
    assert path.read_text() == "chapter one"


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@posix
def test_a_link_in_a_files_place_is_replaced_and_what_it_names_stays(project, victim):
    (project / "frame.png").symlink_to(victim)
    (project / "frame.png.part").symlink_to(victim)
    writing.write(project, "frame.png", b"pixels")
    assert (project / "frame.png").read_bytes() == b"pixels"
    assert not (project / "frame.png").is_symlink()
    assert os.listdir(project) == ["frame.png"]


@posix
def test_a_file_with_a_second_name_is_replaced_and_the_other_name_stays(project, victim):
    os.link(victim, project / "depth.npy")
    array = reserve.map_new(project, "depth.npy", (3,), np.float32)
    array[:] = 1
    array.flush()
    assert np.load(project / "depth.npy").tolist() == [1, 1, 1]


@posix
@pytest.mark.parametrize("name", ["state/a.npy", "one/state/a.npy"])
def test_a_folder_that_is_a_link_is_refused(project, victim, name):
    (project / "one").mkdir()
    (project / "state").symlink_to(victim.parent)
    (project / "one" / "state").symlink_to(victim.parent)
    with pytest.raises(BadInput, match="state is a link"):
        writing.write(project, name, b"")
    with pytest.raises(BadInput, match="state is a link"):
        reserve.map_new(project, name, (1,), np.uint8)
    assert os.listdir(victim.parent) == ["novel.txt"]


@posix
def test_what_is_written_in_place_must_be_a_file_with_one_name(project, victim):
    (project / "link").symlink_to(victim)
    os.link(victim, project / "second")
    (project / "dangling").symlink_to(victim.parent / "new.txt")
    os.mkfifo(project / "fifo")
    (project / "folder").mkdir()
    for name, says in (
        ("link", "is a link"),
        ("dangling", "is a link"),
        ("second", "second name"),
        ("fifo", "is not a file"),
        ("folder", "is not a file"),
    ):
        with pytest.raises(BadInput, match=says):
            writing.open_own(project, name)
    assert not (victim.parent / "new.txt").exists()
    os.close(writing.open_own(project, "plain"))
    assert (project / "plain").read_bytes() == b""


@posix
def test_the_folder_itself_may_be_a_link_that_a_person_made(project, tmp_path):
    (tmp_path / "disk").symlink_to(project)
    writing.write(tmp_path / "disk", "deep/a.txt", b"here")
    assert (project / "deep" / "a.txt").read_bytes() == b"here"


def test_a_name_cannot_lead_out_of_its_folder(project):
    for name in ("../a", "one/../../a", "/etc/a"):
        with pytest.raises(ValueError, match="not a name below a folder"):
            writing.write(project, name, b"")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names")
@pytest.mark.fault("A device or pipe lies where a file is to go", "a FIFO, a link to /dev/null, a link to a FIFO")
def test_a_device_or_pipe_is_never_replaced_by_a_file(project, injected):
    os.mkfifo(project / "pipe")
    (project / "null").symlink_to("/dev/null")
    (project / "link").symlink_to(project / "pipe")
    before = {name: os.lstat(project / name) for name in ("pipe", "null", "link")}
    for name in before:
        with pytest.raises(BadInput, match="is a device, pipe or socket"):
            writing.write_named(project / name, b"x")
    with pytest.raises(BadInput, match="is a device, pipe or socket"):
        writing.write(project, "pipe", b"x")
    assert {name: os.lstat(project / name) for name in before} == before
    assert not list(project.glob("*.part"))
    injected(len(before))


def test_a_write_that_fails_leaves_the_old_file_and_no_other(project):
    writing.write(project, "a.txt", b"old")
    with pytest.raises(RuntimeError), writing.replacing(project, "a.txt") as file:
        file.write(b"new")
        raise RuntimeError
    assert {path.name: path.read_bytes() for path in project.iterdir()} == {"a.txt": b"old"}


def test_text_has_the_line_ends_it_was_given(project):
    writing.write_named(project / "new" / "a.txt", "ä\nb\r\n")
    assert (project / "new" / "a.txt").read_bytes() == "ä\nb\r\n".encode()


def test_a_place_that_cannot_be_written_is_a_sentence(project):
    (project / "file").write_text("")
    with pytest.raises(BadInput, match=r"a\.txt cannot be written: .*Choose another place"):
        writing.write_named(project / "file" / "a.txt", "")


# Windows: what is open elsewhere can neither be replaced nor deleted.


def refusing(times, winerror, real):
    """The real call, after so many refusals with a code of Windows'."""
    left = [times]

    def call(*arguments, **options):
        if left[0]:
            left[0] -= 1
            fault = PermissionError(errno.EACCES, "The process cannot access the file")
            fault.winerror = winerror
            raise fault
        return real(*arguments, **options)

    return call


@pytest.mark.parametrize("winerror", [5, 32, 33])
@pytest.mark.parametrize("name", ["replace", "unlink"])
@pytest.mark.fault("Windows refuses for a moment", "errors 5, 32 and 33 from replace and unlink")
def test_a_file_that_a_virus_scanner_holds_is_tried_again(project, monkeypatch, winerror, name):
    (project / "a.txt.part").write_bytes(b"left by somebody")
    monkeypatch.setattr(os, name, refusing(3, winerror, getattr(os, name)))
    writing.write(project, "a.txt", b"whole")
    assert {path.name: path.read_bytes() for path in project.iterdir()} == {"a.txt": b"whole"}


def test_a_file_that_stays_held_is_given_up_after_a_while_and_other_refusals_at_once(project, monkeypatch):
    monkeypatch.setattr(writing, "PATIENCE", 0.1)
    monkeypatch.setattr(os, "replace", refusing(10**6, 32, None))
    with pytest.raises(PermissionError):
        writing.write(project, "a.txt", b"")
    refused = refusing(1, 1920, lambda *_, **__: pytest.fail("asked again"))
    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(PermissionError):
        writing.write(project, "a.txt", b"")
    assert list(project.iterdir()) == []


def test_on_windows_a_junction_is_refused_and_a_placeholder_of_onedrive_is_not(project, monkeypatch):
    monkeypatch.setattr(writing, "_RELATIVE", False)  # paths instead of open folders
    tags = {"junction": 0xA0000003, "onedrive": 0x9000701A}
    for name in tags:
        (project / name).mkdir()
    real = os.stat

    class About:
        def __init__(self, path, tag):
            self.about, self.st_reparse_tag = real(path), tag

        def __getattr__(self, name):
            return getattr(self.about, name)

    def stat(path, **options):
        tag = tags.get(os.path.basename(path), 0)
        return About(path, tag) if tag else real(path, **options)

    monkeypatch.setattr(os, "stat", stat)
    with pytest.raises(BadInput, match="junction is a link"):
        writing.write(project, "junction/a.txt", b"")
    writing.write(project, "onedrive/a.txt", b"here")
    assert (project / "onedrive" / "a.txt").read_bytes() == b"here"


@posix
def test_links_are_refused_without_open_folders_too(project, victim, monkeypatch):
    monkeypatch.setattr(writing, "_RELATIVE", False)
    (project / "state").symlink_to(victim.parent)
    (project / "lock").symlink_to(victim)
    with pytest.raises(BadInput, match="state is a link"):
        writing.write(project, "state/a", b"")
    with pytest.raises(BadInput, match="lock is a link"):
        writing.open_own(project, "lock")
    writing.write(project, "deep/er/a.txt", b"here")
    assert (project / "deep/er/a.txt").read_bytes() == b"here"


# A disk that fills.

FILLS = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from motion_bridge.errors import BadInput
from motion_bridge.files import reserve
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
try:
    reserve.map_new(Path(sys.argv[1]), "depth.npy", (1 << 20,), np.float32)[:] = 1
except BadInput as fault:
    print(fault)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="a limit on files")
@pytest.mark.fault("The disk fills under a memory map", "a limit on the size of files, while a Shot is read")
def test_a_disk_that_is_full_is_a_sentence_with_path_needed_and_free_not_a_signal(project):
    answer = subprocess.run([sys.executable, "-c", FILLS, str(project)], capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0, answer.stderr
    assert f"{project / 'depth.npy'} does not fit: it needs 4.2 MB, and " in answer.stdout
    assert "MB are free on that disk" in answer.stdout
    assert list(project.iterdir()) == []


@pytest.mark.parametrize("way", ["posix_fallocate", "F_PREALLOCATE", "zeros", "posix_fallocate refuses"])
@pytest.mark.fault(
    "A system reserves space in its own way", "posix_fallocate, F_PREALLOCATE, zeros, a disk that cannot"
)
def test_space_is_taken_by_what_each_system_has(project, monkeypatch, way):
    asked = []
    if way != "posix_fallocate":
        monkeypatch.delattr(os, "posix_fallocate", raising=False)
    if way == "posix_fallocate refuses":

        def refuse(*_):
            raise OSError(errno.EOPNOTSUPP, "not on this disk")

        monkeypatch.setattr(os, "posix_fallocate", refuse, raising=False)
    if way == "F_PREALLOCATE":
        fcntl = pytest.importorskip("fcntl")
        monkeypatch.setattr(sys, "platform", "darwin")
        monkeypatch.setattr(fcntl, "fcntl", lambda descriptor, command, order: asked.append((command, order)))
    array = reserve.map_new(project, "a.npy", (300, 1000), np.float64)
    assert not array.any()
    array[-1, -1] = 7
    array.flush()
    found = np.load(project / "a.npy")
    assert found.shape == (300, 1000) and found[-1, -1] == 7
    if way == "F_PREALLOCATE":
        ((command, order),) = asked
        assert command == 42 and len(order) == 32
        assert int.from_bytes(order[16:24], sys.byteorder) == 300 * 1000 * 8, "only what is missing"
    else:
        assert (project / "a.npy").stat().st_blocks * 512 >= 300 * 1000 * 8, "no holes"


def test_the_bytes_of_a_mapped_array_are_numpys_own(project):
    array = reserve.map_new(project, "a.npy", (2, 3), np.uint16)
    array[:] = 5
    array.flush()
    np.save(project / "b.npy", np.full((2, 3), 5, np.uint16))
    assert (project / "a.npy").read_bytes() == (project / "b.npy").read_bytes()
