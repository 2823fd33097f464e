"""motion-bridge models"""

import argparse
import json
import os
import signal
import sys
import time
from typing import Any

from .. import terminal
from ..errors import BadInput, Cancelled, DownloadFailed, ModelMissing
from ..model_registry import catalog, download, registry
from ..model_registry.catalog import Entry, Presence
from ..model_registry.download import Progress

TOKEN = "HF_TOKEN"  # the environment variable; there is no option, because other users can read command lines
EVERY = 0.5  # seconds between lines of progress


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(required=True, metavar="ACTION", dest="action")
    actions.add_parser("list", help="what can be fetched, and what is here")
    get = actions.add_parser("get", help="fetch a model, or what is still missing of it")
    get.add_argument("name", metavar="NAME")
    get.add_argument("--accept-license", action="store_true", help="agree to a license that has to be agreed to")
    get.add_argument("--revision", default="", help="another branch, tag or commit than the one this version names")
    get.add_argument(
        "--repair", action="store_true", help="compare all files with their checksums, and replace damaged ones"
    )
    verify = actions.add_parser("verify", help="compare a fetched model with its publisher's checksums")
    verify.add_argument("name", metavar="NAME")
    remove = actions.add_parser("remove", help="delete a fetched model")
    remove.add_argument("name", metavar="NAME")
    for each in actions.choices.values():
        each.add_argument("--json", action="store_true", help="print one JSON object a line instead of text")


def run(arguments: argparse.Namespace) -> int:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _cancel)
    ACTIONS[arguments.action](arguments)
    return 0


def list_all(arguments: argparse.Namespace) -> None:
    for entry in catalog.entries().values():
        state = catalog.state(entry)
        if arguments.json:
            terminal.say(json.dumps(_described(entry, state)))
            continue
        arrived = f" ({state.gigabytes:.1f} GB arrived)" if state.presence is Presence.INCOMPLETE else ""
        size, memory = f"{entry.gigabytes:g} GB", f"{entry.memory:g} GB memory" if entry.memory else "little memory"
        words = f"{entry.license}{', gated' if entry.gated else ''}"
        terminal.say(f"{entry.name:24}", f"{state.presence.value}{arrived}", size, memory, entry.kind, words)


def _described(entry: Entry, state: catalog.State) -> dict[str, Any]:
    return {
        "name": entry.name,
        "kind": entry.kind,
        "state": state.presence.value,
        "folder": str(state.folder) if state.folder else None,
        "on_disk": state.gigabytes,
        "download": entry.gigabytes,
        "memory": entry.memory,
        "license": entry.license,
        "asks": entry.asks,
        "repository": entry.repository,
    }


def get(arguments: argparse.Namespace) -> None:
    entry = catalog.find(arguments.name)
    state = catalog.state(entry)
    progress = Reporter(arguments.json)
    if arguments.repair and state.ours and state.presence is Presence.READY and state.folder:
        damaged = download.verify(state.folder, progress.tell)
        if damaged:
            download.reopen(state.folder, damaged)
            state = catalog.state(entry)
    if state.presence is Presence.READY and not arguments.revision:
        progress.done(f"{entry.name} is here: {state.folder}", str(state.folder))
        return
    memory = f", {entry.memory:g} GB memory" if entry.memory else ""
    progress.note(f"{entry.name}: {entry.gigabytes:g} GB{memory}, license: {entry.license}")
    if entry.asks and not _accepted(entry, arguments):
        raise BadInput(f"{entry.name} is under the license {entry.license}. {entry.asks} Then add --accept-license.")
    try:
        folder = download.fetch(entry, os.environ.get(TOKEN, "").strip(), progress.tell, arguments.revision)
    except ImportError:
        raise DownloadFailed(
            f"{sys.executable} has no huggingface_hub, which fetches models. Install the GPU backend in the "
            "preferences, or that package."
        ) from None
    progress.done(f"{entry.name} is here: {folder}", str(folder))


def _accepted(entry: Entry, arguments: argparse.Namespace) -> bool:
    """Whether the license is agreed to: by the option, or by a yes where somebody sits before a terminal."""
    if arguments.accept_license:
        return True
    if arguments.json or not (sys.stdin and sys.stdin.isatty()):
        return False
    terminal.note(f"{entry.asks} Do you agree to it? [y/N]")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def verify(arguments: argparse.Namespace) -> None:
    entry = catalog.find(arguments.name)
    folder = _own(entry)
    progress = Reporter(arguments.json)
    if damaged := download.verify(folder, progress.tell):
        raise ModelMissing(
            f"{entry.name} is damaged: {', '.join(damaged)}. "
            f"Fetch those again: motion-bridge models get {entry.name} --repair"
        )
    progress.done(f"{entry.name} is whole, as its publisher's checksums say.", str(folder))


def _own(entry: Entry) -> Any:
    """The folder of a whole model in the models folder."""
    state = catalog.state(entry)
    if state.presence is not Presence.READY:
        raise ModelMissing(registry.missing(entry.name, entry.gigabytes, entry.license))
    return state.folder


def remove(arguments: argparse.Namespace) -> None:
    entry = catalog.find(arguments.name)
    state = catalog.state(entry)
    if state.folder and not state.ours:
        raise BadInput(
            f"{entry.name} lies in the Hugging Face cache, which other programs share: {state.folder}. "
            "Remove it with: hf cache rm"
        )
    if not download.remove(entry.name):
        raise BadInput(f"{entry.name} is not in {registry.models_folder()}; there is nothing to remove.")
    Reporter(arguments.json).done(f"{entry.name} is removed; {state.gigabytes:.1f} GB are free again.", "")


class Reporter:
    """Prints how a download goes: lines for people on stderr, or JSON objects on stdout."""

    def __init__(self, as_json: bool):
        self._json = as_json
        self._last, self._bytes, self._rate = 0.0, 0, 0.0

    def tell(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._last < EVERY and progress.done < progress.total:
            return
        if self._last and progress.done > self._bytes:
            self._rate = (progress.done - self._bytes) / max(now - self._last, 1e-3)
        self._last, self._bytes = now, progress.done
        if self._json:
            self._say("progress", done=progress.done, total=progress.total, rate=round(self._rate), file=progress.file)
        else:
            rate = f"{self._rate / 1e6:.1f} MB/s"
            terminal.note(f"{progress.done / 1e9:.2f} of {progress.total / 1e9:.2f} GB, {rate}  {progress.file}")

    def note(self, sentence: str) -> None:
        if self._json:
            self._say("note", message=sentence)
        else:
            terminal.note(sentence)

    def done(self, sentence: str, folder: str) -> None:
        if self._json:
            self._say("done", message=sentence, folder=folder)
        else:
            terminal.say(sentence)

    def _say(self, event: str, **fields: Any) -> None:
        terminal.say(json.dumps({"event": event, **fields}))


def _cancel(signal_number: int, _: object) -> None:
    raise Cancelled("Cancelled. What has arrived is kept; the same command continues there.")


ACTIONS = {"list": list_all, "get": get, "verify": verify, "remove": remove}
