"""Finished frames as an engine finds them when it resumes, for tests that need no folder."""

from motion_bridge.engines.base import Notice


def made_and_told(yielded):
    """What an engine yields: its frames, and (sentence, index of the first frame after it) for each notice."""
    frames, told = [], []
    for each in yielded:
        if isinstance(each, Notice):
            told.append((each.sentence, len(frames) and frames[-1].index + 1))
        else:
            frames.append(each)
    return frames, told


class Disk:
    def __init__(self, made=(), states=True):
        """states=False: frames whose state was lost."""
        self.made = {frame.index: frame for frame in made}
        self.states = states

    def __contains__(self, index):
        return index in self.made

    def pixels(self, index):
        return self.made[index].pixels

    def notes(self, index):
        return self.made[index].notes

    def state(self, index):
        return self.made[index].state if self.states else None
