import pytest
from django.core.management import CommandError, call_command

pytestmark = pytest.mark.django_db


def test_a_key_is_issued_listed_and_revoked(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("keys", "issue", "--name", "Ada", "--scope", "inference", "--days", "1")
    key = capsys.readouterr().out.strip()
    key_id = key[:15]

    def listed() -> str:
        call_command("keys", "list")
        out = capsys.readouterr().out
        assert key not in out
        return next(line for line in out.splitlines() if line.startswith(key_id))

    assert listed() == f"{key_id}\tusable\tnever used\tinference\tAda"
    call_command("keys", "revoke", key_id)
    assert "\trevoked\t" in listed()
    with pytest.raises(CommandError, match=key_id):
        call_command("keys", "revoke", key_id)
