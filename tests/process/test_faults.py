"""What happens when a process dies, hangs or is not listened to: nothing is lost and nobody waits."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from backend_processes import SOON, TESTING, contents, events_until, memory, render, running, until
from motion_bridge.errors import BackendFailed, Cancelled
from motion_bridge.ipc import client as clients
from motion_bridge.ipc.client import ATTENTION, SILENCE, Done, Failed, FrameMade, Responsive, Unresponsive
from motion_bridge.media import png
from motion_bridge.takes import lock, writer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")

PARENT = """
import sys, time
from pathlib import Path
from motion_bridge.ipc.client import Client, Failed, FrameMade
command, shot, output = sys.argv[3:], Path(sys.argv[1]), Path(sys.argv[2])
client = Client(command)
client.render(shot, output, "testing", False)
made = False
while not made:
    for event in client.poll():
        assert not isinstance(event, Failed), event.error
        made = made or isinstance(event, FrameMade)
    time.sleep(0.01)
print(client.pid, flush=True)
time.sleep(60)
"""


def first_frame(client, shot, output):
    """Order a job and wait until it is under way; its number."""
    job = client.render(shot, output, "testing", False)
    events_until(client, FrameMade)
    return job


def end_of(client):
    """The job's last event."""
    return events_until(client, (Done, Failed))[-1]


@pytest.mark.slow
@pytest.mark.parametrize("frames_before", [1, 2, 5, 9])
@pytest.mark.fault("The backend is killed", "SIGKILL after 1, 2, 5 and 9 frames")
def test_a_killed_backend_is_noticed_and_resume_makes_only_the_rest(start, shot_folder, tmp_path, frames_before):
    shot, output = shot_folder(count=12, pause=0.02), tmp_path / "take"
    whole = tmp_path / "uninterrupted"
    assert isinstance(render(start(), shot, whole), Done)

    client = start()
    client.render(shot, output, "testing", False)
    for _ in range(frames_before):
        events_until(client, FrameMade)
    os.kill(client.pid, signal.SIGKILL)
    last = end_of(client)
    assert isinstance(last.error, BackendFailed)
    assert "SIGKILL" in str(last.error)
    saved = [path for path in output.glob("frame_*.png") if png.read_text(path)]
    assert len(saved) == len(list(output.glob("frame_*.png"))) >= frames_before, "every frame that is there is whole"
    before = {path.name: path.stat().st_mtime_ns for path in saved}

    (output / "frame_0012.png.part").write_bytes(b"what a kill in the middle of a write leaves")
    client = start()
    client.render(shot, output, "testing", resume=True)
    made = [event.path.name for event in events_until(client, Done) if isinstance(event, FrameMade)]
    assert sorted([*made, *before]) == [f"frame_{number:04d}.png" for number in range(1, 13)]
    assert {path.name: path.stat().st_mtime_ns for path in saved} == before, "finished frames were not touched"
    assert contents(output) == contents(whole)


def test_a_crash_names_its_signal_and_its_last_words(start, shot_folder, tmp_path):
    client = start()
    first_frame(client, shot_folder(pause=0.1), tmp_path / "take")
    os.kill(client.pid, signal.SIGSEGV)
    assert "was killed by SIGSEGV" in str(end_of(client).error)

    words = [sys.executable, "-c", "import sys; sys.exit('libcuda.so.1 is missing')"]
    client = start(words)
    client.render(tmp_path, tmp_path / "take", "testing", False)
    assert "ended with exit code 1. Its last words: libcuda.so.1 is missing" in str(end_of(client).error)


def test_a_program_that_is_no_backend_is_refused(start, shot_folder, tmp_path):
    client = start([sys.executable, "-c", "print('Welcome to the wrong program'); input()"])
    client.render(tmp_path, tmp_path / "take", "testing", False)
    assert "A message starts with b'Welc'" in str(end_of(client).error)
    assert not running(client.pid)
    client.render(tmp_path, tmp_path / "take", "testing", False)
    assert isinstance(end_of(client), Failed), "a backend that has ended takes no more jobs"


