"""Files from outside, and files for outside: read with limits, written by name and never through a link.

Nothing else in the package opens files or parses JSON; tests/test_house.py holds that line.
"""
