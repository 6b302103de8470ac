"""A body is read no further than allowed, packed or not, and what it is declared as is held against it."""

import gzip
import io
import zlib

import pytest

from lib import json_body
from lib.json_body import BodyTooLarge, UnsupportedEncoding
from lib.json_bounds import BadJson

LIMIT = 10_000
BODY = b'{"name": "Lead Created"}'


def read(raw, *, encoding="gzip", content_type="application/json", **environ):
    given = {"HTTP_CONTENT_ENCODING": encoding, "CONTENT_TYPE": content_type} | environ
    return json_body.read_bytes(given, io.BytesIO(raw).read, max_bytes=LIMIT)


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        (BODY, ""),
        (BODY, "Identity"),
        (gzip.compress(BODY, mtime=0), "gzip"),
        (gzip.compress(BODY, mtime=0), " X-GZIP "),
        (gzip.compress(BODY[:5], mtime=0) + gzip.compress(BODY[5:], mtime=0), "gzip"),
    ],
)
def test_a_body_is_read_as_it_is_or_unpacked(raw, encoding):
    assert read(raw, encoding=encoding) == BODY


@pytest.mark.parametrize("encoding", ["deflate", "br", "zstd", "gzip, gzip", "gzip, identity", "é" * 500])
def test_another_encoding_is_refused_by_its_name(encoding):
    with pytest.raises(UnsupportedEncoding, match="gzip") as caught:
        read(BODY, encoding=encoding)

    assert caught.value.status == 415 and len(caught.value.message) < 200


@pytest.mark.parametrize("content_type", ["a/json; charset=iso-8859-1", 'text/plain;Charset="UTF-16"', "a;charset="])
def test_another_charset_is_refused(content_type):
    with pytest.raises(UnsupportedEncoding, match="UTF-8"):
        read(BODY, encoding="", content_type=content_type)


@pytest.mark.parametrize(
    "content_type", ["auto", "", "application/json; charset=utf-8", 'application/json;charset="UTF8"']
)
def test_utf_8_by_any_name_is_taken(content_type):
    assert read(BODY, encoding="", content_type=content_type) == BODY


def test_a_body_that_unpacks_to_more_than_allowed_is_refused_before_it_is_all_unpacked(monkeypatch):
    bomb = gzip.compress(b" " * 5_000_000)
    assert len(bomb) < LIMIT
    asked = []
    real = zlib.decompressobj

    class Counted:
        def __init__(self, **options):
            self.real = real(**options)

        def decompress(self, packed, most):
            asked.append(most)
            return self.real.decompress(packed, most)

        def __getattr__(self, name):
            return getattr(self.real, name)

    monkeypatch.setattr(zlib, "decompressobj", Counted)

    with pytest.raises(BodyTooLarge):
        read(bomb)
    with pytest.raises(BodyTooLarge):
        read(gzip.compress(b" " * 9_000) + bomb)
    assert sum(asked) < 4 * LIMIT


def test_a_body_of_just_the_limit_is_taken_and_one_byte_more_is_not():
    assert len(read(gzip.compress(b" " * LIMIT))) == LIMIT
    for raw, encoding in ((gzip.compress(b" " * (LIMIT + 1)), "gzip"), (b" " * (LIMIT + 1), "")):
        with pytest.raises(BodyTooLarge):
            read(raw, encoding=encoding)


@pytest.mark.parametrize("declared", [str(LIMIT + 1), "9" * 5000])
def test_a_declared_length_beyond_the_limit_is_not_read_at_all(declared):
    def read_nothing(at_most):
        raise AssertionError

    with pytest.raises(BodyTooLarge):
        json_body.read_bytes({"CONTENT_LENGTH": declared}, read_nothing, max_bytes=LIMIT)


@pytest.mark.parametrize(
    "raw",
    [
        BODY,
        b"",
        gzip.compress(BODY, mtime=0)[:-1],
        gzip.compress(BODY, mtime=0)[:-9],
        gzip.compress(BODY, mtime=0) + b"rest",
        gzip.compress(BODY, mtime=0)[:-8] + b"\0" * 8,
        zlib.compress(BODY),
        gzip.compress(b"", mtime=0) * 300,
    ],
)
def test_what_is_not_one_whole_gzip_is_refused_in_words(raw):
    with pytest.raises(BadJson, match=r"gzip"):
        read(raw)