@pytest.mark.parametrize("fault", ["", "busy"])
@pytest.mark.fault("The host is killed", "SIGKILL while the backend works and while it is busy")
def test_a_backend_ends_with_its_parent(shot_folder, tmp_path, fault):
    sign = tmp_path / "misbehaving"
    shot = shot_folder(count=200, pause=0.02, fault=fault, at=2, sign=str(sign))
    path = os.pathsep.join([str(Path(TESTING[-1]).parents[2] / "backend"), os.environ.get("PYTHONPATH", "")])
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(shot), str(tmp_path / "take"), *TESTING, "serve"],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert parent.stdout
    backend = int(parent.stdout.readline() or 0)
    assert backend, "the host ended before a frame was made"
    until(sign.exists, SOON, "the fault")
    assert running(backend)
    parent.kill()
    parent.wait()
    until(lambda: not running(backend), SOON, "the end of the backend")


@pytest.mark.slow
@pytest.mark.fault("The backend is stopped", "SIGSTOP, then SIGCONT")
def test_a_stopped_backend_is_reported_and_may_recover(start, shot_folder, tmp_path):
    client = start()
    job = first_frame(client, shot_folder(count=30, pause=0.05), tmp_path / "take")
    events_until(client, FrameMade)
    os.kill(client.pid, signal.SIGSTOP)
    silent = events_until(client, Unresponsive)[-1]
    assert silent.job == job
    assert SILENCE["working"] <= silent.seconds <= SILENCE["working"] + ATTENTION
    longer = events_until(client, Unresponsive)[-1]
    assert silent.seconds + 1 - ATTENTION <= longer.seconds <= silent.seconds + 1 + ATTENTION, "each second is told"
    os.kill(client.pid, signal.SIGCONT)
    events_until(client, Responsive)
    events_until(client, Done)


@pytest.mark.slow
def test_a_stopped_backend_can_be_ended_and_cancel_does_not_wait_for_that(start, shot_folder, tmp_path):
    client = start()
    job = first_frame(client, shot_folder(count=30, pause=0.05), tmp_path / "take")
    os.kill(client.pid, signal.SIGSTOP)
    client.cancel(job)
    assert running(client.pid), "cancel came back only after the backend had ended"
    last = end_of(client)
    assert isinstance(last.error, Cancelled)
    assert not running(client.pid)


@pytest.mark.slow
def test_a_host_that_was_busy_does_not_mistake_that_for_silence(start, shot_folder, tmp_path):
    client = start()
    first_frame(client, shot_folder(count=60, pause=0.05), tmp_path / "take")
    for _ in range(2):
        time.sleep(1.5)  # what is tested: Blender is busy with something else
        assert not any(isinstance(event, Unresponsive) for event in client.poll())


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["", "busy"])
def test_cancel_ends_a_job_though_the_host_does_not_read(start, shot_folder, tmp_path, fault, monkeypatch):
    if not fault:  # an answer is waited for however busy the machine is
        monkeypatch.setattr(clients, "CANCEL_PATIENCE", SOON)
    sign = tmp_path / "misbehaving"
    shot = shot_folder(count=500, width=1280, height=720, fault=fault, at=3, sign=str(sign))
    client, output = start(), tmp_path / "take"
    job = client.render(shot, output, "testing", False)
    until(sign.exists, SOON, "the fault")
    client.cancel(job)
    until(lambda: not (output / lock.NAME).exists() or not running(client.pid), SOON, "the end of the job")
    last = end_of(client)
    assert isinstance(last.error, Cancelled)
    assert not list(output.glob("*.part")) or fault
    assert client.alive is not bool(fault), "a backend that answers is kept"


@pytest.mark.slow
def test_a_host_that_does_not_read_bounds_what_piles_up(start, shot_folder, tmp_path):
    client, output = start(), tmp_path / "take"
    job = client.render(shot_folder(count=500, width=832, height=480), output, "testing", False)
    seen = [-1]

    def stands_still():
        seen.append(len(list(output.glob("frame_*.png"))))
        time.sleep(0.5)  # ten frames would be made in this time
        return seen[-1] == seen[-2] > 0

    until(stands_still, 30, "a backend that waits")
    assert seen[-1] < 40
    client.cancel(job)
    assert isinstance(end_of(client).error, Cancelled)


@pytest.mark.slow
def test_close_never_blocks_and_a_new_client_goes_on(start, shot_folder, tmp_path):
    shot, output = shot_folder(count=20, pause=0.05), tmp_path / "take"
    client = start()
    first_frame(client, shot, output)
    os.kill(client.pid, signal.SIGSTOP)
    client.close()
    assert running(client.pid), "close came back only after the backend had ended"
    assert client.join(SOON)
    assert isinstance(end_of(client).error, Cancelled)
    assert isinstance(render(start(), shot, output, resume=True), Done)


