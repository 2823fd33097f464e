"""What a feedback loop does to a picture is measured: fading, blur and burning show as slopes."""

import json

import cv2
import deforum_scenes as scenes
import numpy as np
import pytest
import tiny_diffusion as tiny
from benchmarks.__main__ import main
from motion_bridge.metrics import color_drift


def wearing(change, frames=60):
    """A picture that is changed a little more at every frame."""
    picture = scenes.picture(96, 64).astype(np.float32)
    return [np.clip(change(picture, k / 100), 0, 255).round().astype(np.uint8) for k in range(frames)]


def test_a_picture_that_stays_has_no_slopes():
    found = color_drift.slopes(color_drift.curves(wearing(lambda picture, _: picture)))
    assert set(found) == set(color_drift.CURVES)
    assert max(map(abs, found.values())) < 1e-9
    assert not color_drift.drifting(found, found)


@pytest.mark.parametrize(
    ("change", "falling", "rising"),
    [
        (lambda p, t: p + (128 - p) * 0.5 * t, {"contrast", "sharpness", "detail", "saturation"}, {"color"}),
        (lambda p, t: 128 + (p - 128) * (1 + t), set(), {"contrast", "clipped", "sharpness"}),
        (lambda p, t: cv2.GaussianBlur(p, (0, 0), 0.3 + 3 * t), {"sharpness", "detail"}, set()),
        (lambda p, t: p.mean(-1, keepdims=True) * (-t) + p * (1 + t), set(), {"saturation"}),
        (lambda p, t: p * (1, 1 - 0.3 * t, 1), set(), {"color"}),
    ],
    ids=["greying", "burning", "blurring", "saturating", "tinting"],
)
def test_what_wears_a_picture_out_shows_by_its_name(change, falling, rising):
    found = color_drift.slopes(color_drift.curves(wearing(change)))
    assert all(found[name] < -color_drift.ALLOWED for name in falling), found
    assert all(found[name] > color_drift.ALLOWED for name in rising), found


def test_a_slope_is_the_change_in_a_hundred_frames():
    fading = color_drift.curves(wearing(lambda picture, t: picture.mean() + (picture - picture.mean()) * (1 - 0.2 * t)))
    found = color_drift.slopes(fading)
    assert found["sharpness"] == pytest.approx(-0.2, abs=0.02)
    still = color_drift.slopes(color_drift.curves(wearing(lambda picture, _: picture)))
    assert "sharpness" in color_drift.drifting(found, still)


@pytest.mark.slow
def test_a_picture_that_goes_to_and_fro_has_as_much_detail_all_the_way():
    wide = scenes.picture(160, 64)
    swung = [np.ascontiguousarray(wide[:, at : at + 128]) for at in (16 + 16 * np.sin(np.arange(200) / 16)).astype(int)]
    assert not color_drift.drifting(
        color_drift.slopes(color_drift.curves(swung)), dict.fromkeys(color_drift.CURVES, 0.0)
    )


@pytest.mark.slow
def test_the_experiment_runs_on_any_model_folder_and_draws_what_it_found(tmp_path, capsys):
    folder = tiny.save("flux2-klein", tmp_path / "klein")
    words = ["burn", str(folder), "--frames", "9", "--size", "64", "--device", "cpu", "--output"]
    words += [str(tmp_path / "out"), "--mode", "2D latent", "--mode", "scene pixel", "--mode", "naive, plain"]
    for calm in ("start_sigma=0", "noise=0", "color_coherence=None"):
        words += ["--set", calm]
    assert main(words) in (0, 1)
    first = capsys.readouterr().out
    assert "2D latent" in first
    kept = json.loads((tmp_path / "out" / "burn.json").read_text())
    assert set(kept) == {"2D latent", "scene pixel", "naive, plain"}
    moved, control = kept["scene pixel"]["slopes"], kept["scene pixel"]["control"]
    assert abs(moved["color"] - control["color"]) < 0.2  # nothing was generated, so only sampling differs
    assert cv2.imread(str(tmp_path / "out" / "burn.jpg")).std() > 5
    assert main(words) in (0, 1)
    assert capsys.readouterr().out == first  # speed and all: what was run is not run again
