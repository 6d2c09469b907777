"""Inputs: every reading, trap and push becomes an event in the journal."""
