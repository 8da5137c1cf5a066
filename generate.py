"""Writes text: `python generate.py RUN --prompt "ISELIN:"`."""
