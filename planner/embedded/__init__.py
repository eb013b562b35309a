"""The embedded planner model: small, ours, trained by `python -m planner.embedded.train`; it needs no network."""
