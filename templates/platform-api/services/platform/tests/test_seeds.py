import pytest
from pytest_django import Settings

from apps.ai import keys
from apps.ai.models import ApiKey
from apps.api import seeds
from apps.api.auth import SCOPES

pytestmark = pytest.mark.django_db


def test_seeding_twice_gives_one_key_and_says_where_to_use_it(settings: Settings) -> None:
    settings.DEV_API_KEY = "only-for-tests"
    said = [seeds.seed(), seeds.seed()]
    assert said == ["http://127.0.0.1:8000/docs  API key: only-for-tests"] * 2
    caller = keys.find("only-for-tests")
    assert caller is not None
    assert caller.key_id == "ak_development"
    assert set(caller.scopes) == SCOPES


def test_without_a_key_there_is_nothing_to_seed(settings: Settings) -> None:
    settings.DEV_API_KEY = ""
    assert "DEV_API_KEY is not set" in seeds.seed()
    assert not ApiKey.objects.exists()
