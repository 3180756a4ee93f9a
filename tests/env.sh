# The tools that the tests run with; sourced by the Makefile's recipes, in bash, from the checkout.
# `tests/setup.sh` installs what is missing; this file only says where it lies.

export PATH="$HOME/.cargo/bin:$HOME/.local/bin:$PATH:$PWD/target/tools/uv/bin"

# uv sees pyenv's shims and not the Pythons behind them, and would download one. This overrides an emitted
# .python-version; where none of these is there, uv gets the Python that the project names.
if [[ -z ${UV_PYTHON:-} ]]; then
    for candidate in "$(pyenv prefix 3.13.0 2>/dev/null)/bin/python" "$(command -v python3.13)" "$(command -v python3.12)"; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
            export UV_PYTHON=$candidate
            break
        fi
    done
fi

# Nothing reaches for a model: it comes as a package.
export HF_HUB_OFFLINE=1
