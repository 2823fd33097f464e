"""What somebody changes while a job runs, carried out between two chunks.

    {"prompts": {"40": "a stormy sea"}}                            a prompt from a frame on
    {"tracks": [{"track": 3, "do": "grab", "at": [x, y]}]}         also pin; pixels of the Shot
    {"tracks": [{"track": 3, "do": "drag", "to": [x, y]}]}         there when the next chunk ends
    {"tracks": [{"track": 3, "do": "release"}]}
    {"tracks": [{"do": "add", "at": [x, y], "from": [x, y]}]}      from: its place in the first frame, if known
    {"tracks": [{"track": 3, "do": "remove"}]}
    {"tracks": [{"track": 3, "do": "plan", "from": 40, "xy": [[x, y], …], "visible": [true, …]}]}
    {"settings": {"paused": true}}                                 until false
    {"settings": {"refresh_sink": true}}                           now, once

Frames are the scene's numbers. What comes for a frame that is finished already is done at the next border, and what
cannot be done is left out; both are said in a sentence. Nothing here ends a job.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from ....errors import BadInput
from ....shot import Shot, prompt_at
from .live_tracks import LiveTracks

Fields = Mapping[str, Any]
DEEDS = ("grab", "drag", "pin", "release", "plan", "add", "remove")


class Steering:
    """Prompts, tracks and pauses of one job, as they stand at the border that comes next."""

    def __init__(self, shot: Shot, tracks: LiveTracks | None, refresh_sink: Callable[[], None]):
        self.paused = False
        self._shot, self._tracks, self._refresh_sink = shot, tracks, refresh_sink
        self._prompts = dict(shot.prompts)

    def prompt(self, index: int) -> str:
        """The words that hold at a frame, by its position in the Shot."""
        return prompt_at(self._prompts, self._shot.frames[index])

    def take(self, fields: Fields, index: int) -> list[str]:
        """Carry out one change before the chunk that begins with a frame; what must be said about it."""
        said: list[str] = []
        for name, value in fields.items():
            try:
                if name == "prompts":
                    self._take_prompts(value, index, said)
                elif name == "tracks":
                    for deed in value:
                        self._take_deed(deed, index, said)
                elif name == "settings":
                    self._take_settings(value, said)
            except BadInput as fault:
                said.append(f"A change was left out: {fault}")
            except (TypeError, ValueError, KeyError, AttributeError) as fault:
                said.append(f"A change of {name} was left out, because it is not written as it must be: {fault!r}")
        return said

    def _take_prompts(self, prompts: Mapping[Any, str], index: int, said: list[str]) -> None:
        coming = self._shot.frames[index]
        for key, text in sorted((int(key), str(text)) for key, text in prompts.items()):
            self._prompts[key] = text
            if key < coming and not any(key < other <= coming for other in self._prompts):
                self._prompts[coming] = text
                said.append(f"The prompt for frame {key} came late; it holds from frame {coming} on.")

    def _take_deed(self, deed: Mapping[str, Any], index: int, said: list[str]) -> None:
        do = deed["do"]
        if do not in DEEDS:
            raise BadInput(f"{do!r} cannot be done to a track; choose one of {', '.join(DEEDS)}.")
        if self._tracks is None:
            raise BadInput("This shot has no tracks; nothing can be done to one.")
        if do == "add":
            origin = self._fraction(deed["from"]) if "from" in deed else None
            said.append(f"Track {self._tracks.add(self._fraction(deed['at']), origin)} was added.")
            return
        track = int(deed["track"])
        if do == "plan":
            self._plan(track, deed, index, said)
        elif do in ("release", "remove"):
            getattr(self._tracks, do)(track)
        else:
            place = self._fraction(deed["to" if do == "drag" else "at"])
            getattr(self._tracks, do)(track, place)

    def _plan(self, track: int, deed: Mapping[str, Any], index: int, said: list[str]) -> None:
        assert self._tracks is not None
        frames, begins = self._shot.frames, int(deed["from"])
        if begins not in frames:
            raise BadInput(f"The new path of track {track} begins at frame {begins}, which this shot does not have.")
        start, xy, visible = frames.index(begins), deed["xy"], deed.get("visible") or [True] * len(deed["xy"])
        points = torch.tensor(xy, dtype=torch.float32).reshape(-1, 2) / self._size
        if len(points) != len(visible) or start + len(points) > len(frames):
            raise BadInput(
                f"The new path of track {track} has {len(points)} positions and {len(visible)} visibilities; "
                f"from frame {begins} on this shot has {len(frames) - start} frames."
            )
        late = max(0, index - start)
        if late:
            said.append(f"The new path of track {track} came late; it is followed from frame {frames[index]} on.")
        if late < len(points):
            self._tracks.plan(track, start + late, points[late:], torch.tensor(visible[late:], dtype=torch.bool))

    def _take_settings(self, settings: Mapping[str, Any], said: list[str]) -> None:
        for name, value in settings.items():
            if name == "paused":
                self.paused = bool(value)
            elif name == "refresh_sink":
                if value:
                    self._refresh_sink()
            else:
                said.append(f"{name} cannot be changed while the job runs; it stays as it is.")

    def _fraction(self, pixel: Any) -> Tensor:
        place = torch.tensor(pixel, dtype=torch.float32)
        if place.shape != (2,):
            raise BadInput(f"A place is two numbers, x and y in pixels, not {pixel!r}.")
        return place / self._size

    @property
    def _size(self) -> Tensor:
        return torch.tensor([self._shot.width, self._shot.height], dtype=torch.float32)
