"""The AI capability without a framework: it computes and never stores.

`engine.Engine` is the way in and `backend.configured` gives it a model. Who may ask, and where
usage is written, is the services' affair.
"""
