"""What the channels of a model's latents answer to: structure, color or texture. Measured, not believed.

Pictures are changed in one thing at a time, and how far each channel moves is compared. A response is a channel's root
mean square change by its own spread. Divided by the mean response of all channels to that kind of change, and then
shared out among the three kinds, it says what the channel answers to more than others do: a third each where it has no
*preference*, which is its share less that third.

Networks of random weights have preferences too, small ones and by chance. So the same is measured on the model with its
weights shuffled, and only what goes beyond is believed. Where the model's preferences as a whole are no larger than
those of its shuffled selves, nothing is concluded.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ....errors import BadInput
from ....files import json_text
from .latent_channel_probes import KINDS, Recipe, changed, draw

FORMAT, VERSION = "motion-bridge channels", 1
EARLIER = {"color": "colour"}  # how reports once spelled it
BELIEVED = 0.05  # chance that shuffled weights look like this
SURE = 0.95  # of intervals
RESAMPLED = 2000  # times, of the pictures
SMALL = 1e-6

Encode = Callable[[Tensor], Tensor]  # (1, 3, H, W) → (1, C, h, w)
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Report:
    """What was found; C channels, three kinds of change."""

    model: str
    pictures: int
    shuffles: int
    chance: float  # that shuffled weights have preferences as large as the model's
    preference: Array  # (3, C)
    low: Array  # (3, C): the interval's ends
    high: Array
    beyond: float  # preferences that shuffled weights have too are up to this
    answers: list[str | None]  # (C,) one of KINDS, or nothing that can be said

    @property
    def concluded(self) -> bool:
        """Whether the model's channels have preferences at all."""
        return self.chance <= BELIEVED

    def weights(self) -> dict[str, list[float]] | None:
        """For each kind a share for each channel; the three sum to 1. A third where nothing can be said of it."""
        if not self.concluded:
            return None
        known = np.array([answer is not None for answer in self.answers])
        shares = np.where(known, self.preference, 0) + 1 / len(KINDS)
        return {kind: [round(float(each), 4) for each in row] for kind, row in zip(KINDS, shares, strict=True)}


def responses(encode: Encode, pictures: int, size: int, seed: int = 0) -> Array:
    """How far each channel moves when one thing changes, by its own spread: (pictures, 3, C)."""
    moved, seen = [], []
    for at in range(pictures):
        recipe = Recipe(*(seed + 7 * at + offset for offset in range(3)))
        plain = encode(draw(recipe, size)).cpu().double()
        others = [encode(draw(changed(recipe, kind), size)).cpu().double() for kind in KINDS]
        moved.append(torch.stack([((other - plain) ** 2).mean((0, 2, 3)).sqrt() for other in others]))
        seen.append(plain.transpose(0, 1).flatten(1))
    spread = torch.cat(seen, 1).std(1)
    return (torch.stack(moved) / spread.clamp(min=SMALL)).numpy()


def preferences(response: Array) -> Array:
    """Of each picture, kind and channel (P, 3, C): the kind's share in what the channel answers to, less a third."""
    size = response / np.maximum(response.mean(2, keepdims=True), SMALL)
    return size / np.maximum(size.sum(1, keepdims=True), SMALL) - 1 / len(KINDS)


def conclude(model: str, response: Array, shuffled: Sequence[Array], seed: int = 0) -> Report:
    """Compare a model with its shuffled selves. Intervals are of the mean over pictures, by the bootstrap."""
    each = preferences(response)
    mean = each.mean(0)
    by_chance = [preferences(other).mean(0) for other in shuffled]
    size = float(np.sqrt((mean**2).mean()))
    as_large = sum(float((other**2).mean()) ** 0.5 >= size for other in by_chance)
    chance = (1 + as_large) / (1 + len(by_chance))
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(each), (RESAMPLED, len(each)))
    means = np.stack([each[some].mean(0) for some in drawn])
    low, high = np.quantile(means, [(1 - SURE) / 2, (1 + SURE) / 2], axis=0)
    beyond = float(np.quantile(np.abs(np.stack(by_chance)), SURE))
    answers: list[str | None] = []
    for channel in range(mean.shape[1]):
        kind = int(mean[:, channel].argmax())
        answers.append(KINDS[kind] if chance <= BELIEVED and low[kind, channel] > beyond else None)
    return Report(model, len(each), len(by_chance), chance, mean, low, high, beyond, answers)


