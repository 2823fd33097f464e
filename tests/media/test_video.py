"""Videos as phones, screen recorders and strangers make them: upright, at their own speed, within limits."""

import os
import struct
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest

av = pytest.importorskip("av")
pytest.importorskip("cv2")

from motion_bridge.errors import BadInput  # noqa: E402
from motion_bridge.media import orientation, video  # noqa: E402

SIZE = (64, 48)  # width, height


def a_picture(level=200, width=SIZE[0], height=SIZE[1]):
    """Bright at the top left, so that every turn shows."""
    picture = np.full((height, width, 3), 20, np.uint8)
    picture[: height // 2, : width // 2] = level
    return picture


def film(path, pictures, times=None, rate=24, turned=0, metadata=None):
    """An H.264 film; times: of each frame in 1/1000 s."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt, stream.options = "yuv420p", {"crf": "5", "bf": "0"}
        if turned:
            stream.set_display_rotation(turned)
        container.metadata.update(metadata or {})
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.time_base = Fraction(1, 1000)
            frame.pts = times[number] if times else round(1000 * number / rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def corner(picture):
    """Where it is bright."""
    height, width = picture.shape[0] // 2, picture.shape[1] // 2
    found = {
        (top, left): picture[top * height :, left * width :][:height, :width].mean()
        for top in (0, 1)
        for left in (0, 1)
    }
    return max(found, key=lambda place: found[place])


@pytest.mark.parametrize(("turned", "bright"), [(0, (0, 0)), (90, (1, 0)), (180, (1, 1)), (-90, (0, 1))])
def test_a_film_stands_upright_however_the_phone_was_held(tmp_path, turned, bright):
    path = film(tmp_path / "phone.mp4", [a_picture()] * 4, turned=turned)
    found = video.read_footage(path)
    size = SIZE if turned in (0, 180) else SIZE[::-1]
    assert (found.width, found.height) == size == found.frames.shape[2:0:-1]
    assert corner(found.frames[0]) == bright
    guide = next(video.frames_at_rate(path, 1, 24, 64, 64))
    assert corner(guide) == bright


@pytest.mark.parametrize("held", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".tif"])
def test_a_picture_stands_upright_whatever_file_it_is_in(tmp_path, held, suffix):
    image = pytest.importorskip("PIL.Image")
    exif = image.Exif()
    exif[orientation.TAG] = held
    path = tmp_path / f"a{suffix}"
    image.fromarray(a_picture()).save(path, exif=exif, **({"lossless": True} if suffix == ".webp" else {}))
    expected = orientation.upright(a_picture(), held)
    found = video.read_picture(path)
    assert found.shape == expected.shape and corner(found) == corner(expected)


def test_frames_of_a_varying_rate_come_at_the_moments_at_which_they_are_shown(tmp_path):
    """A screen recorder writes a frame when something changes: at 0, 100, 500 and 600 ms, then nothing until 900 ms."""
    levels = [40, 90, 140, 190, 240]
    path = film(tmp_path / "screen.mp4", [a_picture(level) for level in levels], times=[0, 100, 500, 600, 900], rate=10)
    found = video.read_footage(path)
    at = [min(range(5), key=lambda k: abs(levels[k] - frame[:20, :20].mean())) for frame in found.frames]
    seconds = len(at) / found.fps
    assert 0.8 < seconds < 1.2
    expected = [
        max(k for k, time in enumerate([0, 0.1, 0.5, 0.6, 0.9]) if round(time * found.fps) <= n) for n in range(len(at))
    ]
    assert at == expected


def test_a_film_of_an_even_rate_comes_frame_by_frame(tmp_path):
    levels = [40 + 8 * k for k in range(25)]
    for name, rate in (("a.mp4", 24), ("a.mkv", 30), ("b.mp4", Fraction(24000, 1001))):
        found = video.read_footage(film(tmp_path / name, [a_picture(level) for level in levels], rate=rate))
        assert len(found.frames) == 25, name
        bright = found.frames[:, :20, :20].mean(axis=(1, 2, 3))
        assert np.abs(bright - levels).max() < 5
        assert abs(found.fps - float(rate)) < 0.1


@pytest.mark.slow
def test_memory_does_not_grow_with_the_film(tmp_path):
    path = film(tmp_path / "long.mp4", [a_picture(20 + k % 200, 320, 240) for k in range(600)])
    tracemalloc.start()
    found = video.read_footage(path)
    peak = tracemalloc.get_traced_memory()[1]
    kept = list(video.spooled(video.frames_at_rate(path, 600, 24, 320, 240)))
    peak = max(peak, tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
    assert found.frames.nbytes > 100e6 and len(kept) == 600
    assert peak < 20e6
    assert isinstance(found.frames, np.memmap)


def test_metadata_that_is_no_utf8_does_no_harm(tmp_path):
    path = film(tmp_path / "a.mp4", [a_picture()] * 3, metadata={"title": "Jaerg"})
    content = path.read_bytes()
    assert content.count(b"Jaerg") == 1
    path.write_bytes(content.replace(b"Jaerg", b"J\xe4\xff\xferg"[:5]))
    assert len(video.read_footage(path).frames) == 3


@pytest.mark.fault("A video names other files", "HLS and concat playlists, files and addresses")
def test_a_playlist_opens_no_other_file(tmp_path):
    secret = film(tmp_path / "secret.mp4", [a_picture()] * 3)
    lists = {
        "a.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n",
        "a.ffconcat": f"ffconcat version 1.0\nfile '{secret.name}'\n",
        "b.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
    }
    for name, text in lists.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(BadInput, match="cannot be read as a video"):
            video.read_footage(tmp_path / name)


@pytest.mark.skipif(os.name == "nt", reason="FIFOs")
def test_what_is_no_film_is_refused_in_a_sentence(tmp_path):
    os.mkfifo(tmp_path / "fifo.mp4")
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("a film")
    whole = film(tmp_path / "whole.mp4", [a_picture()] * 3).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    for name in ("fifo", "empty", "text", "cut"):
        for read in (video.read_footage, lambda path: list(video.frames_at_rate(path, 2, 24, 8, 8))):
            with pytest.raises(BadInput):
                read(tmp_path / f"{name}.mp4")


def test_a_film_that_promises_enormous_frames_or_waits_for_hours_is_refused(tmp_path):
    path = film(tmp_path / "a.mp4", [a_picture()] * 3, times=[0, 40, 10_000_000])
    with pytest.raises(BadInput, match="nothing new for"):
        video.read_footage(path)
    header = struct.pack("<2sIHHI", b"BM", 54, 0, 0, 54) + struct.pack(
        "<IiiHHIIiiII", 40, 16000, 16000, 1, 24, *[0] * 6
    )
    (tmp_path / "huge.bmp").write_bytes(header + bytes(1000))
    with pytest.raises(BadInput):
        video.read_picture(tmp_path / "huge.bmp")


def test_a_rate_of_zero_or_of_a_million_is_not_believed():
    def stream(average, guessed):
        return type("Stream", (), {"average_rate": average, "guessed_rate": guessed})

    from motion_bridge.media import decoding

    assert decoding.fps(stream(None, None)) == decoding.FPS
    assert decoding.fps(stream(Fraction(0), Fraction(0))) == decoding.FPS
    assert decoding.fps(stream(Fraction(10**6), None)) == decoding.FPS
    assert decoding.fps(stream(Fraction(0), Fraction(30))) == 30
