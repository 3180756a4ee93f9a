import json

import pytest

from intelligence.api import problems
from intelligence.api.problems import Problem, Violation


def test_a_problem_says_what_is_known_and_nothing_else() -> None:
    assert json.loads(Problem.of(404).content()) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
    }
    violation = Violation(location=["body", "texts", 0], message="too long")
    assert json.loads(Problem.of(422, "it does not validate", [violation]).content()) == {
        "type": "about:blank",
        "title": "Unprocessable Content",
        "status": 422,
        "detail": "it does not validate",
        "errors": [{"location": ["body", "texts", 0], "message": "too long"}],
    }


@pytest.mark.parametrize(
    ("status", "phrase"),
    [(413, "Content Too Large"), (422, "Unprocessable Content"), (503, "Service Unavailable")],
)
def test_phrases_are_those_of_rfc_9110(status: int, phrase: str) -> None:
    assert problems.phrase(status) == phrase


def test_what_is_documented_is_described() -> None:
    documented = problems.responses(401, 503)
    assert [each["description"] for each in documented.values()] == [
        "Unauthorized",
        "Service Unavailable",
    ]
    held = {"description": "By a body that holds one."}
    document = {"components": {"schemas": {"Problem": held, "Other": {"type": "object"}}}}
    problems.add_schemas(document)
    assert list(document["components"]["schemas"]) == ["Other", "Violation", "Problem"]
    assert document["components"]["schemas"]["Problem"] != held
    assert "#/components/schemas/Violation" in json.dumps(document)
