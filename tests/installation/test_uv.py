"""The installer itself: one pinned file, and nothing is run that is not it."""

import hashlib
import io
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from motion_bridge.errors import BadInput, DownloadFailed
from motion_bridge.installation import uv


def wheel_of(content):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(f"uv-{uv.VERSION}.data/scripts/{uv.PROGRAM}", content)
    return made.getvalue(), uv.Wheel("uv-x.whl", hashlib.sha256(made.getvalue()).hexdigest())


@pytest.fixture
def index(monkeypatch):
    """A package index on loopback; its pages by path."""
    pages = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            content = pages.get(self.path)
            self.send_response(200 if content is not None else 503)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, format, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    for name in ("UV_INDEX_URL", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://127.0.0.1:{server.server_address[1]}/simple")
    yield pages
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "page",
    [
        '<a href="../../files/ab/uv-x.whl#sha256=1">uv-x.whl</a>',
        '{"files": [{"filename": "uv-x.whl", "url": "../../files/ab/uv-x.whl"}]}',
    ],
)
def test_the_wheel_is_found_on_either_kind_of_page(index, tmp_path, page):
    content, wheel = wheel_of(b"program")
    index["/simple/uv/"] = page.encode()
    index["/files/ab/uv-x.whl"] = content
    program = uv.provide(tmp_path, wheel)
    assert program.read_bytes() == b"program" and program.stat().st_mode & 0o111
    index.clear()
    assert uv.provide(tmp_path, wheel) == program


def test_a_file_with_another_checksum_is_not_unpacked(index, tmp_path):
    index["/simple/uv/"] = b'<a href="/files/uv-x.whl">'
    index["/files/uv-x.whl"] = wheel_of(b"evil")[0]
    with pytest.raises(DownloadFailed, match="checksum differs"):
        uv.provide(tmp_path, wheel_of(b"program")[1])
    assert list(tmp_path.iterdir()) == []


def test_an_index_that_has_it_no_more_or_does_not_answer_is_a_sentence(index, tmp_path):
    with pytest.raises(DownloadFailed, match="answered 503"):
        uv.provide(tmp_path, wheel_of(b"")[1])
    index["/simple/uv/"] = b"<html>"
    with pytest.raises(DownloadFailed, match="no uv-x"):
        uv.provide(tmp_path, wheel_of(b"")[1])


def test_a_folder_of_wheels_needs_no_network(tmp_path):
    content, wheel = wheel_of(b"program")
    with pytest.raises(BadInput, match=r"no uv-x\.whl"):
        uv.provide(tmp_path, wheel, tmp_path)
    (tmp_path / "uv-x.whl").write_bytes(content)
    assert uv.provide(tmp_path, wheel, tmp_path).read_bytes() == b"program"


@pytest.mark.parametrize(
    "system, processor",
    [("linux", "x86_64"), ("linux", "aarch64"), ("win32", "AMD64"), ("win32", "ARM64"), ("darwin", "arm64")],
)
def test_every_machine_that_torch_runs_on_has_a_wheel(system, processor):
    wheel = uv.wheel_for(system, processor)
    assert uv.VERSION in wheel.name and len(wheel.digest) == 64


def test_other_machines_are_told_what_to_do():
    with pytest.raises(BadInput, match="Python of your own"):
        uv.wheel_for("linux", "riscv64")
