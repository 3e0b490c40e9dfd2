"""Translations are compiled when they are stale, whole or not at all, and elsewhere where the folder is read-only."""

import gettext
import os
from pathlib import Path

import pytest
from flask import Flask, g, session

from marketplace import i18n

PO = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Needs"\nmsgstr "{text}"\n'


def _folder(tmp_path: Path, text: str = "需求") -> Path:
    place = tmp_path / "zh_Hans_CN" / "LC_MESSAGES"
    place.mkdir(parents=True)
    (place / "base.po").write_text(PO.format(text=text))
    return tmp_path


def _said(folder: Path) -> str:
    return gettext.translation("base", folder, ["zh_Hans_CN"]).gettext("Needs")


def test_a_missing_file_is_compiled(tmp_path: Path) -> None:
    assert _said(i18n.compile_translations(_folder(tmp_path))) == "需求"


def test_an_older_file_is_compiled_again_and_a_fresh_one_is_left(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    i18n.compile_translations(folder)
    compiled = folder / "zh_Hans_CN" / "LC_MESSAGES" / "base.mo"
    first = compiled.stat().st_ino
    i18n.compile_translations(folder)
    assert compiled.stat().st_ino == first
    source = compiled.with_suffix(".po")
    source.write_text(PO.format(text="帮扶需求"))
    os.utime(source, (compiled.stat().st_mtime + 5,) * 2)
    i18n.compile_translations(folder)
    assert "帮扶需求".encode() in compiled.read_bytes()


def test_a_read_only_folder_is_read_from_a_private_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _folder(tmp_path / "program")
    private = tmp_path / "private"
    private.mkdir()
    monkeypatch.setenv("TMPDIR", str(private))
    monkeypatch.setattr("tempfile.tempdir", None)
    real = os.replace

    def refuse(source: str, target: Path) -> None:
        if folder in Path(target).parents:
            raise PermissionError(30, "Read-only file system")
        real(source, target)

    monkeypatch.setattr(i18n.os, "replace", refuse)
    used = i18n.compile_translations(folder)
    assert used != folder and _said(used) == "需求"
    assert [path.name for path in (folder / "zh_Hans_CN" / "LC_MESSAGES").iterdir()] == ["base.po"]


@pytest.mark.parametrize(
    ("accepted", "kept", "language"),
    [
        ("", None, "zh"),
        ("en-GB,en;q=0.9", None, "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", None, "zh"),
        ("fr", None, "zh"),
        ("zh-CN", "en", "en"),
        ("en", "zh_Hans_CN", "zh"),
        ("en", "klingon", "en"),
    ],
)
def test_the_session_counts_before_the_browser_and_chinese_is_the_rest(
    accepted: str, kept: str | None, language: str
) -> None:
    app = Flask(__name__)
    app.secret_key = "test"
    i18n.register(app)
    with app.test_request_context(headers={"Accept-Language": accepted}):
        g.person = None
        if kept:
            session[i18n.SESSION_KEY] = kept
        assert i18n.is_chinese() is (language == "zh")
