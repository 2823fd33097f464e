"""A whole job against a server that speaks ComfyUI's protocol: what goes there, what comes back, what goes wrong."""

import json
import threading
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("requests")
pytest.importorskip("websockets")

import command_line
from backend_processes import REAL, SOON, until
from comfyui_server import OUT_OF_MEMORY, frames_of, workflow
from motion_bridge.errors import BackendFailed, BadInput, Cancelled, ModelMissing, MotionBridgeError, OutOfMemory
from motion_bridge.ipc.events import FrameMade, Notice, Preview, Progress
from motion_bridge.media import png


def sent(comfy, number=0, node="1"):
    """The pictures that a prompt's node was fed with."""
    return frames_of(comfy.uploads[comfy.prompts[number]["prompt"][node]["inputs"]["image"]])


def made(events):
    return [event.number for event in events if isinstance(event, FrameMade)]


def notices(events):
    return " ".join(event.sentence for event in events if isinstance(event, Notice))


def test_frames_come_back_at_their_numbers_and_cut_to_the_shot(job, comfy, scene, frames):
    events = job()
    assert made(events) == list(scene.frames)
    video = sent(comfy)
    assert [picture.shape for picture in video] == [(32, 64, 3)] * 5, "sides are multiples of 16, frames 4k + 1"
    np.testing.assert_array_equal(frames(), np.stack([255 - picture[:30, :50] for picture in video]))


def test_the_first_frame_is_sent_as_it_is_and_its_border_repeated(job, comfy, scene):
    job()
    first = sent(comfy)[0]
    np.testing.assert_array_equal(first[:30, :50], scene.first_frame)
    np.testing.assert_array_equal(first[:30, 50:], np.repeat(scene.first_frame[:, -1:], 14, axis=1))


def test_what_no_picture_shows_is_gray_in_the_video_and_white_in_the_mask(job, comfy, scene):
    nodes = workflow()
    nodes["4"] = {"class_type": "LoadImage", "inputs": {"image": "x.png"}, "_meta": {"title": "MB mask"}}
    job(nodes)
    video, mask = np.stack(sent(comfy)), np.stack(sent(comfy, node="4"))
    assert set(np.unique(mask)) == {0, 255} and not mask[0].any(), "the first frame is known as a whole"
    assert mask[-1].mean() > mask[1].mean() > 0, "more and more is uncovered"
    assert (video[mask == 255] == 127).all()
    known = (mask[..., 0] == 0) & (np.arange(64) < 50) & (np.arange(32)[:, None] < 30)
    assert (video[known] != 127).any(axis=-1).mean() > 0.95


def test_only_the_passes_that_the_workflow_asks_for_are_made_and_uploaded(job, comfy):
    job(workflow(node1="MB depth"))
    assert len(comfy.uploads) == 1
    depth = np.stack(sent(comfy))
    assert (depth[..., 0] == depth[..., 2]).all()


def test_depth_is_inverse_with_one_range_for_the_shot_and_the_sky_is_black(job, comfy, scene):
    z = np.array(scene.depth, np.float64)
    z[:, :5] = np.inf
    z[3, 10, 10] = 1e-3  # one thing that is nearly at the lens must not flatten all else
    job(workflow(node1="MB depth"), replace(scene, depth=z.astype(np.float32)))
    depth = np.stack(sent(comfy))[:, :30, :50, 0]
    sky = ~np.isfinite(z)
    assert (depth[sky] == 0).all() and depth[3, 10, 10] == 255
    sky[3, 10, 10] = True
    inverse, shown = 1 / z[~sky], depth[~sky].astype(float)
    below = (shown > 0) & (shown < 255)  # what is not clipped
    slope, offset = np.polyfit(inverse[below], shown[below], 1)
    assert slope > 0 and abs(slope * inverse.min() + offset) < 4, "the farthest is black, the nearest white"
    assert np.abs(slope * inverse + offset - shown)[below].max() < 1, "one line for all frames: the range does not pump"


def test_prompt_seed_frames_camera_and_tracks_reach_the_nodes_of_their_titles(job, comfy, scene):
    nodes = workflow()
    for number, (title, kind) in enumerate(
        [("prompt", "StringMultiline"), ("negative", "StringMultiline"), ("seed", "Int"), ("frames", "Int")]
        + [("camera", "StringMultiline"), ("tracks", "StringMultiline")],
        10,
    ):
        value = 0 if kind == "Int" else ""
        about = {"class_type": f"Primitive{kind}", "inputs": {"value": value}, "_meta": {"title": f"mb  {title}"}}
        nodes[str(number)] = about
    xy = np.stack([np.full((5, 2), 7.25, np.float32), np.full((5, 2), 3, np.float32)])
    visible = np.array([[True, True, False, True, True], [False, True, True, True, True]])
    from motion_bridge.shot import Tracks

    lens = np.array(scene.camera.intrinsics)
    lens[:, 0, 1] = 0
    scene = replace(scene, camera=replace(scene.camera, intrinsics=lens))
    tracked = replace(scene, tracks=Tracks(xy, visible, ("a", "b"), ("grid", "grid")), prompts={1: "fog", 4: "sun"})
    events = job(nodes, replace(tracked, negative={1: "text"}, seed=41))
    given = [comfy.prompts[0]["prompt"][str(number)]["inputs"]["value"] for number in range(10, 16)]
    assert given[:4] == ["fog", "text", 41, 5]
    rows = np.array([line.split() for line in given[4].splitlines() if line], float)
    assert rows.shape == (5, 19)
    focal = np.asarray(scene.camera.intrinsics)[:, 0, 0]
    np.testing.assert_allclose(rows[:, 1] * 64, focal, rtol=1e-9)  # in shares of the picture that is sent
    assert json.loads(given[5]) == [[{"x": 7.25, "y": 7.25}] * 2], (
        "a hidden track ends, one hidden at first is left out"
    )
    assert "one prompt" in notices(events)


