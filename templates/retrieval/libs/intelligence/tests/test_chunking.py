import pytest

from intelligence.retrieval.chunking import TARGET, cut

SENTENCE = "This sentence has just as many as fifty characters."
PARAGRAPH = " ".join([SENTENCE] * 5)


def test_paragraphs_stay_whole_and_short_ones_share_a_chunk() -> None:
    text = f"One.\n\nTwo.\n\n{PARAGRAPH}\n\n{PARAGRAPH}\n \n{PARAGRAPH}"
    assert cut(text) == [f"One.\n\nTwo.\n\n{PARAGRAPH}\n\n{PARAGRAPH}", PARAGRAPH]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    chunks = cut(" ".join([SENTENCE] * 30))
    assert len(chunks) == 3
    assert all(chunk.startswith("This") and chunk.endswith(".") for chunk in chunks)


def test_a_long_sentence_is_cut_between_lines_then_words() -> None:
    assert cut("- one\n- two\n- three four", 11) == ["- one\n- two", "- three", "four"]


def test_a_long_word_is_cut_anywhere() -> None:
    assert cut("abcdefgh ij", 3) == ["abc", "def", "gh", "ij"]


def test_a_heading_goes_with_what_follows() -> None:
    text = f"{PARAGRAPH}\n\n{PARAGRAPH}\n\n# Heading\n\n## Another\n\n{PARAGRAPH}"
    assert cut(text)[1] == f"# Heading\n\n## Another\n\n{PARAGRAPH}"


@pytest.mark.parametrize("text", ["", " \n\n\t"])
def test_of_nothing_there_is_no_chunk(text: str) -> None:
    assert cut(text) == []


@pytest.mark.parametrize(
    "text",
    [
        PARAGRAPH * 9,
        "#\n" * 2000,
        "# " * 2000 + "\n\n",
        "\n" + " " * 5000 + "x",
        "Ends.\n\n" * 500 + "🚲" * 1500,
        "one\r\n\r\ntwo " * 200,
    ],
)
def test_nothing_but_white_space_is_lost_and_no_chunk_is_too_long(text: str) -> None:
    chunks = cut(text)
    assert "".join("".join(chunks).split()) == "".join(text.split())
    assert all(0 < len(chunk) <= TARGET and chunk == chunk.strip() for chunk in chunks)
    assert all(chunk in text for chunk in chunks)
