"""What is asked of a running ComfyUI over HTTP. Its routes: server.py of ComfyUI.

Requests run in a thread of their own, so that a cancelled job does not wait for an answer. Nothing goes through a
proxy, and no redirect to another machine is followed.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from ...errors import BackendFailed, BadInput, MotionBridgeError, OutOfMemory
from ...files import json_text
from .workflow import Workflow

FOLDER = "motion_bridge"  # below the server's input folder
CONNECT, READ = 3.0, 60.0  # seconds
LOOK = 0.05  # seconds between two looks at whether the job was cancelled
CANCEL = 0.3  # seconds that the interruption may take: the host gives half a second
LARGEST_ANSWER = 64 << 20  # bytes of JSON
LARGEST_FILE = 1 << 30  # bytes of a picture or movie
LONGEST = 400  # characters of the server's own words

Value = TypeVar("Value")


@dataclass(frozen=True)
class File:
    """A file at the server, as it names it."""

    filename: str
    subfolder: str
    type: str  # output, temp or input


@dataclass(frozen=True)
class Outcome:
    """How a prompt ended."""

    files: tuple[File, ...]  # of the output node, in order
    error: MotionBridgeError | None


class Unreachable(Exception):
    """The server did not answer; it may later."""


class Server:
    """A running ComfyUI. check: raises Cancelled when the job was cancelled; called while something is awaited."""

    def __init__(self, url: str, check: Callable[[], None]):
        import requests

        self.url = url
        self.check = check
        self._requests = requests
        self._session = _session(requests)
        self._pool = ThreadPoolExecutor(1, "comfyui-http")
        self._under_way: Future[Any] | None = None

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def describe(self, node: str) -> Mapping[str, Any] | None:
        """The server's description of a type of node; None where it has none of that type. BadInput: no ComfyUI."""
        try:
            found = self._json("GET", f"/object_info/{quote(node, safe='')}")
        except Unreachable as fault:
            raise BadInput(
                f"No ComfyUI answers at {self.url} ({fault}). Start it, or correct the address: --set server=…"
            ) from None
        about = found.get(node)
        return about if isinstance(about, dict) else None

    def upload(self, role: str, content: bytes, suffix: str) -> str:
        """Put a file into the server's input folder, named by what it holds; its name as nodes take it."""
        name = f"{role}_{hashlib.sha256(content).hexdigest()[:20]}{suffix}"
        fields = {"type": "input", "subfolder": FOLDER, "overwrite": "true"}
        try:
            answer = self._json("POST", "/upload/image", data=fields, files={"image": (name, content)})
        except Unreachable as fault:
            raise self._lost(fault) from None
        return f"{answer.get('subfolder') or FOLDER}/{answer.get('name') or name}"

    def queue(self, nodes: Mapping[str, Any], client: str, prompt: str, workflow: Workflow) -> str:
        """Queue a prompt; its number at the server. BadInput where the server finds it wrong."""
        body = {
            "prompt": nodes,
            "client_id": client,
            "prompt_id": prompt,
            "extra_data": {"preview_method": "latent2rgb"},
        }
        try:
            answer = self._json("POST", "/prompt", json=body, refused=lambda said: _refusal(said, workflow))
        except Unreachable as fault:
            raise self._lost(fault) from None
        return str(answer.get("prompt_id") or prompt)

    def outcome(self, prompt: str, workflow: Workflow) -> Outcome | None:
        """How a prompt ended; None while it has not."""
        entry = self._json("GET", f"/history/{quote(prompt, safe='')}").get(prompt)
        return _outcome(entry, workflow) if isinstance(entry, dict) else None

    def position(self, prompt: str) -> int | None:
        """How many prompts run before ours, 0 when it runs; None when the server does not know it."""
        return _position(self._json("GET", "/queue"), prompt)

    def view(self, file: File) -> bytes:
        """A file's bytes."""
        query = {"filename": file.filename, "subfolder": file.subfolder, "type": file.type}
        status, content = self._wait(lambda: self._ask("GET", "/view", LARGEST_FILE, params=query))
        if status != 200:
            raise BackendFailed(f"ComfyUI at {self.url} does not give {file.filename}: it answers {status}.")
        return content

    def pause(self, seconds: float) -> None:
        """Wait a little, unless the job was cancelled."""
        self.check()
        time.sleep(seconds)

    def cancel(self, prompt: str) -> None:
        """Take a prompt out of the queue, or interrupt it if it runs; nobody else's. Never raises, never waits long."""
        if self._under_way:
            wait([self._under_way], CANCEL / 2)  # it may be the one that queues
        with suppress(Unreachable, MotionBridgeError):
            session = _session(self._requests)
            queue = self._parsed(self._ask("GET", "/queue", LARGEST_ANSWER, session, timeout=CANCEL)[1])
            position = _position(queue, prompt)
            if position == 0:
                self._ask("POST", "/interrupt", LARGEST_ANSWER, session, json={"prompt_id": prompt}, timeout=CANCEL)
            elif position is not None:
                self._ask("POST", "/queue", LARGEST_ANSWER, session, json={"delete": [prompt]}, timeout=CANCEL)

    def _lost(self, fault: Unreachable) -> MotionBridgeError:
        return BackendFailed(f"ComfyUI at {self.url} does not answer any more ({fault}).")

    def _json(self, method: str, path: str, refused: Callable[[Any], str] | None = None, **what: Any) -> dict[str, Any]:
        status, content = self._wait(lambda: self._ask(method, path, LARGEST_ANSWER, **what))
        if status == 400 and refused:
            raise BadInput(refused(self._parsed(content)))
        if status >= 300:
            said = content.decode(errors="replace")[:LONGEST].strip()
            raise MotionBridgeError(f"{self.url}{path} answers {status}: {said or 'nothing'}. Is it ComfyUI?")
        return self._parsed(content)

    def _parsed(self, content: bytes) -> dict[str, Any]:
        found = json_text.parse(content, f"The answer of {self.url}")
        if not isinstance(found, dict):
            raise BadInput(f"{self.url} does not answer as ComfyUI does; correct the address.")
        return found

    def _ask(
        self, method: str, path: str, limit: int, session: Any = None, timeout: float | None = None, **what: Any
    ) -> tuple[int, bytes]:
        """Status and content; Unreachable where there is no whole answer."""
        times = (CONNECT, READ) if timeout is None else (timeout, timeout)
        try:
            with (session or self._session).request(
                method, self.url + path, timeout=times, stream=True, allow_redirects=False, **what
            ) as answer:
                pieces, size = [], 0
                for piece in answer.iter_content(1 << 20):
                    size += len(piece)
                    if size > limit:
                        raise BadInput(f"{self.url}{path} sends more than {limit:,} bytes; no more are read.")
                    pieces.append(piece)
                return answer.status_code, b"".join(pieces)
        except (self._requests.RequestException, OSError) as fault:
            raise Unreachable(_reason(fault)) from None

    def _wait(self, call: Callable[[], Value]) -> Value:
        self._under_way = asked = self._pool.submit(call)
        while True:
            try:
                return asked.result(LOOK)
            except NotYet:
                if asked.done():
                    raise
                self.check()


