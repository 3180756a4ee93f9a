import pytest

from intelligence import backend
from intelligence.errors import SettingError


def test_the_model_of_an_empty_environment_is_the_shipped_one() -> None:
    assert backend.configured({})().model == "all-minilm-l6-v2-int8"


def test_who_runs_a_model_has_a_name() -> None:
    assert {backend.provider({}, embeds=each) for each in (True, False)} == {"in-process"}


def test_settings_are_read_before_the_model_is_opened() -> None:
    with pytest.raises(SettingError, match="INFERENCE_THREADS"):
        backend.configured({"INFERENCE_THREADS": "many"})
