"""Starting other programs: one way, for every child this project has.

Python's children speak UTF-8 whatever the system's code page is, write no bytecode, and see nothing of this
process's Python. On Windows no child opens a console window. A program is never looked for in the current folder,
which may hold somebody else's file of that name.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, TimeoutExpired
from typing import Any

__all__ = ["DEVNULL", "Answer", "TimeoutExpired", "ask", "how_it_ended", "python_command", "start"]

PYTHON_OPTIONS = ("-I", "-B", "-X", "utf8")
STATUS = {  # Windows' NTSTATUS, as exit codes of programs that crashed
    0xC0000005: "an access violation",
    0xC000001D: "an illegal instruction: the processor lacks one that the program uses",
    0xC0000017: "STATUS_NO_MEMORY, memory ran out",
    0xC000007B: "a library built for another processor",
    0xC00000FD: "a stack overflow",
    0xC000012D: "the commitment limit: memory and page file are full",
    0xC0000135: "a DLL that is missing",
    0xC0000139: "a DLL of another version",
    0xC000013A: "Ctrl+C",
    0xC0000142: "a DLL that could not start",
    0xC0000374: "a damaged heap",
    0xC0000409: "a failed security check",
    0xC06D007E: "a DLL that is missing",
    0x40010004: "the end of the session",
}


@dataclass(frozen=True)
class Answer:
    """What a program said before it ended."""

    code: int
    stdout: str
    stderr: str


def python_command(python: str | Path, *arguments: str | Path) -> list[str]:
    """The command line of a Python child."""
    return [str(python), *PYTHON_OPTIONS, *map(str, arguments)]


def start(
    command: Sequence[str | Path], variables: Mapping[str, str] | None = None, /, **options: Any
) -> subprocess.Popen[bytes]:
    """Start a program; its pipes carry bytes. OSError or ValueError when the system cannot.

    variables: of the environment, beside those of this process. options: of subprocess.Popen.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.Popen(  # pyright: ignore[reportReturnType]  no option makes them text
        [_program(str(command[0])), *map(str, command[1:])],
        env=environment | dict(variables or {}),
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        **options,
    )


def ask(command: Sequence[str | Path], patience: float) -> Answer:
    """Run a program to its end, which gets no input. subprocess.TimeoutExpired after `patience` seconds."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with start(command, **pipes) as process:
        try:
            said, complained = process.communicate(timeout=patience)
        except BaseException:
            process.kill()
            raise
    return Answer(process.returncode, _text(said), _text(complained))


def how_it_ended(code: int) -> str:
    """What an exit code means, as the end of a sentence that begins with the program."""
    if code < -1000:  # Windows' number as a signed one
        code += 1 << 32
    if code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        memory = ", as the system does when memory runs out" if name == "SIGKILL" else ""
        return f"was killed by {name}{memory}"
    if code in STATUS:
        return f"ended with {STATUS[code]} (0x{code:08X})"
    return f"ended with exit code {code}" if code < 0x40000000 else f"ended with status 0x{code:08X}"


def _program(name: str) -> str:
    """The program's path where it is only named: in the folders of PATH, never in the current one."""
    if os.path.dirname(name):
        return name
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if os.path.isabs(folder) and (found := shutil.which(os.path.join(folder, name))):
            return found
    raise FileNotFoundError(2, "there is no such program", name)


def _text(content: bytes) -> str:
    return content.decode("utf-8", errors="replace").replace("\r\n", "\n")
