"""A small server that speaks ComfyUI's protocol: HTTP routes, websocket, queue, and a handful of its nodes.

Its messages, answers and descriptions of nodes have the shapes that ComfyUI 0.8 gives. What it computes it computes
from what was uploaded, so that a picture that arrives wrong comes back wrong.
"""

import base64
import hashlib
import heapq
import json
import struct
import threading
import time
import uuid
from contextlib import suppress
from email.message import Message
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
from motion_bridge.media import png

IMAGE = {"input": {"required": {"image": ["IMAGE"]}}, "output": ["IMAGE"], "output_node": False}
NODES = {
    "LoadImage": {
        "input": {"required": {"image": [["example.png"], {"image_upload": True}]}},
        "output": ["IMAGE", "MASK"],
        "output_node": False,
    },
    "ImageInvert": IMAGE,
    "RepeatImageBatch": {
        "input": {"required": {"image": ["IMAGE"], "amount": ["INT", {"default": 1, "min": 1, "max": 4096}]}},
        "output": ["IMAGE"],
        "output_node": False,
    },
    "PrimitiveInt": {"input": {"required": {"value": ["INT", {}]}}, "output": ["INT"], "output_node": False},
    "PrimitiveStringMultiline": {
        "input": {"required": {"value": ["STRING", {"multiline": True}]}},
        "output": ["STRING"],
        "output_node": False,
    },
    "PreviewImage": {"input": {"required": {"images": ["IMAGE"]}}, "output": [], "output_node": True},
    "SaveImage": {
        "input": {"required": {"images": ["IMAGE"], "filename_prefix": ["STRING", {"default": "ComfyUI"}]}},
        "output": [],
        "output_node": True,
    },
    "CheckpointLoaderSimple": {
        "input": {"required": {"ckpt_name": ["COMBO", {"options": ["v1-5.safetensors"]}]}},
        "output": ["MODEL", "CLIP", "VAE"],
        "output_node": False,
    },
}
NODES["VAELoader"] = {"input": {"required": {"vae_name": [[]]}}, "output": ["VAE"], "output_node": False}
OUT_OF_MEMORY = (
    "Allocation on device \nThis error means you ran out of memory on your GPU.\n\n"
    "TIPS: If the workflow worked before you might have accidentally set the batch_size to a large number."
)


