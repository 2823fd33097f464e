"""How good a video is, in numbers: does it follow its tracks, is it like the truth, does it drift.

Videos are (T, H, W, 3) uint8, points are pixels as in a Shot: the first pixel's center is (0.5, 0.5).
"""
