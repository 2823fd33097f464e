"""Track formats: what is written is what the programs' own readers expect, literally so in their own examples."""

import base64
import io
import json
import pickle
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from motion_bridge import shot as contract
from motion_bridge import track_formats
from motion_bridge.errors import BadInput, ModelMissing
from motion_bridge.media import png
from motion_bridge.track_formats import arrays, ati, comfyui, das, native, torch_zip, wan_move, wantrack
from motion_bridge.track_formats.clip_transform import Clip, sample

BACKEND = Path(__file__).parents[2] / "backend"
SIZE = (832, 480)
FPS = 24.0


TORCH_2_13 = (  # torch.save(b"\x00\xffPK" * 3), compressed
    "eNoL8GZmYWDg4GDAAAIMQgyJRckZmWWp+imJJYl6Bdk5bk58DFEooIEpOT45PyU1uZgrNQ/E4CpkiOAH6T+8P8AbQRQyRrABBXMSSzLzDAuZ2g"
    "qZgwpZ9AK82TlMluvL2AGlQDgAp2vEGWzhrtFLyy/KTSyJL0stKs7Mz3NzskRzFAnAEOSE7e/vNDMCLWHE6wQpBnOEE4pL8osS01PjE3My0/Ny"
    "U/NK3JyMyXGFmQnIAfblhS+ZgFYw4XWAIIM93AFJlSWp+UUpqUVuTtbk+z4qKiezpCQnFeSGVtvHkqAoYsPrBn6keKBG+Btzgey+OC89lLD/5R"
    "iMEBEASpL6xalFmcAYqAKmqvy8+MwUNyc9Ep1iYGRpYGFiZmFmbm5uZmRpZGxoYGJgYGBqYmFmaW5saWEAlDU3g8RS38+GGRpAd2iAXckIcizc"
    "ncipWADD5ej5CF03cgIUR9HZh6QbLd2jG4KciKRQEw4jA56Ui24OckIQRDFnEpI58ASIrh05LvlRtIsxMaCnHXTNyEEsh2o3kmbskR/gzcamA0"
    "sqzLpwnWxo9GRGCG3BDKGB+thB9GkWCB9SCrCyQfSwgdVD1AIAbQIb0g=="
)


def clip_of(xy, visible=None, fps=24.0, frames=None):
    xy = np.asarray(xy, np.float32)
    visible = np.ones(xy.shape[:2], bool) if visible is None else np.asarray(visible, bool)
    return Clip(xy, visible, frames or tuple(range(xy.shape[1])), fps, *SIZE)


def test_every_format_is_found_however_it_is_spelt():
    assert [
        track_formats.find(name) for name in ("Wan-Move", "wanmove", "ATI", "comfyui", "DaS", "FastVideo", "NPZ")
    ] == [*("wan-move", "wan-move", "ati", "comfyui-ati", "das", "wantrack", "npz")]
    with pytest.raises(BadInput, match="There is no track format 'abc'; choose one of npz, wantrack"):
        track_formats.find("abc")


# --- memory ---


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in track_formats.MODULES if name != "das"])
@pytest.mark.parametrize(
    "choice", [{}, {"kinds": ("grid",), "size": (416, 240)}], ids=["as it is", "part of it scaled"]
)
def test_three_times_as_many_frames_take_no_more_memory(tmp_path, name, choice):
    def most(frames):
        shot = contract.load(long_shot(tmp_path / f"shot {frames}", frames))
        tracemalloc.start()
        track_formats.write(shot, name, tmp_path / f"{frames}.npy", **choice)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    few, many = 4000, 12000
    most(2)  # what is loaded once is not counted
    own = 9 * POINTS  # bytes of a frame's own positions and visibility
    assert most(many) - most(few) < (many - few) * own / 5


POINTS = 64


def long_shot(folder, frames):
    """A Shot folder with many frames of points that stay in the picture."""
    turn = np.arange(frames) / 50
    places = np.random.default_rng(3).uniform(20, 200, (POINTS, 1, 2))
    xy = (places + 9 * np.stack([np.sin(turn), np.cos(turn)], axis=-1)).astype(np.float32)
    tracks = contract.Tracks(
        xy, np.ones(xy.shape[:2], bool), ("wall",) * POINTS, ("grid",) * (POINTS - 8) + ("path",) * 8
    )
    pose, intrinsics = np.tile(np.eye(4), (frames, 1, 1)), np.tile(np.eye(3), (frames, 1, 1))
    camera = contract.Camera(pose, intrinsics, np.zeros(frames, bool))
    picture = np.zeros((480, 832, 3), np.uint8)
    contract.save(contract.Shot(tuple(range(frames)), FPS, *SIZE, camera, picture, tracks=tracks), folder)
    return folder


