"""The runs of `benchmarks ablations`: drawn clips, streamed under one setting after another, tracked and compared."""

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from motion_bridge.engines.motionstream.checkpoints import load
from motion_bridge.engines.motionstream.checkpoints.generator import Generator
from motion_bridge.engines.motionstream.network import wan_vae
from motion_bridge.engines.motionstream.network.conditioning import Tracks
from motion_bridge.engines.motionstream.network.guidance import MOTION_WEIGHT, TEXT_WEIGHT, Coefficients, coefficients
from motion_bridge.engines.motionstream.network.sketch_config import SIZE
from motion_bridge.engines.motionstream.network.sketch_vae import Encoder
from motion_bridge.engines.motionstream.network.track_head import TrackHead
from motion_bridge.engines.motionstream.network.track_map import embed_ids, track_map
from motion_bridge.engines.motionstream.streaming.live_tracks import LiveTracks
from motion_bridge.engines.motionstream.streaming.session import Session
from motion_bridge.errors import BadInput
from motion_bridge.metrics.similarity import psnr, ssim
from motion_bridge.metrics.tracker import TRACKERS, Tracker, Video, seen_so_far
from numpy.typing import NDArray
from training.video.bank import as_pictures
from training.video.batch import Batch
from training.video.evaluate import decoded, teacher_maker
from training.video.recipe import SKETCH
from training.video.report import held_out, load_teacher

from ..common import carried

LENGTHS = SHORT, LONG = 57, 241  # frames; the first is the longest that training saw
DRAWN = 249  # frames: whole chunks of three latent frames
SMALL = (208, 120)  # pixels, for the time of full-size parts
COUNT = 2500  # tracks there
NAN = float("nan")
WARM, TURNS = 2, 20  # chunks that are not timed, and that are


@dataclass(frozen=True)
class Row:
    """One setting; pairs are at the two lengths, and a value that was not measured is nan."""

    axis: str
    name: str
    epe: tuple[float, float]  # pixels, by Lucas–Kanade
    epe_dis: tuple[float, float]  # by DIS
    psnr: tuple[float, float]
    ssim: tuple[float, float]
    curve: NDArray[np.float64]  # (T,) EPE by frame
    cost: tuple[float, float] = (NAN, NAN)  # of a chunk, and of a frame, in parts of the usual setting's


@dataclass(frozen=True)
class Found:
    model: str
    clips: int
    usual: str
    rows: list[Row]
    heads: dict[str, float]  # milliseconds


