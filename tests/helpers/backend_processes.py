"""Small Shots, a backend with a testing engine, and ways to wait that do not sleep for luck."""

import os
import sys
import time
from pathlib import Path

import numpy as np
from motion_bridge.ipc.client import Client, Done, Failed, FrameMade
from motion_bridge.shot import Camera, Shot

BACKEND = Path(__file__).resolve().parents[2] / "backend"

TESTING = [sys.executable, "-I", str(Path(__file__).with_name("testing_backend.py"))]
REAL = [sys.executable, "-I", str(BACKEND)]
SOON = 20  # seconds: what is promised within one, on a machine that is busy with something else


def a_shot(count=12, width=64, height=36, **settings):
    """A camera that moves to the right over a picture of noise."""
    pose = np.tile(np.eye(4), (count, 1, 1))
    pose[:, 0, 3] = np.arange(count) * 0.01
    intrinsics = np.tile(np.array([[width, 0, width / 2], [0, width, height / 2], [0, 0, 1.0]]), (count, 1, 1))
    picture = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    camera = Camera(pose, intrinsics, np.zeros(count, bool))
    return Shot(tuple(range(1, count + 1)), 24.0, width, height, camera, picture, settings=settings)


class Watched(Client):
    """A client whose events are looked at one by one."""

    def __init__(self, command, variables=None):
        super().__init__(command, variables)
        self.unseen = []


def until(condition, seconds, what):
    """Look again and again; the value once it is true, or a failure that says what never happened."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"{what} did not happen within {seconds} s"
        time.sleep(0.005)
    return value


def events_until(client, wanted, seconds=SOON):
    """Poll until an event of the wanted kind comes; all events since the last time, that one last."""
    seen = []

    def arrived():
        client.unseen += client.poll()
        while client.unseen:
            seen.append(client.unseen.pop(0))
            if isinstance(seen[-1], wanted):
                return True
            assert not isinstance(seen[-1], Failed), seen[-1].error
        return False

    until(arrived, seconds, f"{wanted}")
    return seen


def render(client, shot, output, resume=False):
    """A whole job; its last event."""
    client.render(shot, output, "testing", resume)
    return events_until(client, (Done, Failed))[-1]


def contents(folder):
    """Every file of a folder and its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def running(pid):
    """Whether a process is there and not merely waiting to be buried."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def memory(pid):
    """Bytes of a process that are in memory and its own."""
    with open(f"/proc/{pid}/statm") as file:
        _, resident, shared, *_ = map(int, file.read().split())
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")


def live_latencies(client, job, change, wanted):
    """Of a session that is changed every 10 ms: seconds from sending a change to the first frame that shows it.

    And the seconds from a chunk's first frame to the next one's; as many as are wanted. change: of a sample's number.
    """
    sent, shown, chunk, begun, latencies, chunks = {}, -1, None, None, [], []
    end = time.monotonic() + 100
    while len(chunks) < wanted:
        assert time.monotonic() < end, f"only {len(chunks)} chunks were made"
        sample = len(sent)
        client.change(job, {**change(sample), "sample": sample})
        sent[sample] = time.monotonic()
        for event in client.poll():
            assert not isinstance(event, Failed), event.error
            if not isinstance(event, FrameMade):
                continue
            if event.live["sample"] > shown:
                shown = event.live["sample"]
                latencies.append(event.arrived - sent[shown])
            if event.live["chunk"] != chunk:
                chunks += [event.arrived - begun] if begun else []
                chunk, begun = event.live["chunk"], event.arrived
        time.sleep(0.01)
    return np.array(latencies), np.array(chunks)
