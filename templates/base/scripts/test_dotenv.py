import stat
import subprocess
import sys
from pathlib import Path

EXAMPLE = "# change-me is replaced\nFIRST=change-me\nSECOND=change-me\nPORT=8000\n"


def make_env(folder: Path) -> dict[str, str]:
    """Run the script in `folder` and return the variables of its .env."""
    script = Path(__file__).with_name("dotenv.py")
    subprocess.run([sys.executable, script], cwd=folder, check=True)
    lines = (folder / ".env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def test_each_secret_is_random_and_the_rest_is_copied(tmp_path: Path) -> None:
    (tmp_path / ".env.example").write_text(EXAMPLE, encoding="utf-8")
    variables = make_env(tmp_path)
    assert variables["PORT"] == "8000"
    assert len({variables["FIRST"], variables["SECOND"], "change-me"}) == 3
    assert min(len(variables["FIRST"]), len(variables["SECOND"])) >= 43


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    (tmp_path / ".env.example").write_text(EXAMPLE, encoding="utf-8")
    make_env(tmp_path)
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600


def test_an_existing_one_is_kept(tmp_path: Path) -> None:
    (tmp_path / ".env.example").write_text(EXAMPLE, encoding="utf-8")
    (tmp_path / ".env").write_text("MINE=1\n", encoding="utf-8")
    assert make_env(tmp_path) == {"MINE": "1"}