# --- time ---


def test_positions_between_frames_are_interpolated_and_need_both_to_be_visible():
    clip = clip_of([[[0, 0], [4, 8], [8, 0]]], [[True, True, False]], fps=10, frames=(7, 8, 12))
    sampled = sample(clip, 13, 20, "real")  # half a frame a step; frames 8 and 12 are four apart
    assert sampled.xy[0, :, 0].tolist() == [0, 2, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5, 8, 8, 8]
    assert sampled.visible[0].tolist() == [True, True, True] + [False] * 10
    assert sampled.covered == 11


def test_a_stretched_clip_ends_where_the_format_ends():
    clip = clip_of([[[0, 0], [10, 20]]])
    sampled = sample(clip, 81, 16, "stretch")
    assert sampled.covered == 81 and sampled.xy[0, 80].tolist() == [10, 20] and sampled.xy[0, 40].tolist() == [5, 10]


def test_samples_on_frames_are_the_frames_themselves():
    rng = np.random.default_rng(1)
    clip = clip_of(rng.uniform(0, 400, (5, 121, 2)), rng.random((5, 121)) < 0.7)
    sampled = sample(clip, 121, 24, "real")
    assert (sampled.xy == clip.xy).all() and (sampled.visible == clip.visible).all()


# --- this project's own ---


def test_our_own_file_gives_everything_back(make_shot, tmp_path):
    clip = track_formats.of_shot(make_shot(30))
    native.write(clip, tmp_path / "a.npz", "real")
    back = native.read(tmp_path / "a.npz")
    assert (back.xy == clip.xy).all() and (back.visible == clip.visible).all()
    assert back.frames == tuple(range(5, 35)) and (back.fps, back.width, back.height) == (24, 832, 480)
    assert back.name == ("ball", "wall", "edge", "wall") and back.kind == ("path", "grid", "path", "grid")


def test_the_same_tracks_always_give_the_same_bytes(make_shot, tmp_path):
    for name in ("npz", "wantrack", "wan-move", "ati", "comfyui-ati"):
        written = [track_formats.write(make_shot(30), name, tmp_path / n / "x.bin").files for n in ("one", "two")]
        for one, two in zip(*written, strict=True):
            assert one.read_bytes() == two.read_bytes(), name


# --- WanTrack ---


def test_wantrack_points_fall_into_the_cells_of_the_documented_example(tmp_path):
    clip = clip_of([[[416, 240]] * 5, [[208, 48]] * 5], [[1, 1, 1, 1, 1], [1, 1, 0, 0, 1]])
    wantrack.write(clip, tmp_path / "w.npz", "real")
    found = np.load(tmp_path / "w.npz", allow_pickle=False)
    assert found["track_points"].dtype == np.float32 and found["track_points"].shape == (5, 2, 2)
    assert np.allclose(found["track_points"][0], [[0.5, 0.5], [0.25, 0.1]])
    assert found["track_visibility"].tolist() == [[1, 1], [1, 1], [1, 0], [1, 0], [1, 1]]
    assert found["track_ids"].tolist() == [0, 1] and found["track_ids"].dtype == np.int64
    cells = np.rint(found["track_points"][0] * (103, 59))
    assert cells.tolist() == [[52, 30], [26, 6]]


def test_wantrack_has_4n_plus_1_frames_and_comes_back(make_shot, tmp_path):
    for frames, expected, held in ((81, 81, 0), (24, 25, 1), (300, 121, 0), (1, 1, 0)):
        clip = track_formats.of_shot(make_shot(frames))
        _, notices = wantrack.write(clip, tmp_path / "w.npz", "real")
        back = wantrack.read(tmp_path / "w.npz", *SIZE)
        assert back.xy.shape == (4, expected, 2)
        assert np.allclose(back.xy[:, : expected - held], clip.xy[:, : expected - held], atol=1e-3)
        assert (back.visible[:, : expected - held] == clip.visible[:, : expected - held]).all()
        assert len(notices) == (held > 0) + (frames == 300)


