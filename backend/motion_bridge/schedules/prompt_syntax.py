"""What other programs write into prompts beside words, and that no image model reads as words.

<lora:name:0.8>          the webui: a network that is added to the model; also <hypernet:…>, <lyco:…>
[hills:sea:0.5]          the webui: one text for the first steps of a frame, another for the rest
[hills|sea]              the webui: texts that take turns from step to step
red hills:1 fog:-0.5     the notebooks: texts with weights
"""

import re

NETWORK = re.compile(r"<(?P<kind>[a-z]+):(?P<name>[^<>:]+)(?::[^<>]*)?>")
INNERMOST = re.compile(r"(?<!\\)\[(?P<inside>(?:\\.|[^\[\]\\])*)\]")
NUMBER = re.compile(r"\s*(?:\d+\.?\d*|\.\d+)\s*")
WEIGHT = re.compile(r":\s*(?P<weight>-?(?:\d+(?:\.\d+)?|\.\d+)|`[^`]*`)(?=\s|$)")


def without_networks(text: str) -> tuple[str, list[str]]:
    """A text without its `<lora:…>` and the like, and what they name."""
    names = [f"{match['kind']} {match['name'].strip()}" for match in NETWORK.finditer(text)]
    if not names:
        return text, []
    return _tidied(NETWORK.sub("", text)), names


def _tidied(text: str) -> str:
    """Without the gaps that something taken out leaves."""
    return re.sub(r"(?:\s*,)+", ",", re.sub(r"\s+", " ", text)).strip(" ,")


def without_editing(text: str) -> tuple[str, list[str]]:
    """A text as it is at the last step of a frame, where it is edited from step to step; and what was edited.

    `[a:b:0.5]` is b, `[b:0.5]` is b, `[a::0.5]` is nothing, of `[a|b]` the first is taken. `[a]` stays: less weight.
    """
    edits: list[str] = []

    def last(match: re.Match[str]) -> str:
        inside = match["inside"]
        if "|" in inside:
            edits.append(match[0])
            return inside.partition("|")[0].strip()
        parts = inside.split(":")
        if len(parts) in (2, 3) and NUMBER.fullmatch(parts[-1]):
            edits.append(match[0])
            return parts[-2].strip()
        return f"\0{inside}\1"  # plain brackets, put back at the end

    before = ""
    while before != text:
        before, text = text, INNERMOST.sub(last, text)
    text = text.replace("\0", "[").replace("\1", "]")
    return (_tidied(text) if edits else text), edits


def from_weights(text: str) -> str:
    """A notebook's `text:weight text:weight` as `(text):weight AND (text):weight --neg …`; other texts as they are."""
    found: list[tuple[str, str]] = []
    at = 0
    for match in WEIGHT.finditer(text):
        found.append((text[at : match.start()].strip(), match["weight"]))
        at = match.end()
    if not found:
        return text
    if rest := text[at:].strip():
        found.append((rest, "1"))
    found = [(words, weight) for words, weight in found if words]
    wanted = [(words, weight) for words, weight in found if not weight.startswith("-")]
    unwanted = [(words, weight[1:]) for words, weight in found if weight.startswith("-")]
    return _joined(wanted) + (f" --neg {_joined(unwanted)}" if unwanted else "")


def _joined(parts: list[tuple[str, str]]) -> str:
    return parts[0][0] if len(parts) == 1 else " AND ".join(f"({words}):{weight}" for words, weight in parts)
