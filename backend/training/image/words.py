"""The words that drawn pictures are described with, and the sentences made of them.

A picture is drawn from a choice (kind, colors, time of day, things in it); here the same choice becomes a caption.
Several wordings exist of each, so that a model learns words and not sentences.
"""

from numpy.random import Generator

COLORS = {  # sRGB, 0 to 1
    "red": (0.82, 0.16, 0.14),
    "orange": (0.95, 0.55, 0.14),
    "yellow": (0.96, 0.84, 0.24),
    "green": (0.27, 0.60, 0.24),
    "teal": (0.12, 0.58, 0.58),
    "blue": (0.20, 0.42, 0.85),
    "purple": (0.48, 0.26, 0.66),
    "pink": (0.95, 0.58, 0.70),
    "brown": (0.46, 0.29, 0.16),
    "white": (0.94, 0.94, 0.92),
    "black": (0.09, 0.09, 0.11),
    "grey": (0.52, 0.53, 0.55),
}
TIMES = ("day", "sunset", "night", "morning", "storm")
AT = {  # a time of day as it ends a sentence
    "day": ("on a clear day", "in daylight", "under a blue sky"),
    "sunset": ("at sunset", "in the evening", "under an orange sky"),
    "night": ("at night", "in the dark", "under the stars"),
    "morning": ("at dawn", "in the morning", "under a pink sky"),
    "storm": ("in a storm", "on a cloudy day", "under a grey sky"),
}
STARTS = ("", "", "", "a picture of ", "a painting of ")
VOWELS = "aeiou"


def an(words: str) -> str:
    """With the indefinite article."""
    return f"{'an' if words[0] in VOWELS else 'a'} {words}"


def landscape(rng: Generator, ground: str, color: str, time: str, extras: list[str]) -> str:
    """ground: hills, mountains, sea, field, desert, snow; extras: phrases like `a red house`."""
    land = {"sea": "the sea", "snow": "snow", "field": f"a {color} field", "desert": f"a {color} desert"}
    named = land.get(ground, f"{color} {ground}")
    things = " and ".join(extras)
    when = _pick(rng, AT[time])
    if not extras:
        return f"{_pick(rng, STARTS)}{named} {when}"
    return _pick(
        rng,
        (f"{things} {_beside(things)} {named} {when}", f"{named} with {things} {when}", f"{things}, {named}, {when}"),
    )


def pattern(rng: Generator, kind: str, first: str, second: str) -> str:
    """kind: stripes, checks, dots, rings, waves, triangles."""
    if kind == "dots":
        return _pick(rng, (f"{first} dots on {second}", f"a pattern of {first} dots on a {second} ground"))
    return _pick(
        rng,
        (f"{first} and {second} {kind}", f"a pattern of {first} and {second} {kind}", f"{kind}, {first} and {second}"),
    )


def material(rng: Generator, kind: str, color: str) -> str:
    """kind: wood, stone, bricks, water, grass, marble, metal, cloth, leaves, sand."""
    return _pick(rng, (f"{color} {kind}", f"a surface of {color} {kind}", f"{color} {kind} close up"))


def thing(rng: Generator, color: str, kind: str, ground: str, wall: str) -> str:
    """One object on a floor before a wall."""
    what = an(f"{color} {kind}")
    return _pick(
        rng,
        (
            f"{what} on {an(ground)} floor",
            f"{what} before {an(wall)} wall",
            f"{what} on {an(ground)} floor before {an(wall)} wall",
            f"{what} on {an(ground)} table, {wall} background",
        ),
    )


def room(rng: Generator, wall: str, floor: str, extras: list[str]) -> str:
    """extras: phrases like `a window`."""
    text = _pick(rng, (f"a room with {wall} walls and {an(floor)} floor", f"{an(wall)} room with {an(floor)} floor"))
    return f"{text} and {' and '.join(extras)}" if extras else text


def vocabulary() -> list[str]:
    """Every word that can occur, sorted: what the tokenizer is made of."""
    kinds = (
        "hills mountains sea field desert snow stripes checks dots rings waves triangles wood stone bricks water grass "
        "marble metal cloth leaves sand ball box cone cylinder star heart flower vase house tree trees pine sun moon "
        "clouds boat window door picture lamp landscape photo scene lake sky forest city light dark bright warm cold"
    )
    frames = "a an the of and with on in at before above below under near beside floor wall walls table room background"
    more = "pattern ground surface close up painting clear cloudy evening dawn stars daylight over behind by"
    times = " ".join(word for wordings in AT.values() for word in wordings)
    return sorted({*COLORS, *TIMES, *kinds.split(), *frames.split(), *more.split(), *times.split()})


def _beside(things: str) -> str:
    return (
        "above" if things.startswith(("a yellow sun", "a red sun", "a white sun", "the moon", "white clouds")) else "in"
    )


def _pick(rng: Generator, choices: tuple[str, ...]) -> str:
    return choices[int(rng.integers(len(choices)))]
