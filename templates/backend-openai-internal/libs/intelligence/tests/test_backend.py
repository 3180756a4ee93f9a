import pytest

from intelligence import backend
from intelligence.errors import SettingError
from intelligence.openai_embedder import OpenAIEmbedder
from intelligence.openai_http import Server

OPENAI = {
    "AI_BACKEND": "openai",
    "OPENAI_BASE_URL": "https://models.test/v1",
    "AI_ALLOWED_HOSTS": "localhost, models.test",
    "EMBEDDING_MODEL": "minilm",
}


@pytest.mark.parametrize("chosen", [{}, {"AI_BACKEND": ""}, {"AI_BACKEND": "embedded"}])
def test_the_embedded_model_is_the_default(chosen: dict[str, str]) -> None:
    assert backend.configured(chosen)().model == "all-minilm-l6-v2-int8"


def test_a_model_server_is_chosen_by_the_environment_alone() -> None:
    embedder = backend.configured(OPENAI)()
    assert isinstance(embedder, OpenAIEmbedder)
    assert embedder.model == "minilm"
    assert backend.server(OPENAI) == Server("https://models.test/v1", "", 30)


@pytest.mark.parametrize("chosen", [{}, {"AI_BACKEND": "embedded"}])
def test_no_server_is_asked_unless_it_is_chosen(chosen: dict[str, str]) -> None:
    assert backend.server(OPENAI | {"AI_BACKEND": ""} | chosen) is None


def test_the_embedded_model_can_stay_beside_a_server_that_does_not_embed() -> None:
    beside = OPENAI | {"EMBEDDING_MODEL": "embedded"}
    assert backend.configured(beside)().model == "all-minilm-l6-v2-int8"
    assert backend.server(beside) is not None
    for variable in ("OPENAI_BASE_URL", "INFERENCE_THREADS"):
        with pytest.raises(SettingError, match=f"^{variable} "):
            backend.configured(beside | {variable: "nonsense"})


def test_who_runs_a_model_has_a_name() -> None:
    beside = {"AI_BACKEND": "openai", "EMBEDDING_MODEL": "embedded"}
    found = [
        backend.provider(environ, embeds=embeds)
        for environ in ({}, {"AI_BACKEND": "openai"}, beside)
        for embeds in (True, False)
    ]
    assert found == [*["in-process"] * 2, *["openai"] * 2, "in-process", "openai"]


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


@pytest.mark.parametrize(
    "allowed", ["", " , ", "localhost", "other.models.test", "models.test.example.com", "test"]
)
def test_a_server_that_is_not_allowed_by_name_is_refused(allowed: str) -> None:
    with pytest.raises(SettingError, match=r"OPENAI_BASE_URL is on models\.test, .* AI_ALLOWED"):
        backend.configured(OPENAI | {"AI_ALLOWED_HOSTS": allowed})
    with pytest.raises(SettingError, match=r"^OPENAI_BASE_URL is on"):
        backend.server(OPENAI | {"AI_ALLOWED_HOSTS": allowed})


@pytest.mark.parametrize(
    "url", ["https://MODELS.test:8443/v1", "http://models.test", "https://models.test./v1"]
)
def test_only_the_name_of_the_host_counts(url: str) -> None:
    named = {"OPENAI_BASE_URL": url, "AI_ALLOWED_HOSTS": "Models.Test, models.test."}
    backend.configured(OPENAI | named)


@pytest.mark.parametrize(
    "url",
    [
        "https://models.test.evil.example/v1",
        "https://evil.example/models.test",
        "https://evil.example\\@models.test/v1",
        "https://models.test@evil.example/v1",
        "https://evil.example#models.test",
    ],
)
def test_a_host_that_only_looks_allowed_is_refused(url: str) -> None:
    with pytest.raises(SettingError, match=r"^OPENAI_BASE_URL "):
        backend.configured(OPENAI | {"OPENAI_BASE_URL": url})


def test_the_embedded_model_needs_no_allowed_host() -> None:
    assert backend.configured({"AI_ALLOWED_HOSTS": ""})().model == "all-minilm-l6-v2-int8"
