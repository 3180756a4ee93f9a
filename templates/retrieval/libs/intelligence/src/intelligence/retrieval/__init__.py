"""Finding passages in documents: cut, embedded and ranked here, stored by the edges."""
