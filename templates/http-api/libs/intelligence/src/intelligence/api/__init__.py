"""What an API says, whichever framework serves it: bodies and answers, problems, contracts."""