def test_a_long_shot_runs_in_chunks_that_start_from_what_was_made(job, comfy, scene, frames):
    nodes = workflow()
    nodes["4"] = {"class_type": "LoadImage", "inputs": {"image": "x.png"}, "_meta": {"title": "MB mask"}}
    nodes["5"] = {"class_type": "LoadImage", "inputs": {"image": "x.png"}, "_meta": {"title": "MB first frame"}}
    events = job(nodes, chunk=3, frame_step=1)
    assert len(comfy.prompts) == 2 and made(events) == [1, 2, 3, 4, 5]
    pictures = frames()
    np.testing.assert_array_equal(sent(comfy, 1)[0][:30, :50], pictures[2])
    np.testing.assert_array_equal(sent(comfy, 1, "5")[0][:30, :50], pictures[2])
    assert not sent(comfy, 1, "4")[0].any(), "the frame that is continued is known"
    assert "2 runs" in notices(events)


def test_frame_by_frame_each_picture_is_the_one_before_warped(job, comfy, frames):
    job(chunk=1, holes="fill")
    assert len(comfy.prompts) == 5
    pictures, fed = frames().astype(int), [sent(comfy, k)[0][:30, :50].astype(int) for k in range(5)]
    for k in range(1, 5):
        near, far = np.abs(fed[k] - pictures[k - 1]).mean(), np.abs(fed[k] - (255 - pictures[k - 1])).mean()
        assert near < far, "what was made is carried on, not the Shot's own first frame"
        np.testing.assert_array_equal(pictures[k], 255 - fed[k])


def test_a_chunk_is_rounded_up_to_what_the_model_makes_and_the_rest_dropped(job, comfy, scene):
    events = job(frame_step=8, chunk=9)
    assert len(sent(comfy)) == 9 and made(events) == list(scene.frames)
    np.testing.assert_array_equal(sent(comfy)[4], sent(comfy)[8])
    assert "9 frames for 5" in notices(events)


def test_resume_runs_only_the_chunks_that_lack_a_frame(job, comfy, frames, tmp_path):
    job(chunk=3, frame_step=1)
    before = frames()
    (tmp_path / "take/frame_0005.png").unlink()
    comfy.prompts.clear()
    assert made(job(chunk=3, frame_step=1, resume=True)) == [5]
    assert len(comfy.prompts) == 1
    np.testing.assert_array_equal(frames(), before)


def test_a_take_is_not_resumed_with_another_workflow(job, tmp_path):
    job()
    (tmp_path / "take/frame_0005.png").unlink()
    with pytest.raises(BadInput, match="not the workflow any more"):
        job(workflow(node2="Invert"), resume=True)


def test_progress_and_previews_come_while_the_server_works(job, comfy):
    comfy.preview = png.encode(np.full((8, 8, 3), 77, np.uint8))
    events = job()
    shown = [event for event in events if isinstance(event, Preview)]
    assert shown and (shown[0].pixels == 77).all()
    assert any(isinstance(event, Progress) and event.stage == "MB output" and event.total == 5 for event in events)
    assert comfy.prompts[0]["extra_data"]["preview_method"] == "latent2rgb"


def test_cancel_interrupts_this_prompt_and_nobody_elses(job, comfy):
    comfy.gate.clear()
    comfy.other("before")
    assert comfy.at_gate.wait(SOON)
    stopped = threading.Event()

    def wait_for_queue():
        until(lambda: comfy.prompts, SOON, "the prompt")
        comfy.other("after")
        stopped.set()

    threading.Thread(target=wait_for_queue, daemon=True).start()
    with pytest.raises(Cancelled):
        job(cancelled=stopped.is_set)
    ours = comfy.prompts[0]["prompt_id"]
    assert comfy.deleted == [ours] and comfy.interrupted == []
    assert comfy.running == "before" and comfy.waiting() == ["after"]
    comfy.gate.set()
    until(lambda: comfy.history("after"), SOON, "the other client's prompt")
    assert comfy.history("before")["status"]["completed"] and comfy.history("after")["status"]["completed"]


