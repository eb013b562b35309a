"""The kitchen: what a scene is. Its physics is not there yet; the symbolic world of `agents` runs it."""
