"""The server with a made-up model; `python tests/live_server.py` starts it."""


def main() -> None:
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    from apps.api import engine as process
    from intelligence.engine import Engine
    from intelligence.testing.embedder import MadeUpEmbedder

    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    process.engine = Engine(MadeUpEmbedder)
    call_command("serve")


if __name__ == "__main__":
    main()