class ComfyServer:
    """Runs from `with` on. Other clients' prompts are queued by `other`; the rest is what goes wrong."""

    def __init__(self):
        self.nodes = dict(NODES)
        self.uploads = {}  # name → bytes
        self.upload_times = []
        self.prompts = []  # what was queued by POST, in order: bodies
        self.interrupted, self.deleted = [], []
        self.sockets = {}  # client → what writes
        self.opened = 0  # sockets so far
        self.gate = threading.Event()  # closed: prompts stop in the middle until it opens
        self.gate.set()
        self.at_gate = threading.Event()
        self.drop_at_frame = None  # of a prompt: the socket is cut when this much is done, silently
        self.fault: tuple[str, str] | None = None  # (exception_type, exception_message): the next prompt's
        self.extra_frames = 0
        self.preview = None
        self.forgets = False
        self._queue: list = []  # (place, number, nodes, client)
        self._running, self._history, self._files = None, {}, {}
        self._lock = threading.Condition()
        self._stopped = False
        self._interrupt = threading.Event()
        self._count = 0

    def __enter__(self):
        handler = type("Handler", (_Handler,), {"comfy": self})
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()
        threading.Thread(target=self._work, daemon=True).start()
        return self

    def __exit__(self, *_):
        with self._lock:
            self._stopped = True
            self._lock.notify_all()
        self.gate.set()
        self.cut()
        self.http.shutdown()
        self.http.server_close()

    def other(self, number="other"):
        """Queue another client's prompt of one picture."""
        self.uploads.setdefault("motion_bridge/other.png", png.encode(np.zeros((4, 4, 3), np.uint8)))
        nodes = {
            "1": {"class_type": "LoadImage", "inputs": {"image": "motion_bridge/other.png"}},
            "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
        }
        self._put(number, nodes, "somebody")

    def history(self, number):
        with self._lock:
            return self._history.get(number)

    def waiting(self):
        """The numbers of the prompts that are queued and not begun."""
        with self._lock:
            return [number for _, number, _, _ in sorted(self._queue)]

    @property
    def running(self):
        with self._lock:
            return self._running

    def cut(self):
        """Cut every websocket."""
        for write in list(self.sockets.values()):
            write(None)
        self.sockets.clear()

    def send(self, client, kind, **data):
        if client in self.sockets:
            self.sockets[client](json.dumps({"type": kind, "data": data}))

    def describe(self, name):
        return {name: self.nodes[name]} if name in self.nodes else {}

    def queue_json(self):
        with self._lock:
            running = [[0, self._running, {}, {}, []]] if self._running else []
            return {"queue_running": running, "queue_pending": [[n, i, p, {}, []] for n, i, p, _ in self._queue]}

    def post(self, body):
        """An answer and its status."""
        for name, node in body["prompt"].items():
            if node["class_type"] == "LoadImage" and node["inputs"]["image"] not in self.uploads:
                details = f"image - Invalid image file: {node['inputs']['image']}"
                error = {"type": "custom_validation_failed", "message": "Custom validation failed", "details": details}
                faults = {name: {"errors": [error], "dependent_outputs": [], "class_type": "LoadImage"}}
                top = {"type": "prompt_outputs_failed_validation", "message": "Prompt outputs failed validation"}
                return {"error": {**top, "details": "", "extra_info": {}}, "node_errors": faults}, 400
        number = body.get("prompt_id") or uuid.uuid4().hex
        self.prompts.append(body)
        self._put(number, body["prompt"], body.get("client_id"))
        return {"prompt_id": number, "number": self._count, "node_errors": {}}, 200

    def delete(self, number):
        self.deleted.append(number)
        with self._lock:
            self._queue = [entry for entry in self._queue if entry[1] != number]
            heapq.heapify(self._queue)

    def interrupt(self, number):
        self.interrupted.append(number)
        if self._running is not None and number in (None, self._running):
            self._interrupt.set()
            self.gate.set()

    def _put(self, number, nodes, client):
        with self._lock:
            self._count += 1
            heapq.heappush(self._queue, (self._count, number, nodes, client))
            self._lock.notify_all()

    def _work(self):
        while True:
            with self._lock:
                while not self._queue and not self._stopped:
                    self._lock.wait()
                if self._stopped:
                    return
                _, number, nodes, client = heapq.heappop(self._queue)
                self._running = number
                self._interrupt.clear()
            entry = self._execute(number, nodes, client)
            with self._lock:
                self._running = None
                if not self.forgets:
                    self._history[number] = entry
            ended = entry["status"]["messages"][-1]
            self.send(client, ended[0], **ended[1])
            self.send(client, "executing", node=None, prompt_id=number)

    def _execute(self, number, nodes, client):
        def ended(kind, outputs, **data):
            status = "success" if kind == "execution_success" else "error"
            messages = [
                ["execution_start", {"prompt_id": number, "timestamp": 0}],
                [kind, {"prompt_id": number, **data, "timestamp": 1}],
            ]
            state = {"status_str": status, "completed": status == "success", "messages": messages}
            return {"prompt": [0, number, nodes, {}, []], "outputs": outputs, "status": state, "meta": {}}

        self.send(client, "execution_start", prompt_id=number, timestamp=0)
        outputs = {}
        for name, node in nodes.items():
            if node["class_type"] not in ("PreviewImage", "SaveImage"):
                continue
            self.send(client, "executing", node=name, display_node=name, prompt_id=number)
            if self.fault:
                (kind, said), self.fault = self.fault, None
                about = {"node_id": name, "node_type": node["class_type"], "executed": []}
                return ended("execution_error", {}, **about, exception_type=kind, exception_message=said, traceback=[])
            pictures = self._value(nodes, *node["inputs"]["images"])
            pictures += pictures[-1:] * self.extra_frames
            for at in range(len(pictures)):
                self.send(client, "progress", value=at, max=len(pictures), prompt_id=number, node=name)
                if at == len(pictures) // 2:
                    if self.preview and client in self.sockets:
                        self.sockets[client](struct.pack(">2I", 1, 2) + self.preview)
                    if self.drop_at_frame is not None:
                        self.drop_at_frame = None
                        self.cut()
                    if not self.gate.is_set():
                        self.at_gate.set()
                        self.gate.wait()
                if self._interrupt.is_set():
                    return ended("execution_interrupted", {}, node_id=name, node_type=node["class_type"], executed=[])
            files = []
            for at, picture in enumerate(pictures):
                file = f"{number}_{name}_{at:05d}_.png"
                self._files[file] = png.encode(picture)
                files.append({"filename": file, "subfolder": "", "type": "temp"})
            outputs[name] = {"images": files}
            self.send(client, "executed", node=name, display_node=name, output=outputs[name], prompt_id=number)
        return ended("execution_success", outputs)

    def _value(self, nodes, name, _slot=0):
        node = nodes[name]
        given = {
            key: self._value(nodes, *value) if isinstance(value, list) else value
            for key, value in node["inputs"].items()
        }
        match node["class_type"]:
            case "LoadImage":
                return frames_of(self.uploads[given["image"]])
            case "ImageInvert":
                return [255 - picture for picture in given["image"]]
            case "RepeatImageBatch":
                return given["image"] * given["amount"]
            case "PrimitiveInt" | "PrimitiveStringMultiline":
                return given["value"]
        raise KeyError(node["class_type"])


