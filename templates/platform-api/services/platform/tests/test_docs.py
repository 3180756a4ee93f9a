import re

from django.contrib.staticfiles import finders
from django.test import Client


def test_everything_the_page_loads_is_served_here(client: Client) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    links = re.findall(r'(?:src|href)="([^"]+)"', page.content.decode())
    assert len(links) == 5
    for link in links:
        assert finders.find(link.removeprefix("/static/")), link
    assert '"url": "/openapi.json"' in page.content.decode()


def test_the_browser_is_told_to_load_nothing_else(client: Client) -> None:
    page = client.get("/docs")
    policy = dict(
        each.strip().split(" ", 1) for each in page.headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["connect-src"] == "'self'"
    # A script without a source, unless it holds data, would not run.
    assert not re.findall(r"<script(?![^>]*(?:src=|application/json))", page.content.decode())
