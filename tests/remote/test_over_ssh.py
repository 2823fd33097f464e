"""One remote GPU: jobs over a real sshd on loopback, over a slow line, killed at random."""

import os
import random
import signal
import sys
import time
from pathlib import Path

import pytest
from backend_processes import REAL, SOON, TESTING, Watched, a_shot, contents, events_until, until
from command_line import render as render_here
from command_line import run
from motion_bridge import shot as shots
from motion_bridge.ipc.events import Done, Failed, FrameMade, Notice
from ssh_server import SlowLine, SshServer, script

DELAY, RATE = 0.025, 10e6 / 8  # 50 ms there and back; 10 Mbit a second, in bytes


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    started = SshServer(tmp_path_factory.mktemp("ssh") / "server")
    yield started
    started.close()


@pytest.fixture
def line(server):
    """Makes a line to the server: line(delay=0.025, rate=1250000)."""
    made = []

    def begin(**kind):
        made.append(SlowLine(server.port, **kind))
        return made[-1]

    yield begin
    for each in made:
        each.close()


@pytest.fixture
def gpu(server, tmp_path):
    """Starts clients of a GPU machine, whose files lie in tmp_path / "far", and sees to it that they end."""
    far = tmp_path / "far"
    program = script(tmp_path / "motion-bridge", f'MOTION_BRIDGE_REMOTE={far} exec {" ".join(TESTING)} "$@"')
    clients = []

    def begin(line=None, program=program, host="gpu"):
        command = [*REAL, "remote", host, "serve", "--program", str(program)]
        clients.append(Watched(command, server.reached_over(line)))
        return clients[-1]

    yield begin
    for client in clients:
        client.close()
    assert all(client.join(SOON) for client in clients), "a relay outlived its client"


def write_shot(folder, **wanted):
    shots.save(a_shot(**wanted), folder)
    return folder


def when(client, condition, seconds=60):
    """Wait for something while the job goes on; it must not fail meanwhile."""

    def look():
        client.unseen += client.poll()
        failed = [event.error for event in client.unseen if isinstance(event, Failed)]
        assert not failed, failed
        return condition()

    until(look, seconds, "it")


def finish(client, seconds=SOON):
    return events_until(client, (Done, Failed), seconds)


def test_a_remote_job_leaves_the_same_bytes_on_the_artists_disk(gpu, tmp_path):
    shot = write_shot(tmp_path / "shot", count=6)
    client = gpu()
    client.render(shot, tmp_path / "take", "testing", False)
    events = finish(client)
    made = [event for event in events if isinstance(event, FrameMade)]
    assert [event.path for event in made] == [tmp_path / "take" / f"frame_{k:04d}.png" for k in range(1, 7)]
    assert render_here(shot, tmp_path / "here").returncode == 0
    assert contents(tmp_path / "take") == contents(tmp_path / "here")
    until(lambda: not any((tmp_path / "far" / "jobs").iterdir()), SOON, "the end of the job's folder")


def test_what_a_shot_needs_is_sent_once(gpu, line, tmp_path):
    shot = write_shot(tmp_path / "shot", count=2, width=640, height=360)  # a picture of noise: 0.7 MB
    counted = line()
    for name in ("one", "two"):
        client, before = gpu(counted), counted.carried[0]
        client.render(shot, tmp_path / name, "testing", False)
        finish(client)
        sent = counted.carried[0] - before
        assert (sent > 600_000) is (name == "one"), sent
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_job_goes_on_with_frames_that_the_other_machine_never_saw(gpu, tmp_path):
    shot = write_shot(tmp_path / "shot", count=6)
    assert render_here(shot, tmp_path / "take").returncode == 0
    whole = contents(tmp_path / "take")
    for name in sorted(whole)[3:]:
        (tmp_path / "take" / name).unlink()
    client = gpu()
    client.render(shot, tmp_path / "take", "testing", True)
    made = [event.number for event in finish(client) if isinstance(event, FrameMade)]
    assert made == [4, 5, 6]
    assert contents(tmp_path / "take") == whole


