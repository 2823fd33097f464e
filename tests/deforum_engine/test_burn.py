"""What a feedback loop does to a picture is measured: fading, blur and burning show as slopes."""

import json

import cv2
import numpy as np
import pytest
import scenes
import tiny
from motion_bridge import cli
from motion_bridge.measure import burn


def wearing(change, frames=60):
    """A picture that is changed a little more at every frame."""
    picture = scenes.picture(96, 64).astype(np.float32)
    return [np.clip(change(picture, k / 100), 0, 255).round().astype(np.uint8) for k in range(frames)]


def test_a_picture_that_stays_has_no_slopes():
    found = burn.slopes(burn.curves(wearing(lambda picture, _: picture)))
    assert set(found) == set(burn.CURVES)
    assert max(map(abs, found.values())) < 1e-9
    assert not burn.drifting(found, found)


@pytest.mark.parametrize(
    ("change", "falling", "rising"),
    [
        (lambda p, t: p + (128 - p) * 0.5 * t, {"contrast", "sharpness", "detail", "saturation"}, {"colour"}),
        (lambda p, t: 128 + (p - 128) * (1 + t), set(), {"contrast", "clipped", "sharpness"}),
        (lambda p, t: cv2.GaussianBlur(p, (0, 0), 0.3 + 3 * t), {"sharpness", "detail"}, set()),
        (lambda p, t: p.mean(-1, keepdims=True) * (-t) + p * (1 + t), set(), {"saturation"}),
        (lambda p, t: p * (1, 1 - 0.3 * t, 1), set(), {"colour"}),
    ],
    ids=["greying", "burning", "blurring", "saturating", "tinting"],
)
def test_what_wears_a_picture_out_shows_by_its_name(change, falling, rising):
    found = burn.slopes(burn.curves(wearing(change)))
    assert all(found[name] < -burn.ALLOWED for name in falling), found
    assert all(found[name] > burn.ALLOWED for name in rising), found


def test_a_slope_is_the_change_in_a_hundred_frames():
    fading = burn.curves(wearing(lambda picture, t: picture.mean() + (picture - picture.mean()) * (1 - 0.2 * t)))
    found = burn.slopes(fading)
    assert found["sharpness"] == pytest.approx(-0.2, abs=0.02)
    still = burn.slopes(burn.curves(wearing(lambda picture, _: picture)))
    assert "sharpness" in burn.drifting(found, still)


def test_the_experiment_runs_on_any_model_folder_and_draws_what_it_found(tmp_path, capsys):
    folder = tiny.save("flux2-klein", tmp_path / "klein")
    words = ["bench", "burn", str(folder), "--frames", "9", "--size", "64", "--device", "cpu"]
    words += [
        "--mode",
        "2D latent",
        "--mode",
        "scene pixel",
        "--output",
        str(tmp_path / "out"),
        "--set",
        "start_sigma=0",
    ]
    assert cli.main(
        [*words, "--set", "start_sigma=0", "--set", "noise=0", "--set", "amount=0", "--set", "color_coherence=None"]
    ) in (0, 1)
    assert "2D latent" in capsys.readouterr().out
    kept = json.loads((tmp_path / "out" / "curves.json").read_text())
    assert set(kept) == {"2D latent", "scene pixel"}
    moved, control = kept["scene pixel"]["slopes"], kept["scene pixel"]["control"]
    assert abs(moved["colour"] - control["colour"]) < 0.2  # nothing was generated, so only sampling differs
    for name in ("curves.png", "pictures.png"):
        assert cv2.imread(str(tmp_path / "out" / name)).std() > 5