def _session(requests: Any) -> Any:
    session = requests.Session()
    session.trust_env = False
    return session


def _reason(fault: Exception) -> str:
    said = str(fault)
    for text in ("Connection refused", "timed out", "Name or service not known", "reset by peer"):
        if text.lower() in said.lower():
            return text.lower()
    return type(fault).__name__


def _position(queue: Mapping[str, Any], prompt: str) -> int | None:
    """queue_running and queue_pending are lists of [priority, number of the prompt, …]; the lowest comes first."""
    running = [entry for entry in queue.get("queue_running") or [] if isinstance(entry, list) and len(entry) > 1]
    pending = [entry for entry in queue.get("queue_pending") or [] if isinstance(entry, list) and len(entry) > 1]
    if any(entry[1] == prompt for entry in running):
        return 0
    order = [entry[1] for entry in sorted(pending, key=lambda entry: entry[0])]
    return len(running) + order.index(prompt) + (not running) if prompt in order else None


def _outcome(entry: Mapping[str, Any], workflow: Workflow) -> Outcome:
    status = entry.get("status") or {}
    if status.get("status_str") == "error":
        return Outcome((), _error(status.get("messages") or [], workflow))
    made = (entry.get("outputs") or {}).get(workflow.output) or {}
    files = [
        File(str(each["filename"]), str(each.get("subfolder", "")), str(each.get("type", "output")))
        for value in made.values()
        if isinstance(value, list)
        for each in value
        if isinstance(each, dict) and "filename" in each
    ]
    return Outcome(tuple(files), None)


def _error(messages: list[Any], workflow: Workflow) -> MotionBridgeError:
    for message in reversed(messages):
        if not (isinstance(message, list) and len(message) == 2 and isinstance(message[1], dict)):
            continue
        event, about = message
        if event == "execution_interrupted":
            return BackendFailed("The prompt was interrupted in ComfyUI.")
        if event == "execution_error":
            return _node_error(about, workflow)
    return MotionBridgeError("ComfyUI could not run the workflow, and does not say why; look at its console.")


def _node_error(about: Mapping[str, Any], workflow: Workflow) -> MotionBridgeError:
    kind, said = str(about.get("exception_type", "")), str(about.get("exception_message", "")).strip()[:LONGEST]
    name = workflow.name(str(about.get("node_id", "")))
    if "OutOfMemory" in kind or "out of memory" in said.lower():
        return OutOfMemory(
            f"Memory ran out in ComfyUI, in {name}. Make the picture smaller, or the chunk shorter: --set chunk=…"
        )
    return MotionBridgeError(f"{name} failed in ComfyUI: {kind.rpartition('.')[2]}: {said}")


def _refusal(said: Mapping[str, Any], workflow: Workflow) -> str:
    faults = []
    for number, about in (said.get("node_errors") or {}).items():
        for each in about.get("errors") or []:
            faults.append(f"{workflow.name(number)}: {each.get('message', '')} {each.get('details', '')}".strip())
    error = said.get("error")
    if not faults and isinstance(error, dict):
        faults.append(f"{error.get('message', '')} {error.get('details', '')}".strip())
    return f"ComfyUI refuses {workflow.path.name}. {'; '.join(faults)[: 4 * LONGEST] or 'It does not say why'}."
