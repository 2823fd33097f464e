"""Movies keep the rate that they were asked for, exactly."""

import os
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from motion_bridge.errors import BadInput
from motion_bridge.media import movie

av = pytest.importorskip("av")


@pytest.mark.parametrize(
    "rate", [Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001), Fraction(25), Fraction(25, 2)]
)
def test_a_rate_survives_being_written_exactly(tmp_path, rate):
    pictures = np.random.default_rng(2).integers(0, 256, (5, 37, 64, 3), dtype=np.uint8)
    movie.write(tmp_path / "film.mp4", pictures, float(rate))
    with av.open(str(tmp_path / "film.mp4")) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        assert stream.average_rate == stream.guessed_rate == rate
        assert [frame.time for frame in frames] == pytest.approx([float(k / rate) for k in range(5)], abs=1e-4)
        assert (stream.width, stream.height) == (64, 36)  # H.264 has no odd sides


def test_only_mp4_is_written(tmp_path):
    with pytest.raises(BadInput, match=r"must be a file whose name ends in \.mp4"):
        movie.check(tmp_path / "film.mov")


def test_a_movie_replaces_a_link_and_never_writes_through_it(tmp_path):
    (tmp_path / "other").write_text("mine")
    (tmp_path / "film.mp4").symlink_to(tmp_path / "other")
    movie.write(tmp_path / "film.mp4", np.zeros((2, 32, 32, 3), np.uint8), 24.0)
    assert (tmp_path / "other").read_text() == "mine"
    assert not (tmp_path / "film.mp4").is_symlink() and (tmp_path / "film.mp4").stat().st_size > 500


def test_a_movie_that_cannot_be_finished_leaves_the_older_one(tmp_path):
    (tmp_path / "film.mp4").write_bytes(b"older")

    def pictures():
        yield np.zeros((32, 32, 3), np.uint8)
        raise BadInput("no more pictures")

    with pytest.raises(BadInput, match="no more pictures"):
        movie.write(tmp_path / "film.mp4", pictures(), 24.0)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("film.mp4", b"older")]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a limit on the size of files")
@pytest.mark.fault("The disk fills under the backend's movie", "a limit on the size of files")
def test_a_disk_that_fills_under_a_movie_is_a_sentence(tmp_path):
    script = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from motion_bridge.errors import BadInput
from motion_bridge.media import movie
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
noise = np.random.default_rng(1).integers(0, 256, (30, 128, 128, 3), np.uint8)
try:
    movie.write(Path(sys.argv[1]), noise, 24.0)
except BadInput as fault:
    print(fault)
"""
    command = [sys.executable, "-c", script, str(tmp_path / "film.mp4")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert f"{tmp_path / 'film.mp4'} cannot be written: File too large" in done.stdout
    assert not list(tmp_path.iterdir())
