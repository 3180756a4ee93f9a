import pytest

from intelligence import backend
from intelligence.errors import SettingError
from intelligence.openai_embedder import OpenAIEmbedder

OPENAI = {
    "AI_BACKEND": "openai",
    "OPENAI_BASE_URL": "https://models.test/v1",
    "EMBEDDING_MODEL": "minilm",
}


@pytest.mark.parametrize("chosen", [{}, {"AI_BACKEND": ""}, {"AI_BACKEND": "embedded"}])
def test_the_embedded_model_is_the_default(chosen: dict[str, str]) -> None:
    assert backend.configured(chosen)().model == "all-minilm-l6-v2-int8"


def test_a_model_server_is_chosen_by_the_environment_alone() -> None:
    embedder = backend.configured(OPENAI)()
    assert isinstance(embedder, OpenAIEmbedder)
    assert embedder.model == "minilm"


@pytest.mark.parametrize(
    ("change", "variable"),
    [
        ({"AI_BACKEND": "vllm"}, "AI_BACKEND"),
        ({"OPENAI_BASE_URL": ""}, "OPENAI_BASE_URL"),
        ({"EMBEDDING_MODEL": ""}, "EMBEDDING_MODEL"),
        ({"AI_BACKEND": "embedded", "INFERENCE_THREADS": "many"}, "INFERENCE_THREADS"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_before_anything_is_opened(
    change: dict[str, str], variable: str
) -> None:
    with pytest.raises(SettingError, match=f"^{variable} "):
        backend.configured(OPENAI | change)


def test_the_settings_of_the_other_backend_do_not_matter() -> None:
    backend.configured({"AI_BACKEND": "embedded", "OPENAI_BASE_URL": "nonsense"})
    backend.configured(OPENAI | {"INFERENCE_THREADS": "nonsense"})
