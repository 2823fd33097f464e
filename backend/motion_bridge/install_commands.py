"""What a person types into a terminal to get a Python that can run an engine: right for the shell, and for the GPU.

torch from the package index sees NVIDIA GPUs on Linux and Apple's on macOS; on Windows it uses the processor alone, and
for AMD's GPUs there are builds of its own. There uv chooses the build that fits the machine.
"""

import platform
import re
import shlex
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

from .errors import BadInput
from .files import regular

OLDEST_MACOS = 14  # for which there is a current torch
NVIDIA, AMD = "0x10de", "0x1002"  # PCI numbers of makers
_QUOTES, _TWICE = re.compile("['\u2018-\u201b]"), r"\g<0>\g<0>"  # typographic ones end a text in PowerShell, too
DISPLAYS = Path("/sys/class/drm")  # Linux


@dataclass(frozen=True)
class Machine:
    """What decides which commands are right."""

    system: str  # sys.platform
    processor: str = "x86_64"
    macos: int = 0  # its first number; 0 elsewhere
    amd: bool = False  # whether the GPU is AMD's, and none is NVIDIA's

    @property
    def windows(self) -> bool:
        return self.system == "win32"


@cache
def this_machine() -> Machine:
    """The machine that this runs on."""
    macos = platform.mac_ver()[0].partition(".")[0]
    return Machine(sys.platform, platform.machine(), int(macos) if macos.isdigit() else 0, _has_amd())


def impossible(machine: Machine) -> str | None:
    """Why there is no torch for a machine, as a sentence; None where there is one."""
    if machine.system != "darwin":
        return None
    if machine.processor == "x86_64":
        return "There is no current torch for Macs with Intel processors: they run Reproject only."
    if machine.macos and machine.macos < OLDEST_MACOS:
        return f"torch needs macOS {OLDEST_MACOS}; this is {machine.macos}. Until it is updated: Reproject only."
    return None


def environment(folder: PurePath | str, package: str, machine: Machine) -> list[str]:
    """Make a Python of one's own in a folder and install a package into it, such as "…/backend[deforum]"."""
    start = "py -3" if machine.windows else "python3"
    python = python_of(folder, machine)
    return [f"{start} -m venv {quoted(str(folder), machine)}", *install(str(python), package, machine)]


def install(python: str, package: str, machine: Machine) -> list[str]:
    """Install a package into a Python that is there."""
    program = f"& {quoted(python, machine)}" if machine.windows else quoted(python, machine)  # PowerShell calls with &
    target = quoted(package, machine)
    if not (machine.windows or machine.amd):
        return [f"{program} -m pip install {target}"]
    choose = f"{program} -m uv pip install --python {quoted(python, machine)} --torch-backend=auto {target}"
    return [f"{program} -m pip install uv", choose]


def python_of(folder: PurePath | str, machine: Machine) -> PurePath:
    """The Python of such a folder."""
    if machine.windows:
        return PureWindowsPath(folder, "Scripts", "python.exe")
    return PurePosixPath(folder, "bin", "python")


def one_line(commands: list[str], machine: Machine) -> str:
    """Several commands as one; the next begins only after the one before."""
    return ("; " if machine.windows else " && ").join(commands)


def shell(machine: Machine) -> str:
    """Where they are typed."""
    return "PowerShell" if machine.windows else "a terminal"


def quoted(text: str, machine: Machine) -> str:
    """A text that the shell hands on as it is."""
    if machine.windows:
        return f"'{_QUOTES.sub(_TWICE, text)}'"
    if "!" in text:  # which a shell that somebody types into takes for its history, in double quotes too
        return shlex.quote(text)
    return '"' + re.sub(r'(["$`\\])', r"\\\1", text) + '"'


def _has_amd() -> bool:
    try:
        makers = {regular.read_text(path).strip() for path in DISPLAYS.glob("card*/device/vendor")}
    except BadInput:
        return False
    return AMD in makers and NVIDIA not in makers