def test_a_training_sidecar_is_read_too(tmp_path):
    arrays.write_npz(
        tmp_path / "s.npz",
        tracks=np.array([[[10.0, 20]]]),
        visibility=np.ones((1, 1)),
        width=np.array(100),
        height=np.array(50),
    )
    assert wantrack.read(tmp_path / "s.npz", 200, 50).xy.tolist() == [[[20, 20]]]


# --- Wan-Move ---


def test_wan_move_hits_the_cells_of_the_documented_example(tmp_path):
    path = np.linspace([481.0, 217.5], [473.0, 221.0], 5)
    clip = clip_of([[*path, *[path[-1]] * 76]], fps=16)
    files, notices = wan_move.write(clip, tmp_path / "x.npy", "real")
    assert [file.name for file in files] == ["x_tracks.npy", "x_visibility.npy"] and not notices
    tracks, visible = np.load(files[0], allow_pickle=False), np.load(files[1], allow_pickle=False)
    assert tracks.shape == (1, 81, 1, 2) and tracks.dtype == np.float32
    assert visible.shape == (1, 81, 1) and visible.dtype == bool and visible.all()
    assert wan_move.cells(tracks[0, 0, 0]).tolist() == [27, 60] and wan_move.cells(tracks[0, 4, 0]).tolist() == [27, 59]


def test_wan_move_leaves_out_what_its_first_frame_does_not_show(make_shot, tmp_path):
    shot = make_shot(121)
    shot.tracks.visible[3, 0] = False
    written = track_formats.write(shot, "wan-move", tmp_path / "m")
    assert written.notices == ("1 of 4 tracks were left out: Wan-Move needs every track visible at its first frame",)
    back = wan_move.read(tmp_path / "m_tracks.npy", *SIZE)
    assert back.xy.shape == (3, 81, 2) and back.visible[:, 0].all() and back.fps == 16
    assert np.allclose(back.xy[0, :, 0], 416 + 3 * np.arange(81), atol=1e-3)  # 2 px a frame at 24, 3 at 16
    assert not back.visible[2, 1:].any()  # leaves the picture at once


def test_a_short_clip_is_hidden_after_its_end_and_says_so(make_shot, tmp_path):
    written = track_formats.write(make_shot(25), "wan-move", tmp_path / "m")
    assert "the clip lasts 1.00 of 5.00 seconds; after it all tracks are hidden" in written.notices[-1]
    back = wan_move.read(tmp_path / "m_visibility.npy", *SIZE)
    assert back.visible[0, :17].all() and not back.visible[:, 17:].any()


def test_a_format_that_can_hold_no_track_is_refused(make_shot, tmp_path):
    shot = make_shot(25)
    shot.tracks.visible[:, 0] = False
    with pytest.raises(BadInput, match="None of the 4 tracks can be written: Wan-Move needs"):
        track_formats.write(shot, "wan-move", tmp_path / "m")


# --- ATI ---


def test_ati_has_the_numbers_of_the_documented_example(make_shot, tmp_path):
    track_formats.write(make_shot(121), "ati", tmp_path / "t.pth", kinds=["path"])
    inner = arrays.npz(torch_zip.load((tmp_path / "t.pth").read_bytes(), "t"), "t")
    array = inner["array"]
    assert list(inner) == ["array"] and array.shape == (2, 121, 1, 3) and array.dtype == np.float32
    assert array[0, :3, 0].tolist() == [[3328, 1920, 8], [3344, 1920, 8], [3360, 1920, 8]]
    assert array[1, 1, 0].tolist() == [8 * 834.5, 8 * 11, 0]  # outside, so hidden
    assert ati.kept()[:9].tolist() == [0, 1, 3, 4, 6, 7, 9, 10, 12] and ati.kept()[-4:].tolist() == [115, 117, 118, 120]


def test_ati_comes_back(make_shot, tmp_path):
    clip = track_formats.of_shot(make_shot(60))
    _, notices = ati.write(clip, tmp_path / "t.pth", "real")
    back = ati.read(tmp_path / "t.pth", *SIZE)
    assert np.allclose(back.xy[:, :60], clip.xy, atol=1e-4) and (back.visible[:, :60] == clip.visible).all()
    assert not back.visible[:, 60:].any() and not back.xy[:, 60:].any() and "2.46 of 5.00 seconds" in notices[0]


