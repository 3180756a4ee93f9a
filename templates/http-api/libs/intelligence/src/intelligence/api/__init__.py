"""What an API says and keeps, whichever framework serves it: bodies, problems, limits, figures."""
