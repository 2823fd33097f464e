"""Shots on disk, and clients that end with their test."""

from dataclasses import replace

import pytest
from backend_processes import SOON, TESTING, Watched, a_shot
from motion_bridge import shot as shots


@pytest.fixture
def shot_folder(tmp_path):
    """Writes Shots: shot_folder(count=3, fault="nan") is the folder of one."""

    def write(name="shot", **wanted):
        folder = tmp_path / name
        numbers = wanted.pop("frames", None)
        shot = a_shot(**wanted)
        shots.save(replace(shot, frames=numbers) if numbers else shot, folder)
        return folder

    return write


@pytest.fixture
def start():
    """Starts clients of the testing backend and sees to it that they end."""
    clients = []

    def begin(command=(*TESTING, "serve")):
        clients.append(Watched(command))
        return clients[-1]

    yield begin
    for client in clients:
        client.close()
    assert all(client.join(SOON) for client in clients), "a backend outlived its client"