def hypothesis(response: Array, shuffled: Sequence[Array], first: int) -> dict[str, Any]:
    """Do the first channels answer to structure more than the others, and more than by chance?"""

    def difference(given: Array) -> float:
        structure = preferences(given).mean(0)[0]
        return float(structure[:first].mean() - structure[first:].mean())

    found = difference(response)
    as_large = sum(difference(other) >= found for other in shuffled)
    chance = (1 + as_large) / (1 + len(shuffled))
    return {"difference": round(found, 4), "chance": round(chance, 4), "holds": found > 0 and chance <= BELIEVED}


def document(report: Report, packing: int, autoencoder: str = "") -> dict[str, Any]:
    """The report as it is written. packing: tokens' channels that one channel of the autoencoder becomes.
    autoencoder: the fingerprint of its weights (models/folder.py).

    channel_weights are of the autoencoder's channels, which is what is fed back; null where nothing was concluded.
    """
    weights = report.weights()
    merged = weights and {kind: _merged(row, packing) for kind, row in weights.items()}
    effects = [
        {
            "channel": channel,
            "answers_to": report.answers[channel],
            "preference": {
                kind: [round(float(value[at, channel]), 4) for value in (report.preference, report.low, report.high)]
                for at, kind in enumerate(KINDS)
            },
        }
        for channel in range(report.preference.shape[1])
    ]
    return {
        "format": FORMAT,
        "version": VERSION,
        "model": report.model,
        "autoencoder": autoencoder,
        "pictures": report.pictures,
        "shuffles": report.shuffles,
        "chance": round(report.chance, 4),
        "concluded": report.concluded,
        "by_chance_up_to": round(report.beyond, 4),
        "packing": packing,
        "channel_weights": merged,
        "effects": effects,
    }


def _merged(row: Sequence[float], packing: int) -> list[float]:
    return [round(sum(row[at : at + packing]) / packing, 4) for at in range(0, len(row), packing)]


def concludes(path: Path, autoencoder: str) -> bool:
    """Whether a report is of these weights and concludes anything. BadInput where it is not a report."""
    found = _report(path)
    return found.get("autoencoder") == autoencoder and found["channel_weights"] is not None


def read_weights(path: Path, kind: str, channels: int, autoencoder: str = "") -> list[float]:
    """The weights of a report for the fed-back latents' channels, 0 to 1 each.

    autoencoder: the fingerprint of the model's. BadInput where the file is no report, nothing was concluded, or it is
    of another model.
    """
    if kind not in KINDS:
        raise BadInput(f"Channels are weighed by {', '.join(KINDS)}, not by {kind!r}.")
    found = _report(path)
    weights = found["channel_weights"]
    if autoencoder and found.get("autoencoder") != autoencoder:
        raise BadInput(
            f"{path} is of another model, {found.get('model')}, and says nothing of this one's channels. Make one: "
            "motion-bridge channels MODEL --output FILE."
        )
    if weights is None:
        raise BadInput(
            f"{path} concludes nothing: the channels of {found.get('model')} prefer nothing beyond chance. Take no "
            "channel weights for this model."
        )
    row = weights.get(kind, weights.get(EARLIER.get(kind)))
    if row is None or len(row) != channels:
        raise BadInput(f"{path} is of a model with other latents; this one has {channels} channels.")
    return [float(each) for each in row]


def _is_row(row: Any) -> bool:
    return isinstance(row, list) and all(type(each) in (int, float) for each in row)


def _report(path: Path) -> dict[str, Any]:
    try:
        found = json_text.read(path)
        if found["format"] != FORMAT or found["version"] != VERSION:
            raise ValueError("it is of another format or version")
        weights = found["channel_weights"]
        if weights is not None and not all(_is_row(row) for row in weights.values()):
            raise ValueError("its channel_weights are not rows of numbers")
        return found
    except (BadInput, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise BadInput(f"{path} is not a report of `motion-bridge channels` that can be read: {fault}.") from None
