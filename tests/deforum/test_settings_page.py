"""The page about other programs' keys is what its tables say."""

import subprocess
import sys
from pathlib import Path

from motion_bridge.schedules.programs import PROGRAMS

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_made_from_the_tables():
    command = [sys.executable, str(ROOT / "tools/settings_keys_page.py"), "--check"]
    assert subprocess.run(command).returncode == 0, "run python tools/settings_keys_page.py"


def test_the_page_lists_every_key_of_every_program_but_controlnets_by_unit():
    page = (ROOT / "docs/settings-keys.md").read_text(encoding="utf-8")
    names = {name for program in PROGRAMS for name in program.keys if not name.startswith(("cn_", "controlnet_"))}
    assert not [name for name in names if f"`{name}`" not in page] and "`cn_1 … 5_weight`" in page
