"""What looks like a secret is masked in what is sent to others."""

from __future__ import annotations

import pytest

from otelrun.viewer.page.masking import MASK, Masking


@pytest.mark.parametrize(
    "name",
    [
        "http.request.header.authorization",
        "http.request.header.cookie",
        "http.response.header.set-cookie",
        "db.password",
        "user.passwd",
        "API_KEY",
        "x-api-key",
        "aws.secret_access_key",
        "auth.token",
        "csrftoken",
        "session_id",
        "private-key",
        "credentials",
    ],
)
def test_values_named_like_a_secret_are_masked(name):
    masking = Masking()
    assert masking.attributes({name: "s3cret", "kept": "s3cret"}) == {name: MASK, "kept": "s3cret"}
    assert masking.attributes({name: ["a", "b"]}) == {name: [MASK, MASK]}
    assert masking.masked == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gen_ai.usage.input_tokens", 512),
        ("gen_ai.token.type", "input"),
        ("http.route", "/token"),
        ("keyboard", "x"),
        ("auth.token", ""),
    ],
)
def test_what_only_sounds_like_one_is_kept(name, value):
    masking = Masking()
    assert masking.attributes({name: value}) == {name: value}
    assert masking.masked == 0


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("GET /x?token=abc&page=2", f"GET /x?token={MASK}&page=2"),
        ("https://h/x?a=1&access_token=abc#f", f"https://h/x?a=1&access_token={MASK}#f"),
        ("postgresql://shop:hunter2@db/shop", f"postgresql://shop:{MASK}@db/shop"),
        ("sent Bearer eyJhbGciOi.J9 twice", f"sent Bearer {MASK} twice"),
        ("run --db-password=hunter2 now", f"run --db-password={MASK} now"),
        ("run --db-password hunter2 --now", f"run --db-password {MASK} --now"),
        ("run --password --now", "run --password --now"),
        ("GET /x?page=2 by a@b.c", "GET /x?page=2 by a@b.c"),
        ("plain", "plain"),
    ],
)
def test_secrets_inside_texts_are_masked(text, masked):
    assert Masking().text(text) == masked


def test_commands_lose_what_follows_an_option_for_secrets():
    words = ["app.py", "--token", "abc", "--port", "80", "--secret=x", "--password", "--verbose"]
    assert Masking().words(words) == [
        "app.py",
        "--token",
        MASK,
        "--port",
        "80",
        f"--secret={MASK}",
        "--password",
        "--verbose",
    ]


def test_documents_are_masked_all_the_way_down():
    masking = Masking()
    document = {
        "command": ["x", "--token", "t"],
        "rows": [{"attributes": {"a.token": "t", "n": 1}, "text": "?key=1&pwd=2"}],
    }
    assert masking.document(document) == {
        "command": ["x", "--token", MASK],
        "rows": [{"attributes": {"a.token": MASK, "n": 1}, "text": f"?key=1&pwd={MASK}"}],
    }
    assert masking.masked == 3


def test_nothing_is_masked_where_that_was_asked_for():
    masking = Masking(is_off=True)
    document = {"attributes": {"password": "x"}, "command": ["--token", "t"], "url": "?token=1"}
    assert masking.document(document) == document
    assert masking.masked == 0


def test_a_long_hostile_text_is_masked_in_no_time():
    Masking().text("?" + "a" * 200_000 + "=" + "&" * 200_000 + "://" * 50_000 + "-" * 200_000)
