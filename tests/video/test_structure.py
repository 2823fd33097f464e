"""Depth, edges and tracks as pictures, exactly as the facts of each model say; and the models that follow them."""

from dataclasses import replace

import numpy as np
import pytest
from motion_bridge.engines.base import GenerationRequest
from motion_bridge.engines.video import depth_control, edge_control, track_control
from motion_bridge.engines.video.engine import engine
from motion_bridge.errors import BadInput
from motion_bridge.geometry.map_scene import MapScene
from motion_bridge.shot import Camera, Objects, Shot, Tracks


def shot_of(depth, index=None, fps=16.0):
    count, height, width = depth.shape
    lens = np.tile(np.array([[100.0, 0, width / 2], [0, 100.0, height / 2], [0, 0, 1]]), (count, 1, 1))
    objects = None
    if index is not None:
        names = tuple(map(str, range(int(index.max()))))
        objects = Objects(index.astype(np.uint16), np.tile(np.eye(4), (len(names), count, 1, 1)), names)
    return Shot(
        frames=tuple(range(1, count + 1)),
        fps=fps,
        width=width,
        height=height,
        camera=Camera(np.tile(np.eye(4), (count, 1, 1)), lens, np.zeros(count, bool)),
        first_frame=np.full((height, width, 3), 90, np.uint8),
        depth=depth.astype(np.float32),
        objects=objects,
    )


def depth_of(*columns):
    """One frame, columns of 16 pixels at these depths."""
    return np.repeat(np.array(columns, float), 16)[None, None].repeat(48, 1)


def gray(shot, k=0):
    (picture,) = depth_control.frames(MapScene(shot), (k,), depth_control.range_of(shot))
    assert (picture[..., :1] == picture).all()
    return picture[24, ::16, 0].tolist()


def test_depth_is_inverse_near_is_white_and_the_sky_is_black_and_not_in_the_range():
    assert gray(shot_of(depth_of(1, 2, 4, np.inf))) == [255, round(255 / 3), 0, 0]


def test_one_range_holds_for_the_whole_clip():
    shot = shot_of(np.concatenate([depth_of(2, 4, 4, 4), depth_of(1, 4, 4, 4)]))
    assert gray(shot, 0)[0] == round(255 / 3) and gray(shot, 1)[0] == 255


def test_linear_depth_is_zoes():
    shot = shot_of(depth_of(*np.linspace(1, 3, 8)))
    found = depth_control.range_of(shot)
    picture = depth_control.linear_gray(MapScene(shot).surfaces(0).inverse_depth, found)
    assert picture[24, 0, 0] == 255 and picture[24, -1, 0] == 0
    steps = np.diff(picture[24, 24::16, 0].astype(int))[:-1]
    assert steps.max() - steps.min() <= 1, "equal steps of depth are equal steps of gray"


@pytest.mark.parametrize("depth", [(1e-3, 1e6, 10, 20), (5, 5, 5, 5), (np.inf,) * 4])
def test_any_depth_gives_a_picture(depth):
    values = gray(shot_of(depth_of(*depth)))
    assert all(0 <= value <= 255 for value in values)
    assert values == ([0] * 4 if np.isinf(depth[0]) else values)


def test_a_thing_very_near_does_not_flatten_all_else():
    depth = np.tile(np.linspace(2, 10, 200), (1, 100, 1))
    depth[0, :3, :3] = 0.001
    (picture,) = depth_control.frames(MapScene(shot_of(depth)), (0,), depth_control.range_of(shot_of(depth)))
    assert picture[50, 0, 0] > 200


def test_edges_run_where_objects_meet_where_depth_jumps_and_where_a_surface_bends():
    depth, index = depth_of(4, 4, 2, 2), np.ones((1, 48, 64))
    index[:, :, 16:] = 2
    lines = edge_control.edges(MapScene(shot_of(depth, index)).surfaces(0), 100.0)
    assert set(np.flatnonzero(lines[24]).tolist()) == {15, 31}
    x = np.arange(64) + 0.5 - 32
    corner = 1 / (0.25 - 0.002 * np.abs(x))[None, None].repeat(48, 1)  # two walls that meet in an edge ahead
    lines = edge_control.edges(MapScene(shot_of(corner)).surfaces(0), 100.0)
    assert set(np.flatnonzero(lines[24]).tolist()) <= {30, 31, 32, 33} and lines[24].any()
    flat = 1 / (0.25 + 0.002 * x)[None, None].repeat(48, 1)
    assert not edge_control.edges(MapScene(shot_of(flat)).surfaces(0), 100.0).any()


