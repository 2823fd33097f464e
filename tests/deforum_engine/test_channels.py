"""Channels are said to answer to structure, color or texture only where they do: never on random weights."""

import json
import shutil
from dataclasses import replace

import deforum_scenes as scenes
import numpy as np
import pytest
import tiny_diffusion as tiny
import torch
from disk import Disk
from motion_bridge.cli import main
from motion_bridge.engines.base import frames_alone
from motion_bridge.engines.deforum.engine import engine
from motion_bridge.engines.deforum.loop import latent_channels
from motion_bridge.engines.deforum.loop.latent_channel_probes import KINDS, Recipe, changed, draw
from motion_bridge.errors import BadInput
from motion_bridge.model_registry import folder_check
from motion_bridge.models import autoencoder
from torch.nn import functional

SIZE, PICTURES, SHUFFLES = 48, 8, 39


def luma(picture):
    return (picture * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)


def known(picture):
    """Channels that are made for one thing each: 0 and 1 structure, 2 and 3 color, 4 and 5 texture."""
    grey = luma(picture)
    coarse = functional.avg_pool2d(grey, 8)
    blue, red = (functional.avg_pool2d(picture[:, at : at + 1] - grey, 8) for at in (2, 0))
    fine = [functional.avg_pool2d((grey - grey.roll(1, axis)) ** 2, 8) for axis in (2, 3)]
    return torch.cat([coarse, functional.avg_pool2d(coarse, 3, 1, 1), blue, red, *fine], 1)


def mixtures(seed):
    """The same mixed up at random, as a network without meaning would."""
    generator = torch.Generator().manual_seed(seed)
    spread = known(torch.cat([draw(Recipe(at, at, at), SIZE) for at in range(6)])).std((0, 2, 3))
    mix = torch.randn(6, 6, generator=generator)
    return lambda picture: torch.einsum("ij,bjhw->bihw", mix, known(picture) / spread[:, None, None])


@pytest.fixture(scope="module")
def measured():
    shuffled = [latent_channels.responses(mixtures(seed), PICTURES, SIZE) for seed in range(SHUFFLES)]
    return latent_channels.responses(known, PICTURES, SIZE), shuffled


def test_a_picture_is_changed_in_one_thing_only():
    recipe = Recipe(1, 2, 3)
    plain = draw(recipe, SIZE)
    assert 0 < plain.min() < plain.max() < 1  # nothing is cut off
    colored, patterned, moved = (draw(changed(recipe, kind), SIZE) for kind in ("color", "texture", "structure"))
    assert torch.allclose(luma(colored), luma(plain), atol=2e-3)
    assert (colored - plain).abs().max() > 0.1
    assert torch.allclose(patterned - luma(patterned), plain - luma(plain), atol=2e-3)
    assert (luma(patterned) - luma(plain)).abs().max() > 0.05
    assert (luma(moved) - luma(plain)).abs().mean() > 0.02
    assert torch.equal(draw(recipe, SIZE), plain)


