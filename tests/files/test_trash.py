"""The system's trash, as freedesktop.org describes it."""

import os
import sys
from pathlib import Path

import pytest
from motion_bridge.errors import BadInput
from motion_bridge.files import trash

pytestmark = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="other systems have a trash of their own")


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "Trash"


def folder(path: Path) -> Path:
    path.mkdir(parents=True)
    (path / "frame_0001.png").write_bytes(b"picture")
    return path


def test_a_folder_goes_into_the_trash_with_a_note_of_where_it_was(tmp_path: Path, bin_folder: Path):
    take = folder(tmp_path / "Über takes" / "take_001")
    trash.put(take)
    assert not take.exists()
    assert (bin_folder / "files/take_001/frame_0001.png").read_bytes() == b"picture"
    note = (bin_folder / "info/take_001.trashinfo").read_text()
    assert (
        note.startswith("[Trash Info]\nPath=") and "/%C3%9Cber%20takes/take_001\n" in note and "DeletionDate=20" in note
    )


def test_two_of_a_name_are_both_kept(tmp_path: Path, bin_folder: Path):
    for project in ("one", "two"):
        trash.put(folder(tmp_path / project / "take_001"))
    assert sorted(path.name for path in (bin_folder / "files").iterdir()) == ["take_001", "take_001 2"]
    assert "/two/" in (bin_folder / "info/take_001 2.trashinfo").read_text()


def test_a_link_goes_itself(tmp_path: Path, bin_folder: Path):
    target = folder(tmp_path / "elsewhere")
    (tmp_path / "take_001").symlink_to(target)
    trash.put(tmp_path / "take_001")
    assert (target / "frame_0001.png").exists() and (bin_folder / "files/take_001").is_symlink()


def test_what_cannot_be_moved_stays_and_leaves_no_note(
    tmp_path: Path, bin_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    take = folder(tmp_path / "takes/take_001")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(BadInput, match="cannot be moved to the trash: Permission denied"):
        trash.put(take)
    assert take.exists() and list((bin_folder / "info").iterdir()) == []


def test_another_disk_has_a_trash_of_its_own(tmp_path: Path, bin_folder: Path):
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev or not os.access(other, os.W_OK):
        pytest.skip("there is no second disk here")
    take = folder(other / f"motion-bridge-{os.getpid()}" / "take_001")
    trash.put(take)
    beside = next(
        path for path in (other / f".Trash-{os.getuid()}", other / ".Trash" / str(os.getuid())) if path.is_dir()
    )
    note = beside / "info/take_001.trashinfo"
    assert f"Path={take.relative_to(other)}\n" in note.read_text()
    for path in (beside / "files/take_001/frame_0001.png", note):
        path.unlink()
    for path in (beside / "files/take_001", beside / "files", beside / "info", beside, take.parent):
        path.rmdir()
