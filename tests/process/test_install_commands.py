"""Commands that people paste: right for their shell, quoted, with a torch that sees their GPU."""

import shutil
import subprocess
import sys

import pytest
from motion_bridge import install_commands
from motion_bridge.engines import diagnostics
from motion_bridge.install_commands import Machine, environment, impossible, install, quoted

LINUX, WINDOWS, MAC = Machine("linux"), Machine("win32", "AMD64"), Machine("darwin", "arm64", 15)
TABLE = [
    (
        LINUX,
        "/home/ö x/motion-bridge-python",
        "/opt/back end[deforum]",
        [
            'python3 -m venv "/home/ö x/motion-bridge-python"',
            '"/home/ö x/motion-bridge-python/bin/python" -m pip install "/opt/back end[deforum]"',
        ],
    ),
    (
        MAC,
        "/Users/a b/motion-bridge-python",
        "/Users/a b/backend[motionstream]",
        [
            'python3 -m venv "/Users/a b/motion-bridge-python"',
            '"/Users/a b/motion-bridge-python/bin/python" -m pip install "/Users/a b/backend[motionstream]"',
        ],
    ),
    (
        Machine("linux", amd=True),
        "/v",
        "/b[x]",
        [
            'python3 -m venv "/v"',
            '"/v/bin/python" -m pip install uv',
            '"/v/bin/python" -m uv pip install --python "/v/bin/python" --torch-backend=auto "/b[x]"',
        ],
    ),
    (
        WINDOWS,
        r"C:\O'Neil Ö\py",
        r"C:\Program Files\backend[deforum]",
        [
            r"py -3 -m venv 'C:\O''Neil Ö\py'",
            r"& 'C:\O''Neil Ö\py\Scripts\python.exe' -m pip install uv",
            (
                r"& 'C:\O''Neil Ö\py\Scripts\python.exe' -m uv pip install --python "
                r"'C:\O''Neil Ö\py\Scripts\python.exe' --torch-backend=auto 'C:\Program Files\backend[deforum]'"
            ),
        ],
    ),
]


@pytest.mark.parametrize(
    ("machine", "folder", "package", "expected"), TABLE, ids=lambda each: getattr(each, "system", "")
)
def test_each_system_gets_commands_for_its_shell(machine: Machine, folder: str, package: str, expected: list[str]):
    assert environment(folder, package, machine) == expected


@pytest.mark.parametrize(
    ("machine", "says"),
    [
        (Machine("darwin", "x86_64", 15), "Reproject only"),
        (Machine("darwin", "arm64", 13), "needs macOS 14; this is 13"),
        (MAC, None),
        (LINUX, None),
        (WINDOWS, None),
    ],
)
def test_where_there_is_no_torch_that_is_said(machine: Machine, says: str | None):
    sentence = impossible(machine)
    assert sentence is None if says is None else says in (sentence or "")


HARMLESS = ["plain", "two words", "O'Neil", 'a "quoted" word', "$HOME `id` $(id)", r"back\slash", "ö", "a&b;c|d"]
HARMLESS += ["wow!x y", "it's !!", "O\u2019Neil", "\u2018a\u201a\u201b", "-x", "*.py", "~", "%PATH%", "{a,b}", "#"]


@pytest.mark.skipif(sys.platform == "win32", reason="runs a POSIX shell")
@pytest.mark.parametrize("text", HARMLESS)
def test_a_posix_shell_hands_every_path_on_as_it_is(text: str):
    said = subprocess.run(["sh", "-c", f"printf %s {quoted(text, LINUX)}"], capture_output=True, text=True, check=True)
    assert said.stdout == text


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
@pytest.mark.parametrize("text", HARMLESS)
def test_a_shell_that_somebody_types_into_hands_every_path_on_as_it_is(text: str):
    """Such a one takes ! for its history."""
    script = f"set -o history -o histexpand\nprintf %s {quoted(text, LINUX)}\n"
    said = subprocess.run(["bash", "--norc", "-i"], input=script, capture_output=True, text=True, check=True)
    assert said.stdout == text


def test_typographic_quotes_do_not_end_a_text_in_powershell():
    """It takes ‘ ’ ‚ ‛ for single quotes: about_Quoting_Rules."""
    assert quoted("O\u2019Neil", WINDOWS) == "'O\u2019\u2019Neil'"
    assert quoted("a'; rm b", WINDOWS) == "'a''; rm b'"
    assert quoted("\u2018\u201a\u201b", WINDOWS) == "'\u2018\u2018\u201a\u201a\u201b\u201b'"


@pytest.mark.skipif(not shutil.which("pwsh"), reason="PowerShell is not installed")
@pytest.mark.parametrize("text", HARMLESS)
def test_powershell_hands_every_path_on_as_it_is(text: str):
    command = ["pwsh", "-NoProfile", "-Command", f"[Console]::Out.Write({quoted(text, WINDOWS)})"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == text


def test_the_doctors_remedy_is_for_this_machine(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(install_commands, "this_machine", lambda: WINDOWS)
    monkeypatch.setattr(diagnostics, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "prefix", r"C:\venv")
    monkeypatch.setattr(sys, "executable", r"C:\venv\Scripts\python.exe")
    said = diagnostics.lack("deforum") or ""
    assert r"& 'C:\venv\Scripts\python.exe' -m uv pip install" in said and "--torch-backend=auto" in said
    monkeypatch.setattr(install_commands, "this_machine", lambda: Machine("darwin", "x86_64", 15))
    assert "Reproject only" in (diagnostics.lack("deforum") or "")


def test_installing_into_a_python_that_is_there_quotes_it():
    assert install("/a b/python", "/c d[deforum]", LINUX) == ['"/a b/python" -m pip install "/c d[deforum]"']