def test_two_writers_cannot_share_a_folder(start, shot_folder, tmp_path):
    shot, output = shot_folder(count=100, pause=0.05), tmp_path / "take"
    first, second = start(), start()
    job = first_frame(first, shot, output)
    second.render(shot, output, "testing", resume=True)
    error = str(end_of(second).error)
    assert f"{output} is in use by process {first.pid}" in error
    first.cancel(job)


def test_a_lock_that_a_dead_process_left_is_no_obstacle(start, shot_folder, tmp_path):
    shot, output = shot_folder(count=4, pause=0.05), tmp_path / "take"
    client = start()
    first_frame(client, shot, output)
    os.kill(client.pid, signal.SIGKILL)
    end_of(client)
    assert (output / lock.NAME).exists()
    assert isinstance(render(start(), shot, output, resume=True), Done)
    assert not (output / lock.NAME).exists()


def test_a_lock_of_another_machine_is_respected(start, shot_folder, tmp_path):
    output = tmp_path / "take"
    output.mkdir()
    (output / lock.NAME).write_text('{"pid": 12, "host": "render-7"}')
    last = render(start(), shot_folder(), output)
    assert "in use by process 12 on render-7" in str(last.error)
    assert (output / lock.NAME).exists()


@pytest.mark.fault("The disk is full", "a limit on the size of files, while frames are written")
def test_a_full_disk_stops_the_job_and_leaves_no_partial_file(start, shot_folder, tmp_path):
    limit = "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000)); sys.argv[:] = {}; {}"
    run = f"runpy.run_path({TESTING[-1]!r}, run_name='__main__')"
    client = start([sys.executable, "-I", "-c", limit.format([TESTING[-1], "serve"], run)])
    output = tmp_path / "take"
    last = render(client, shot_folder(count=4, width=64, height=64), output)
    assert isinstance(last.error, BackendFailed)
    assert f"{output / 'frame_0001.png'} could not be written: File too large" in str(last.error)
    assert "MB are free on that disk" in str(last.error)
    assert contents(output) == {}


def test_a_backend_listens_on_nothing(start, shot_folder, tmp_path):
    client = start()
    first_frame(client, shot_folder(count=50, pause=0.02), tmp_path / "take")
    links = [os.readlink(f"/proc/{client.pid}/fd/{name}") for name in os.listdir(f"/proc/{client.pid}/fd")]
    assert not [link for link in links if link.startswith("socket:")]
    assert len([link for link in links if link.startswith("pipe:")]) >= 3


@pytest.mark.slow
def test_memory_stays_flat_over_two_thousand_frames(start, shot_folder, tmp_path):
    client, at_200, last = start(), 0, None
    client.render(shot_folder(count=2000, width=128, height=72), tmp_path / "take", "testing", False)
    while not isinstance(last, Done):
        last = events_until(client, (FrameMade, Done))[-1]
        if isinstance(last, FrameMade) and last.index == 200:
            at_200 = memory(client.pid)
    assert at_200 > 0
    assert memory(client.pid) < 1.05 * at_200


@pytest.mark.slow
def test_ten_thousand_finished_frames_are_found_in_little_more_time_than_reading_them_takes(tmp_path):
    identity, numbers = writer.Identity("abc", "testing", {"a": 1}), range(1, 10_001)
    picture = np.zeros((36, 64, 3), np.uint8)
    for number in numbers:
        text = json.dumps({**identity.fields(), "frame": number, "notes": {"steps": number}})
        (tmp_path / writer.frame_name(number)).write_bytes(png.encode(picture, {writer.KEY: text}))
    found, read = [], []
    for _ in range(3):
        began = time.process_time()
        with writer.take(tmp_path, identity, numbers, resume=True) as take:
            assert len(take) == 10_000
        between = time.process_time()
        for number in numbers:
            (tmp_path / writer.frame_name(number)).read_bytes()
        found.append(between - began)
        read.append(time.process_time() - between)
    print(f"{min(found):.2f} s for 10,000 frames, of which reading takes {min(read):.2f} s")
    assert min(found) < 5 * min(read)