def frames_of(data):
    """The pictures of a PNG, animated or not: each frame is packed as a file of its own and read."""
    at, chunks = 8, []
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        chunks.append((kind, data[at + 8 : at + 8 + length]))
        at += length + 12
    header = dict(chunks)[b"IHDR"]
    rows = [body if kind == b"IDAT" else body[4:] for kind, body in chunks if kind in (b"IDAT", b"fdAT")]
    return [
        png.decode(
            png.SIGNATURE + png.chunk(b"IHDR", header) + png.chunk(b"IDAT", each) + png.chunk(b"IEND", b""), "upload"
        )
        for each in rows
    ]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    comfy: ComfyServer

    def log_message(self, *_):
        pass

    def do_GET(self):
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        last = unquote(parts.path.rsplit("/", 1)[-1])
        if parts.path == "/ws":
            return self._websocket(asked["clientId"])
        if parts.path.startswith("/object_info/"):
            return self._json(self.comfy.describe(last))
        if parts.path.startswith("/history/"):
            entry = self.comfy.history(last)
            return self._json({last: entry} if entry else {})
        if parts.path == "/queue":
            return self._json(self.comfy.queue_json())
        if parts.path == "/view" and asked["filename"] in self.comfy._files:
            return self._answer(self.comfy._files[asked["filename"]], "image/png")
        return self._json({}, 404)

    def do_POST(self):
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/upload/image":
            return self._upload(content)
        body = json.loads(content)
        if self.path == "/prompt":
            return self._json(*self.comfy.post(body))
        if self.path == "/queue":
            for number in body["delete"]:
                self.comfy.delete(number)
            return self._json({})
        if self.path == "/interrupt":
            self.comfy.interrupt(body.get("prompt_id"))
            return self._json({})
        return self._json({}, 404)

    def _upload(self, content):
        self.comfy.upload_times.append(time.monotonic())
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        found = {}
        for part in BytesParser().parsebytes(head + content).get_payload():
            assert isinstance(part, Message)
            name = part.get_param("name", header="content-disposition")
            found[name] = (part.get_filename(), part.get_payload(decode=True))
        name, picture = found["image"]
        folder = found["subfolder"][1].decode()
        self.comfy.uploads[f"{folder}/{name}"] = picture
        self._json({"name": name, "subfolder": folder, "type": "input"})

    def _json(self, value, status=200):
        self._answer(json.dumps(value).encode(), "application/json", status)

    def _answer(self, content, kind, status=200):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _websocket(self, client):
        """Frames of RFC 6455 from the server, which do not mask theirs."""
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        self.close_connection = True
        lock = threading.Lock()

        def write(message):
            if message is None:
                with suppress(OSError):  # it may be gone by itself
                    self.connection.shutdown(2)
                return
            content = message.encode() if isinstance(message, str) else message
            length = len(content)
            size = bytes([length]) if length < 126 else bytes([126]) + length.to_bytes(2)
            size = size if length < 65536 else bytes([127]) + length.to_bytes(8)
            try:
                with lock:
                    self.wfile.write(bytes([0x81 if isinstance(message, str) else 0x82]) + size + content)
                    self.wfile.flush()
            except OSError:
                self.comfy.sockets.pop(client, None)

        self.comfy.sockets[client] = write
        self.comfy.opened += 1
        write(json.dumps({"type": "status", "data": {"status": {"exec_info": {"queue_remaining": 0}}, "sid": client}}))
        try:
            while self.rfile.read(1):
                pass
        except OSError:
            pass


def workflow(**titles):
    """A workflow whose output is the inverse of what it is fed: by default MB video, one picture a frame."""
    nodes = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "example.png"}, "_meta": {"title": "MB video"}},
        "2": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}, "_meta": {"title": "Invert Image"}},
        "3": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}, "_meta": {"title": "MB output"}},
    }
    for number, title in titles.items():
        nodes[number.removeprefix("node")]["_meta"]["title"] = title
    return nodes