@pytest.mark.slow
def test_real_torch_loads_what_we_write_and_we_load_what_it_writes(tmp_path):
    torch = pytest.importorskip("torch")
    data = bytes(range(256)) * 33
    (tmp_path / "ours.pth").write_bytes(torch_zip.save(data))
    assert torch.load(tmp_path / "ours.pth", weights_only=True) == data
    torch.save(data, tmp_path / "theirs.pth")
    theirs = (tmp_path / "theirs.pth").read_bytes()
    assert torch_zip.load(theirs, "theirs") == data
    with zipfile.ZipFile(io.BytesIO(theirs)) as archive, zipfile.ZipFile(tmp_path / "ours.pth") as ours:
        assert {name.split("/", 1)[1] for name in archive.namelist()} == {
            name.split("/", 1)[1] for name in ours.namelist()
        }


def test_a_file_of_torch_itself_is_read_without_torch():
    theirs = zlib.decompress(base64.b64decode(TORCH_2_13))
    assert torch_zip.load(theirs, "theirs") == b"\x00\xffPK" * 3
    with zipfile.ZipFile(io.BytesIO(theirs)) as archive:
        names = [name.removeprefix("archive/") for name in archive.namelist()]
    with zipfile.ZipFile(io.BytesIO(torch_zip.save(b"x"))) as archive:
        assert [name.removeprefix("archive/") for name in archive.namelist()] == names


class Evil:
    def __reduce__(self):
        return (print, ("this must never run",))


def packed(pickled):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
    return stream.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04 cut short",
        packed(pickle.dumps(Evil(), 2)),
        packed(pickle.dumps([b"a", b"b"], 2)),
        packed(pickle.dumps({"x": 1})),
        packed(b"\x80\x02cos\nsystem\nX\x04\0\0\0true\x85R."),
        packed(b"\x80\x02c_codecs\nencode\nX\x01\0\0\0aX\x05\0\0\0utf_8\x86R."),
        packed(b"\x80\x02c_codecs\nencode\nX\x03\0\0\0\xe2\x82\xacX\x06\0\0\0latin1\x86R."),
        packed(b"\x80\x02X\xff\xff\xff\x7fabc."),
        packed(b""),
    ],
    ids=range(10),
)
def test_a_pickle_of_anything_but_bytes_is_refused_and_never_run(data, capsys):
    with pytest.raises(BadInput, match=r"^x\.pth "):
        torch_zip.load(data, "x.pth")
    assert capsys.readouterr().out == ""


def test_bytes_pickled_by_newer_protocols_are_read(tmp_path):
    for protocol in (3, 4, 5):
        assert torch_zip.load(packed(pickle.dumps(b"\0\xff", protocol)), "x") == b"\0\xff"


# --- ComfyUI ---


def test_the_comfyui_text_is_that_of_the_documented_example(tmp_path):
    clip = clip_of([[[416, 240], [418, 240], [420, 240]], [[100, 60]] * 3])
    comfyui.write(clip, tmp_path / "c.json", "real")
    assert (tmp_path / "c.json").read_text() == (
        '[[{"x":416,"y":240},{"x":418,"y":240},{"x":420,"y":240}],[{"x":100,"y":60},{"x":100,"y":60},{"x":100,"y":60}]]'
    )


def test_comfyui_tracks_for_ati_end_where_they_are_hidden(make_shot, tmp_path):
    written = track_formats.write(make_shot(121), "comfyui-ati", tmp_path / "c.json")
    back = comfyui.read(tmp_path / "c.json", *SIZE)
    assert back.xy.shape == (4, 121, 2)
    assert back.visible.sum(axis=1).tolist() == [121, 30, 1, 41]
    assert "3 tracks end where they are hidden for the first time" in written.notices[0]


def test_comfyui_tracks_for_wan_move_are_81_points_each(make_shot, tmp_path):
    written = track_formats.write(make_shot(49), "comfyui-wan-move", tmp_path / "c.json")
    tracks = json.loads((tmp_path / "c.json").read_text())
    assert {len(track) for track in tracks} == {81} and tracks[0][80] == tracks[0][32] == {"x": 512, "y": 240}
    assert "after it every track stays where it is" in written.notices[0]


@pytest.mark.parametrize(
    "text",
    [
        '[{"x": 1, "y": 2.5}, {"x": 3, "y": 4}]',
        "[[{'x': 1, 'y': 2.5, 'z': 0}, {'x': 3, 'y': 4}]]",
        json.dumps(['[{"x": 1, "y": 2.5}, {"x": 3, "y": 4}]']),
    ],
)
def test_every_spelling_of_the_comfyui_text_is_read(text, tmp_path):
    (tmp_path / "c.json").write_text(text)
    if text.startswith('["'):
        text = text.replace("\\", "")
    assert comfyui.read(tmp_path / "c.json", *SIZE).xy.tolist() == [[[1, 2.5], [3, 4]]]


