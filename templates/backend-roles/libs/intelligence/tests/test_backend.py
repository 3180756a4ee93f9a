import pytest

from intelligence import backend
from intelligence.errors import SettingError
from intelligence.openai_embedder import OpenAIEmbedder
from intelligence.openai_http import Server

API = {
    "APP_ROLE": "api",
    "INFERENCE_URL": "http://inference.test:8000/",
    "INFERENCE_KEY": "ak_inference",
}


@pytest.mark.parametrize("role", ["", "all", "inference", "worker"])
def test_the_model_runs_in_this_process_whatever_else_is_set(role: str) -> None:
    environ = API | {"APP_ROLE": role}
    assert backend.server(environ) is None
    assert backend.configured(environ)().model == "all-minilm-l6-v2-int8"


def test_an_api_asks_another_process_for_the_same_model() -> None:
    embedder = backend.configured(API)()
    assert isinstance(embedder, OpenAIEmbedder)
    assert embedder.model == "all-minilm-l6-v2-int8"
    assert backend.server(API) == Server(
        "http://inference.test:8000/v1", "ak_inference", 30, "INFERENCE_URL", "INFERENCE_KEY"
    )


def test_who_runs_a_model_has_a_name() -> None:
    found = [backend.provider(API | {"APP_ROLE": role}, embeds=True) for role in ("api", "worker")]
    assert found == ["inference", "in-process"]


@pytest.mark.parametrize(
    ("change", "variable"),
    [
        ({"INFERENCE_URL": ""}, "INFERENCE_URL"),
        ({"INFERENCE_URL": "inference"}, "INFERENCE_URL"),
        ({"INFERENCE_KEY": ""}, "INFERENCE_KEY"),
        ({"EMBEDDING_MODEL_DIR": "/nowhere"}, "EMBEDDING_MODEL_DIR"),
        ({"APP_ROLE": "worker", "INFERENCE_THREADS": "many"}, "INFERENCE_THREADS"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_before_anything_is_opened(
    change: dict[str, str], variable: str
) -> None:
    with pytest.raises(SettingError, match=f"^{variable} "):
        backend.configured(API | change)
