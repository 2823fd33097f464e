"""Another machine as a person names it, and the command line that starts its backend over ssh."""

import re
from collections.abc import Sequence

from .. import launch
from ..errors import BadInput

NOT_FOUND, SSH_FAILED = 127, 255  # exit codes: of a shell without that program, of ssh itself
PROGRAM = "motion-bridge"  # as the other machine calls it
CONNECT = 10  # seconds until a connection is given up
ALIVE, MISSED = 5, 3  # ssh asks so often, in seconds, whether the other end is there; and ends after so many silences
_HOST = re.compile(
    r"(ssh://)?([A-Za-z0-9_][\w.-]{0,63}@)?([A-Za-z0-9_][\w.-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?", re.ASCII
)
_PROGRAM = re.compile(r"[\w~/.][\w~/.+: \\-]{0,1000}", re.ASCII)
# BatchMode: a question would wait where nobody sees it. Nothing of this machine is lent to the other one.
OPTIONS = (
    *("-T", "-e", "none", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={CONNECT}"),
    *("-o", f"ServerAliveInterval={ALIVE}", "-o", f"ServerAliveCountMax={MISSED}"),
    *("-o", "ClearAllForwardings=yes", "-o", "ForwardAgent=no", "-o", "ForwardX11=no", "-o", "PermitLocalCommand=no"),
)


def check(name: str) -> str:
    """A host's name as it may stand on ssh's command line: `user@host`, or one of ~/.ssh/config.

    BadInput for what ssh could take for anything else, such as a name that begins with a minus.
    """
    found = _HOST.fullmatch(name)
    if found is None or (found[4] and not found[1]):
        raise BadInput(
            f"{name[:100]!r} is not the name of a machine; write user@host, ssh://user@host:port, or a name of "
            "~/.ssh/config."
        )
    return name


def command(name: str, arguments: Sequence[str], program: str = PROGRAM) -> list[str]:
    """ssh's command line that runs `motion-bridge …` on the host. BadInput for names that could mean something else.

    program: its path there, if it is not on the PATH; the other machine's shell reads it, so no shell metacharacters.
    """
    chosen = program.strip() or PROGRAM
    if not _PROGRAM.fullmatch(chosen):
        raise BadInput(
            f"{chosen[:100]!r} is not the path of a program on {name}; write it without shell metacharacters."
        )
    return ["ssh", *OPTIONS, "--", check(name), _quoted(chosen) + "".join(f" {each}" for each in arguments)]


def explained(name: str, code: int, complained: str) -> str:
    """Why nothing came from a host, and what to do, as a sentence. code: ssh's. complained: what it said on stderr."""
    lines = [line.strip() for line in complained.splitlines() if line.strip()]
    said = f" It says: {' | '.join(lines[-3:])}." if lines else ""
    if code == NOT_FOUND:
        return (
            f"{name} has no program of that name.{said} Install motion-bridge there, or write its path in the "
            "preferences, such as ~/motion-bridge-python/bin/motion-bridge."
        )
    if code == SSH_FAILED:
        return (
            f"{name} cannot be reached over ssh.{said} Connect once in a terminal, with a key that asks for no "
            f"password: ssh {name}"
        )
    return f"{name}: the backend {launch.how_it_ended(code)}.{said}"


def _quoted(program: str) -> str:
    """For sh and for Windows' cmd alike; ~/ must stay outside of the quotes to be the home."""
    if " " not in program:
        return program
    return f'~/"{program[2:]}"' if program.startswith("~/") else f'"{program}"'
