"""A job through the pipe: frames on disk, events for the host, whatever the engine does."""

import numpy as np
import pytest
from backend_processes import TESTING, contents, events_until, render
from motion_bridge.errors import BackendFailed, BadInput, MotionBridgeError, OutOfMemory
from motion_bridge.ipc import events as messages
from motion_bridge.ipc import protocol
from motion_bridge.ipc.client import Done, Failed, FrameMade, Progress, Started
from motion_bridge.ipc.events import Notice
from motion_bridge.media import png


def test_a_job_puts_its_frames_on_disk_and_shows_them(start, shot_folder, tmp_path):
    client, output = start(), tmp_path / "take"
    job = client.render(shot_folder(count=5), output, "testing", resume=False)
    events = events_until(client, Done)
    assert Started(job, total=5, missing=5) in events
    assert Progress(job, "Generating", 5, 5) in events
    made = [event for event in events if isinstance(event, FrameMade)]
    assert [frame.path.name for frame in made] == [f"frame_000{number}.png" for number in range(1, 6)]
    for frame in made:
        np.testing.assert_array_equal(png.read(frame.path), frame.pixels)
    assert sorted(contents(output)) == [frame.path.name for frame in made], "nothing but frames is left"


def test_pictures_arrive_packed_for_a_gpu_where_the_host_asks(start, shot_folder, tmp_path):
    """Every byte is where a shader looks for it, and no float is one that a GPU may change."""
    client = start()
    client.packs = True
    client.render(shot_folder(count=2), tmp_path / "take", "testing", resume=False)
    made = [event for event in events_until(client, Done) if isinstance(event, FrameMade)]
    for frame in made:
        assert frame.packed is not None
        bits = frame.packed.view("<u4")
        np.testing.assert_array_equal(np.stack([bits & 255, bits >> 8 & 255, bits >> 16 & 255], -1), frame.pixels)
        assert (bits >> 24 == 63).all() and np.isfinite(frame.packed).all() and (frame.packed >= 0.5).all()


def test_one_backend_does_several_jobs(start, shot_folder, tmp_path):
    client, shot = start(), shot_folder(count=3)
    assert isinstance(render(client, shot, tmp_path / "one"), Done)
    assert isinstance(render(client, shot, tmp_path / "two"), Done)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_the_prints_of_an_engine_do_not_reach_the_pipe(start, shot_folder, tmp_path):
    assert isinstance(render(start(), shot_folder(fault="print"), tmp_path / "take"), Done)


@pytest.mark.slow
def test_a_change_reaches_the_engine_if_it_accepts_it(start, shot_folder, tmp_path):
    client = start()
    job = client.render(shot_folder(count=40, pause=0.02), tmp_path / "take", "testing", False)
    events_until(client, FrameMade)
    client.change(job, {"seed": 3})
    client.change(job, {"prompts": {str(frame): "" for frame in range(5)}})
    events = events_until(client, Done)
    last = [event for event in events if isinstance(event, FrameMade)][-1]
    assert len(np.unique(last.pixels)) == 1, "the picture was replaced by one color"


