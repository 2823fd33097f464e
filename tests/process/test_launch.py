"""Children: one way to start them, whatever the system's language is and whatever lies in the current folder."""

import os
import subprocess
import sys

import pytest
from motion_bridge import launch


def test_a_python_child_speaks_utf8_whatever_the_locale_is(monkeypatch):
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    command = launch.python_command(
        sys.executable, "-c", r"import sys; print('C:\\Users\\Jörg', sys.dont_write_bytecode)"
    )
    answer = launch.ask(command, 60)
    assert answer == launch.Answer(0, "C:\\Users\\Jörg True\n", "")


def test_a_child_that_prints_cp1252_is_read_all_the_same():
    words = r"import sys; sys.stdout.buffer.write('C:\\Users\\Jörg\r\n'.encode('cp1252')); sys.exit(5)"
    assert launch.ask([sys.executable, "-c", words], 60) == launch.Answer(5, "C:\\Users\\J\ufffdrg\n", "")


def test_no_child_opens_a_console_window(monkeypatch):
    seen = {}
    monkeypatch.setattr(subprocess, "CREATE_NO_WINDOW", 0x08000000, raising=False)
    monkeypatch.setattr(subprocess, "Popen", lambda command, **options: seen.update(options))
    launch.start([sys.executable])
    assert seen["creationflags"] == 0x08000000


@pytest.mark.skipif(os.name == "nt", reason="a script without an extension")
def test_a_program_in_the_current_folder_is_never_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho pwned")
    (tmp_path / "nvidia-smi").chmod(0o755)
    for path in (".", "", f"{os.pathsep}."):
        monkeypatch.setenv("PATH", path)
        with pytest.raises(FileNotFoundError):
            launch.ask(["nvidia-smi"], 10)
    monkeypatch.setenv("PATH", f".{os.pathsep}{tmp_path}")
    assert launch.ask(["nvidia-smi"], 10).stdout == "pwned\n"


def test_a_child_that_does_not_end_is_ended():
    with pytest.raises(subprocess.TimeoutExpired):
        launch.ask([sys.executable, "-c", "import time; time.sleep(600)"], 0.3)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (3, "ended with exit code 3"),
        (-9, "was killed by SIGKILL, as the system does when memory runs out"),
        (-11, "was killed by SIGSEGV"),
        (0xC0000005, "ended with an access violation (0xC0000005)"),
        (-1073741819, "ended with an access violation (0xC0000005)"),
        (0xC0000135, "ended with a DLL that is missing (0xC0000135)"),
        (0xC0001234, "ended with status 0xC0001234"),
    ],
)
def test_an_exit_code_has_a_name(code, words):
    assert launch.how_it_ended(code) == words
