"""The themed admin's settings."""

from django.utils.csp import CSP

UNFOLD = {
    "SITE_TITLE": "Back office",
    "SITE_HEADER": "Back office",
    "SITE_FAVICONS": [{"rel": "icon", "href": "data:,"}],  # none, rather than a request for one
    "SHOW_HISTORY": True,
}

# The theme's scripts (Alpine) evaluate expressions and set styles inline: without this, a panel
# covers its pages. It holds for the admin alone; the rest of the site keeps SECURE_CSP.
BACKOFFICE_CSP: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF, CSP.UNSAFE_EVAL],
    "style-src": [CSP.SELF, CSP.UNSAFE_INLINE],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
