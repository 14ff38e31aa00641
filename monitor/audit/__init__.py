"""Recordings in, reports out."""
