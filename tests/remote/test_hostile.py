"""What strangers may say: names of hosts and programs, and machines at either end of the link."""

import io
import json
import os
import sys

import pytest
from backend_processes import REAL, SOON, Watched, a_shot, until
from motion_bridge import shot as shots
from motion_bridge.errors import BadInput, ProtocolError
from motion_bridge.ipc import protocol
from motion_bridge.ipc.events import Failed
from motion_bridge.remote import content, host
from motion_bridge.remote.content import Entry, Store
from motion_bridge.remote.session import smaller
from ssh_server import script

HASH = "0" * 64


@pytest.mark.parametrize("name", ["gpu", "ann@gpu.local", "ssh://ann@gpu:2222", "10.0.0.7", "ann@[fe80::1]", "_x"])
def test_a_host_stands_alone_behind_the_end_of_options(name):
    command = host.command(name, ["serve"])
    assert command[-3:] == ["--", name, "motion-bridge serve"]
    assert "BatchMode=yes" in command


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", "-oProxyCommand=touch /tmp/x", "-F/etc/passwd", "ann@-oProxyCommand=x", "a b", "gpu;id", "gpu\nid"),
        *("$(id)", "`id`", "gpu|id", "ann@gpu:22", "gpu'", "ann@@gpu", "größe", "x" * 400, "ssh://-x", "gpu\x00"),
    ],
)
def test_a_host_that_ssh_could_take_for_something_else_is_refused(name):
    with pytest.raises(BadInput, match="not the name of a machine"):
        host.command(name, ["serve"])


@pytest.mark.parametrize("program", ["a; id", "a && id", "$(id)", "`id`", "-c id", "a\nid", "a'b", 'a"b', "a>b", "é"])
def test_a_program_that_a_shell_could_take_for_more_is_refused(program):
    with pytest.raises(BadInput, match="path of a program"):
        host.command("gpu", ["serve"], program)


def test_a_program_in_a_folder_with_blanks_stays_one_word():
    assert host.command("gpu", ["serve"], "~/my tools/motion-bridge")[-1] == '~/"my tools/motion-bridge" serve'
    assert host.command("gpu", ["serve"], "/my tools/mb")[-1] == '"/my tools/mb" serve'


@pytest.mark.parametrize(
    "listed",
    [
        [["../shot.json", HASH, 1]],
        [["shot/../../x", HASH, 1]],
        [["shot/a/b", HASH, 1]],
        [["shot/..", HASH, 1]],
        [["/etc/passwd", HASH, 1]],
        [["take/motion_bridge.lock", HASH, 1]],
        [["take/state/../x.npy", HASH, 1]],
        [["shot/shot.json", "../" + HASH[3:], 1]],
        [["shot/shot.json", HASH, -1]],
        [["shot/shot.json", HASH, 1 << 60]],
        [["shot/shot.json", HASH, 1], ["shot/shot.json", HASH, 1]],
        [["shot/shot.json", HASH]],
        {"shot/shot.json": HASH},
    ],
)
def test_a_manifest_names_nothing_but_a_jobs_files(listed):
    with pytest.raises(ProtocolError):
        content.entries_of(json.dumps(listed).encode())


def test_a_file_that_arrives_damaged_is_never_kept(tmp_path):
    store = Store(tmp_path / "store")
    with pytest.raises(BadInput, match="damaged"):
        store.append(Entry("shot/depth.npy", HASH, 3), 0, b"abc")
    assert list((tmp_path / "store").iterdir()) == []


def test_half_a_file_goes_on_where_it_was(tmp_path):
    (tmp_path / "file").write_bytes(b"abcdef")
    wanted = content.entry(tmp_path / "file", "shot/depth.npy")
    assert not Store(tmp_path / "store").append(wanted, 0, b"abc")
    store = Store(tmp_path / "store")
    assert store.arrived(wanted.sha256) == 3
    with pytest.raises(ProtocolError, match="does not belong"):
        store.append(wanted, 4, b"ef")
    with pytest.raises(ProtocolError, match="does not belong"):
        store.append(wanted, 3, b"defg")
    assert store.append(wanted, 3, b"def")
    assert store.there(wanted.sha256)


