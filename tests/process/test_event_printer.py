"""Events as both command lines print them: lines for people and farms, or one JSON object each."""

import json
from pathlib import Path

import numpy as np
import pytest
from motion_bridge.cli.event_printer import EventPrinter
from motion_bridge.errors import BadInput
from motion_bridge.ipc.events import Done, FrameMade, Notice, Progress, Responsive, Started, Unresponsive

EVENTS = (
    Started(1, 3, 2),
    Progress(1, "Loading", 1, 3),
    Notice("Depth is estimated.", 1),
    FrameMade(1, 2, 12, Path("/take/frame_0012.png"), np.zeros((1, 1, 3), np.uint8)),
    Unresponsive(1, 2.0),
    Responsive(1),
    Done(1),
)


class Lines:
    def __init__(self):
        self.result, self.note, self.progress = [], [], []

    def printer(self, as_json):
        return EventPrinter("name", as_json, self.result.append, self.note.append, self.progress.append)


@pytest.fixture
def lines():
    return Lines()


def printed(printer):
    for event in EVENTS:
        printer.event(event)
    printer.saved(Path("/take/movie.mp4"))
    printer.done("Done: 1 frame")
    printer.failed(BadInput("Choose another folder."))


def test_text_says_each_thing_once_on_the_channel_that_it_is_for(lines):
    printed(lines.printer(as_json=False))
    assert lines.result == ["Saved: '/take/frame_0012.png'", "Saved: '/take/movie.mp4'"]
    assert lines.note == [
        "2 of 3 frames to make",
        "name: note: Depth is estimated.",
        "Done: 1 frame",
        "name: Choose another folder.",
    ]
    assert lines.progress == ["Loading 1/3"]


def test_with_json_everything_is_a_result_and_nothing_else_is_printed(lines):
    printed(lines.printer(as_json=True))
    assert lines.note == lines.progress == []
    assert [json.loads(line) for line in lines.result] == [
        {"event": "started", "total": 3, "missing": 2},
        {"event": "progress", "stage": "Loading", "done": 1, "total": 3},
        {"event": "note", "message": "Depth is estimated."},
        {"event": "saved", "frame": 12, "path": "/take/frame_0012.png"},
        {"event": "saved", "path": "/take/movie.mp4"},
        {"event": "done", "saved": 1},
        {"event": "failed", "kind": "bad_input", "message": "Choose another folder.", "saved": 1},
    ]


def test_a_text_that_is_empty_prints_no_line(lines):
    lines.printer(as_json=False).done("")
    assert lines.result == lines.note == []
