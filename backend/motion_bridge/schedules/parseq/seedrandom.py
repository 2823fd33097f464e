"""Parseq's random numbers: those that the JavaScript library seedrandom draws from a seed.

Its generator is ARC4 with a key made of the seed's text, the first 256 bytes thrown away; 48 bits at least go into each
number.
"""

WIDTH = 256
CHUNKS = 6  # bytes that a number begins with
SIGNIFICANT, OVERFLOW = 2.0**52, 2.0**53


class Generator:
    """Numbers from 0 to 1, always the same for the same seed."""

    def __init__(self, seed: str):
        key = _key(seed) or [0]
        self._s = list(range(WIDTH))
        self._i = self._j = 0
        j = 0
        for i in range(WIDTH):
            j = (j + key[i % len(key)] + self._s[i]) % WIDTH
            self._s[i], self._s[j] = self._s[j], self._s[i]
        self._take(WIDTH)

    def __call__(self) -> float:
        """The next number."""
        value, divisor, more = float(self._take(CHUNKS)), float(WIDTH**CHUNKS), 0
        while value < SIGNIFICANT:
            value, divisor, more = (value + more) * WIDTH, divisor * WIDTH, self._take(1)
        while value >= OVERFLOW:
            value, divisor, more = value / 2, divisor / 2, more >> 1
        return (value + more) / divisor

    def _take(self, count: int) -> int:
        """So many bytes as one number."""
        s, result = self._s, 0
        for _ in range(count):
            self._i = (self._i + 1) % WIDTH
            moved = s[self._i]
            self._j = (self._j + moved) % WIDTH
            s[self._i], s[self._j] = s[self._j], moved
            result = result * WIDTH + s[(s[self._i] + moved) % WIDTH]
        return result


def written(seed: float) -> str:
    """A number as JavaScript writes it, which is what the seed is made of."""
    return str(int(seed)) if seed == int(seed) and abs(seed) < 1e21 else repr(seed)


def _key(seed: str) -> list[int]:
    key: list[int] = []
    smear = 0
    for at, code in enumerate(seed.encode("utf-16-le")[::2]):
        place = at % WIDTH
        if place < len(key):
            smear ^= key[place] * 19
            key[place] = (smear + code) % WIDTH
        else:
            key.append((smear + code) % WIDTH)
    return key
