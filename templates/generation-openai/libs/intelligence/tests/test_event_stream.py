import pytest

from intelligence.generation import event_stream
from intelligence.generation.event_stream import EventStream, TooLong


def events(*chunks: bytes) -> list[str]:
    stream = EventStream()
    found = [data for chunk in chunks for data in stream.feed(chunk)]
    return found + list(stream.close())


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"data: one\n\ndata: two\n\n", ["one", "two"]),
        (b"data: one\r\n\r\ndata: two\r\n\r\n", ["one", "two"]),
        (b"data:one\n\n", ["one"]),
        (b"data:  one\n\n", [" one"]),
        (b": nobody is here\n\ndata: one\n: here neither\n\n", ["one"]),
        (b"event: message\nid: 7\nretry: 10\ndata: one\n\n", ["one"]),
        (b"event: ping\n\ndata: one\n\n", ["one"]),
        (b"data: one\ndata: more\n\n", ["one\nmore"]),
        (b"data\n\n", [""]),
        (b"database: one\n\nwords without a field\n\n", []),
        (b"\n\n\n\n", []),
        (b"data: one\n\ndata: cut off", ["one", "cut off"]),
        (b"data: one\n\ndata: cut off\n", ["one", "cut off"]),
        ("data: a\u2028b\x85c\n\n".encode(), ["a\u2028b\x85c"]),
        (b"data: \xff\n\n", ["\ufffd"]),
        (b"", []),
    ],
)
def test_events_are_found_wherever_the_body_is_cut(body: bytes, found: list[str]) -> None:
    assert events(body) == found
    assert events(*(body[at : at + 1] for at in range(len(body)))) == found


def test_a_character_may_be_cut_between_chunks() -> None:
    body = "data: für 5 € 🙂\n\n".encode()
    for at in range(len(body)):
        assert events(body[:at], body[at:]) == ["für 5 € 🙂"]


@pytest.mark.parametrize("line", [b"x" * 8, b"data: x\n", b": x\ndata: x\n"])
def test_an_event_that_does_not_end_is_given_up(
    line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "MOST_HELD", 100)
    with pytest.raises(TooLong):
        events(*([line] * 100))


def test_events_that_end_may_be_as_many_as_they_like(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "MOST_HELD", 100)
    assert len(events(b"data: one\n: two\n\n" * 1000)) == 1000
