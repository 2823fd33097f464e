"""A server on loopback that speaks the Hugging Face hub's protocol, with the faults that networks have."""

import hashlib
import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "c0ffee" + "0" * 34
PIECE = 1 << 16


class Sparse:
    """Content of a size without its memory: the same piece again and again, numbered at its start."""

    def __init__(self, size, seed=0):
        self.size, self.seed = size, seed

    def __len__(self):
        return self.size

    def read(self, start, count):
        first, last = start // PIECE, (start + count + PIECE - 1) // PIECE
        body = b"".join(self._piece(at) for at in range(first, last))[start - first * PIECE :]
        return body[: min(count, self.size - start)]

    def _piece(self, at):
        return (self.seed * 1_000_003 + at).to_bytes(8, "little") * (PIECE // 8)


@dataclass
class Repository:
    """What one repository serves. gated: the status that is answered without the right token."""

    files: dict  # path → bytes or Sparse
    commit: str = COMMIT
    token: str = ""  # that opens it
    gated: int = 0
    renamed_to: str = ""
    lies: set = field(default_factory=set)  # paths whose bytes are not those of the checksum


class Hub:
    """The server and its faults; `with Hub() as hub:`."""

    def __init__(self, host="127.0.0.1"):
        self.repositories = {}
        self.cdn = None  # another Hub: large files are redirected there
        self.break_after = []  # for each of the next requests for bytes: break after so many
        self.ranges = True
        self.hang_after = []  # the same, but then be silent
        self.closed = threading.Event()
        self.rate = 0  # bytes a second; 0: as fast as it goes
        self.sent = 0  # bytes of files, over all
        self.requests = []  # (method, path, authorization)
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer((host, 0), type("Handler", (_Handler,), {"hub": self}))
        self._server.daemon_threads = True
        self.url = f"http://{host}:{self._server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()

    def count(self, size):
        with self._lock:
            self.sent += size

    def next_fault(self):
        """How many of the next bytes are sent, and whether silence follows; None: all of them."""
        with self._lock:
            if self.hang_after and (limit := self.hang_after.pop(0)) is not None:
                return limit, True
            return (self.break_after.pop(0) if self.break_after else None), False


def digests(content):
    """SHA-256, and the blob's SHA-1 as git counts it."""
    sha256, sha1 = hashlib.sha256(), hashlib.sha1(f"blob {len(content)}\0".encode())
    for at in range(0, len(content), 1 << 22):
        piece = part_of(content, at, 1 << 22)
        sha256.update(piece)
        sha1.update(piece)
    return sha256.hexdigest(), sha1.hexdigest()


def part_of(content, start, count):
    return content.read(start, count) if isinstance(content, Sparse) else content[start : start + count]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self._answer(False)

    def do_GET(self):
        self._answer(True)

    def _answer(self, with_body):
        hub = self.hub
        path = self.path.partition("?")[0]
        hub.requests.append((self.command, path, self.headers.get("authorization")))
        api = re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/(revision|tree)/([^/]+))?", path)
        resolved = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        blob = re.fullmatch(r"/blob/([^/]+/[^/]+)/(.+)", path)
        found = api or resolved or blob
        repository = hub.repositories.get(found[1]) if found else None
        if found is None or repository is None:
            return self._error(401 if found else 404, "RepoNotFound")
        if repository.renamed_to and not blob:
            return self._redirect(307, self.path.replace(found[1], repository.renamed_to, 1))
        if not blob and repository.gated and self.headers.get("authorization") != f"Bearer {repository.token}":
            return self._error(repository.gated, "GatedRepo")
        if api:
            return self._api(repository, api)
        if resolved and resolved[2] not in (repository.commit, "main"):
            return self._error(404, "RevisionNotFound")
        name = found[3] if resolved else found[2]
        if name not in repository.files:
            return self._error(404, "EntryNotFound")
        if resolved and hub.cdn and name.endswith(".safetensors"):
            hub.cdn.repositories[found[1]] = repository
            return self._redirect(302, f"{hub.cdn.url}/blob/{found[1]}/{name}")
        return self._file(repository, name, with_body)

    def _api(self, repository, api):
        if api[3] and api[3] not in (repository.commit, "main"):
            return self._error(404, "RevisionNotFound")
        if api[2] == "tree":
            return self._json([_tree_entry(*each) for each in repository.files.items()])
        return self._json({"id": api[1], "sha": repository.commit, "siblings": []})

    def _file(self, repository, name, with_body):
        content = repository.files[name]
        start, status = 0, 200
        if self.hub.ranges and (wanted := re.fullmatch(r"bytes=(\d+)-", self.headers.get("range", ""))):
            start, status = int(wanted[1]), 206
        self.send_response(status)
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("X-Repo-Commit", repository.commit)
        self.send_header("ETag", f'"{digests(content)[0] if len(content) < 1 << 20 else "etag"}"')
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if with_body:
            self._send(repository, name, content, start)

    def _send(self, repository, name, content, start):
        hub = self.hub
        limit, hangs = hub.next_fault()
        end = len(content) if limit is None else min(len(content), start + limit)
        for at in range(start, end, PIECE):
            piece = part_of(content, at, min(PIECE, end - at))
            if name in repository.lies:
                piece = bytes(len(piece))
            try:
                self.wfile.write(piece)
            except OSError:
                self.close_connection = True
                return
            hub.count(len(piece))
            if hub.rate:
                time.sleep(len(piece) / hub.rate)
        if limit is not None:
            if hangs:
                hub.closed.wait(20)
            self.close_connection = True
            self.connection.close()

    def _json(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _error(self, status, code):
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _redirect(self, status, place):
        self.send_response(status)
        self.send_header("Location", place)
        self.send_header("Content-Length", "0")
        self.end_headers()


def _tree_entry(path, content):
    sha256, sha1 = _digests_of(content)
    entry = {"type": "file", "path": path, "size": len(content), "oid": sha1}
    if path.endswith(".safetensors"):
        entry["lfs"] = {"oid": sha256, "size": len(content), "pointerSize": 134}
    return entry


_known = {}


def _digests_of(content):
    key = (content.size, content.seed) if isinstance(content, Sparse) else content
    if key not in _known:
        _known[key] = digests(content)
    return _known[key]
