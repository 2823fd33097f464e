"""The networks of a stream, loaded and ready."""

from dataclasses import dataclass

import torch

from ..network.decoder import Decoder
from ..network.student import Student
from ..network.track_head import TrackHead
from .inference_config import Usage


@dataclass(frozen=True)
class Generator:
    """The networks of a stream and how they were trained to be used."""

    student: Student
    head: TrackHead
    decoder: Decoder
    usage: Usage

    @property
    def device(self) -> torch.device:
        return self.head.proj.weight.device
