"""The AI capability without a framework: it computes and never stores.

`engine.Engine` is the way in; `embedded.load` gives it a model. Who serves the results, who may ask and where
usage is written is decided by the services.
"""