@pytest.mark.parametrize(
    "text", ["", "3", "[]", "[[]]", '[[{"x": 1}]]', '[[{"x": NaN, "y": 1}]]', "[" * 9999, '[["a"]]']
)
def test_a_text_without_tracks_is_refused(text, tmp_path):
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(BadInput, match=r"c\.json"):
        comfyui.read(tmp_path / "c.json", *SIZE)


# --- Diffusion as Shader ---


def test_the_color_of_a_point_is_that_of_the_documented_example():
    assert das.colors_between(np.array([[360.0, 120]]), np.array([0.5]), 0.1, 0.9).tolist() == [[127, 63, 127]]


def test_near_points_cover_far_ones_and_keep_their_color():
    xy = np.array([[100.7, 50.2], [101.0, 50.0], [719.9, 479.9], [-3, 5], [5, 0], [9, 9]])
    depth = np.array([1.0, 2, 3, 1, 1, np.nan])
    color = np.arange(1, 19, dtype=np.uint8).reshape(6, 3)
    picture = das.draw(xy, depth, color)
    assert picture.shape == (480, 720, 3)
    assert (picture[49:52, 99:102] == color[0]).all() and (picture[49:52, 102] == color[1]).all()
    assert (picture[478:, 718:] == color[2]).all() and (picture > 0).all(axis=-1).sum() == 9 + 3 + 4


@pytest.mark.slow
def test_the_tracking_video_follows_camera_and_object(make_shot, tmp_path):
    shot = make_shot(25, depth=True)
    written = track_formats.write(shot, "das", tmp_path / "video.npy")
    video = np.load(tmp_path / "video.npy", allow_pickle=False)
    assert video.shape == (49, 480, 720, 3) and video.dtype == np.uint8
    assert "stretched to 720x480" in written.notices[0]
    row = 240
    for number, frame in ((0, 0), (24, 12), (48, 24)):
        wall = 200 - 800 / 4 * 0.01 * frame  # video pixels would be 720 / 832 of it
        card = 416 + 800 / 2 * 0.02 * frame
        for x, shift in ((200.0, wall), (416.0, card)):
            column = int(shift * 720 / 832)
            red, green, blue = video[number, row, column].astype(int)
            assert abs(red - 255 * x / 832) < 2 and abs(green - 127) < 2
            assert blue == (255 if shift == card else 0)


def test_a_tracking_video_can_be_a_folder_of_pictures(make_shot, tmp_path, monkeypatch):
    monkeypatch.setattr(das, "FRAMES", 2)
    shot = make_shot(2, depth=True, size=(72, 48))
    track_formats.write(shot, "das", tmp_path / "frames")
    pictures = [png.read(tmp_path / "frames" / name) for name in ("0000.png", "0001.png")]
    assert (np.stack(pictures) == das.render(shot)).all() and len(list((tmp_path / "frames").iterdir())) == 2


def test_a_movie_needs_an_encoder_and_says_so(make_shot, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ModelMissing, match="needs the package av"):
        track_formats.write(make_shot(2, depth=True), "das", tmp_path / "v.mp4")


@pytest.mark.slow
def test_a_movie_keeps_the_colors(make_shot, tmp_path):
    av = pytest.importorskip("av")
    shot = make_shot(9, depth=True)
    track_formats.write(shot, "das", tmp_path / "v.mp4")
    track_formats.write(shot, "das", tmp_path / "v.npy")
    with av.open(str(tmp_path / "v.mp4")) as container:
        assert float(container.streams.video[0].average_rate) == 8
        back = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    exact = np.load(tmp_path / "v.npy", allow_pickle=False)
    assert back.shape == exact.shape and np.abs(back.astype(int) - exact).mean() < 2


def test_without_depth_there_is_no_tracking_video(make_shot, tmp_path):
    with pytest.raises(BadInput, match="needs depth"):
        track_formats.write(make_shot(2), "das", tmp_path / "v.npy")


# --- strangers' files ---


