"""The Deforum schedule language: reading it in all its dialects, and writing it.

`values` and `texts` turn one schedule into one value for each frame; `settings` reads whole settings files, `webui`
writes them, `parseq` does both for Parseq documents; `prompts` and `seeds` are the rest of what such files hold.
docs/schedules.md describes the language.
"""

from .interpolation import texts, values
from .variables import DIALECTS, Context

__all__ = ["DIALECTS", "Context", "texts", "values"]
