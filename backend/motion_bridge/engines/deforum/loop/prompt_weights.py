"""Prompts with weights: from the text that holds at a frame to the prompts that a model mixes.

    (red hills):0.25 AND (a blue sea):0.75     both at once; weights are shares of their sum
    a (red:1.3) hill, [grass]                  a word that counts more or less; ( ) is 1.1, [ ] one over that
    red hills:1 fog:-0.5                       the classic notebooks': what is below zero is to be avoided

A weight may be an expression in backticks. A word of weight w lies on the line from the prompt without the word (0)
through the prompt with it (1), so that weights are continuous and mean the same in every model family. (The webui
scales the word's own tokens instead, which only its own encoders have.)
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from ....errors import BadInput
from ....models.prompt_encoding import Blend, Prompt
from ....schedules import Context
from ....schedules.prompts import blended, held, split, weighted

ROUND = 1.1  # what a pair of round brackets makes of a word
AND = re.compile(r"\bAND\b")
TAIL = re.compile(r"(?P<text>.*):\s*(?P<weight>[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*", re.DOTALL | re.IGNORECASE)
PIECE = re.compile(r"\\[()\[\]\\]|[()\[\]]|[^\\()\[\]]+|\\")
MOST = 24  # weighted words in one prompt: each costs an encoding

Parts = list[tuple[str, float]]


def texts(prompts: Mapping[int, str], frame: int, blending: str) -> str:
    """What is written for a frame: the prompt that holds, or two with their weights between two prompts' frames."""
    return held(prompts, frame) if blending == "held" else blended(prompts, frame)


def read(text: str, frame: int, k: int, context: Context, spherical: bool, before: str = "") -> tuple[Prompt, Prompt]:
    """The prompt and the negative one of a text at frame k. before: what is to be avoided anyway.

    frame: its number in the scene, for messages. BadInput for weights that sum to nothing, or too many.
    """
    if context.dialect == "classic":
        negative, positive = weighted(text, k, context)
        avoided = ", ".join(part for part in (before, *(each for each, _ in negative)) if part)
        return _prompt(positive, spherical), avoided
    wanted, unwanted = split(text, k, context)
    try:
        found, avoided = parts(wanted), parts(unwanted)
    except BadInput as wrong:
        raise BadInput(f"prompt at frame {frame}: {wrong}") from None
    avoided = [(", ".join(part for part in (before, each) if part), weight) for each, weight in avoided]
    return _prompt(found, spherical), _prompt(avoided, spherical)


@lru_cache(256)
def parts(text: str) -> Parts:
    """All prompts in a text with their weights, which sum to 1."""
    sides = [side.strip() for side in AND.split(text)]
    shares = [_share(side) for side in sides] if len(sides) > 1 else [(text.strip(), 1.0)]
    total = sum(weight for _, weight in shares)
    if abs(total) < 1e-6:
        raise BadInput(f"the weights of {text[:60]!r} sum to 0; give one of its parts more.")
    found: dict[str, float] = {}
    for side, weight in shares:
        for each, part in emphasised(side):
            found[each] = found.get(each, 0.0) + part * weight / total
    return [(each, weight) for each, weight in found.items() if weight != 0] or [("", 1.0)]


def emphasised(text: str) -> Parts:
    """A text with brackets as texts without: itself, and where a word's weight is not 1, itself without that word."""
    pieces = _pieces(text)
    whole = _joined(each for each, _ in pieces)
    marked = [at for at, (each, weight) in enumerate(pieces) if weight != 1 and each.strip()]
    if len(marked) > MOST:
        raise BadInput(f"{len(marked)} weighted words are too many; at most {MOST} are mixed.")
    found = [(whole, 1 + sum(pieces[at][1] - 1 for at in marked))]
    for at in marked:
        found.append((_joined(each for other, (each, _) in enumerate(pieces) if other != at), 1 - pieces[at][1]))
    return found


def _prompt(found: Parts, spherical: bool) -> Prompt:
    if len(found) == 1:
        return found[0][0]
    return Blend(tuple(found), spherical) if found else ""


def _share(side: str) -> tuple[str, float]:
    """One side of an AND: its text, without the brackets that hold all of it together, and its weight."""
    match = TAIL.fullmatch(side)
    text, weight = (match["text"].strip(), float(match["weight"])) if match else (side, 1.0)
    return (text[1:-1].strip() if _bracketed(text) else text), weight


def _bracketed(text: str) -> bool:
    """Whether the first bracket is closed by the last one."""
    if not (text.startswith("(") and text.endswith(")")):
        return False
    depth = 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return at == len(text) - 1
    return False


def _pieces(text: str) -> Parts:
    """Stretches of text and their weights; brackets that are never closed mean nothing."""
    found: list[list] = []
    opened: list[tuple[str, int]] = []
    for piece in PIECE.findall(text):
        if piece in ("(", "["):
            opened.append((piece, len(found)))
        elif piece in (")", "]") and opened and opened[-1][0] == {")": "(", "]": "["}[piece]:
            _, start = opened.pop()
            _weigh(found[start:], piece)
        else:
            found.append([piece[1:] if piece[0] == "\\" and len(piece) == 2 else piece, 1.0])
    return [(each, weight) for each, weight in found]


def _weigh(inside: list[list], closed: str) -> None:
    """Change the weight of what stands between two brackets."""
    factor = ROUND if closed == ")" else 1 / ROUND
    match = TAIL.fullmatch(inside[-1][0]) if inside and closed == ")" else None
    if match:
        inside[-1][0], factor = match["text"], float(match["weight"])
    for piece in inside:
        piece[1] *= factor


def _joined(pieces: Iterable[str]) -> str:
    """Stretches of text as one, without the gaps that a missing word leaves."""
    text = re.sub(r"\s+", " ", "".join(pieces))
    return re.sub(r"(?:\s*,)+\s*(?=,|$)|^\s*,+", "", text).strip()