def test_a_change_that_is_too_large_is_refused_in_a_sentence(start):
    with pytest.raises(BadInput, match="65536 are allowed"):
        start().change(1, {"prompts": "x" * 70_000})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "kind", "says"),
    [
        ("nan", BackendFailed, "frame 6: the picture holds values that are not numbers"),
        ("float", BackendFailed, "frame 6: the picture is float32, not uint8"),
        ("shape", BackendFailed, "frame 6: the picture has shape"),
        ("raise", MotionBridgeError, "RuntimeError: the flux capacitor is empty"),
        ("exit", MotionBridgeError, "SystemExit: 7"),
        ("memory", OutOfMemory, "40 GB wanted"),
        ("ask", MotionBridgeError, "EOFError"),
        ("again", BackendFailed, "frame 5: the picture was finished already"),
        ("beyond", BackendFailed, "made frame 12 of a Shot of 12"),
        ("before", BackendFailed, "made frame -1 of a Shot of 12"),
        ("stop", BackendFailed, "stopped after 5 of 12 frames"),
    ],
)
@pytest.mark.fault("The engine fails", "NaN, wrong shape, exception, exit, out of memory, wrong frames, stops early")
def test_the_fault_of_an_engine_is_typed_and_keeps_the_frames_before(start, shot_folder, tmp_path, fault, kind, says):
    client, output = start(), tmp_path / "take"
    client.render(shot_folder(fault=fault), output, "testing", False)
    failed = next(event for event in events_until(client, (Done, Failed)) if isinstance(event, Failed))
    assert type(failed.error) is kind
    assert says in str(failed.error)
    assert sorted(contents(output)) == [f"frame_000{number}.png" for number in range(1, 6)]
    assert isinstance(render(client, shot_folder(name="good"), tmp_path / "next"), Done), "the backend goes on"


def test_an_unknown_engine_setting_or_name_is_bad_input(start, shot_folder, tmp_path):
    client = start()
    client.render(shot_folder(color="blue"), tmp_path / "take", "testing", False)
    assert "Unknown setting 'color'" in str(events_until(client, (Done, Failed))[-1].error)
    client.render(shot_folder(name="good"), tmp_path / "take", "perpetuum", False)
    assert "no engine 'perpetuum'" in str(events_until(client, (Done, Failed))[-1].error)
    assert not (tmp_path / "take").exists()


def test_the_environment_of_the_host_does_not_reach_the_backend(start, shot_folder, tmp_path, monkeypatch):
    (tmp_path / "numpy.py").write_text("raise ImportError('the wrong numpy')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    client = start([TESTING[0], TESTING[-1], "serve"])
    assert isinstance(render(client, shot_folder(count=2), tmp_path / "take"), Done)


def test_a_backend_that_cannot_start_says_so(start, tmp_path):
    with pytest.raises(BackendFailed, match="could not be started"):
        start([str(tmp_path / "no-python"), *TESTING[1:]])


def test_a_sentence_of_any_length_crosses_the_pipe_cut_to_what_a_message_holds():
    for event in (Notice("é" * 100_000, 1), Failed(1, BadInput("é" * 100_000))):
        kind, job, fields, payload = messages.to_message(event)
        assert len(protocol.encode(protocol.Message(kind, job, 0, fields, payload))) < protocol.LONGEST_HEADER
        assert fields["message"] == "é" * messages.LONGEST_SENTENCE
    short = messages.to_message(Notice("Depth is estimated.", 1))
    assert short[2] == {"message": "Depth is estimated."}


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["a flipped byte", "half of it zeroed", "cut short", "no PNG", "empty"])
@pytest.mark.fault("A finished frame is damaged", "a flipped byte, half zeroed, cut short, another file, empty")
def test_a_finished_frame_that_was_damaged_is_made_again_and_that_is_said(start, shot_folder, tmp_path, damage):
    client, shot, output = start(), shot_folder(count=5), tmp_path / "take"
    assert isinstance(render(client, shot, output), Done)
    whole, path = contents(output), output / "frame_0003.png"
    content = bytearray(path.read_bytes())
    match damage:
        case "a flipped byte":
            content[len(content) // 2] ^= 16
        case "half of it zeroed":
            content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
        case "cut short":
            del content[-1]
        case "no PNG":
            content[:4] = b"RIFF"
        case "empty":
            content.clear()
    path.write_bytes(content)
    client.render(shot, output, "testing", resume=True)
    seen = events_until(client, Done)
    assert [event.number for event in seen if isinstance(event, FrameMade)] == [3]
    assert [event.sentence for event in seen if isinstance(event, Notice)] == [
        "frame_0003.png: damaged since it was finished; made again"
    ]
    assert contents(output) == whole
