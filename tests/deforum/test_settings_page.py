"""The page about other programs' keys is what its tables say."""

from pathlib import Path

from motion_bridge.engines.deforum import settings_page
from motion_bridge.schedules.programs import PROGRAMS

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_made_from_the_tables():
    written = (DOCS / "settings-keys.md").read_text(encoding="utf-8")
    assert written == settings_page.page(), "run: python -m motion_bridge.engines.deforum.settings_page"


def test_the_page_lists_every_key_of_every_program():
    page = settings_page.page()
    missing = {name for program in PROGRAMS for name in program.keys if f"`{settings_page._unit(name)}`" not in page}
    assert not missing
