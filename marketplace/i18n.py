"""Two languages, Chinese first. Each area of the product keeps its own PO file; each file is one Flask-Babel domain.

PO files are compiled when the application starts, where the compiled file is missing or older, and put in place in one step so
that several web workers may start at once. Where the folder cannot be written to, a private temporary folder is used instead.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask, has_request_context, request, session
from flask_babel import Babel, get_locale

from marketplace.security.access import optional_person

CHINESE = "zh_Hans_CN"
ENGLISH = "en"
LOCALES = (CHINESE, ENGLISH)
SESSION_KEY = "locale"
FOLDER = Path(__file__).resolve().parent / "translations"
_ACCEPTED = {"zh-hans-cn": CHINESE, "zh-cn": CHINESE, "zh-hans": CHINESE, "zh": CHINESE, "en": ENGLISH}


def domains_in(folder: Path = FOLDER) -> list[str]:
    """The names of the PO files present, `base` first: words that two files translate are taken from the last of them."""
    names = sorted(path.stem for path in (folder / CHINESE / "LC_MESSAGES").glob("*.po"))
    return sorted(names, key=lambda name: name != "base")


def compile_translations(folder: Path = FOLDER) -> Path:
    """Compiles what is stale and returns the folder to read from: `folder`, or a temporary one where it is read-only."""
    sources = sorted((folder / CHINESE / "LC_MESSAGES").glob("*.po"))
    stale = [path for path in sources if _is_stale(path)]
    if not stale:
        return folder
    try:
        for path in stale:
            _compile(path, path.with_suffix(".mo"))
        return folder
    except OSError:
        private = Path(tempfile.mkdtemp(prefix="zhongfu-words-"))
        atexit.register(shutil.rmtree, private, ignore_errors=True)
        place = private / CHINESE / "LC_MESSAGES"
        place.mkdir(parents=True)
        for path in sources:
            _compile(path, place / f"{path.stem}.mo")
        return private


def _is_stale(source: Path) -> bool:
    compiled = source.with_suffix(".mo")
    return not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime


def _compile(source: Path, target: Path) -> None:
    """Writes `target` beside itself first and moves it into place, so that no reader ever sees half a file."""
    with source.open("rb") as file:
        catalog = read_po(file, locale=CHINESE)
    body = BytesIO()
    write_mo(body, catalog)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body.getvalue())
        os.chmod(name, 0o644)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def register(app: Flask) -> Babel:
    """Sets up Flask-Babel: the signed-in person's language, else the session's, else the browser's, else Chinese."""

    def choose() -> str:
        if not has_request_context():
            return CHINESE
        person = optional_person()
        for wanted in (person.locale if person else None, session.get(SESSION_KEY)):
            if wanted in LOCALES:
                return str(wanted)
        return _ACCEPTED.get(request.accept_languages.best_match(list(_ACCEPTED)) or "zh", CHINESE)

    folder = compile_translations()
    domains = domains_in()
    return Babel(
        app,
        default_locale=CHINESE,
        default_timezone="Asia/Shanghai",
        default_domain=";".join(domains) or "base",
        default_translation_directories=";".join([str(folder)] * max(1, len(domains))),
        locale_selector=choose,
    )


def sentences(*, chinese: bool) -> Callable[[str, Mapping[str, Any]], str]:
    """(sentence, values) → the sentence filled in, for a worker or a command, where no request says the language."""
    texts = _chinese_texts() if chinese else None

    def say(message: str, values: Mapping[str, Any]) -> str:
        found = texts.gettext(message) if texts is not None else message
        return found % values if values else found

    return say


@lru_cache(maxsize=1)
def _chinese_texts() -> Translations:
    folder, texts = compile_translations(), Translations()
    for domain in domains_in():
        texts.merge(Translations.load(folder, [CHINESE], domain))
    return texts


def is_chinese() -> bool:
    """Whether the page now being made is in Chinese; outside a request, yes."""
    locale = get_locale()
    return locale is None or locale.language == "zh"


def html_language() -> str:
    """The language of the page as HTML names it: ``zh-Hans-CN`` or ``en``."""
    return "zh-Hans-CN" if is_chinese() else "en"
