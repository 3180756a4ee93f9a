"""APIs without HTTP: what a body may hold, what the engine makes of it, what the answer says."""