@torch.no_grad()
def measure(name: str, clips: int, threads: int) -> Found:
    """All rows. BadInput for a model whose clips nobody can draw."""
    torch.set_num_threads(threads)
    loaded = load.load(name, "cpu")
    generator, folder = loaded.generator, load.folder_of(name)
    use = generator.usage
    if not (folder / "teacher").is_dir() or (use.width, use.height) != (SIZE, SIZE):
        raise BadInput(f"{name} is not a sketch model with its teacher; only those can be measured on drawn clips.")
    with TemporaryDirectory() as place:
        source = held_out(Path(place), clips, DRAWN, folder)
        batch = source.batch(list(range(clips)), 1 + (DRAWN - 1) // 4, torch.Generator().manual_seed(0), complete=True)
        truth = [np.array(source.bank.frames[k, :LONG]) for k in range(clips)]
        rows = [
            _judged("", "the true clips", truth, batch, truth),
            _judged("", "carried alone", [_carried(generator, batch, clip) for clip in range(clips)], batch, truth),
            _judged("", "a still picture", [np.repeat(clip[:1], LONG, 0) for clip in truth], batch, truth),
        ]
        usual = _settled(generator, batch)
        for axis, setting, changed, told in _settings(generator):
            videos = [_streamed(changed, batch, clip, told) for clip in range(clips)]
            row = _judged(axis, setting, videos, batch, truth)
            ratio = _cost(usual, _settled(changed, batch))
            rows.append(replace(row, cost=(ratio, ratio * use.chunk / changed.usage.chunk)))
        short = source.batch(list(range(clips)), 1 + (SHORT - 1) // 4, torch.Generator().manual_seed(0), complete=True)
        teacher = load_teacher(folder)
        for setting, weights in _guidance().items():
            make = teacher_maker(teacher, SKETCH.way, SKETCH.shift, weights)
            videos = decoded(generator.decoder, make(short, 0))
            rows.append(_judged("guidance", setting, videos, short, truth))
    said = f"chunk {use.chunk}, sink {use.sink}, window {use.window}, {_in_steps(len(use.levels))}"
    return Found(name, clips, said, rows, _head_times(generator))


def _settings(generator: Generator) -> Iterator[tuple[str, str, Generator, bool]]:
    """Axis, name, a generator so changed, and whether it is told the tracks. The usual setting has no axis."""
    own = generator.usage

    def used(**change) -> Generator:
        return replace(generator, usage=own.with_settings(**change))

    yield "", "the usual setting", generator, True
    for chunk in (1, 3):
        if chunk != own.chunk:
            yield "chunk", f"chunk {chunk}", used(chunk=chunk), True
    for steps in (1, 2, 3, 4, 6):
        if steps != len(own.levels):
            yield "steps", _in_steps(steps), used(steps=steps), True
    for sink in (0, 1):
        if sink != own.sink:
            yield "sink", f"sink {sink}", used(sink=sink), True
    for window in (1, 2, 4, 6):
        if window != own.window:
            yield "window", f"window {window}", used(window=window), True
    silent = replace(generator, head=_silent(generator.head))
    bare = replace(own, carries=False)
    yield "conditioning", "propagation alone", silent, True
    yield "conditioning", "track head alone", replace(generator, usage=bare), True
    yield "conditioning", "no tracks", generator, False


def _in_steps(count: int) -> str:
    return f"{count} steps" if count > 1 else "1 step"


def _silent(head: TrackHead) -> TrackHead:
    """A head that says nothing, whatever the tracks do."""
    silent = copy.deepcopy(head)
    for tensor in silent.proj.parameters():
        tensor.zero_()
    return silent


def _guidance() -> dict[str, Coefficients | None]:
    """The teacher's, by name; each kind alone is plain classifier-free guidance."""
    return {
        "teacher, none": None,
        "teacher, text": Coefficients(TEXT_WEIGHT, 1 - TEXT_WEIGHT, 0),
        "teacher, motion": Coefficients(MOTION_WEIGHT, 0, 1 - MOTION_WEIGHT),
        "teacher, joint": coefficients(),
    }


def _session(generator: Generator, batch: Batch, clip: int, told: bool) -> Session:
    tracks = batch.tracks[clip]
    assert tracks is not None
    live = LiveTracks(tracks.points, tracks.visible, tracks.identity) if told else None
    text = generator.student.read_text(batch.text[clip : clip + 1])
    return Session(generator, batch.first[clip], live, text, seed=clip)


def _streamed(generator: Generator, batch: Batch, clip: int, told: bool) -> Video:
    """The first LONG frames of the clip as the generator makes them."""
    made: list[Video] = []
    for chunk in _session(generator, batch, clip, told):
        made.append(as_pictures(chunk.pictures))
        if chunk.frames.stop >= LONG:
            break
    return np.concatenate(made)[:LONG]


def _carried(generator: Generator, batch: Batch, clip: int) -> Video:
    """The clip as propagation alone shows it, with no network."""
    tracks = batch.tracks[clip]
    assert tracks is not None
    live = LiveTracks(tracks.points, tracks.visible, tracks.identity)
    made = carried.pictures(generator, batch.first[clip], live, LONG)
    return np.concatenate([as_pictures(chunk) for chunk in made])[:LONG]


def _judged(axis: str, name: str, videos: list[Video], batch: Batch, truth: list[Video]) -> Row:
    """Means over the clips. Videos may be SHORT; then the long values are nan."""
    told = [tracks for tracks in batch.tracks if tracks is not None]
    pairs = list(zip(videos, told, strict=True))
    by = [np.sum([_errors(*pair, tracker) for pair in pairs], axis=0) for tracker in TRACKERS.values()]
    (off, count), (off_dis, _) = by
    values = []
    for frames in LENGTHS:
        if len(videos[0]) < frames:
            values.append((NAN, NAN, NAN, NAN))
            continue
        pairs = [(video[:frames], true[:frames]) for video, true in zip(videos, truth, strict=True)]
        likeness = [min(99.0, psnr(a, b)) for video, true in pairs for a, b in zip(video, true, strict=True)]
        alike = [ssim(video[::4], true[::4]) for video, true in pairs]
        epes = [float(each[1:frames].sum() / count[1:frames].sum()) for each in (off, off_dis)]
        values.append((*epes, float(np.mean(likeness)), float(np.mean(alike))))
    epe, epe_dis, psnr_, ssim_ = zip(*values, strict=True)
    curve = np.where(count, off / np.maximum(count, 1), NAN)
    return Row(axis, name, epe, epe_dis, psnr_, ssim_, curve)


def _errors(video: Video, tracks: Tracks, tracker: Tracker) -> NDArray[np.float64]:
    """Of the points that have been visible all the way: the sum of their errors in each frame, and their number."""
    compared = seen_so_far(tracks.visible.numpy())[:, : len(video)]
    truth = tracks.points.numpy()[:, : len(video)] * SIZE
    off = np.linalg.norm(tracker(video, truth[:, 0]) - truth, axis=-1)
    return np.stack([(off * compared).sum(0), compared.sum(0)]).astype(np.float64)


def _settled(generator: Generator, batch: Batch) -> Session:
    """A stream whose memory is full: from now on all its chunks are alike."""
    stream = _session(generator, batch, 0, told=True)
    for chunk in islice(stream, WARM + generator.usage.window):
        chunk.decoded.wait()
    return stream


def _cost(usual: Session, changed: Session) -> float:
    """A chunk's processor time in parts of the usual one's, made in turn: whatever else the machine does meets both."""
    spent: tuple[list[float], list[float]] = ([], [])
    for turn in range(TURNS):
        pair = list(zip((usual, changed), spent, strict=True))
        for stream, kept in pair if turn % 2 else reversed(pair):
            began = time.process_time()
            next(stream).decoded.wait()
            kept.append(time.process_time() - began)
    return median(spent[1]) / median(spent[0])


def _head_times(generator: Generator) -> dict[str, float]:
    """Milliseconds of telling a chunk its tracks by the head, and of drawing them as a video for the autoencoder."""
    draw = torch.Generator().manual_seed(0)
    found: dict[str, float] = {}
    width, height = SMALL
    parts = (
        ("sketch, a chunk of 12 frames", generator.head, 256, (SIZE // 4, SIZE // 4), (SIZE, SIZE), 12),
        (f"full-size shapes at {width}x{height}, 4 frames", TrackHead(), COUNT, (height // 8, width // 8), SMALL, 4),
    )
    for name, head, count, (rows, columns), size, frames in parts:
        points = torch.rand(count, frames, 2, generator=draw)
        visible, identity = torch.ones(count, frames, dtype=torch.bool), embed_ids(torch.arange(count))

        def by_head(head=head, points=points, visible=visible, identity=identity, shape=(rows, columns)):
            head(track_map(points, visible, identity, *shape)[None], starts_clip=False)

        found[f"{name}: track map and head"] = 1e3 * _timed(by_head)
        encode = _encoder(generator, size)
        video = torch.rand(1, 3, 1 + frames, size[1], size[0], generator=draw) * 2 - 1
        found[f"{name}: tracks as a video, encoded"] = 1e3 * _timed(lambda encode=encode, video=video: encode(video))
    return found


def _encoder(generator: Generator, size: tuple[int, int]) -> Callable[[torch.Tensor], object]:
    """The sketch's at its size; above that Wan's autoencoder, with random weights."""
    if size == (SIZE, SIZE):
        return Encoder(generator.student.config["out_channels"])
    vae = AutoencoderKLWan().eval()
    return lambda video: wan_vae.encode(vae, video)


def _timed(part: Callable[[], object]) -> float:
    """Seconds of the processor: the median of three, after one that does not count."""
    spent = []
    for _ in range(4):
        began = time.process_time()
        part()
        spent.append(time.process_time() - began)
    return median(spent[1:])
