"""Containing: asked, agreed to, carried out, looked at again, undone."""