@pytest.mark.slow
def test_a_link_that_is_killed_at_random_leaves_the_same_bytes(gpu, line, tmp_path):
    chance = random.Random(5)
    shot = write_shot(tmp_path / "shot", count=30, pause=0.1)
    slow = line(delay=DELAY, rate=RATE)
    client = gpu(slow)
    client.render(shot, tmp_path / "take", "testing", False)
    dropped = 0
    for at in (4, 11, 19, 26):  # by frames on disk, so that each kill meets work
        when(client, lambda at=at: len(frames(tmp_path / "take")) >= at)
        time.sleep(chance.uniform(0, 0.15))
        if chance.random() < 0.5:
            slow.cut()
        else:
            for pid in ssh_of(client.pid):
                os.kill(pid, signal.SIGKILL)
        dropped += 1
    events = finish(client, 90)
    assert isinstance(events[-1], Done), events[-1]
    said = [event.sentence for event in events if isinstance(event, Notice)]
    assert sum("dropped" in sentence for sentence in said) == dropped
    assert render_here(shot, tmp_path / "here").returncode == 0
    assert frames(tmp_path / "take") == frames(tmp_path / "here")


@pytest.mark.slow
def test_a_slow_line_carries_files_and_no_raw_pictures_and_a_cancel_within_a_second(gpu, line, tmp_path):
    """The 10 Mbit/s would take 0.55 s for each raw frame of 480 × 270 and its preview."""
    shot = write_shot(tmp_path / "shot", count=40, width=480, height=270, pause=0.2)
    slow = line(delay=DELAY, rate=RATE)
    client = gpu(slow)
    number = client.render(shot, tmp_path / "take", "testing", False)
    when(client, lambda: len(frames(tmp_path / "take")) >= 3)
    carried = slow.carried[1]
    begun = time.monotonic()
    client.cancel(number)
    until(lambda: any(isinstance(event, Failed) for event in client.poll()), SOON, "the end of the job")
    assert time.monotonic() - begun < 5.0, "within a second where the machine has time"
    kept = len(frames(tmp_path / "take"))
    assert carried < 1.5 * sum(map(len, frames(tmp_path / "take").values())) + 100_000
    client = gpu(slow)
    client.render(shot, tmp_path / "take", "testing", True)
    when(client, lambda: len(frames(tmp_path / "take")) > kept)


def test_the_other_machines_words_name_the_artists_folders(gpu, tmp_path):
    shot = write_shot(tmp_path / "shot", count=3)
    assert render_here(write_shot(tmp_path / "other", count=3, width=32), tmp_path / "take").returncode == 0
    client = gpu()
    client.render(shot, tmp_path / "take", "testing", True)
    (end,) = until(lambda: [event for event in client.poll() if isinstance(event, Failed)], SOON, "the end")
    assert str(tmp_path / "take" / "frame_0001.png") in str(end.error)
    assert "job_" not in str(end.error)


@pytest.mark.parametrize(
    ("host", "program", "part"),
    [("gpu", "/no/such/program", "no program of that name"), ("127.0.0.1", "motion-bridge", "ssh 127.0.0.1")],
)
def test_what_cannot_be_reached_is_said_with_a_remedy(gpu, tmp_path, host, program, part):
    client = gpu(program=program, host=host)
    client.render(write_shot(tmp_path / "shot", count=1), tmp_path / "take", "testing", False)
    ended = until(lambda: [event for event in client.poll() if isinstance(event, Failed)], SOON, "the end")
    assert part in str(ended[0].error)
    assert ended[0].error.kind == "backend_failed"


def test_the_test_command_says_what_the_other_machine_has(server, gpu, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", server.reached_over()["PATH"])
    done = run("remote", "gpu", "test", "--program", tmp_path / "motion-bridge", backend=REAL)
    assert "Engine reproject: ready" in done.stdout, done.stderr
    refused = run("remote", "gpu", "test", "--program", "/no/such", backend=REAL)
    assert refused.returncode == 3
    assert "no program of that name" in refused.stderr


def test_a_relay_takes_ssh_and_the_other_machines_backend_with_it(gpu, tmp_path):
    client = gpu()
    client.render(write_shot(tmp_path / "shot", count=60, pause=0.1), tmp_path / "take", "testing", False)
    when(client, lambda: frames(tmp_path / "take"))
    far = [pid for pid in _processes() if "testing_backend.py" in _words(pid) and "serve" in _words(pid)]
    assert far
    os.kill(client.pid, signal.SIGKILL)
    until(lambda: not any("serve" in _words(pid) for pid in far), SOON, "the backend's end")


def frames(take):
    return {name: content for name, content in contents(take).items() if name.startswith("frame_")}


def ssh_of(pid):
    """The ssh processes that a relay has started."""
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(word) for word in file.read().split()]


def _processes():
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _words(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
    except OSError:
        return ""


if sys.platform != "linux":
    pytest.skip("looks into /proc", allow_module_level=True)
