"""Recommending items: what a subject likes is worked out and ranked here, stored by the edges."""
