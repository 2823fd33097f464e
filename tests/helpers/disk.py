"""Finished frames as an engine finds them when it resumes, for tests that need no folder."""


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