@pytest.mark.slow
def test_channels_that_are_made_for_one_thing_are_found(measured):
    report = latent_channels.conclude("known", *measured)
    assert report.concluded and report.chance == pytest.approx(1 / (1 + SHUFFLES))
    assert report.answers == ["structure", "structure", "color", "color", "texture", "texture"]
    weights = report.weights()
    assert weights is not None
    for at, kind in enumerate(KINDS):
        assert [weights[kind][c] > 0.6 for c in range(6)] == [c // 2 == at for c in range(6)]
    assert np.sum([weights[kind] for kind in KINDS], 0) == pytest.approx([1] * 6, abs=1e-3)
    assert (report.low <= report.preference).all() and (report.preference <= report.high).all()


def test_intervals_narrow_with_more_pictures():
    many = latent_channels.responses(known, 36, SIZE)
    few = many[::6]
    shuffled = [latent_channels.responses(mixtures(seed), 4, SIZE) for seed in range(3)]
    widths = [
        np.mean(r.high - r.low) for r in (latent_channels.conclude("known", each, shuffled) for each in (few, many))
    ]
    assert widths[1] < 0.8 * widths[0]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_mixtures_without_meaning_are_not_believed(measured, seed):
    report = latent_channels.conclude(
        "mixed", latent_channels.responses(mixtures(1000 + seed), PICTURES, SIZE), measured[1]
    )
    assert not report.concluded
    assert report.weights() is None and report.answers == [None] * 6


@pytest.fixture(scope="module")
def klein(tmp_path_factory):
    return tiny.save("flux2-klein", tmp_path_factory.mktemp("klein"))


@pytest.mark.slow
def test_the_command_refuses_to_conclude_on_random_weights(klein, tmp_path, capsys):
    report = tmp_path / "report.json"
    asked = ["channels", str(klein), "--output", str(report), "--pictures", "4", "--shuffles", "19", "--size", "32"]
    assert main.main([*asked, "--device", "cpu"]) == 0
    assert "Nothing is concluded" in capsys.readouterr().out
    written = json.loads(report.read_text())
    assert written["concluded"] is False and written["channel_weights"] is None
    assert len(written["effects"]) == 32 and written["packing"] == 4
    assert {effect["answers_to"] for effect in written["effects"]} == {None}
    with pytest.raises(BadInput, match=r"concludes nothing: the channels of .* prefer nothing beyond chance"):
        latent_channels.read_weights(report, "structure", 8)


def test_shuffling_is_undone(klein):
    model = autoencoder.load(str(klein), "cpu")
    picture = draw(Recipe(1, 1, 1), 32)
    plain = model.encode(picture)
    with model.shuffled(3):
        assert not torch.allclose(model.encode(picture), plain, atol=1e-3)
    assert torch.equal(model.encode(picture), plain)


def test_packed_channels_are_where_the_pipeline_puts_them(klein):
    from diffusers.pipelines.flux2.pipeline_flux2_klein import Flux2KleinPipeline

    model = autoencoder.load(str(klein), "cpu")
    picture = draw(Recipe(1, 1, 1), 32)
    with torch.inference_mode():
        raw = model.vae.encode(picture * 2 - 1).latent_dist.mode()
    assert torch.equal(model.encode(picture), Flux2KleinPipeline._patchify_latents(raw))


def test_weights_are_read_for_the_channels_that_are_fed_back(measured, tmp_path):
    file = tmp_path / "report.json"
    report = latent_channels.conclude("known", *measured)
    file.write_text(json.dumps(latent_channels.document(report, packing=2)))
    assert latent_channels.read_weights(file, "color", 3) == pytest.approx([0, 0.7, 0], abs=0.1)
    file.write_text(file.read_text(encoding="utf-8").replace('"color"', '"colour"'), encoding="utf-8")
    assert latent_channels.read_weights(file, "color", 3) == pytest.approx([0, 0.7, 0], abs=0.1)  # an earlier report
    with pytest.raises(BadInput, match="of a model with other latents; this one has 4 channels"):
        latent_channels.read_weights(file, "color", 4)
    with pytest.raises(BadInput, match="weighed by structure, color, texture, not by 'mood'"):
        latent_channels.read_weights(file, "mood", 3)
    file.write_text("{}")
    with pytest.raises(BadInput, match="not a report of `motion-bridge channels`"):
        latent_channels.read_weights(file, "color", 3)


def test_a_hypothesis_about_the_first_channels_is_put_to_the_same_test(measured):
    response, shuffled = measured
    assert latent_channels.hypothesis(response, shuffled, 2)["holds"]
    assert not latent_channels.hypothesis(response[..., ::-1], shuffled, 2)["holds"]
    assert not latent_channels.hypothesis(shuffled[0], shuffled[1:], 2)["holds"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--pictures", "2"], "At least 4 pictures and 19 shuffles"),
        (["--shuffles", "5"], "At least 4 pictures and 19 shuffles"),
        (["--size", "40"], "--size 40 must be a multiple of 16"),
    ],
)
def test_too_little_to_believe_anything_is_refused(klein, capsys, asked, said):
    assert main.main(["channels", str(klein), *asked]) == 2
    assert said in capsys.readouterr().err