def test_tracks_are_dots_whose_newest_is_blue_and_whose_trail_has_51():
    count = 80
    xy = np.stack([np.linspace(200, 900, count), np.full(count, 540.0)], -1)[None]
    visible = np.ones((1, count), bool)
    picture = track_control.frame(xy, visible, 70, (1920, 1080), (1920, 1080)).astype(int)
    newest, oldest = (np.rint(xy[0, k]).astype(int) for k in (70, 20))
    assert picture[540, newest[0]].tolist() == [0, 0, 255], "red, written as blue"
    assert picture[540, oldest[0]].tolist() == [255, 0, 0]
    assert picture[540 + 7, newest[0]].any() and not picture[540 + 9, newest[0]].any()
    assert picture[540 + 2, oldest[0]].any() and not picture[540 + 4, oldest[0]].any()
    assert not picture[540, np.rint(xy[0, 18, 0]).astype(int) - 3].any(), "older positions are gone"


def test_a_hidden_point_draws_nothing_and_its_trail_fades():
    xy, visible = np.full((1, 60, 2), 500.0), np.ones((1, 60), bool)
    visible[:, 5:] = False
    assert track_control.frame(xy, visible, 6, (1000, 1000), (1080, 1080)).any()
    assert not track_control.frame(xy, visible, 57, (1000, 1000), (1080, 1080)).any()


@pytest.mark.parametrize("control", ["depth", "edges"])
def test_vace_follows_depth_and_edges(render, model_of, short_film, control):
    made = render(short_film.shot, model=str(model_of("wan-vace")), control=control)
    assert sorted(made.frames) == list(range(10))


@pytest.mark.parametrize("control", ["depth", "edges", "tracks"])
def test_ltx_follows_depth_edges_and_tracks_through_its_lora(render, model_of, short_film, tmp_path, control):
    import tiny_video

    file = tiny_video.save_lora(tmp_path / "tiny-ref0.5.safetensors")
    shot = replace(short_film.shot, tracks=tracks_of(10))
    made = render(
        shot, model=str(model_of("ltx-2")), control=control, lora=str(file), size="128x64", accept_license=True
    )
    assert sorted(made.frames) == list(range(10))
    assert any("reference at 1/2" in sentence for sentence in made.notices)


def tracks_of(count):
    xy = np.random.default_rng(1).uniform(5, 60, (4, count, 2)).astype(np.float32)
    return Tracks(xy, np.ones((4, count), bool), ("a",) * 4, ("grid",) * 4)


def test_the_reference_has_the_size_that_the_lora_says(tmp_path):
    import tiny_video
    from motion_bridge.engines.video.pipelines.ltx2 import reference_factor

    assert reference_factor(tiny_video.save_lora(tmp_path / "a.safetensors", reference_downscale_factor="2")) == 2
    assert reference_factor(tiny_video.save_lora(tmp_path / "union-ref0.5.safetensors")) == 2
    assert reference_factor(tiny_video.save_lora(tmp_path / "b.safetensors")) == 1


def test_without_its_lora_ltx_is_refused_by_name(render, model_of, short_film):
    with pytest.raises(BadInput, match="name its file in lora"):
        render(short_film.shot, model=str(model_of("ltx-2")), size="128x64")


@pytest.mark.parametrize("model", ["ltx-2", "cosmos-transfer2.5"])
def test_a_license_that_is_not_accepted_stops_the_job_before_anything_is_loaded(model):
    def request(**settings):
        generation = replace(shot_of(depth_of(1, 2)).generation, settings={"model": model, **settings})
        return GenerationRequest(generation, (1, 2), 24.0)

    with pytest.raises(BadInput, match="Read it at https://"):
        engine.check(request())
    engine.check(request(accept_license=True))
    with pytest.raises(BadInput, match="is not told the scene's camera"):
        engine.check(request(accept_license=True, control="camera"))


def test_a_model_that_no_pipeline_runs_is_refused_with_the_export_that_serves_it():
    generation = replace(shot_of(depth_of(1, 2)).generation, settings={"model": "wan-move-14b"})
    with pytest.raises(BadInput, match="export --format wan-move"):
        engine.check(GenerationRequest(generation, (1,), 24.0))
