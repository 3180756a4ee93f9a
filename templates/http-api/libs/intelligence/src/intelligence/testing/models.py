"""What `/v1/models` promises, whichever models there are."""

from collections.abc import Iterator

import pytest

from intelligence.engine import Engine
from intelligence.testing.edge import GUARD, NONE, Answer, Edge
from intelligence.testing.embedder import MadeUpEmbedder

PATHS = ["/v1/models", "/v1/models/any"]


class ModelsContract:
    """Inherit it and give the fixture `edge`: a service on `engine`, started."""

    @pytest.fixture
    def engine(self) -> Iterator[Engine]:
        engine = Engine(MadeUpEmbedder)
        yield engine
        engine.close(GUARD)

    def ask(self, edge: Edge, path: str, method: str = "GET", **headers: str) -> Answer:
        """With a key that opens nothing else."""
        authorization = {"Authorization": f"Bearer {edge.issue_key('other')}"}
        return edge.call(method, path, headers=authorization | headers)

    def test_models_are_listed_and_shown_as_openai_does(self, edge: Edge) -> None:
        answer = self.ask(edge, "/v1/models")
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
        body = answer.json()
        models = body.pop("data")
        assert body == {"object": "list"}
        names = {model["id"] for model in models}
        assert len(names) == len(models)
        for model in models:
            assert model == {
                "id": model["id"], "object": "model", "created": 0, "owned_by": "system"
            }  # fmt: skip
            shown = self.ask(edge, f"/v1/models/{model['id']}")
            assert (shown.status, shown.json()) == (200, model)

    @pytest.mark.parametrize("name", ["gpt-5", "BAAI/bge-small-en-v1.5"])
    def test_a_model_that_is_not_there_is_not_found(self, edge: Edge, name: str) -> None:
        answer = self.ask(edge, f"/v1/models/{name}")
        answer.is_problem(404, "Not Found")
        assert answer.json()["detail"] == f"there is no model '{name}' here"

    @pytest.mark.parametrize("path", PATHS)
    def test_a_key_is_needed(self, edge: Edge, path: str) -> None:
        unknown = {"Authorization": "Bearer ak_0123456789ab_unknown"}
        for headers, challenge in ((NONE, "Bearer"), (unknown, 'Bearer error="invalid_token"')):
            answer = edge.call("GET", path, headers=headers)
            answer.is_problem(401, "Unauthorized")
            assert answer.headers["WWW-Authenticate"] == challenge

    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
    def test_another_method_is_told_which_is_right(
        self, edge: Edge, path: str, method: str
    ) -> None:
        answer = self.ask(edge, path, method)
        answer.is_problem(405, "Method Not Allowed")
        assert answer.headers["Allow"] == "GET"

    def test_whatever_a_client_would_rather_have_it_gets_json(self, edge: Edge) -> None:
        answer = self.ask(edge, "/v1/models", Accept="text/html")
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
