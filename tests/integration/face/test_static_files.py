"""Style sheets and scripts travel compressed, and browsers keep them until their content changes."""

import gzip
from pathlib import Path

from flask import Flask, url_for

STYLE = Path(__file__).resolve().parents[3] / "marketplace" / "static" / "css" / "zhongfu.css"


def test_a_style_sheet_goes_out_compressed_to_whoever_takes_it(app: Flask) -> None:
    client = app.test_client()
    packed = client.get("/static/css/zhongfu.css", headers={"Accept-Encoding": "br, gzip"})
    plain = client.get("/static/css/zhongfu.css")
    refused = client.get("/static/css/zhongfu.css", headers={"Accept-Encoding": "gzip;q=0, *;q=0"})
    assert packed.headers["Content-Encoding"] == "gzip" and len(packed.data) < len(plain.data) / 2
    assert gzip.decompress(packed.data) == plain.data == refused.data == STYLE.read_bytes()
    assert "Content-Encoding" not in plain.headers and "Content-Encoding" not in refused.headers
    assert packed.mimetype == plain.mimetype == "text/css"
    assert "Accept-Encoding" in packed.headers["Vary"] and "Accept-Encoding" in plain.headers["Vary"]
    assert packed.headers["ETag"] != plain.headers["ETag"]


def test_the_address_in_a_page_carries_the_contents_mark_and_is_kept_for_a_year(app: Flask) -> None:
    with app.test_request_context():
        address = url_for("static", filename="css/zhongfu.css")
    client = app.test_client()
    kept = client.get(address)
    assert "v=" in address and address in client.get("/sign-in").text
    assert "max-age=31536000" in kept.headers["Cache-Control"] and "immutable" in kept.headers["Cache-Control"]
    for other in ("/static/css/zhongfu.css", "/static/css/zhongfu.css?v=older"):
        assert "max-age=3600" in client.get(other).headers["Cache-Control"]


def test_an_unchanged_file_is_not_sent_again(app: Flask) -> None:
    client = app.test_client()
    for encoding in ("gzip", "identity"):
        first = client.get("/static/css/zhongfu.css", headers={"Accept-Encoding": encoding})
        again = client.get(
            "/static/css/zhongfu.css", headers={"Accept-Encoding": encoding, "If-None-Match": first.headers["ETag"]}
        )
        assert again.status_code == 304 and not again.data


def test_no_path_leads_out_of_the_folder(app: Flask) -> None:
    client = app.test_client()
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/css/..%2f..%2f..%2fapp.py", "/static/none.css"):
        assert client.get(path).status_code == 404
