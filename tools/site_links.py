"""A hook of MkDocs: links from docs/ to files beside it, such as ../examples/simple_zoom.py, become their names.

The site holds docs/ alone; in the repository the same pages lead to the files.
"""

import re
from typing import Any

OUTSIDE = re.compile(
    r"\[([^\]]*)\]\((?:\.\./)+(?:examples|backend|constraints|tests|tools|farm|[A-Z]+\.md|LICENSE)[^)]*\)"
)


def on_page_markdown(markdown: str, **_: Any) -> str:
    return OUTSIDE.sub(r"`\1`", markdown)
