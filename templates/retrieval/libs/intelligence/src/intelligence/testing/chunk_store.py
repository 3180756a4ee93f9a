"""What every `intelligence.retrieval.ports.ChunkStore` keeps."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

import numpy as np
import pytest

from intelligence.retrieval.ports import ChunkStore, Document, Passage
from intelligence.testing.stores import Run, pointing, towards

MODEL = "made-up"
PARTS = ["Bolts need six newton metres.", "M-204: the magnet has turned.", "Wood wants oil."]
QUERIES = [
    "",
    " ",
    "🚲",
    '"',
    'an "open quote',
    "'; DROP TABLE chunk; --",
    "* AND OR NOT NEAR( col: ^ + -",
    "a & b | !c <-> :* \\",
    "the of and",
    "__ - . _",
    "%s {} \0 ?",
    "word " * 500,
]


def document(document_id: str, *, digest: str = "1", title: str = "Title") -> Document:
    return Document(document_id, title, f"https://example.com/{document_id}", digest * 64)


class ChunkStoreContract:
    """Inherit it and give the fixtures `store`, which holds no document, and `run`."""

    def test_a_document_is_kept_as_it_was_put(self, store: ChunkStore, run: Run) -> None:
        before = datetime.now(UTC)
        run(store.put(document("manual"), PARTS, pointing(0, 45, 90), MODEL))
        stored = run(store.get("manual"))
        assert stored is not None
        assert (stored.document, stored.chunks, stored.model) == (document("manual"), 3, MODEL)
        assert before <= stored.changed_at <= datetime.now(UTC)
        assert run(store.get("another")) is None

    def test_a_document_without_a_url_has_none(self, store: ChunkStore, run: Run) -> None:
        only = Document("only", "Only", None, "1" * 64)
        run(store.put(only, ["text"], pointing(0), MODEL))
        stored = run(store.get("only"))
        assert stored is not None
        assert stored.document == only

    def test_passages_say_where_they_are_from(self, store: ChunkStore, run: Run) -> None:
        run(store.put(document("manual", title="Manual"), PARTS, pointing(0, 60, 120), MODEL))
        (best,) = run(store.search("", towards(60), MODEL, 1))
        assert best.cosine == pytest.approx(1, abs=1e-5)
        url = "https://example.com/manual"
        assert best == Passage("manual", "Manual", url, 1, PARTS[1], best.cosine)

    def test_the_nearest_come_first_of_all_documents(self, store: ChunkStore, run: Run) -> None:
        run(store.put(document("one"), ["a", "b"], pointing(10, 80), MODEL))
        run(store.put(document("two"), ["c", "d"], pointing(30, 170), MODEL))
        found = run(store.search("", towards(0), MODEL, 10))
        assert texts(found) == ["a", "c", "b", "d"]
        cosines = [each.cosine for each in found]
        assert cosines == pytest.approx(np.cos(np.radians([10, 30, 80, 170])), abs=1e-5)

    def test_no_more_than_asked_for_is_found(self, store: ChunkStore, run: Run) -> None:
        run(store.put(document("manual"), PARTS, pointing(0, 45, 90), MODEL))
        assert len(run(store.search("magnet", towards(0), MODEL, 2))) == 2

    @pytest.mark.parametrize("query", ["M-204", "what is m-204?", "the MAGNETS"])
    def test_a_telling_word_outweighs_nearness(
        self, store: ChunkStore, run: Run, query: str
    ) -> None:
        """In any case, and inflected."""
        run(store.put(document("manual"), PARTS, pointing(0, 90, 10), MODEL))
        assert texts(run(store.search(query, towards(0), MODEL, 3)))[0] == PARTS[1]

    def test_a_code_is_no_other_code_with_the_same_parts(self, store: ChunkStore, run: Run) -> None:
        codes = ["M-204 and B-305", "M-305 and B-204"]
        run(store.put(document("codes"), codes, pointing(90, 0), MODEL))
        assert texts(run(store.search("B-305", towards(0), MODEL, 1))) == codes[:1]

    @pytest.mark.parametrize("query", QUERIES)
    def test_no_query_is_a_command_or_an_error(
        self, store: ChunkStore, run: Run, query: str
    ) -> None:
        run(store.put(document("manual"), PARTS, pointing(0, 45, 90), MODEL))
        assert texts(run(store.search(query, towards(90), MODEL, 3))) == PARTS[::-1]

    def test_what_another_model_embedded_is_not_found(self, store: ChunkStore, run: Run) -> None:
        run(store.put(document("old"), ["the magnet"], pointing(0), "another"))
        run(store.put(document("longer"), ["a magnet"], np.eye(1, 5, dtype=np.float32), "longer"))
        assert run(store.search("magnet", towards(0), MODEL, 10)) == []

    def test_a_new_version_takes_the_place_of_the_old(self, store: ChunkStore, run: Run) -> None:
        run(store.put(document("manual"), PARTS, pointing(0, 45, 90), MODEL))
        first = run(store.get("manual"))
        newer = document("manual", digest="2", title="Newer")
        run(store.put(newer, ["Rims wear."], pointing(0), MODEL))
        stored = run(store.get("manual"))
        assert first is not None
        assert stored is not None
        assert (stored.document, stored.chunks) == (newer, 1)
        assert stored.changed_at > first.changed_at
        assert texts(run(store.search("magnet", towards(45), MODEL, 10))) == ["Rims wear."]

    def test_a_version_that_cannot_be_kept_leaves_the_old(
        self, store: ChunkStore, run: Run
    ) -> None:
        run(store.put(document("manual"), PARTS, pointing(0, 45, 90), MODEL))
        broken = ["fine", cast("str", None)]
        with pytest.raises(Exception):  # noqa: B017, PT011 - what the store's database raises
            run(store.put(document("manual", digest="2"), broken, pointing(0, 90), MODEL))
        stored = run(store.get("manual"))
        assert stored is not None
        assert (stored.document, stored.chunks) == (document("manual"), 3)
        assert len(run(store.search("magnet", towards(45), MODEL, 10))) == 3

    def test_what_is_deleted_is_found_no_more(self, store: ChunkStore, run: Run) -> None:
        run(store.put(document("manual"), PARTS, pointing(0, 45, 90), MODEL))
        run(store.put(document("other"), ["Something else."], pointing(0), MODEL))
        assert run(store.delete("manual"))
        assert not run(store.delete("manual"))
        assert run(store.get("manual")) is None
        assert texts(run(store.search("magnet", towards(45), MODEL, 10))) == ["Something else."]

    def test_documents_are_listed_by_id_a_page_at_a_time(self, store: ChunkStore, run: Run) -> None:
        for name in ("c", "a", "d", "b"):
            run(store.put(document(name), [name, name], pointing(0, 90), MODEL))
        pages = [run(store.all(after=after, limit=2)) for after in ("", "b", "d")]
        assert [[each.document.id for each in page] for page in pages] == [
            ["a", "b"],
            ["c", "d"],
            [],
        ]
        assert [(each.chunks, each.model) for each in pages[0]] == [(2, MODEL)] * 2

    def test_what_another_model_embedded_is_given_out_to_be_embedded_anew(
        self, store: ChunkStore, run: Run
    ) -> None:
        run(store.put(document("new"), ["new"], pointing(0), MODEL))
        run(store.put(document("old"), PARTS, np.eye(3, 5, dtype=np.float32), "another"))
        before = run(store.get("old"))
        assert run(store.outdated(MODEL)) == (document("old"), PARTS)
        parts = [*PARTS, "one that was cut further"]
        assert run(store.refresh(document("old"), parts, pointing(0, 45, 90, 135), MODEL))
        after = run(store.get("old"))
        assert before is not None
        assert after is not None
        assert (after.chunks, after.model) == (4, MODEL)
        assert after.changed_at == before.changed_at
        assert run(store.outdated(MODEL)) is None
        assert texts(run(store.search("magnet", towards(45), MODEL, 1))) == [PARTS[1]]

    def test_a_newer_version_is_not_refreshed_away(self, store: ChunkStore, run: Run) -> None:
        run(store.put(document("manual", digest="2"), ["newer"], pointing(0), MODEL))
        assert not run(store.refresh(document("manual"), ["older"], pointing(0), MODEL))
        assert not run(store.refresh(document("gone"), ["older"], pointing(0), MODEL))
        assert texts(run(store.search("", towards(0), MODEL, 10))) == ["newer"]
        assert run(store.get("gone")) is None


def texts(passages: Sequence[Passage]) -> list[str]:
    return [each.text for each in passages]