def test_cancel_interrupts_a_prompt_that_runs(job, comfy):
    comfy.gate.clear()
    with pytest.raises(Cancelled):
        job(cancelled=comfy.at_gate.is_set)
    assert comfy.interrupted == [comfy.prompts[0]["prompt_id"]]


def test_a_job_that_ends_between_two_frames_leaves_no_prompt_behind(job, comfy):
    """Whoever follows the events may stop at a progress, too."""
    comfy.gate.clear()

    class Stop(Exception):
        pass

    def saw(event):
        if isinstance(event, Progress) and comfy.at_gate.is_set():
            raise Stop

    comfy.preview = png.encode(np.zeros((8, 8, 3), np.uint8))
    with pytest.raises((Stop, Cancelled)):
        job(saw=saw, cancelled=lambda: False)
    until(lambda: comfy.interrupted or comfy.deleted, SOON, "the interruption")


def test_a_dropped_socket_is_opened_again_and_no_frame_is_lost(job, comfy, scene):
    comfy.drop_at_frame = True
    assert made(job(chunk=3, frame_step=1)) == list(scene.frames)
    assert comfy.opened >= 2


def test_memory_that_runs_out_at_the_server_is_said_as_such(job, comfy):
    comfy.fault = ("torch.OutOfMemoryError", OUT_OF_MEMORY)
    with pytest.raises(OutOfMemory, match=r"MB output.*smaller"):
        job()


def test_a_node_that_fails_is_named_with_its_own_words(job, comfy):
    comfy.fault = ("ValueError", "the flux capacitor is empty")
    with pytest.raises(MotionBridgeError, match="MB output failed in ComfyUI: ValueError: the flux capacitor is empty"):
        job()


def test_finished_chunks_stay_when_a_later_one_fails(job, comfy, frames):
    def saw(event):
        if isinstance(event, FrameMade) and event.index == 2:
            comfy.fault = ("ValueError", "no")

    with pytest.raises(MotionBridgeError):
        job(saw=saw, chunk=3, frame_step=1)
    assert len(frames()) == 3


def test_a_server_that_was_restarted_does_not_know_the_prompt(job, comfy):
    comfy.forgets = True
    with pytest.raises(BackendFailed, match="does not know the prompt any more"):
        job()


def test_missing_nodes_and_models_are_listed_before_anything_is_sent(job, comfy):
    nodes = workflow()
    nodes["4"] = {"class_type": "WanVaceToVideo", "inputs": {}}
    nodes["5"] = {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "wan.safetensors"}}
    nodes["6"] = {"class_type": "VAELoader", "inputs": {"vae_name": "wan_vae.safetensors"}}
    wanted = r"nodes: WanVaceToVideo; models: wan\.safetensors \(for Checkpoint.*, wan_vae\.safetensors \(for VAEL"
    with pytest.raises(ModelMissing, match=wanted):
        job(nodes)
    assert not comfy.prompts and not comfy.uploads


def test_inputs_that_do_not_fit_are_listed_before_anything_is_sent(job, comfy):
    nodes = workflow()
    nodes["2"]["inputs"] = {"image": ["77", 0]}
    nodes["4"] = {"class_type": "RepeatImageBatch", "inputs": {"image": ["1", 0]}}
    nodes["5"] = {"class_type": "LoadImage", "inputs": {"image": "mine.png"}}
    wanted = "image comes from a node that is not there.*amount is missing.*LoadImage: image cannot be 'mine.png'"
    with pytest.raises(BadInput, match=wanted):
        job(nodes)
    assert not comfy.prompts and not comfy.uploads


def test_another_number_of_pictures_is_refused(job, comfy):
    comfy.extra_frames = 3
    with pytest.raises(BadInput, match="gave 8 pictures; 5 are due"):
        job()


def test_no_server_at_the_address_is_said_with_a_remedy(job):
    with pytest.raises(BadInput, match=r"No ComfyUI answers at http://127\.0\.0\.1:1 .*Start it"):
        job(server="127.0.0.1:1")


def test_another_machine_is_refused_before_anything_is_asked_of_it(job):
    with pytest.raises(BadInput, match=r"render\.example is another machine.*allow_remote"):
        job(server="http://render.example:8188")


def test_a_shot_without_a_scene_has_nothing_to_warp(job, scene):
    with pytest.raises(BadInput, match="needs depth"):
        job(shot=replace(scene, depth=None, objects=None))


def test_the_command_line_renders_with_it(comfy, scene, tmp_path):
    from motion_bridge import shot as shots

    shots.save(scene, tmp_path / "shot")
    (tmp_path / "workflow.json").write_text(json.dumps(workflow()))
    words = ["render", "shot", "--engine", "comfyui", "--output", "out", "--set", "workflow=workflow.json"]
    done = command_line.run(*words, "--set", f"server={comfy.url}", backend=REAL, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Saved: ") == len(scene.frames)
