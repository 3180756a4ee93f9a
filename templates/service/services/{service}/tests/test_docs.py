import re
from urllib.parse import urljoin, urlsplit

import httpx2


async def test_everything_the_page_loads_is_served_here(client: httpx2.AsyncClient) -> None:
    page = await client.get("/docs")
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    start = await client.get("/docs/start.js")
    links += re.findall(r'url: "([^"]+)"', start.text)
    assert len(links) == 5
    for link in links:
        address = urljoin("http://test/docs", link)
        assert urlsplit(address).netloc == "test"
        assert (await client.get(address)).status_code == 200


async def test_the_browser_is_told_to_load_nothing_else(client: httpx2.AsyncClient) -> None:
    page = await client.get("/docs")
    policy = dict(
        each.strip().split(" ", 1) for each in page.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert "<script>" not in page.text
    sources = {source for value in policy.values() for source in value.split()}
    assert sources == {"'none'", "'self'", "'unsafe-inline'", "data:"}
    assert "https:" not in (await client.get("/docs/assets/swagger-ui.css")).text.replace(
        "http://www.w3.org", ""
    )
