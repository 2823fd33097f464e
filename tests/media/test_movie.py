"""Movies keep the rate that they were asked for, exactly."""

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
