"""docs/deforum-settings.md, written from the engine's own description: python tools/deforum_settings_page.py

With `--check` it writes nothing and exits 1 where the page is not what it would write.
"""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "deforum-settings.md"
sys.path.insert(0, str(ROOT / "backend"))

from motion_bridge.engines.deforum.settings import GROUPS  # noqa: E402  only after the path is set
from motion_bridge.engines.setting import Setting  # noqa: E402

HEAD = """# Settings of the Deforum engine

Written by `tools/deforum_settings_page.py` from `backend/motion_bridge/engines/deforum/settings.py`; edit that file.
Each is a keyword of `DeforumFlux(…).animate`, `--set NAME=VALUE` on a command line and a key of a settings file.
Values that change from frame to frame are [schedules](schedules.md).
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(_group(title, settings) for title, settings in GROUPS.items())])


def _group(title: str, settings: tuple[Setting, ...]) -> str:
    rows = "\n".join(_row(setting) for setting in settings)
    return f"## {title}\n\n| name | label | values | default | meaning |\n|---|---|---|---|---|\n{rows}\n"


def _row(setting: Setting) -> str:
    default = f"`{_written(setting.default)}`"
    if setting.automatic is not None and setting.default == setting.automatic:
        default += ": automatic"
    cells = (f"`{setting.name}`", setting.label, _values(setting), default, setting.help)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _values(setting: Setting) -> str:
    named = [f"`{_written(choice.value)}`: {choice.help}" for choice in setting.choices]
    named += [f"the path of a {setting.names}"] if setting.names else []
    return "<br>".join(named) or f"{setting.kind} {setting.range}".strip()


def _written(value: Any) -> str:
    return value if isinstance(value, str) and value else json.dumps(value)


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")