def test_a_whole_file_that_nobody_accepted_is_sent_again(tmp_path):
    (tmp_path / "file").write_bytes(b"abcdef")
    wanted = content.entry(tmp_path / "file", "shot/depth.npy")
    store = Store(tmp_path / "store")
    assert not store.append(wanted, 0, b"abc")
    store.restart_if_full(wanted)
    assert store.arrived(wanted.sha256) == 3, "half a file is not begun anew"
    (part,) = (tmp_path / "store").iterdir()
    part.write_bytes(b"abcdef")  # as a process leaves it that is killed before it renames the file
    store.restart_if_full(wanted)
    assert store.arrived(wanted.sha256) == 0 and store.append(wanted, 0, b"abcdef")


def test_the_store_forgets_what_was_unused_for_longest(tmp_path):
    store = Store(tmp_path / "store")
    for number, text in enumerate(("old", "new")):
        (tmp_path / text).write_text(text)
        found = content.entry(tmp_path / text, "shot/x")
        store.add(tmp_path / text, found.sha256)
        path = store.path(found.sha256)
        os.utime(path, (number, number))
    store.sweep(limit=3)
    assert [path.read_text() for path in (tmp_path / "store").iterdir()] == ["new"]


def test_previews_are_small():
    assert smaller(a_shot(1, 1920, 1080).first_frame).shape == (288, 512, 3)
    assert smaller(a_shot(1, 64, 36).first_frame).shape == (36, 64, 3)


SAYS = {  # what the other machine sends after its hello and the manifest's answer
    "a file outside of the take": ("file", {"name": "../x.png", "sha256": HASH, "offset": 0, "size": 3}, b"abc"),
    "a lock": ("file", {"name": "motion_bridge.lock", "sha256": HASH, "offset": 0, "size": 3}, b"abc"),
    "a file without end": ("file", {"name": "frame_0001.png", "sha256": HASH, "offset": 0, "size": 1 << 40}, b"abc"),
    "a piece from nowhere": ("file", {"name": "frame_0001.png", "sha256": HASH, "offset": 9, "size": 30}, b"abc"),
    "a preview that unpacks without end": ("small", {"width": 9, "height": 9, "channels": 3}, b"x\x9cbad"),
    "a frame that it never sent": ("made", {"index": 0, "number": 1, "name": "../../frame.png"}, b""),
    "a host's message": ("cancel", {}, b""),
}


@pytest.mark.parametrize("case", SAYS)
def test_the_other_machine_can_write_nothing_but_frames(case, tmp_path, monkeypatch):
    kind, fields, payload = SAYS[case]
    messages = [("hello", 0, {"protocol": 1}, b""), ("wanted", 1, {}, b"{}"), (kind, 1, fields, payload)]
    packed = io.BytesIO()
    for seq, (name, job, each, content_) in enumerate(messages):
        message = protocol.Message(name, job, seq, each, content_)
        packed.write(protocol.encode(message) + content_)
    (tmp_path / "said").write_bytes(packed.getvalue())
    (tmp_path / "bin").mkdir()
    script(tmp_path / "bin" / "ssh", f"cat {tmp_path / 'said'}; cat >/dev/null")
    shots.save(a_shot(1), tmp_path / "shot")
    path = f"{tmp_path / 'bin'}:/usr/bin:/bin"
    client = Watched([*REAL, "remote", "gpu", "serve"], {"PATH": path})
    client.render(tmp_path / "shot", tmp_path / "out" / "take", "testing", False)
    (end,) = until(lambda: [event for event in client.poll() if isinstance(event, Failed)], SOON, "the end")
    assert end.error.kind == "protocol"
    client.close()
    assert client.join(SOON)
    assert [each for each in tmp_path.rglob("*") if each.suffix in (".png", ".lock") and "shot" not in each.parts] == []


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="stands in for ssh with a shell script")
