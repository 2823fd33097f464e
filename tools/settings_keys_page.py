"""docs/settings-keys.md, written from the tables that the importer itself uses: python tools/settings_keys_page.py

With `--check` it writes nothing and exits 1 where the page is not what it would write.
"""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "settings-keys.md"
sys.path.insert(0, str(ROOT / "backend"))

from motion_bridge.engines.deforum.settings_keys import CONTROLNET, UNIT, meaning  # noqa: E402
from motion_bridge.schedules.programs import PROGRAMS, Program  # noqa: E402

TITLE = """# The keys of other programs' settings files

Written by `tools/settings_keys_page.py` from the tables that the importer itself uses (`schedules/programs.py`,
`engines/deforum/settings_keys.py`). A file of any of these programs and versions renders as
it is; what it asks for and is ignored or approximated is said when it is loaded. How the schedules are read:
[schedules.md](schedules.md). What changes for people who come from there:
[MIGRATION_FROM_SD_DEFORUM.md](MIGRATION_FROM_SD_DEFORUM.md).
"""
HEADINGS = {
    "used": "Used",
    "approximated": "Approximated: how",
    "ignored": "Ignored: why",
}
NAMES = {
    "webui": "The webui (deforum-art/sd-webui-deforum)",
    "forge": "Forge (Tok/sd-forge-deforum)",
    "notebook": "The notebooks (deforum-art/deforum-stable-diffusion)",
    "xlabs": "XLabs' program (XLabs-AI/deforum-x-flux)",
    "studio": "Studio (XmYx/deforum-studio)",
    "comfyui": "ComfyUI (XmYx/deforum-comfy-nodes), the nodes of a saved workflow",
}
OTHERS = """## Documents without settings

| document | read as |
|---|---|
| Parseq document, or what Parseq renders | schedules, prompts, frames, rate, cadence, seeds |
| AnimateDiff prompt travel (`prompt_map`) | prompts by frame with what stands before and behind them, and the seed |
| FizzNodes' prompt lines, or its nodes in a workflow | prompts by frame |
| one bare schedule | shown by `motion-bridge schedules`; refused as settings, for it does not say which it is |
"""


def page() -> str:
    """The whole page."""
    parts = [TITLE]
    for name, title in NAMES.items():
        programs = [program for program in PROGRAMS if program.name == name]
        parts.append(f"## {title}\n\nVersions: {', '.join(program.version for program in programs)}.\n")
        parts.extend(_tables(programs))
    return "\n".join([*parts, OTHERS])


def _tables(programs: Iterable[Program]) -> Iterable[str]:
    """One table for each use; a key once, with the versions that have it and the newest default."""
    keys: dict[str, Any] = {}
    versions: dict[str, list[str]] = {}
    programs = list(programs)
    every = [program.version for program in programs]
    for program in programs:  # the newest first
        for key, default in program.keys.items():
            name = _unit(key)
            keys.setdefault(name, default)
            if program.version not in versions.setdefault(name, []):
                versions[name].append(program.version)
    for use, heading in HEADINGS.items():
        rows = [
            f"| `{name}` | {_default(keys[name])} | {_versions(versions[name], every)} | {how} |"
            for name in keys
            for found, how in [_meaning(name)]
            if found == use
        ]
        if rows:
            yield "\n".join([f"### {heading}\n", "| key | default | versions | here |", "|---|---|---|---|", *rows, ""])


def _unit(key: str) -> str:
    """ControlNet's keys stand once for all of its units."""
    match = UNIT.fullmatch(key)
    return f"{'cn_1 … 5' if key.startswith('cn_') else 'controlnet'}_{match[1]}" if match else key


def _meaning(name: str) -> tuple[str, str]:
    return ("ignored", CONTROLNET) if "… 5_" in name else meaning(name)


def _default(value: Any) -> str:
    if isinstance(value, Mapping | list) or value in ("", None):
        return ""
    return f"`{str(value)[:60]}{'…' if len(str(value)) > 60 else ''}`".replace("|", "\\|")


def _versions(found: list[str], every: list[str]) -> str:
    """Both newest first."""
    at = every.index(found[0])
    if found == every:
        return "all"
    if found != every[at : at + len(found)]:
        return ", ".join(found)
    if at == 0:
        return f"from {found[-1]}"
    return f"until {found[0]}" if found[-1] == every[-1] else " … ".join(dict.fromkeys((found[-1], found[0])))


def main() -> int:
    if "--check" in sys.argv[1:]:
        return int(PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
