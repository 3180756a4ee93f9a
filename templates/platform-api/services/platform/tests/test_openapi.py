from pathlib import Path

import pytest
from django.core.management import CommandError, call_command


def test_contracts_are_written_then_checked(tmp_path: Path) -> None:
    call_command("openapi", tmp_path)
    call_command("openapi", tmp_path, "--check")
    (tmp_path / "gone.json").write_text("{}")
    with pytest.raises(CommandError, match=r"just contracts.*gone\.json"):
        call_command("openapi", tmp_path, "--check")
    call_command("openapi", tmp_path)
    call_command("openapi", tmp_path, "--check")
