"""The paper's conditioning has a curriculum of its own; every kind of conditioning is the same network told less."""

import shutil
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from training.video import curriculum, lessons
from training.video.batch import NOTHING
from training.video.clips import TRANSLATIONS, draw_motion
from training.video.curriculum import KINDS, LESSONS, beginner, pass_on_newest

pytest.importorskip("cv2")


@pytest.fixture
def small(monkeypatch, folder, tmp_path):
    """Two lessons of a few clips, and the codec that they need."""
    few = [replace(lesson, clips=2, bank=8, latent_frames=3) for lesson in (LESSONS[0], LESSONS[3])]
    monkeypatch.setattr(lessons, "LESSONS", tuple(few))
    shutil.copy(folder / "codec.safetensors", tmp_path)
    return tmp_path


def test_lessons_follow_each_other_and_are_measured_on_clips_they_never_saw(small, capsys):
    lessons.main(["--folder", str(small), "--steps", "1", "--through", "follow"])
    first = load_file(small / "ids" / "follow.safetensors")
    lessons.main(["--folder", str(small), "--steps", "1"])
    again, second = (load_file(small / "ids" / f"{name}.safetensors") for name in ("follow", "denoise"))
    assert all(torch.equal(first[name], again[name]) for name in first)  # a finished lesson is not taken twice
    moved = [name for name in first if not torch.equal(first[name], second[name])]
    assert "transformer.proj_out.weight" in moved and "head.proj.weight" in moved
    lessons.main(["--folder", str(small), "--report", "--clips", "2"])
    said = capsys.readouterr().out
    assert said.count("| follow |") == 3 and said.count("| denoise |") == 3  # two trackers, and the latents
    assert "carried alone" in said and "Lucas–Kanade" in said and "DIS" in said
    names = sorted(path.name for path in small.glob("clips-*"))
    assert {name.rsplit("-", 2)[1] for name in names} == {"0", "1"}  # seeds of training and of measuring


def test_a_kind_that_hears_no_identities_never_learns_to():
    teacher = beginner(KINDS["propagation"])
    assert not any(tensor.any() for tensor in teacher.head.parameters()) and teacher.carries
    assert not any(tensor.requires_grad for tensor in teacher.head.parameters())
    told = beginner(KINDS["ids"])
    assert told.head.proj.weight.requires_grad and not told.carries and KINDS["none"] == curriculum.Kind(False, False)


def test_the_head_begins_by_passing_on_the_newest_of_its_four_frames():
    head = beginner(KINDS["ids"]).head
    maps = torch.randn(1, 64, 9, 2, 2, generator=torch.Generator().manual_seed(0))
    other = maps.clone()
    other[:, :, [1, 2, 3, 5, 6, 7]] = 0  # all but the last of each four; frame 0 stands alone
    with torch.no_grad():
        assert torch.allclose(head(maps, starts_clip=True), head(other, starts_clip=True), atol=1e-5)
        assert head(maps, starts_clip=True).std() > 0.3
    assert pass_on_newest is curriculum.pass_on_newest


def test_a_beginner_speaks_at_full_strength_and_sees_one_cell_a_token():
    transformer = beginner(KINDS["ids"]).transformer
    assert transformer.config.patch_size == (1, 1, 1)
    for block in transformer.blocks:
        gates = block.get_parameter("scale_shift_table")[:, curriculum.GATES]
        assert (gates == 1).all() and (block.attn1.norm_q.weight == 2).all()


def test_translations_neither_turn_nor_zoom():
    motion = draw_motion(3, 20, torch.Generator().manual_seed(0), TRANSLATIONS)
    assert torch.allclose(motion[..., :2, :2], torch.eye(2).expand(3, 20, 2, 2), atol=1e-6)
    assert motion[:, -1, :2, 2].abs().max() > 0.05


def test_clips_drawn_for_a_batch_are_the_same_however_often_they_are_drawn(small):
    live = lessons.LiveSource(32, 8, lessons.load_codec(small).encoder, torch.zeros(16, 8, 8), omissions=NOTHING)
    one, other, next_one = (live.draw(5, 3, torch.Generator().manual_seed(seed)) for seed in (4, 4, 5))
    assert one.clean.shape == (5, 16, 3, 8, 8) and not one.clean.requires_grad
    assert torch.equal(one.clean, other.clean) and not torch.equal(one.clean, next_one.clean)
    assert torch.equal(one.tracks[2].identity, other.tracks[2].identity)
    assert torch.equal(one.first[0].latent, one.first[3].latent)  # four motions of one look, then another look
    assert not torch.equal(one.first[0].latent, one.first[4].latent) and not torch.equal(one.clean[0], one.clean[1])
    assert torch.equal(one.first[1].latent, one.clean[1, :, 0])


def test_lessons_with_live_clips_go_on_where_they_stopped(small):
    assert lessons.until(small / "live", "ids", "cpu", 600.0, steps=1) == {"follow": 1, "denoise": 1}
    assert lessons.until(small / "live", "ids", "cpu", 600.0, steps=1) == {"follow": 1, "denoise": 1}
    assert lessons.until(small / "none", "ids", "cpu", 0.0, steps=1) == {"follow": 0}
