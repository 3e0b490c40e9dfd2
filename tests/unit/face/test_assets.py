"""What pages load comes from this installation alone, and the lock of the packages names no address."""

import json
import re
from pathlib import Path

import pytest

from marketplace.serving import assets

ROOT = Path(__file__).resolve().parents[3]


def test_the_lock_names_no_address() -> None:
    assert "http" not in (ROOT / "package-lock.json").read_text()


def test_versions_are_pinned_exactly() -> None:
    wanted = json.loads((ROOT / "package.json").read_text())
    for version in (*wanted["dependencies"].values(), *wanted["devDependencies"].values()):
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)


def test_parts_are_copied_and_a_missing_one_is_named(tmp_path: Path) -> None:
    modules, vendor = tmp_path / "node_modules", tmp_path / "vendor"
    with pytest.raises(FileNotFoundError, match="npm ci"):
        assets.copy_assets(modules, vendor)
    for source, target in assets.PARTS:
        origin = modules / source
        if target.endswith("files"):
            origin.mkdir(parents=True)
            (origin / "one.woff2").write_bytes(b"font")
        else:
            origin.parent.mkdir(parents=True, exist_ok=True)
            origin.write_text("body{}\n/*# sourceMappingURL=x.map */\n")
    assert assets.missing(vendor)
    assert assets.copy_assets(modules, vendor) == len(assets.PARTS)
    assert assets.missing(vendor) == []
    assert "sourceMappingURL" not in (vendor / "tabler" / "tabler.min.css").read_text()


def test_templates_have_no_inline_style_or_script_and_load_nothing_from_elsewhere() -> None:  # promise 13
    faults = []
    for path in sorted((ROOT / "marketplace" / "templates").rglob("*.html")):
        text = path.read_text()
        for pattern in (r"\sstyle\s*=", r"<style", r"\son[a-z]+\s*=\s*\"", r"(?:src|href)=\"https?://", r"javascript:"):
            faults += [f"{path.name}: {found.group()!r}" for found in re.finditer(pattern, text)]
        faults += [f"{path.name}: inline script" for found in re.finditer(r"<script(?![^>]*\ssrc=)", text)]
    assert faults == []
