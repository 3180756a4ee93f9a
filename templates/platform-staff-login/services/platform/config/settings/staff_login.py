"""There are no accounts but staff's, and staff logs in to the admin."""

LOGIN_URL = "admin:login"
