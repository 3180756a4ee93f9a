"""The server with a model that never ends its answer; `python tests/endless.py` starts it."""

from intelligence.testing.endless import EndlessGenerator


def main() -> None:
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    from apps.api import engine as process
    from apps.chat import answering
    from intelligence.engine import Engine
    from intelligence.testing.embedder import MadeUpEmbedder

    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    process.engine = Engine(MadeUpEmbedder)
    answering.generator = EndlessGenerator()
    call_command("serve")


if __name__ == "__main__":
    main()
