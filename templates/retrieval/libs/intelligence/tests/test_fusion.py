import pytest

from intelligence.retrieval.fusion import K, fuse
from intelligence.retrieval.words import MOST, wanted


def test_what_stands_high_in_both_comes_first() -> None:
    assert fuse(["a", "b", "c"], ["b", "d"]) == ["b", "a", "d", "c"]


def test_one_ranking_is_left_as_it_is() -> None:
    assert fuse([3, 1, 2], []) == [3, 1, 2]


def test_places_count_and_not_how_many_there_are() -> None:
    """Two last places of long rankings are less than one first place."""
    assert 2 / (K + 70) < 1 / (K + 1)
    first, *_ = fuse(["best", *range(68), "last"], [*range(100, 169), "last"])
    assert first == "best"


@pytest.mark.parametrize(
    ("query", "alternatives"),
    [
        ("what does M-204 mean", [["m-204"]]),
        ("B-305 or D-106?", [["b-305"], ["d-106"]]),
        ("Who is Sunniva Brandt?", [["sunniva", "brandt"]]),
        ("report_2024.pdf, twice: report_2024.pdf", [["report_2024.pdf"]]),
        ("where are we", []),
        ("🚲 ?!", []),
        ("", []),
    ],
)
def test_codes_are_wanted_one_by_one_and_words_together(
    query: str, alternatives: list[list[str]]
) -> None:
    assert wanted(query) == alternatives


def test_of_a_text_only_the_first_words_are_looked_for() -> None:
    assert [len(each) for each in wanted(" ".join(f"w{n}x" for n in range(99)))] == [1] * MOST


@pytest.mark.parametrize(
    "hostile", ['"', "'", "*", "(", ")", ":", "&", "|", "!", "<->", "\\", "\0"]
)
def test_what_has_a_meaning_in_a_query_language_is_in_no_word(hostile: str) -> None:
    found = wanted(f"{hostile}oil{hostile}paint {hostile} brush")
    assert all(mark not in word for (words) in found for word in words for mark in hostile)