def report_of(klein, path, answers):
    """A report of that model's autoencoder with eight channels that answer as is said."""
    shares = {"structure": (1.0, 0.0, 0.0), "color": (0.0, 1.0, 0.0), "texture": (0.0, 0.0, 1.0), None: (1 / 3,) * 3}
    rows = np.array([shares[each] for each in answers]).T
    found = {"format": latent_channels.FORMAT, "version": latent_channels.VERSION, "model": str(klein)}
    found["autoencoder"] = folder_check.fingerprint(klein / "vae")
    found["channel_weights"] = dict(zip(KINDS, rows.tolist(), strict=True))
    path.write_text(json.dumps(found))
    return path


def latent_job(klein, weights, **schedules):
    count, size = 3, 64
    texts = {"start_sigma": "0:(0.6), 1:(0)", "zoom": "0:(1)", "detail_amount": "0:(0)", **schedules}
    shot = scenes.shot([scenes.pose()] * count, [scenes.intrinsics(size, size)] * count, size, size, schedules=texts)
    settings = {"model": str(klein), "device": "cpu", "feedback": "latent", "channel_weights": str(weights)}
    shot = replace(shot, settings={**settings, "motion": "2D"})
    return [np.asarray(frame.state) for frame in frames_alone(engine.frames(shot, Disk(), list))]


@pytest.mark.slow
def test_noise_comes_where_a_report_says_that_texture_is(klein, tmp_path):
    report = report_of(klein, tmp_path / "r.json", ["texture", "texture", "color", "structure", *[None] * 4])
    loud = {"noise_schedule": "0:(0.4)", "color_amount": "0:(0)"}
    first, second, _ = latent_job(klein, report, **loud)
    moved = np.abs(second - first).mean((0, 2, 3)) / first.std((0, 2, 3))
    assert (moved[2:4] < 1e-5).all() and (moved[:2] > 2 * moved[4:].max()).all()
    plain_first, plain, _ = latent_job(klein, "even", **loud)
    evenly = np.abs(plain - plain_first).mean((0, 2, 3)) / first.std((0, 2, 3))
    assert np.array_equal(first, plain_first) and evenly.std() < 0.1 * evenly.mean()


def test_colors_are_matched_where_a_report_says_that_color_is(klein, tmp_path):
    report = report_of(klein, tmp_path / "r.json", ["structure", "color", *[None] * 6])
    first, *_, last = latent_job(klein, report, noise_schedule="0:(0.5)")
    size = np.abs(last.std((0, 2, 3)) / first.std((0, 2, 3)) - 1)
    assert (size[1:] < 1e-3).all()
    plain = latent_job(klein, report, noise_schedule="0:(0.5)", color_amount="0:(0)")[-1]
    assert np.array_equal(last[:, 0], plain[:, 0]) and not np.array_equal(last[:, 1], plain[:, 1])


@pytest.mark.slow
def test_a_report_of_another_model_or_without_a_conclusion_is_refused_and_one_that_lies_beside_the_model_is_taken(
    klein, tmp_path
):
    report = report_of(klein, tmp_path / "r.json", ["texture"] + ["structure"] * 7)
    found = json.loads(report.read_text())
    report.write_text(json.dumps({**found, "autoencoder": "0" * 64, "model": "flux.2-dev"}))
    with pytest.raises(BadInput, match=r"r\.json is of another model, flux\.2-dev"):
        latent_job(klein, report)
    report.write_text(json.dumps({**found, "channel_weights": None}))
    with pytest.raises(BadInput, match="concludes nothing"):
        latent_job(klein, report)
    with pytest.raises(BadInput, match=r"channel_weights: /no/such\.json is not there"):
        latent_job(klein, "/no/such.json")
    own = shutil.copytree(klein, tmp_path / "own")
    loud = {"noise_schedule": "0:(0.4)", "color_amount": "0:(0)"}
    (own / "channels.json").write_text(json.dumps(found))
    shipped, named = latent_job(own, "", **loud)[1], latent_job(own, own / "channels.json", **loud)[1]
    assert np.array_equal(shipped, named) and not np.array_equal(shipped, latent_job(own, "even", **loud)[1])
    for useless in ({**found, "autoencoder": "0" * 64}, {**found, "channel_weights": None}):
        (own / "channels.json").write_text(json.dumps(useless))
        assert np.array_equal(latent_job(own, "", **loud)[1], latent_job(own, "even", **loud)[1])