@pytest.mark.parametrize("change", ["cut", "shape", "objects", "text", "bomb"])
def test_a_damaged_array_is_refused(change, tmp_path):
    good = arrays.npy_bytes(np.zeros((1, 81, 2, 2), np.float32))
    data = {
        "cut": good[:-5],
        "shape": good.replace(b"(1, 81, 2, 2)", b"(9, 81, 2, 2)"),
        "objects": io.BytesIO(),
        "text": b"these are no numbers",
        "bomb": good.replace(b"(1, 81, 2, 2), }", b"(10**9, 10**9)}"),
    }[change]
    if change == "objects":
        np.save(data, np.array([Evil()], dtype=object), allow_pickle=True)
        data = data.getvalue()
    (tmp_path / "x_tracks.npy").write_bytes(data)
    with pytest.raises(BadInput, match=r"x_tracks\.npy"):
        wan_move.read(tmp_path / "x_tracks.npy", *SIZE)


def test_a_file_that_is_missing_or_of_another_kind_is_named(tmp_path):
    (tmp_path / "a.npz").write_bytes(arrays.npz_bytes(numbers=np.arange(3)))
    for read in (native.read, lambda path: wantrack.read(path, *SIZE), lambda path: ati.read(path, *SIZE)):
        with pytest.raises(BadInput, match=r"a\.npz"):
            read(tmp_path / "a.npz")
        with pytest.raises(BadInput, match=r"nothing\.npz cannot be read"):
            read(tmp_path / "nothing.npz")


@pytest.mark.slow
def test_a_file_with_flipped_bytes_is_read_or_refused(make_shot, tmp_path):
    rng = np.random.default_rng(3)
    readers = {
        "npz": native.read,
        "wantrack": lambda path: wantrack.read(path, *SIZE),
        "ati": lambda path: ati.read(path, *SIZE),
        "comfyui-ati": lambda path: comfyui.read(path, *SIZE),
        "wan-move": lambda path: wan_move.read(path, *SIZE),
    }
    shot = make_shot(9)
    for name, read in readers.items():
        path = track_formats.write(shot, name, tmp_path / name / "x_tracks.npy").files[0]
        good, refused = path.read_bytes(), 0
        for _ in range(200):
            data = bytearray(good)
            for place in rng.integers(0, len(data), rng.integers(1, 4)):
                data[place] = rng.integers(0, 256)
            path.write_bytes(data[: rng.integers(0, len(data))] if rng.random() < 0.3 else data)
            try:
                read(path)
            except BadInput:
                refused += 1
        assert refused > 50, name


# --- the command ---


def export(*words):
    command = [sys.executable, "-I", BACKEND, "export", *map(str, words)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_the_command_writes_and_says_what_it_left_out(make_shot, tmp_path):
    contract.save(make_shot(25), tmp_path / "shot")
    code, out, errors = export(
        tmp_path / "shot", "--format", "wan-move", "--out", tmp_path / "o" / "m", "--kind", "path"
    )
    assert code == 0 and out.splitlines() == [
        f"Saved: '{tmp_path / 'o' / n}'" for n in ("m_tracks.npy", "m_visibility.npy")
    ]
    assert "motion-bridge: note: the clip lasts 1.00 of 5.00 seconds" in errors
    assert np.load(tmp_path / "o" / "m_tracks.npy").shape == (1, 81, 2, 2)
    words = ("--size", "416x240", "--timing", "stretch")
    code, _, errors = export(tmp_path / "shot", "--format", "npz", "--out", tmp_path / "a.npz", *words)
    assert code == 0 and native.read(tmp_path / "a.npz").xy[0, 0].tolist() == [208, 120]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--format", "abc", "--out", "x"), "There is no format 'abc'"),
        (("--format", "ati", "--out", "x", "--size", "big"), "--size is 'big'; write it like 832x480"),
        (("--format", "ati", "--out", "x", "--kind", "pinned"), "The Shot has no tracks of kind pinned"),
        (("--format", "das", "--out", "x"), "needs depth"),
    ],
)
def test_the_command_refuses_with_code_2_and_a_sentence(words, message, make_shot, tmp_path):
    contract.save(make_shot(3), tmp_path / "shot")
    code, out, errors = export(tmp_path / "shot", *words)
    assert code == 2 and not out and message in errors and "Traceback" not in errors


@pytest.mark.parametrize("names", [("track_points", "track_visibility"), ("tracks", "visibility")])
def test_positions_that_are_no_pairs_are_refused(tmp_path, names):
    np.savez(tmp_path / "a.npz", **{names[0]: np.zeros((33, 5, 4)), names[1]: np.ones((33, 5))})
    with pytest.raises(BadInput, match=rf"{names[0]} has shape \(33, 5, 4\); its last side must be 2"):
        wantrack.read(tmp_path / "a.npz", *SIZE)
