"""A real sshd on loopback, a slow line to it, and an ssh that knows both."""

import contextlib
import os
import queue
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from backend_processes import until

SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
PIECE = 16384  # bytes that the line carries at a time


class SlowLine:
    """A TCP line to a port of this machine that is late and narrow, and can be cut or frozen.

    delay: seconds one way. rate: bytes a second each way; None: as fast as it goes.
    """

    def __init__(self, target, delay=0.0, rate=None):
        self.delay, self.rate = delay, rate
        self.carried = [0, 0]  # bytes to the server, and from it
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets = []
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def lines(self):
        """How many were opened."""
        return len(self._sockets) // 2

    def cut(self):
        """End all connections at once."""
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self):
        self._listener.close()
        self.cut()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._target))
            self._sockets += [near, far]
            for way, (source, sink) in enumerate(((near, far), (far, near))):
                under_way = queue.Queue()
                threading.Thread(target=self._take, args=(source, under_way, way), daemon=True).start()
                threading.Thread(target=self._give, args=(sink, under_way), daemon=True).start()

    def _take(self, source, under_way, way):
        free = 0.0  # when the line is free again
        while True:
            try:
                block = source.recv(PIECE)
            except OSError:
                block = b""
            free = max(free, time.monotonic()) + (len(block) / self.rate if self.rate else 0)
            under_way.put((free + self.delay, block))
            self.carried[way] += len(block)
            if not block:
                return
            time.sleep(max(0.0, free - time.monotonic()))

    def _give(self, sink, under_way):
        while True:
            due, block = under_way.get()
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                if not block:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(block)
            except OSError:
                return


class SshServer:
    """sshd with keys of its own; `variables` make an ssh of this process's children reach it as the host `gpu`."""

    def __init__(self, folder):
        if SSHD is None or shutil.which("ssh") is None or sys.platform == "win32":
            pytest.skip("there is no sshd here: apt-get install openssh-server")
        self.folder = Path(folder)
        self.folder.mkdir()
        for name in ("host", "user"):
            _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / name)
        shutil.copy(self.folder / "user.pub", self.folder / "authorized")
        self.port = _free_port()
        settings = {
            "Port": self.port,
            "ListenAddress": "127.0.0.1",
            "HostKey": self.folder / "host",
            "AuthorizedKeysFile": self.folder / "authorized",
            "PidFile": "none",
            "UsePAM": "no",
            "StrictModes": "no",
            "PasswordAuthentication": "no",
            "PermitRootLogin": "prohibit-password",
        }
        (self.folder / "sshd_config").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        assert SSHD
        log = (self.folder / "log").open("wb")
        self._process = subprocess.Popen([SSHD, "-D", "-e", "-f", str(self.folder / "sshd_config")], stderr=log)
        until(lambda: _answers(self.port), 20, "sshd's answer")

    def reached_over(self, line=None):
        """Variables of the environment with which `ssh gpu` comes here, over a slow line perhaps."""
        port = line.port if line else self.port
        known = self.folder / "known"
        known.write_text(f"[127.0.0.1]:{port} {(self.folder / 'host.pub').read_text()}")
        settings = {
            "Hostname": "127.0.0.1",
            "Port": port,
            "IdentityFile": self.folder / "user",
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": known,
        }
        lines = "".join(f"  {name} {value}\n" for name, value in settings.items())
        (self.folder / "ssh_config").write_text(f"Host gpu\n{lines}")
        programs = self.folder / "programs"
        programs.mkdir(exist_ok=True)
        script(programs / "ssh", f'exec {shutil.which("ssh")} -F {self.folder / "ssh_config"} "$@"')
        return {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}

    def close(self):
        self._process.terminate()
        self._process.wait(10)


def script(path, line):
    """A program of one line for sh."""
    Path(path).write_text(f"#!/bin/sh\n{line}\n")
    Path(path).chmod(0o755)
    return path


def _run(*words):
    subprocess.run([str(word) for word in words], check=True, capture_output=True)


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def _answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as line:
            return line.recv(4) == b"SSH-"
    except OSError:
        return False
