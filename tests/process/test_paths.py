"""Where frames may go, and where not: the sentence says why."""

import os
import sys
from pathlib import Path

import pytest
from backend_processes import a_shot
from motion_bridge import shot as shots
from motion_bridge.cli.main import main
from motion_bridge.errors import BadInput
from motion_bridge.shot import storage
from motion_bridge.takes.output_path import BELOW, check_file, check_output

REFUSED = {
    "": "is empty",
    "   ": "is empty",
    "takes/../../etc": 'contains ".."',
    "..": 'contains ".."',
    "takes\nrm": "control characters",
    "takes\0": "control characters",
    "takes\x7f": "control characters",
    "takes/con": "a name that Windows reserves",
    "takes/NUL.tar.gz": "a name that Windows reserves",
    "Com1.frames/take": "a name that Windows reserves",
    "lpt9": "a name that Windows reserves",
    "com²": "a name that Windows reserves",
    "takes/one.": "ends in a dot or space",
    "takes /one": "ends in a dot or space",
    "x" * 256: "256 bytes",
    "ü" * 128: "256 bytes",
    "takes\udcff": "not valid Unicode",
    "takes/12:30": ": cannot stand in a name on Windows",
    "takes?": r"\? cannot stand",
    "<takes>": "< cannot stand",
    "a|b": r"\| cannot stand",
    "takes/*": r"\* cannot stand",
    'the "best"': '" cannot stand',
    "a/" * 2100 + "b": "Choose a shorter one",
    "/": "root of the disk",
    "/.": "root of the disk",
}
REFUSED_ON_POSIX = {
    "C:\\Users\\me\\takes": "a Windows path",
    "d:/takes": "a Windows path",
    "C:": "a Windows path",
    "takes/x\\y": "cannot stand",
    "//takes": "which only Blender understands",
}


@pytest.mark.parametrize("text", REFUSED)
def test_an_output_path_is_refused(text):
    with pytest.raises(BadInput, match=REFUSED[text]):
        check_output(text)


@pytest.mark.skipif(os.name == "nt", reason="these are good paths there")
@pytest.mark.parametrize("text", REFUSED_ON_POSIX)
def test_an_output_path_is_refused_on_this_system(text):
    with pytest.raises(BadInput, match=REFUSED_ON_POSIX[text]):
        check_output(text)


@pytest.mark.parametrize(("system", "longest"), [("win32", 259), ("darwin", 1023), ("linux", 4095)])
def test_everything_that_will_lie_below_the_folder_counts(monkeypatch, system, longest):
    """260 characters with the end of the string on Windows, and the deepest file of a take is no longer than that."""
    monkeypatch.setattr(sys, "platform", system)
    deepest = "/take_0001/shot/geometry.placed.object.npy.part"
    longest -= len(deepest)
    names = "/".join(["x" * 50] * 200)
    fits = "/" + names[: longest - 1].rstrip("/").ljust(longest - 1, "y")
    assert len(str(check_output(fits)) + deepest) in (259, 1023, 4095)
    with pytest.raises(BadInput, match=f"takes {longest}"):
        check_output(fits + "y")


def test_the_longest_name_below_an_output_folder_is_counted():
    below = [f"/take_0001/shot/{name}.npy.part" for name in storage.ARRAYS]
    below += [f"/take_0001/{each}.part" for each in ("state/frame_-1000000000.npy", "shot/key_-1000000000.png")]
    assert max(map(len, below)) == BELOW


@pytest.mark.parametrize("text", REFUSED)
def test_an_output_file_is_refused_for_the_same_reasons(text):
    with pytest.raises(BadInput, match="is a folder; name a file in it" if text in ("/", "/.") else REFUSED[text]):
        check_file(text)


def test_an_output_file_may_be_new_or_old_and_lies_in_a_folder_that_can_be_written_to(tmp_path):
    (tmp_path / "old.npz").write_bytes(b"")
    for name in ("old.npz", "new.npz", "a/b/new file.npz"):
        assert check_file(str(tmp_path / name)) == tmp_path / name
    for text, why in (("", "is a folder"), ("/x/", "is a folder"), ("/old.npz/x", "is a file, not a folder")):
        with pytest.raises(BadInput, match=why):
            check_file(f"{tmp_path}{text}")


WAYS_OUT = {
    "export --format npz --out": "export shot --format npz --out {}.npz",
    "export --format nerfstudio --out": "export shot --format nerfstudio --out {}.json",
    "export --format colmap --out": "export shot --format colmap --out {}",
    "judge --plot": "judge shot shot --plot {}.svg",
    "channels --output": "channels sketch --output {}.json",
    "convert --output": "convert shot --output {}",
    "render --output": "render shot --output {}",
    "transfer --output": "transfer shot --first-frame shot/first_frame.png --output {}",
}


@pytest.mark.parametrize("way", WAYS_OUT)
def test_no_command_writes_a_name_that_windows_cannot_have(way, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shots.save(a_shot(count=2), tmp_path / "shot")
    for name in ("12:30", "nul", "what?"):
        code = main(WAYS_OUT[way].format(name).split())
        said = capsys.readouterr().err
        assert "Windows" in said or "needs the package" in said, said
        assert code == (3 if "needs the package" in said else 2)
    assert [path.name for path in tmp_path.iterdir()] == ["shot"]


@pytest.mark.skipif(os.name == "nt", reason="bytes")
def test_letters_count_as_their_bytes_where_the_system_counts_bytes():
    with pytest.raises(BadInput, match=r"has 42\d\d bytes"):
        check_output("/" + "/".join(["ü" * 50] * 42))


def test_a_file_is_no_place_for_frames(tmp_path):
    (tmp_path / "notes.txt").write_text("here I am")
    for path in (tmp_path / "notes.txt", tmp_path / "notes.txt" / "take"):
        with pytest.raises(BadInput, match=r"notes\.txt is a file"):
            check_output(str(path))


@pytest.mark.parametrize("name", ["take 1", "aufnahme-größe", "撮影", "🎬", "console", "com10", "a" * 255, ".hidden"])
def test_other_names_are_fine(tmp_path, name):
    assert check_output(str(tmp_path / name / "deep")) == tmp_path / name / "deep"


def test_a_relative_path_starts_where_one_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert check_output("take") == tmp_path / "take"
    assert check_output(".") == tmp_path


def test_a_strange_name_that_is_there_already_is_no_fault(tmp_path):
    (tmp_path / "aux" / "My disk ").mkdir(parents=True)
    assert check_output(str(tmp_path / "aux" / "My disk " / "take")).name == "take"


def test_a_link_to_a_folder_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert check_output(str(tmp_path / "link" / "take")) == Path(tmp_path / "link" / "take")


def test_a_home_folder_is_understood_without_a_shell(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert check_output("~/takes") == tmp_path / "takes"
    with pytest.raises(BadInput, match="home folder that is not known"):
        check_output("~nobody-of-that-name/takes")
