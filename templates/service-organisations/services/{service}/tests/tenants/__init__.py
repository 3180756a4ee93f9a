"""What organisations promise: who may call what, and that nobody finds another tenant's."""
