r"""Masks written as expressions, as in the webui: `({video_mask} & [sky.png]) \ {init_mask}`.

    {name}   everywhere, init_mask (mask_file), video_mask (mask_video)     [file]   a picture
    !a not   a & b both   a | b either   a ^ b one of them   a \ b the first without the second     ( )

They bind in that order. `<words>` would need a segmentation model and is refused. Masks are soft here: values between
black and white are kept (product, maximum, difference).
"""

import re
from collections.abc import Callable

from torch import Tensor

from ....errors import BadInput

TOKEN = re.compile(r"\s*(\{[^{}]*\}|\[[^\[\]]*\]|<[^<>]*>|[()!&|^\\])")
OPERATORS: tuple[tuple[str, Callable[[Tensor, Tensor], Tensor]], ...] = (  # from the loosest to the tightest
    ("\\", lambda a, b: a * (1 - b)),
    ("^", lambda a, b: (a - b).abs()),
    ("|", lambda a, b: a.maximum(b)),
    ("&", lambda a, b: a * b),
)

Named = Callable[[str], Tensor]  # a mask (1, 1, H, W) of a name or of a file


def area(text: str, by_name: Named, by_file: Named) -> Tensor:
    """The mask of an expression: (1, 1, H, W) from 0 to 1. BadInput shows the expression and what is wrong with it."""
    reader = _Reader(text, by_name, by_file)
    found = reader.operation(0)
    if reader.tokens:
        raise reader.fault(f"{reader.tokens[0]!r} has nothing to its left")
    return found


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    while text[at:].strip():
        match = TOKEN.match(text, at)
        if match is None:
            raise BadInput(f"mask {text!r}: {text[at:].strip()!r} means nothing here; write {{video_mask}} or [file].")
        found.append(match[1])
        at = match.end()
    return found


class _Reader:
    def __init__(self, text: str, by_name: Named, by_file: Named):
        self.text = text
        self.tokens = _tokens(text)
        self.by_name, self.by_file = by_name, by_file

    def fault(self, what: str) -> BadInput:
        return BadInput(f"mask {self.text!r}: {what}.")

    def operation(self, level: int) -> Tensor:
        if level == len(OPERATORS):
            return self.value()
        sign, apply = OPERATORS[level]
        found = self.operation(level + 1)
        while self.tokens and self.tokens[0] == sign:
            self.tokens.pop(0)
            found = apply(found, self.operation(level + 1))
        return found

    def value(self) -> Tensor:
        if not self.tokens:
            raise self.fault("a mask is missing at its end")
        token = self.tokens.pop(0)
        if token == "!":
            return 1 - self.value()
        if token == "(":
            found = self.operation(0)
            if not self.tokens or self.tokens.pop(0) != ")":
                raise self.fault("a bracket is never closed")
            return found
        if token[0] == "{":
            return self.by_name(token[1:-1].strip())
        if token[0] == "[":
            return self.by_file(token[1:-1].strip())
        if token[0] == "<":
            raise self.fault(f"{token} names a thing to be found in the picture, for which there is no model here")
        raise self.fault(f"a mask is missing before {token!r}")
