"""`motion-bridge` in a process of its own."""

import subprocess

from backend_processes import TESTING


def run(*words, backend=TESTING, cwd=None):
    return subprocess.run([*backend, *map(str, words)], capture_output=True, text=True, timeout=60, cwd=cwd)


def render(shot, output, *more):
    return run("render", shot, "--output", output, "--engine", "testing", *more)
